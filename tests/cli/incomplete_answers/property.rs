//! Random sites × manglings of their answers, in every mode.
//!
//! `CONFPERM_CASES=40` tries forty times as many.

use std::io::Write as _;
use std::time::Duration;

use confperm::apply::{ApplyOptions, Stop};
use confperm::confluence::{Read as _, Scrutiny};
use confperm::model::Live;
use confperm::observe::{self, Failure};
use confperm::plan::{self, Gaps, Refusal};
use confperm::policy::{self, Policy};
use confperm::sandbox::world::Object;

use super::judge::{Between, Left, Standing, between, judge};
use super::random::{Case, POST, case, worse_case};
use crate::in_process::{OPTIONS, Stage, parse};
use crate::journal::Memory;

const PATIENCE: Duration = Duration::from_mins(1);

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// With an error about an answer.
    Unread,
    /// The policy does not fit what was read.
    Unplannable,
    /// A guard, or a refusal that is about who administers a space, blocks the plan.
    Guarded,
    /// There is no safe order of the calls.
    Stuck,
    Applied,
    /// In part: a call failed, or something was not verified.
    InPart,
}

async fn run(stage: &Stage, policy: &Policy) -> (Ended, Between) {
    let without_calls = |ended| (ended, Between::new());
    let Ok(site) = stage.site.site().await else { return without_calls(Ended::Unread) };
    let mut live = Live::of(site);
    let context =
        policy::Context { today: jiff::civil::Date::constant(2026, 11, 21), lock: policy::lock::Lock::EMPTY };
    let observed =
        observe::for_plan(&stage.site, &mut live, policy, context, plan::needs, &observe::quiet).await;
    let resolved = match observed {
        Ok(resolved) => resolved,
        Err(Failure::Site(_)) => return without_calls(Ended::Unread),
        Err(Failure::Policy(_)) => return without_calls(Ended::Unplannable),
    };
    let planned = plan::plan(&resolved.desired, &live, Gaps::Refuse).unwrap();
    let is_about_admins =
        |refusal: &Refusal| matches!(refusal, Refusal::Lockout { .. } | Refusal::NoAdmin { .. });
    if planned.plan.is_blocked() {
        let stuck = !planned.plan.refusals.is_empty() && !planned.plan.refusals.iter().any(is_about_admins);
        return without_calls(if stuck { Ended::Stuck } else { Ended::Guarded });
    }
    // What the site never shows is not waited for.
    let options = ApplyOptions { patience: Duration::from_millis(20), ..OPTIONS.clone() };
    let (journal, stop) = (Memory::default().journal(), Stop::default());
    let applied =
        confperm::apply::apply(&planned, &[], &stage.site, &journal, &stop, &options, &|_| ()).await;
    if applied.unwrap().is_complete() {
        return without_calls(Ended::Applied);
    }
    (Ended::InPart, between(&planned.plan))
}

#[derive(Default)]
struct Counts {
    cases: usize,
    unread: usize,
    unplannable: usize,
    refused: usize,
    unread_lists: usize,
    wrote: usize,
    /// Runs that changed the lists of a blog post.
    posts: usize,
    guarded: usize,
    wrong: Vec<String>,
}

async fn check(seed: u64, case: Case, scrutiny: Scrutiny, counts: &mut Counts) {
    let Case { site, policy: text, adversary } = case;
    let policy = parse(&text);
    let clean = Stage::open(&site).await;
    let before = clean.running.world(Standing::of);
    let (right, _) = run(&clean, &policy).await;
    let after = clean.running.world(Standing::of);
    let mangled = Stage::scrutinized(&site, adversary.clone(), scrutiny).await;
    let (ended, between) = tokio::time::timeout(PATIENCE, run(&mangled, &policy)).await.unwrap();
    counts.cases += 1;
    counts.unread += usize::from(ended == Ended::Unread);
    counts.unplannable += usize::from(ended == Ended::Unplannable);
    counts.refused += usize::from(matches!(ended, Ended::Guarded | Ended::Stuck));
    counts.guarded += usize::from(right == Ended::Guarded);
    let log = mangled.running.log();
    let found = mangled.running.world(Standing::of);
    let changes = || log.writes.iter().filter(|write| write.before != write.after);
    counts.wrote += usize::from(changes().next().is_some());
    let is_post = |object: &Object| matches!(object, Object::Content(id) if id.0 % 10 == POST);
    counts.posts += usize::from(changes().any(|write| is_post(&write.object)));
    match right {
        // Which part of a plan without a safe order is right is not known.
        Ended::Stuck => return,
        Ended::InPart | Ended::Unread => {
            counts.wrong.push(format!("seed {seed}: {right:?} on complete answers\n{site}\n{text}"));
            return;
        }
        Ended::Unplannable | Ended::Guarded | Ended::Applied => {}
    }
    let judged = judge(&before, &after, &found, &between, &log.writes);
    counts.unread_lists += usize::from(matches!(judged, Ok(Left { lists: true })));
    if let Err(wrong) = judged {
        counts
            .wrong
            .push(format!("seed {seed}: {wrong} ({right:?}, {ended:?})\n{adversary:?}\n{site}\n{text}"));
    }
}

async fn checked(name: &str, cases: u64, case: impl Fn(u64) -> Case, scrutiny: Scrutiny) -> Counts {
    let mut counts = Counts::default();
    for number in 0..cases * variable("CONFPERM_CASES").unwrap_or(1) {
        let seed = variable("PROPTEST_RNG_SEED").unwrap_or(20_261_126) + number;
        check(seed, case(seed), scrutiny, &mut counts).await;
    }
    let Counts { cases, unread, unplannable, refused, unread_lists, wrote, posts, guarded, wrong } = &counts;
    drop(writeln!(
        std::io::stdout(),
        "{name}: {cases} cases, {unread} unread, {unplannable} unplannable, {refused} refused ({guarded} on complete \
         answers), {wrote} wrote, {posts} to a blog post, {unread_lists} left lists unread beside what else was done, {} wrong",
        wrong.len()
    ));
    counts
}

fn variable(name: &str) -> Option<u64> {
    std::env::vars().find(|(found, _)| found == name)?.1.parse().ok()
}

#[tokio::test]
async fn no_write_follows_from_an_incomplete_answer() {
    let counts = checked("incomplete answers", 150, case, Scrutiny::FULL).await;
    assert!(counts.wrong.is_empty(), "{} wrong\n{}", counts.wrong.len(), counts.wrong.join("\n\n"));
    // A property that never gets to its point proves nothing.
    assert!(counts.wrote * 4 >= counts.cases, "only {} of {} wrote", counts.wrote, counts.cases);
    assert!(
        counts.guarded > 0 && counts.posts * 8 >= counts.cases,
        "{} guarded, {} posts",
        counts.guarded,
        counts.posts
    );
}

/// With the completeness check left out, the property is broken in at least one case of twenty.
#[tokio::test]
async fn a_completeness_check_that_is_left_out_is_missed() {
    let counts = checked("without the completeness check", 100, worse_case, Scrutiny::NONE).await;
    assert!(counts.wrong.len() * 20 >= counts.cases, "{} of {}", counts.wrong.len(), counts.cases);
}
