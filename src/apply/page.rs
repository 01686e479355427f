//! One page during an apply: its calls one after the other, each on lists that were just read, and what they
//! must show in the end.

use std::sync::Arc;

use crate::confluence::{Read, Stands, Write};
use crate::model::{Known, PageLabel, PageList, Parent, Restrictions, SpaceKey, Subject};
use crate::plan::{Plan, PlannedCall};

use super::change::ConcurrentChange;
use super::lag::Pauses;
use super::look::{ListCall, PageStood, PlannedListStates, lets_in, look_at_lists, same_list};
use super::options::ApplyOptions;
use super::outcome::{CallFailure, Status};
use super::perform::{lists_after, me, perform};
use super::recorded::Recorded;

/// A page whose lists the plan changes.
#[derive(Debug)]
pub(super) struct PageRun<'a> {
    pub(super) space: &'a SpaceKey,
    /// Calls of the plan that have not ended.
    left: usize,
    is_busy: bool,
    /// Calls that became ready while another one was in flight.
    waiting: Vec<&'a PlannedCall>,
    /// What the writes made of the lists.
    written: Option<Written>,
    /// Whether that is still to be checked.
    is_unchecked: bool,
}

/// What became of the lists of a page.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// The lists that were there before each write: what a read that lags may show.
    pub(super) before: Vec<Restrictions>,
    /// The lists after the last write.
    pub(super) after: Restrictions,
}

/// What lists that were read show of what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteSeen {
    AsWritten,
    /// One of the lists at least is as it was before a write, whatever the other is: a later read may show more.
    Late,
    /// None is late, and one is as it neither was before nor was written.
    Otherwise,
}

impl Written {
    /// Each list counts by itself: the two may come from two reads, of which only one lags.
    pub(super) fn shown_by(&self, now: &Restrictions, me: &Subject) -> WriteSeen {
        let mut shown = WriteSeen::AsWritten;
        for list in PageList::ALL {
            let is = |state: &Restrictions| same_list(state.audience(list), now.audience(list), me);
            if is(&self.after) {
                continue;
            }
            if self.before.iter().any(is) {
                return WriteSeen::Late;
            }
            shown = WriteSeen::Otherwise;
        }
        shown
    }
}

/// How a call on a page ended, and what it wrote, if it did.
pub(super) struct Ended {
    pub(super) status: Status,
    pub(super) written: Option<Written>,
}

impl Ended {
    fn skipped(change: ConcurrentChange) -> Self {
        Self { status: Status::Skipped { changes: vec![change], partly: false }, written: None }
    }
}

impl<'a> PageRun<'a> {
    pub(super) const fn new(space: &'a SpaceKey) -> Self {
        Self { space, left: 0, is_busy: false, waiting: Vec::new(), written: None, is_unchecked: false }
    }

    /// Counts one more call of the plan.
    pub(super) const fn expect(&mut self) {
        self.left += 1;
    }

    /// What earlier calls of this run wrote.
    pub(super) const fn written(&self) -> Option<&Written> {
        self.written.as_ref()
    }

    /// Takes the page for a call, unless another is under way; then the call waits.
    pub(super) fn take(&mut self, call: &'a PlannedCall) -> bool {
        if self.is_busy {
            self.waiting.push(call);
            return false;
        }
        self.is_busy = true;
        true
    }

    /// Notes how a call ended. Gives the calls that waited for it.
    pub(super) fn ended(&mut self, written: Option<Written>) -> Vec<&'a PlannedCall> {
        self.is_busy = false;
        self.left -= 1;
        if let Some(written) = written {
            let mut before = self.written.take().map(|earlier| earlier.before).unwrap_or_default();
            before.extend(written.before);
            self.written = Some(Written { before, after: written.after });
            self.is_unchecked = true;
        }
        std::mem::take(&mut self.waiting)
    }

    /// What is to be checked, once all calls have ended or `is_end` says that no other will.
    pub(super) fn check(&mut self, is_end: bool) -> Option<Written> {
        let is_due = self.is_unchecked && (self.left == 0 || is_end);
        self.is_unchecked &= !is_due;
        self.written.clone().filter(|_| is_due)
    }
}

/// Looks at the lists of a page and makes a call on them, as far as it still applies. `earlier` is what calls of this
/// run wrote there before.
pub(super) async fn write<S: Read + Write>(
    plan: &Plan,
    list_states: &PlannedListStates<'_>,
    call: &ListCall<'_>,
    earlier: Option<&Written>,
    options: &ApplyOptions,
    site: &Recorded<'_, S>,
) -> Ended {
    // What else decides is asked before the lists, so that nothing lies between these and the write.
    let is_asked = lets_in(call.before, call.after);
    if options.precautions.look
        && let Some(ended) = does_not_fit(plan, call, is_asked, site).await
    {
        return ended;
    }
    let now = match now(plan, call, earlier, options, site).await {
        Ok(now) => now,
        Err(failure) => return Ended { status: Status::Failed(failure), written: None },
    };
    let look = look_at_lists(list_states, call, &now, &plan.site.caller);
    let (Some(request), Known::Known(now)) = (&look.request, now) else {
        return Ended { status: look.status(None), written: None };
    };
    let after = lists_after(request, &now);
    if options.precautions.look
        && !is_asked
        && lets_in(&now, &after)
        && let Some(ended) = stands_elsewhere(call, site).await
    {
        return ended;
    }
    let status = perform(plan, Some(call.id), request, site).await;
    let has_written = status.is_settled() || status.may_have_written();
    let written = has_written.then(|| Written { before: vec![now], after });
    Ended { status: look.status(Some(status)), written }
}

