//! `confperm doctor`: one screen that says whether this setup will do.

use std::collections::{BTreeMap, BTreeSet};

use crate::confluence::{Cloud, Error, Read as _, SpaceSelection};
use crate::model::{Edition, Gap, Live, Site, Space, SpaceKey, SpaceRoleMode, Why};
use crate::observe;
use crate::policy::lock::LOCK_FILE;
use crate::policy::{Context, Policy};
use crate::render::style::{ADD, CHANGE, REMOVE, count, paint};
use crate::render::why_unknown;

use super::args::DoctorArgs;
use super::connect::Connection;
use super::directory;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::lock::LockFile;
use super::output::Output;
use super::reading::Reading;

/// How one thing is.
enum Finding {
    Fine(String),
    Doubtful(String),
    Broken(String),
}

pub(super) async fn run(
    args: &DoctorArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Exit, CliError> {
    let loaded = directory::load(&args.directory)?;
    let mut sources = loaded.sources;
    let Some(policy) = loaded.policy else {
        return Err(CliError::Invalid { findings: loaded.findings, sources });
    };
    let lock = LockFile::read(&args.directory, &mut sources)?;
    let wanted = args.site.or(environment, &policy, &args.directory);
    let connection = Connection::open(&wanted, &lock, environment, out).await?;
    let mut findings =
        vec![Finding::Fine(format!("policy   valid, {}", count(policy.spaces.len(), "space", "spaces")))];
    let site = connection.site.site().await?;
    findings.push(Finding::Fine(format!(
        "address  {} answers as {}",
        connection.address,
        connection.identity()
    )));
    if lock.site().is_some() {
        findings.push(Finding::Fine(format!("lock     {LOCK_FILE} is about this site")));
    }
    findings.push(Finding::Fine(format!("sign-in  {} ({})", site.caller.name.shown(), site.caller.account)));
    findings.push(edition(&site));
    findings.push(mode(&site));
    findings.extend(rights(&connection.site, &policy).await?);
    let context = Context { today: environment.today()?, lock: lock.known() };
    findings.extend(unknown(Reading::of(&connection, out), Live::of(site), &policy, context).await?);

    let mut broken = false;
    let mut text = String::new();
    for finding in findings {
        let (sign, line) = match &finding {
            Finding::Fine(line) => (paint(ADD, "ok  "), line),
            Finding::Doubtful(line) => (paint(CHANGE, "look"), line),
            Finding::Broken(line) => {
                broken = true;
                (paint(REMOVE, "no  "), line)
            }
        };
        text.extend([sign.as_str(), "  ", line.as_str(), "\n"]);
    }
    text.push_str(if broken { "\nThis will not do yet.\n" } else { "\nThis will do.\n" });
    out.data(&text);
    Ok(if broken { Exit::Failed } else { Exit::Done })
}

fn edition(site: &Site) -> Finding {
    match &site.edition {
        Edition::Free => Finding::Broken(
            "edition  Free: Confluence lets nobody change permissions on it; Standard and above can"
                .to_owned(),
        ),
        Edition::Standard => Finding::Fine("edition  Standard".to_owned()),
        Edition::Premium => Finding::Fine("edition  Premium".to_owned()),
        Edition::Enterprise => Finding::Fine("edition  Enterprise".to_owned()),
        Edition::Other(word) if word.raw().is_empty() => Finding::Doubtful(
            "edition  the site does not say; the Free edition could not be changed".to_owned(),
        ),
        Edition::Other(word) => {
            Finding::Doubtful(format!("edition  {}, which this version does not know", word.shown()))
        }
    }
}

fn mode(site: &Site) -> Finding {
    Finding::Fine(
        match site.mode {
            SpaceRoleMode::PreRoles => "mode     permissions, no space roles",
            SpaceRoleMode::RolesTransition => "mode     space roles, and permissions beside them",
            SpaceRoleMode::Roles => "mode     space roles only",
        }
        .to_owned(),
    )
}

/// Whether the caller can change access in each space of the policy.
async fn rights(site: &Cloud, policy: &Policy) -> Result<Vec<Finding>, CliError> {
    let keys: BTreeSet<SpaceKey> = policy.space_keys().cloned().collect();
    if keys.is_empty() {
        return Ok(vec![Finding::Doubtful("spaces   the policy speaks of none".to_owned())]);
    }
    let spaces = site.spaces(&SpaceSelection::Keys(keys.clone())).await?;
    let seen: BTreeSet<&SpaceKey> = spaces.iter().map(|space| &space.key).collect();
    let mut findings = Vec::new();
    for hidden in keys.iter().filter(|key| !seen.contains(key)) {
        findings.push(Finding::Broken(format!(
            "{hidden:<8} not visible: it does not exist, or this account lacks the View permission"
        )));
    }
    for space in &spaces {
        findings.push(right(site, space, policy).await?);
    }
    Ok(findings)
}

async fn right(site: &Cloud, space: &Space, policy: &Policy) -> Result<Finding, CliError> {
    let operations = site.space_operations(space.id).await?;
    let key = &space.key;
    let may = |operation: &str| operations.contains(operation);
    Ok(if !may("administer/space") {
        Finding::Broken(format!(
            "{key:<8} this account is no administrator of the space, so it cannot change access"
        ))
    } else if policy.wants_pages(key) && !may("restrict_content/space") {
        Finding::Doubtful(format!(
            "{key:<8} administers, but lacks restrict_content/space, which changing page restrictions may need"
        ))
    } else {
        Finding::Fine(format!("{key:<8} this account can change access"))
    })
}

/// What stays unknown of what the policy is about, counted by kind, each with an example.
async fn unknown(
    reading: Reading<'_>,
    mut live: Live,
    policy: &Policy,
    context: Context<'_>,
) -> Result<Vec<Finding>, CliError> {
    match reading.until_known(&mut live, |live| observe::of_policy(policy, context, live)).await {
        Ok(()) => {}
        // No plan comes about either, and the list that is in doubt is named.
        Err(error @ (Error::Incomplete { .. } | Error::Endless { .. } | Error::NoRoles { .. })) => {
            return Ok(vec![Finding::Broken(format!("answers  {error}"))]);
        }
        Err(error) => return Err(error.into()),
    }
    let mut kinds: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for gap in &live.gaps {
        let (kind, example) = kind_of(gap);
        kinds.entry(kind).or_insert((0, example)).0 += 1;
    }
    let lines = kinds.into_iter().map(|(kind, (count, example))| {
        Finding::Doubtful(format!("unknown  {count} {kind}, such as {example}"))
    });
    Ok(lines.collect())
}

/// A kind of thing that is unknown, and this one of it with the reason.
fn kind_of(gap: &Gap) -> (&'static str, String) {
    let hidden = why_unknown(Why::Hidden);
    match gap {
        Gap::Restrictions { space, content, why } => {
            ("page restrictions", format!("those of id:{content} in {space}: {}", why_unknown(*why)))
        }
        Gap::Ancestor { space, content } => ("parent pages", format!("id:{content} in {space}: {hidden}")),
        Gap::Place { space, content } => (
            "places of pages",
            format!("that of id:{content} in {space}: {}", why_unknown(Why::Contradictory)),
        ),
        Gap::Containers { space, why } => {
            ("spaces whose folders are not listed", format!("{space}: {}", why_unknown(*why)))
        }
        Gap::Members { group, why } => {
            ("memberships of groups", format!("that of the group {group}: {}", why_unknown(*why)))
        }
        Gap::AnonymousRows { space, .. } => (
            "permissions of `anonymous`",
            format!("those in {space}: the site may leave them out of its lists"),
        ),
        Gap::OwnGroups { why } => {
            ("memberships of this account", format!("its groups: {}", why_unknown(*why)))
        }
        Gap::SinglePermissions { space, principal } => (
            "single permissions beside roles",
            format!("those of {principal} in {space}: the site does not change them"),
        ),
        Gap::Account { account } => ("accounts", format!("{account}: the site does not describe it")),
    }
}
