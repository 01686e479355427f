//! What a run makes of what has ended: reads, calls and checks.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Event, Finished, Run};
use crate::apply::change::ConcurrentChange;
use crate::apply::outcome::{CallFailure, Mismatch, Status, UnlistedPermission};
use crate::apply::page;
use crate::apply::space::holders;
use crate::apply::verify::{Seen, SpaceChecked};
use crate::confluence::{Error, Read, SpaceAccess, Write};
use crate::model::{Call, ContentId, SpaceKey};
use crate::plan::{ObjectId, PlannedCall};

impl<'a, S: Read + Write> Run<'a, S> {
    pub(super) fn finish(&mut self, finished: Finished<'a>) {
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
                    self.rows_ended(call, Status::Failed(CallFailure::Unread(Arc::clone(&error))));
                }
            }
        }
    }

    fn checked(&mut self, key: &'a SpaceKey, checked: SpaceChecked) {
        let SpaceChecked { error, read, conditional, repairs, written, beside, known, right, unseen, wrong } =
            checked;
        for (id, permissions) in beside {
            self.list.note_beside(&id, permissions);
        }
        let Some(space) = self.spaces.get_mut(key) else { return };
        // Whether the site accepted a repair or not, it may have been carried out.
        let sent = written.iter().chain(repairs.iter().map(|(request, _)| request));
        space.was_checked(sent.flat_map(holders).cloned().collect(), read, unseen.keys());
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
            let unlisted = permissions.into_iter().map(|permission| UnlistedPermission {
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

    pub(super) fn rows_ended(&mut self, call: &'a PlannedCall, status: Status) {
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
        self.made += usize::from(matches!(status, Status::Done | Status::Skipped { partly: true, .. }));
        if status.is_settled() {
            self.queue.release(call.id);
        }
        self.results.insert(call.id, status);
    }
}
