//! `confperm snapshot`: the live site as a state file of the sandbox.

use camino::Utf8Path;

use crate::diagnostic::Sources;
use crate::model::Live;
use crate::observe::{self, Needs};
use crate::policy::Policy;
use crate::render;

use super::args::SnapshotArgs;
use super::chosen;
use super::directory;
use super::new_files::{self, Files};
use super::{CliError, Connection, Environment, Exit, LockFile, Output, SiteReading};

pub(super) async fn run(
    args: &SnapshotArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Exit, CliError> {
    let policy = policy_there(args, environment)?;
    if let (Some(file), false) = (&args.out, args.force) {
        let (folder, files) = one(file, String::new());
        new_files::refuse_existing(
            folder,
            files.keys(),
            "choose another name, or add --force to replace it",
        )?;
    }
    let lock = LockFile::read(&args.directory, &mut Sources::default())?;
    let connection = Connection::open(&args.site, &args.directory, &policy, &lock, environment, out).await?;
    let live = read(args, &lock, &connection, &policy, out).await?;
    let snapshot = render::snapshot(&live)
        .map_err(|error| CliError::defect(format!("cannot write the snapshot: {error}")))?;
    match &args.out {
        Some(file) => {
            let (folder, files) = one(file, snapshot.text);
            new_files::write(folder, &files, |_| args.force)?;
            out.say(&format!("Snapshot written to {file}"));
        }
        None => out.file(&snapshot.text),
    }
    for note in snapshot.notes {
        out.warn(&note);
    }
    Ok(Exit::Done)
}

/// A single file, and the folder that the user chose for it.
fn one(file: &Utf8Path, text: String) -> (&Utf8Path, Files) {
    let name = file.file_name().unwrap_or_default();
    (file.parent().unwrap_or(Utf8Path::new("")), Files::from([(name.into(), text)]))
}

/// The policy in the directory. It is needed only if nothing else says where the site is; the people that it
/// names are read as well.
fn policy_there(args: &SnapshotArgs, environment: &Environment) -> Result<Policy, CliError> {
    if !args.directory.exists() {
        return Ok(Policy::default());
    }
    let loaded = directory::load(&args.directory)?;
    let needed = args.site.site.is_none() && environment.url.is_none() && !loaded.sources.is_empty();
    match directory::valid(loaded) {
        Ok((policy, ..)) => Ok(policy),
        Err(error) if needed => Err(error),
        Err(_) => Ok(Policy::default()),
    }
}

/// The spaces, and everyone who is in a group: who may do what on a rehearsed site depends on them.
async fn read(
    args: &SnapshotArgs,
    lock: &LockFile,
    connection: &Connection,
    policy: &Policy,
    out: &Output,
) -> Result<Live, CliError> {
    let reading = SiteReading::of(connection, out);
    let mut live = reading.sign_in(policy).await?;
    let chosen = chosen::by(&args.spaces, lock.known(), reading, &mut live).await?;
    let accounts = policy.accounts().into_iter().cloned().collect();
    let needs = |live: &Live| {
        let spaces = observe::of_spaces(&chosen, &accounts, live);
        Needs { people: observe::of_all_groups(live).people, ..spaces }
    };
    reading.until_known(&mut live, needs).await?;
    chosen::found(&connection.site, &chosen, &live).await?;
    Ok(live)
}
