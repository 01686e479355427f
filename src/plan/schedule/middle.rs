//! What the lists of a page can be between two halves of one call.

use std::collections::BTreeSet;

use crate::model::{AccountId, Audience, Directory, Known, Members, Principal, Restrictions, Subject};

use super::super::rights::is_caller;
use super::space::Space;

/// With so few people and groups around, every list of them is tried between two halves of one call.
pub(super) const HELPERS: usize = 4;

/// The longest list of people that is put together for the time between two halves.
const NAMES: usize = 50;

/// What the lists of a page can be between the two halves, the likeliest first.
///
/// Mostly that is what both lists share, or what they hold together, or, where the groups on them differ
/// but not all the people, those people by name. But the view list can stand in for
/// the edit list and the other way round, and groups that are on neither can help; where there are few,
/// every list of them is a candidate. A list that is neither open before nor after is never open between.
pub(super) fn middles(space: &Space<'_>, before: &Restrictions, after: &Restrictions) -> Vec<Restrictions> {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let helpers = helpers(space, before, after);
    let lists = |before: &Audience, after: &Audience| {
        let mut lists = vec![narrower(before, after, &caller), wider(before, after)];
        lists.extend(by_name(before, after, &caller, &space.live.directory));
        if helpers.len() <= HELPERS {
            for bits in 0..1_usize << helpers.len() {
                let chosen = helpers.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
                let subjects = chosen.map(|(_, subject)| subject.clone()).chain([caller.clone()]);
                lists.extend(Members::new(subjects).map(Audience::Only));
            }
        }
        let mut seen = BTreeSet::new();
        lists.retain(|list| seen.insert(list.clone()));
        lists
    };
    let views = lists(&before.view, &after.view);
    let edits = lists(&before.edit, &after.edit);
    let mut pairs: Vec<(usize, usize)> =
        (0..views.len()).flat_map(|view| (0..edits.len()).map(move |edit| (view, edit))).collect();
    pairs.sort_by_key(|&(view, edit)| (view.max(edit) > 2, view + edit));
    pairs
        .into_iter()
        .map(|(view, edit)| Restrictions { view: views[view].clone(), edit: edits[edit].clone() })
        .filter(|middle| middle != before && middle != after)
        .collect()
}

/// What both lists of a page let through, before and after: what is on both, and by name everyone who passes them
/// through different entries, as far as that is known. The caller stays on if it passes both.
pub(super) fn meet(space: &Space<'_>, before: &Restrictions, after: &Restrictions) -> Restrictions {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let is_mine = |subject: &Subject| is_caller(&subject.clone().into(), space.live);
    let list = |before: &Audience, after: &Audience| {
        let mut narrow = narrower(before, after, &caller);
        if let (Audience::Only(members), Audience::Only(was), Audience::Only(will)) =
            (&mut narrow, before, after)
        {
            if was.iter().any(is_mine) && will.iter().any(is_mine) {
                members.insert(caller.clone());
            }
            let passing = |list: &Audience| people(list, &space.live.directory);
            let both: BTreeSet<AccountId> = &passing(before) & &passing(after);
            let named: BTreeSet<AccountId> = &both - &passing(&Audience::Only(members.clone()));
            if named.len() <= NAMES {
                for person in named {
                    members.insert(Subject::User(person));
                }
            }
        }
        narrow
    };
    Restrictions { view: list(&before.view, &after.view), edit: list(&before.edit, &after.edit) }
}

/// People and groups whose presence on a list makes a difference.
pub(super) fn helpers(space: &Space<'_>, before: &Restrictions, after: &Restrictions) -> Vec<Subject> {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let rows = space.before.holdings.keys().chain(space.after.holdings.keys()).filter_map(Principal::subject);
    let listed =
        [before, after].into_iter().flat_map(|lists| lists.view.subjects().chain(lists.edit.subjects()));
    let all: BTreeSet<Subject> = rows.chain(listed.cloned()).filter(|subject| *subject != caller).collect();
    all.into_iter().collect()
}

pub(super) fn narrower(before: &Audience, after: &Audience, caller: &Subject) -> Audience {
    match (before, after) {
        (Audience::Anyone, list) | (list, Audience::Anyone) => list.clone(),
        (Audience::Only(before), Audience::Only(after)) => {
            let shared = before.iter().filter(|subject| after.contains(subject)).cloned();
            Audience::Only(Members::new(shared).unwrap_or_else(|| Members::one(caller.clone())))
        }
    }
}

fn wider(before: &Audience, after: &Audience) -> Audience {
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

/// The people that both lists let through, as far as the members of their groups are known.
pub(super) fn by_name(
    before: &Audience,
    after: &Audience,
    caller: &Subject,
    directory: &Directory,
) -> Option<Audience> {
    let both: Vec<Subject> = people(before, directory)
        .intersection(&people(after, directory))
        .cloned()
        .map(Subject::User)
        .take(NAMES + 1)
        .collect();
    if both.len() > NAMES || before.is_anyone() || after.is_anyone() {
        return None;
    }
    Members::new(both.into_iter().chain([caller.clone()])).map(Audience::Only)
}

/// The people that a list names, by themselves or through groups whose members are known.
fn people(audience: &Audience, directory: &Directory) -> BTreeSet<AccountId> {
    let mut people = BTreeSet::new();
    for subject in audience.subjects() {
        match subject {
            Subject::User(account) => {
                people.insert(account.clone());
            }
            Subject::Group(id) => {
                if let Known::Known(members) = directory.members(id) {
                    people.extend(members.iter().cloned());
                }
            }
        }
    }
    people
}

/// Whether a change of a list shuts a member out.
pub(super) fn narrows(before: &Audience, after: &Audience) -> bool {
    match (before, after) {
        (_, Audience::Anyone) => false,
        (Audience::Anyone, Audience::Only(_)) => true,
        (Audience::Only(before), Audience::Only(after)) => !before.as_set().is_subset(after.as_set()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_stands_alone_where_two_lists_share_nobody() {
        let list = |name: &str| Audience::from_site_list([name.parse().unwrap()]);
        let caller: Subject = "user:me".parse().unwrap();
        assert_eq!(narrower(&list("group:a"), &list("group:b"), &caller), list("user:me"));
        assert_eq!(narrower(&Audience::Anyone, &list("group:b"), &caller), list("group:b"));
    }
}
