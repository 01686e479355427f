//! The arguments of what makes plans and carries them out.

use std::num::NonZeroUsize;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::civil::Time;

use super::AnswerFormat;
use crate::apply::Forgotten;
use crate::cli::complete;
use crate::cli::exit::Exit;
use crate::cli::lockfile::{Lacking, Learning};
use crate::cli::site::SiteArgs;
use crate::model::{Guard, SpaceKey};
use crate::plan::{Gaps, Plan};

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Scope {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    /// Only this space of the policy (can be given several times)
    #[arg(long = "space", value_name = "KEY", add = complete::spaces())]
    pub(in crate::cli) spaces: Vec<SpaceKey>,

    /// Only what the files of this team ask for, in its spaces; the rest is counted (see `delegation` in the policy)
    #[arg(long, value_name = "NAME", conflicts_with = "spaces", add = complete::teams())]
    pub(in crate::cli) team: Option<String>,

    /// Of these, only the spaces that others changed while the first plan was carried out. Set by `apply`.
    #[arg(skip)]
    pub(in crate::cli) moved: Vec<SpaceKey>,

    #[command(flatten)]
    pub(in crate::cli) site: SiteArgs,

    /// Accept that accounts lose access for a moment, if no order of the calls avoids it (that they gain access for a moment is never accepted)
    #[arg(long)]
    pub(in crate::cli) allow_gap: bool,

    /// Do not write confperm.lock; names of the policy that it lacks are an error, or a warning of `plan`; where only a file of a team has them, `apply` skips the spaces of that file
    #[arg(long)]
    pub(in crate::cli) locked: bool,

    /// Show every change, name and warning, however many there are
    #[arg(long)]
    pub(in crate::cli) all: bool,

    /// What to do if a part of the policy has to be left out: `fail` exits with 6, `ok` with the code of the rest
    #[arg(long, value_enum, value_name = "MEANING", default_value_t = IncompleteMeans::Fail)]
    pub(in crate::cli) incomplete: IncompleteMeans,
}

/// What it means that something that the policy declares was unknown or skipped when the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum IncompleteMeans {
    Fail,
    Ok,
}

impl Scope {
    pub(in crate::cli) const fn gaps(&self) -> Gaps {
        if self.allow_gap { Gaps::Allow } else { Gaps::Refuse }
    }

    /// How a run ends whose plan has nothing else to report.
    pub(in crate::cli) fn completeness(&self, plan: &Plan) -> Exit {
        match self.incomplete {
            IncompleteMeans::Fail if !plan.is_complete() => Exit::Incomplete,
            IncompleteMeans::Fail | IncompleteMeans::Ok => Exit::Done,
        }
    }

    /// What the run may do to the lock; under --locked, what it does about names that the lock lacks.
    pub(in crate::cli) const fn learning(&self, lacking: Lacking) -> Learning {
        if self.locked { Learning::Never(lacking) } else { Learning::Allowed }
    }

    /// Whether the run looks at all names of the policy, and not only at those of some spaces.
    pub(in crate::cli) const fn is_whole(&self) -> bool {
        self.spaces.is_empty() && self.moved.is_empty() && self.team.is_none()
    }
}

/// What a plan is let through, and why.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct OverrideArgs {
    /// Do not let this guard of the policy block the plan (can be given several times; needs --why)
    #[arg(long = "override", value_name = "GUARD", requires = "why", value_parser = guard_parser())]
    pub(in crate::cli) guards: Vec<Guard>,

    /// The reason for --override; it is kept in the plan and the journal
    #[arg(long, value_name = "TEXT", requires = "guards", value_parser = parse_reason)]
    pub(in crate::cli) why: Option<String>,
}

/// How a plan is printed.
#[derive(Debug, Args)]
pub(in crate::cli) struct FormArgs {
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,

    /// Show only how much changes in each space
    #[arg(long, conflicts_with_all = ["format", "all", "explain_order"])]
    pub(in crate::cli) summary: bool,

    /// The pages whose titles Markdown and `github` show; the others appear as id:N
    #[arg(long, value_enum, value_name = "TITLES", default_value_t = TitlesShown::Open)]
    pub(in crate::cli) titles: TitlesShown,

    /// Show the calls in their order, and the reasons for that order
    #[arg(long, conflicts_with = "format")]
    pub(in crate::cli) explain_order: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,

    #[command(flatten)]
    pub(in crate::cli) overrides: OverrideArgs,

    #[command(flatten)]
    pub(in crate::cli) form: FormArgs,

    /// Also write the plan to a file: as Markdown if its name ends in `.md`, and as JSON otherwise; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) out: Vec<Utf8PathBuf>,

    /// Exit with 2 when there is something to change
    #[arg(long)]
    pub(in crate::cli) detailed_exitcode: bool,
}

/// The forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    Text,
    /// A unified diff of each space in the policy language
    Diff,
    /// A JSON document, for programs
    Json,
    /// A comment on a pull request, of less than 60,000 characters
    Markdown,
    /// Annotations of GitHub Actions: failures, warnings and changes, at their lines
    Github,
}

/// The forms of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ApplyFormat {
    /// For people
    Text,
    /// Annotations of GitHub Actions: failures, warnings and changes, at their lines; the sums go to standard error
    Github,
    /// A document of what became of the plan; the plan itself is `plan --format json`
    Json,
}

