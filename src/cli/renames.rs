//! `confperm fmt --renames`.

use crate::files;
use crate::model::{Desired, DesiredPage, Kept, PageList};
use crate::policy::{self, Context, from_sources};

use super::args::FmtArgs;
use super::directory;
use super::fmt::{FileChange, whole};
use super::lockfile::Learning;
use super::unreadable;
use super::{CliError, Connection, Environment, Exit, Failure, LockFile, Output, SiteReading};

/// Writes the names of now into the policy and its lock. Nothing else changes: the policy is resolved before and after,
/// and has to ask for the same.
pub(super) async fn run(args: &FmtArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let [folder] = args.paths.as_slice() else {
        return Err(CliError::usage("--renames takes one policy directory", "run it for each of them"));
    };
    let today = environment.today()?;
    let (mut before, _, mut sources) = directory::load_valid(folder)?;
    let file = LockFile::read(folder, &mut sources)?;
    let connection = Connection::open(&args.site, folder, &before, &file, environment, out).await?;
    let reading = SiteReading::of(&connection, out);
    let mut live = reading.sign_in(&before).await?;
    let context = Context { today, lock: file.known() };
    let unread = unreadable::for_names(reading, &mut before, &mut live, context).await?;
    unread.say(out);
    let exit = if unread.is_empty() { Exit::Done } else { Exit::Incomplete };
    let mut asked = policy::resolve(&before, &live, context)
        .map_err(|findings| CliError::Invalid { findings, sources: sources.clone() })?
        .desired;
    let renames = before.renames(file.known(), &live);
    if !renames.foreign.is_empty() {
        let places: Vec<String> = renames.foreign.iter().map(|span| span.origin().to_string()).collect();
        out.warn(&format!("old names stay in files of other programs: {}", places.join(", ")));
    }
    if renames.is_empty() {
        out.say("Every name is the one that the site has");
        return Ok(exit);
    }
    let renamed = renames.apply(&sources);
    let mut lock = file.known().follow(&renames);
    let mut after = from_sources(renamed.clone()).policy;
    if let Some(after) = &mut after {
        lock.follow_ends(&before, after);
        unread.leave_out_of(after);
    }
    let context = Context { today, lock: &lock };
    let after = after.filter(|after| {
        let resolved = policy::resolve(after, &live, context);
        resolved.is_ok_and(|resolved| is_same(&asked, &resolved.desired))
    });
    let Some(after) = after else { return Err(would_differ()) };
    for (path, text) in renamed.iter() {
        let Some(old) = sources.get(path).filter(|old| *old != &**text) else { continue };
        let change = FileChange { path: folder.join(path), before: old.to_owned(), after: text.to_string() };
        if !args.check {
            write(&change)?;
        }
        change.show(args, out);
    }
    if args.check {
        return Ok(Exit::Failed);
    }
    asked.skipped.extend(unread.skipped);
    let file = file.with(lock);
    let learnt = file.learnt_beside(&asked.skipped, &after, &live, &connection, true);
    file.learn(&learnt, Learning::Allowed, out)?;
    Ok(exit)
}

/// Whether two policies ask for the same. Lines stay where they are, so places agree as well. What merely bears the old
/// name of something is not left alone any more, once the policy has the new name.
fn is_same(before: &Desired, after: &Desired) -> bool {
    let (mut before, mut after) = (before.clone(), after.clone());
    for (key, space) in &mut before.spaces {
        let Some(other) = after.spaces.get_mut(key) else { continue };
        for (content, list) in space.kept.lists.keys() {
            let Some(page) = other.pages.get_mut(content) else { continue };
            match list {
                PageList::View => page.view = None,
                PageList::Edit => page.edit = None,
            }
            if *page == DesiredPage::default() {
                other.pages.remove(content);
            }
        }
        space.kept = Kept::default();
        other.kept = Kept::default();
    }
    before.skipped.clear();
    after.skipped.clear();
    before == after
}

/// Keeps a byte order mark, which the text that was read comes without.
fn write(FileChange { path, before, after }: &FileChange) -> Result<(), CliError> {
    let mark = if whole(path)?.len() == before.len() { "" } else { "\u{feff}" };
    files::write(path, &format!("{mark}{after}")).map_err(|error| CliError::unwritable(path, &error))
}

fn would_differ() -> CliError {
    CliError::failed(
        Failure::NameInUse,
        "with the current names the policy would mean something else; nothing was changed",
    )
    .with_hint(
        "an entry of the policy has one of the new names already: look at the warnings of `confperm plan`",
    )
}
