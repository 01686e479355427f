//! `confperm doctor`: one screen that says whether this setup is ready for a plan.

mod rights;
mod scopes;
mod unknown;

use crate::confluence::{Error, Read as _};
use crate::diagnostic::Sources;
use crate::model::{Edition, Live, Site, SpaceRoleMode};
use crate::plan::{self, Gaps};
use crate::policy::lock::LOCK_FILE;
use crate::policy::{Context, Policy, Resolved};
use crate::render;
use crate::render::style::{ADD, CHANGE, REMOVE, count, paint};

use super::args::{AnswerFormat, DoctorArgs};
use super::connect::Connection;
use super::directory;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::lockfile::LockFile;
use super::output::Output;
use super::reading::SiteReading;
use super::team_errors::without_blocked;
use super::unreadable::{self, About};

/// How one thing is.
enum Diagnosis {
    Fine(String),
    Doubtful(String),
    /// Plans do without it.
    LeftOut(String),
    /// Plans are refused for it.
    Refused(String),
    Broken(String),
}

pub(super) async fn run(
    args: &DoctorArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Exit, CliError> {
    let (policy, _, mut sources) = directory::load_valid(&args.directory)?;
    if args.scopes {
        out.data(&scopes::needed(&policy));
        return Ok(Exit::Done);
    }
    let lock = LockFile::read(&args.directory, &mut sources)?;
    let connection = Connection::open(&args.site, &args.directory, &policy, &lock, environment, out).await?;
    let mut findings =
        vec![Diagnosis::Fine(format!("policy   valid, {}", count(policy.spaces.len(), "space", "spaces")))];
    let site = connection.site.site().await?;
    findings.push(Diagnosis::Fine(format!(
        "address  {} answers as {}",
        connection.address,
        connection.identity()
    )));
    if lock.site().is_some() {
        findings.push(Diagnosis::Fine(format!("lock     {LOCK_FILE} is about this site")));
    }
    findings.push(Diagnosis::Fine(format!(
        "sign-in  {} ({})",
        site.caller.name.shown(),
        site.caller.account
    )));
    findings.extend(scopes::lacking(&connection.site, &policy).await);
    findings.push(edition(&site));
    findings.push(mode(&site));
    findings.extend(rights::of_named(&connection.site, &policy, lock.known()).await?);
    let context = Context { today: environment.today()?, lock: lock.known() };
    let live = Live { guests: policy.guests(), ..Live::of(site) };
    let reading = SiteReading::of(&connection, out);
    findings.extend(Box::pin(of_policy(reading, live, policy, &sources, context, out)).await?);
    Ok(report(&findings, args.format, out))
}

/// Prints all findings, and what they come to.
fn report(findings: &[Diagnosis], format: AnswerFormat, out: &Output) -> Exit {
    let mut exit = Exit::Done;
    let mut text = String::new();
    let mut lines = Vec::new();
    for finding in findings {
        let (style, word, line, means) = match finding {
            Diagnosis::Fine(line) => (ADD, "ok", line, Exit::Done),
            Diagnosis::Doubtful(line) => (CHANGE, "look", line, Exit::Done),
            Diagnosis::LeftOut(line) => (CHANGE, "out", line, Exit::Incomplete),
            Diagnosis::Refused(line) => (REMOVE, "no", line, Exit::Blocked),
            Diagnosis::Broken(line) => (REMOVE, "no", line, Exit::Failed),
        };
        exit = exit.max(means);
        let sign = paint(style, &format!("{word:4}"));
        text.extend([sign.as_str(), "  ", line.as_str(), "\n"]);
        lines.push((word, line.clone()));
    }
    if format == AnswerFormat::Json {
        out.data(&render::diagnoses_as_json(&lines, matches!(exit, Exit::Done | Exit::Incomplete)));
        return exit;
    }
    text.push_str(match exit {
        Exit::Done => "\nReady.\n",
        Exit::Incomplete => "\nReady, but a plan leaves out what is marked `out`.\n",
        _ => "\nNot ready: see the lines marked `no`.\n",
    });
    out.data(&text);
    exit
}

/// Reads what a plan needs, and says what of it stays unknown, and what the account may not change.
async fn of_policy(
    reading: SiteReading<'_>,
    mut live: Live,
    mut policy: Policy,
    sources: &Sources,
    context: Context<'_>,
    out: &Output,
) -> Result<Vec<Diagnosis>, CliError> {
    let asked = (&[][..], About::Policy);
    let read = unreadable::for_plan(reading, &mut policy, &mut live, context, asked, &plan::needs).await;
    let mut findings = match read {
        Ok((Ok(Resolved { mut desired, .. }), unread)) => {
            unread.say(out);
            desired.skipped.extend(unread.skipped);
            let on_site = policy.on_site(context.lock, &live.listing);
            let mut findings = rights::of_selected(&on_site.policy, &desired, &live);
            let gaps = Gaps::Refuse;
            let planned = plan::plan(&desired, &live, gaps)?;
            let about = (None, gaps);
            let rest = without_blocked(&policy, &live, &desired, &planned.plan, about, &|_| ())?;
            findings.extend(rights::of_plan(&rest.unwrap_or(planned).plan));
            findings
        }
        Ok((Err(problems), _)) => {
            out.findings(&problems, sources);
            vec![Diagnosis::Broken("policy   does not fit this site: see the errors above".to_owned())]
        }
        // No plan comes about either, and the list that is in doubt is named.
        Err(error @ (Error::Incomplete { .. } | Error::Endless { .. } | Error::NoRoles { .. })) => {
            return Ok(vec![Diagnosis::Broken(format!("answers  {error}"))]);
        }
        Err(error) => return Err(error.into()),
    };
    findings.extend(unknown::unknown(&live));
    Ok(findings)
}

fn edition(site: &Site) -> Diagnosis {
    match &site.edition {
        Edition::Free => Diagnosis::Broken(
            "edition  Free: permissions cannot be changed on it, only from Standard up".to_owned(),
        ),
        Edition::Standard => Diagnosis::Fine("edition  Standard".to_owned()),
        Edition::Premium => Diagnosis::Fine("edition  Premium".to_owned()),
        Edition::Enterprise => Diagnosis::Fine("edition  Enterprise".to_owned()),
        Edition::Other(word) if word.raw().is_empty() => Diagnosis::Doubtful(
            "edition  the site does not say; if it is Free, no plan can be applied".to_owned(),
        ),
        Edition::Other(word) => {
            Diagnosis::Doubtful(format!("edition  {}, which this version does not know", word.shown()))
        }
    }
}

fn mode(site: &Site) -> Diagnosis {
    Diagnosis::Fine(
        match site.mode {
            SpaceRoleMode::PreRoles => "mode     permissions, no space roles",
            SpaceRoleMode::RolesTransition => "mode     space roles, and permissions beside them",
            SpaceRoleMode::Roles => "mode     space roles only",
        }
        .to_owned(),
    )
}
