//! Finds an order in which no clause is broken, and the fewest edges that enforce it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::EdgeReason;
use super::clauses::{Clause, Witness};

/// Up to this many calls, every order is considered before giving up.
const EXHAUSTIVE: usize = 20;

/// Up to this many calls, edges that follow from other edges are left out.
const REDUCED: usize = 4_000;

/// "`first` must be done before `last`."
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Required {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) reason: EdgeReason,
    /// Who would notice the other order. The API's own demands have no witness.
    pub(super) witness: Option<Witness>,
}

/// An order was found, or it is known that there is none, or the search was too large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Order(Vec<usize>),
    None,
    Unclear {
        /// Calls that were left over.
        stuck: BTreeSet<usize>,
    },
}

/// An order of `count` calls; among those that are possible, calls earlier in `habit` go first.
pub(super) fn order(count: usize, clauses: &BTreeSet<Clause>, habit: &[u8]) -> Answer {
    if clauses.iter().any(|clause| clause.firsts.is_empty() || clause.lasts.is_empty()) {
        return Answer::None;
    }
    let greedy = greedy(count, clauses, habit);
    if greedy.len() == count {
        return Answer::Order(greedy);
    }
    if count <= EXHAUSTIVE {
        return exhaustive(count, clauses, habit).map_or(Answer::None, Answer::Order);
    }
    let done: BTreeSet<usize> = greedy.into_iter().collect();
    Answer::Unclear { stuck: (0..count).filter(|call| !done.contains(call)).collect() }
}

/// Takes whatever may go next. Linear in the size of the clauses; may run into a dead end.
fn greedy(count: usize, clauses: &BTreeSet<Clause>, habit: &[u8]) -> Vec<usize> {
    let clauses: Vec<&Clause> = clauses.iter().collect();
    let mut as_first: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut as_last: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut left: Vec<usize> = clauses.iter().map(|clause| clause.lasts.len()).collect();
    let mut satisfied = vec![false; clauses.len()];
    // How many clauses hold a call back: it is the last of their `lasts`, and no `firsts` is done.
    let mut held_back = vec![0_usize; count];
    for (number, clause) in clauses.iter().enumerate() {
        for &call in &clause.firsts {
            as_first[call].push(number);
        }
        for &call in &clause.lasts {
            as_last[call].push(number);
        }
        if let (1, Some(&only)) = (clause.lasts.len(), clause.lasts.first()) {
            held_back[only] += 1;
        }
    }
    let mut order = Vec::with_capacity(count);
    let mut done = vec![false; count];
    let mut ready: BTreeSet<(u8, usize)> =
        (0..count).filter(|&call| held_back[call] == 0).map(|call| (habit[call], call)).collect();
    while let Some((_, call)) = ready.pop_first() {
        if held_back[call] > 0 {
            continue;
        }
        done[call] = true;
        order.push(call);
        for &number in &as_first[call] {
            if !std::mem::replace(&mut satisfied[number], true)
                && left[number] == 1
                && let Some(&last) = clauses[number].lasts.iter().find(|last| !done[**last])
            {
                held_back[last] -= 1;
                if held_back[last] == 0 {
                    ready.insert((habit[last], last));
                }
            }
        }
        for &number in &as_last[call] {
            left[number] -= 1;
            if left[number] == 1
                && !satisfied[number]
                && let Some(&last) = clauses[number].lasts.iter().find(|last| !done[**last])
            {
                held_back[last] += 1;
            }
        }
    }
    order
}

/// Walks the sets of calls that can be done without breaking a clause, each set once.
fn exhaustive(count: usize, clauses: &BTreeSet<Clause>, habit: &[u8]) -> Option<Vec<usize>> {
    let bits = |calls: &BTreeSet<usize>| calls.iter().fold(0_u32, |bits, call| bits | 1 << call);
    let clauses: Vec<(u32, u32)> =
        clauses.iter().map(|clause| (bits(&clause.firsts), bits(&clause.lasts))).collect();
    let all = (1_u32 << count) - 1;
    let mut by_habit: Vec<usize> = (0..count).collect();
    by_habit.sort_by_key(|&call| (habit[call], call));

    let mut seen = vec![false; 1 << count];
    let mut path: Vec<(u32, usize)> = vec![(0, 0)];
    let mut order = Vec::new();
    while let Some(&mut (done, ref mut next)) = path.last_mut() {
        if done == all {
            return Some(order);
        }
        let Some(&call) = by_habit.get(*next) else {
            path.pop();
            order.pop();
            continue;
        };
        *next += 1;
        let with = done | 1 << call;
        let fine = with != done
            && !seen[with as usize]
            && clauses.iter().all(|&(firsts, lasts)| lasts & with != lasts || firsts & with != 0);
        if fine {
            seen[with as usize] = true;
            path.push((with, 0));
            order.push(call);
        }
    }
    None
}

/// One edge for each clause, such that the order is one of those that the edges allow; edges that
/// follow from others are left out.
pub(super) fn edges(order: &[usize], clauses: &BTreeSet<Clause>) -> Vec<Required> {
    let mut place = vec![0; order.len()];
    for (position, &call) in order.iter().enumerate() {
        place[call] = position;
    }
    let mut edges: BTreeMap<(usize, usize), &Clause> = BTreeMap::new();
    for clause in clauses {
        let first = clause.firsts.iter().min_by_key(|call| place[**call]);
        let last = clause.lasts.iter().max_by_key(|call| place[**call]);
        if let (Some(&first), Some(&last)) = (first, last) {
            let strongest = edges.entry((place[last], place[first])).or_insert(clause);
            if clause.reason < strongest.reason {
                *strongest = clause;
            }
        }
    }
    let kept: Vec<(usize, usize)> = if order.len() > REDUCED {
        edges.keys().copied().collect()
    } else {
        reduce(order.len(), edges.keys())
    };
    kept.into_iter()
        .filter_map(|(last, first)| {
            let clause = edges.get(&(last, first))?;
            let (reason, witness) = (clause.reason, clause.witness.clone());
            Some(Required { first: order[first], last: order[last], reason, witness })
        })
        .collect()
}

/// Leaves out what follows from the rest. Calls are numbered by their place in the order, and edges are
/// sorted by the later call.
fn reduce<'a>(count: usize, edges: impl Iterator<Item = &'a (usize, usize)>) -> Vec<(usize, usize)> {
    let words = count.div_ceil(64);
    let mut reach: Vec<Vec<u64>> = vec![Vec::new(); count];
    let mut kept = Vec::new();
    let mut edges = edges.copied().peekable();
    for last in 0..count {
        let mut own = vec![0_u64; words];
        let mut incoming = Vec::new();
        while let Some((_, first)) = edges.next_if(|(at, _)| *at == last) {
            incoming.push(first);
        }
        // The nearest first: what stands before it is then known to be covered.
        for first in incoming.into_iter().rev() {
            if own[first / 64] >> (first % 64) & 1 == 0 {
                for (word, more) in own.iter_mut().zip(&reach[first]) {
                    *word |= more;
                }
                own[first / 64] |= 1 << (first % 64);
                kept.push((last, first));
            }
        }
        reach[last] = own;
    }
    kept
}
