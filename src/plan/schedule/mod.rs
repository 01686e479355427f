//! The order of calls: which must wait for which, so that nothing leaks, and no account is cut off or
//! locked out, at any moment and wherever a run may end.
//!
//! ```text
//! drafts ──pack──▶ nodes ──gates──▶ conflicts ──order──▶ order, edges
//!             ▲                                     │ stuck
//!             └─────────────── refine ◀─────────────┘
//! ```
//!
//! What is to be prevented is a *state*: a set of calls done while others are pending, in which people can do
//! what they can do neither before nor after (a leak), or cannot do what they can do both before and after (a
//! gap). Every such state has the form "all of `done` are done, and all of `pending` are pending", so it is ruled out
//! by one edge: one call of `pending` before one of `done`. A set of such conflicts is all that the solver knows. A space
//! where it would be too much to look at everyone is ordered by what any two principals could do ([`pairs`]).
//!
//! What no order can avoid, because Confluence does it by itself, is put right by the very next call, and
//! told.
//!
//! Spaces do not influence each other, so each is solved alone, and many at once; what comes of it does not depend on
//! how many.

mod atoms;
mod barriers;
mod blocks;
mod caller;
mod conflict;
mod conflicts;
mod demands;
mod edges;
mod finishing;
mod gates;
mod goals;
mod priorities;
mod left_out;
mod limits;
mod lists;
mod literals;
mod middle;
mod necessary;
mod order;
mod packing;
mod pairs;
mod questions;
mod refine;
mod solution;
mod space;
mod touched;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::{Call, Guards, Live, SpaceKey};

use super::document::{
    CallId, Danger, Demand, Edge, Endangered, Meanwhile, MeanwhileReason, Moment, PlannedCall, Refusal,
};
use super::draft::Draft;

use solution::{Impossible, Solution, Unfinished};
use space::{SiteContext, Space, by_space};

pub(super) use left_out::{NeedsLeftOut, needs_left_out};
pub use limits::{Gaps, OrderSearch, SearchLimits};

/// Calls in order, and how sure the order is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Schedule {
    pub(super) calls: Vec<PlannedCall>,
    /// Calls that the order costs beyond the changes themselves.
    pub(super) splits: usize,
    /// So many of these are proven to be needed.
    pub(super) needed: usize,
    /// So many calls beyond the changes themselves cost every possible order.
    pub(super) bound: usize,
    /// What is so for a moment all the same.
    pub(super) meanwhile: Vec<Meanwhile>,
    /// Spaces for which no safe order exists that can be carried out, and why.
    pub(super) refusals: Vec<Refusal>,
}

/// Puts calls in order.
pub(super) fn schedule(
    drafts: Vec<Draft>,
    live: &Live,
    after: &Live,
    guards: &Guards,
    OrderSearch { gaps, limits }: OrderSearch,
) -> Schedule {
    if drafts.is_empty() {
        return Schedule::default();
    }
    let drafts = by_space(drafts);
    let context = SiteContext::of(live, after, guards, limits);
    let spaces: Vec<Space<'_>> =
        drafts.iter().filter_map(|(key, drafts)| context.space(key, drafts)).collect();
    let solve = |space: &Space<'_>| {
        let mut solution = refine::solve(space, gaps);
        if solution.impossible.is_none() {
            solution.impossible = finishing::unfinished(space, &solution).map(Impossible::Unfinished);
        }
        solution
    };
    let solutions: Vec<Solution> = spaces.par_iter().map(solve).collect();
    let mut schedule = Schedule::default();
    for (space, solution) in spaces.iter().zip(solutions) {
        write_out(space, solution, &mut schedule);
    }
    schedule
}

/// Numbers the calls of one space in their order and gives them their edges.
fn write_out(space: &Space<'_>, solution: Solution, schedule: &mut Schedule) {
    let key = &space.before.space.key;
    schedule.splits += solution.nodes.len() - space.drafts.len();
    schedule.needed += solution.needed;
    // Instead of splitting many calls of a space, people could be let in another way for the time being, and taken out
    // again: two calls that do nothing for the end.
    schedule.bound += solution.needed.min(2);
    let Solution { nodes, order, edges, accepted, impossible, .. } = solution;
    let drafts = space.drafts;
    let start = schedule.calls.len();
    let mut ids = vec![CallId::new(0); nodes.len()];
    let mut of_draft: BTreeMap<usize, CallId> = BTreeMap::new();
    for (position, &node) in order.iter().enumerate() {
        ids[node] = CallId::new(start + position);
        of_draft.insert(nodes[node].draft, ids[node]);
    }
    schedule.refusals.extend(impossible.map(|impossible| refusal(key, impossible, &ids)));
    let mut after: Vec<BTreeMap<CallId, Edge>> = vec![BTreeMap::new(); nodes.len()];
    for edge in edges {
        let call = ids[edge.first];
        let because = edge.witness;
        after[edge.last].insert(call, Edge { call, reason: edge.reason, because });
    }
    schedule.meanwhile.extend(accepted.into_iter().map(|accepted| Meanwhile {
        space: key.clone(),
        danger: accepted.witness,
        reason: MeanwhileReason::AcceptedGap,
        from: ids[accepted.from],
        until: ids[accepted.until],
    }));
    for node in order {
        let draft = &drafts[nodes[node].draft];
        let producer = draft.undoes.and_then(|producer| of_draft.get(&producer));
        if let (Some(&from), Some(danger)) = (producer, side_effect(&nodes[node].call)) {
            let (space, reason) = (key.clone(), MeanwhileReason::Companion);
            schedule.meanwhile.push(Meanwhile { space, danger, reason, from, until: ids[node] });
        }
        let edges = std::mem::take(&mut after[node]);
        schedule.calls.push(PlannedCall {
            id: ids[node],
            call: nodes[node].call.clone(),
            covers: draft.covers.iter().copied().collect(),
            after: edges.into_values().collect(),
            conditional: draft.conditional,
        });
    }
}

/// What is told of a space whose calls cannot be made, these being the numbers of its calls.
fn refusal(key: &SpaceKey, impossible: Impossible, ids: &[CallId]) -> Refusal {
    let space = key.clone();
    match impossible {
        Impossible::Danger(danger) => Refusal::NoSafeOrder { space, danger },
        Impossible::Demands(demands) => {
            let demands =
                demands.into_iter().map(|[first, last]| Demand { first: ids[first], last: ids[last] });
            Refusal::NoOrder { space, demands: demands.collect() }
        }
        Impossible::Unfinished(Unfinished { call, content, permission, through }) => {
            Refusal::Unfinishable { space, call: ids[call], content, permission, through }
        }
    }
}

/// What is so until this call has put a side effect right.
fn side_effect(call: &Call) -> Option<Danger> {
    let (principal, permission, moment) = match call {
        Call::Revoke { principal, permission, .. } => (principal, permission, Moment::LetIn),
        Call::Grant { principal, permission, .. } => (principal, permission, Moment::ShutOut),
        Call::AssignRoles { .. } | Call::Restrict { .. } => return None,
    };
    let people = BTreeSet::from([principal.clone()]);
    Some(Danger { people, what: Endangered::Permission(*permission), moment })
}
