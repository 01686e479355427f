//! Words of the language: roles and permissions for what a principal holds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{BuiltInRole, Permission};
use crate::policy::ast::{Policy, RoleName};
use crate::policy::roles::{Bundle, bundle};

/// A role of a policy with what it comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBundle {
    pub name: RoleName,
    pub bundle: Bundle,
}

/// The left side of a line of `access`. The order is that of an imported file: roles first, the largest of
/// the built-in ones at the top.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessWord {
    BuiltIn(Reverse<BuiltInRole>),
    Role(String),
    Permission(Permission),
}

impl AccessWord {
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(Reverse(role)) => role.as_str(),
            Self::Role(name) => name,
            Self::Permission(permission) => permission.as_str(),
        }
    }
}

impl From<&RoleName> for AccessWord {
    fn from(role: &RoleName) -> Self {
        match role {
            RoleName::BuiltIn(role) => Self::BuiltIn(Reverse(*role)),
            RoleName::Custom(name) => Self::Role(name.clone()),
        }
    }
}

impl NamedBundle {
    /// The built-in roles, and those that a policy defines, the largest first.
    pub fn with_own(own: &BTreeMap<String, Bundle>) -> Vec<Self> {
        let built_in = BuiltInRole::ALL.into_iter().map(RoleName::BuiltIn);
        let built_in = built_in.map(|name| Self { bundle: bundle(&name, &BTreeMap::new()), name });
        let own =
            own.iter().map(|(name, own)| Self { name: RoleName::Custom(name.clone()), bundle: own.clone() });
        let mut bundles: Vec<Self> = built_in.chain(own).collect();
        bundles.sort_by_key(|named| Reverse(named.bundle.required.len()));
        bundles
    }
}

impl Policy {
    /// What the roles come down to that this policy defines.
    pub fn own_bundles(&self) -> BTreeMap<String, Bundle> {
        let own = |name: &String| (name.clone(), bundle(&RoleName::Custom(name.clone()), &self.roles));
        self.roles.keys().map(own).collect()
    }
}

/// The fewest words for what a principal holds: the largest role, further roles where they save words,
/// then single permissions.
pub(super) fn words<'a>(
    held: &BTreeSet<Permission>,
    bundles: impl IntoIterator<Item = &'a NamedBundle>,
) -> BTreeSet<AccessWord> {
    let mut left = held.clone();
    let mut found = BTreeSet::new();
    for NamedBundle { name, bundle } in bundles {
        if bundle.required.is_subset(held) && bundle.required.intersection(&left).count() >= 2 {
            left.retain(|permission| {
                !bundle.required.contains(permission) && !bundle.tolerated.contains(permission)
            });
            found.insert(AccessWord::from(name));
        }
    }
    found.extend(left.into_iter().map(AccessWord::Permission));
    found
}
