//! `confperm lock`.

use std::fmt::Write as _;

use crate::model::columns::{column, pad};
use crate::model::visible;
use crate::policy::{self, Context, Resolved};
use crate::render;

use super::args::{AnswerFormat, LockArgs};
use super::directory;
use super::lockfile::Learning;
use super::unreadable;
use super::{CliError, Connection, Environment, Exit, LockFile, Output, SiteReading};

/// Names that are wider stand out of their column, in terminal cells.
const WIDEST: usize = 60;

/// Looks up every name of the policy, takes over what a person accepts, and writes the lock.
pub(super) async fn run(args: &LockArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let today = environment.today()?;
    let (mut policy, warnings, mut sources) = directory::load_valid(&args.directory)?;
    out.findings(&warnings, &sources);
    let mut file = LockFile::read(&args.directory, &mut sources)?;
    let connection = Connection::open(&args.site, &args.directory, &policy, &file, environment, out).await?;
    let reading = SiteReading::of(&connection, out);
    let mut live = reading.sign_in(&policy).await?;
    let context = Context { today, lock: file.known() };
    let mut unread = unreadable::for_names(reading, &mut policy, &mut live, context).await?;
    let mut all_accepted = Vec::new();
    for name in &args.accept {
        let accepted = file
            .accept(name, &live)
            .map_err(|error| CliError::usage(format!("--accept {}: {error}", visible(name)), error.help()))?;
        for accepted in accepted {
            let (name, was, now) = (visible(&accepted.name), visible(&accepted.was), visible(&accepted.now));
            out.say(&format!("{name} meant {was} and means {now} from now on"));
            all_accepted.push([name.into_owned(), was.into_owned(), now.into_owned()]);
        }
    }
    let context = Context { today, lock: file.known() };
    // A key that means another space from now on.
    unread.extend(unreadable::for_names(reading, &mut policy, &mut live, context).await?);
    let Resolved { mut desired, warnings, .. } = policy::resolve(&policy, &live, context)
        .map_err(|findings| CliError::Invalid { findings, sources: sources.clone() })?;
    out.findings(&warnings, &sources);
    unread.say(out);
    desired.skipped.extend(unread.skipped);
    let learnt = file.learnt_beside(&desired.skipped, &policy, &live, &connection, true);
    file.learn(&learnt, Learning::Allowed, out)?;
    let mut text = String::new();
    let entries = learnt.lock.entries();
    let exit = if desired.skipped.is_empty() { Exit::Done } else { Exit::Incomplete };
    if args.format == AnswerFormat::Json {
        out.data(&render::lock_as_json(&entries, &all_accepted));
        return Ok(exit);
    }
    let names: Vec<_> = entries.iter().map(|(name, _)| visible(name)).collect();
    let names_end = column(names.iter().map(AsRef::as_ref), WIDEST);
    for (name, (_, id)) in names.iter().zip(&entries) {
        let _ = writeln!(text, "{}  {}", pad(name, names_end), visible(id));
    }
    out.data(&text);
    Ok(exit)
}
