//! What the account that runs this needs for its calls, as conflicts like all others.
//!
//! What a call needs, [`rights`] says, and every call needs that the account sees the space. The account stays on
//! every list that it changes, so what it may lose on the way is a row or a role: where it has such a right at the
//! start, no state may come in which the right is gone while a call that needs it is pending. What it gets on the
//! way comes before the calls that need it by the edges of the drafts. A right that a role may give counts: if the
//! role does not, the site refuses the call, and nothing is open.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, Permission, Truth};

use super::super::document::EdgeReason;
use super::super::enabling::gives;
use super::super::rights::{self, Rights, is_caller, may_be_callers_own};
use super::conflict::Conflict;
use super::gates::{Gate, State};
use super::space::{Node, Space};
use super::touched::{GrantAssumptions, Principals, Rows};

/// The states in which the account has lost what it still needs.
pub(super) fn needs(space: &Space<'_>, nodes: &[Node]) -> Vec<Conflict> {
    let holders = space.before.holdings.keys().chain(space.after.holdings.keys());
    let mine = Principals::without_lists(holders.filter(|who| may_be_callers_own(who, space.live)));
    let rows = Rows::of(space, nodes, &mine, GrantAssumptions::MOST);
    let (sure, unsure): (Vec<usize>, Vec<usize>) =
        (0..mine.all.len()).partition(|place| is_caller(&mine.all[*place], space.live) == Truth::Yes);
    // Where it is not known whether it is in a group, it may have a right through that group alone.
    let with_one = unsure.into_iter().map(|place| [&sure[..], &[place]].concat());
    let persons: Vec<Vec<usize>> = std::iter::once(sure.clone()).chain(with_one).collect();
    let mut rights: BTreeMap<Vec<Permission>, Vec<Gate>> = BTreeMap::new();
    let mut states: BTreeSet<State> = BTreeSet::new();
    for (number, node) in nodes.iter().enumerate() {
        let needed = rights::needed(&node.call, space.before, space.live);
        for any_of in needed.into_iter().chain([vec![Permission::ReadSpace]]) {
            let right = rights
                .entry(any_of)
                .or_insert_with_key(|any_of| persons.iter().map(|who| rows.gate(any_of, who)).collect());
            states.extend(right.iter().flat_map(|right| right.lost_while_pending(number)));
        }
    }
    states.into_iter().map(|state| Conflict::of(state, EdgeReason::Lockout, None)).collect()
}

/// Whether a conflict says that a call gives the account what another needs.
pub(super) fn is_need(space: &Space<'_>, nodes: &[Node], conflict: &Conflict) -> bool {
    let (EdgeReason::Api, [first], [last]) = (conflict.reason, &conflict.pending[..], &conflict.done[..])
    else {
        return false;
    };
    let rights = Rights::of(space.before, space.live);
    let lacks = |any_of: &Vec<Permission>| rights.has(any_of) != Truth::Yes;
    let mut needed = rights::needed(&nodes[*last].call, space.before, space.live).into_iter().filter(lacks);
    needed.any(|any_of| gives(&nodes[*first].call, &any_of, space.live) != Truth::No)
}

/// What keeps calls out of the moment in which a right of the account is gone, since it goes along with another and
/// is given back by the next call: they are made before that moment or after it, as in the order with these places.
pub(super) fn outside_of_moments(space: &Space<'_>, nodes: &[Node], places: &[usize]) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (back, node) in nodes.iter().enumerate() {
        let (Some(taking), Call::Grant { principal, permission, .. }) =
            (space.drafts[node.draft].undoes, &node.call)
        else {
            continue;
        };
        let Some(taking) = nodes.iter().rposition(|node| node.draft == taking) else { continue };
        if !may_be_callers_own(principal, space.live) {
            continue;
        }
        for (number, other) in nodes.iter().enumerate() {
            let needed = rights::needed(&other.call, space.before, space.live);
            if number == taking || number == back || !needed.iter().any(|any_of| any_of.contains(permission))
            {
                continue;
            }
            conflicts.push(if places[number] < places[taking] {
                Conflict::edge(number, taking, EdgeReason::Lockout)
            } else {
                Conflict::edge(back, number, EdgeReason::Lockout)
            });
        }
    }
    conflicts
}
