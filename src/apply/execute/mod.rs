//! Runs the calls of a plan: all calls that are ready run concurrently, each after reading the current state, and
//! what was written is read back while the rest continues.
//!
//! ```text
//!          ┌─ rows ──▶ read the space once ─┐
//! Queue ───┤                                ├─▶ look ─▶ write ─▶ settle ─▶ check ─▶ verified
//!          └─ lists ─▶ read the page ───────┘    └─▶ skip, and what depends on it
//! ```
//!
//! One loop owns all state; requests to the site are futures that resolve to a [`Finished`].

mod ended;
mod start;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use super::journal::{Journal, JournalError};
use super::leftover::{self, Leftover};
use super::look::{Look, PlannedListStates};
use super::moments::Moments;
use super::options::{ApplyOptions, SIDE_BY_SIDE};
use super::outcome::{self, ApplyOutcome, CallResult, Mismatch, Status, Verification};
use super::page::{self, PageRun, Written};
use super::queue::Queue;
use super::recorded::Recorded;
use super::space::SpaceRun;
use super::unverified::{List, Unverified};
use super::verify::{Seen, SpaceChecked};
use crate::confluence::{Error, Read, SpaceAccess, Write};
use crate::model::{Call, ContentId, Live, SpaceKey, WriteRequest};
use crate::plan::{CallId, Object, ObjectId, Plan, Planned, PlannedCall};

/// A request to stop. Calls in flight are finished; no further ones are started.
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
    /// A call of the plan ended.
    Finished { call: &'a PlannedCall, status: &'a Status },
    /// All calls have ended; what was written last is still being read again.
    Verifying,
}

/// Carries a plan out and verifies it. `earlier` is what earlier runs left unverified. It is an error if the
/// journal cannot be begun; then nothing was done.
pub async fn apply<S: Read + Write>(
    planned: &Planned,
    earlier: &[Unverified],
    site: &S,
    journal: &Journal,
    stop: &Stop,
    options: &ApplyOptions,
    on_event: &(dyn Fn(Event<'_>) + Sync),
) -> Result<ApplyOutcome, JournalError> {
    journal.begin(&planned.plan, earlier)?;
    let site = Recorded::new(site, journal);
    let mut run = Run::new(planned, earlier, &site, options, on_event);
    run.go(stop).await;
    run.look_after_leftovers(earlier).await;
    let outcome = run.into_outcome();
    journal.end(&outcome);
    Ok(outcome)
}

/// An apply that is under way.
struct Run<'a, S> {
    plan: &'a Plan,
    after: &'a Live,
    site: &'a Recorded<'a, S>,
    options: &'a ApplyOptions,
    on_event: &'a (dyn Fn(Event<'_>) + Sync),
    list_states: Arc<PlannedListStates<'a>>,
    queue: Queue<'a>,
    moments: Moments,
    spaces: BTreeMap<&'a SpaceKey, SpaceRun<'a>>,
    pages: BTreeMap<ContentId, PageRun<'a>>,
    /// Pages whose calls have ended, to be read again.
    settled: Vec<(ContentId, Written)>,
    running: FuturesUnordered<BoxFuture<'a, Finished<'a>>>,
    /// Calls in flight, the looks before them included.
    in_flight: usize,
    results: BTreeMap<CallId, Status>,
    /// Calls of the plan that the site has carried out.
    made: usize,
    verification: Verification,
    /// Objects that are as planned. An object that was written again after a check is checked again, and counts once.
    right: BTreeSet<ObjectId>,
    list: List<'a>,
}

