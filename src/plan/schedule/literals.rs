//! A gate, by the principals through which it is open: what is asked of many of them at once.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::atoms::single;
use super::gates::{Gate, State};

/// A gate, by the [single](super::atoms::Singles) principals through which it is open.
#[derive(Debug, Clone)]
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
    /// Those through which it is open at some time.
    pub(super) holders: RoaringBitmap,
    /// Those through which it is opened, and closed, by one call of some.
    pub(super) open: ByOneCall,
    /// The same for being closed.
    pub(super) closed: ByOneCall,
}

/// The principals for which a gate is in one position with any one of some calls: done if it comes to be open, pending if
/// it does not stay so (the other way round for being closed).
#[derive(Debug, Default, Clone)]
pub(super) struct ByOneCall {
    pub(super) comes: RoaringBitmap,
    pub(super) goes: RoaringBitmap,
    /// Those of either that have the same calls.
    alike: Vec<Alike>,
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
        let (before, after) = (with(|gate| gate.before), with(|gate| gate.after));
        let (always, moving) = (with(Gate::is_always_open), with(Gate::moves));
        let mut literals = Self {
            everyone,
            by_place,
            before,
            after,
            holders: &always | &moving,
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

    /// Whether the gate is in one position through this principal with any one of some calls, and which: `None` if not.
    fn one_call(gate: &Gate, open: bool) -> Option<(bool, Vec<usize>)> {
        let comes = match (gate.before, gate.after) {
            (false, true) => true,
            (true, false) => false,
            (true, true) | (false, false) => return None,
        };
        let call = |state: &State| match (&state.done[..], &state.pending[..], comes == open) {
            (&[call], [], true) | ([], &[call], false) => Some(call),
            _ => None,
        };
        Some((comes, gate.states(open).iter().map(call).collect::<Option<_>>()?))
    }

    fn by_one_call(&self, open: bool) -> ByOneCall {
        let mut alike: BTreeMap<(bool, Vec<usize>), RoaringBitmap> = BTreeMap::new();
        let mut others = self.moving.clone();
        for (&place, gate) in &self.by_place {
            if others.remove(place)
                && let Some(found) = Self::one_call(gate, open)
            {
                alike.entry(found).or_default().insert(place);
            }
        }
        if !others.is_empty()
            && let Some(found) = Self::one_call(&self.everyone, open)
        {
            *alike.entry(found).or_default() |= others;
        }
        let mut by_one_call = ByOneCall::default();
        for ((comes, calls), those) in alike {
            *(if comes { &mut by_one_call.comes } else { &mut by_one_call.goes }) |= &those;
            by_one_call.alike.push(Alike { comes: Some(comes), calls, those, within: Vec::new() });
        }
        by_one_call
    }

    /// The principals through which it changes, told apart by how it does.
    pub(super) fn alike(&self) -> Vec<Alike> {
        let odd = &self.moving - (&self.open.comes | &self.open.goes);
        let odd = (!odd.is_empty()).then(|| Alike { those: odd, ..Alike::default() });
        self.open.alike.iter().cloned().chain(odd).collect()
    }
}

impl ByOneCall {
    /// How many sets of principals are told apart by the calls.
    pub(super) const fn kinds(&self) -> usize {
        self.alike.len()
    }

    /// Any one of which is enough for one of these principals.
    pub(super) fn calls(&self, those: &RoaringBitmap) -> Vec<usize> {
        // Mostly it is about all but few.
        let others = &(&self.comes | &self.goes) - those;
        let is_any = |alike: &RoaringBitmap| match (alike.len(), alike.min()) {
            (1, Some(place)) => !others.contains(place),
            _ => !alike.is_subset(&others),
        };
        let of_some = self.alike.iter().filter(|alike| is_any(&alike.those));
        let mut calls: Vec<usize> = of_some.flat_map(|alike| &alike.calls).copied().collect();
        calls.sort_unstable();
        calls.dedup();
        calls
    }

    /// Those that go, told apart by the calls.
    pub(super) fn going(&self) -> impl Iterator<Item = Alike> + '_ {
        self.alike.iter().filter(|alike| alike.comes == Some(false)).cloned()
    }
}

/// Principals through which a gate changes in the same way.
#[derive(Debug, Default, Clone)]
pub(super) struct Alike {
    /// Whether it comes open, or goes; `None` if neither by one call alone.
    pub(super) comes: Option<bool>,
    /// Any one of which does so, ascending.
    pub(super) calls: Vec<usize>,
    pub(super) those: RoaringBitmap,
    /// Whether they are in each of the sets by which they were told apart.
    pub(super) within: Vec<bool>,
}

impl Alike {
    /// Tells apart those in a set from the others.
    pub(super) fn split(all: Vec<Self>, by: &RoaringBitmap) -> Vec<Self> {
        let mut parts = Vec::with_capacity(all.len());
        for alike in all {
            for (is_in, those) in [(true, &alike.those & by), (false, &alike.those - by)] {
                if !those.is_empty() {
                    let within = alike.within.iter().copied().chain([is_in]).collect();
                    parts.push(Self { comes: alike.comes, calls: alike.calls.clone(), those, within });
                }
            }
        }
        parts
    }
}
