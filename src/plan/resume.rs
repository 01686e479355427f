//! What must come before what so that a run that ends anywhere can be taken up by the next one.
//!
//! A plan is made from what is there, and remembers nothing. Mostly that is enough: what is done is no longer
//! in the next plan, and what is left is. But which lists `page-only` follows up, it tells by who is an insider
//! ([`page_only`](super::page_only)), and a run may change both. So the lists come first, while they can still be told;
//! and where a list set by hand could be mistaken for one of them on the way, no insider goes before all have
//! come. A list that could be mistaken once insiders join it by `also-view` waits for all of that, but for what is taken
//! last for another reason: what a rule selects the space by, and what the account may need for its own calls.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, ContentId, Live, PageList, Permission, Principal, SpaceKey};

use super::draft::Draft;
use super::page_only::Compiled;
use super::rights::may_be_callers_own;

/// What makes an account an insider: to see, and to edit.
const OF_INSIDERS: [Permission; 5] = [
    Permission::ReadSpace,
    Permission::CreatePage,
    Permission::UpdatePage,
    Permission::CreateBlogpost,
    Permission::UpdateBlogpost,
];

/// Adds these demands to the drafts.
pub(super) fn resumable(drafts: &mut [Draft], compiled: &BTreeMap<SpaceKey, Compiled>, live: &Live) {
    let mut of_space: BTreeMap<SpaceKey, Vec<usize>> = BTreeMap::new();
    for (number, draft) in drafts.iter().enumerate() {
        if compiled.contains_key(draft.call.space()) {
            of_space.entry(draft.call.space().clone()).or_default().push(number);
        }
    }
    for (key, compiled) in compiled {
        if compiled.followed.is_empty() && compiled.joined_last.is_empty() && !compiled.mistakable {
            continue;
        }
        let guests: BTreeSet<Principal> =
            compiled.entries.iter().flat_map(|entry| &entry.who).cloned().map(Principal::from).collect();
        let is_insiders =
            |who: &Principal, permission| OF_INSIDERS.contains(&permission) && !guests.contains(who);
        let (mut lists, mut last) = (Vec::new(), Vec::new());
        let (mut comes, mut both, mut goes) = (Vec::new(), Vec::new(), Vec::new());
        for &number in of_space.get(key).into_iter().flatten() {
            let draft = &drafts[number];
            match &draft.call {
                // What puts a side effect right follows that at once.
                _ if draft.undoes.is_some() => {}
                Call::Restrict { content, before, after, .. } => {
                    let changes = |of: &BTreeSet<(ContentId, PageList)>| {
                        let mut changed = PageList::ALL
                            .into_iter()
                            .filter(|list| before.audience(*list) != after.audience(*list));
                        changed.any(|list| of.contains(&(*content, list)))
                    };
                    if changes(&compiled.followed) {
                        lists.push(number);
                    } else if changes(&compiled.joined_last) {
                        last.push(number);
                    }
                }
                Call::Grant { principal, permission, .. } if is_insiders(principal, *permission) => {
                    comes.push(number);
                }
                Call::Revoke { principal, permission, .. } if is_insiders(principal, *permission) => {
                    goes.push(number);
                }
                Call::AssignRoles { .. } => both.push(number),
                Call::Grant { .. } | Call::Revoke { .. } => {}
            }
        }
        // What a rule selects the space by is taken last of what the rule asks for.
        let is_selected_by: BTreeSet<usize> =
            both.iter().chain(&goes).copied().filter(|number| !drafts[*number].resumes.is_empty()).collect();
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
        // What the account may need for its own calls is taken last as well.
        let is_own = |draft: &Draft| match &draft.call {
            Call::Revoke { principal, .. } => may_be_callers_own(principal, live),
            Call::AssignRoles { roles, .. } => {
                roles.keys().any(|principal| may_be_callers_own(principal, live))
            }
            Call::Grant { .. } | Call::Restrict { .. } => false,
        };
        let is_last = |number: &usize| is_selected_by.contains(number) || is_own(&drafts[*number]);
        // Where others had to come first, those go after the assignment of roles.
        let go_later = compiled.mistakable && both.iter().any(is_last);
        let gone: &[usize] = if go_later { &[] } else { &goes };
        let settled = comes.iter().chain(&both).chain(gone).copied();
        let settled: BTreeSet<usize> = settled.filter(|number| !is_last(number)).collect();
        for &list in &last {
            drafts[list].resumes.extend(&settled);
        }
    }
}
