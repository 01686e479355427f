//! Runs the calls of a plan: everything whose turn has come side by side, the rest when it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::confluence::{Read, Write};
use crate::plan::{CallId, Object, Plan, PlannedCall};

use super::journal::{Journal, JournalError};
use super::outcome::{CallResult, Outcome, Status};
use super::recorded::Recorded;
use super::settle::perform;
use super::verify::verify;

/// Calls that are under way at once, at most. The client may allow fewer.
const SIDE_BY_SIDE: usize = 16;

/// A wish to stop. Calls in flight are finished; no further ones are started.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Something that happened during an apply, for a progress bar.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    Finished { call: &'a PlannedCall, status: &'a Status },
    Verifying,
}

/// Carries out a plan and verifies it, and with it what an earlier run may have left. It is an error if
/// the journal cannot be begun; then nothing was done.
pub async fn apply<S: Read + Write>(
    plan: &Plan,
    leftovers: &[Object],
    site: &S,
    journal: &Journal,
    stop: &Stop,
    on_event: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Outcome, JournalError> {
    journal.begin(plan)?;
    let site = Recorded::new(site, journal);
    let results = run(plan, &site, stop, on_event).await;
    on_event(Event::Verifying);
    let settled: BTreeSet<CallId> =
        results.iter().filter(|(_, status)| status.is_settled()).map(|(id, _)| *id).collect();
    let verification = verify(plan, leftovers, &site, &settled).await;
    journal.verified(&verification);
    let results = results.into_iter().map(|(call, status)| CallResult { call, status }).collect();
    let outcome = Outcome { results, verification };
    journal.end(&outcome);
    Ok(outcome)
}

async fn run<S: Read + Write>(
    plan: &Plan,
    site: &Recorded<'_, S>,
    stop: &Stop,
    on_event: &(dyn Fn(Event<'_>) + Sync),
) -> BTreeMap<CallId, Status> {
    let mut queue = Queue::of(plan);
    let mut running = FuturesUnordered::new();
    let mut results = BTreeMap::new();
    loop {
        while running.len() < SIDE_BY_SIDE && !stop.is_requested() && !site.journal().is_broken() {
            let Some(call) = queue.next() else { break };
            running.push(async move { (call, perform(plan, call, site).await) });
        }
        let Some((call, status)) = running.next().await else { break };
        site.journal().settled(call.id, &status);
        on_event(Event::Finished { call, status: &status });
        if status.is_settled() {
            queue.release(call.id);
        }
        results.insert(call.id, status);
    }
    leave_rest(plan, &mut results);
    results
}

/// Says of every call that was not started why not.
fn leave_rest(plan: &Plan, results: &mut BTreeMap<CallId, Status>) {
    let mut culprits: BTreeMap<CallId, CallId> = BTreeMap::new();
    for call in &plan.calls {
        if let Some(status) = results.get(&call.id) {
            if matches!(status, Status::Failed(_)) {
                culprits.insert(call.id, call.id);
            }
            continue;
        }
        let culprit = call.after.iter().find_map(|edge| culprits.get(&edge.call)).copied();
        let status = match culprit {
            Some(because) => {
                culprits.insert(call.id, because);
                Status::NotTried { because }
            }
            None => Status::Stopped,
        };
        results.insert(call.id, status);
    }
}

/// Calls whose turn has come, in the order of the plan, and those that wait for others.
struct Queue<'a> {
    ready: BTreeMap<CallId, &'a PlannedCall>,
    waiting: BTreeMap<CallId, (&'a PlannedCall, usize)>,
    followers: BTreeMap<CallId, Vec<CallId>>,
}

impl<'a> Queue<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut queue = Self { ready: BTreeMap::new(), waiting: BTreeMap::new(), followers: BTreeMap::new() };
        for call in &plan.calls {
            if call.after.is_empty() {
                queue.ready.insert(call.id, call);
            } else {
                queue.waiting.insert(call.id, (call, call.after.len()));
            }
            for edge in &call.after {
                queue.followers.entry(edge.call).or_default().push(call.id);
            }
        }
        queue
    }

    fn next(&mut self) -> Option<&'a PlannedCall> {
        self.ready.pop_first().map(|(_, call)| call)
    }

    fn release(&mut self, done: CallId) {
        for follower in self.followers.remove(&done).unwrap_or_default() {
            let Some((call, left)) = self.waiting.get_mut(&follower) else { continue };
            *left -= 1;
            if *left == 0 {
                self.ready.insert(follower, call);
                self.waiting.remove(&follower);
            }
        }
    }
}
