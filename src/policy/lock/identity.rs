//! What became of the thing that a name meant: the one place that decides it, for names of every kind.
//!
//! ```text
//!                    the id that the lock has …
//!                    … bears the name   … exists otherwise   … is gone
//! none bears it      –                  Renamed              Gone
//! others bear it     Same               Replaced             Taken
//! ```
//!
//! Renamed and replaced things are meant as before: the id wins. What is gone or taken means nothing until a person
//! says so, by `confperm lock --accept` or in the policy. Where something stands is part of the name of a page, so a
//! page that was moved is a renamed one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::Lock;
use crate::model::{
    AccountId, ContentId, Directory, GroupId, Known, Listing, Live, LiveSpace, Role, RoleId, SpaceId,
    SpaceKey, Tree,
};
use crate::policy::pages::{PageName, PageSelector, bearers, below, is_page};

/// What a name means on a site, to a lock that may remember what it meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity<Id> {
    /// The lock does not know the name, so it means what bears it, if that is one thing.
    New(Vec<Id>),
    /// The same thing bears it, perhaps among others.
    Same(Id),
    /// The same thing has another name, and none bears this one.
    Renamed(Id),
    /// The same thing has another name, and others bear this one.
    Replaced { meant: Id, by: Vec<Id> },
    /// What it meant is gone, and others bear the name.
    Taken { was: Id, by: Vec<Id> },
    /// What it meant is gone, and none bears the name.
    Gone { was: Id },
}

impl<Id: Clone + Eq> Identity<Id> {
    /// `bearers` are the things that bear the name now.
    pub(in crate::policy) fn of(locked: Option<&Id>, bearers: Vec<Id>, exists: impl Fn(&Id) -> bool) -> Self {
        let Some(locked) = locked else { return Self::New(bearers) };
        if bearers.contains(locked) {
            return Self::Same(locked.clone());
        }
        let locked = locked.clone();
        match (exists(&locked), bearers.is_empty()) {
            (true, true) => Self::Renamed(locked),
            (true, false) => Self::Replaced { meant: locked, by: bearers },
            (false, false) => Self::Taken { was: locked, by: bearers },
            (false, true) => Self::Gone { was: locked },
        }
    }

    /// The one thing that the name means.
    pub fn meant(&self) -> Option<&Id> {
        match self {
            Self::Same(id) | Self::Renamed(id) | Self::Replaced { meant: id, .. } => Some(id),
            Self::New(bearers) => bearers.first().filter(|_| bearers.len() == 1),
            Self::Taken { .. } | Self::Gone { .. } => None,
        }
    }

    /// What bears the name beside the thing that it means, and which it therefore does not mean.
    pub fn others(&self) -> &[Id] {
        match self {
            Self::Replaced { by, .. } | Self::Taken { by, .. } => by,
            Self::New(_) | Self::Same(_) | Self::Renamed(_) | Self::Gone { .. } => &[],
        }
    }
}

/// A key that one space had when the lock was written and another one has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoSpaces {
    pub remembered: SpaceId,
    /// The key that the remembered space has now; none if it is gone.
    pub now: Option<SpaceKey>,
    pub bearer: SpaceId,
    /// The key that the lock remembers for the bearer.
    pub written: Option<SpaceKey>,
}

impl Lock {
    /// A group by its name; `named` are those that bear it.
    pub fn group(&self, name: &str, named: Vec<GroupId>, directory: &Directory) -> Identity<GroupId> {
        let locked = self.groups.get(name).map(|locked| &locked.value);
        Identity::of(locked, named, |id| directory.groups.contains_key(id))
    }

    /// A space role by the name that the site gives it.
    pub fn role(&self, name: &str, roles: &BTreeMap<RoleId, Role>) -> Identity<RoleId> {
        let locked = self.roles.get(name).map(|locked| &locked.value);
        let named =
            roles.values().filter(|role| role.name.is_called(name)).map(|role| role.id.clone()).collect();
        Identity::of(locked, named, |id| roles.contains_key(id))
    }

    /// A space by its key.
    pub fn space(&self, key: &SpaceKey, live: &Live) -> Identity<SpaceId> {
        let locked = self.spaces.get(key).map(|locked| &locked.value);
        let named = live.listing.spaces.get(key).map(|space| space.id).into_iter().collect();
        Identity::of(locked, named, |id| live.listing.spaces.values().any(|space| space.id == *id))
    }

    /// Whether any space is known.
    pub fn remembers_spaces(&self) -> bool {
        !self.spaces.is_empty()
    }

