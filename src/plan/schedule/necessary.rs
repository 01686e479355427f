//! Which calls every safe order must split.
//!
//! The proof looks at each call on a page alone, next to all calls on rows, and makes everything else as
//! easy as it could possibly be: rows are taken one by one, and nothing is asked that hangs on the list of
//! another page, since that page may be split in who knows what way. If there is no order even then, there
//! is none while that call is whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, ContentId, Permission};

use super::super::document::EdgeReason;
use super::conflict::Conflict;
use super::conflicts::{last_admin, visit};
use super::demands::demands;
use super::gates::State;
use super::order::{Ordered, order};
use super::packing::{can_be_split, node, taken_along};
use super::space::{Node, Space};

/// The drafts that must be split, as far as that can be proven by looking at each alone.
pub(super) fn necessary(space: &Space<'_>) -> BTreeSet<usize> {
    // A role brings and takes several permissions at once, and there may be one to go by in between.
    if space.drafts.iter().any(|draft| matches!(draft.call, Call::AssignRoles { .. })) {
        return BTreeSet::new();
    }
    let nodes = rows_one_by_one(space);
    let pages: BTreeMap<ContentId, usize> = (0..space.drafts.len())
        .filter_map(|draft| match &space.drafts[draft].call {
            Call::Restrict { content, .. } if can_be_split(space, draft) => Some((*content, draft)),
            _ => None,
        })
        .collect();
    let on_page: Vec<Option<usize>> = nodes.iter().map(|node| pages.get(&node.page()?).copied()).collect();

    let mut of_rows: BTreeSet<State> = BTreeSet::new();
    let mut of_page: BTreeMap<usize, BTreeSet<State>> = BTreeMap::new();
    let found = visit(space, &nodes, |state, forbidden| {
        let calls = state.done.iter().chain(&state.pending).filter_map(|call| on_page[*call]);
        let mut involved = calls.chain(forbidden.pages().filter_map(|page| pages.get(&page).copied()));
        match involved.next() {
            None => _ = of_rows.insert(state),
            Some(draft) if involved.all(|other| other == draft) => {
                of_page.entry(draft).or_default().insert(state);
            }
            Some(_) => {}
        }
    });
    let Some((rows, _)) = found else { return BTreeSet::new() };
    // The reasons do not matter here, only the states.
    let conflict = |state: State| Conflict::of(state, EdgeReason::Gap, None);
    let mut always: Vec<Conflict> = of_rows.into_iter().map(conflict).collect();
    always.extend(last_admin(&rows));
    always.extend(demands(space, &nodes));
    if of_page.len().saturating_mul(always.len()) > space.limits.all_questions() {
        return BTreeSet::new();
    }
    let priorities = vec![0; nodes.len()];
    let shared = always.len();
    let mut must_be_split = BTreeSet::new();
    for (draft, states) in of_page {
        always.truncate(shared);
        always.extend(states.into_iter().map(conflict));
        if matches!(
            order(nodes.len(), &always, &[], &priorities, space.limits.walked),
            Ordered::Stuck { proven: true, .. }
        ) {
            must_be_split.insert(draft);
        }
    }
    must_be_split
}

/// The calls, with each permission that one of them gives or takes on its own. Whatever can be done at once
/// can be done like that too, without a state in between that is worse than both ends.
fn rows_one_by_one(space: &Space<'_>) -> Vec<Node> {
    let mut nodes = Vec::new();
    for draft in 0..space.drafts.len() {
        let whole = node(space, draft);
        let along: Vec<Permission> = match &whole.call {
            Call::Grant { permission, .. } => permission.companions().to_vec(),
            _ => taken_along(space, draft).into_iter().map(|(permission, _)| permission).collect(),
        };
        let single = |permission| {
            let mut single = whole.clone();
            if let Call::Grant { permission: only, .. } | Call::Revoke { permission: only, .. } =
                &mut single.call
            {
                *only = permission;
            }
            single
        };
        nodes.extend(along.into_iter().map(single));
        nodes.push(whole);
    }
    nodes
}
