//! Runs the calls of a plan: everything whose turn has come side by side, each after a look at what is there,
//! and reads what was written again while the rest goes on.
//!
//! ```text
//!          ┌─ rows ──▶ read the space once ─┐
//! Queue ───┤                                ├─▶ look ─▶ write ─▶ settle ─▶ check ─▶ verified
//!          └─ lists ─▶ read the page ───────┘    └─▶ skip, and what depends on it
//! ```
//!
//! One loop owns all state; what waits for the site are futures that give back a [`Finished`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::confluence::{Error, Read, SpaceAccess, Write};
use crate::model::{Call, ContentId, Known, Restrictions, SpaceKey, WriteRequest};
use crate::plan::{CallId, HoldingState, Object, Plan, Planned, PlannedCall};

use super::journal::{Journal, JournalError};
use super::leftover::is_clean;
use super::look::{HoldingStates, ListCall, Look, Passage, look_at_lists, look_at_rows};
use super::options::ApplyOptions;
use super::outcome::{CallResult, Failure, Mismatch, Outcome, Status, Unlisted, Verification};
use super::perform::{lists_after, perform, read_rows};
use super::queue::Queue;
use super::recorded::Recorded;
use super::space::SpaceRun;
use super::unverified::{List, ObjectId, Unverified};
use super::verify::{Checked, Seen, check, check_lists};

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
) -> Result<Outcome, JournalError> {
    journal.begin(&planned.plan, earlier)?;
    let site = Recorded::new(site, journal);
    let mut run = Run::new(planned, earlier, &site, options);
    run.go(stop, on_event).await;
    run.look_after_leftovers(earlier).await;
    let outcome = run.into_outcome();
    journal.end(&outcome);
    Ok(outcome)
}

/// An apply that is under way.
struct Run<'a, S> {
    plan: &'a Plan,
    site: &'a Recorded<'a, S>,
    options: &'a ApplyOptions,
    states: Arc<HoldingStates<'a>>,
    passage: Arc<Passage<'a>>,
    queue: Queue<'a>,
    spaces: BTreeMap<&'a SpaceKey, SpaceRun<'a>>,
    pages: BTreeMap<ContentId, PageRun<'a>>,
    running: FuturesUnordered<BoxFuture<'a, Finished<'a>>>,
    /// Calls in flight, the looks before them included.
    in_flight: usize,
    results: BTreeMap<CallId, Status>,
    verification: Verification,
    list: List<'a>,
}

/// A page during an apply.
#[derive(Debug)]
struct PageRun<'a> {
    space: &'a SpaceKey,
    /// Calls of the plan that have not ended.
    left: usize,
    is_busy: bool,
    /// Calls whose turn has come while another was under way.
    waiting: Vec<&'a PlannedCall>,
    /// The lists that were there before each write.
    before: Vec<Restrictions>,
    written: Option<Restrictions>,
}

/// What a future of the run comes to.
enum Finished<'a> {
    Looked {
        space: &'a SpaceKey,
        first: &'a PlannedCall,
        rows: Result<SpaceAccess, Error>,
    },
    Rows {
        call: &'a PlannedCall,
        request: WriteRequest,
        status: Status,
        look: Look,
        added: Vec<ObjectId>,
    },
    Lists {
        call: &'a PlannedCall,
        status: Status,
        before: Option<Restrictions>,
        written: Option<Restrictions>,
    },
    Checked {
        space: &'a SpaceKey,
        checked: Checked,
    },
    PageChecked {
        content: ContentId,
        seen: Seen,
    },
}

impl<'a, S: Read + Write> Run<'a, S> {
    fn new(
        planned: &'a Planned,
        earlier: &'a [Unverified],
        site: &'a Recorded<'a, S>,
        options: &'a ApplyOptions,
    ) -> Self {
        let plan = &planned.plan;
        let mut spaces = SpaceRun::all(plan);
        let mut list = List::new(plan, earlier);
        for entry in earlier {
            let id = ObjectId::of(&entry.object);
            match &entry.object {
                Object::Holding { space, principal, before, after } if plan.spaces.contains_key(space) => {
                    if entry.assigned && wants_role(planned, entry) {
                        let run = spaces.entry(space).or_insert_with(|| SpaceRun::new(space));
                        run.add_leftover(principal, before, after);
                    } else if !list.is_planned(&id) {
                        // The plan was made with this object in view, and has nothing to do about it.
                        list.seen(&id);
                    }
                }
                Object::Page { space, .. } if plan.spaces.contains_key(space) && !list.is_planned(&id) => {
                    list.seen(&id);
                }
                Object::Holding { .. } | Object::Page { .. } => {}
            }
        }
        let mut pages: BTreeMap<ContentId, PageRun<'_>> = BTreeMap::new();
        for call in &plan.calls {
            if let Call::Restrict { space, content, .. } = &call.call {
                pages.entry(*content).or_insert_with(|| PageRun::new(space)).left += 1;
            }
        }
        Self {
            plan,
            site,
            options,
            states: Arc::new(HoldingStates::of(plan)),
            passage: Arc::new(Passage::of(plan)),
            queue: Queue::of(plan),
            spaces,
            pages,
            running: FuturesUnordered::new(),
            in_flight: 0,
            results: BTreeMap::new(),
            verification: Verification::default(),
            list,
        }
    }

