//! Words of the language: roles and permissions for what a principal holds.

use std::cmp::Reverse;
use std::collections::BTreeSet;

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

impl Policy {
    /// All roles that lines of this policy can name, the largest first.
    pub fn bundles(&self) -> Vec<NamedBundle> {
        let built_in = BuiltInRole::ALL.into_iter().map(RoleName::BuiltIn);
        let roles = built_in.chain(self.roles.keys().cloned().map(RoleName::Custom));
        let mut bundles: Vec<NamedBundle> =
            roles.map(|name| NamedBundle { bundle: bundle(&name, &self.roles), name }).collect();
        bundles.sort_by_key(|named| Reverse(named.bundle.required.len()));
        bundles
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
