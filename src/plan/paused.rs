//! Spaces that are paused: nothing in them changes, and the plan says how far they are from their policy.
//!
//! What is not declared in such a space is no difference, as in an additive one: whether it is to go is what the mode
//! does not say while the space is paused.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Desired, DesiredSpace, Live, Mode, SpaceKey};

use super::diff;
use super::target::{self, KeepReason, Unmanaged};

/// A line for each paused space, with the number of changes that its entry and the rules ask for.
pub(super) fn paused(desired: &Desired, live: &Live) -> Vec<Unmanaged> {
    let active = |(key, desired_space): (&SpaceKey, &DesiredSpace)| {
        (key.clone(), DesiredSpace { mode: Mode::Additive, ..desired_space.clone() })
    };
    let spaces: BTreeMap<SpaceKey, DesiredSpace> = desired
        .spaces
        .iter()
        .filter(|(_, desired_space)| desired_space.mode == Mode::Paused)
        .map(active)
        .collect();
    if spaces.is_empty() {
        return Vec::new();
    }
    let desired = Desired {
        archived_pages: desired.archived_pages,
        spaces,
        aliases: BTreeMap::new(),
        named: desired.named.clone(),
        skipped: desired.skipped.clone(),
        leavers: desired.leavers.clone(),
        guards: desired.guards.clone(),
        coverage: desired.coverage.clone(),
        share: None,
    };
    let changes = diff::diff(&target::target(&desired, live).target, live);
    let mut counts: BTreeMap<&SpaceKey, usize> = BTreeMap::new();
    for change in &changes {
        *counts.entry(change.space()).or_default() += 1;
    }
    let line = |space: SpaceKey| {
        let count = counts.get(&space).copied().unwrap_or_default();
        Unmanaged { space, reason: KeepReason::Paused, count, principals: BTreeSet::new() }
    };
    desired.spaces.into_keys().map(line).collect()
}
