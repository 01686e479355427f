//! What a lock learns from a site.

use std::collections::{BTreeMap, BTreeSet};

use super::{LastSeen, Lock, LockedSite, unwritten};
use crate::diagnostic::Spanned;
use crate::model::{Live, SiteIdentity, SpaceKey};
use crate::policy::ast::{Policy, Right, RoleName};

/// A lock after a run, and what is new in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    pub lock: Lock,
    /// The names and ends that were not in it.
    pub added: Lock,
    /// How many names the policy no longer has.
    pub removed: usize,
}

impl Lock {
    /// The lock after a policy has been resolved on a site: what it knows stays, what the policy names
    /// for the first time is added, people are as they are now, and so are the ends that the policy has. `whole` says that the policy was not narrowed
    /// to some of its spaces; only then can names be told to be gone from it.
    #[must_use]
    pub fn learn(&self, policy: &Policy, live: &Live, site: &SiteIdentity, whole: bool) -> Learnt {
        let seen = Self::of(policy, live, site);
        let mut lock = Self {
            site: seen.site,
            groups: merged(&self.groups, seen.groups),
            people: self.people.clone(),
            roles: merged(&self.roles, seen.roles),
            spaces: merged(&self.spaces, seen.spaces),
            ends: self.ends.union(&seen.ends).cloned().collect(),
        };
        let added = Self {
            site: None,
            groups: new(&self.groups, &lock.groups),
            people: new(&self.people, &seen.people),
            roles: new(&self.roles, &lock.roles),
            spaces: new(&self.spaces, &lock.spaces),
            ends: lock.ends.difference(&self.ends).cloned().collect(),
        };
        for (account, person) in seen.people {
            lock.people.insert(account, person);
        }
        let before = lock.names();
        if whole {
            let (groups, _) = policy.groups();
            let accounts = policy.accounts();
            let roles = site_roles(policy);
            let spaces: BTreeSet<&SpaceKey> = policy.space_keys().collect();
            lock.groups.retain(|name, _| groups.contains(name.as_str()) && !policy.groups.contains_key(name));
            lock.people.retain(|account, _| accounts.contains(account));
            lock.roles.retain(|name, _| roles.contains(name.as_str()));
            lock.spaces.retain(|key, _| spaces.contains(key));
            lock.ends = seen.ends;
        }
        Learnt { removed: before - lock.names(), added, lock }
    }

    /// What the names of a policy mean on a site, as far as they mean one thing.
    fn of(policy: &Policy, live: &Live, site: &SiteIdentity) -> Self {
        let (names, _) = policy.groups();
        let names = names.into_iter().filter(|name| !policy.groups.contains_key(*name));
        let groups = names.filter_map(|name| {
            let mut named = live.directory.groups_named(name);
            let group = named.next().filter(|_| named.next().is_none())?;
            Some((name.to_owned(), unwritten(group.id.clone())))
        });
        let people = policy.accounts().into_iter().filter_map(|account| {
            let person = live.directory.people.get(account)?;
            Some((
                account.clone(),
                unwritten(LastSeen { name: person.name.raw().to_owned(), status: person.status }),
            ))
        });
        let roles = site_roles(policy).into_iter().filter_map(|name| {
            let role = live.roles.values().find(|role| role.name == *name)?;
            Some((name.to_owned(), unwritten(role.id.clone())))
        });
        let spaces = policy
            .space_keys()
            .filter_map(|key| Some((key.clone(), unwritten(live.spaces.get(key)?.space.id))));
        Self {
            site: Some(LockedSite::Identity(site.clone())),
            groups: groups.collect(),
            people: people.collect(),
            roles: roles.collect(),
            spaces: spaces.collect(),
            ends: policy.endings().into_iter().map(|ending| ending.end).collect(),
        }
    }
}

/// What was not known.
fn new<K: Ord + Clone, V: Clone>(
    known: &BTreeMap<K, Spanned<V>>,
    seen: &BTreeMap<K, Spanned<V>>,
) -> BTreeMap<K, Spanned<V>> {
    let unknown = seen.iter().filter(|(name, _)| !known.contains_key(*name));
    unknown.map(|(name, id)| (name.clone(), id.clone())).collect()
}

/// What was known is not learnt anew: a name that has come to mean something else is for people to accept.
fn merged<K: Ord + Clone, V: Clone>(
    known: &BTreeMap<K, Spanned<V>>,
    seen: BTreeMap<K, Spanned<V>>,
) -> BTreeMap<K, Spanned<V>> {
    let mut all = seen;
    all.extend(known.iter().map(|(name, id)| (name.clone(), id.clone())));
    all
}

/// The space roles of the site that the lines of a policy mean.
fn site_roles(policy: &Policy) -> BTreeSet<&str> {
    let rights: BTreeSet<&Right> =
        policy.mentions().filter_map(|mention| mention.line()).map(|line| &line.right.value).collect();
    let names = rights.into_iter().filter_map(|right| match right {
        Right::Role(RoleName::BuiltIn(role)) => Some(role.site_name()),
        Right::Role(RoleName::Custom(name)) => {
            policy.roles.get(name)?.site_role.as_ref().map(|role| role.value.as_str())
        }
        Right::Permission(_) => None,
    });
    names.collect()
}
