//! `confperm.lock`: what the names of a policy meant when it was last planned.
//!
//! A name on a site can be given to another thing: a group is renamed, a space is deleted and its key used
//! again, a page gets another title. The lock remembers the ids, and [`identity`] decides what became of the thing that
//! a name meant. It also remembers which
//! ends have been planned with, since a last day in the past is a mistake only if it was there from the start.
//! It is text in the policy
//! directory, sorted, one line for each name, to be committed and reviewed like the policy. This module
//! reads it, writes it, and learns from a site; the files themselves are the command line's business.

mod accept;
mod identity;
mod learn;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;

use super::pages::{PageName, with_space};
use crate::diagnostic::{Span, Spanned};
use crate::model::{
    AccountId, AccountStatus, ContentId, GroupId, RoleId, SiteIdentity, SpaceId, SpaceKey, visible,
};

pub use accept::{AcceptedName, NotAccepted};
pub use identity::{Identity, TwoSpaces, ids_in_words};
pub use learn::Learnt;

/// The name of the file. It does not end like a policy file, so [`load`](super::load()) passes it by.
pub const LOCK_FILE: &str = "confperm.lock";

/// The ids behind the names of a policy, each with its place in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The site that all of it is about. `None` in a lock that has not been written yet.
    pub site: Option<Spanned<LockedSite>>,
    pub(super) groups: BTreeMap<String, Spanned<GroupId>>,
    pub(super) people: BTreeMap<AccountId, Spanned<LastSeen>>,
    /// Space roles of the site, by the name that the site gives them.
    pub(super) roles: BTreeMap<String, Spanned<RoleId>>,
    pub(super) spaces: BTreeMap<SpaceKey, Spanned<SpaceId>>,
    /// Pages that are named, and those that patterns hang under; never what a pattern happens to match.
    pub(super) pages: BTreeMap<SpaceKey, BTreeMap<PageName, Spanned<ContentId>>>,
    pub(super) ends: BTreeSet<LockedEnd>,
}

/// Which site a lock is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockedSite {
    /// What the site said about itself.
    Identity(SiteIdentity),
    /// The address that version 0.1 was given: a URL, or `sandbox:FILE` with the file as the policy wrote it. The
    /// next run that may write the lock puts the identity in its place.
    Address(String),
}

impl fmt::Display for LockedSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(identity) => identity.fmt(f),
            Self::Address(address) => f.write_str(&visible(address)),
        }
    }
}

/// The last day of something that is given for a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LockedEnd {
    pub(super) until: Date,
    /// Which principal has what: `user:5b10…, viewer in ENG`.
    pub(super) of: String,
}

/// An account as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastSeen {
    pub(super) name: String,
    pub(super) status: AccountStatus,
}

impl Lock {
    /// A lock that nothing is in.
    pub const EMPTY: &'static Self = &Self {
        site: None,
        groups: BTreeMap::new(),
        people: BTreeMap::new(),
        roles: BTreeMap::new(),
        spaces: BTreeMap::new(),
        pages: BTreeMap::new(),
        ends: BTreeSet::new(),
    };

    /// Whether there is no lock yet, so that nothing follows from what it lacks.
    pub(super) const fn is_unwritten(&self) -> bool {
        self.site.is_none()
    }

    /// How many names it knows.
    pub fn names(&self) -> usize {
        let pages: usize = self.pages.values().map(BTreeMap::len).sum();
        self.groups.len() + self.people.len() + self.roles.len() + self.spaces.len() + pages
    }

    /// Every name with what it means, as `confperm lock` shows them: groups, roles, spaces with their pages.
    pub fn entries(&self) -> Vec<(String, String)> {
        let groups = self.groups.iter().map(|(name, id)| (format!("group:{name}"), id.value.to_string()));
        let roles = self.roles.iter().map(|(name, id)| (format!("role:{name}"), id.value.to_string()));
        let spaces = self.spaces.iter().map(|(key, id)| (key.to_string(), id.value.to_string()));
        let pages = self.pages.iter().flat_map(|(key, pages)| {
            pages.iter().map(move |(name, id)| (with_space(key, name), format!("id:{}", id.value)))
        });
        groups.chain(roles).chain(spaces).chain(pages).collect()
    }

    /// Puts other keys for those of spaces.
    pub(super) fn rekey(&mut self, keys: &BTreeMap<SpaceKey, SpaceKey>) {
        fn put<V>(map: &mut BTreeMap<SpaceKey, V>, keys: &BTreeMap<SpaceKey, SpaceKey>) {
            let taken = keys.iter().filter_map(|(old, new)| Some((new.clone(), map.remove(old)?)));
            let taken: Vec<(SpaceKey, V)> = taken.collect();
            // What had one of the new keys and keeps it is about another space.
            map.retain(|key, _| !keys.values().any(|new| new == key));
            map.extend(taken);
        }
        put(&mut self.spaces, keys);
        put(&mut self.pages, keys);
    }

    /// How many ends it knows.
    pub fn ends(&self) -> usize {
        self.ends.len()
    }
}

/// A value that was not read from a file.
fn unwritten<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::start_of(&camino::Utf8PathBuf::from(LOCK_FILE).into()))
}
