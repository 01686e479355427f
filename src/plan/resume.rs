//! What must come before what so that a run that ends anywhere can be taken up by the next one.
//!
//! A plan is made from what is there, and remembers nothing. Mostly that is enough: what is done is no longer
//! in the next plan, and what is left is. But which lists `page-only` follows up, it tells by who is an insider
//! ([`page_only`](super::page_only)), and a run may change both. So the lists come first, while they can still be told;
//! and where a list set by hand could be mistaken for one of them on the way, no insider goes before all have
//! come.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, PageList, Permission, Principal, SpaceKey};

use super::draft::Draft;
use super::page_only::Compiled;

/// What makes an account an insider: to see, and to edit.
const OF_INSIDERS: [Permission; 5] = [
    Permission::ReadSpace,
    Permission::CreatePage,
    Permission::UpdatePage,
    Permission::CreateBlogpost,
    Permission::UpdateBlogpost,
];

/// Adds these demands to the drafts.
pub(super) fn resumable(drafts: &mut [Draft], compiled: &BTreeMap<SpaceKey, Compiled>) {
    let mut of_space: BTreeMap<SpaceKey, Vec<usize>> = BTreeMap::new();
    for (number, draft) in drafts.iter().enumerate() {
        if compiled.contains_key(draft.call.space()) {
            of_space.entry(draft.call.space().clone()).or_default().push(number);
        }
    }
    for (key, compiled) in compiled {
        if compiled.followed.is_empty() && !compiled.mistakable {
            continue;
        }
        let guests: BTreeSet<Principal> =
            compiled.entries.iter().flat_map(|entry| &entry.who).cloned().map(Principal::from).collect();
        let (mut lists, mut comes, mut both, mut goes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for &number in of_space.get(key).into_iter().flatten() {
            let draft = &drafts[number];
            match &draft.call {
                // What puts a side effect right follows that at once.
                _ if draft.undoes.is_some() => {}
                Call::Restrict { content, before, after, .. } => {
                    let changed =
                        PageList::ALL.iter().filter(|list| before.audience(**list) != after.audience(**list));
                    let follows = |list: &PageList| compiled.followed.contains(&(*content, *list));
                    if changed.into_iter().any(&follows) {
                        lists.push(number);
                    }
                }
                Call::Grant { principal, permission, .. }
                    if OF_INSIDERS.contains(permission) && !guests.contains(principal) =>
                {
                    comes.push(number);
                }
                Call::Revoke { principal, permission, .. }
                    if OF_INSIDERS.contains(permission) && !guests.contains(principal) =>
                {
                    goes.push(number);
                }
                Call::AssignRoles { .. } => both.push(number),
                Call::Grant { .. } | Call::Revoke { .. } => {}
            }
        }
        let needed: BTreeSet<usize> = lists.iter().flat_map(|list| &drafts[*list].needs).copied().collect();
        for &later in comes.iter().chain(&both).chain(&goes).filter(|later| !needed.contains(later)) {
            drafts[later].resumes.extend(&lists);
        }
        if compiled.mistakable {
            for (earlier, later) in [(&comes, &both), (&comes, &goes), (&both, &goes)] {
                for &later in later {
                    drafts[later].resumes.extend(earlier);
                }
            }
        }
    }
}
