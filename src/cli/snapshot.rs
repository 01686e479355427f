//! `confperm snapshot`: the live site as a state file of the sandbox.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::confluence::{Cloud, survey};
use crate::model::{AccountId, GroupId, Known, Live};
use crate::policy::{self, Policy};
use crate::render;

use super::args::SnapshotArgs;
use super::deposit::{self, Files};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::output::Output;
use super::source::Source;
use super::whole;

pub(super) async fn run(
    args: &SnapshotArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Exit, CliError> {
    let policy = policy_there(args, environment)?;
    if let (Some(file), false) = (&args.out, args.force) {
        let files = Files::from([(file.clone(), String::new())]);
        deposit::refuse_existing(
            Utf8Path::new(""),
            &files,
            "choose another name, or add --force to replace it",
        )?;
    }
    let source = Source::find(args.source.site.as_deref(), environment, &policy, &args.directory)?;
    let connection = source.connect(environment, out).await?;
    out.say(&format!("Reading {}", connection.address));
    let accounts = policy.accounts().into_iter().cloned().collect();
    let live = read(args, &connection.site, accounts, out).await;
    connection.close().await;
    let snapshot = render::snapshot(&live?)
        .map_err(|error| CliError::failed(format!("cannot write the snapshot: {error}")))?;
    match &args.out {
        Some(file) => {
            let files = Files::from([(Utf8PathBuf::clone(file), snapshot.text)]);
            deposit::write(Utf8Path::new(""), &files, args.force)?;
            out.say(&format!("Snapshot written to {file}"));
        }
        None => out.data(&snapshot.text),
    }
    for note in snapshot.notes {
        out.warn(&note);
    }
    Ok(Exit::Done)
}

/// The policy in the directory. It is needed only if nothing else says where the site is; the people whom it
/// names are read as well.
fn policy_there(args: &SnapshotArgs, environment: &Environment) -> Result<Policy, CliError> {
    if !args.directory.exists() {
        return Ok(Policy::default());
    }
    let loaded = policy::load(&args.directory);
    let needed = args.source.site.is_none() && environment.url.is_none() && !loaded.sources.is_empty();
    match loaded.policy {
        Some(policy) => Ok(policy),
        None if needed => Err(CliError::Invalid { findings: loaded.findings, sources: loaded.sources }),
        None => Ok(Policy::default()),
    }
}

/// The spaces, and everybody who is in a group: who may do what on a rehearsed site depends on them.
async fn read(
    args: &SnapshotArgs,
    site: &Cloud,
    accounts: BTreeSet<AccountId>,
    out: &Output,
) -> Result<Live, CliError> {
    let mut live = whole::chosen(site, &args.spaces, accounts, out).await?;
    let groups: BTreeSet<GroupId> = live.directory.groups.keys().cloned().collect();
    let meter = out.meter(groups.len(), "groups");
    survey::members(site, &mut live, &groups, &|_| meter.inc(1)).await?;
    meter.finish_and_clear();
    survey::product_access(site, &mut live).await?;
    let members = live.directory.groups.values().filter_map(|group| match &group.members {
        Known::Known(members) => Some(members),
        Known::Unknown(_) => None,
    });
    let members = members.flatten().cloned().collect();
    survey::people(site, &mut live, members).await?;
    Ok(live)
}
