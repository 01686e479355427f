//! What a team may do, with names resolved: roles are permissions, sets are their members.

use std::collections::BTreeSet;

use super::{Recipient, Team};
use crate::model::{Permission, SpaceKey};
use crate::policy::access_line::{Grantee, Named, Right, RoleName};
use crate::policy::ast::Policy;
use crate::policy::glob::{covers, glob};
use crate::policy::roles::{Bundle, bundle};
use crate::policy::rules::KeyPattern;

/// A team's delegation, as far as a policy tells without a site.
#[derive(Debug, Clone)]
pub struct Mandate<'p> {
    pub team: &'p Team,
    permissions: BTreeSet<Permission>,
    principals: BTreeSet<Grantee>,
    groups: Vec<&'p str>,
    all_users: bool,
    all_classes: bool,
}

impl<'p> Mandate<'p> {
    pub fn of(team: &'p Team, policy: &'p Policy) -> Self {
        let granted = team.may_grant.iter().flat_map(|granted| &granted.value);
        let mut mandate = Self {
            team,
            permissions: granted.flat_map(|right| contents(&right.value, policy).required).collect(),
            principals: BTreeSet::new(),
            groups: Vec::new(),
            all_users: false,
            all_classes: false,
        };
        for recipient in team.to.iter().flat_map(|to| &to.value) {
            match &recipient.value {
                Recipient::One(who) => drop(mandate.principals.insert(who.clone())),
                Recipient::Groups(pattern) => mandate.groups.push(pattern),
                Recipient::Users(pattern) => {
                    mandate.all_users |= pattern == "*";
                    let aliases = policy.people.iter().filter(|(alias, _)| matches(pattern, alias));
                    let users = aliases.map(|(_, person)| Named::User(person.account.value.clone()));
                    mandate.principals.extend(users.map(Grantee::Named));
                }
                Recipient::Sets(pattern) => {
                    let sets = policy.sets.defined.keys().filter(|name| matches(pattern, name));
                    let members = sets.flat_map(|name| policy.sets.members(name));
                    mandate.principals.extend(members.map(|(who, _)| who.clone()));
                }
                Recipient::Classes => mandate.all_classes = true,
            }
        }
        mandate
    }

    /// Whether a space is the team's.
    pub fn has_space(&self, key: &SpaceKey) -> bool {
        self.team.has_space(key)
    }

    /// Whether every space that a pattern may ever match is the team's.
    pub(super) fn has_spaces(&self, pattern: &KeyPattern) -> bool {
        let own: Vec<&[u8]> = self.team.spaces.value.iter().map(|own| own.value.text().as_bytes()).collect();
        covers(&own, pattern.text().as_bytes())
    }

    /// Whether the team may give a role or a permission. A role of the policy's own must be named itself: on a site with
    /// roles it is the site's role of that name, whatever its permissions are here.
    pub(super) fn may_grant(&self, right: &Right, policy: &Policy) -> bool {
        let mut named = self.team.may_grant.iter().flat_map(|granted| &granted.value);
        match right {
            _ if named.any(|granted| granted.value == *right) => true,
            Right::Role(RoleName::Custom(_)) => false,
            Right::Role(RoleName::BuiltIn(_)) | Right::Permission(_) => {
                contents(right, policy).required.is_subset(&self.permissions)
            }
        }
    }

    /// Whether the team may give every permission that there is.
    pub(super) fn may_grant_all(&self) -> bool {
        Permission::ALL.iter().all(|permission| self.permissions.contains(permission))
    }

    /// Whether the team may let a principal in.
    pub fn has(&self, who: &Grantee) -> bool {
        self.principals.contains(who)
            || match who {
                Grantee::Named(Named::Group(name)) => {
                    self.groups.iter().any(|pattern| matches(pattern, name))
                }
                Grantee::Named(Named::User(_)) => self.all_users,
                Grantee::Class(_) => self.all_classes,
                Grantee::Anonymous => false,
            }
    }

    /// Whether the team may take something from a principal.
    pub fn may_remove(&self, who: &Grantee) -> bool {
        self.team.removes_any() || self.has(who)
    }
}

fn contents(right: &Right, policy: &Policy) -> Bundle {
    match right {
        Right::Role(role) => bundle(role, &policy.roles),
        Right::Permission(permission) => Bundle::single(*permission),
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    glob(pattern.as_bytes(), name.as_bytes())
}
