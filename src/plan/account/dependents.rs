//! Decides whether the rest of a plan may go ahead without the changes that the account may not make: not if a
//! remaining call must come after one that is left out, and not if guests of `page-only` would see pages other than
//! theirs.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Desired, Live, Origin, Principal, SpaceKey};

use super::super::change::{Change, ChangeReason};
use super::super::document::{NeededBy, Refusal};
use super::super::lower;
use super::super::page_only::Compiled;
use super::super::resume;
use super::super::schedule::{NeedsLeftOut, needs_left_out};
use super::super::target::Target;
use super::LeftOut;

/// The complete target of the policy, and the site as it would be if all of it could be reached.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct WholeTarget<'a> {
    pub(in crate::plan) target: &'a Target,
    pub(in crate::plan) changes: &'a [Change],
    pub(in crate::plan) page_only: &'a BTreeMap<SpaceKey, Compiled>,
}

/// Refuses the spaces in which a remaining change depends on one that is left out; `reached` is the site after the
/// remaining changes.
pub(in crate::plan) fn refusals(
    whole: WholeTarget<'_>,
    left_out: &[LeftOut],
    desired: &Desired,
    live: &Live,
    reached: &Live,
) -> Vec<Refusal> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let mut refusals = by_page_only(whole, left_out);
    refusals.extend(by_order(whole, left_out, desired, live, reached));
    refusals
}

fn by_order(
    whole: WholeTarget<'_>,
    left_out: &[LeftOut],
    desired: &Desired,
    live: &Live,
    reached: &Live,
) -> Vec<Refusal> {
    let touched: BTreeSet<&SpaceKey> = left_out.iter().map(|left| left.change.space()).collect();
    let here = whole.target.spaces.iter().filter(|(key, _)| touched.contains(key));
    let target = Target { spaces: here.map(|(key, space)| (key.clone(), space.clone())).collect() };
    let intended = target.applied_to(live);
    let mut drafts = lower::lower(&target, whole.changes, desired, live);
    resume::resumable(&mut drafts, whole.page_only, live);

    let places: BTreeMap<&Change, usize> =
        left_out.iter().enumerate().map(|(place, left)| (&left.change, place)).collect();
    let place_of: BTreeMap<usize, usize> = whole
        .changes
        .iter()
        .enumerate()
        .filter_map(|(number, change)| Some((number, *places.get(change)?)))
        .collect();
    let numbers: BTreeSet<usize> = place_of.keys().copied().collect();
    let needed = needs_left_out(drafts, &numbers, live, &intended, reached, &desired.guards);
    let refusal = |NeedsLeftOut { space, changes, reason, danger }| Refusal::NeedsLeftOut {
        space,
        left_out: changes.iter().filter_map(|number| place_of.get(number)).copied().collect(),
        needed_by: NeededBy::Order { reason, danger },
    };
    needed.into_iter().map(refusal).collect()
}

fn by_page_only(whole: WholeTarget<'_>, left_out: &[LeftOut]) -> Vec<Refusal> {
    let mut needed: BTreeMap<&SpaceKey, (BTreeSet<usize>, BTreeSet<Origin>)> = BTreeMap::new();
    for (place, left) in left_out.iter().enumerate() {
        let key = left.change.space();
        let Some(compiled) = whole.page_only.get(key) else { continue };
        let origins = entries_that_need(&left.change, compiled);
        if !origins.is_empty() {
            let (places, known) = needed.entry(key).or_default();
            places.insert(place);
            known.extend(origins);
        }
    }
    let refusal = |(space, (left_out, origins)): (&SpaceKey, _)| Refusal::NeedsLeftOut {
        space: space.clone(),
        left_out,
        needed_by: NeededBy::PageOnly { origins },
    };
    needed.into_iter().map(refusal).collect()
}

/// The entries of `page-only` that depend on a change: on a list that keeps guests out, or on what a guest holds.
fn entries_that_need(change: &Change, compiled: &Compiled) -> BTreeSet<Origin> {
    let all = || compiled.entries.iter().map(|entry| entry.origin.clone());
    match change {
        Change::Audience { reason: ChangeReason::PageOnly { origin }, .. } => {
            BTreeSet::from([origin.clone()])
        }
        Change::Audience { content, .. } if compiled.relied_on.contains(content) => all().collect(),
        Change::Audience { .. } => BTreeSet::new(),
        Change::Grant { principal, .. } | Change::Role { principal, .. } => {
            let of_guest = compiled
                .entries
                .iter()
                .filter(|entry| entry.who.iter().any(|guest| Principal::from(guest.clone()) == *principal));
            of_guest.map(|entry| entry.origin.clone()).collect()
        }
    }
}
