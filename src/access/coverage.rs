//! Whether all that a principal stands for have an access by any route. What a principal loses by itself, and keeps by
//! another route, is no loss to any person.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::engine::Engine;
use super::memberships::{AccessEntry, Tier};
use super::question::Clause;
use super::standing::numbers;
use crate::model::{AccountId, GroupId, LiveSpace, Members, Permission, Principal};

/// Who surely has one access.
#[derive(Debug, Clone, Default)]
pub struct Holders(RoaringBitmap);

impl Engine<'_> {
    /// Who surely has a permission in a space, by any route.
    pub fn holders(&self, space: &LiveSpace, permission: Permission) -> Holders {
        let read = self.granted(space, &Clause::one(Permission::ReadSpace));
        Holders(read.and(&self.granted(space, &Clause::one(permission))).sure)
    }

    /// Who surely is on a list.
    pub fn on_list(&self, members: &Members) -> Holders {
        Holders(self.listed(members).sure)
    }

    /// Whether everyone that a principal stands for is among the holders. Of a group these are its members, where they
    /// are known and there are any that can act; otherwise a person with only the membership known.
    pub fn covers(&self, holders: &Holders, who: &Principal) -> bool {
        let parties = match who {
            Principal::Group(group) => {
                let known = self.known_members(group).unwrap_or(const { &BTreeSet::new() });
                let active: RoaringBitmap = numbers(known, &self.table).collect();
                let active = active & self.memberships.living();
                if active.is_empty() { self.group(group).into_iter().collect() } else { active }
            }
            Principal::User(account) => self.person(account).into_iter().collect(),
            Principal::Class(_) | Principal::Anonymous => {
                let grantee = AccessEntry { principal: who, tier: Tier::Read, space: None };
                self.memberships.reach(grantee, &self.table).any()
            }
        };
        parties.is_subset(&holders.0)
    }

    /// The members of a group, if they are known.
    pub(super) fn known_members(&self, group: &GroupId) -> Option<&BTreeSet<AccountId>> {
        self.live.directory.members(group).known()
    }
}
