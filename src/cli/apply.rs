//! `confperm apply`.

use std::collections::BTreeSet;

use crate::apply::{ApplyOutcome, Status, journal};
use crate::model::{Skipped, SpaceKey};
use crate::plan::Plan;
use crate::render::style::count;
use crate::render::{self, ApplyResult, RunDocument};

use super::args::{ApplyArgs, ApplyFormat};
use super::carry_out::{carry_out, mention_last, mention_unknown};
use super::directory;
use super::expect::ExpectedPlan;
use super::limits::Limits;
use super::lockfile::Lacking;
use super::one_run;
use super::prepare::{Prepared, prepare};
use super::saved::{self, Remainder, SavedPlan};
use super::signals::Signals;
use super::undo::{NO_SPACE_LEFT, RunToUndo};
use super::{CliError, Environment, Exit, Failure, Output};

pub(super) async fn run(
    args: &ApplyArgs,
    environment: &Environment,
    signals: &Signals,
    out: &Output,
) -> Result<Exit, CliError> {
    let (args, source) = with_saved(args)?;
    let expected = args.expect.as_deref().map(ExpectedPlan::read).transpose()?;
    carry_through(&args, &Approval { expected, source }, environment, signals, out).await
}

/// Plans, asks and applies; and once more where others changed something meanwhile and nothing was approved before.
pub(super) async fn carry_through(
    args: &ApplyArgs,
    approval: &Approval,
    environment: &Environment,
    signals: &Signals,
    out: &Output,
) -> Result<Exit, CliError> {
    directory::check(&args.scope.directory)?;
    let _only = one_run::only(&args.scope.directory, args.run.lock_timeout, environment, out).await?;
    let limits = Limits::of(args);
    let first = Box::pin(once(args, approval, &limits, environment, signals, out)).await?;
    let Some((moved, left)) = moved(&first, approval, &limits, out) else {
        return Ok(report(&[first], None, args, out));
    };
    // What others changed in the meantime is planned once more, in the state that it is in now.
    out.say(&format!("Planning again for what others changed: {}", names(&moved)));
    let mut again = args.clone();
    again.scope.moved = moved.into_iter().collect();
    let approval = Approval { expected: None, source: Source::Policy };
    Ok(match Box::pin(once(&again, &approval, &left, environment, signals, out)).await {
        Ok(second) => report(&[first, second], None, args, out),
        Err(error) => {
            out.error(&error);
            report(&[first], Some(&error), args, out)
        }
    })
}

/// What was approved before the run.
#[derive(Debug)]
pub(super) struct Approval {
    /// What the plan must be.
    pub(super) expected: Option<ExpectedPlan>,
    pub(super) source: Source,
}

/// What says where a plan is to lead.
#[derive(Debug)]
pub(super) enum Source {
    /// The policy, as it is now.
    Policy,
    /// A plan that was made before.
    Saved(SavedPlan),
    /// The journal of a run that is to be taken back.
    Journal(Box<RunToUndo>),
}

impl Approval {
    /// Whether a plan of the policy must not take the place of this one.
    const fn is_given(&self) -> bool {
        self.expected.is_some() || !matches!(self.source, Source::Policy)
    }

    /// The plan that people have looked at, if it is another than the one that is made now.
    const fn saved(&self) -> Option<&SavedPlan> {
        match &self.source {
            Source::Saved(saved) => Some(saved),
            Source::Policy | Source::Journal(_) => None,
        }
    }

    /// The plan of this source, and how a run ends that has nothing else to report.
    async fn prepare(
        &self,
        args: &ApplyArgs,
        is_accepted: &dyn Fn(&Plan) -> bool,
        environment: &Environment,
        out: &Output,
    ) -> Result<(Prepared, Exit), CliError> {
        let scope = &args.scope;
        let moved = |has_moved: bool| if has_moved { Exit::Partial } else { Exit::Done };
        let skips = |left: &Remainder, before: &BTreeSet<Skipped>| {
            let plan = &left.prepared.planned.plan;
            let mut more = plan.skipped.difference(before);
            if more.any(Skipped::is_of_team) { scope.completeness(plan) } else { Exit::Done }
        };
        Ok(match &self.source {
            Source::Policy => {
                let lacking = Lacking::Refused;
                let prepared =
                    prepare(scope, &args.run.overrides, lacking, is_accepted, environment, out).await?;
                let completeness = scope.completeness(&prepared.planned.plan);
                (prepared, completeness)
            }
            Source::Saved(saved) => {
                let left = saved::prepare(saved, scope, environment, out).await?;
                let exit = scope.completeness(&saved.plan).max(moved(left.has_moved));
                let exit = exit.max(skips(&left, &saved.plan.skipped));
                (left.prepared, exit)
            }
            Source::Journal(run) => {
                let left = run.prepare(scope, &args.run.overrides, environment, out).await?;
                let exit = moved(left.has_moved).max(skips(&left, &BTreeSet::new()));
                (left.prepared, exit)
            }
        })
    }
}

/// The arguments for a policy directory, and the plan that was named in its place, if one was.
fn with_saved(args: &ApplyArgs) -> Result<(ApplyArgs, Source), CliError> {
    let mut args = args.clone();
    let first = args.scope.directory.clone();
    let is_meant = first.extension() == Some("json") && !first.exists();
    if !first.is_file() && !is_meant {
        return match &args.policy {
            None => Ok((args, Source::Policy)),
            Some(_) => Err(CliError::usage(
                format!("`{first}` is not a file"),
                "name one policy directory, or a file of `confperm plan -o` and the policy directory",
            )),
        };
    }
    let saved = SavedPlan::read(&first)?;
    for (is_given, option) in [
        (!args.scope.spaces.is_empty(), "--space"),
        (args.scope.team.is_some(), "--team"),
        (!args.run.overrides.guards.is_empty(), "--override"),
        (args.scope.allow_gap, "--allow-gap"),
    ] {
        if is_given {
            return Err(CliError::usage(
                format!("{option} says how to make a plan, and `{first}` is one"),
                format!("pass it to `confperm plan -o {first}`"),
            ));
        }
    }
    args.scope.directory = args.policy.take().unwrap_or_else(|| ".".into());
    Ok((args, Source::Saved(saved)))
}

