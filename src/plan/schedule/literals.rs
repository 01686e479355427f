//! A gate, by the principals through which it is open: what is asked of many of them at once.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::atoms::single;
use super::gates::{Gate, State};

/// A gate, by the [single](super::atoms::Singles) principals through which it is open.
#[derive(Debug)]
pub(super) struct Literals {
    everyone: Gate,
    /// For the principals that find another.
    by_place: BTreeMap<u32, Gate>,
    /// Those through which it is open before, after, and all the time.
    pub(super) before: RoaringBitmap,
    pub(super) after: RoaringBitmap,
    pub(super) always: RoaringBitmap,
    /// Those through which it changes.
    pub(super) moving: RoaringBitmap,
    /// Those through which it is opened, and closed, by one call of some.
    pub(super) open: ByOneCall,
    /// The same for being closed.
    pub(super) closed: ByOneCall,
}

/// The principals for which a gate is in one position with any one of some calls: done if it comes to be open, pending if
/// it does not stay so (the other way round for being closed).
#[derive(Debug, Default)]
pub(super) struct ByOneCall {
    pub(super) comes: RoaringBitmap,
    pub(super) goes: RoaringBitmap,
    calls: BTreeMap<u32, Vec<usize>>,
}

impl Literals {
    /// For so many single ones, those that are not among `each` being as everyone.
    pub(super) fn of(count: usize, everyone: Gate, each: impl Iterator<Item = (usize, Gate)>) -> Self {
        let each = each.map(|(place, gate)| (single(place), gate));
        let by_place: BTreeMap<u32, Gate> = each.filter(|(_, gate)| *gate != everyone).collect();
        let all = 0..single(count);
        let with = |is: fn(&Gate) -> bool| -> RoaringBitmap {
            let mut those = RoaringBitmap::new();
            if is(&everyone) {
                those.insert_range(all.clone());
            }
            for (&place, gate) in &by_place {
                if is(gate) {
                    those.insert(place)
                } else {
                    those.remove(place)
                };
            }
            those
        };
        let (before, after) = (with(Gate::is_open_before), with(Gate::is_open_after));
        let (always, moving) = (with(Gate::is_always_open), with(Gate::moves));
        let mut literals = Self {
            everyone,
            by_place,
            before,
            after,
            always,
            moving,
            open: ByOneCall::default(),
            closed: ByOneCall::default(),
        };
        literals.open = literals.by_one_call(true);
        literals.closed = literals.by_one_call(false);
        literals
    }

    pub(super) fn at(&self, place: u32) -> &Gate {
        self.by_place.get(&place).unwrap_or(&self.everyone)
    }

    /// Whether it changes for any account.
    pub(super) fn moves(&self) -> bool {
        !self.moving.is_empty()
    }

    /// Whether every account is past it all the time.
    pub(super) fn is_open_to_all(&self) -> bool {
        self.everyone.is_always_open() && self.moving.is_empty()
    }

    /// Whether no account ever gets past it.
    pub(super) fn is_closed_to_all(&self) -> bool {
        self.always.is_empty() && self.moving.is_empty()
    }

    fn by_one_call(&self, open: bool) -> ByOneCall {
        let mut by_one_call = ByOneCall::default();
        for place in &self.moving {
            let gate = self.at(place);
            let comes = match (gate.is_open_before(), gate.is_open_after()) {
                (false, true) => true,
                (true, false) => false,
                (true, true) | (false, false) => continue,
            };
            let call = |state: &State| match (&state.done[..], &state.pending[..], comes == open) {
                (&[call], [], true) | ([], &[call], false) => Some(call),
                _ => None,
            };
            let Some(calls) = gate.states(open).iter().map(call).collect::<Option<Vec<usize>>>() else {
                continue;
            };
            let those = if comes { &mut by_one_call.comes } else { &mut by_one_call.goes };
            those.insert(place);
            by_one_call.calls.insert(place, calls);
        }
        by_one_call
    }
}

impl ByOneCall {
    /// Any one of which is enough for a principal.
    pub(super) fn calls(&self, place: u32) -> impl Iterator<Item = usize> + '_ {
        self.calls.get(&place).into_iter().flatten().copied()
    }
}
