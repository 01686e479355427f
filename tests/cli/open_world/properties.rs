//! Random sites and policies × actors, lag, failures × the end after any write.
//!
//! `CONFPERM_CASES=40` tries forty times as many.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::Duration;

use confperm::apply::{ApplyOutcome, Precautions, Status};
use confperm::model::Call;
use confperm::plan::{Object as Planned, Plan, Refusal};
use confperm::sandbox::adversary::{Adversary, Log};
use confperm::sandbox::world::{Action, Object, SpaceId};

use super::random::{Case, Ingredients, case};
use super::{Ended, Runs, judge};
use crate::in_process::{Stage, parse};

/// Runs after which a site that stands still must be as the policy says.
const RUNS: usize = 5;

/// No case takes so long, however slow the machine is.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a case came to.
#[derive(Default)]
struct Counts {
    cases: usize,
    unplannable: usize,
    /// Plans that must not be applied, by reason.
    refused: BTreeMap<&'static str, usize>,
    wrote: usize,
    killed: usize,
    complete: usize,
    skipped: usize,
    /// Plans that reach the space without an administrator, and leave it out.
    orphaned: usize,
    /// Sites that show what they do not grant.
    ungranted: usize,
    races: usize,
    wrong: Vec<String>,
}

impl Counts {
    fn refuse(&mut self, plan: &Plan) {
        let refusals = plan.refusals.iter().map(|refusal| match refusal {
            Refusal::Lockout { .. } => "lockout",
            Refusal::NoAdmin { .. } => "no-admin",
            Refusal::NoSafeOrder { .. } => "no-safe-order",
            Refusal::NoOrder { .. } => "no-order",
            Refusal::Unfinishable { .. } => "unfinishable",
            Refusal::PageOnly { .. } => "page-only",
            Refusal::NeedsLeftOut { .. } => "needs-left-out",
            Refusal::OpensToUndecided { .. } => "opens-to-undecided",
        });
        let guards = plan.guards.blocked().map(|outcome| outcome.guard.as_str());
        for reason in refusals.chain(guards).collect::<BTreeSet<_>>() {
            *self.refused.entry(reason).or_default() += 1;
        }
    }
}

fn cases(normally: u64) -> u64 {
    normally * variable("CONFPERM_CASES").unwrap_or(1)
}

fn first_seed() -> u64 {
    variable("PROPTEST_RNG_SEED").unwrap_or(20_261_121)
}

fn variable(name: &str) -> Option<u64> {
    std::env::vars().find(|(found, _)| found == name)?.1.parse().ok()
}

/// What is left out, to see whether it is missed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    Nothing,
    Look,
    Verification,
    Memory,
}

async fn check(seed: u64, with: Ingredients, without: Without, counts: &mut Counts) {
    let Case { site, policy, adversary } = case(seed, with);
    let mut runs = Runs::new(Stage::against(&site, adversary).await, parse(&policy));
    match without {
        Without::Nothing => {}
        Without::Look => runs.options.precautions = Precautions::WITHOUT_LOOK,
        Without::Verification => runs.options.precautions = Precautions::WITHOUT_VERIFICATION,
        Without::Memory => runs.remembers = false,
    }
    counts.cases += 1;
    let followed = tokio::time::timeout(PATIENCE, follow(&runs, counts)).await;
    if let Err(wrong) = followed.unwrap_or_else(|_| Err("does not come to its end".to_owned())) {
        counts.wrong.push(format!("seed {seed}: {wrong}\n{site}\n{policy}"));
    }
}

async fn follow(runs: &Runs, counts: &mut Counts) -> Result<(), String> {
    let running = &runs.stage.running;
    let start = running.world(|world| judge::rows_of(world, "B"));
    let first = runs.run().await;
    let (log, planned_at) = (running.log(), runs.planned_at());
    if matches!(first, Ended::Unplannable) {
        counts.unplannable += 1;
        return Ok(());
    }
    let plan = &first.planned().plan;
    let mut known = judge::rows_in(plan, "B");
    match &first {
        Ended::Unplannable => {}
        Ended::Refused(planned) => {
            counts.refuse(&planned.plan);
            return Ok(());
        }
        Ended::Killed(_) => counts.killed += 1,
        Ended::Verified(_, outcome) => {
            counts.complete += usize::from(outcome.is_complete());
            counts.skipped += usize::from(outcome.concurrent_changes().next().is_some());
        }
    }
    counts.wrote += usize::from(log.writes.iter().any(|write| write.before != write.after));
    counts.orphaned += usize::from(plan.left_out.iter().any(|left| left.change.space().as_str() == "C"));
    if let Some(write) = log.writes.iter().find(|write| write.object == Object::Space(SpaceId(3))) {
        return Err(format!("tried in the space without an administrator: {} {}", write.method, write.path));
    }
    let mut overwritten = judge::overwritten(plan, planned_at, &log.writes)?;
    counts.races += overwritten.races;
    if let Some(outcome) = first.outcome() {
        overwritten.is_reported_by(outcome);
        // Only a killed run may leave the report to the next.
        if !overwritten.beside_roles.is_empty() {
            return Err(format!("taken along without a word: {:?}", overwritten.beside_roles));
        }
    }
    if first.is_complete() {
        running
            .world(|world| judge::done(plan, world, &log))
            .map_err(|wrong| format!("complete, but {wrong}"))?;
    }
    running.set_adversary(Adversary::default());
    let (mut last, mut is_ungranted) = (String::new(), false);
    for _ in 0..RUNS {
        let again = runs.run().await;
        if let Some(outcome) = again.outcome() {
            overwritten.is_reported_by(outcome);
        }
        match &again {
            Ended::Unplannable => {
                counts.unplannable += 1;
                return Ok(());
            }
            Ended::Refused(planned) => {
                counts.refuse(&planned.plan);
                return Ok(());
            }
            Ended::Killed(_) => return Err("killed without a killer".to_owned()),
            Ended::Verified(planned, outcome)
                if planned.plan.is_empty()
                    && (outcome.is_complete() || are_gone(outcome, &running.log())) =>
            {
                let log = running.log();
                known.extend(start);
                let stray = running.world(|world| judge::stray("B", known, world, &log));
                return if !overwritten.beside_roles.is_empty() {
                    Err(format!("taken along without a word: {:?}", overwritten.beside_roles))
                } else if stray.is_empty() {
                    Ok(())
                } else {
                    Err(format!("left behind in B: {stray:?}"))
                };
            }
            Ended::Verified(planned, outcome) => {
                known.extend(judge::rows_given(&planned.plan, "B"));
                is_ungranted = all_ungranted(&planned.plan, outcome);
                last = format!(
                    "{}{}",
                    confperm::render::plan_as_text(&planned.plan),
                    confperm::render::outcome_as_text(&planned.plan, outcome)
                );
            }
        }
    }
    if is_ungranted {
        counts.ungranted += 1;
        return Ok(());
    }
    Err(format!("does not converge:\n{last}"))
}

