//! Role assignments: an upsert per principal, all of them or none (API v2, setSpaceRoleAssignments); and making
//! roles (API v2, createSpaceRole).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Caller, Edition, Pair, Principal, Refusal, Role, RoleId, RoleMode, Space, SpaceId, SpaceStatus, World,
};

/// The most characters of the name of a role.
const LONGEST_NAME: usize = 25;
/// The most custom roles of a site.
const MOST_CUSTOM: usize = 10;

/// One entry of a role assignment body: without a role, the principal's assignment is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a principal and its role")]
pub struct RoleEntry {
    pub principal: Principal,
    pub role: Option<RoleId>,
}

impl World {
    /// Assigns, replaces and removes roles in a space.
    pub(super) fn assign_roles(
        &mut self,
        caller: &Caller,
        id: SpaceId,
        entries: &[RoleEntry],
    ) -> Result<(), Refusal> {
        let space = self.visible_space(caller, id)?;
        self.check_assigner(caller, space, entries)?;
        if entries.is_empty() {
            return Err(Refusal::NoAssignments);
        }
        let mut seen = BTreeSet::new();
        for RoleEntry { principal, role } in entries {
            if !seen.insert(principal) {
                return Err(Refusal::PrincipalTwice(principal.clone()));
            }
            // A removal may name an account that is gone: the assignment is what has to exist.
            if role.is_some() && !self.takes(principal) {
                return Err(Refusal::UnknownPrincipal(principal.clone()));
            }
            if let Some(id) = role {
                let role = self.role(id).filter(|role| !role.disabled);
                let role = role.ok_or_else(|| Refusal::UnknownRole(id.clone()))?;
                if *principal == Principal::Anonymous && role.permissions.contains(&Pair::AdministerSpace) {
                    return Err(Refusal::AnonymousAdminRole);
                }
            }
        }

        let mut after = Space { contents: BTreeSet::new(), ..space.clone() };
        for RoleEntry { principal, role } in entries {
            match role {
                Some(role) => {
                    after.assignments.insert(principal.clone(), role.clone());
                    if self.quirks.role_post_removes_custom_access {
                        after.grants.retain(|_, grant| grant.principal != *principal);
                    }
                }
                None => drop(after.assignments.remove(principal)),
            }
        }
        if self.quirks.last_admin_rule_for_roles
            && self.admin_remains(space, &BTreeSet::new())
            && !self.admin_remains(&after, &BTreeSet::new())
        {
            return Err(Refusal::LastAdmin);
        }
        if let Some(space) = self.space_mut(id) {
            space.assignments = after.assignments;
            space.grants = after.grants;
        }
        Ok(())
    }

    /// Makes a custom role. Names have up to 25 characters, and a site ten custom roles at most (live: folio).
    pub(super) fn create_role(
        &mut self,
        caller: &Caller,
        name: &str,
        description: &str,
        permissions: &BTreeSet<String>,
    ) -> Result<RoleId, Refusal> {
        if !self.has_roles() {
            return Err(Refusal::NoRoles);
        }
        self.check_site_admin(caller).map_err(|_| Refusal::MayNotCreateRoles)?;
        if name.chars().count() > LONGEST_NAME {
            return Err(Refusal::LongRoleName);
        }
        if name.trim().is_empty() || self.roles().any(|role| role.name == name) {
            return Err(Refusal::BadRoleName);
        }
        if self.roles().filter(|role| !role.system).count() >= MOST_CUSTOM {
            return Err(Refusal::TooManyRoles);
        }
        let vocabulary = self.quirks.role_vocabulary;
        let pairs = vocabulary.pairs_of(permissions).map_err(Refusal::UnknownRolePermission)?;
        if !pairs.contains(&Pair::ReadSpace) {
            return Err(Refusal::MissingRolePermission(vocabulary.id_of(Pair::ReadSpace)));
        }
        let id = self.new_role_id();
        self.add_role(Role {
            id: id.clone(),
            name: name.to_owned(),
            system: false,
            description: description.to_owned(),
            permissions: pairs,
            disabled: false,
            made_of: Some(permissions.clone()),
        });
        Ok(id)
    }

    /// The first id of its form that is free, so that the same writes give the same ids.
    fn new_role_id(&self) -> RoleId {
        let ids = (1_u64..).map(|number| RoleId(format!("5a4db0c5-0000-4000-9000-{number:012x}")));
        let mut free = ids.filter(|id| self.role(id).is_none());
        free.next().unwrap_or_else(|| RoleId(String::new()))
    }

    /// Roles are managed by holders of `administer/space` or `manage_users/space`. On a roles-only site
    /// they can give only what they hold themselves, product admins excepted (forum ba-p/3248645).
    fn check_assigner(&self, caller: &Caller, space: &Space, entries: &[RoleEntry]) -> Result<(), Refusal> {
        if !self.has_roles() {
            return Err(Refusal::NoRoles);
        }
        if self.settings.edition == Edition::Free {
            return Err(Refusal::FreeEdition);
        }
        let held = self.space_operations(&caller.subject(), space.id);
        if !held.contains(&Pair::AdministerSpace) && !held.contains(&Pair::ManageUsers) {
            return Err(Refusal::MayNotAssign);
        }
        if space.status == SpaceStatus::Archived && !self.quirks.archived_spaces_writable {
            return Err(Refusal::ArchivedSpace);
        }
        let product_admin =
            caller.account().and_then(|me| self.user(me)).is_some_and(|me| me.confluence_admin);
        let beyond = |role: &RoleId| self.role(role).is_some_and(|role| !role.permissions.is_subset(&held));
        if self.settings.mode == RoleMode::Roles
            && !product_admin
            && entries.iter().filter_map(|entry| entry.role.as_ref()).any(beyond)
        {
            return Err(Refusal::MayNotAssign);
        }
        Ok(())
    }
}
