//! What space roles permit.

use std::collections::{BTreeMap, BTreeSet};

use super::reach::Answer;
use crate::model::{BuiltInRole, Holding, Live, Permission, Role, RoleId, RoleKind};

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

/// Roles name permissions in a vocabulary of their own, of which no full list is published; what has
/// been seen is mostly that of the space permissions. A role that Atlassian ships and whose words say
/// nothing to us is taken for what its name means.
pub fn role_permissions(role: &Role) -> Option<BTreeSet<Permission>> {
    let understood: BTreeSet<Permission> = role.permissions.iter().filter_map(|word| parse(word)).collect();
    if !understood.is_empty() {
        return Some(understood);
    }
    let built_in = BuiltInRole::ALL.into_iter().find(|built_in| built_in.site_name() == role.name);
    match (role.kind, built_in) {
        (RoleKind::System, Some(built_in)) => Some(with_companions(&built_in.permissions())),
        (RoleKind::System | RoleKind::Custom, _) => None,
    }
}

fn parse(word: &str) -> Option<Permission> {
    match word {
        "export/content" => Some(Permission::ExportContent),
        "delete/own-content" => Some(Permission::DeleteOwn),
        pair => pair.split_once('/').and_then(|(operation, target)| {
            Permission::from_cloud_pair(operation, target).or_else(|| pair.parse().ok())
        }),
    }
}

fn with_companions(permissions: &BTreeSet<Permission>) -> BTreeSet<Permission> {
    let companions = permissions.iter().flat_map(|permission| permission.companions()).copied();
    companions.collect::<BTreeSet<_>>().union(permissions).copied().collect()
}
