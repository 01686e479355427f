//! Permissions that came along with the grants of an earlier run that ended before it could take them away.

use std::collections::{BTreeMap, BTreeSet};

use super::{Permission, Principal, SpaceKey};

/// Unrequested permissions, if the site shows them: an additive space keeps what the policy does
/// not mention, but not these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StrayPermissions(BTreeMap<SpaceKey, BTreeMap<Principal, BTreeSet<Permission>>>);

impl StrayPermissions {
    pub fn add(
        &mut self,
        space: &SpaceKey,
        principal: &Principal,
        permissions: impl IntoIterator<Item = Permission>,
    ) {
        let permissions: BTreeSet<Permission> = permissions.into_iter().collect();
        if !permissions.is_empty() {
            let space = self.0.entry(space.clone()).or_default();
            space.entry(principal.clone()).or_default().extend(permissions);
        }
    }

    /// What may have come along for a principal in a space.
    pub fn of(&self, space: &SpaceKey, principal: &Principal) -> impl Iterator<Item = Permission> {
        self.0.get(space).and_then(|space| space.get(principal)).into_iter().flatten().copied()
    }
}