    async fn go(&mut self, stop: &Stop, on_event: &(dyn Fn(Event<'_>) + Sync)) {
        let mut is_verifying = false;
        loop {
            while self.in_flight < SIDE_BY_SIDE && !stop.is_requested() && !self.site.journal().is_broken() {
                let Some(call) = self.queue.next() else { break };
                self.start(call);
            }
            self.start_checks(self.running.is_empty());
            if !is_verifying && self.in_flight == 0 && self.results.len() == self.plan.calls.len() {
                is_verifying = true;
                on_event(Event::Verifying);
            }
            let Some(finished) = self.running.next().await else { break };
            self.finish(finished, on_event);
        }
    }

    /// Reads what earlier runs left unverified where this plan does nothing.
    async fn look_after_leftovers(&mut self, earlier: &[Unverified]) {
        for entry in earlier {
            let id = ObjectId::of(&entry.object);
            if !self.plan.spaces.contains_key(id.space())
                && is_clean(entry, self.plan.site.space_role_mode, self.site.read()).await
            {
                self.list.seen(&id);
            }
        }
    }

    /// Starts a call, or puts it where it waits.
    fn start(&mut self, call: &'a PlannedCall) {
        if let Call::Restrict { content, .. } = &call.call {
            let Some(page) = self.pages.get_mut(content) else { return };
            if page.is_busy {
                page.waiting.push(call);
            } else {
                page.is_busy = true;
                self.start_lists(call);
            }
            return;
        }
        let Some(space) = self.spaces.get_mut(call.call.space()) else { return };
        if let Call::Revoke { grant: None, .. } = &call.call
            && self.options.precautions.verify
        {
            space.add_conditional(call);
        } else if space.is_closed() {
            space.waiting.push(call);
        } else {
            self.start_rows(call);
        }
    }

    fn start_rows(&mut self, call: &'a PlannedCall) {
        let key = call.call.space();
        let Some(space) = self.spaces.get_mut(key) else { return };
        self.in_flight += 1;
        let look = if self.options.precautions.look || matches!(call.call, Call::Revoke { grant: None, .. }) {
            let Some((rows, written)) = space.rows(call, self.options.freshness) else {
                space.is_busy = true;
                let (plan, site) = (self.plan, self.site);
                self.running.push(Box::pin(async move {
                    let rows = read_rows(plan, site.read(), key).await;
                    Finished::Looked { space: key, first: call, rows }
                }));
                return;
            };
            look_at_rows(&self.states, call, rows, written)
        } else {
            Look::blind(&call.call)
        };
        space.in_flight += 1;
        let Some(request) = look.request.clone() else {
            let status = look.status(None);
            self.in_flight -= 1;
            space.in_flight -= 1;
            let is_settled = status.is_settled();
            self.ended_rows(call, is_settled);
            self.settle(call, status, &|_| ());
            return;
        };
        space.is_writing(&request);
        let added = self.list.note(&request);
        let (plan, site) = (self.plan, self.site);
        self.running.push(Box::pin(async move {
            let status = perform(plan, Some(call.id), &request, site).await;
            Finished::Rows { call, request, status, look, added }
        }));
    }

    fn start_lists(&mut self, call: &'a PlannedCall) {
        let Call::Restrict { space, content, before, after } = &call.call else { return };
        self.in_flight += 1;
        let (plan, site, passage, is_looking) =
            (self.plan, self.site, Arc::clone(&self.passage), self.options.precautions.look);
        self.running.push(Box::pin(async move {
            let now = if is_looking {
                match site.read().restrictions_now(*content).await {
                    Ok(now) => now,
                    Err(error) => {
                        let status = Status::Failed(Failure::Unread(Arc::new(error)));
                        return Finished::Lists { call, status, before: None, written: None };
                    }
                }
            } else {
                Known::Known(before.clone())
            };
            let list_call = ListCall { id: call.id, space, content: *content, before, after };
            let look = look_at_lists(&passage, &list_call, &now, &plan.site.caller);
            let Some(request) = &look.request else {
                return Finished::Lists {
                    call,
                    status: look.status(None),
                    before: None,
                    written: now.known(),
                };
            };
            let Known::Known(now) = now else {
                return Finished::Lists { call, status: look.status(None), before: None, written: None };
            };
            let written = lists_after(request, &now);
            let status = perform(plan, Some(call.id), request, site).await;
            let is_refused = !status.is_settled() && !status.may_have_written();
            let status = look.status(Some(status));
            if is_refused {
                return Finished::Lists { call, status, before: None, written: None };
            }
            Finished::Lists { call, status, before: Some(now), written: Some(written) }
        }));
    }

    /// Starts the checks whose time has come.
    fn start_checks(&mut self, is_end: bool) {
        if !self.options.precautions.verify {
            return;
        }
        let (plan, site) = (self.plan, self.site);
        for (&space, run) in &mut self.spaces {
            let Some(job) = run.check(is_end, &self.list, self.options.patience) else { continue };
            self.running.push(Box::pin(async move {
                let checked = check(plan, &job, site).await;
                Finished::Checked { space, checked }
            }));
        }
        if is_end {
            let pages: Vec<ContentId> = self.pages.keys().copied().collect();
            for content in pages {
                self.check_page(content);
            }
        }
    }

    fn check_page(&mut self, content: ContentId) {
        let Some(page) = self.pages.get_mut(&content) else { return };
        let Some(written) = page.written.take().filter(|_| self.options.precautions.verify) else { return };
        let before = std::mem::take(&mut page.before);
        let (plan, site, patience) = (self.plan, self.site, self.options.patience);
        self.running.push(Box::pin(async move {
            let seen = check_lists(plan, content, &before, &written, patience, site.read()).await;
            Finished::PageChecked { content, seen }
        }));
    }

    fn finish(&mut self, finished: Finished<'a>, on_event: &(dyn Fn(Event<'_>) + Sync)) {
        match finished {
            Finished::Looked { space, first, rows } => {
                self.in_flight -= 1;
                self.looked(space, first, rows, on_event);
            }
            Finished::Rows { call, request, status, look, added } => {
                self.in_flight -= 1;
                let is_refused = !status.is_settled() && !status.may_have_written();
                if let Some(space) = self.spaces.get_mut(call.call.space()) {
                    space.in_flight -= 1;
                    if !is_refused {
                        space.has_written(&request, status.may_have_written());
                    }
                }
                // What was surely not carried out leaves nothing to verify.
                added.iter().filter(|_| is_refused).for_each(|id| self.list.seen(id));
                let status = look.status(Some(status));
                self.ended_rows(call, status.is_settled());
                self.settle(call, status, on_event);
            }
            Finished::Lists { call, status, before, written } => {
                self.in_flight -= 1;
                self.ended_lists(call, before, written);
                self.settle(call, status, on_event);
            }
            Finished::Checked { space, checked } => self.checked(space, checked, on_event),
            Finished::PageChecked { content, seen } => self.page_checked(content, seen),
        }
    }

