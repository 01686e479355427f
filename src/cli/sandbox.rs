//! `confperm sandbox`.

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::is_yaml;
use crate::model::visible;
use crate::render::style::count;
use crate::sandbox::adversary::{Adversary, RuleError, parse_lag};
use crate::sandbox::{self, Faults, Site, faults};

use super::args::SandboxArgs;
use super::signals::Signals;
use super::{CliError, Exit, Failure, Output};

pub(super) async fn run(args: &SandboxArgs, signals: &Signals, out: &Output) -> Result<Exit, CliError> {
    match (&args.state, args.reset) {
        (Some(state), true) => reset(std::slice::from_ref(state), out),
        (None, true) => reset(&remembered(Utf8Path::new("."))?, out),
        (Some(state), false) => serve(state, args, signals, out).await,
        (None, false) => Err(CliError::usage(
            "no state file was named for the sandbox",
            "name a state file: `confperm sandbox --state examples/acme/site.yaml`",
        )),
    }
}

async fn serve(
    state: &Utf8Path,
    args: &SandboxArgs,
    signals: &Signals,
    out: &Output,
) -> Result<Exit, CliError> {
    let opened = Site::open(state)?;
    if let Some(note) = opened.note {
        out.warn(&format!("{state}: {note}"));
    }
    let options = sandbox::Options {
        listen: args.listen,
        faults: faults_of(args)?,
        adversary: adversary_of(args, &opened.site)?,
        keep_states: false,
        log: args.log.clone(),
    };
    let running = sandbox::serve(opened.site, options).await?;
    let mut stops = signals.take_over();
    out.say(&format!("Serving {state} at {}", running.site_url()));
    if let Some(caller) = running.credentials() {
        out.say(&format!(
            "Sign in as any user of the file; for example\n  \
             export CONFLUENCE_USERNAME={} CONFLUENCE_API_TOKEN={}\n  \
             confperm plan --site {}",
            caller.email,
            caller.token,
            running.site_url()
        ));
    }
    out.say(
        "Stop with Ctrl-C. The file stays as it is; `confperm sandbox --reset` forgets what was changed.",
    );
    stops.next().await;
    running.stop().await;
    Ok(Exit::Done)
}

fn faults_of(args: &SandboxArgs) -> Result<Faults, CliError> {
    let wrong =
        |error: faults::FaultError| CliError::usage(error.to_string(), "see `confperm sandbox --help`");
    let shares = args.fail.iter().filter(|text| is_share(text));
    let per_second = args.rate.as_deref().map(faults::parse_rate).transpose().map_err(wrong)?;
    Ok(Faults {
        latency: args.latency.unwrap_or_default(),
        rate: per_second.map(|per_second| faults::Rate { per_second, burst: args.burst }),
        fail: shares.map(|text| text.parse()).collect::<Result<_, _>>().map_err(wrong)?,
        drop_answer: match &args.drop_answer {
            Some(share) => faults::parse_share(share).map_err(wrong)?,
            None => 0.0,
        },
        seed: args.seed,
    })
}

/// `--fail` takes a share of all requests, or the requests of a pattern.
fn is_share(failure: &str) -> bool {
    failure.ends_with('%') || !failure.contains('/')
}

fn adversary_of(args: &SandboxArgs, site: &Site) -> Result<Adversary, CliError> {
    let wrong = |error: RuleError| CliError::usage(error.to_string(), "see `confperm sandbox --help`");
    let mut rules = Adversary::default();
    for text in args.fail.iter().filter(|text| !is_share(text)) {
        rules = rules.disrupt(text.parse().map_err(wrong)?);
    }
    for text in &args.lag {
        let (facet, delay) = parse_lag(text).map_err(wrong)?;
        rules = rules.lag(facet, delay);
    }
    for text in &args.hide {
        rules = rules.hide(text.parse().map_err(wrong)?);
    }
    for text in &args.mangle {
        rules = rules.mangle(text.parse().map_err(wrong)?);
    }
    if let Some(text) = &args.kill {
        rules = rules.kill(text.parse().map_err(wrong)?);
    }
    if let Some(path) = &args.actors {
        rules.actors = site.read_actors(path)?;
    }
    Ok(rules)
}

fn reset(states: &[Utf8PathBuf], out: &Output) -> Result<Exit, CliError> {
    let mut forgotten = 0;
    for state in states {
        if sandbox::reset(state)? {
            let state = state.strip_prefix(".").unwrap_or(state);
            out.say(&format!("{}: back to the start", visible(state.as_str())));
            forgotten += 1;
        }
    }
    if forgotten == 0 {
        out.say("There was nothing to forget.");
    } else if states.len() > 1 {
        out.say(&format!("{} reset.", count(forgotten, "sandbox", "sandboxes")));
    }
    Ok(Exit::Done)
}

/// State files below a folder that have a memory beside them.
fn remembered(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, CliError> {
    let mut found = Vec::new();
    let failed = |error: std::io::Error| {
        CliError::failed(Failure::UnreadableInput, format!("cannot look into `{folder}`: {error}"))
    };
    let has_memory = folder.join(".confperm").is_dir();
    for entry in folder.read_dir_utf8().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let hidden = entry.file_name().starts_with('.');
        if kind.is_dir() && !hidden {
            found.extend(remembered(entry.path())?);
        } else if kind.is_file() && has_memory && is_yaml(entry.path()) {
            found.push(entry.path().to_owned());
        }
    }
    found.sort();
    Ok(found)
}
