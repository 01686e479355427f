//! What space roles permit.

use std::collections::{BTreeMap, BTreeSet};

use super::reach::Answer;
use crate::model::{Holding, Live, Permission, Role, RoleId};

/// The permissions of each role of a site; `None` where its words are not understood.
#[derive(Debug)]
pub(super) struct Roles(BTreeMap<RoleId, Option<BTreeSet<Permission>>>);

impl Roles {
    pub(super) fn of(live: &Live) -> Self {
        Self(live.roles.iter().map(|(id, role)| (id.clone(), role_permissions(role))).collect())
    }

    /// Whether the holding includes the permission.
    pub(super) fn holds(&self, holding: &Holding, permission: Permission) -> Answer {
        let known = |held: bool| if held { Answer::Yes } else { Answer::No };
        match holding {
            Holding::Grants(grants) => known(grants.contains_key(&permission)),
            Holding::Role(role) => self
                .permissions(role)
                .map_or(Answer::Unsure, |permissions| known(permissions.contains(&permission))),
        }
    }

    pub(super) fn permissions(&self, role: &RoleId) -> Option<&BTreeSet<Permission>> {
        self.0.get(role)?.as_ref()
    }

    /// The least role that has all of these.
    pub(super) fn least_with(&self, wanted: &BTreeSet<Permission>) -> Option<&RoleId> {
        self.0
            .iter()
            .filter_map(|(id, permissions)| Some((permissions.as_ref()?, id)))
            .filter(|(permissions, _)| wanted.is_subset(permissions))
            .min_by_key(|(permissions, id)| (permissions.len(), *id))
            .map(|(_, id)| id)
    }
}

/// The permissions of a role, as far as its words are understood.
pub fn role_permissions(role: &Role) -> Option<BTreeSet<Permission>> {
    role.understood()
}