    fn looked(
        &mut self,
        key: &'a SpaceKey,
        first: &'a PlannedCall,
        rows: Result<SpaceAccess, Error>,
        on_event: &(dyn Fn(Event<'_>) + Sync),
    ) {
        let Some(space) = self.spaces.get_mut(key) else { return };
        let mut waiting = std::mem::take(&mut space.waiting);
        waiting.insert(0, first);
        match rows {
            Ok(rows) => {
                space.was_read(rows);
                for call in waiting {
                    self.queue.put_back(call);
                }
            }
            Err(error) => {
                space.is_busy = false;
                let error = Arc::new(error);
                for call in waiting {
                    self.ended_rows(call, false);
                    self.settle(call, Status::Failed(Failure::Unread(Arc::clone(&error))), on_event);
                }
            }
        }
    }

    fn checked(&mut self, key: &'a SpaceKey, checked: Checked, on_event: &(dyn Fn(Event<'_>) + Sync)) {
        let Checked { error, conditional, repairs, written, known, right, unseen, wrong } = checked;
        let Some(space) = self.spaces.get_mut(key) else { return };
        let wrote = !repairs.is_empty() || !written.is_empty();
        space.was_checked(wrote, unseen.keys());
        let accepted = repairs.iter().filter(|(_, is_accepted)| *is_accepted).map(|(request, _)| request);
        for request in written.iter().chain(accepted) {
            space.has_written(request, true);
        }
        let is_last = !space.is_dirty();
        let waiting = std::mem::take(&mut space.waiting);
        self.verification.repairs += repairs.iter().filter(|(_, is_accepted)| *is_accepted).count();
        for principal in &known {
            let id = ObjectId::Holding { space: key.clone(), principal: principal.clone() };
            self.list.seen(&id);
            self.site.journal().seen(&id);
        }
        for (principal, permissions) in unseen {
            let unlisted = permissions.into_iter().map(|permission| Unlisted {
                space: key.clone(),
                principal: principal.clone(),
                permission,
            });
            self.verification.unlisted.extend(unlisted);
        }
        if is_last {
            self.verification.right += right.len();
            self.verification.wrong.extend(wrong);
        }
        if let Some(error) = error {
            let why = Box::new(error);
            self.verification.wrong.push(Mismatch::Unread { space: key.clone(), why });
        }
        for (id, status) in conditional {
            if let Some(call) = self.plan.calls.get(id.position()) {
                self.ended_rows(call, status.is_settled());
                self.settle(call, status, on_event);
            }
        }
        for call in waiting {
            self.queue.put_back(call);
        }
    }

