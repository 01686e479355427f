//! `confperm apply`.

use std::collections::BTreeSet;

use camino::Utf8Path;

use crate::apply::{
    ApplyOptions, Event, Forgotten, Journal, JournalError, Outcome, Status, Stop, Unverified, journal,
};
use crate::model::{Mode, SpaceKey};
use crate::plan::Plan;
use crate::render::style::count;
use crate::render::{self, ApplyResult, RunDocument};

use super::args::{ApplyArgs, ApplyFormat};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::expect::ExpectedPlan;
use super::failure::Failure;
use super::limits::Limits;
use super::lockfile::Lacking;
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
    let expected = args.expect.as_deref().map(ExpectedPlan::read).transpose()?;
    let limits = Limits::of(args);
    let first = Box::pin(once(args, expected.as_ref(), &limits, environment, signals, out)).await?;
    let Some((moved, left)) = moved(&first, expected.as_ref(), &limits, out) else {
        return Ok(report(&[first], None, args, out));
    };
    // What others changed in the meantime is planned once more, in the state that it is in now.
    out.say(&format!("Planning again for what others changed: {}", names(&moved)));
    let mut again = args.clone();
    again.scope.moved = moved.into_iter().collect();
    Ok(match Box::pin(once(&again, None, &left, environment, signals, out)).await {
        Ok(second) => report(&[first, second], None, args, out),
        Err(error) => {
            out.error(&error);
            report(&[first], Some(&error), args, out)
        }
    })
}

/// The spaces that others changed during the run, if they are to be planned again, and what is left of its limits.
fn moved(
    first: &Once,
    expected: Option<&ExpectedPlan>,
    limits: &Limits,
    out: &Output,
) -> Option<(BTreeSet<SpaceKey>, Limits)> {
    let RunEnd::Verified(outcome) = &first.run else { return None };
    let moved = outcome.moved_spaces();
    if moved.is_empty() || is_stopped(outcome) {
        return None;
    }
    if expected.is_some() {
        let spaces = names(&moved);
        out.say(&format!(
            "Others changed {spaces} meanwhile. A plan of what is left has to be approved first."
        ));
        return None;
    }
    Some((moved, limits.after(outcome)))
}

/// How all runs ended together, as a document too if that was asked for; `error` is why there was no second one.
fn report(runs: &[Once], error: Option<&CliError>, args: &ApplyArgs, out: &Output) -> Exit {
    let (exit, result) = match (runs, error) {
        ([only], None) => (only.exit(), only.result()),
        ([first, second], None) if first.has_only_moved() && second.is_done() => {
            (first.completeness.max(second.completeness), ApplyResult::Done)
        }
        _ => (Exit::Partial, ApplyResult::PartlyDone),
    };
    if args.format == ApplyFormat::Json {
        let findings = error.map(|error| error.documented(|text| out.without_secrets(text)));
        let runs = runs.iter().map(Once::document).collect();
        out.data(&render::apply_as_json(runs, findings.unwrap_or_default(), result, exit.code()));
    }
    exit
}

/// What came of planning and applying once.
struct Once {
    plan: Plan,
    run: RunEnd,
    /// Whether everything that the policy declares was known.
    completeness: Exit,
    /// Whether the run may have come to a limit that the command line sets.
    is_limited: bool,
}

/// How a run came to its end.
enum RunEnd {
    /// There was nothing to do.
    Nothing,
    /// The plan must not be applied.
    Blocked,
    /// A second signal came. Requests that were under way may have been carried out.
    AtOnce {
        has_sent: bool,
    },
    Verified(Outcome),
}

impl Once {
    fn exit(&self) -> Exit {
        let exit = match &self.run {
            RunEnd::Nothing => Exit::Done,
            RunEnd::Blocked => return Exit::Blocked,
            RunEnd::AtOnce { has_sent: true } => Exit::Partial,
            RunEnd::AtOnce { has_sent: false } => Exit::Failed,
            // A limit that stops a run before its first call is no failure.
            RunEnd::Verified(outcome) if self.is_limited && is_stopped(outcome) => Exit::Partial,
            RunEnd::Verified(outcome) => exit_of(outcome),
        };
        exit.max(self.completeness)
    }

    fn result(&self) -> ApplyResult {
        match &self.run {
            RunEnd::Nothing => ApplyResult::NothingToDo,
            RunEnd::Blocked => ApplyResult::Blocked,
            RunEnd::AtOnce { .. } => ApplyResult::StoppedAtOnce,
            RunEnd::Verified(outcome) => match exit_of(outcome) {
                Exit::Done => ApplyResult::Done,
                Exit::Partial => ApplyResult::PartlyDone,
                _ => ApplyResult::Failed,
            },
        }
    }

    fn document(&self) -> RunDocument {
        let outcome = match &self.run {
            RunEnd::Verified(outcome) => Some(outcome),
            RunEnd::Nothing | RunEnd::Blocked | RunEnd::AtOnce { .. } => None,
        };
        RunDocument::new(&self.plan, outcome, self.result(), self.exit().code())
    }

    /// Whether nothing is missing but what others changed.
    fn has_only_moved(&self) -> bool {
        matches!(&self.run, RunEnd::Verified(outcome) if outcome.only_moved())
    }

    fn is_done(&self) -> bool {
        match &self.run {
            RunEnd::Nothing => true,
            RunEnd::Verified(outcome) => outcome.is_complete(),
            RunEnd::Blocked | RunEnd::AtOnce { .. } => false,
        }
    }
}

