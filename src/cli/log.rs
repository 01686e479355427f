//! `confperm log`: what earlier runs did, from their journals.

use crate::apply::journal::{self, TakenBackRuns};
use crate::render;

use super::args::{AnswerFormat, LogArgs};
use super::directory;
use super::undo::find;
use super::{CliError, Exit, Failure, Output};

pub(super) fn run(args: &LogArgs, out: &Output) -> Result<Exit, CliError> {
    let (asked, directory) = match &args.journal {
        Some(first) if first.is_dir() => (None, first),
        asked => (asked.as_ref(), &args.directory),
    };
    directory::check(directory)?;
    let folder = journal::folder(directory);
    let asked = asked.map(|asked| find(asked, directory)).transpose()?;
    let (all, unreadable) = journal::all(&folder);
    for error in unreadable {
        out.warn_of(Failure::UnreadableJournal, &error.to_string());
    }
    let runs = TakenBackRuns::of(&all);
    let records = asked.as_ref().map_or(all.as_slice(), std::slice::from_ref);
    let text = match (args.format, &asked) {
        (AnswerFormat::Json, _) => render::log_as_json(records, &runs),
        (AnswerFormat::Text, None) => render::log_as_text(records, &runs),
        (AnswerFormat::Text, Some(record)) => render::record_as_text(record, &runs),
    };
    out.data(&text);
    if records.is_empty() {
        out.say(&format!("No run has kept a journal in {folder}"));
    }
    Ok(Exit::Done)
}