/// The spaces that others changed during the run, if they are to be planned again, and what is left of its limits.
fn moved(
    first: &Once,
    approval: &Approval,
    limits: &Limits,
    out: &Output,
) -> Option<(BTreeSet<SpaceKey>, Limits)> {
    let RunEnd::Verified(outcome) = &first.run else { return None };
    let moved = outcome.moved_spaces();
    if moved.is_empty() || is_stopped(outcome) {
        return None;
    }
    if approval.is_given() {
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
    if args.run.format == ApplyFormat::Json {
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
pub(super) enum RunEnd {
    /// There was nothing to do.
    Nothing,
    /// The plan must not be applied.
    Blocked,
    /// A second signal came. Requests that were under way may have been carried out.
    AtOnce {
        has_sent: bool,
    },
    Verified(ApplyOutcome),
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
    approval: &Approval,
    limits: &Limits,
    environment: &Environment,
    signals: &Signals,
    out: &Output,
) -> Result<Once, CliError> {
    let expected = approval.expected.as_ref();
    if let (Some(expected), Some(saved)) = (expected, approval.saved())
        && !expected.is(&saved.plan)
    {
        return Err(expected.refuses(&saved.plan));
    }
    let is_accepted = |plan: &Plan| {
        let is_sure = args.run.yes || plan.is_empty();
        is_sure && expected.is_none_or(|expected| plan.is_empty() || expected.is(plan))
    };
    let (prepared, completeness) = approval.prepare(args, &is_accepted, environment, out).await?;
    let ended = |run, prepared: Prepared| {
        Ok(Once { plan: prepared.planned.plan, run, completeness, is_limited: limits.are_set() })
    };
    show(&prepared, args, approval, out);
    if prepared.planned.plan.is_blocked() {
        return ended(RunEnd::Blocked, prepared);
    }
    let is_empty = prepared.planned.plan.is_empty();
    mention_last(&prepared, &args.scope.directory, out);
    if is_empty && prepared.earlier().is_empty() && !prepared.was_cut() {
        return ended(RunEnd::Nothing, prepared);
    }
    let expected = expected.filter(|_| approval.saved().is_none());
    if let Some(expected) = expected.filter(|expected| !expected.is(&prepared.planned.plan)) {
        out.error(&expected.refuses(&prepared.planned.plan));
        return ended(RunEnd::Blocked, prepared);
    }
    let is_sure = args.run.yes || is_empty || approval.saved().is_some();
    let prepared =
        if is_sure { prepared } else { confirm(prepared, args, approval, environment, out).await? };
    let folder = journal::folder(&args.scope.directory);
    mention_unknown(&args.forget, prepared.earlier(), out);
    let basis = prepared.view.basis;
    let run = carry_out(&prepared, args, limits, &folder, signals, out).await;
    let once = run.and_then(|run| ended(run, prepared));
    signals.over(once.as_ref().map_or_else(CliError::exit, Once::exit));
    let once = once?;
    if let RunEnd::Verified(outcome) = &once.run
        && (!is_empty || !outcome.is_complete())
    {
        let plan = &once.plan;
        match args.run.format {
            // Said when all runs are over.
            ApplyFormat::Json => {}
            ApplyFormat::Text => out.data(&render::outcome_as_text_for(plan, outcome, basis)),
            ApplyFormat::Github => {
                out.annotate(render::outcome_as_annotations(plan, outcome, args.run.titles.into()));
                out.say(render::outcome_as_summary(plan, outcome, basis).trim_end());
            }
        }
    }
    Ok(once)
}

/// Prints the plan before anything is done.
fn show(prepared: &Prepared, args: &ApplyArgs, approval: &Approval, out: &Output) {
    let (plan, view) = (&prepared.planned.plan, &prepared.view);
    if plan.spaces.is_empty() && !matches!(approval.source, Source::Policy) {
        // The policy may well name some.
        return out.say(prepared.message_if_empty.unwrap_or(NO_SPACE_LEFT));
    }
    match args.run.format {
        ApplyFormat::Text => out.data(&render::plan_as_text_in(plan, view)),
        ApplyFormat::Json => out.say(&render::plan_in_a_line(plan, view.basis)),
        ApplyFormat::Github => {
            out.annotate(render::plan_as_annotations(plan, view, args.run.titles.into()));
            out.say(&render::plan_in_a_line(plan, view.basis));
        }
    }
}

fn exit_of(outcome: &ApplyOutcome) -> Exit {
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

fn is_stopped(outcome: &ApplyOutcome) -> bool {
    outcome.results.iter().any(|result| matches!(result.status, Status::Stopped))
}

fn names(spaces: &BTreeSet<SpaceKey>) -> String {
    spaces.iter().map(SpaceKey::as_str).collect::<Vec<_>>().join(", ")
}

/// Asks, and then makes sure that what was shown is still what would be done.
async fn confirm(
    shown: Prepared,
    args: &ApplyArgs,
    approval: &Approval,
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
    let (now, _) = approval.prepare(args, &is_shown, environment, out).await?;
    if now.planned.plan != shown.planned.plan {
        return Err(CliError::failed(
            Failure::ChangedMeanwhile,
            "the site or the policy changed while you were reading; nothing was changed",
        )
        .with_hint("run the command again to see the new plan"));
    }
    Ok(now)
}
