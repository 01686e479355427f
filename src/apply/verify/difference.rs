//! How the holding of one principal differs from what was planned, and the writes that put it right.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::{BesideRole, Single};
use crate::apply::outcome::Mismatch;
use crate::confluence::SpaceAccess;
use crate::model::{Diff, GrantId, Holding, Permission, Principal, Role, RoleId, SpaceKey, WriteRequest};
use crate::plan::HoldingState;

/// One principal whose holding is checked.
#[derive(Debug, Clone)]
pub(in crate::apply) struct CheckedHolding<'a> {
    pub(in crate::apply) principal: &'a Principal,
    pub(in crate::apply) states: Diff<&'a HoldingState>,
    /// What it held before an earlier run that has not been verified.
    pub(in crate::apply) earlier: Option<&'a HoldingState>,
    /// What runs gave it that have not been verified, this one included.
    pub(in crate::apply) given: BTreeSet<Permission>,
    /// Whether this run took something from it, so that side effects may have taken more.
    pub(in crate::apply) lessened: bool,
    /// What stood beside its role, as the role's own or given by others, when something was taken away there.
    pub(in crate::apply) beside: BTreeSet<Permission>,
    /// Whether all calls on it are settled, so that it must be as planned.
    pub(in crate::apply) finished: bool,
}

/// How a holding differs from what was planned.
#[derive(Debug, Default)]
pub(super) struct Difference {
    role: bool,
    /// Permissions that went along with something that was taken away.
    lost: Vec<Permission>,
    /// Permissions that are gone though nothing here could have taken them.
    missing: Vec<Permission>,
    /// Rows that came along, or should have gone along.
    unasked: Vec<(Permission, GrantId)>,
    /// Permissions that others gave.
    foreign: Vec<Permission>,
    /// Whether a role hides if something came along.
    hidden: bool,
    /// Permissions beside the role that may go along with what is taken away, unless they are the role's own.
    endangered: BTreeSet<Permission>,
    /// Permissions that went along like this.
    taken_along: Vec<Permission>,
}

