//! What a lock learns from a site.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identity, LastSeen, Lock, LockedSite, unwritten};
use crate::diagnostic::Spanned;
use crate::model::{Live, SiteIdentity, SpaceId, SpaceKey};
use crate::policy::ast::{AccessTest, Policy, Right, RoleName, TestTarget};
use crate::policy::pages::PageName;

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
    /// for the first time is added, people are as they are now, and so are the ends that the policy has. `whole` says
    /// that the policy was not narrowed to some of its spaces; only then is it known which names it no longer has.
    #[must_use]
    pub fn learn(&self, policy: &Policy, live: &Live, site: &SiteIdentity, whole: bool) -> Learnt {
        let on_site = policy.on_site(self, &live.listing);
        let mut known = on_site.as_written((*on_site.lock).clone());
        known.keep_displaced(self);
        let seen = on_site.lock.seen(&on_site.policy, live, site);
        let seen = Self {
            ends: policy.endings().into_iter().map(|ending| ending.end).collect(),
            ..on_site.as_written(seen)
        };
        let mut lock = Self {
            site: seen.site,
            groups: merged(&known.groups, seen.groups),
            people: known.people,
            roles: merged(&known.roles, seen.roles),
            spaces: merged(&known.spaces, seen.spaces),
            pages: known.pages,
            ends: known.ends.union(&seen.ends).cloned().collect(),
        };
        // A pin says by itself what its name means.
        for (name, pin) in &policy.groups {
            let is_there = live.directory.groups.contains_key(&pin.id.value);
            if let Some(locked) = lock.groups.get_mut(name).filter(|_| is_there) {
                locked.value.clone_from(&pin.id.value);
            }
        }
        for (key, pages) in seen.pages {
            let known = lock.pages.entry(key).or_default();
            *known = merged(known, pages);
        }
        lock.pages.retain(|_, pages| !pages.is_empty());
        let nothing = BTreeMap::new();
        let pages = lock
            .pages
            .iter()
            .map(|(key, pages)| (key.clone(), new(self.pages.get(key).unwrap_or(&nothing), pages)));
        let added = Self {
            site: None,
            groups: new(&self.groups, &lock.groups),
            people: new(&self.people, &seen.people),
            roles: new(&self.roles, &lock.roles),
            spaces: new(&self.spaces, &lock.spaces),
            pages: pages.filter(|(_, pages)| !pages.is_empty()).collect(),
            ends: lock.ends.difference(&self.ends).cloned().collect(),
        };
        for (account, person) in seen.people {
            lock.people.insert(account, person);
        }
        let before = lock.names();
        // What a run is not about is not in its names either.
        if whole && policy.is_about_all() {
            lock.forget_unnamed(policy);
            lock.ends = seen.ends;
        }
        Learnt { removed: before - lock.names(), added, lock }
    }

    /// Keeps what another lock knows of spaces whose keys others bear now, if this one, for it, lost them out of sight.
    fn keep_displaced(&mut self, whole: &Self) {
        let ids: BTreeSet<SpaceId> = self.spaces.values().map(|locked| locked.value).collect();
        let displaced = whole.spaces.iter().filter(|(_, locked)| !ids.contains(&locked.value));
        for (key, locked) in displaced {
            self.spaces.entry(key.clone()).or_insert_with(|| locked.clone());
            if let Some(pages) = whole.pages.get(key) {
                self.pages.entry(key.clone()).or_insert_with(|| pages.clone());
            }
        }
    }

    /// Forgets the names that a policy does not have.
    fn forget_unnamed(&mut self, policy: &Policy) {
        let (groups, _) = policy.groups();
        let accounts = policy.accounts();
        let roles = site_roles(policy);
        let spaces: BTreeSet<&SpaceKey> = policy.space_names().map(|(key, _)| key).collect();
        let pages = policy.page_names();
        self.groups.retain(|name, _| groups.contains(name.as_str()));
        self.people.retain(|account, _| accounts.contains(account));
        self.roles.retain(|name, _| roles.contains(name.as_str()));
        self.spaces.retain(|key, _| spaces.contains(key));
        for (key, known) in &mut self.pages {
            known.retain(|name, _| pages.get(key).is_some_and(|names| names.contains(name)));
        }
        self.pages.retain(|_, known| !known.is_empty());
    }

    /// What the names of a policy mean on a site, as far as they mean one thing; no ends.
    fn seen(&self, policy: &Policy, live: &Live, site: &SiteIdentity) -> Self {
        let (names, _) = policy.groups();
        let index = live.directory.group_names();
        let groups = names.into_iter().filter_map(|name| {
            let pin = policy.groups.get(name).map(|pin| &pin.id.value);
            let pinned = pin.map(|pin| live.directory.groups.contains_key(pin).then(|| pin.clone()));
            let bearers = || index.bearers(name);
            let meant = pinned.unwrap_or_else(|| Identity::New(bearers()).meant().cloned())?;
            Some((name.to_owned(), unwritten(meant)))
        });
        let people = policy.accounts().into_iter().filter_map(|account| {
            let person = live.directory.people.get(account)?;
            Some((
                account.clone(),
                unwritten(LastSeen { name: person.name.raw().to_owned(), status: person.status }),
            ))
        });
        let roles = site_roles(policy).into_iter().filter_map(|name| {
            let role = Self::EMPTY.role(name, &live.roles).meant()?.clone();
            Some((name.to_owned(), unwritten(role)))
        });
        let spaces = policy
            .space_names()
            .filter_map(|(key, _)| Some((key.clone(), unwritten(live.listing.spaces.get(key)?.id))));
        let pages = policy.page_names().into_iter().filter_map(|(key, names)| {
            let space = live.spaces.get(key)?;
            let tree = space.tree.as_ref()?;
            // The pages of another space under the same key are not the pages that are meant.
            self.spaces.get(key).is_none_or(|locked| locked.value == space.space.id).then_some(())?;
            let meant = names.into_iter().filter_map(|name| {
                let id = Self::EMPTY.page(name, space, tree).meant().copied()?;
                Some((name.clone(), unwritten(id)))
            });
            Some((key.clone(), meant.collect()))
        });
        Self {
            site: Some(unwritten(LockedSite::Identity(site.clone()))),
            groups: groups.collect(),
            people: people.collect(),
            roles: roles.collect(),
            spaces: spaces.collect(),
            pages: pages.collect(),
            ends: BTreeSet::new(),
        }
    }
}

impl Policy {
    /// The pages that the policy names, and those that its patterns hang under, by space.
    pub fn page_names(&self) -> BTreeMap<&SpaceKey, BTreeSet<&PageName>> {
        let own = self.spaces.values().flat_map(|space| {
            let guests = space.page_only.iter().flat_map(|entry| &entry.pages);
            let selectors = space.pages.iter().map(|entry| &entry.pages).chain(guests);
            selectors.map(|selector| (&space.key.value, &selector.value))
        });
        let tested = self.tests.iter().flat_map(AccessTest::targets);
        let tested = tested.filter_map(|(_, target)| match &target.value {
            TestTarget::Pages(key, selector) => Some((key, selector)),
            TestTarget::Everything | TestTarget::Space(_) => None,
        });
        let mut names: BTreeMap<&SpaceKey, BTreeSet<&PageName>> = BTreeMap::new();
        for (key, selector) in own.chain(tested) {
            if let Some(name) = selector.anchor().filter(|_| self.is_in_scope(key)) {
                names.entry(key).or_default().insert(name);
            }
        }
        names
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