/// Whether nothing is left but what a site without roles shows and does not grant, and says so.
fn all_ungranted(plan: &Plan, outcome: &ApplyOutcome) -> bool {
    outcome.results.iter().all(|result| match &result.status {
        Status::Failed(failure) => {
            let call = &plan.calls[result.call.position()].call;
            let is_newer = matches!(call, Call::Grant { permission, .. } if !permission.is_documented());
            is_newer && failure.is_rejection() && !plan.site.space_role_mode.has_roles()
        }
        Status::Done | Status::AlreadySo | Status::NotNeeded | Status::NotTried { .. } => true,
        Status::Skipped { .. } | Status::Stopped => false,
    })
}

/// Whether all that is unverified are pages that others archived or deleted, which no read can show.
fn are_gone(outcome: &ApplyOutcome, log: &Log) -> bool {
    let gone: BTreeSet<u64> = log
        .acts
        .iter()
        .filter_map(|act| match act.action {
            Action::ArchivePage { content } | Action::DeletePage { content } => Some(content.0),
            _ => None,
        })
        .collect();
    outcome.unverified.iter().all(|entry| match &entry.object {
        Planned::Page { content, .. } => gone.contains(&content.number()),
        Planned::Holding { .. } => false,
    })
}

fn report(name: &str, counts: &Counts) {
    drop(writeln!(
        std::io::stdout(),
        "{name}: {} cases, {} unplannable, refused {:?}, {} wrote, {} killed, {} complete at once, {} with something skipped, {} with a space without administrator, {} on a site that shows what it does not grant, {} races, {} wrong",
        counts.cases,
        counts.unplannable,
        counts.refused,
        counts.wrote,
        counts.killed,
        counts.complete,
        counts.skipped,
        counts.orphaned,
        counts.ungranted,
        counts.races,
        counts.wrong.len()
    ));
}

#[tokio::test]
async fn nothing_of_others_is_lost_and_running_again_finishes() {
    let mut counts = Counts::default();
    for number in 0..cases(250) {
        check(first_seed() + number, Ingredients::ALL, Without::Nothing, &mut counts).await;
    }
    report("open world", &counts);
    assert!(counts.wrong.is_empty(), "{} wrong\n{}", counts.wrong.len(), counts.wrong.join("\n\n"));
    // A property that never gets to its point proves nothing.
    assert!(counts.wrote * 10 >= counts.cases * 6, "only {} of {} wrote", counts.wrote, counts.cases);
    assert!(counts.unplannable * 5 <= counts.cases, "{} of {} unplannable", counts.unplannable, counts.cases);
    for reason in ["lockout", "no-admin", "min-admins", "max-removals"] {
        let refused = counts.refused.get(reason).copied().unwrap_or_default();
        assert!(refused > 0 && refused * 10 < counts.cases, "{refused} refused for {reason}");
    }
    assert!(counts.killed > 0 && counts.skipped > 0 && counts.complete > 0 && counts.orphaned > 0);
}

/// With a precaution left out, the property is broken in at least one case of twenty.
#[tokio::test]
async fn a_precaution_that_is_left_out_is_missed() {
    let calm = Ingredients { actors: false, lag: false, failures: false, kills: false, exact: false };
    let mutations = BTreeMap::from([
        ("without the look", (Without::Look, Ingredients { actors: true, ..calm })),
        (
            "without the verification",
            (Without::Verification, Ingredients { lag: true, failures: true, ..calm }),
        ),
        ("without the list", (Without::Memory, Ingredients { kills: true, exact: true, ..calm })),
    ]);
    for (name, (without, with)) in mutations {
        let mut counts = Counts::default();
        for number in 0..cases(80) {
            check(first_seed() + number, with, without, &mut counts).await;
        }
        report(name, &counts);
        assert!(
            counts.wrong.len() * 20 >= counts.cases,
            "{name}: {} of {}",
            counts.wrong.len(),
            counts.cases
        );
    }
}