impl CheckedHolding<'_> {
    /// Whether a row was there before this run, or before an earlier one that was to take it away.
    fn is_old(&self, row: GrantId) -> bool {
        self.states.before.has_row(row) || self.earlier.is_some_and(|earlier| earlier.has_row(row))
    }

    pub(super) fn difference(&self, now: &SpaceAccess, roles: &BTreeMap<RoleId, Role>) -> Difference {
        let nothing = BTreeMap::new();
        let (role, held) = match now.holdings.get(self.principal) {
            Some(Holding::Role(role)) => (Some(role), &nothing),
            Some(Holding::Grants(grants)) => (None, grants),
            None => (None, &nothing),
        };
        let none = BTreeSet::new();
        let (wanted, required, tolerated) = match self.states.after {
            HoldingState::Nothing => (None, &none, &none),
            HoldingState::Role { role } => (Some(role), &none, &none),
            HoldingState::Grants { permissions, tolerated, .. } => (None, permissions, tolerated),
        };
        match role {
            Some(role) if Some(role) == wanted => return self.beside_its_role(now, roles.get(role)),
            Some(role) => return self.beside_another_role(now, roles.get(role)),
            None if wanted.is_some() => return Difference { role: self.finished, ..Difference::default() },
            None => {}
        }
        let is_old = |row: &GrantId| self.is_old(*row);
        let mut difference = Difference::default();
        for (permission, rows) in held
            .iter()
            .filter(|(permission, _)| !required.contains(permission) && !tolerated.contains(permission))
        {
            let (old, new): (Vec<GrantId>, Vec<GrantId>) = rows.iter().partition(|row| is_old(row));
            let along = self.given.iter().any(|given| given.may_bring().contains(permission));
            let ours = if along { new.as_slice() } else { &[] };
            let left = if self.finished { old.as_slice() } else { &[] };
            difference.unasked.extend(ours.iter().chain(left).map(|row| (*permission, *row)));
            if self.finished && !along && !new.is_empty() {
                difference.foreign.push(*permission);
            }
        }
        if self.finished {
            let gone = required.iter().filter(|permission| !held.contains_key(permission)).copied();
            let had = |permission: &Permission| self.states.before.requires(*permission);
            // What was there, and nothing here could have taken, was taken by others.
            let (lost, missing) = gone.partition(|permission| self.lessened || !had(permission));
            (difference.lost, difference.missing) = (lost, missing);
        }
        difference
    }

    /// What an assignment left behind of the single permissions before it. A row beyond what the role gives was
    /// given by others. Of a role that is not known in full, a new row is taken for what it gives, as elsewhere
    /// ([`Role`]), until it goes along with something that is no part of the role.
    fn beside_its_role(&self, now: &SpaceAccess, role: Option<&Role>) -> Difference {
        let mut difference = Difference::default();
        if !self.finished {
            return difference;
        }
        let beside = BesideRole::of(self.principal, now, role, |row| self.is_old(row));
        let mut others = BTreeSet::new();
        for permission in beside.new_permissions() {
            match beside.single(permission) {
                Single::Absent => continue,
                Single::Unclear => {}
                Single::Among | Single::Rows(_) => difference.foreign.push(permission),
            }
            others.insert(permission);
        }
        // `read/space` would take the rows of others along. The role gives it as well.
        let is_alone = difference.foreign.is_empty();
        difference.unasked =
            beside.old().filter(|(permission, _)| is_alone || *permission != Permission::ReadSpace).collect();
        // Said once, when the rows are as they stay.
        if difference.unasked.is_empty() {
            let is_gone = |permission: &&Permission| !beside.is_shown(**permission);
            difference.taken_along = self.beside.iter().filter(is_gone).copied().collect();
        }
        let goes_along = |other: &Permission| {
            difference.unasked.iter().any(|(permission, _)| {
                *permission == Permission::ReadSpace || permission.may_bring().contains(other)
            })
        };
        difference.endangered = others.into_iter().filter(goes_along).collect();
        difference
    }

    /// What came along with earlier grants and stands beside a role that is still to go. The role may hide it.
    fn beside_another_role(&self, now: &SpaceAccess, role: Option<&Role>) -> Difference {
        let mut difference = Difference { role: self.finished, ..Difference::default() };
        // The rows that are looked for may be among those that the role was learned from.
        let role = role.map(Role::by_names);
        let beside = BesideRole::of(self.principal, now, role.as_ref(), |row| self.is_old(row));
        let brought: BTreeSet<Permission> =
            self.given.iter().flat_map(|given| given.may_bring()).copied().collect();
        for permission in brought.into_iter().filter(|brought| !self.is_fine(*brought)) {
            match beside.single(permission) {
                Single::Absent => {}
                Single::Unclear | Single::Among => difference.hidden = true,
                Single::Rows(rows) => {
                    difference.unasked.extend(rows.into_iter().map(|row| (permission, row)));
                }
            }
        }
        difference
    }

    /// Whether a permission that appears is put up with.
    fn is_fine(&self, permission: Permission) -> bool {
        self.states.before.allows(permission) || self.states.after.allows(permission)
    }
}

impl Difference {
    /// Whether the rows say all that there is to know.
    pub(super) const fn is_known(&self) -> bool {
        !self.hidden
    }

    /// What goes along with the writes that put this right, unless a role gives it.
    pub(super) const fn endangered(&self) -> &BTreeSet<Permission> {
        &self.endangered
    }

    /// Writes that put right what came or went along.
    pub(super) fn repairs(&self, space: &SpaceKey, principal: &Principal) -> Vec<WriteRequest> {
        let mut requests: Vec<WriteRequest> = self
            .lost
            .iter()
            .map(|&permission| WriteRequest::Grant {
                space: space.clone(),
                principal: principal.clone(),
                permission,
            })
            .collect();
        // `read/space` takes everything else along.
        let all = self.unasked.iter().any(|(permission, _)| *permission == Permission::ReadSpace);
        let unasked =
            self.unasked.iter().filter(|(permission, _)| !all || *permission == Permission::ReadSpace);
        requests.extend(unasked.map(|&(permission, row)| WriteRequest::Revoke {
            space: space.clone(),
            principal: principal.clone(),
            permission,
            row,
        }));
        requests
    }

    /// What is not as planned, and nothing puts right.
    pub(super) fn mismatches(self, space: &SpaceKey, holding: &CheckedHolding<'_>) -> Vec<Mismatch> {
        let (space, principal) = (space.clone(), holding.principal.clone());
        if self.role {
            return vec![Mismatch::Role { space, principal }];
        }
        let mut found = Vec::new();
        if !self.missing.is_empty() || !self.foreign.is_empty() {
            found.push(Mismatch::Holding {
                space: space.clone(),
                principal: principal.clone(),
                missing: self.missing,
                unasked: self.foreign,
            });
        }
        if !self.taken_along.is_empty() {
            found.push(Mismatch::TakenAlong { space, principal, permissions: self.taken_along });
        }
        found
    }
}
