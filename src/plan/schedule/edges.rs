//! From an order to the edges that enforce what matters about it, as few as can be.
//!
//! Each conflict asks for one edge. Edges that follow from others are left out. Where many calls wait for
//! the same many, the last of those that are waited for gathers the rest: it waits for them, and all
//! others wait for it alone, so that the number of edges grows with the calls and not with their pairs.

use std::collections::BTreeMap;

use super::super::document::{Danger, EdgeReason};
use super::conflict::Conflict;
use super::order::places;

/// "`first` must be done before `last`."
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Required {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) reason: EdgeReason,
    /// Who would notice the other order. The API's own demands have no witness.
    pub(super) witness: Option<Danger>,
}

/// Why there is an edge between two places in the order.
#[derive(Debug, Clone, Copy)]
struct EdgeCause<'a> {
    reason: EdgeReason,
    witness: Option<&'a Danger>,
}

/// Edges between places in the order: the later one, then the earlier one.
type Edges<'a> = BTreeMap<(usize, usize), EdgeCause<'a>>;

/// Edges such that the order is one of those that they allow, and each of those breaks no conflict.
pub(super) fn edges(order: &[usize], conflicts: &[Conflict]) -> Vec<Required> {
    let places = places(order);
    let mut edges: Edges<'_> = BTreeMap::new();
    for conflict in conflicts {
        if let Some((first, last)) = conflict.ends(&places) {
            let why = EdgeCause { reason: conflict.reason, witness: conflict.witness.as_ref() };
            let strongest = edges.entry((last, first)).or_insert(why);
            if why.reason < strongest.reason {
                *strongest = why;
            }
        }
    }
    reduce(order.len(), &mut edges);
    gather(&mut edges);
    edges
        .into_iter()
        .map(|((last, first), why)| Required {
            first: order[first],
            last: order[last],
            reason: why.reason,
            witness: why.witness.cloned(),
        })
        .collect()
}

/// Leaves out what follows from the rest: an edge is implied if its first call is reached from another call that its
/// last waits for. Which of 64 calls are reached from each is known at a time, so memory grows with the calls alone.
fn reduce(count: usize, edges: &mut Edges<'_>) {
    let all: Vec<(usize, usize)> = edges.keys().copied().collect();
    let mut reached = vec![0_u64; count];
    for column in (0..count).step_by(64) {
        reached.fill(0);
        let bit = |call: usize| {
            let within = call.checked_sub(column).filter(|within| *within < 64);
            within.map_or(0, |within| 1_u64 << within)
        };
        for waiting in all.chunk_by(|one, other| one.0 == other.0) {
            let last = waiting[0].0;
            let implied = waiting.iter().fold(0, |implied, (_, first)| implied | reached[*first]);
            let mut direct = 0;
            for &(_, first) in waiting {
                if implied & bit(first) != 0 {
                    edges.remove(&(last, first));
                }
                direct |= bit(first);
            }
            reached[last] = implied | direct;
        }
    }
}

/// Where several calls wait for the same many, they wait for the last of these, and it for the others.
fn gather(edges: &mut Edges<'_>) {
    let mut waits: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &(last, first) in edges.keys() {
        waits.entry(last).or_default().push(first);
    }
    let mut shared: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for (last, pending) in waits {
        shared.entry(pending).or_default().push(last);
    }
    for (pending, done) in shared {
        let Some((&latest, rest)) = pending.split_last() else { continue };
        // Where it at least halves the edges.
        if done.len() * pending.len() < 2 * (done.len() + pending.len()) {
            continue;
        }
        for &first in rest {
            for &last in &done {
                edges.remove(&(last, first));
            }
            edges.entry((latest, first)).or_insert(EdgeCause { reason: EdgeReason::Gather, witness: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is left out is exactly what a call waits for by way of others.
        #[test]
        fn edges_that_follow_from_others_are_left_out(
            count in 2_usize..150,
            pairs in proptest::collection::vec((any::<u16>(), any::<u16>()), 0..300),
        ) {
            let cause = EdgeCause { reason: EdgeReason::Leak, witness: None };
            let mut all: Edges<'_> = BTreeMap::new();
            for (one, other) in pairs {
                let (one, other) = (usize::from(one) % count, usize::from(other) % count);
                if one != other {
                    all.insert((one.max(other), one.min(other)), cause);
                }
            }
            // What each call waits for, and what it does by way of others.
            let waits = |edges: &Edges<'_>| {
                let mut waits: Vec<[BTreeSet<usize>; 2]> = vec![Default::default(); count];
                for &(last, first) in edges.keys() {
                    let further = waits[first][0].clone();
                    waits[last][1].extend(&further);
                    waits[last][0].extend(further);
                    waits[last][0].insert(first);
                }
                waits
            };
            let mut kept = all.clone();
            reduce(count, &mut kept);
            let all_waits = waits(&all);
            for &(last, first) in all.keys() {
                prop_assert_eq!(kept.contains_key(&(last, first)), !all_waits[last][1].contains(&first));
            }
            let kept_waits = waits(&kept);
            for call in 0..count {
                prop_assert_eq!(&kept_waits[call][0], &all_waits[call][0]);
            }
        }
    }

    #[test]
    fn a_hundred_calls_that_wait_for_a_hundred_take_a_few_hundred_edges() {
        let conflicts: Vec<Conflict> = (0..100)
            .flat_map(|first| (100..200).map(move |last| Conflict::edge(first, last, EdgeReason::Leak)))
            .collect();
        let order: Vec<usize> = (0..200).collect();
        let edges = edges(&order, &conflicts);
        assert_eq!(edges.len(), 99 + 100);
        assert!(edges.iter().all(|edge| edge.first == 99 || edge.last == 99));
    }
}
