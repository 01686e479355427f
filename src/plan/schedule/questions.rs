//! What is asked of gates: what an account can notice that is two principals, at one gate or two, if it gets past what is
//! needed beside them. What is asked of lists that are alike is asked once.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::super::document::EdgeReason;
use super::gates::State;
use super::lists::{MovingListId, MovingLists};
use super::literals::Literals;

/// What tells gates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum GateId {
    /// By the place of the need among all.
    Rows(usize),
    List(MovingListId),
}

/// The gates of a space.
pub(super) struct SpaceGates<'a> {
    pub(super) needs: &'a [Literals],
    pub(super) lists: &'a MovingLists<'a>,
}

impl SpaceGates<'_> {
    /// The first gate that is like this one.
    fn like(&self, id: GateId) -> GateId {
        match id {
            GateId::Rows(_) => id,
            GateId::List(list) => GateId::List(self.lists.like(list)),
        }
    }

    /// The gate, with the calls of the first that is like it.
    pub(super) fn alike(&self, id: GateId) -> &Literals {
        match id {
            GateId::Rows(place) => &self.needs[place],
            GateId::List(list) => self.lists.alike(list),
        }
    }

    /// The gate, with its own calls.
    pub(super) fn itself(&self, id: GateId) -> Cow<'_, Literals> {
        match id {
            GateId::Rows(place) => Cow::Borrowed(&self.needs[place]),
            GateId::List(list) => self.lists.itself(list),
        }
    }

    /// The calls in which these gates differ from others that are like them.
    fn calls(&self, ids: [GateId; 2]) -> impl Iterator<Item = usize> + '_ {
        ids.into_iter()
            .flat_map(|id| match id {
                GateId::Rows(_) => &[],
                GateId::List(list) => self.lists.calls(list),
            })
            .copied()
    }
}

/// What was asked so far of one gate, or of two, which are different then.
#[derive(Default)]
pub(super) struct SeenGates {
    beside: HashMap<[GateId; 2], Vec<BTreeSet<GateId>>>,
    known: HashMap<GateQuestion, GateAnswer>,
}

/// All on which it depends what is found, but for the calls of lists.
#[derive(PartialEq, Eq, Hash)]
struct GateQuestion {
    /// The first that are like the gates.
    like: [GateId; 2],
    is_one_gate: bool,
    /// Whether one call changes both lists.
    is_one_page: bool,
    beside: Vec<GateId>,
}

/// What is found at these gates.
struct GateAnswer {
    gates: [GateId; 2],
    noticed: Noticed,
}

/// What accounts that are two principals would notice, and how many pairs were looked at to find it.
#[derive(Clone, Default)]
pub(super) struct Noticed {
    pub(super) states: Vec<(State, EdgeReason, [u32; 2])>,
    pub(super) work: usize,
}

impl SeenGates {
    /// What is found at these gates, which `look` looks for; `None` if there is nothing that was not found before.
    pub(super) fn ask(
        &mut self,
        ids: [GateId; 2],
        beside: &[GateId],
        gates: &SpaceGates<'_>,
        look: impl FnOnce() -> Noticed,
    ) -> Option<Noticed> {
        let seen = self.beside.entry(ids).or_default();
        let all: BTreeSet<GateId> = beside.iter().copied().collect();
        // Beside more gates than once before, there is not.
        if seen.iter().any(|fewer| fewer.is_subset(&all)) {
            return None;
        }
        seen.push(all);
        let answer = self
            .known
            .entry(GateQuestion::of(ids, beside, gates))
            .or_insert_with(|| GateAnswer { gates: ids, noticed: look() });
        Some(answer.at(ids, gates))
    }
}

impl GateQuestion {
    fn of(ids: [GateId; 2], beside: &[GateId], gates: &SpaceGates<'_>) -> Self {
        let page = |id| match id {
            GateId::Rows(_) => None,
            GateId::List((page, _)) => Some(page),
        };
        let [one, other] = ids;
        Self {
            like: ids.map(|id| gates.like(id)),
            is_one_gate: one == other,
            is_one_page: page(one) == page(other),
            beside: beside.iter().map(|id| gates.like(*id)).collect(),
        }
    }
}

impl GateAnswer {
    /// The same at other gates of which the same was asked. Its work counts again: what a packing costs beside it grows
    /// with the gates.
    fn at(&self, ids: [GateId; 2], gates: &SpaceGates<'_>) -> Noticed {
        let calls: Vec<(usize, usize)> = gates.calls(self.gates).zip(gates.calls(ids)).collect();
        let mut noticed = self.noticed.clone();
        for (state, ..) in &mut noticed.states {
            for side in [&mut state.done, &mut state.pending] {
                for call in side.iter_mut() {
                    let other = calls.iter().find(|(known, _)| known == call);
                    *call = other.map_or(*call, |(_, other)| *other);
                }
                side.sort_unstable();
            }
        }
        noticed
    }
}
