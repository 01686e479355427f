//! How the holding of one principal differs from what was planned, and the writes that put it right.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::outcome::Mismatch;
use crate::confluence::SpaceAccess;
use crate::model::{
    Diff, GrantId, Holding, Permission, Principal, Role, RoleId, SpaceKey, Truth, WriteRequest,
};
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
        if role != wanted {
            return Difference { role: self.finished, ..Difference::default() };
        }
        let is_old = |row: &GrantId| self.is_old(*row);
        if let Some(role) = role {
            return self.beside_role(now, roles.get(role));
        }
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

    /// What an assignment left behind of the single permissions before it. The rows of a role's holder also
    /// show what the role gives, each permission once; a row beyond these was given by others. Of a role that
    /// is not known in full, a new row is taken for what it gives, as elsewhere ([`crate::model::Role`]).
    fn beside_role(&self, now: &SpaceAccess, role: Option<&Role>) -> Difference {
        let mut difference = Difference::default();
        if !self.finished {
            return difference;
        }
        let nothing = BTreeMap::new();
        let beside = now.beside_roles.get(self.principal).unwrap_or(&nothing);
        let is_old = |row: &&GrantId| self.is_old(**row);
        let gives = |permission: Permission| role.map_or(Truth::Unknown, |role| role.gives(permission));
        // A site that does not show what a role gives shows none of it.
        let shows_role =
            Permission::ALL.iter().filter(|permission| gives(**permission) == Truth::Yes).all(|permission| {
                beside.get(permission).is_some_and(|rows| !rows.iter().all(|row| is_old(&row)))
            });
        for (permission, rows) in beside {
            let (old, new): (Vec<GrantId>, Vec<GrantId>) = rows.iter().partition(is_old);
            let of_role = usize::from(shows_role && gives(*permission) != Truth::No);
            if new.len() > of_role {
                difference.foreign.push(*permission);
            }
            difference.unasked.extend(old.into_iter().map(|row| (*permission, row)));
        }
        // `read/space` would take the rows of others along. The role gives it as well.
        if !difference.foreign.is_empty() {
            difference.unasked.retain(|(permission, _)| *permission != Permission::ReadSpace);
        }
        difference
    }
}

impl Difference {
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

    pub(super) fn mismatch(self, space: &SpaceKey, holding: &CheckedHolding<'_>) -> Option<Mismatch> {
        let (space, principal) = (space.clone(), holding.principal.clone());
        if self.role {
            return Some(Mismatch::Role { space, principal });
        }
        let differs = !self.missing.is_empty() || !self.foreign.is_empty();
        differs.then_some(Mismatch::Holding {
            space,
            principal,
            missing: self.missing,
            unasked: self.foreign,
        })
    }
}
