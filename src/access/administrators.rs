//! Who can really administer a space: people who can sign in and may administer, by any route.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::question::Clause;
use super::standing::Standing;
use crate::model::{AccessClass, AccountId, LiveSpace, Permission, Principal, Truth};

/// The administrators of one space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Administrators {
    /// The active people who surely can administer it.
    pub people: BTreeSet<AccountId>,
    /// How many administrators that comes to. A class counts as one where none of its members is known.
    pub number: usize,
    /// Every principal that holds the permission, or may, and what that is worth.
    pub holders: BTreeMap<Principal, AdminStanding>,
}

/// Whether a principal that holds the permission to administer really can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AdminStanding {
    Counts,
    /// Whether it can act is not known: the account, its licence, the members or the role could not be read.
    Unread,
    /// Guests are withheld the permission, whatever they hold.
    Guest,
    /// It has no licence for Confluence.
    Unlicensed,
    App,
    CannotSignIn,
    /// A group without a member that counts.
    NoActiveMember,
}

impl AdminStanding {
    /// Whether it surely can act.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Counts)
    }

    /// Whether it can act as far as is known.
    pub const fn may_count(self) -> bool {
        matches!(self, Self::Counts | Self::Unread)
    }
}

impl Engine<'_> {
    /// Who administers a space.
    pub fn administrators(&self, space: &LiveSpace) -> Administrators {
        let clauses = [Permission::ReadSpace, Permission::AdministerSpace].map(Clause::one);
        // Whether an archived space is administered like any other is not documented; that is no reason to doubt its
        // administrators.
        let [read, administer] = clauses.each_ref().map(|clause| self.granted(space, clause));
        let sure = read.and(&administer).sure;
        let people: BTreeSet<AccountId> = sure.iter().filter_map(|number| self.human(number)).collect();
        let mut administrators = Administrators { number: people.len(), people, holders: BTreeMap::new() };
        for who in space.holdings.keys() {
            let Some(standing) = self.admin_standing(who, space, &sure) else { continue };
            if matches!(who, Principal::Class(_)) && standing.counts() {
                administrators.number = administrators.number.max(1);
            }
            administrators.holders.insert(who.clone(), standing);
        }
        administrators
    }

    /// The account behind a number that stands for a person, and not for an app.
    fn human(&self, number: u32) -> Option<AccountId> {
        let is_app = self.memberships.standings(number).any(|standing| standing == Standing::App);
        self.table.name(number)?.account().filter(|_| !is_app).cloned()
    }

    /// What it is worth that a principal holds the permission; `None` if it does not hold it.
    fn admin_standing(
        &self,
        who: &Principal,
        space: &LiveSpace,
        sure: &RoaringBitmap,
    ) -> Option<AdminStanding> {
        let holds = space.gives(who, Permission::AdministerSpace, &self.live.roles);
        let standing = match (holds, who) {
            (Truth::No, _) | (_, Principal::Anonymous) => return None,
            (_, Principal::Class(AccessClass::JsmProjectAdmins | AccessClass::AuthenticatedUsers)) => {
                AdminStanding::Unread
            }
            (_, Principal::Class(_)) => AdminStanding::Counts,
            (_, Principal::User(account)) => self.person_standing(account, sure),
            (_, Principal::Group(group)) => match self.known_members(group) {
                None => AdminStanding::Unread,
                Some(members) => {
                    let best = members.iter().map(|account| self.person_standing(account, sure)).min();
                    best.filter(|best| best.may_count()).unwrap_or(AdminStanding::NoActiveMember)
                }
            },
        };
        Some(if standing.counts() && holds != Truth::Yes { AdminStanding::Unread } else { standing })
    }

    /// What a person who holds the permission, by itself or through a group, is worth as an administrator.
    fn person_standing(&self, account: &AccountId, sure: &RoaringBitmap) -> AdminStanding {
        let Some(number) = self.person(account) else { return AdminStanding::Unread };
        let possible: BTreeSet<Standing> = self.memberships.standings(number).collect();
        let only = |standing| possible.iter().all(|possible| *possible == standing);
        match () {
            () if only(Standing::App) => AdminStanding::App,
            () if only(Standing::Out) => AdminStanding::CannotSignIn,
            () if only(Standing::Guest) => AdminStanding::Guest,
            () if only(Standing::Unlicensed) => AdminStanding::Unlicensed,
            () if sure.contains(number) => AdminStanding::Counts,
            () => AdminStanding::Unread,
        }
    }
}
