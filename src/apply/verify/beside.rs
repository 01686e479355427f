//! Rows beside a space role, and which of them are the role's own.
//!
//! On a site in transition the rows of a role's holder show what the role gives, each permission once, and the
//! single permissions beside it. No row says which it is. The number of rows and the meaning of the role do, as far
//! as it is known ([`Role::gives`]).

use std::collections::BTreeMap;

use crate::confluence::SpaceAccess;
use crate::model::{GrantId, Permission, Principal, Role, Truth};

/// The rows of a role's holder.
#[derive(Debug)]
pub(in crate::apply) struct BesideRole<'r> {
    old: BTreeMap<Permission, Vec<GrantId>>,
    new: BTreeMap<Permission, Vec<GrantId>>,
    role: Option<&'r Role>,
    /// Whether the site shows what a role gives as rows.
    shows_role: bool,
}

/// What the rows that came since say about a single permission beside the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::apply) enum Single {
    /// There is none.
    Absent,
    /// There is one row, and whether it is the role's own is not known.
    Unclear,
    /// One of several rows is the role's own.
    Among,
    /// All rows are single permissions.
    Rows(Vec<GrantId>),
}

impl<'r> BesideRole<'r> {
    /// The rows of a holder of `role`. `is_old` says which were there before the role.
    pub(in crate::apply) fn of(
        principal: &Principal,
        now: &SpaceAccess,
        role: Option<&'r Role>,
        is_old: impl Fn(GrantId) -> bool,
    ) -> Self {
        let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
        for (permission, rows) in now.beside_roles.get(principal).into_iter().flatten() {
            let (before, since): (Vec<GrantId>, Vec<GrantId>) = rows.iter().partition(|row| is_old(**row));
            for (rows, kind) in [(before, &mut old), (since, &mut new)] {
                if !rows.is_empty() {
                    kind.insert(*permission, rows);
                }
            }
        }
        // A site that does not show all that a role gives shows none of it.
        let shows_role =
            role.into_iter().flat_map(Role::surely_gives).all(|permission| new.contains_key(permission));
        Self { old, new, role, shows_role }
    }

    /// The rows that were there before the role, and are no part of it.
    pub(super) fn old(&self) -> impl Iterator<Item = (Permission, GrantId)> {
        self.old.iter().flat_map(|(permission, rows)| rows.iter().map(|row| (*permission, *row)))
    }

    /// The permissions of which rows came since.
    pub(super) fn new_permissions(&self) -> impl Iterator<Item = Permission> {
        self.new.keys().copied()
    }

    /// Whether a row that came since gives a permission.
    pub(super) fn is_shown(&self, permission: Permission) -> bool {
        self.new.contains_key(&permission)
    }

    /// Whether a permission that came since stands beside the role.
    pub(in crate::apply) fn single(&self, permission: Permission) -> Single {
        let Some(rows) = self.new.get(&permission) else { return Single::Absent };
        let gives = self.role.map_or(Truth::Unknown, |role| role.gives(permission));
        match (gives, rows.len()) {
            (Truth::No, _) => Single::Rows(rows.clone()),
            _ if !self.shows_role => Single::Rows(rows.clone()),
            (Truth::Yes, 1) => Single::Absent,
            (Truth::Unknown, 1) => Single::Unclear,
            _ => Single::Among,
        }
    }
}
