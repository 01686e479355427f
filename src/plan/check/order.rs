//! The states that the edges of a plan allow.

use std::collections::{BTreeSet, HashMap};

use super::tables::{Gate, Table, Tables};
use crate::plan::document::Moment;
use crate::plan::document::PlannedCall;

/// With up to so many calls that concern an access, every state of them is looked at; with more, those that any
/// two of them make necessary or rule out.
const EVERY_STATE: usize = 10;

/// Of more calls than this, no state is looked at.
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

    /// How an access with these gates breaks the promise, if it does; each is open while one of its tables is.
    fn violation(&self, gates: &BTreeSet<&[usize]>, tables: &Tables) -> Option<Moment> {
        let moving: Vec<Vec<&Table>> =
            gates.iter().map(|gate| gate.iter().map(|number| tables.get(*number)).collect()).collect();
        let calls: BTreeSet<usize> =
            moving.iter().flatten().flat_map(|table| &table.calls).copied().collect();
        let calls: Vec<usize> = calls.into_iter().collect();
        if calls.is_empty() || calls.len() > MOST {
            return None;
        }
        let is_open = |state: u128| {
            let done = |call: usize| calls.binary_search(&call).is_ok_and(|place| state >> place & 1 == 1);
            moving.iter().all(|any| any.iter().any(|table| table.at(done)))
        };
        let all = u128::MAX >> (128 - calls.len());
        let (before, after) = (is_open(0), is_open(all));
        let states = self.states(&calls);
        if before == after {
            let is_wrong = states.into_iter().any(|state| is_open(state) != before);
            return is_wrong.then_some(if before { Moment::ShutOut } else { Moment::LetIn });
        }
        // What comes or goes does so once. If not, it was shut too early, or opened too early and shut again; a
        // state that is open is as the one before or after all the same, so that nothing leaks.
        let known: BTreeSet<u128> = states.iter().copied().collect();
        let turns_back = states.into_iter().filter(|state| is_open(*state) == after).any(|state| {
            let next = (0..calls.len()).map(|place| state | 1 << place).filter(|next| known.contains(next));
            next.into_iter().any(|next| is_open(next) == before)
        });
        turns_back.then_some(Moment::ShutOut)
    }

    /// Whether what is open at the start is open in every state in which this call may be the next.
    pub(super) fn is_open_at(&self, call: usize, gate: &Gate, tables: &Tables) -> bool {
        let Gate::While(numbers) = gate else { return true };
        let moving: Vec<&Table> = numbers.iter().map(|number| tables.get(*number)).collect();
        let calls: BTreeSet<usize> =
            moving.iter().flat_map(|table| &table.calls).copied().chain([call]).collect();
        let calls: Vec<usize> = calls.into_iter().collect();
        let is_open = |state: u128| {
            let done = |call: usize| calls.binary_search(&call).is_ok_and(|place| state >> place & 1 == 1);
            moving.iter().any(|table| table.at(done))
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

/// No table has this number.
const END: usize = usize::MAX;

/// Whether accesses break the promise, each set of gates looked at once.
#[derive(Default)]
pub(super) struct Verdicts {
    pub(super) tables: Tables,
    /// By the tables of the gates, gate by gate with an [`END`] after each.
    known: HashMap<Vec<usize>, Option<Moment>>,
}

impl Verdicts {
    /// How an access with these gates breaks the promise, if it does.
    pub(super) fn of(&mut self, gates: &mut dyn Iterator<Item = &Gate>, order: &Order) -> Option<Moment> {
        let mut moving = BTreeSet::new();
        for gate in gates {
            match gate {
                Gate::AlwaysOpen => {}
                Gate::While(numbers) if numbers.is_empty() => return None,
                Gate::While(numbers) => drop(moving.insert(numbers.as_slice())),
            }
        }
        if moving.is_empty() {
            return None;
        }
        let key = moving.iter().flat_map(|gate| gate.iter().copied().chain([END])).collect();
        let tables = &self.tables;
        *self.known.entry(key).or_insert_with(|| order.violation(&moving, tables))
    }
}
