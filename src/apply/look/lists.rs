//! The lists of one page against the states that the plan passes through.

use std::collections::BTreeMap;

use crate::model::{
    AccountId, Audience, Call, ContentId, ContentKind, Known, Members, PageList, Parent, Restrictions,
    SpaceId, SpaceKey, Subject, WriteRequest,
};
use crate::plan::{CallId, Plan};

use super::{ConcurrentChange, Look};

/// The states of the lists of each page, in the order in which a plan passes through them: a page whose lists
/// are replaced in two steps has three.
#[derive(Debug, Default)]
pub(in crate::apply) struct PlannedListStates<'a>(
    BTreeMap<ContentId, Vec<(CallId, &'a Restrictions, &'a Restrictions)>>,
);

impl<'a> PlannedListStates<'a> {
    pub(in crate::apply) fn of(plan: &'a Plan) -> Self {
        let mut steps: BTreeMap<ContentId, Vec<_>> = BTreeMap::new();
        for planned in &plan.calls {
            if let Call::Restrict { content, before, after, .. } = &planned.call {
                steps.entry(*content).or_default().push((planned.id, before, after));
            }
        }
        Self(steps)
    }

    /// Where a list is on the way, seen from this call, if it is in one of the states of the plan at all. A list that
    /// is both in a state before the call and in one after it needs no call.
    fn place(
        &self,
        call: CallId,
        content: ContentId,
        list: PageList,
        now: &Audience,
        me: &Subject,
    ) -> Option<ListPlace> {
        let is_in = |state: &Restrictions| same_list(state.audience(list), now, me);
        let mut after = self.steps(content).filter(|(id, ..)| *id >= call).map(|(.., after)| after);
        let mut before = self.steps(content).filter(|(id, ..)| *id <= call).map(|(_, before, _)| before);
        if after.any(|state| is_in(state)) {
            Some(ListPlace::Done)
        } else {
            before.any(|state| is_in(state)).then_some(ListPlace::Ahead)
        }
    }

    fn steps(
        &self,
        content: ContentId,
    ) -> impl Iterator<Item = &(CallId, &'a Restrictions, &'a Restrictions)> {
        self.0.get(&content).into_iter().flatten()
    }
}

/// Where a list is on the way through a plan.
enum ListPlace {
    /// In a state that comes after the call, or is what the call makes of it.
    Done,
    /// In a state that comes before the call.
    Ahead,
}

/// A call on the lists of one page.
pub(in crate::apply) struct ListCall<'a> {
    pub(in crate::apply) id: CallId,
    pub(in crate::apply) space: &'a SpaceKey,
    pub(in crate::apply) content: ContentId,
    pub(in crate::apply) before: &'a Restrictions,
    pub(in crate::apply) after: &'a Restrictions,
    /// Where the page stood when the plan was made.
    pub(in crate::apply) stood: Option<PageStood>,
}

/// Where a page stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::apply) struct PageStood {
    pub(in crate::apply) kind: ContentKind,
    pub(in crate::apply) space: SpaceId,
    pub(in crate::apply) parent: Parent,
    pub(in crate::apply) archived: bool,
}

/// Whether a change of lists lets anyone through who was not let through before, if it is done to another page
/// than was meant.
pub(in crate::apply) fn lets_in(now: &Restrictions, after: &Restrictions) -> bool {
    PageList::ALL.iter().any(|&list| match (now.audience(list), after.audience(list)) {
        (Audience::Anyone, _) => false,
        (Audience::Only(_), Audience::Anyone) => true,
        (Audience::Only(now), Audience::Only(after)) => after.iter().any(|subject| !now.contains(subject)),
    })
}

/// What to do about a call on a page. Each list counts by itself; a list that the call does not change is
/// sent as it was just read, even if it has changed.
pub(in crate::apply) fn look_at_lists(
    list_states: &PlannedListStates<'_>,
    call: &ListCall<'_>,
    now: &Known<Restrictions>,
    caller: &AccountId,
) -> Look {
    let &ListCall { id, space, content, before, after, .. } = call;
    let Known::Known(now) = now else {
        return Look::changed(ConcurrentChange::Hidden { space: space.clone(), content });
    };
    let me = Subject::User(caller.clone());
    let mut send = now.clone();
    let mut changes = Vec::new();
    for list in PageList::ALL {
        let (was, is, wanted) = (before.audience(list), now.audience(list), after.audience(list));
        if was == wanted {
            continue;
        }
        match list_states.place(id, content, list, is, &me) {
            Some(ListPlace::Done) => {}
            Some(ListPlace::Ahead) => *send.audience_mut(list) = wanted.clone(),
            None => changes.push(ConcurrentChange::List {
                space: space.clone(),
                content,
                list,
                before: was.clone(),
                now: is.clone(),
                intended: wanted.clone(),
            }),
        }
    }
    let request = (send != *now).then(|| request(space, content, now, send));
    Look { request, changes }
}

/// The request that changes least: one more entry on a list that has some goes by itself.
fn request(space: &SpaceKey, content: ContentId, now: &Restrictions, after: Restrictions) -> WriteRequest {
    if let Some((list, subject)) = now.only_addition(&after) {
        return WriteRequest::AddToList { space: space.clone(), content, list, subject };
    }
    WriteRequest::Restrict { space: space.clone(), content, now: now.clone(), after }
}

/// Whether lists say the same, but for the caller's own entry, which a site may add by itself.
pub(in crate::apply) fn same_lists(left: &Restrictions, right: &Restrictions, me: &Subject) -> bool {
    PageList::ALL.into_iter().all(|list| same_list(left.audience(list), right.audience(list), me))
}

/// The same of one list.
pub(in crate::apply) fn same_list(left: &Audience, right: &Audience, me: &Subject) -> bool {
    match (left, right) {
        (Audience::Anyone, Audience::Anyone) => true,
        (Audience::Only(left), Audience::Only(right)) => {
            fn others<'m>(members: &'m Members, me: &'m Subject) -> impl Iterator<Item = &'m Subject> {
                members.iter().filter(move |subject| *subject != me)
            }
            others(left, me).eq(others(right, me))
        }
        (Audience::Anyone, Audience::Only(_)) | (Audience::Only(_), Audience::Anyone) => false,
    }
}
