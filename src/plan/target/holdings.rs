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

    let here = Here { key, desired_space, space, live };
    for (principal, holding) in &space.holdings {
        let declared = target.remove(principal);
        if declared.is_none() && desired_space.holdings.contains_key(principal) {
            continue;
        }
        let goal = match here.stays(principal, holding) {
            Some(reason) => here.beside(principal, holding, declared, reason, kept),
            None => Some(declared.unwrap_or(TargetHolding::Nothing(ChangeReason::NotDeclared))),
        };
        target.extend(goal.map(|goal| (principal.clone(), goal)));
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

/// The space that is looked at.
#[derive(Clone, Copy)]
struct Here<'a> {
    key: &'a SpaceKey,
    desired_space: &'a DesiredSpace,
    space: &'a LiveSpace,
    live: &'a Live,
}

impl Here<'_> {
    /// Why a principal keeps what it holds beside what is declared for it, if it does.
    fn stays(self, principal: &Principal, holding: &Holding) -> Option<KeepReason> {
        let DesiredSpace { kept, mode, .. } = self.desired_space;
        // What the policy leaves stays whatever its account is.
        let is_left = kept.left.contains(principal);
        hands_off(principal, holding, &self.live.site, &self.live.directory)
            .filter(|reason| !is_left || *reason != KeepReason::UnknownAccount)
            .or_else(|| is_left.then_some(KeepReason::Left))
            .or_else(|| kept.principals.contains(principal).then_some(KeepReason::Skipped))
            .or_else(|| (*mode == Mode::Additive).then_some(KeepReason::Undeclared))
    }

    /// What one is to hold that keeps what it holds beside what is declared; `None` where that is what it holds.
    fn beside(
        self,
        principal: &Principal,
        holding: &Holding,
        declared: Option<TargetHolding>,
        reason: KeepReason,
        kept: &mut KeptTally,
    ) -> Option<TargetHolding> {
        let DesiredSpace { kept: of_policy, mode, .. } = self.desired_space;
        let is_against = reason == KeepReason::UnknownAccount && *mode == Mode::Authoritative;
        match &declared {
            // Who is named may be taken off, but for those who must be able to go on, and what cannot be written.
            Some(TargetHolding::Nothing(_)) if is_never_taken(reason) => {
                kept.add(self.key, reason, principal, rows(holding));
                return None;
            }
            // A role that a line gave that is over goes whole.
            Some(_) if !is_never_taken(reason) && of_policy.ended_roles.contains(principal) => {
                return declared;
            }
            // Permissions beyond the declared ones may stay, so a role that gives all permissions of the declared role
            // is enough.
            Some(TargetHolding::Role(role, _))
                if *mode == Mode::Additive && has_all_of(role, holding, self.live) =>
            {
                if !matches!(holding, Holding::Role(held) if held == role) {
                    kept.add(self.key, reason, principal, rows(holding));
                }
                return None;
            }
            None if reason != KeepReason::Undeclared || !self.has_strays(principal, holding) => {
                kept.add(self.key, reason, principal, rows(holding));
                if is_against {
                    let nothing = TargetHolding::Nothing(ChangeReason::NotDeclared);
                    kept.stays.holding(self.key, principal, nothing, reason);
                }
                return None;
            }
            Some(_) | None => {}
        }
        let mut goal = declared.unwrap_or(TargetHolding::Grants(BTreeMap::new()));
        let held = self.permissions_held(principal, holding);
        self.refuse_strays(&mut goal, principal, &held);
        let wanted = goal.clone();
        let is_enough = self.is_enough(holding, &goal);
        let extra = keep_beside(&mut goal, holding, &held, reason);
        if extra > 0 {
            kept.add(self.key, reason, principal, extra);
            if is_against {
                kept.stays.holding(self.key, principal, wanted, reason);
            }
        }
        (!is_enough).then_some(goal)
    }

    /// Whether a role stays: by itself it gives all single permissions that are asked for, and nothing came along beside
    /// it. Rows beside it are no reason: a run that ended early may have left them.
    fn is_enough(self, holding: &Holding, goal: &TargetHolding) -> bool {
        let (Holding::Role(role), TargetHolding::Grants(grants)) = (holding, goal) else { return false };
        let gives = |permission: Permission| {
            self.live.roles.get(role).is_some_and(|role| role.gives(permission) == Truth::Yes)
        };
        grants.iter().all(|(permission, (strength, reason))| match strength {
            Strength::Required => gives(*permission),
            Strength::Tolerated => true,
            Strength::Refused => *reason != ChangeReason::CameAlong,
        })
    }

    /// Whether a principal holds something that an earlier run may have brought along.
    fn has_strays(self, principal: &Principal, holding: &Holding) -> bool {
        let Holding::Grants(held) = holding else { return false };
        self.live.stray.of(self.key, principal).any(|permission| held.contains_key(&permission))
    }

    /// The permissions that a principal surely holds, by rows or by its role.
    fn permissions_held(self, principal: &Principal, holding: &Holding) -> BTreeSet<Permission> {
        match holding {
            Holding::Grants(held) => held.keys().copied().collect(),
            Holding::Role(_) => self.space.surely_gives(principal, &self.live.roles),
        }
    }

    /// Refuses what an earlier run may have brought along and the policy does not ask for.
    fn refuse_strays(self, goal: &mut TargetHolding, principal: &Principal, held: &BTreeSet<Permission>) {
        let TargetHolding::Grants(grants) = goal else { return };
        for stray in self.live.stray.of(self.key, principal).filter(|stray| held.contains(stray)) {
            grants.entry(stray).or_insert((Strength::Refused, ChangeReason::CameAlong));
        }
    }
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

/// How many rows it would take to get from a holding to its target, where not only a role changes. What becomes of
/// rows whose holder is given a role is not established for such a site, so they are in the way of a role, too.
fn by_rows(target: &TargetHolding, live: Option<&Holding>) -> usize {
    match (target, live) {
        (TargetHolding::Nothing(_) | TargetHolding::Role(..), Some(held @ Holding::Grants(_))) => rows(held),
        (TargetHolding::Nothing(_) | TargetHolding::Role(..), _) => 0,
        (TargetHolding::Grants(_), _) => target.singles(Strength::Required).count().max(1),
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
