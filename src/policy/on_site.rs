//! A policy under the keys that its spaces have on the site now.
//!
//! Everything that is read, planned and shown goes by the key that a space has. A policy names spaces by the key that
//! they had, and the lock knows their ids; so where a key was changed, [`Policy::on_site`] puts the new one for the old
//! one in a copy of the policy and of its lock, places and all else as they are, and what works with a policy sees
//! nothing of it. [`OnSite::as_written`] is the way back, for the lock that is kept.
//!
//! A key that is lost and that a space of the policy has been given stands in the way of that space: it is set aside
//! under a key that no site has, so that it is still reported and skipped as gone.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::ast::{AccessTest, Policy, TestTarget};
use super::lock::Lock;
use super::rules::{KeyPattern, Like, Rule, Selector};
use crate::diagnostic::{Span, Spanned};
use crate::model::{Listing, SpaceId, SpaceKey};

/// A policy and its lock under the keys of now.
#[derive(Debug)]
pub struct OnSite<'a> {
    pub policy: Cow<'a, Policy>,
    pub lock: Cow<'a, Lock>,
}

/// The keys that stand for others.
pub(super) type Keys = BTreeMap<SpaceKey, SpaceKey>;

impl Policy {
    /// The policy and its lock under the keys that the listed spaces have. A space that is not listed has the key that
    /// the policy says.
    pub fn on_site<'a>(&'a self, lock: &'a Lock, listing: &Listing) -> OnSite<'a> {
        let now: BTreeMap<SpaceId, &SpaceKey> =
            listing.spaces.values().map(|space| (space.id, &space.key)).collect();
        let named: BTreeSet<&SpaceKey> = self.space_names().map(|(key, _)| key).collect();
        let mut moved = Keys::new();
        let mut followed = Keys::new();
        for (key, locked) in &lock.spaces {
            let Some(now) = now.get(&locked.value).filter(|now| **now != key) else { continue };
            // A team's entry goes no further than its delegation, which is about keys.
            if self.is_beyond_team(key, now) {
                continue;
            }
            if named.contains(key) {
                moved.insert(key.clone(), (*now).clone());
            } else if named.contains(*now) && !lock.spaces.contains_key(*now) {
                followed.insert(key.clone(), (*now).clone());
            }
        }
        if moved.is_empty() && followed.is_empty() {
            return OnSite { policy: Cow::Borrowed(self), lock: Cow::Borrowed(lock) };
        }
        let taken: BTreeSet<&SpaceKey> = moved.values().collect();
        let is_lost = |key: &SpaceKey| {
            let locked = lock.spaces.get(key).and_then(|locked| now.get(&locked.value));
            lock.spaces.contains_key(key) && locked.is_none()
        };
        let in_the_way = named.into_iter().filter(|key| taken.contains(key) && is_lost(key));
        let aside: Vec<(SpaceKey, SpaceKey)> =
            in_the_way.filter_map(|key| Some((key.clone(), aside(key)?))).collect();
        moved.extend(aside);
        let mut lock = lock.clone();
        lock.rekey(&moved.iter().chain(&followed).map(|(old, new)| (old.clone(), new.clone())).collect());
        let mut policy = self.clone();
        policy.rekey(&moved);
        OnSite { policy: Cow::Owned(policy), lock: Cow::Owned(lock) }
    }

    /// Whether a file of a team names a space whose key now is not one of the team's.
    fn is_beyond_team(&self, key: &SpaceKey, now: &SpaceKey) -> bool {
        let mut named = self.space_names().filter(|(named, _)| *named == key);
        named.any(|(_, span)| self.delegation.team_of(&span.file).is_some_and(|team| !team.has_space(now)))
    }

    /// The ids of the spaces that have another key by now, or none: their keys were listed, and they were not.
    pub fn sought_spaces(&self, lock: &Lock, listing: &Listing) -> BTreeSet<SpaceId> {
        let there: BTreeSet<SpaceId> = listing.spaces.values().map(|space| space.id).collect();
        let names = self.space_names().map(|(key, _)| key).filter(|key| listing.asked.contains(*key));
        let ids = names.filter_map(|key| lock.spaces.get(key)).map(|locked| locked.value);
        if listing.whole { BTreeSet::new() } else { ids.filter(|id| !there.contains(id)).collect() }
    }

    /// Every space that is named by its key, at every place; patterns are left out.
    pub(super) fn space_names(&self) -> impl Iterator<Item = (&SpaceKey, &Span)> {
        let own = self.spaces.values().map(|space| (&space.key.value, &space.key.span));
        let likes = self.spaces.values().filter_map(|space| space.like.as_ref());
        let forbidden = self.guards.forbid.iter().flat_map(|forbid| &forbid.value);
        let excepted = forbidden.flat_map(|forbid| exact(&forbid.except_spaces));
        let homes = self.people.values().filter_map(|person| person.guest_of.as_ref());
        let targets = self.tests.iter().flat_map(AccessTest::targets);
        let tested = targets.filter_map(|(_, target)| Some((target.value.space()?, &target.span)));
        own.chain(likes.map(source))
            .chain(self.rules.iter().flat_map(Rule::space_names))
            .chain(excepted)
            .chain(homes.map(|home| (&home.value, &home.span)))
            .chain(tested)
    }