/// Which titles are shown where more people read than see the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TitlesShown {
    /// Pages that everyone in their space sees
    Open,
    /// All pages
    All,
}

impl From<TitlesShown> for crate::render::Titles {
    fn from(titles: TitlesShown) -> Self {
        match titles {
            TitlesShown::Open => Self::Open,
            TitlesShown::All => Self::All,
        }
    }
}

/// How a plan is carried out.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct RunArgs {
    #[command(flatten)]
    pub(in crate::cli) overrides: OverrideArgs,

    /// How to print the plan, and what became of it
    #[arg(long, value_enum, default_value_t = ApplyFormat::Text)]
    pub(in crate::cli) format: ApplyFormat,

    /// The pages whose titles `github` shows; the others appear as id:N
    #[arg(long, value_enum, value_name = "TITLES", default_value_t = TitlesShown::Open)]
    pub(in crate::cli) titles: TitlesShown,

    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,

    /// How long to wait for another run that works from this policy directory, such as 10m; without it the run fails at once
    #[arg(long, value_name = "TIME", value_parser = parse_patience, default_value = "0s", hide_default_value = true)]
    pub(in crate::cli) lock_timeout: Duration,
}

#[derive(Debug, Clone, Args)]
#[command(mut_arg("directory", |directory| {
    directory.index(1).value_name("DIRECTORY|PLAN").help("The policy directory, or a plan that `plan -o` wrote")
}))]
pub(in crate::cli) struct ApplyArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,

    /// The policy directory that a plan was made from; only what is left of the plan is done, without a question
    #[arg(index = 2, value_name = "POLICY")]
    pub(in crate::cli) policy: Option<Utf8PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,

    /// Apply only if the plan is the one that was approved: the hash that `plan` printed, or a file of `plan -o`
    #[arg(long, value_name = "HASH|FILE")]
    pub(in crate::cli) expect: Option<String>,

    /// Make at most so many calls of the plan, and those that must not be left out once others are made; the same command
    /// goes on from there
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_calls: Option<NonZeroUsize>,

    /// Start no further calls from this time of the day on, by the clock of this machine, such as 06:00; the same command
    /// goes on from there
    #[arg(long, value_name = "HH:MM", value_parser = parse_time)]
    pub(in crate::cli) stop_at: Option<Time>,

    /// Stop looking for what an earlier run left unverified and was deleted for good since; may be repeated. What the
    /// site shows is verified all the same
    #[arg(long, value_name = "id:N|KEY")]
    pub(in crate::cli) forget: Vec<Forgotten>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// A file that `plan -o` wrote
    #[arg(value_name = "PLAN")]
    pub(in crate::cli) plan: Utf8PathBuf,

    #[command(flatten)]
    pub(in crate::cli) form: FormArgs,

    /// Show every change and name, however many there are
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LogArgs {
    /// Tell this run call by call: the path of its journal, the name in the list, or `last`; without it, all are listed
    ///
    /// `last` is the last run that set out to change something, as in `undo`.
    #[arg(value_name = "JOURNAL")]
    pub(in crate::cli) journal: Option<Utf8PathBuf>,

    /// The policy directory, which may also be the first argument
    #[arg(default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    /// How to print it
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub(in crate::cli) format: AnswerFormat,
}

#[derive(Debug, Clone, Args)]
#[command(mut_arg("team", |arg| arg.hide(true)))]
#[command(mut_arg("spaces", |arg| {
    arg.help("Only what the run did in this space, by the key of now or of then (can be given several times)")
}))]
pub(in crate::cli) struct UndoArgs {
    /// The journal of the run: the path of its file, the name that `log` shows, or `last`
    ///
    /// `last` is the last run that set out to change something, by the journals in `.confperm` of the policy directory; after
    /// another `apply` it is that one. Where the last run is itself an undo, `undo last` goes on with what is left of the run
    /// that it took back. It never takes that undo back; to do that, give the name of its journal.
    #[arg(value_name = "JOURNAL")]
    pub(in crate::cli) journal: Utf8PathBuf,

    #[command(flatten)]
    pub(in crate::cli) scope: Scope,

    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,

    /// Undo the run though the policy still asks for what it did; until that is reverted, the next apply does it again
    #[arg(long)]
    pub(in crate::cli) ahead_of_revert: bool,

    /// Also give back what had ended, or what the policy named to be removed
    #[arg(long)]
    pub(in crate::cli) include_ended: bool,
}

fn guard_parser() -> impl TypedValueParser<Value = Guard> {
    PossibleValuesParser::new(Guard::ALL.map(Guard::as_str)).try_map(|name| name.parse::<Guard>())
}

fn parse_time(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text).map_err(|_| "write hours and minutes, such as 06:00 or 22:30".to_owned())
}

fn parse_patience(text: &str) -> Result<Duration, String> {
    let span: Result<jiff::SignedDuration, _> = text.parse();
    span.ok()
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| "write a time, such as 30s or 10m".to_owned())
}

fn parse_reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("give a reason, for the readers of the plan and the journal".to_owned())
    } else {
        Ok(text.to_owned())
    }
}
