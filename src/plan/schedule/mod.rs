//! The order of calls: which must wait for which, so that nothing leaks, nobody is cut off, and nobody
//! is locked out, at any moment and wherever a run may end.
//!
//! ```text
//! drafts ──people──▶ atoms ──gates──▶ conflicts ──solve──▶ order, edges
//!    ▲                                                 │ no order
//!    └────────────────────── split ◀───────────────────┘
//! ```
//!
//! What is to be prevented is a *state*: a set of calls done while others are pending, in which people can do
//! what they can do neither before nor after (a leak), or cannot do what they can do both before and after (a
//! gap). Every such state has the form "all of these are done, and all of those are pending", so it is ruled out
//! by one edge from one of those to one of these. A set of such conflicts is all that the solver knows. A space
//! where it would be too much to look at everyone gets an order that is safe for whoever there is ([`phases`]).
//!
//! What no order can avoid, because Confluence does it by itself, is put right by the very next call, and
//! told.
//!
//! Spaces do not influence each other, so each is solved alone, and many at once; what comes of it does not depend on
//! how many.

mod actions;
mod atoms;
mod caller;
mod conflicts;
mod edges;
mod finishing;
mod gates;
mod goals;
mod left_out;
mod middle;
mod necessary;
mod order;
mod phases;
mod protected;
mod relax;
mod restricting;
mod search;
mod split;
mod touched;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::{Call, Guards, Live, LiveSpace, PageVerb, SpaceKey};

use super::document::{CallId, Edge, EdgeReason, PlannedCall};
use super::lower::Draft;
use super::meanwhile::{Meanwhile, MeanwhileReason};
use super::refusal::{Danger, Demand, Endangered, Moment, Refusal};

use conflicts::{Conflict, conflicts};
use finishing::Unfinished;

pub(super) use conflicts::{Goal, Witness};
pub(super) use goals::edit_permission;
pub(super) use left_out::{NeedsLeftOut, needs_left_out};
pub(super) use protected::{is_caller, may_be_caller};
use search::{Impossible, Sketch, Solution};

/// Calls in order, and how sure the order is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Schedule {
    pub(super) calls: Vec<PlannedCall>,
    /// Calls that the order costs beyond the changes themselves.
    pub(super) splits: usize,
    /// So many of these are proven to be needed.
    pub(super) needed: usize,
    /// So many calls beyond the changes themselves cost every order that anybody could think of.
    pub(super) bound: usize,
    /// What is so for a moment all the same.
    pub(super) meanwhile: Vec<Meanwhile>,
    /// Spaces for which no safe order exists that can be carried out, and why.
    pub(super) refusals: Vec<Refusal>,
}

/// Instead of splitting many calls of a space, somebody could be let in another way for the time being, and
/// taken out again: two calls that do nothing for the end.
const HELPING_OUT: usize = 2;

/// Whether an order that cuts somebody off for a moment is acceptable where no other exists. There is
/// no such choice for leaks, nor for whoever must be able to finish.
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

/// The calls of one space, and what they lead from and to.
#[derive(Debug)]
struct Space<'a> {
    drafts: &'a [Draft],
    before: &'a LiveSpace,
    after: &'a LiveSpace,
    live: &'a Live,
    crowd: &'a atoms::Crowd<'a>,
    protected: &'a protected::Protected,
}

/// Puts calls in order.
pub(super) fn schedule(
    drafts: Vec<Draft>,
    live: &Live,
    after: &Live,
    guards: &Guards,
    gaps: Gaps,
) -> Schedule {
    let drafts = by_space(drafts);
    let crowd = atoms::Crowd::of(live);
    let protected = protected::Protected::of(live, guards);
    let mut spaces = Vec::new();
    for (key, drafts) in &drafts {
        let Some((before, after)) = live.spaces.get(key).zip(after.spaces.get(key)) else { continue };
        spaces.push(Space { drafts, before, after, live, crowd: &crowd, protected: &protected });
    }
    let sketches: Vec<Sketch> = spaces.par_iter().map(|space| search::sketch(space, gaps)).collect();
    let open = sketches.iter().filter(|sketch| matches!(sketch, Sketch::Open(_))).count();

    let solve = |(space, sketch): (&Space<'_>, Sketch)| {
        let mut solution = match sketch {
            Sketch::Done(solution) => solution,
            Sketch::Open(sketch) => sketch.finish(space, gaps, open),
        };
        if solution.impossible.is_none() {
            solution.impossible = finishing::unfinished(space, &solution).map(Impossible::Unfinished);
        }
        solution
    };
    let solutions: Vec<Solution> = spaces.par_iter().zip(sketches).map(solve).collect();
    let mut schedule = Schedule::default();
    for (space, solution) in spaces.iter().zip(solutions) {
        write_out(space, solution, &mut schedule);
    }
    schedule
}

