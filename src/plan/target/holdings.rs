//! What the principals of a space are to hold: what is declared for them, and what they keep beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{
    AccountKind, DesiredHolding, DesiredSpace, Directory, Holding, Live, LiveSpace, Mode, Permission,
    Principal, RoleId, Site, SpaceKey, SpaceRoleMode, Strength, Subject, ToHold, Truth,
};

use super::keep_reason::KeepReason;
use super::state::{TargetHolding, account_kind};
use super::unmanaged::KeptTally;
use crate::plan::change::ChangeReason;

pub(super) fn holdings(
    key: &SpaceKey,
    desired_space: &DesiredSpace,
    space: &LiveSpace,
    live: &Live,
    kept: &mut KeptTally,
) -> BTreeMap<Principal, TargetHolding> {
    // What is as it is declared needs no decision. Nearly everything is, on a large site.
    let is_so = |who: &Principal, wanted: &DesiredHolding| {
        live.site.mode != SpaceRoleMode::Roles
            && space.holdings.get(who).is_some_and(|held| is_as_declared(wanted, held))
    };
    let open = desired_space.holdings.iter().filter(|(who, wanted)| !is_so(who, wanted));
    let mut target: BTreeMap<Principal, TargetHolding> =
        open.map(|(principal, wanted)| (principal.clone(), declared(wanted))).collect();

    for (principal, holding) in &space.holdings {
        let declared = target.get_mut(principal);
        if declared.is_none() && desired_space.holdings.contains_key(principal) {
            continue;
        }
        // What the policy leaves stays whatever its account is.
        let is_left = desired_space.kept.left.contains(principal);
        let keep = hands_off(principal, holding, &live.site, &live.directory)
            .filter(|reason| !is_left || *reason != KeepReason::UnknownAccount)
            .or_else(|| is_left.then_some(KeepReason::Left))
            .or_else(|| desired_space.kept.principals.contains(principal).then_some(KeepReason::Skipped))
            .or_else(|| (desired_space.mode == Mode::Additive).then_some(KeepReason::Undeclared));
        match (declared, keep) {
            (None, None) => {
                target.insert(principal.clone(), TargetHolding::Nothing(ChangeReason::NotDeclared));
            }
            (None, Some(KeepReason::Undeclared)) if has_strays(key, principal, holding, live) => {
                let held = permissions_held(principal, holding, space, live);
                let mut declared = TargetHolding::Grants(BTreeMap::new());
                refuse_strays(&mut declared, key, principal, &held, live);
                let extra = keep_beside(&mut declared, holding, &held, KeepReason::Undeclared);
                target.insert(principal.clone(), declared);
                kept.add(key, KeepReason::Undeclared, principal, extra);
            }
            (None, Some(reason)) => {
                kept.add(key, reason, principal, rows(holding));
                if is_against(reason, desired_space) {
                    let nothing = TargetHolding::Nothing(ChangeReason::NotDeclared);
                    kept.stays.holding(key, principal, nothing, reason);
                }
            }
            (Some(_), None) => {}
            // Who is named may be taken off, but for those who must be able to go on, and what cannot be written.
            (Some(TargetHolding::Nothing(_)), Some(reason)) if is_never_taken(reason) => {
                target.remove(principal);
                kept.add(key, reason, principal, rows(holding));
            }
            // A role that a line gave that is over goes whole.
            (Some(_), Some(reason))
                if !is_never_taken(reason) && desired_space.kept.ended_roles.contains(principal) => {}
            // Permissions beyond the declared ones may stay, so a role that gives all permissions of the declared
            // role is enough.
            (Some(TargetHolding::Role(role, _)), Some(reason))
                if desired_space.mode == Mode::Additive && has_all_of(role, holding, live) =>
            {
                let is_more = !matches!(holding, Holding::Role(held) if held == role);
                target.remove(principal);
                if is_more {
                    kept.add(key, reason, principal, rows(holding));
                }
            }
            (Some(declared), Some(reason)) => {
                let held = permissions_held(principal, holding, space, live);
                refuse_strays(declared, key, principal, &held, live);
                let wanted = declared.clone();
                let extra = keep_beside(declared, holding, &held, reason);
                if matches!(holding, Holding::Role(_)) && asks_nothing_of(declared, &held) {
                    target.remove(principal);
                }
                if extra > 0 {
                    kept.add(key, reason, principal, extra);
                    if is_against(reason, desired_space) {
                        kept.stays.holding(key, principal, wanted, reason);
                    }
                }
            }
        }
    }
    target.retain(|principal, holding| simplify(holding, space.holdings.get(principal)));
    if live.site.mode == SpaceRoleMode::Roles {
        target.retain(|principal, holding| {
            let rows = by_rows(holding, space.holdings.get(principal));
            if rows > 0 {
                kept.add(key, KeepReason::RolesOnly, principal, rows);
                kept.stays.holding(key, principal, holding.clone(), KeepReason::RolesOnly);
            }
            rows == 0
        });
    }
    target
}