    /// Puts other keys for those that [`Policy::space_names`] finds.
    fn rekey(&mut self, keys: &Keys) {
        let put = |key: &mut SpaceKey| {
            if let Some(now) = keys.get(key) {
                key.clone_from(now);
            }
        };
        for (_, mut space) in std::mem::take(&mut self.spaces) {
            put(&mut space.key.value);
            space.like.iter_mut().for_each(|like| put(like.value.space_mut()));
            match self.spaces.get_mut(&space.key.value) {
                Some(first) => self.twice.push([first.key.span.clone(), space.key.span]),
                None => drop(self.spaces.insert(space.key.value.clone(), space)),
            }
        }
        for rule in &mut self.rules {
            rule.like.iter_mut().for_each(|like| put(like.value.space_mut()));
            let selectors = rule.spaces.iter_mut();
            selectors.flat_map(|spaces| spaces.keys.iter_mut().chain(&mut spaces.not)).for_each(|pattern| {
                pattern.value.exact_mut().into_iter().for_each(put);
            });
            for (mut key, lines) in std::mem::take(&mut rule.rows) {
                put(&mut key);
                rule.rows.entry(key).or_default().extend(lines);
            }
        }
        let forbidden = self.guards.forbid.iter_mut().flat_map(|forbid| &mut forbid.value);
        for pattern in forbidden.flat_map(|forbid| &mut forbid.except_spaces) {
            pattern.value.exact_mut().into_iter().for_each(put);
        }
        let homes = self.people.values_mut().filter_map(|person| person.guest_of.as_mut());
        homes.for_each(|home| put(&mut home.value));
        for target in self.tests.iter_mut().flat_map(AccessTest::targets_mut) {
            target.value.space_mut().into_iter().for_each(put);
        }
        self.focus.rekey(keys);
        self.written = keys.iter().map(|(written, now)| (now.clone(), written.clone())).collect();
    }

    /// The keys of the spaces that the policy names anywhere, as far as a site may have them.
    pub fn named_keys(&self) -> impl Iterator<Item = &SpaceKey> {
        self.space_names().map(|(key, _)| key).filter(|key| !self.is_aside(key))
    }

    /// A key as the files have it.
    pub fn as_written<'k>(&'k self, key: &'k SpaceKey) -> &'k SpaceKey {
        self.written.get(key).unwrap_or(key)
    }

    /// The keys that were changed on the site: as it has them, and as the files do.
    pub(super) fn changed_keys(&self) -> impl Iterator<Item = (&SpaceKey, &SpaceKey)> {
        self.written.iter().filter(|(now, _)| !self.is_aside(now))
    }

    /// Whether a key stands for one that is lost and that another space of the policy has now.
    pub(super) fn is_aside(&self, key: &SpaceKey) -> bool {
        self.written.get(key).is_some_and(|written| aside(written).as_ref() == Some(key))
    }
}

impl OnSite<'_> {
    /// A lock of what the policy names, under the keys that the files have.
    pub(super) fn as_written(&self, mut lock: Lock) -> Lock {
        lock.rekey(&self.policy.written);
        lock
    }
}

impl Rule {
    fn space_names(&self) -> impl Iterator<Item = (&SpaceKey, &Span)> {
        let selectors = self.spaces.iter();
        let selected = selectors.flat_map(|Selector { keys, not, .. }| exact(keys).chain(exact(not)));
        let rows = self.rows.iter().filter_map(|(key, lines)| {
            let who = lines.first()?.who.first()?;
            Some((key, &who.who.span))
        });
        selected.chain(self.like.iter().map(source)).chain(rows)
    }
}

impl TestTarget {
    pub(super) const fn space(&self) -> Option<&SpaceKey> {
        match self {
            Self::Everything => None,
            Self::Space(key) | Self::Pages(key, _) => Some(key),
        }
    }

    const fn space_mut(&mut self) -> Option<&mut SpaceKey> {
        match self {
            Self::Everything => None,
            Self::Space(key) | Self::Pages(key, _) => Some(key),
        }
    }
}

fn source(like: &Spanned<Like>) -> (&SpaceKey, &Span) {
    (like.value.space(), &like.span)
}

fn exact(patterns: &[Spanned<KeyPattern>]) -> impl Iterator<Item = (&SpaceKey, &Span)> {
    patterns.iter().filter_map(|pattern| Some((pattern.value.exact()?, &pattern.span)))
}

/// Keys hold letters and digits, and those of people a tilde before them; the parser of policies takes more.
fn aside(key: &SpaceKey) -> Option<SpaceKey> {
    format!("{key}:gone").parse().ok()
}