/// The drafts of each space. What a draft needs is numbered over all spaces; here it is counted within one.
fn by_space(drafts: Vec<Draft>) -> BTreeMap<SpaceKey, Vec<Draft>> {
    let mut spaces: BTreeMap<SpaceKey, (Vec<usize>, Vec<Draft>)> = BTreeMap::new();
    for (number, draft) in drafts.into_iter().enumerate() {
        let (numbers, drafts) = spaces.entry(draft.call.space().clone()).or_default();
        numbers.push(number);
        drafts.push(draft);
    }
    let within = |(key, (numbers, mut drafts)): (SpaceKey, (Vec<usize>, Vec<Draft>))| {
        let here = |number: &usize| numbers.binary_search(number).ok();
        for draft in &mut drafts {
            draft.needs = draft.needs.iter().filter_map(here).collect();
            draft.resumes = draft.resumes.iter().filter_map(here).collect();
            draft.undoes = draft.undoes.as_ref().and_then(here);
        }
        (key, drafts)
    };
    spaces.into_iter().map(within).collect()
}

/// Numbers the calls of one space in their order and gives them their edges.
fn write_out(space: &Space<'_>, solution: Solution, schedule: &mut Schedule) {
    let key = &space.before.space.key;
    schedule.splits += solution.splits(space);
    schedule.needed += solution.needed;
    schedule.bound += solution.needed.min(HELPING_OUT);
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
        let because = edge.witness.map(Danger::from);
        after[edge.last].insert(call, Edge { call, reason: edge.reason, because });
    }
    schedule.meanwhile.extend(accepted.into_iter().map(|accepted| Meanwhile {
        space: key.clone(),
        danger: accepted.witness.into(),
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
        Impossible::Danger(witness) => Refusal::NoSafeOrder { space, danger: witness.into() },
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

/// The order that people would choose, and the first that is tried: close pages, let in, shut out, open
/// pages; what puts a side effect right at once, and what takes something from the caller last of all.
fn habits(space: &Space<'_>, nodes: &[Node], conflicts: &[Conflict]) -> Vec<u8> {
    const AT_ONCE: u8 = 0;
    const LAST: u8 = 5;
    let mut waited_for = vec![false; nodes.len()];
    for &call in conflicts.iter().flat_map(|conflict| &conflict.pending) {
        waited_for[call] = true;
    }
    let habit = |node: &Node| match &node.call {
        _ if space.drafts[node.draft].undoes.is_some() => AT_ONCE,
        Call::Restrict { before, after, .. } => {
            let closes = PageVerb::ALL
                .iter()
                .any(|&verb| middle::narrows(before.audience(verb), after.audience(verb)));
            if closes { 1 } else { 4 }
        }
        Call::Grant { .. } | Call::AssignRoles { .. } => 2,
        Call::Revoke { .. } => 3,
    };
    // Where everything else is stuck, one that others wait for goes before one that nobody needs.
    let last = |call: usize| LAST + u8::from(!waited_for[call]);
    let takes = |node: &Node| protected::takes_from_caller(node, space);
    let calls = nodes.iter().enumerate();
    calls.map(|(call, node)| if takes(node) { last(call) } else { habit(node) }).collect()
}

/// Moves what puts a side effect right to where it follows at once. Nothing else depends on it.
fn at_once(space: &Space<'_>, draft_of: impl Fn(usize) -> usize, order: Vec<usize>) -> Vec<usize> {
    let undoes = |number: usize| space.drafts[draft_of(number)].undoes;
    let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &number in &order {
        if let Some(producer) = undoes(number) {
            followers.entry(producer).or_default().push(number);
        }
    }
    let mut moved = Vec::with_capacity(order.len());
    for number in order.into_iter().filter(|number| undoes(*number).is_none()) {
        moved.push(number);
        moved.extend(followers.remove(&draft_of(number)).unwrap_or_default());
    }
    moved
}

/// The conflicts that hold for these nodes, whatever the reason, and how many questions it took to find
/// them. `None` where there would be too many.
fn all_conflicts(space: &Space<'_>, nodes: &[Node]) -> Option<(Vec<Conflict>, usize)> {
    let conflicts::Conflicts { mut all, work } = conflicts(space, nodes)?;
    all.extend(demands(space, nodes));
    for (number, pair) in nodes.windows(2).enumerate() {
        if pair[0].draft == pair[1].draft {
            all.push(Conflict::edge(number, number + 1, EdgeReason::Api));
        }
    }
    Some((all, work))
}

/// What the API demands, and what a run that ends anywhere needs to be taken up: which drafts wait for which
/// others.
fn demands(space: &Space<'_>, nodes: &[Node]) -> Vec<Conflict> {
    let mut of_draft: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        of_draft.entry(node.draft).or_default().push(number);
    }
    let edges = |(number, node): (usize, &Node)| {
        let draft = &space.drafts[node.draft];
        let mut edges = Vec::new();
        for (earlier, reason) in [(&draft.needs, EdgeReason::Api), (&draft.resumes, EdgeReason::Resume)] {
            let earlier = earlier.iter().filter_map(|earlier| of_draft.get(earlier)).flatten();
            edges.extend(earlier.map(|&earlier| Conflict::edge(earlier, number, reason)));
        }
        edges
    };
    nodes.iter().enumerate().flat_map(edges).collect()
}