/// What a future of the run comes to.
enum Finished<'a> {
    Looked { space: &'a SpaceKey, first: &'a PlannedCall, rows: Result<(SpaceAccess, Instant), Error> },
    Rows { call: &'a PlannedCall, request: WriteRequest, status: Status, look: Look, added: Vec<ObjectId> },
    Lists { call: &'a PlannedCall, ended: page::Ended },
    Checked { space: &'a SpaceKey, checked: SpaceChecked },
    PagesChecked(Vec<(ContentId, Seen)>),
}

impl<'a, S: Read + Write> Run<'a, S> {
    fn new(
        planned: &'a Planned,
        earlier: &'a [Unverified],
        site: &'a Recorded<'a, S>,
        options: &'a ApplyOptions,
        on_event: &'a (dyn Fn(Event<'_>) + Sync),
    ) -> Self {
        let plan = &planned.plan;
        let mut spaces = SpaceRun::all(plan);
        let mut list = List::new(plan, earlier);
        for entry in earlier {
            let id = ObjectId::of(&entry.object);
            match &entry.object {
                Object::Holding { space, principal, before, after } if plan.spaces.contains_key(space) => {
                    if entry.assigned && leftover::wants_role(planned, entry) {
                        let run = spaces.entry(space).or_insert_with(|| SpaceRun::new(space));
                        run.add_leftover(principal, before, after);
                    } else if !list.is_planned(&id) {
                        // The plan was made with this object in view, and has nothing to do about it.
                        list.seen(&id);
                    }
                }
                // A page that is hidden is not in view; see `look_after_leftovers`.
                Object::Page { space, content, .. }
                    if !list.is_planned(&id) && leftover::is_in_view(planned, space, *content) =>
                {
                    list.seen(&id);
                }
                Object::Holding { .. } | Object::Page { .. } => {}
            }
        }
        let mut pages: BTreeMap<ContentId, PageRun<'_>> = BTreeMap::new();
        for call in &plan.calls {
            if let Call::Restrict { space, content, .. } = &call.call {
                pages.entry(*content).or_insert_with(|| PageRun::new(space)).expect();
            }
        }
        Self {
            plan,
            after: &planned.after,
            site,
            options,
            on_event,
            list_states: Arc::new(PlannedListStates::of(plan)),
            queue: Queue::of(plan),
            moments: Moments::of(plan),
            spaces,
            pages,
            settled: Vec::new(),
            running: FuturesUnordered::new(),
            in_flight: 0,
            results: BTreeMap::new(),
            made: 0,
            verification: Verification::default(),
            right: BTreeSet::new(),
            list,
        }
    }

    async fn go(&mut self, stop: &Stop) {
        let mut is_verifying = false;
        loop {
            while self.in_flight < SIDE_BY_SIDE && !self.site.journal().is_broken() {
                let Some(call) = self.next(stop) else { break };
                self.start(call);
            }
            self.start_checks(self.running.is_empty());
            if !is_verifying && self.in_flight == 0 && self.results.len() == self.plan.calls.len() {
                is_verifying = true;
                (self.on_event)(Event::Verifying);
            }
            let Some(finished) = self.running.next().await else { break };
            self.finish(finished);
        }
    }

    /// The next call. A run that was asked to stop only makes the calls that it takes to end a transient state.
    fn next(&mut self, stop: &Stop) -> Option<&'a PlannedCall> {
        let is_spent = self.options.most_calls.is_some_and(|most| self.made + self.in_flight >= most);
        if !is_spent && !stop.is_requested() {
            return self.queue.next();
        }
        let (moments, results) = (&self.moments, &self.results);
        let is_made =
            |call| matches!(results.get(&call), Some(Status::Done | Status::Skipped { partly: true, .. }));
        self.queue.next_of(|call| moments.needs(call, is_made))
    }

    /// Reads what earlier runs left unverified where this plan does nothing.
    async fn look_after_leftovers(&mut self, earlier: &[Unverified]) {
        for entry in earlier {
            let id = ObjectId::of(&entry.object);
            let is_page = matches!(entry.object, Object::Page { .. });
            let is_covered = self.plan.spaces.contains_key(id.space()) && !is_page;
            if !self.list.holds(&id) || self.list.is_planned(&id) || is_covered {
                continue;
            }
            let mode = self.plan.site.space_role_mode;
            let (space, wrong) = (id.space().clone(), &mut self.verification.wrong);
            match leftover::read(entry, mode, &self.after.roles, self.site.read()).await {
                Leftover::Clean => self.list.seen(&id),
                Leftover::Stray => {}
                Leftover::Hidden if self.options.forget.iter().any(|it| it.covers(&entry.object)) => {
                    self.list.seen(&id);
                }
                Leftover::Hidden => wrong.push(match &entry.object {
                    Object::Page { content, .. } => Mismatch::Hidden { space, content: *content },
                    Object::Holding { principal, .. } => {
                        Mismatch::HiddenSpace { space, principal: principal.clone() }
                    }
                }),
                Leftover::Deleted => {
                    if let Object::Page { content, .. } = &entry.object {
                        wrong.push(Mismatch::Deleted { space, content: *content });
                    }
                    self.list.seen(&id);
                }
                Leftover::Unread(error) => wrong.push(Mismatch::Unread { space, why: Box::new(error) }),
            }
        }
    }

    fn into_outcome(mut self) -> ApplyOutcome {
        outcome::leave_rest(self.plan, &mut self.results);
        let results = self.results.into_iter().map(|(call, status)| CallResult { call, status }).collect();
        let unverified = if self.options.precautions.verify { self.list.into_entries() } else { Vec::new() };
        let verification = Verification { right: self.right.len(), ..self.verification };
        ApplyOutcome { results, verification, unverified }
    }
}
