//! The share of one team in what a policy asks for: what its files say, and what no file says and it may take away.
//! Everything else stays as it is in this run, and is counted; the run that carries out the whole policy has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ContentId, Desired, Holding, Live, Permission, Principal, Removes, Share, SpaceKey, Strength,
};

use super::change::{Change, ChangeReason};
use super::diff;
use super::page_only::Compiled;
use super::target::{KeepReason, Target, TargetHolding, Unmanaged};

/// Takes out of a target what is left to other runs.
pub(super) fn leave_to_others(
    target: &mut Target,
    page_only: &mut BTreeMap<SpaceKey, Compiled>,
    desired: &Desired,
    live: &Live,
) -> Vec<Unmanaged> {
    let Some(share) = &desired.share else { return Vec::new() };
    let all = diff::diff(target, live);
    // Both lists of a page are written together.
    let mut others: BTreeMap<&SpaceKey, BTreeSet<ContentId>> = BTreeMap::new();
    for change in &all {
        if let Change::Audience { space, content, reason, .. } = change
            && !share.has(reason)
        {
            others.entry(space).or_default().insert(*content);
        }
    }
    for (key, space) in &mut target.spaces {
        let held = live.spaces.get(key).map(|space| &space.holdings);
        space.holdings.retain(|who, holding| {
            let held = held.and_then(|held| held.get(who));
            own_part(share, who, holding, held)
        });
        if let Some(others) = others.get(key) {
            space.pages.retain(|content, _| !others.contains(content));
        }
    }
    for compiled in page_only.values_mut() {
        compiled.entries.retain(|entry| share.files.contains(&*entry.origin.file));
    }
    counted(&all, &diff::diff(target, live))
}

/// How many changes are left out, by space.
fn counted(all: &[Change], own: &[Change]) -> Vec<Unmanaged> {
    let own: BTreeSet<&Change> = own.iter().collect();
    let mut left: BTreeMap<&SpaceKey, (usize, BTreeSet<String>)> = BTreeMap::new();
    for change in all.iter().filter(|change| !own.contains(change)) {
        let (count, principals) = left.entry(change.space()).or_default();
        *count += 1;
        match change {
            Change::Grant { principal, .. } | Change::Role { principal, .. } => {
                principals.insert(principal.to_string());
            }
            Change::Audience { .. } => {}
        }
    }
    let line = |(space, (count, principals)): (&SpaceKey, _)| Unmanaged {
        space: space.clone(),
        reason: KeepReason::OtherFiles,
        count,
        principals,
    };
    left.into_iter().map(line).collect()
}

/// Reduces what a principal is to hold to the share; says whether anything of it is left.
fn own_part(share: &Share, who: &Principal, target: &mut TargetHolding, held: Option<&Holding>) -> bool {
    let grants = match target {
        TargetHolding::Nothing(reason) | TargetHolding::Role(_, reason) => return share.lets(reason, who),
        // Single permissions take the place of a role, which no line names: that is for the run that has all lines.
        TargetHolding::Grants(_) if matches!(held, Some(Holding::Role(_))) => return false,
        TargetHolding::Grants(grants) => grants,
    };
    let nothing = BTreeMap::new();
    let held = match held {
        Some(Holding::Grants(held)) => held,
        Some(Holding::Role(_)) | None => &nothing,
    };
    let of_share = |(_, (strength, reason)): &(&Permission, &(Strength, ChangeReason))| {
        *strength == Strength::Required && share.has(reason)
    };
    let own: BTreeSet<Permission> =
        grants.iter().filter(of_share).map(|(permission, _)| *permission).collect();
    let first = own.first().copied();
    for (permission, (strength, reason)) in &mut *grants {
        if *strength != Strength::Required || own.contains(permission) {
            continue;
        }
        match first {
            // Without it, no other permission can be given.
            Some(first) if *permission == Permission::ReadSpace => {
                *reason = ChangeReason::NeededFor { permission: first };
            }
            _ => *strength = Strength::Tolerated,
        }
    }
    for permission in held.keys() {
        let asked = grants.entry(*permission).or_insert((Strength::Refused, ChangeReason::NotDeclared));
        if asked.0 == Strength::Refused && !share.lets(&asked.1, who) {
            asked.0 = Strength::Tolerated;
        }
    }
    let may_stay = |permission: &Permission| matches!(grants.get(permission), Some((Strength::Tolerated, _)));
    if first.is_none() && held.keys().any(may_stay) {
        grants.insert(Permission::ReadSpace, (Strength::Tolerated, ChangeReason::NotDeclared));
    }
    let adds = target.singles(Strength::Required).any(|(permission, _)| !held.contains_key(&permission));
    let takes = held.keys().any(|permission| !target.allows(*permission));
    adds || takes
}

impl Share {
    /// Whether a line of the share asks for something.
    fn has(&self, reason: &ChangeReason) -> bool {
        match reason {
            ChangeReason::Declared(by) => self.files.contains(&*by.origin.file),
            ChangeReason::PageOnly { origin } => self.files.contains(&*origin.file),
            // What any earlier run brought along or left over.
            ChangeReason::CameAlong | ChangeReason::Deleted => true,
            ChangeReason::NotDeclared
            | ChangeReason::NeededFor { .. }
            | ChangeReason::GivenByRole
            | ChangeReason::TakenBack { .. } => false,
        }
    }

    /// The same for what is taken from a principal, which no line may ask for.
    fn lets(&self, reason: &ChangeReason, who: &Principal) -> bool {
        self.has(reason) || (*reason == ChangeReason::NotDeclared && self.removes(who))
    }

    fn removes(&self, who: &Principal) -> bool {
        match &self.removes {
            Removes::Any => true,
            Removes::From(own) => own.contains(who),
        }
    }
}