/// Why a call is not made whatever the lists are: the page lost the label by which the policy means it, or stands
/// elsewhere, where the call is to let anyone in.
async fn does_not_fit<S: Read + Write>(
    plan: &Plan,
    call: &ListCall<'_>,
    lets_in: bool,
    site: &Recorded<'_, S>,
) -> Option<Ended> {
    match lost_label(plan, call, site).await {
        Ok(None) if lets_in => stands_elsewhere(call, site).await,
        Ok(None) => None,
        Ok(Some(label)) => {
            let (space, content) = (call.space.clone(), call.content);
            Some(Ended::skipped(ConcurrentChange::Unlabelled { space, content, label }))
        }
        Err(failure) => Some(Ended { status: Status::Failed(failure), written: None }),
    }
}

async fn stands_elsewhere<S: Read + Write>(call: &ListCall<'_>, site: &Recorded<'_, S>) -> Option<Ended> {
    match is_elsewhere(call, site).await {
        Ok(false) => None,
        Ok(true) => {
            let (space, content) = (call.space.clone(), call.content);
            Some(Ended::skipped(ConcurrentChange::Moved { space, content }))
        }
        Err(failure) => Some(Ended { status: Status::Failed(failure), written: None }),
    }
}

/// The label by which the policy means a page, if the page does not show it any more.
async fn lost_label<S: Read + Write>(
    plan: &Plan,
    call: &ListCall<'_>,
    site: &Recorded<'_, S>,
) -> Result<Option<PageLabel>, CallFailure> {
    let labels = plan.pages.get(&call.content).map(|page| &page.labels);
    let Some(labels) = labels.filter(|labels| !labels.is_empty()) else { return Ok(None) };
    let now = site.read().labels_now(call.content).await;
    let now = now.map_err(|error| CallFailure::Unread(Arc::new(error)))?;
    let has = |label: &&PageLabel| now.as_ref().known().is_some_and(|now| now.contains(*label));
    Ok(labels.iter().find(|label| !has(label)).cloned())
}

/// Whether a page stands elsewhere than when the plan was made. Asked before a change that lets anyone in: the
/// policy may not be about the page where it is now.
async fn is_elsewhere<S: Read + Write>(
    call: &ListCall<'_>,
    site: &Recorded<'_, S>,
) -> Result<bool, CallFailure> {
    let Some(PageStood { kind, space, parent, archived }) = call.stood else { return Ok(false) };
    let now = site.read().place_now(call.content, kind, space).await;
    let now = now.map_err(|error| CallFailure::Unread(Arc::new(error)))?;
    let is_moved = |now: Stands| now.archived != archived || parent != Parent::Unknown && now.under != parent;
    Ok(now.is_none_or(is_moved))
}

/// Reads the lists before a call. A call sends a list that it does not change as it was read; so what this run wrote
/// itself must show first, or the call would put the list back.
async fn now<S: Read + Write>(
    plan: &Plan,
    call: &ListCall<'_>,
    earlier: Option<&Written>,
    options: &ApplyOptions,
    site: &Recorded<'_, S>,
) -> Result<Known<Restrictions>, CallFailure> {
    if !options.precautions.look {
        return Ok(Known::Known(call.before.clone()));
    }
    let me = me(&plan.site.caller);
    let mut pauses = Pauses::within(options.patience);
    loop {
        let now = site.read().restrictions_now(call.content).await;
        let now = now.map_err(|error| CallFailure::Unread(Arc::new(error)))?;
        let shown = now.as_ref().known().zip(earlier).map(|(now, earlier)| earlier.shown_by(now, &me));
        if shown != Some(WriteSeen::Late) {
            return Ok(now);
        }
        if !pauses.wait().await {
            return Err(CallFailure::ListsUnseen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Audience;

    fn only(account: &str) -> Audience {
        Audience::from_site_list([Subject::User(account.parse().unwrap())])
    }

    /// As long as one list is late, nothing is concluded from the other.
    #[test]
    fn a_late_list_is_waited_for_whatever_the_other_is() {
        let before = Restrictions { view: only("ann"), edit: only("ann") };
        let after = Restrictions { view: only("bob"), edit: only("bob") };
        let written = Written { before: vec![before], after };
        let me = Subject::User("me".parse().unwrap());
        let shown = |view: &str, edit: &str| {
            written.shown_by(&Restrictions { view: only(view), edit: only(edit) }, &me)
        };
        assert_eq!(shown("bob", "bob"), WriteSeen::AsWritten);
        assert_eq!(shown("eve", "bob"), WriteSeen::Otherwise);
        for (view, edit) in [("ann", "bob"), ("bob", "ann"), ("ann", "eve"), ("eve", "ann")] {
            assert_eq!(shown(view, edit), WriteSeen::Late, "{view} {edit}");
        }
    }
}
