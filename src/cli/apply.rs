//! `confperm apply`.

use camino::Utf8Path;

use crate::apply::{Event, Journal, JournalError, Outcome, Status, Stop, journal};
use crate::plan::{Object, Plan, Planned};
use crate::render;
use crate::render::style::count;

use super::args::ApplyArgs;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::lock::Lacking;
use super::output::Output;
use super::prepare::{Prepared, prepare};
use super::progress::Stage;
use super::signals::Signals;

pub(super) async fn run(
    args: &ApplyArgs,
    environment: &Environment,
    signals: &Signals,
    out: &Output,
) -> Result<Exit, CliError> {
    let prepared = prepare(&args.scope, &args.overrides, Lacking::Refused, environment, out).await?;
    out.data(&render::plan_as_text(&prepared.planned.plan));
    if prepared.planned.plan.is_held_back() {
        return Ok(Exit::Blocked);
    }
    let folder = journal::folder(&args.scope.directory);
    let leftovers = leftovers(&folder, &prepared.planned, out);
    let is_empty = prepared.planned.plan.is_empty();
    // A run that died is not over before another has come to its end.
    let leftovers = match leftovers {
        None if is_empty => return Ok(args.scope.completeness(&prepared.planned.plan)),
        leftovers => leftovers.unwrap_or_default(),
    };
    let is_sure = args.yes || (is_empty && leftovers.is_empty());
    let prepared = if is_sure { prepared } else { confirm(prepared, args, environment, out).await? };
    let Prepared { connection, planned, .. } = prepared;
    let ended = carry_out(&planned.plan, &leftovers, &folder, &connection, signals, out).await;
    let completeness = args.scope.completeness(&planned.plan);
    let exit = ended.as_ref().map_or_else(CliError::exit, |ended| ended.exit().max(completeness));
    signals.over(exit);
    if let Ended::Verified(outcome) = ended?
        && (!is_empty || !leftovers.is_empty())
    {
        out.data(&render::outcome_as_text(&planned.plan, &outcome));
    }
    Ok(exit)
}

/// How a run came to its end.
enum Ended {
    Verified(Outcome),
    /// The second signal. Requests that were under way may have been carried out.
    AtOnce {
        has_sent: bool,
    },
}

impl Ended {
    fn exit(&self) -> Exit {
        match self {
            Self::Verified(outcome) if outcome.is_complete() => Exit::Done,
            Self::Verified(outcome) if outcome.has_written() => Exit::Partial,
            Self::AtOnce { has_sent: true } => Exit::Partial,
            Self::Verified(_) | Self::AtOnce { has_sent: false } => Exit::Failed,
        }
    }
}

/// Asks, and then makes sure that what was shown is still what would be done.
async fn confirm(
    shown: Prepared,
    args: &ApplyArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Prepared, CliError> {
    if !out.can_ask() {
        return Err(CliError::usage(
            "nobody is here to say yes, so nothing was changed",
            "pass --yes to apply without asking, as CI does",
        ));
    }
    if !out.is_whole() {
        return Err(CliError::failed("the plan could not be shown, so nothing was changed")
            .with_hint("let standard output go where all of it is read, or pass --yes"));
    }
    let question = match shown.planned.plan.calls.len() {
        0 => "Put right what the last run left?".to_owned(),
        calls => format!("Make {}?", count(calls, "call", "calls")),
    };
    if !out.ask(&question) {
        return Err(CliError::failed("not confirmed; nothing was changed"));
    }
    drop(shown.connection);
    let now = prepare(&args.scope, &args.overrides, Lacking::Refused, environment, out).await?;
    if now.planned.plan != shown.planned.plan {
        return Err(CliError::failed(
            "the site or the policy changed while you were reading; nothing was changed",
        )
        .with_hint("run the command again to see the new plan"));
    }
    Ok(now)
}

/// Says that the last run died, if it did, and gives what it may have left that no plan sees.
fn leftovers(folder: &Utf8Path, planned: &Planned, out: &Output) -> Option<Vec<Object>> {
    let unended = match journal::unended(folder) {
        Ok(unended) => unended?,
        Err(error) => {
            out.warn(&format!("{error}; if that run died, nobody knows what it left"));
            return None;
        }
    };
    let calls = count(unended.plan.calls.len(), "call", "calls");
    out.warn(&format!(
        "the run of {} did not come to its end, or is still going on: of its {calls}, {} may have been made and {} \
         are known to be settled. Its journal is {}",
        unended.began,
        unended.intended.len(),
        unended.settled.len(),
        unended.path
    ));
    Some(unended.roles_to_verify(&planned.after))
}

const STOPPING: &str = "stopping: no further calls are started, those under way are finished, and what was \
                        changed is verified; a second Ctrl-C or SIGTERM ends at once";

async fn carry_out(
    plan: &Plan,
    leftovers: &[Object],
    folder: &Utf8Path,
    connection: &super::connect::Connection,
    signals: &Signals,
    out: &Output,
) -> Result<Ended, CliError> {
    let cannot = |error: JournalError| {
        CliError::failed(format!("{error}; nothing was changed"))
            .with_hint("nothing is done without a journal: make room for it, or see who may write there")
    };
    let mut stops = signals.take_over();
    let (journal, path) = Journal::create(folder, now).map_err(cannot)?;
    let stop = Stop::default();
    out.progress.begin(Stage::Applying { done: 0, of: plan.calls.len() });
    let on_event = |event: Event<'_>| match event {
        Event::Finished { call, status } => {
            out.progress.call_ended();
            if let Status::Failed(failure) = status {
                out.warn(&format!("call {} failed: {failure}", call.id));
            }
        }
        Event::Verifying => out.progress.begin(Stage::Verifying),
    };
    let applied = crate::apply::apply(plan, leftovers, &connection.site, &journal, &stop, &on_event);
    tokio::pin!(applied);
    let outcome = tokio::select! {
        outcome = &mut applied => Some(outcome),
        () = stops.next() => {
            stop.request();
            out.warn(STOPPING);
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
        return Ok(Ended::AtOnce { has_sent: journal.has_intents() });
    };
    if journal.is_broken() {
        out.warn(&format!("the journal {path} could not be written to its end"));
    } else if outcome.as_ref().is_ok_and(|outcome| !outcome.is_complete()) {
        out.say(&format!("What was done is in {path}"));
    }
    outcome.map(Ended::Verified).map_err(cannot)
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that journals are handed")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
