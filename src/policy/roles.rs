//! What a role comes down to where there are only single permissions.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access_line::RoleName;
use super::cycles::cycles;
use crate::diagnostic::{Span, Spanned};
use crate::model::{BuiltInRole, Permission};

/// An entry of `roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDef {
    /// The place of the name.
    pub span: Span,
    pub includes: Vec<Spanned<RoleName>>,
    pub permissions: Vec<Spanned<Permission>>,
    /// The space role that it means on a site with roles.
    pub site_role: Option<Spanned<String>>,
}

/// The permissions of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    /// All of these.
    pub required: BTreeSet<Permission>,
    /// These may be there as well: what stands in the same columns of the classic screen, which Confluence adds
    /// by itself in part. Nothing required is in here.
    pub tolerated: BTreeSet<Permission>,
}

impl Bundle {
    /// One permission and nothing else: who writes a permission means it to the letter.
    pub fn single(permission: Permission) -> Self {
        Self { required: BTreeSet::from([permission]), tolerated: BTreeSet::new() }
    }

    pub fn built_in(role: BuiltInRole) -> Self {
        let required = role.permissions();
        let beside = required.iter().flat_map(|permission| permission.same_column()).copied();
        let tolerated = beside.filter(|permission| !required.contains(permission)).collect();
        Self { required, tolerated }
    }

    /// Adds another bundle. What either requires is required.
    pub fn add(&mut self, other: &Self) {
        self.required.extend(&other.required);
        self.tolerated.extend(&other.tolerated);
        self.tolerated.retain(|permission| !self.required.contains(permission));
    }

    /// Whether everything that the other requires is required or tolerated here.
    pub fn covers(&self, other: &Self) -> bool {
        other
            .required
            .iter()
            .all(|permission| self.required.contains(permission) || self.tolerated.contains(permission))
    }
}

/// What a role means as permissions. Roles without a definition add nothing, and a role that includes
/// itself adds what it adds once: both are reported when the policy is read.
pub fn bundle(role: &RoleName, roles: &BTreeMap<String, RoleDef>) -> Bundle {
    let mut all = Bundle::default();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![role];
    while let Some(role) = waiting.pop() {
        if !seen.insert(role) {
            continue;
        }
        match role {
            RoleName::BuiltIn(role) => all.add(&Bundle::built_in(*role)),
            RoleName::Custom(name) => {
                let Some(definition) = roles.get(name) else { continue };
                for permission in &definition.permissions {
                    all.add(&Bundle::single(permission.value));
                }
                waiting.extend(definition.includes.iter().map(|include| &include.value));
            }
        }
    }
    all
}

/// The ways in which roles include themselves: for each the `includes` entries that lead round.
pub(crate) fn inclusion_cycles(roles: &BTreeMap<String, RoleDef>) -> Vec<Vec<&Spanned<RoleName>>> {
    let includes = |name: &str| roles.get(name).map_or(&[][..], |role| &role.includes);
    let cycles = cycles(roles.keys().map(String::as_str), includes, |step| match &step.value {
        RoleName::Custom(name) => Some(name.as_str()),
        RoleName::BuiltIn(_) => None,
    });
    cycles.into_iter().map(|cycle| cycle.into_iter().map(|(_, step)| step).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_roles_tolerate_companions_and_single_permissions_do_not() {
        let viewer = Bundle::built_in(BuiltInRole::Viewer);
        assert_eq!(viewer.tolerated, BTreeSet::from([Permission::ExportContent]));
        assert_eq!(Bundle::single(Permission::ReadSpace).tolerated, BTreeSet::new());
    }

    #[test]
    fn what_is_required_anywhere_is_not_merely_tolerated() {
        let mut bundle = Bundle::built_in(BuiltInRole::Viewer);
        bundle.add(&Bundle::single(Permission::ExportContent));
        assert!(bundle.required.contains(&Permission::ExportContent));
        assert_eq!(bundle.tolerated, BTreeSet::new());
    }
}
