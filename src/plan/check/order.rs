//! The states that the edges of a plan allow.

use std::collections::{BTreeSet, HashMap};

use super::tables::{AnyOf, Tables, TimedGate};
use crate::plan::document::{Moment, PlannedCall};
use crate::plan::numbered::Numbered;

/// If at most this many calls affect an access, all their reachable states are enumerated. With more calls, only the
/// smallest states in which a given two of them are done, and the largest in which a given two are not.
const EVERY_STATE: usize = 10;

/// An access that depends on more calls than this is not checked.
const MOST: usize = 128;

/// Which calls of a space come before which, numbered by their place in the plan.
pub(super) struct Order {
    /// For each call, those that must be done before it, as bits.
    earlier: Vec<Vec<u64>>,
}

impl Order {
    /// None if a call waits for one that comes after it in the plan.
    pub(super) fn of(calls: &[&PlannedCall]) -> Option<Self> {
        let words = calls.len().div_ceil(64);
        let mut earlier: Vec<Vec<u64>> = Vec::with_capacity(calls.len());
        for call in calls {
            let mut own = vec![0_u64; words];
            for edge in &call.after {
                let first = calls.binary_search_by_key(&edge.call, |call| call.id).ok()?;
                for (word, more) in own.iter_mut().zip(earlier.get(first)?) {
                    *word |= more;
                }
                own[first / 64] |= 1 << (first % 64);
            }
            earlier.push(own);
        }
        Some(Self { earlier })
    }

    /// Of two steps, one after the other.
    pub(super) fn of_two() -> Self {
        Self { earlier: vec![vec![0], vec![1]] }
    }

    fn is_earlier(&self, first: usize, last: usize) -> bool {
        self.earlier[last][first / 64] >> (first % 64) & 1 == 1
    }

    /// How an access with these gates breaks the promise, if it does.
    fn violation(&self, gates: &[AnyOf], tables: &Tables) -> Option<Moment> {
        let mut calls: Vec<usize> =
            gates.iter().flat_map(|gate| tables.of(*gate)).flat_map(|table| &table.calls).copied().collect();
        calls.sort_unstable();
        calls.dedup();
        if calls.is_empty() || calls.len() > MOST {
            return None;
        }
        let is_open = |state: u128| {
            let done = |call: usize| calls.binary_search(&call).is_ok_and(|place| state >> place & 1 == 1);
            gates.iter().all(|gate| tables.of(*gate).any(|table| table.at(done)))
        };
        let all = u128::MAX >> (128 - calls.len());
        let (before, after) = (is_open(0), is_open(all));
        let states = self.states(&calls);
        if before == after {
            let is_wrong = states.into_iter().any(|state| is_open(state) != before);
            return is_wrong.then_some(if before { Moment::ShutOut } else { Moment::LetIn });
        }
        // Access that is gained or lost must switch exactly once. If it switches back, people are shut out in
        // between. It is no leak, since they have the access before or after the plan.
        let known: BTreeSet<u128> = states.iter().copied().collect();
        let turns_back = states.into_iter().filter(|state| is_open(*state) == after).any(|state| {
            let next = (0..calls.len()).map(|place| state | 1 << place).filter(|next| known.contains(next));
            next.into_iter().any(|next| is_open(next) == before)
        });
        turns_back.then_some(Moment::ShutOut)
    }

    /// Whether what is open at the start is open in every state in which this call may be the next.
    pub(super) fn is_open_at(&self, call: usize, gate: &TimedGate, tables: &Tables) -> bool {
        let TimedGate::While(set) = gate else { return true };
        let calls: BTreeSet<usize> =
            tables.of(*set).flat_map(|table| &table.calls).copied().chain([call]).collect();
        let calls: Vec<usize> = calls.into_iter().collect();
        let is_open = |state: u128| {
            let done = |call: usize| calls.binary_search(&call).is_ok_and(|place| state >> place & 1 == 1);
            tables.of(*set).any(|table| table.at(done))
        };
        if calls.len() > MOST || !is_open(0) {
            return true;
        }
        let states: BTreeSet<u128> = self.states(&calls).into_iter().collect();
        let this = calls.binary_search(&call).map_or(0, |place| 1 << place);
        let is_next = |state: &u128| state & this == 0 && states.contains(&(state | this));
        states.iter().filter(|state| is_next(state)).all(|state| is_open(*state))
    }

