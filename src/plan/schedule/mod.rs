//! The order of calls: which must wait for which, so that nothing leaks, nobody is cut off, and nobody
//! is locked out, at any moment and wherever a run may end.
//!
//! ```text
//! drafts ──people──▶ atoms ──clauses──▶ "not all of these before any of those" ──solve──▶ order, edges
//!                                                       ▲                          │ no order
//!                                                       └───────── split ◀─────────┘
//! ```
//!
//! What is to be prevented is a *state*: a set of calls done while others are not, in which somebody can
//! do what they can do neither before nor after (a leak), or cannot do what they can do both before and
//! after (a gap). Every such state has the form "all of `lasts` done, none of `firsts` done", so it is
//! ruled out by one edge from some call of `firsts` to some call of `lasts`. A set of such clauses is all
//! that the solver knows.
//!
//! Spaces do not influence each other, so each is solved alone.

mod atoms;
mod clauses;
mod solve;
mod split;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, Live, PageVerb, SpaceKey};

use super::document::{CallId, Edge, PlannedCall};
use super::lower::Draft;
use super::refusal::Danger;

use clauses::{Clause, clauses};
pub(super) use clauses::{Goal, Witness};

/// Calls in order, and how sure the order is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) calls: Vec<PlannedCall>,
    /// Calls that the order costs beyond the changes themselves.
    pub(super) splits: usize,
    /// Whether it is proven that fewer splits would not do.
    pub(super) exact: bool,
    /// Spaces for which no safe order exists, with one state that cannot be avoided.
    pub(super) impossible: BTreeMap<SpaceKey, Witness>,
}

/// Whether an order that cuts somebody off for a moment is acceptable where no other exists. There is
/// no such choice for leaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    #[default]
    Refuse,
    Allow,
}

/// A call to be ordered: a draft, or half of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    /// Position in the drafts of its space; the halves of one draft share it.
    draft: usize,
    call: Call,
}

/// Puts calls in order.
pub(super) fn schedule(drafts: Vec<Draft>, live: &Live, after: &Live, gaps: Gaps) -> Schedule {
    let mut spaces: BTreeMap<SpaceKey, (Vec<usize>, Vec<Draft>)> = BTreeMap::new();
    for (number, draft) in drafts.into_iter().enumerate() {
        let (numbers, drafts) = spaces.entry(draft.call.space().clone()).or_default();
        numbers.push(number);
        drafts.push(draft);
    }
    let mut schedule = Schedule { calls: Vec::new(), splits: 0, exact: true, impossible: BTreeMap::new() };
    for (key, (numbers, mut drafts)) in spaces {
        let (Some(before), Some(after)) = (live.spaces.get(&key), after.spaces.get(&key)) else { continue };
        // What a draft needs is numbered over all spaces; here it is counted within this one.
        for draft in &mut drafts {
            draft.needs = draft.needs.iter().filter_map(|need| numbers.binary_search(need).ok()).collect();
        }
        let space = split::Space { drafts: &drafts, before, after, live };
        let solution = split::solve(&space, gaps);
        schedule.splits += solution.nodes.len() - drafts.len();
        schedule.exact &= solution.exact;
        if let Some(witness) = &solution.impossible {
            schedule.impossible.insert(key, witness.clone());
        }
        write_out(&drafts, solution, &mut schedule.calls);
    }
    schedule
}

/// Numbers the calls of one space in their order and gives them their edges.
fn write_out(drafts: &[Draft], solution: split::Solution, calls: &mut Vec<PlannedCall>) {
    let split::Solution { nodes, order, edges, .. } = solution;
    let start = calls.len();
    let mut ids = vec![CallId::new(0); nodes.len()];
    for (position, &node) in order.iter().enumerate() {
        ids[node] = CallId::new(start + position);
    }
    let mut after: Vec<BTreeMap<CallId, Edge>> = vec![BTreeMap::new(); nodes.len()];
    for edge in edges {
        let call = ids[edge.first];
        let because = edge.witness.map(Danger::from);
        after[edge.last].insert(call, Edge { call, reason: edge.reason, because });
    }
    for node in order {
        let edges = std::mem::take(&mut after[node]);
        calls.push(PlannedCall {
            id: ids[node],
            call: nodes[node].call.clone(),
            covers: drafts[nodes[node].draft].covers.iter().copied().collect(),
            after: edges.into_values().collect(),
        });
    }
}

/// The order that people would choose, and the first that is tried: close pages, let in, shut out, open.
fn habit(call: &Call) -> u8 {
    match call {
        Call::Restrict { before, after, .. } => {
            let closes =
                PageVerb::ALL.iter().any(|&verb| split::narrows(before.audience(verb), after.audience(verb)));
            if closes { 0 } else { 3 }
        }
        Call::Grant { .. } | Call::AssignRoles { .. } | Call::Revoke { grant: None, .. } => 1,
        Call::Revoke { .. } => 2,
    }
}

/// The clauses that hold for these nodes, whatever the reason.
fn all_clauses(space: &split::Space<'_>, nodes: &[Node]) -> BTreeSet<Clause> {
    let mut all = clauses(space, nodes);
    for (number, node) in nodes.iter().enumerate() {
        // The API's own demands, between drafts and between the halves of one.
        for &need in &space.drafts[node.draft].needs {
            for (earlier, _) in nodes.iter().enumerate().filter(|(_, node)| node.draft == need) {
                all.insert(Clause::edge(earlier, number));
            }
        }
        if let Some(earlier) = number.checked_sub(1).filter(|&earlier| nodes[earlier].draft == node.draft) {
            all.insert(Clause::edge(earlier, number));
        }
    }
    all
}
