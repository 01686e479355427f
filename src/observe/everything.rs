//! What a copy of spaces needs: everything that is in them.

use std::collections::BTreeSet;

use super::needs::{ListingNeeds, NeededPeople, Needs};
use crate::model::{AccountId, Live, Space, SpaceKey, SpaceKind, SpaceStatus};

/// Which spaces are copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Those of these that the site shows.
    Keys(BTreeSet<SpaceKey>),
    /// All of these kinds, or of every kind if there are none, archived spaces or not.
    Every { kinds: BTreeSet<SpaceKind>, archived: bool },
}

impl Chosen {
    pub fn includes(&self, space: &Space) -> bool {
        match self {
            Self::Keys(keys) => keys.contains(&space.key),
            Self::Every { kinds, archived } => {
                (kinds.is_empty() || kinds.contains(&space.kind))
                    && (*archived || space.status != SpaceStatus::Archived)
            }
        }
    }
}

/// Spaces from top to bottom: who holds what, trees, blog posts, and all lists.
pub fn of_spaces(chosen: &Chosen, accounts: &BTreeSet<AccountId>, live: &Live) -> Needs {
    let spaces = live.listing.spaces.values().filter(|space| chosen.includes(space));
    let mut needs = Needs {
        listing: match chosen {
            Chosen::Keys(keys) => ListingNeeds { keys: keys.clone(), ..ListingNeeds::default() },
            Chosen::Every { .. } => ListingNeeds { all: true, ..ListingNeeds::default() },
        },
        spaces: spaces.map(|space| space.key.clone()).collect(),
        accounts: accounts.clone(),
        ..Needs::default()
    };
    for key in needs.spaces.clone() {
        needs.content(&key).everything();
    }
    needs
}

/// Everyone who is in a group of the site.
pub fn of_all_groups(live: &Live) -> Needs {
    let groups = live.directory.groups.keys().cloned().collect();
    Needs { people: Some(NeededPeople { groups, ..NeededPeople::default() }), ..Needs::default() }
}
