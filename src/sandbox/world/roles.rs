//! Role assignments: an upsert per principal, all of them or none (API v2, setSpaceRoleAssignments).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Caller, Edition, Pair, Principal, Refusal, RoleId, RoleMode, Space, SpaceId, SpaceStatus, World,
};

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
            // A removal may name somebody who is gone: the assignment is what has to exist.
            if role.is_some() && !self.knows(principal) {
                return Err(Refusal::UnknownPrincipal(principal.clone()));
            }
            if let Some(role) = role
                && self.role(role).is_none()
            {
                return Err(Refusal::UnknownRole(role.clone()));
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
            matches!(caller, Caller::User(me) if self.user(me).is_some_and(|me| me.confluence_admin));
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
