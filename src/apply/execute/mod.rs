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

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use crate::confluence::{Error, Read, SpaceAccess, Write};
use crate::model::{Call, ContentId, Live, SpaceKey, WriteRequest};
use crate::plan::{CallId, Object, Plan, Planned, PlannedCall};

use super::change::ConcurrentChange;
use super::journal::{Journal, JournalError};
use super::leftover::{self, Leftover};
use super::look::{ListCall, Look, Passage, Standing};
use super::options::{ApplyOptions, SIDE_BY_SIDE};
use super::outcome::{self, CallResult, Failure, Mismatch, Outcome, Status, Unlisted, Verification};
use super::page::{self, PageRun, Written};
use super::perform::{perform, read_rows};
use super::queue::Queue;
use super::recorded::Recorded;
use super::space::SpaceRun;
use super::unverified::{List, ObjectId, Unverified};
use super::verify::{Checked, Seen, check, check_pages};

/// Settled pages that are worth a search of their own while calls are still under way.
const PAGES_TO_CHECK: usize = 32;

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
    passage: Arc<Passage<'a>>,
    queue: Queue<'a>,
    spaces: BTreeMap<&'a SpaceKey, SpaceRun<'a>>,
    pages: BTreeMap<ContentId, PageRun<'a>>,
    /// Pages whose calls have ended, to be read again.
    settled: Vec<(ContentId, Written)>,
    running: FuturesUnordered<BoxFuture<'a, Finished<'a>>>,
    /// Calls in flight, the looks before them included.
    in_flight: usize,
    results: BTreeMap<CallId, Status>,
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
    Checked { space: &'a SpaceKey, checked: Checked },
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
            passage: Arc::new(Passage::of(plan)),
            queue: Queue::of(plan),
            spaces,
            pages,
            settled: Vec::new(),
            running: FuturesUnordered::new(),
            in_flight: 0,
            results: BTreeMap::new(),
            verification: Verification::default(),
            right: BTreeSet::new(),
            list,
        }
    }

    async fn go(&mut self, stop: &Stop) {
        let mut is_verifying = false;
        loop {
            while self.in_flight < SIDE_BY_SIDE && !stop.is_requested() && !self.site.journal().is_broken() {
                let Some(call) = self.queue.next() else { break };
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

    /// Where the page stood when the plan was made.
    fn standing(&self, space: &SpaceKey, content: ContentId) -> Option<Standing> {
        let space = self.after.spaces.get(space)?;
        let found = space.tree.as_ref()?.get(content)?;
        let (kind, parent, archived) = (found.kind, found.parent, found.archived);
        Some(Standing { kind, space: space.space.id, parent, archived })
    }

    /// Starts a call, or puts it where it waits.
    fn start(&mut self, call: &'a PlannedCall) {
        let key = call.call.space();
        if let Call::Restrict { space, content, before, after } = &call.call {
            if self.pages.get_mut(content).is_some_and(|page| page.take(call)) {
                let stood = self.standing(space, *content);
                let lists = ListCall { id: call.id, space, content: *content, before, after, stood };
                self.start_lists(call, lists);
            }
            return;
        }
        let Some(space) = self.spaces.get_mut(key) else { return };
        if matches!(call.call, Call::Revoke { grant: None, .. }) {
            if self.options.precautions.verify {
                space.add_conditional(call);
            } else {
                self.rows_ended(call, Status::NotNeeded);
            }
        } else if space.is_closed(self.options.precautions) {
            space.waiting.push(call);
        } else {
            self.start_rows(key, call);
        }
    }

    fn start_rows(&mut self, key: &'a SpaceKey, call: &'a PlannedCall) {
        let (plan, site) = (self.plan, self.site);
        let Some(space) = self.spaces.get_mut(key) else { return };
        let Some(look) = space.look(call, self.options) else {
            space.is_busy = true;
            self.in_flight += 1;
            self.running.push(Box::pin(async move {
                let asked_at = Instant::now();
                let rows = read_rows(plan, site.read(), key).await.map(|rows| (rows, asked_at));
                Finished::Looked { space: key, first: call, rows }
            }));
            return;
        };
        let Some(request) = look.request.clone() else {
            self.rows_ended(call, look.status(None));
            return;
        };
        space.is_writing(&request);
        self.in_flight += 1;
        let added = self.list.note(&request);
        self.running.push(Box::pin(async move {
            let status = perform(plan, Some(call.id), &request, site).await;
            Finished::Rows { call, request, status, look, added }
        }));
    }

    fn start_lists(&mut self, call: &'a PlannedCall, lists: ListCall<'a>) {
        self.in_flight += 1;
        let (plan, site, options, passage) = (self.plan, self.site, self.options, Arc::clone(&self.passage));
        let earlier = self.pages.get(&lists.content).and_then(PageRun::written).cloned();
        self.running.push(Box::pin(async move {
            let ended = page::write(plan, &passage, &lists, earlier.as_ref(), options, site).await;
            Finished::Lists { call, ended }
        }));
    }

    /// Starts the checks whose time has come.
    fn start_checks(&mut self, is_end: bool) {
        if !self.options.precautions.verify {
            return;
        }
        let (plan, site) = (self.plan, self.site);
        for (&space, run) in &mut self.spaces {
            let Some(job) = run.check(is_end, &self.list, &self.after.roles, self.options.patience) else {
                continue;
            };
            self.running.push(Box::pin(async move {
                let checked = check(plan, &job, site).await;
                Finished::Checked { space, checked }
            }));
        }
        if is_end {
            let written =
                self.pages.iter_mut().filter_map(|(content, page)| Some((*content, page.check(true)?)));
            self.settled.extend(written);
        }
        let is_due = self.settled.len() >= PAGES_TO_CHECK || is_end && !self.settled.is_empty();
        if is_due {
            let (pages, patience) = (std::mem::take(&mut self.settled), self.options.patience);
            self.running.push(Box::pin(async move {
                Finished::PagesChecked(check_pages(plan, pages, patience, site.read()).await)
            }));
        }
    }

    fn finish(&mut self, finished: Finished<'a>) {
        match finished {
            Finished::Looked { space, first, rows } => {
                self.in_flight -= 1;
                self.looked(space, first, rows);
            }
            Finished::Rows { call, request, status, look, added } => {
                self.in_flight -= 1;
                let is_refused = !status.is_settled() && !status.may_have_written();
                if let Some(space) = self.spaces.get_mut(call.call.space()) {
                    space.has_answered();
                    if !is_refused {
                        space.has_written(&request, status.may_have_written());
                    }
                }
                // What was surely not carried out leaves nothing to verify, and what others had granted before
                // brought nothing along that would be ours.
                if is_refused {
                    for id in &added {
                        self.list.seen(id);
                    }
                } else if matches!(status, Status::AlreadySo) {
                    self.list.note_of_others(&added);
                }
                self.rows_ended(call, look.status(Some(status)));
            }
            Finished::Lists { call, ended } => {
                self.in_flight -= 1;
                self.lists_ended(call, ended);
            }
            Finished::Checked { space, checked } => self.checked(space, checked),
            Finished::PagesChecked(pages) => {
                for (content, seen) in pages {
                    self.page_checked(content, seen);
                }
            }
        }
    }

    fn looked(
        &mut self,
        key: &'a SpaceKey,
        first: &'a PlannedCall,
        rows: Result<(SpaceAccess, Instant), Error>,
    ) {
        let Some(space) = self.spaces.get_mut(key) else { return };
        let mut waiting = std::mem::take(&mut space.waiting);
        waiting.insert(0, first);
        match rows {
            Ok((rows, asked_at)) => {
                space.was_read(rows, asked_at);
                for call in waiting {
                    self.queue.put_back(call);
                }
            }
            Err(error) => {
                space.is_busy = false;
                let error = Arc::new(error);
                for call in waiting {
                    self.rows_ended(call, Status::Failed(Failure::Unread(Arc::clone(&error))));
                }
            }
        }
    }

    fn checked(&mut self, key: &'a SpaceKey, checked: Checked) {
        let Checked { error, read, conditional, repairs, written, beside, known, right, unseen, wrong } =
            checked;
        for (id, permissions) in beside {
            self.list.note_beside(&id, permissions);
        }
        let Some(space) = self.spaces.get_mut(key) else { return };
        let wrote = !repairs.is_empty() || !written.is_empty();
        space.was_checked(wrote, read, unseen.keys());
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
        let (taken_along, wrong): (Vec<Mismatch>, Vec<Mismatch>) =
            wrong.into_iter().partition(|wrong| matches!(wrong, Mismatch::TakenAlong { .. }));
        self.verification.wrong.extend(taken_along);
        if is_last {
            let holding = |principal| ObjectId::Holding { space: key.clone(), principal };
            self.right.extend(right.into_iter().map(holding));
            self.verification.wrong.extend(wrong);
        }
        if let Some(error) = error {
            let why = Box::new(error);
            self.verification.wrong.push(Mismatch::Unread { space: key.clone(), why });
        }
        for (id, status) in conditional {
            if let Some(call) = self.plan.calls.get(id.position()) {
                self.rows_ended(call, status);
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
        self.right.remove(&id);
        match seen {
            Seen::AsWritten => drop(self.right.insert(id.clone())),
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

    fn rows_ended(&mut self, call: &'a PlannedCall, status: Status) {
        if let Some(space) = self.spaces.get_mut(call.call.space()) {
            space.has_ended(call, status.is_settled());
        }
        self.settle(call, status);
    }

    fn lists_ended(&mut self, call: &'a PlannedCall, ended: page::Ended) {
        let Call::Restrict { space, content, .. } = &call.call else { return };
        // A page that was hidden from this run is looked for by later ones as well.
        let is_hidden = matches!(&ended.status, Status::Skipped { changes, .. }
            if changes.iter().any(|change| matches!(change, ConcurrentChange::Hidden { .. })));
        if ended.written.is_some() || is_hidden {
            self.list.note_page(space, *content);
        }
        if let Some(page) = self.pages.get_mut(content) {
            for waiting in page.ended(ended.written) {
                self.queue.put_back(waiting);
            }
            self.settled.extend(page.check(false).map(|written| (*content, written)));
        }
        self.settle(call, ended.status);
    }

    /// Notes how a call ended, and lets those start that waited for it.
    fn settle(&mut self, call: &'a PlannedCall, status: Status) {
        self.site.journal().settled(call.id, &status);
        (self.on_event)(Event::Finished { call, status: &status });
        if status.is_settled() {
            self.queue.release(call.id);
        }
        self.results.insert(call.id, status);
    }

    fn into_outcome(mut self) -> Outcome {
        outcome::leave_rest(self.plan, &mut self.results);
        let results = self.results.into_iter().map(|(call, status)| CallResult { call, status }).collect();
        let unverified = if self.options.precautions.verify { self.list.into_entries() } else { Vec::new() };
        let verification = Verification { right: self.right.len(), ..self.verification };
        Outcome { results, verification, unverified }
    }
}
