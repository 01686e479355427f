//! A state that must not occur: what an order is found by.

use super::super::document::{Danger, EdgeReason};
use super::gates::State;

/// "Not all of `done` before any of `pending`."
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Conflict {
    pub(super) pending: Vec<usize>,
    pub(super) done: Vec<usize>,
    pub(super) reason: EdgeReason,
    /// Who would notice.
    pub(super) witness: Option<Danger>,
}

impl Conflict {
    /// That a state must not be.
    pub(super) fn of(State { done, pending }: State, reason: EdgeReason, witness: Option<Danger>) -> Self {
        Self { pending, done, reason, witness }
    }

    pub(super) fn edge(first: usize, last: usize, reason: EdgeReason) -> Self {
        Self { pending: vec![first], done: vec![last], reason, witness: None }
    }

    /// The first place in an order of any of `pending`, and the last of any of `done`; `None` where one side is empty.
    pub(super) fn ends(&self, places: &[usize]) -> Option<(usize, usize)> {
        let first = self.pending.iter().map(|call| places[*call]).min();
        first.zip(self.done.iter().map(|call| places[*call]).max())
    }

    /// Whether an order with these places leads through the state.
    pub(super) fn is_broken(&self, places: &[usize]) -> bool {
        self.ends(places).is_none_or(|(first, last)| first > last)
    }
}