/// Whether a principal holds all that is declared for it, and nothing else than may be there.
fn is_as_declared(wanted: &DesiredHolding, held: &Holding) -> bool {
    let (ToHold::Grants(_), Holding::Grants(held)) = (wanted, held) else { return false };
    // No principal keeps anything without `read/space`.
    held.contains_key(&Permission::ReadSpace)
        && held.keys().all(|permission| wanted.allows(*permission))
        && wanted.singles(Strength::Required).all(|(permission, _)| held.contains_key(&permission))
}

/// Whether a principal has a role that surely gives all that another may give.
fn has_all_of(role: &RoleId, holding: &Holding, live: &Live) -> bool {
    let Holding::Role(held) = holding else { return false };
    let (Some(role), Some(held)) = (live.roles.get(role), live.roles.get(held)) else { return false };
    let mut wanted = Permission::ALL.iter().filter(|permission| role.gives(**permission) != Truth::No);
    role.gives(Permission::ReadSpace) == Truth::Yes
        && wanted.all(|permission| held.gives(*permission) == Truth::Yes)
}

/// Whether it is not ours to take, whatever the policy says.
const fn is_never_taken(reason: KeepReason) -> bool {
    matches!(reason, KeepReason::App | KeepReason::Caller | KeepReason::Class)
}

/// Whether it is against the policy that something stays, beside what is declared.
fn is_against(reason: KeepReason, desired_space: &DesiredSpace) -> bool {
    reason == KeepReason::UnknownAccount && desired_space.mode == Mode::Authoritative
}

/// How many rows it would take to get from a holding to its target, where not only a role changes. What becomes of
/// rows whose holder is given a role is not established for such a site, so they are in the way of a role, too.
fn by_rows(target: &TargetHolding, live: Option<&Holding>) -> usize {
    match (target, live) {
        (TargetHolding::Nothing(_) | TargetHolding::Role(..), Some(held @ Holding::Grants(_))) => rows(held),
        (TargetHolding::Nothing(_) | TargetHolding::Role(..), _) => 0,
        (TargetHolding::Grants(_), _) => target.singles(Strength::Required).count().max(1),
    }
}

/// Whether a principal holds something that an earlier run may have brought along.
fn has_strays(key: &SpaceKey, principal: &Principal, holding: &Holding, live: &Live) -> bool {
    let Holding::Grants(held) = holding else { return false };
    live.stray.of(key, principal).any(|permission| held.contains_key(&permission))
}

/// The permissions that a principal surely holds, by rows or by its role.
fn permissions_held(
    principal: &Principal,
    holding: &Holding,
    space: &LiveSpace,
    live: &Live,
) -> BTreeSet<Permission> {
    match holding {
        Holding::Grants(held) => held.keys().copied().collect(),
        Holding::Role(_) => space.surely_gives(principal, &live.roles),
    }
}

/// Whether single permissions that are declared are all there, and what is to go is not.
fn asks_nothing_of(declared: &TargetHolding, held: &BTreeSet<Permission>) -> bool {
    matches!(declared, TargetHolding::Grants(_))
        && declared.singles(Strength::Required).all(|(permission, _)| held.contains(&permission))
        && !declared.singles(Strength::Refused).any(|(permission, _)| held.contains(&permission))
}

/// Refuses what an earlier run may have brought along and the policy does not ask for.
fn refuse_strays(
    declared: &mut TargetHolding,
    key: &SpaceKey,
    principal: &Principal,
    held: &BTreeSet<Permission>,
    live: &Live,
) {
    let TargetHolding::Grants(grants) = declared else { return };
    for stray in live.stray.of(key, principal).filter(|stray| held.contains(stray)) {
        grants.entry(stray).or_insert((Strength::Refused, ChangeReason::CameAlong));
    }
}