    fn page_checked(&mut self, content: ContentId, seen: Seen) {
        let Some(page) = self.pages.get(&content) else { return };
        let space = page.space.clone();
        let id = ObjectId::Page { space: space.clone(), content };
        match seen {
            Seen::AsWritten => self.verification.right += 1,
            Seen::Changed => self.verification.wrong.push(Mismatch::Page { space, content }),
            Seen::NotYet => return,
            Seen::Hidden => {
                self.verification.wrong.push(Mismatch::Hidden { space, content });
                return;
            }
            Seen::Unread(error) => {
                self.verification.wrong.push(Mismatch::Unread { space, why: Box::new(error) });
                return;
            }
        }
        self.list.seen(&id);
        self.site.journal().seen(&id);
    }

    fn ended_rows(&mut self, call: &'a PlannedCall, is_as_planned: bool) {
        if let Some(space) = self.spaces.get_mut(call.call.space()) {
            space.is_settled(call, is_as_planned);
        }
    }

    fn ended_lists(
        &mut self,
        call: &'a PlannedCall,
        before: Option<Restrictions>,
        written: Option<Restrictions>,
    ) {
        let Call::Restrict { space, content, .. } = &call.call else { return };
        let Some(page) = self.pages.get_mut(content) else { return };
        page.is_busy = false;
        page.left -= 1;
        page.waiting.drain(..).for_each(|call| self.queue.put_back(call));
        if let (Some(before), Some(after)) = (before, &written) {
            page.before.push(before.clone());
            let request = WriteRequest::Restrict {
                space: space.clone(),
                content: *content,
                now: before,
                after: after.clone(),
            };
            drop(self.list.note(&request));
        }
        page.written = written.or(page.written.take());
        if page.left == 0 {
            self.check_page(*content);
        }
    }

    /// Notes how a call ended, and lets those start that waited for it.
    fn settle(&mut self, call: &'a PlannedCall, status: Status, on_event: &(dyn Fn(Event<'_>) + Sync)) {
        self.site.journal().settled(call.id, &status);
        on_event(Event::Finished { call, status: &status });
        if status.is_settled() {
            self.queue.release(call.id);
        }
        self.results.insert(call.id, status);
    }

    fn into_outcome(mut self) -> Outcome {
        leave_rest(self.plan, &mut self.results);
        let results = self.results.into_iter().map(|(call, status)| CallResult { call, status }).collect();
        let unverified = if self.options.precautions.verify { self.list.into_entries() } else { Vec::new() };
        Outcome { results, verification: self.verification, unverified }
    }
}

impl<'a> PageRun<'a> {
    const fn new(space: &'a SpaceKey) -> Self {
        Self { space, left: 0, is_busy: false, waiting: Vec::new(), before: Vec::new(), written: None }
    }
}

/// Whether the site is still to have the role that an earlier run assigned.
fn wants_role(planned: &Planned, entry: &Unverified) -> bool {
    let Object::Holding { space, principal, after: HoldingState::Role { role }, .. } = &entry.object else {
        return false;
    };
    let now = planned.after.spaces.get(space).and_then(|space| space.holdings.get(principal));
    matches!(now, Some(crate::model::Holding::Role(now)) if now == role)
}

/// Says of every call that was not started why not.
fn leave_rest(plan: &Plan, results: &mut BTreeMap<CallId, Status>) {
    let mut culprits: BTreeMap<CallId, CallId> = BTreeMap::new();
    for call in &plan.calls {
        if let Some(status) = results.get(&call.id) {
            if !status.is_settled() {
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
