//! `confperm log`: what earlier runs did, from their journals.

use crate::apply::journal;
use crate::render;

use super::args::{AnswerFormat, LogArgs};
use super::directory;
use super::error::CliError;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::undo::find;

pub(super) fn run(args: &LogArgs, out: &Output) -> Result<Exit, CliError> {
    let (asked, directory) = match &args.journal {
        Some(first) if first.is_dir() => (None, first),
        asked => (asked.as_ref(), &args.directory),
    };
    directory::check(directory)?;
    let folder = journal::folder(directory);
    let records = if let Some(asked) = asked {
        vec![find(asked, directory)?]
    } else {
        let (records, unreadable) = journal::all(&folder);
        for error in unreadable {
            out.warn_of(Failure::UnreadableJournal, &error.to_string());
        }
        records
    };
    let text = match (args.format, asked) {
        (AnswerFormat::Json, _) => render::log_as_json(&records),
        (AnswerFormat::Text, None) => render::log_as_text(&records),
        (AnswerFormat::Text, Some(_)) => records.iter().map(render::record_as_text).collect(),
    };
    out.data(&text);
    if records.is_empty() {
        out.say(&format!("No run has kept a journal in {folder}"));
    }
    Ok(Exit::Done)
}