/// Simplifies a target that requires nothing: where nothing is tolerated either, the principal is to hold nothing.
/// Returns whether the target says anything about the site.
fn simplify(target: &mut TargetHolding, live: Option<&Holding>) -> bool {
    if target.singles(Strength::Required).next().is_some() {
        return true;
    }
    let TargetHolding::Grants(grants) = target else { return true };
    let Some(Holding::Grants(held)) = live else { return live.is_some() };
    let may_stay = |permission: &Permission| matches!(grants.get(permission), Some((Strength::Tolerated, _)));
    if held.keys().any(may_stay) {
        // No principal keeps anything without `read/space`.
        grants.insert(Permission::ReadSpace, (Strength::Tolerated, ChangeReason::NotDeclared));
        return true;
    }
    let mut reasons: BTreeSet<Option<&ChangeReason>> =
        held.keys().map(|permission| grants.get(permission).map(|(_, reason)| reason)).collect();
    let only = reasons.pop_first().flatten().filter(|_| reasons.is_empty()).cloned();
    *target = TargetHolding::Nothing(only.unwrap_or(ChangeReason::NotDeclared));
    true
}

fn declared(wanted: &DesiredHolding) -> TargetHolding {
    let mut target = wanted.map(|by| ChangeReason::Declared(Arc::clone(by)));
    let first = target.singles(Strength::Required).next().map(|(permission, _)| permission);
    if let (TargetHolding::Grants(grants), Some(permission)) = (&mut target, first) {
        require_reading(grants, ChangeReason::NeededFor { permission });
    }
    target
}

/// Confluence refuses every other permission to a principal without `read/space`, and takes all away with it.
fn require_reading(grants: &mut BTreeMap<Permission, (Strength, ChangeReason)>, reason: ChangeReason) {
    let reads = grants.entry(Permission::ReadSpace).or_insert_with(|| (Strength::Required, reason.clone()));
    if reads.0 != Strength::Required {
        *reads = (Strength::Required, reason);
    }
}

/// Why a plan never reduces the access of a principal, if it is such a one.
fn hands_off(
    principal: &Principal,
    holding: &Holding,
    site: &Site,
    directory: &Directory,
) -> Option<KeepReason> {
    match principal {
        Principal::User(account) if *account == site.caller.account => Some(KeepReason::Caller),
        Principal::User(account) => match account_kind(account, directory) {
            Some(AccountKind::App) => Some(KeepReason::App),
            Some(AccountKind::Human | AccountKind::Customer) => None,
            None if directory.is_deleted(&Subject::User(account.clone())) => None,
            Some(AccountKind::Unknown) | None => Some(KeepReason::UnknownAccount),
        },
        Principal::Class(_) => matches!(holding, Holding::Grants(_)).then_some(KeepReason::Class),
        Principal::Group(_) | Principal::Anonymous => None,
    }
}

fn rows(holding: &Holding) -> usize {
    match holding {
        Holding::Grants(grants) => grants.values().map(BTreeSet::len).sum(),
        Holding::Role(_) => 1,
    }
}

/// Keeps what a principal holds beyond its declaration. Returns how many permissions those are.
///
/// A principal has one role or single permissions. Where these take the place of a role, what it gave has to be given
/// again.
fn keep_beside(
    declared: &mut TargetHolding,
    holding: &Holding,
    held: &BTreeSet<Permission>,
    keep: KeepReason,
) -> usize {
    let TargetHolding::Grants(grants) = declared else { return 0 };
    // What ended goes, unless it is not ours to take.
    if is_never_taken(keep) {
        grants.retain(|_, (strength, _)| *strength != Strength::Refused);
    }
    let extra = held.iter().filter(|permission| !grants.contains_key(permission)).count();
    let kept = match holding {
        Holding::Grants(_) => (Strength::Tolerated, ChangeReason::NotDeclared),
        Holding::Role(_) => (Strength::Required, ChangeReason::GivenByRole),
    };
    for &permission in held {
        let asked = grants.get(&permission).map(|(strength, _)| *strength);
        if matches!(asked, None | Some(Strength::Tolerated)) {
            grants.insert(permission, kept.clone());
        }
    }
    let is_required = |(strength, _): &(Strength, ChangeReason)| *strength == Strength::Required;
    if matches!(holding, Holding::Role(_)) && grants.values().any(is_required) {
        require_reading(grants, ChangeReason::GivenByRole);
    }
    extra
}
