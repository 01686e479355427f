//! From an order to the edges that enforce what matters about it, as few as can be.
//!
//! Each conflict asks for one edge. Edges that follow from others are left out. Where many calls wait for
//! the same many, the last of those that are waited for gathers the rest: it waits for them, and all
//! others wait for it alone, so that the number of edges grows with the calls and not with their pairs.

use std::collections::BTreeMap;

use super::super::document::EdgeReason;
use super::conflicts::{Conflict, Witness};

/// Up to this many calls, edges that follow from other edges are left out.
const REDUCED: usize = 4_000;

/// From so many edges between the same calls, one of the calls gathers the others.
const MANY: usize = 64;

/// "`first` must be done before `last`."
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Required {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) reason: EdgeReason,
    /// Who would notice the other order. The API's own demands have no witness.
    pub(super) witness: Option<Witness>,
}

/// Why there is an edge between two places in the order.
#[derive(Debug, Clone, Copy)]
struct EdgeCause<'a> {
    reason: EdgeReason,
    witness: Option<&'a Witness>,
}

/// Edges between places in the order: the later one, then the earlier one.
type Edges<'a> = BTreeMap<(usize, usize), EdgeCause<'a>>;

/// Edges such that the order is one of those that they allow, and each of those breaks no conflict.
pub(super) fn edges(order: &[usize], conflicts: &[Conflict]) -> Vec<Required> {
    let mut place = vec![0; order.len()];
    for (position, &call) in order.iter().enumerate() {
        place[call] = position;
    }
    let mut edges: Edges<'_> = BTreeMap::new();
    for conflict in conflicts {
        let first = conflict.pending.iter().map(|call| place[*call]).min();
        let last = conflict.done.iter().map(|call| place[*call]).max();
        if let (Some(first), Some(last)) = (first, last) {
            let why = EdgeCause { reason: conflict.reason, witness: conflict.witness.as_ref() };
            let strongest = edges.entry((last, first)).or_insert(why);
            if why.reason < strongest.reason {
                *strongest = why;
            }
        }
    }
    if order.len() <= REDUCED {
        edges = reduce(order.len(), edges);
    }
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

/// Leaves out what follows from the rest.
fn reduce(count: usize, edges: Edges<'_>) -> Edges<'_> {
    let words = count.div_ceil(64);
    let mut reach: Vec<Vec<u64>> = vec![Vec::new(); count];
    let mut kept = BTreeMap::new();
    let mut edges = edges.into_iter().peekable();
    for last in 0..count {
        let mut own = vec![0_u64; words];
        let mut incoming = Vec::new();
        while let Some(((_, first), why)) = edges.next_if(|((at, _), _)| *at == last) {
            incoming.push((first, why));
        }
        // The nearest first: what stands before it is then known to be covered.
        for (first, why) in incoming.into_iter().rev() {
            if own[first / 64] >> (first % 64) & 1 == 0 {
                for (word, more) in own.iter_mut().zip(&reach[first]) {
                    *word |= more;
                }
                own[first / 64] |= 1 << (first % 64);
                kept.insert((last, first), why);
            }
        }
        reach[last] = own;
    }
    kept
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
        if done.len() < 2 || pending.len() < 2 || done.len() * pending.len() < MANY {
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
    use super::*;

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
