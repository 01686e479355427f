//! Starts calls that are ready, each with the read before it, and the checks of what was written.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Finished, Run};
use crate::apply::look::{ListCall, PageStood};
use crate::apply::outcome::Status;
use crate::apply::page::{self, PageRun};
use crate::apply::perform::{perform, read_rows};
use crate::apply::verify::{check, check_pages};
use crate::confluence::{Read, Write};
use crate::model::{Call, ContentId, SpaceKey};
use crate::plan::PlannedCall;

/// Settled pages that are worth a search of their own while calls are still under way.
const PAGES_TO_CHECK: usize = 32;

impl<'a, S: Read + Write> Run<'a, S> {
    /// Starts a call, or puts it where it waits.
    pub(super) fn start(&mut self, call: &'a PlannedCall) {
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
        let (plan, site, options, list_states) =
            (self.plan, self.site, self.options, Arc::clone(&self.list_states));
        let earlier = self.pages.get(&lists.content).and_then(PageRun::written).cloned();
        self.running.push(Box::pin(async move {
            let ended = page::write(plan, &list_states, &lists, earlier.as_ref(), options, site).await;
            Finished::Lists { call, ended }
        }));
    }

    /// Starts the checks that are due.
    pub(super) fn start_checks(&mut self, is_end: bool) {
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

    /// Where the page stood when the plan was made.
    fn standing(&self, space: &SpaceKey, content: ContentId) -> Option<PageStood> {
        let space = self.after.spaces.get(space)?;
        let found = space.tree.as_ref()?.get(content)?;
        let (kind, parent, archived) = (found.kind, found.parent, found.archived);
        Some(PageStood { kind, space: space.space.id, parent, archived })
    }
}
