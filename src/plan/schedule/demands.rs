//! What the API demands of the order, beside the conflicts about people.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, Truth};

use super::super::document::EdgeReason;
use super::super::enabling::gives;
use super::super::rights::{Rights, needed};
use super::conflict::Conflict;
use super::conflicts::{Conflicts, conflicts};
use super::pairs::pairs;
use super::space::{Node, Space};

/// The conflicts that hold for these nodes, whatever the reason. `None` where there would be too many.
pub(super) fn all_conflicts(space: &Space<'_>, nodes: &[Node]) -> Option<Conflicts> {
    Some(with_demands(conflicts(space, nodes)?, space, nodes))
}

/// The same, for every possible account where there are too many to look at each. What one of `alone` does too early
/// is told by itself.
pub(super) fn for_all(space: &Space<'_>, nodes: &[Node], alone: &BTreeSet<usize>) -> Conflicts {
    all_conflicts(space, nodes).unwrap_or_else(|| with_demands(pairs(space, nodes, alone), space, nodes))
}

fn with_demands(mut found: Conflicts, space: &Space<'_>, nodes: &[Node]) -> Conflicts {
    found.all.extend(demands(space, nodes));
    found.all.extend(within_drafts(nodes));
    found
}

/// What the parts of one draft ask of each other: the lists of a page go from one to the next, and what is taken by
/// itself is taken before all that would take it along, by whichever row.
fn within_drafts(nodes: &[Node]) -> impl Iterator<Item = Conflict> {
    let parts = nodes.chunk_by(|one, other| one.draft == other.draft).scan(0, |start, parts| {
        let first = *start;
        *start += parts.len();
        Some((first, parts))
    });
    let split = parts.clone().filter(|(_, parts)| parts.len() > 1);
    let before_twins = split.flat_map(move |(first, parts)| {
        let last = &parts[parts.len() - 1].call;
        let twins = nodes.iter().enumerate().filter(move |(_, node)| takes_the_same(&node.call, last));
        twins.flat_map(move |(twin, _)| {
            (first..first + parts.len() - 1).map(move |part| Conflict::edge(part, twin, EdgeReason::Api))
        })
    });
    let within = parts.flat_map(|(first, parts)| {
        let pairs = (0..parts.len()).flat_map(move |later| (0..later).map(move |part| (part, later)));
        let ordered = pairs.filter(|(part, later)| {
            goes_first(&parts[*part].call, &parts[*later].call, later + 1 == parts.len())
        });
        ordered.map(move |(part, later)| Conflict::edge(first + part, first + later, EdgeReason::Api))
    });
    within.chain(before_twins)
}

/// Whether two calls delete one row each of the same permission, which a site shows twice.
fn takes_the_same(one: &Call, other: &Call) -> bool {
    match (one, other) {
        (
            Call::Revoke { principal, permission, grant: Some(row), .. },
            Call::Revoke { principal: who, permission: what, grant: Some(twin), .. },
        ) => principal == who && permission == what && row != twin,
        _ => false,
    }
}

/// Whether one part of a draft must come before another.
fn goes_first(part: &Call, later: &Call, is_last: bool) -> bool {
    match (part, later) {
        (Call::Revoke { permission, .. }, Call::Revoke { permission: producer, .. }) => {
            is_last || producer.companions().contains(permission)
        }
        // Roles go principal by principal, in any order.
        (Call::AssignRoles { .. }, _) => false,
        (Call::Revoke { .. } | Call::Grant { .. } | Call::Restrict { .. }, _) => is_last,
    }
}

/// What the API demands, and what a run that ends anywhere needs to be taken up: which drafts wait for which
/// others.
pub(super) fn demands(space: &Space<'_>, nodes: &[Node]) -> Vec<Conflict> {
    let mut of_draft: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        of_draft.entry(node.draft).or_default().push(number);
    }
    let edges = |(number, node): (usize, &Node)| {
        let draft = &space.drafts[node.draft];
        let mut edges = Vec::new();
        for (earlier, reason) in [(&draft.needs, EdgeReason::Api), (&draft.resumes, EdgeReason::Resume)] {
            for earlier in earlier.iter().filter_map(|earlier| of_draft.get(earlier)) {
                let needed = givers(space, nodes, node, earlier).filter(|_| reason == EdgeReason::Api);
                let earlier = needed.unwrap_or_else(|| earlier.clone());
                edges.extend(earlier.into_iter().map(|earlier| Conflict::edge(earlier, number, reason)));
            }
        }
        edges
    };
    nodes.iter().enumerate().flat_map(edges).collect()
}

/// What should come before what, of calls none of which is split.
pub(super) fn preferences(space: &Space<'_>) -> Vec<Conflict> {
    let edges = space.drafts.iter().enumerate().flat_map(|(number, draft)| {
        draft.prefers.iter().map(move |&earlier| Conflict::edge(earlier, number, EdgeReason::Resume))
    });
    edges.collect()
}

/// Which of the parts of a draft that assigns roles give the account what a call needs; `None` if it is not split,
/// or it is not known which.
fn givers(space: &Space<'_>, nodes: &[Node], node: &Node, parts: &[usize]) -> Option<Vec<usize>> {
    if parts.len() < 2 || !matches!(nodes[parts[0]].call, Call::AssignRoles { .. }) {
        return None;
    }
    let rights = Rights::of(space.before, space.live);
    let mut givers = BTreeSet::new();
    for any_of in needed(&node.call, space.before, space.live) {
        if rights.has(&any_of) == Truth::Yes {
            continue;
        }
        let giving = |truth| {
            parts.iter().copied().filter(move |part| gives(&nodes[*part].call, &any_of, space.live) == truth)
        };
        let sure = giving.clone()(Truth::Yes).next();
        givers.extend(sure);
        if sure.is_none() {
            givers.extend(giving(Truth::Unknown));
        }
    }
    (!givers.is_empty()).then(|| givers.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Permission;

    #[test]
    fn what_goes_along_with_another_is_taken_before_it() {
        let take = |permission| Node {
            draft: 0,
            call: Call::Revoke {
                space: "ENG".parse().unwrap(),
                principal: "group:eng".parse().unwrap(),
                permission,
                grant: None,
            },
        };
        // Taking to create pages takes to update them along, and taking to read takes everything.
        let nodes = [
            Permission::CreateComment,
            Permission::UpdatePage,
            Permission::CreatePage,
            Permission::ReadSpace,
        ]
        .map(take);
        let edges: BTreeSet<(usize, usize)> =
            within_drafts(&nodes).map(|conflict| (conflict.pending[0], conflict.done[0])).collect();
        assert_eq!(edges, BTreeSet::from([(0, 3), (1, 2), (1, 3), (2, 3)]));
    }
}
