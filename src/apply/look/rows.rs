//! The permission rows and roles of one space against what the plan knows of them.
//!
//! A row is there or it is not, so most calls on rows cannot overwrite anything. Three can, and these are
//! looked at as a whole: a deletion that takes other rows of the same principal along, an assignment of a
//! role, which takes the place of what the principal holds, and the deletion of a row that was
//! removed and given anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::confluence::SpaceAccess;
use crate::model::{Call, Diff, GrantId, Holding, Permission, Principal, RoleId, SpaceKey, WriteRequest};
use crate::plan::{HoldingState, PlannedCall};

use super::{ConcurrentChange, Look};

/// What each principal of a space held before the plan, and is to hold afterwards.
pub(in crate::apply) type HoldingStates<'a> = BTreeMap<&'a Principal, Diff<&'a HoldingState>>;

/// What to do about a call on the rows or roles of a space. `written` are the principals that this run has
/// changed since the rows were read.
pub(in crate::apply) fn look_at_rows(
    states: &HoldingStates<'_>,
    planned: &PlannedCall,
    now: &SpaceAccess,
    written: &BTreeSet<Principal>,
) -> Look {
    match &planned.call {
        Call::Grant { space, principal, permission } => {
            let object = Holder::of(states, space, principal, now);
            object.grant(*permission, written.contains(principal))
        }
        Call::Revoke { space, principal, permission, grant } => {
            let object = Holder::of(states, space, principal, now);
            object.revoke(*permission, *grant, written.contains(principal))
        }
        Call::AssignRoles { space, space_id, roles } => {
            let mut look = Look::default();
            let mut send = BTreeMap::new();
            for (principal, role) in roles {
                let object = Holder::of(states, space, principal, now);
                match object.assign(role.as_ref(), written.contains(principal)) {
                    Assign::Done => {}
                    Assign::Write => {
                        send.insert(principal.clone(), role.clone());
                    }
                    Assign::Changed => look.changes.push(object.changed()),
                }
            }
            look.request = (!send.is_empty()).then(|| WriteRequest::AssignRoles {
                space: space.clone(),
                space_id: *space_id,
                roles: send,
            });
            look
        }
        Call::Restrict { .. } => Look::default(),
    }
}

/// One principal in one space: before, now and afterwards.
struct Holder<'a> {
    space: &'a SpaceKey,
    principal: &'a Principal,
    before: &'a HoldingState,
    now: Option<&'a Holding>,
    after: &'a HoldingState,
}

enum Assign {
    Done,
    Write,
    Changed,
}

impl<'a> Holder<'a> {
    fn of(
        states: &'a HoldingStates<'_>,
        space: &'a SpaceKey,
        principal: &'a Principal,
        now: &'a SpaceAccess,
    ) -> Self {
        let nothing = Diff { before: &HoldingState::Nothing, after: &HoldingState::Nothing };
        let Diff { before, after } = states.get(principal).copied().unwrap_or(nothing);
        Self { space, principal, before, now: now.holdings.get(principal), after }
    }

    fn grant(&self, permission: Permission, written: bool) -> Look {
        let request =
            WriteRequest::Grant { space: self.space.clone(), principal: self.principal.clone(), permission };
        // What this run wrote since is not in the rows; a grant overwrites nothing, so the site may judge.
        if written {
            return Look::write(request);
        }
        match self.now {
            Some(Holding::Role(_)) if !matches!(self.before, HoldingState::Role { .. }) => self.conflict(),
            Some(Holding::Grants(held)) if held.contains_key(&permission) => Look::default(),
            now => {
                let needs_read = permission != Permission::ReadSpace;
                let had_read = self.before.allows(Permission::ReadSpace);
                let has_read =
                    matches!(now, Some(Holding::Grants(held)) if held.contains_key(&Permission::ReadSpace));
                // Without `read/space`, which was there, the site would refuse this: the principal was taken out.
                if needs_read && had_read && !has_read { self.conflict() } else { Look::write(request) }
            }
        }
    }

    fn revoke(&self, permission: Permission, row: Option<GrantId>, written: bool) -> Look {
        let held = match self.now {
            Some(Holding::Grants(held)) => held,
            Some(Holding::Role(_)) | None => return Look::default(),
        };
        let Some(rows) = held.get(&permission) else { return Look::default() };
        let is_known = |row: &GrantId| self.before.has_row(*row);
        let row = match row {
            Some(row) if rows.contains(&row) => row,
            // The row is gone; what stands in its place was given anew after the plan was made.
            Some(_) if written || rows.iter().all(is_known) => return Look::default(),
            Some(_) => return self.conflict(),
            // A companion: the row that this run brought along.
            None => match rows.iter().find(|row| !is_known(row)).or_else(|| rows.first()) {
                Some(row) => *row,
                None => return Look::default(),
            },
        };
        let doomed = |other: &Permission| match permission {
            Permission::ReadSpace => *other != permission,
            // Measured companions, and what else may go along: too much here only means a second look.
            producer => producer.may_bring().contains(other),
        };
        let given = self.given();
        let foreign = held.keys().filter(|other| doomed(other)).any(|other| {
            !self.before.allows(*other)
                && !self.after.allows(*other)
                && !given.iter().any(|producer| producer.may_bring().contains(other))
        });
        if foreign {
            return self.conflict();
        }
        Look::write(WriteRequest::Revoke {
            space: self.space.clone(),
            principal: self.principal.clone(),
            permission,
            row,
        })
    }

    fn assign(&self, role: Option<&RoleId>, written: bool) -> Assign {
        let held = match self.now {
            Some(Holding::Role(held)) => Some(held),
            Some(Holding::Grants(_)) | None => None,
        };
        if held == role {
            return Assign::Done;
        }
        let as_before = match (self.before, self.now) {
            (HoldingState::Nothing, None) => true,
            (HoldingState::Role { role }, Some(Holding::Role(now))) => role == now,
            (HoldingState::Grants { permissions, .. }, Some(Holding::Grants(now))) => {
                permissions.iter().eq(now.keys())
            }
            _ => false,
        };
        if as_before || written { Assign::Write } else { Assign::Changed }
    }

    /// What this plan gives the principal.
    fn given(&self) -> BTreeSet<Permission> {
        let given = match self.after {
            HoldingState::Grants { permissions, .. } => permissions.iter().copied(),
            HoldingState::Nothing | HoldingState::Role { .. } => return BTreeSet::new(),
        };
        given.filter(|permission| !self.before.allows(*permission)).collect()
    }

    fn conflict(&self) -> Look {
        Look::changed(self.changed())
    }

    fn changed(&self) -> ConcurrentChange {
        ConcurrentChange::Holding {
            space: self.space.clone(),
            principal: self.principal.clone(),
            before: self.before.clone(),
            now: HoldingState::of_live(self.now),
            intended: self.after.clone(),
        }
    }
}
