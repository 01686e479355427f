//! Carrying out a plan that was agreed to: its journal, what stops it, and what is said meanwhile.

use camino::Utf8Path;

use crate::apply::{
    ApplyOptions, Event, Forgotten, Journal, JournalError, Status, Stop, Unverified, journal,
};
use crate::model::Mode;
use crate::render::style::count;

use super::apply::RunEnd;
use super::args::ApplyArgs;
use super::limits::Limits;
use super::prepare::Prepared;
use super::progress::Stage;
use super::signals::Signals;
use super::{CliError, Failure, Output};

/// Says what the last run left behind, or that there is no telling.
pub(super) fn mention_last(prepared: &Prepared, directory: &Utf8Path, out: &Output) {
    let Some(last) = &prepared.last else {
        let is_additive = prepared.planned.plan.spaces.values().any(|space| space.mode == Mode::Additive);
        if is_additive && !prepared.planned.plan.is_empty() {
            let folder = journal::folder(directory);
            out.say(&format!(
                "No journal of an earlier run is in {folder}. If a run was interrupted elsewhere, permissions that \
                 Confluence added by itself cannot be distinguished from what others granted; keep that folder between runs."
            ));
        }
        return;
    };
    if let Some(cut) = last.cut {
        let calls = count(cut.calls, "call", "calls");
        out.warn(&format!(
            "the run of {} was cut short, or is still going on: {} of its {calls} were sent or about to be sent, and the result of {} is known. Its journal is {}; this run first checks what that one left open",
            last.began, cut.intended, cut.settled, last.path
        ));
    } else if !last.unverified.is_empty() {
        let objects = count(last.unverified.len(), "object", "objects");
        out.warn(&format!(
            "the run of {} could not verify {objects}; its journal is {}",
            last.began, last.path
        ));
    }
}

/// What is to be forgotten and is not on the list, such as a number with a typing error.
pub(super) fn mention_unknown(forget: &[Forgotten], earlier: &[Unverified], out: &Output) {
    for forgotten in forget.iter().filter(|it| !earlier.iter().any(|entry| it.covers(&entry.object))) {
        out.warn(&format!("--forget {forgotten}: no earlier run left it unverified"));
    }
}

const STOPPING: &str =
    "no further calls are started, those under way are finished, and what was changed is verified";

pub(super) async fn carry_out(
    prepared: &Prepared,
    args: &ApplyArgs,
    limits: &Limits,
    folder: &Utf8Path,
    signals: &Signals,
    out: &Output,
) -> Result<RunEnd, CliError> {
    let Prepared { planned, connection, .. } = prepared;
    let forget = args.forget.iter().cloned().collect();
    let options = ApplyOptions { forget, most_calls: limits.calls, ..ApplyOptions::default() };
    let cannot = |error: JournalError| {
        CliError::failed(Failure::NoJournal, format!("{error}; nothing was changed")).with_hint(
            "nothing is done without a journal: free some space for it, or check who may write there",
        )
    };
    let mut stops = signals.take_over();
    let (journal, path) = Journal::create(folder, connection.journal_key(), now).map_err(cannot)?;
    let stop = Stop::default();
    out.progress.begin(Stage::Applying { done: 0, of: planned.plan.calls.len() });
    let on_event = |event: Event<'_>| match event {
        Event::Finished { call, status } => {
            out.progress.call_ended();
            if let Status::Failed(failure) = status {
                out.warn_in_passing(Failure::from(failure), &format!("call {} failed: {failure}", call.id));
            }
        }
        Event::Verifying => out.progress.begin(Stage::Verifying),
    };
    let (earlier, site) = (prepared.earlier(), &connection.site);
    let applied = crate::apply::apply(planned, earlier, site, &journal, &stop, &options, &on_event);
    tokio::pin!(applied);
    let ended = tokio::select! {
        outcome = &mut applied => Ok(outcome),
        () = stops.next() => Err(format!("stopping: {STOPPING}; a second Ctrl-C or SIGTERM ends at once")),
        time = limits.time_is_up() => Err(format!("it is {}: {STOPPING}", time.strftime("%H:%M"))),
    };
    let outcome = match ended {
        Ok(outcome) => Some(outcome),
        Err(why) => {
            stop.request();
            out.warn(&why);
            tokio::select! {
                outcome = &mut applied => Some(outcome),
                () = stops.next() => None,
            }
        }
    };
    out.progress.clear();
    let Some(outcome) = outcome else {
        out.warn(&format!(
            "stopped at once: nothing was verified, and calls under way may have been made or not. {path} has what \
             was sent; running the same command again goes on from here"
        ));
        return Ok(RunEnd::AtOnce { has_sent: journal.has_intents() });
    };
    if journal.is_broken() {
        out.warn(&format!("the journal {path} could not be written to its end"));
    } else if outcome.as_ref().is_ok_and(|outcome| !outcome.is_complete()) {
        out.say(&format!("What was done is in {path}"));
    }
    outcome.map(RunEnd::Verified).map_err(cannot)
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that journals are handed")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