async fn once(
    args: &ApplyArgs,
    expected: Option<&ExpectedPlan>,
    limits: &Limits,
    environment: &Environment,
    signals: &Signals,
    out: &Output,
) -> Result<Once, CliError> {
    let is_accepted = |plan: &Plan| {
        let is_sure = args.yes || plan.is_empty();
        is_sure && expected.is_none_or(|expected| plan.is_empty() || expected.is(plan))
    };
    let (scope, overrides) = (&args.scope, &args.overrides);
    let prepared = prepare(scope, overrides, Lacking::Refused, &is_accepted, environment, out).await?;
    let completeness = args.scope.completeness(&prepared.planned.plan);
    let ended = |run, prepared: Prepared| {
        Ok(Once { plan: prepared.planned.plan, run, completeness, is_limited: limits.are_set() })
    };
    show(&prepared, args, out);
    if prepared.planned.plan.is_blocked() {
        return ended(RunEnd::Blocked, prepared);
    }
    let is_empty = prepared.planned.plan.is_empty();
    mention_last(&prepared, &args.scope.directory, out);
    if is_empty && prepared.earlier().is_empty() && !prepared.was_cut() {
        return ended(RunEnd::Nothing, prepared);
    }
    if let Some(expected) = expected.filter(|expected| !expected.is(&prepared.planned.plan)) {
        out.error(&expected.refuses(&prepared.planned.plan));
        return ended(RunEnd::Blocked, prepared);
    }
    let is_sure = args.yes || is_empty;
    let prepared = if is_sure { prepared } else { confirm(prepared, args, environment, out).await? };
    let folder = journal::folder(&args.scope.directory);
    mention_unknown(&args.forget, prepared.earlier(), out);
    let run = carry_out(&prepared, args, limits, &folder, signals, out).await;
    let once = run.and_then(|run| ended(run, prepared));
    signals.over(once.as_ref().map_or_else(CliError::exit, Once::exit));
    let once = once?;
    if let RunEnd::Verified(outcome) = &once.run
        && (!is_empty || !outcome.is_complete())
    {
        let plan = &once.plan;
        match args.format {
            // Said when all runs are over.
            ApplyFormat::Json => {}
            ApplyFormat::Text => out.data(&render::outcome_as_text(plan, outcome)),
            ApplyFormat::Github => {
                out.annotate(render::outcome_as_annotations(plan, outcome, args.titles.into()));
                out.say(render::outcome_as_summary(plan, outcome).trim_end());
            }
        }
    }
    Ok(once)
}

/// Prints the plan before anything is done.
fn show(prepared: &Prepared, args: &ApplyArgs, out: &Output) {
    let (plan, view) = (&prepared.planned.plan, &prepared.view);
    match args.format {
        ApplyFormat::Text => out.data(&render::plan_as_text_in(plan, view)),
        ApplyFormat::Json => out.say(&render::plan_in_a_line(plan)),
        ApplyFormat::Github => {
            out.annotate(render::plan_as_annotations(plan, view, args.titles.into()));
            out.say(&render::plan_in_a_line(plan));
        }
    }
}

fn exit_of(outcome: &Outcome) -> Exit {
    let is_partial = outcome.has_written()
        || !outcome.unverified.is_empty()
        || !outcome.verification.wrong.is_empty()
        || outcome.concurrent_changes().next().is_some();
    match (outcome.is_complete(), is_partial) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Failed,
    }
}

fn is_stopped(outcome: &Outcome) -> bool {
    outcome.results.iter().any(|result| matches!(result.status, Status::Stopped))
}

fn names(spaces: &BTreeSet<SpaceKey>) -> String {
    spaces.iter().map(SpaceKey::as_str).collect::<Vec<_>>().join(", ")
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
            "stdin is not a terminal, so there is no one to confirm; nothing was changed",
            "pass --yes to apply without asking, as CI does",
        ));
    }
    if !out.is_whole() {
        return Err(CliError::failed(
            Failure::UnwritableOutput,
            "the plan could not be shown, so nothing was changed",
        )
        .with_hint("send standard output to a reader that reads all of it, or pass --yes"));
    }
    let question = match shown.planned.plan.calls.len() {
        0 => "Verify and put right what the last run left open?".to_owned(),
        calls => format!("Make {}?", count(calls, "call", "calls")),
    };
    if !out.ask(&question) {
        return Err(CliError::failed(Failure::NotConfirmed, "not confirmed; nothing was changed"));
    }
    drop(shown.connection);
    let is_shown = |plan: &Plan| *plan == shown.planned.plan;
    let (scope, overrides) = (&args.scope, &args.overrides);
    let now = prepare(scope, overrides, Lacking::Refused, &is_shown, environment, out).await?;
    if now.planned.plan != shown.planned.plan {
        return Err(CliError::failed(
            Failure::ChangedMeanwhile,
            "the site or the policy changed while you were reading; nothing was changed",
        )
        .with_hint("run the command again to see the new plan"));
    }
    Ok(now)
}

/// Says what the last run left behind, or that there is no telling.
fn mention_last(prepared: &Prepared, directory: &Utf8Path, out: &Output) {
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
fn mention_unknown(forget: &[Forgotten], earlier: &[Unverified], out: &Output) {
    for forgotten in forget.iter().filter(|it| !earlier.iter().any(|entry| it.covers(&entry.object))) {
        out.warn(&format!("--forget {forgotten}: no earlier run left it unverified"));
    }
}

const STOPPING: &str =
    "no further calls are started, those under way are finished, and what was changed is verified";

async fn carry_out(
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
