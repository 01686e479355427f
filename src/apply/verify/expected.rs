//! What the rows of a space must show before anything is concluded from them.

use std::collections::{BTreeMap, BTreeSet};

use crate::confluence::SpaceAccess;
use crate::model::{GrantId, Holding, Permission, Principal, RoleId, WriteRequest};

/// What the rows of a space must show once the writes of this run are visible.
#[derive(Debug, Clone, Default)]
pub(in crate::apply) struct Expected {
    rows: BTreeMap<(Principal, Permission), RowState>,
    roles: BTreeMap<Principal, Option<RoleId>>,
}

#[derive(Debug, Clone)]
enum RowState {
    There,
    /// None of these rows.
    Gone(BTreeSet<GrantId>),
}

impl Expected {
    pub(in crate::apply) fn note(&mut self, request: &WriteRequest) {
        match request {
            WriteRequest::Grant { principal, permission, .. } => {
                self.rows.insert((principal.clone(), *permission), RowState::There);
            }
            WriteRequest::Revoke { principal, permission, row, .. } => {
                let state = self.rows.entry((principal.clone(), *permission));
                match state.or_insert_with(|| RowState::Gone(BTreeSet::new())) {
                    RowState::Gone(rows) => {
                        rows.insert(*row);
                    }
                    state @ RowState::There => *state = RowState::Gone([*row].into()),
                }
                // What may go along is no witness any more.
                let goes_along = |other: &Permission| {
                    *permission == Permission::ReadSpace || permission.may_bring().contains(other)
                };
                self.rows.retain(|(who, other), state| {
                    who != principal || matches!(state, RowState::Gone(_)) || !goes_along(other)
                });
            }
            WriteRequest::AssignRoles { roles, .. } => self.roles.extend(roles.clone()),
            WriteRequest::Restrict { .. } | WriteRequest::AddToList { .. } => {}
        }
    }

    /// Looks for the writes to a principal no longer.
    pub(in crate::apply) fn forget(&mut self, principal: &Principal) {
        self.rows.retain(|(who, _), _| who != principal);
        self.roles.remove(principal);
    }

    /// The principals for which the rows do not show yet what was written.
    pub(super) fn unseen(&self, now: &SpaceAccess) -> BTreeSet<Principal> {
        let rows = self.rows.iter().filter(|((principal, permission), state)| {
            let held = rows_shown(now, principal, *permission);
            match state {
                RowState::There => held.is_none(),
                RowState::Gone(gone) => held.is_some_and(|held| !held.is_disjoint(gone)),
            }
        });
        let roles = self.roles.iter().filter(|(principal, role)| {
            let held = match now.holdings.get(*principal) {
                Some(Holding::Role(held)) => Some(held),
                Some(Holding::Grants(_)) | None => None,
            };
            held != role.as_ref()
        });
        let rows = rows.map(|((principal, _), _)| principal);
        rows.chain(roles.map(|(principal, _)| principal)).cloned().collect()
    }

    /// The permissions of a principal that the site accepted and does not show.
    pub(super) fn missing(&self, principal: &Principal, now: &SpaceAccess) -> Vec<Permission> {
        let held = |permission: &Permission| rows_shown(now, principal, *permission).is_some();
        let granted =
            self.rows.iter().filter(|((who, _), state)| who == principal && matches!(state, RowState::There));
        granted.map(|((_, permission), _)| *permission).filter(|permission| !held(permission)).collect()
    }
}

/// The rows that give a permission to a principal, also where it has a role that is still to go.
fn rows_shown<'n>(
    now: &'n SpaceAccess,
    principal: &Principal,
    permission: Permission,
) -> Option<&'n BTreeSet<GrantId>> {
    match now.holdings.get(principal)? {
        Holding::Grants(held) => held.get(&permission),
        Holding::Role(_) => now.beside_roles.get(principal)?.get(&permission),
    }
}