    /// The id of the space that had a key when the lock was written.
    pub fn space_id(&self, key: &SpaceKey) -> Option<SpaceId> {
        self.spaces.get(key).map(|locked| locked.value)
    }

    /// The key that the site has for a space that is asked for, by that key or by the one that the lock remembers. A
    /// space that is not listed keeps the key that was asked for.
    ///
    /// # Errors
    ///
    /// If the lock remembers the key for one space, and another one has it, of which that is not to be expected.
    pub fn space_asked_for<'k>(
        &self,
        key: &'k SpaceKey,
        listing: &'k Listing,
    ) -> Result<&'k SpaceKey, TwoSpaces> {
        let bearer = listing.spaces.get(key);
        let Some(remembered) = self.space_id(key) else { return Ok(key) };
        let now = listing.spaces.values().find(|space| space.id == remembered).map(|space| &space.key);
        let Some(bearer) = bearer.filter(|bearer| bearer.id != remembered) else {
            return Ok(now.unwrap_or(key));
        };
        let written = self.spaces.iter().find(|(_, locked)| locked.value == bearer.id).map(|(key, _)| key);
        // What is gone and has a stranger in its place is reported wherever the policy names it.
        if now.is_none() && written.is_none() {
            return Ok(key);
        }
        let (now, written) = (now.cloned(), written.cloned());
        Err(TwoSpaces { remembered, now, bearer: bearer.id, written })
    }

    /// An account, which is named by its id: it is there or gone.
    pub fn account(&self, account: &AccountId, directory: &Directory) -> Identity<AccountId> {
        let there = directory.people.contains_key(account).then(|| account.clone()).into_iter().collect();
        Identity::of(self.people.contains_key(account).then_some(account), there, |_| false)
    }

    /// A page, or what a pattern hangs under.
    pub fn page(&self, name: &PageName, space: &LiveSpace, tree: &Tree) -> Identity<ContentId> {
        let locked = self.pages.get(&space.space.key).and_then(|pages| pages.get(name));
        let bearers = bearers(name, space, tree).into_iter().collect();
        Identity::of(locked.map(|locked| &locked.value), bearers, |id| tree.get(*id).is_some())
    }

    /// The pages that a selector means; none if what it names is missing, ambiguous, gone or taken.
    pub fn reached(&self, selector: &PageSelector, space: &LiveSpace, tree: &Tree) -> BTreeSet<ContentId> {
        let meant = |name| self.page(name, space, tree).meant().copied();
        let below = |top, reach| {
            let below = below(top, reach, tree).into_iter();
            below.filter(|id| is_page(*id, tree)).collect()
        };
        match selector {
            PageSelector::Page(name) => meant(name).into_iter().collect(),
            PageSelector::Labelled(label) => match space.labelled.get(label) {
                Some(Known::Known(labelled)) => labelled.pages.clone(),
                Some(Known::Unknown(_)) | None => BTreeSet::new(),
            },
            PageSelector::Below { anchor: None, reach } => below(None, *reach),
            PageSelector::Below { anchor: Some(anchor), reach } => {
                meant(anchor).map_or_else(BTreeSet::new, |top| below(Some(top), *reach))
            }
        }
    }
}

/// Ids as a message names them: `id 3`, or `id 3 and id 5`.
pub fn ids_in_words<'i, Id: Display + 'i>(ids: impl IntoIterator<Item = &'i Id>) -> String {
    ids.into_iter().map(|id| format!("id {id}")).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::Identity;

    #[test]
    fn what_became_of_a_thing() {
        let of = |locked: Option<u8>, bearers: &[u8], exists: bool| {
            Identity::of(locked.as_ref(), bearers.to_vec(), |_| exists)
        };
        for (identity, expected, meant) in [
            (of(None, &[], true), Identity::New(vec![]), None),
            (of(None, &[2], true), Identity::New(vec![2]), Some(2)),
            (of(None, &[2, 3], true), Identity::New(vec![2, 3]), None),
            (of(Some(1), &[1], true), Identity::Same(1), Some(1)),
            (of(Some(1), &[2, 1], true), Identity::Same(1), Some(1)),
            (of(Some(1), &[], true), Identity::Renamed(1), Some(1)),
            (of(Some(1), &[2], true), Identity::Replaced { meant: 1, by: vec![2] }, Some(1)),
            (of(Some(1), &[2], false), Identity::Taken { was: 1, by: vec![2] }, None),
            (of(Some(1), &[], false), Identity::Gone { was: 1 }, None),
        ] {
            assert_eq!(identity, expected);
            assert_eq!(identity.meant().copied(), meant, "{identity:?}");
        }
    }
}
