//! What the lists of a page can be between two halves of one call.

use std::collections::BTreeSet;

use crate::model::{
    AccountId, Audience, LiveSpace, Members, PageList, Principal, Restrictions, Subject, Truth,
};

use super::super::accounts::people;
use super::super::rights::is_caller;
use super::space::Space;

/// What the lists of a page can be between the two halves, the likeliest first: of each of them what lets through who
/// passes both before and after, who passes either, or one of the two. Instead of an open view list, one can shut out
/// those who hold nothing in the space yet, or nothing in the end. A list that is open neither before nor after is
/// never open between.
pub(super) fn middles(space: &Space<'_>, before: &Restrictions, after: &Restrictions) -> Vec<Restrictions> {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let meet = meet(space, before, after);
    let values = |list| {
        let (before, after) = (before.audience(list), after.audience(list));
        let mut values =
            vec![meet.audience(list).clone(), join(before, after), before.clone(), after.clone()];
        if list == PageList::View && before.is_anyone() && after.is_anyone() {
            values.extend([holders(space.before, &caller), holders(space.after, &caller)]);
        }
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
        values
    };
    let [views, edits] = [PageList::View, PageList::Edit].map(values);
    let mut pairs: Vec<(usize, usize)> =
        (0..views.len()).flat_map(|view| (0..edits.len()).map(move |edit| (view, edit))).collect();
    pairs.sort_by_key(|&(view, edit)| (view.max(edit), view + edit));
    let lists =
        |(view, edit): (usize, usize)| Restrictions { view: views[view].clone(), edit: edits[edit].clone() };
    pairs.into_iter().map(lists).filter(|middle| middle != before && middle != after).collect()
}

/// Those who hold something in a state of a space, and the caller.
fn holders(state: &LiveSpace, caller: &Subject) -> Audience {
    Audience::from_site_list(state.holdings.keys().filter_map(Principal::subject).chain([caller.clone()]))
}

/// What both lists of a page let through, before and after: what is on both, and by name everyone who passes them
/// through different entries, as far as that is known. The caller stays on if it passes both.
pub(super) fn meet(space: &Space<'_>, before: &Restrictions, after: &Restrictions) -> Restrictions {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let is_mine = |subject: &Subject| is_caller(&subject.clone().into(), space.live) == Truth::Yes;
    let list = |before: &Audience, after: &Audience| {
        let mut narrow = narrower(before, after, &caller);
        if let (Audience::Only(members), Audience::Only(was), Audience::Only(will)) =
            (&mut narrow, before, after)
        {
            if was.iter().any(is_mine) && will.iter().any(is_mine) {
                members.insert(caller.clone());
            }
            let passing = |members: &Members| -> BTreeSet<AccountId> {
                members.iter().flat_map(|subject| people(subject, &space.live.directory)).collect()
            };
            let both: BTreeSet<AccountId> = &passing(was) & &passing(will);
            let named: BTreeSet<AccountId> = &both - &passing(members);
            if named.len() <= space.limits.apart {
                for person in named {
                    members.insert(Subject::User(person));
                }
            }
        }
        narrow
    };
    Restrictions { view: list(&before.view, &after.view), edit: list(&before.edit, &after.edit) }
}

/// What is on both lists; the caller alone, if nothing is.
fn narrower(before: &Audience, after: &Audience, caller: &Subject) -> Audience {
    match (before, after) {
        (Audience::Anyone, list) | (list, Audience::Anyone) => list.clone(),
        (Audience::Only(before), Audience::Only(after)) => {
            let shared = before.iter().filter(|subject| after.contains(subject)).cloned();
            Audience::Only(Members::new(shared).unwrap_or_else(|| Members::one(caller.clone())))
        }
    }
}

/// What is on either list.
fn join(before: &Audience, after: &Audience) -> Audience {
    match (before, after) {
        (Audience::Anyone, _) | (_, Audience::Anyone) => Audience::Anyone,
        (Audience::Only(before), Audience::Only(after)) => {
            let mut all = before.clone();
            for subject in after.iter() {
                all.insert(subject.clone());
            }
            Audience::Only(all)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_stands_alone_where_two_lists_share_no_entry() {
        let list = |name: &str| Audience::from_site_list([name.parse().unwrap()]);
        let caller: Subject = "user:me".parse().unwrap();
        assert_eq!(narrower(&list("group:a"), &list("group:b"), &caller), list("user:me"));
        assert_eq!(narrower(&Audience::Anyone, &list("group:b"), &caller), list("group:b"));
    }
}