    /// States of these calls that a run can come to; bit by bit which of them are done.
    fn states(&self, calls: &[usize]) -> Vec<u128> {
        let earlier: Vec<u128> = calls
            .iter()
            .map(|last| {
                let first = calls.iter().enumerate().filter(|(_, first)| self.is_earlier(**first, *last));
                first.fold(0, |bits, (place, _)| bits | 1 << place)
            })
            .collect();
        if calls.len() <= EVERY_STATE {
            let can_be = |state: &u128| {
                earlier
                    .iter()
                    .enumerate()
                    .all(|(place, needed)| state >> place & 1 == 0 || needed & !state == 0)
            };
            return (0..1_u128 << calls.len()).filter(can_be).collect();
        }
        let all = u128::MAX >> (128 - calls.len());
        let with: Vec<u128> = earlier.iter().enumerate().map(|(place, needed)| needed | 1 << place).collect();
        let without: Vec<u128> = (0..calls.len())
            .map(|pending| {
                let waiting = earlier.iter().enumerate().filter(|(_, needed)| *needed >> pending & 1 == 1);
                all & !waiting.fold(1 << pending, |bits, (place, _)| bits | 1 << place)
            })
            .collect();
        let pairs = || (0..calls.len()).flat_map(|one| (0..=one).map(move |other| (one, other)));
        let done = pairs().map(|(one, other)| with[one] | with[other]);
        done.chain(pairs().map(|(one, other)| without[one] & without[other])).collect()
    }
}

/// Gates that have to be open at once, by a number; see [`Verdicts::and`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AllOf(usize);

impl AllOf {
    /// No gates: always open.
    pub(super) const NONE: Self = Self(0);
}

/// Whether accesses break the promise, each set of gates looked at once.
pub(super) struct Verdicts<'t> {
    order: &'t Order,
    tables: &'t Tables,
    /// By their number less one, sets of gates as another set and one gate more.
    sets: Numbered<(AllOf, AnyOf)>,
    known: HashMap<[AllOf; 2], Option<Moment>>,
}

impl<'t> Verdicts<'t> {
    pub(super) fn new(order: &'t Order, tables: &'t Tables) -> Self {
        Self { order, tables, sets: Numbered::default(), known: HashMap::new() }
    }

    /// A set of gates; `None` if it is never open.
    pub(super) fn all(&mut self, gates: impl IntoIterator<Item = TimedGate>) -> Option<AllOf> {
        gates.into_iter().try_fold(AllOf::NONE, |all, gate| self.and(all, gate))
    }

    /// A set of gates with one more; `None` if it is never open.
    pub(super) fn and(&mut self, all: AllOf, gate: TimedGate) -> Option<AllOf> {
        match gate {
            TimedGate::AlwaysOpen => Some(all),
            TimedGate::NeverOpen => None,
            TimedGate::While(any) => Some(AllOf(self.sets.number((all, any)) + 1)),
        }
    }

    /// How an access with the gates of both sets breaks the promise, if it does.
    pub(super) fn of(&mut self, both: [AllOf; 2]) -> Option<Moment> {
        let Self { order, tables, sets, known } = self;
        *known.entry(both).or_insert_with(|| {
            let mut gates = Vec::new();
            for mut all in both {
                while all != AllOf::NONE {
                    let (rest, gate) = sets.all()[all.0 - 1];
                    gates.push(gate);
                    all = rest;
                }
            }
            order.violation(&gates, tables)
        })
    }
}
