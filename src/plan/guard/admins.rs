//! Who administers the spaces afterwards: `min-admins` and `required-admins`.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use crate::access::{AdminStanding, Administrators, Asker, ContentVerb, Engine, Level, Object, Verdict};
use crate::model::{
    AccountId, AccountKind, AccountStatus, Audience, Desired, Guard, Known, Live, LiveSpace, PageList,
    Permission, Principal, SpaceKey, Truth,
};

use super::{Breach, GuardLimit, GuardOutcome};
use crate::plan::change::Change;

/// What is looked at.
pub(super) struct Watch<'a> {
    pub(super) desired: &'a Desired,
    pub(super) before: &'a Live,
    pub(super) after: &'a Engine<'a>,
    pub(super) touched: BTreeSet<&'a SpaceKey>,
}

impl<'a> Watch<'a> {
    fn spaces(&self) -> impl Iterator<Item = (&'a SpaceKey, &'a LiveSpace)> {
        let after = self.after.live();
        self.desired.spaces.keys().filter_map(move |key| Some((key, after.space(key)?)))
    }

    pub(super) fn min_admins(&self) -> GuardOutcome {
        let guard = &self.desired.guards.min_admins;
        let (mut breaches, mut elsewhere) = (Vec::new(), Vec::new());
        // Most plans never need it.
        let engine_before = LazyCell::new(|| Engine::of_what_is_listed(self.before));
        for (key, space) in self.spaces() {
            let touched = self.touched.contains(key);
            let after = if touched {
                Some(self.after.administrators(space))
            } else {
                at_a_glance(space, self.after.live())
            };
            let is_enough = |counted: usize| usize::try_from(guard.limit).is_ok_and(|limit| counted >= limit);
            let Some(after) = after.filter(|after| !is_enough(after.number)) else { continue };
            let was = self.before.spaces.get(key).filter(|_| touched);
            let before = was.map_or_else(|| after.clone(), |was| engine_before.administrators(was));
            let breach = Breach::FewAdmins {
                space: key.clone(),
                before: before.number,
                counted: after.number,
                needed: guard.limit,
                admins: after.holders.clone(),
            };
            if lowers(&before, &after) { breaches.push(breach) } else { elsewhere.push(breach) }
        }
        GuardOutcome {
            limit: Some(GuardLimit::Admins(guard.limit)),
            origins: guard.origin.iter().cloned().collect(),
            elsewhere,
            ..GuardOutcome::new(Guard::MinAdmins, !self.touched.is_empty(), breaches)
        }
    }

    pub(super) fn required_admins(&self, changes: &[Change]) -> GuardOutcome {
        let required = &self.desired.guards.required_admins;
        let missing = self.spaces().flat_map(|(key, space)| {
            required.iter().filter_map(move |(who, origin)| {
                let perhaps = match self.administers(who, space) {
                    Some(false) => false,
                    // Of what the plan does not touch not everything has been read, so nothing is claimed.
                    None if self.touched.contains(key) => true,
                    Some(true) | None => return None,
                };
                Some(Breach::NotAdmin {
                    space: key.clone(),
                    who: who.clone(),
                    origin: origin.clone(),
                    perhaps,
                })
            })
        });
        let (mut breaches, elsewhere) = self.sort(missing);
        breaches.extend(self.lost_admins());
        breaches.extend(self.cut_off(changes));
        let lost = &self.desired.guards.lost_admins;
        let applies = !(changes.is_empty() || required.is_empty() && lost.is_empty());
        GuardOutcome {
            origins: required.values().chain(lost.values()).cloned().collect(),
            elsewhere,
            ..GuardOutcome::new(Guard::RequiredAdmins, applies, breaches)
        }
    }

    /// The names that mean nothing any more, in each space that loses an administrator.
    fn lost_admins(&self) -> Vec<Breach> {
        let lost = &self.desired.guards.lost_admins;
        let touched = self.touched.iter().filter(|_| !lost.is_empty());
        let losing = touched.map(|key| (*key, self.losers(key))).filter(|(_, losers)| !losers.is_empty());
        let breaches = losing.flat_map(|(key, losers)| {
            lost.iter().map(move |(name, origin)| Breach::LostAdmin {
                space: key.clone(),
                name: name.clone(),
                origin: origin.clone(),
                losers: losers.clone(),
            })
        });
        breaches.collect()
    }

    /// The principals that may administer a space before the plan and surely not by the same rows afterwards.
    fn losers(&self, key: &SpaceKey) -> BTreeSet<Principal> {
        let states = [self.before, self.after.live()];
        let [Some(before), Some(after)] = states.map(|state| state.spaces.get(key)) else {
            return BTreeSet::new();
        };
        let administers = |space: &LiveSpace, live: &Live, who: &Principal| {
            space.gives(who, Permission::AdministerSpace, &live.roles)
        };
        let loses = |who: &&Principal| {
            let was = administers(before, states[0], who);
            was != Truth::No && administers(after, states[1], who) < was
        };
        before.holdings.keys().filter(loses).cloned().collect()
    }

    /// Those that block the plan, and those that are none of its doing.
    fn sort(&self, found: impl Iterator<Item = Breach>) -> (Vec<Breach>, Vec<Breach>) {
        found.partition(|breach| breach.space().is_some_and(|space| self.touched.contains(space)))
    }

    /// Whether a required admin administers the space: itself, or a person through a group. `None` where
    /// that depends on what could not be read.
    fn administers(&self, who: &Principal, space: &LiveSpace) -> Option<bool> {
        let mut unread = false;
        for holder in space.holdings.keys() {
            let through = match (holder, who) {
                (holder, who) if holder == who => Some(true),
                (Principal::Group(group), Principal::User(account)) => {
                    let members = self.after.live().directory.members(group).known();
                    members.map(|members| members.contains(account))
                }
                (Principal::Class(_), Principal::User(_)) => None,
                _ => Some(false),
            };
            match (through, space.gives(holder, Permission::AdministerSpace, &self.after.live().roles)) {
                (Some(true), Truth::Yes) => return Some(true),
                (Some(false), _) | (_, Truth::No) => {}
                (None, _) | (_, Truth::Unknown) => unread = true,
            }
        }
        (!unread).then_some(false)
    }

    /// The required admins that the plan keeps from a page that it restricts.
    fn cut_off(&self, changes: &[Change]) -> Vec<Breach> {
        let required = &self.desired.guards.required_admins;
        let mut restricted = changes.iter().filter_map(|change| match change {
            Change::Audience { space, content, list: PageList::View, after: Audience::Only(_), .. } => {
                Some((space, *content))
            }
            Change::Audience { .. } | Change::Grant { .. } | Change::Role { .. } => None,
        });
        let Some(first) = restricted.next().filter(|_| !required.is_empty()) else { return Vec::new() };
        let mut breaches = Vec::new();
        for (space, content) in std::iter::once(first).chain(restricted) {
            let object = Object::Content(space.clone(), content);
            for (who, origin) in required {
                let denied = |asker: &Asker| {
                    self.after.can(asker, ContentVerb::View, &object)
                        == Verdict::Denied(Level::Content(content))
                };
                let askers = askers(who, self.after.live());
                if !askers.is_empty() && askers.iter().all(denied) {
                    let (space, who, origin) = (space.clone(), who.clone(), origin.clone());
                    breaches.push(Breach::CutOff { space, content, who, origin });
                }
            }
        }
        breaches
    }
}

/// The spaces whose access the plan changes, as opposed to the lists of their pages.
pub(super) fn touched(changes: &[Change]) -> BTreeSet<&SpaceKey> {
    let access = changes.iter().filter(|change| match change {
        Change::Grant { .. } | Change::Role { .. } => true,
        Change::Audience { .. } => false,
    });
    access.map(Change::space).collect()
}

/// Whether a plan lowers the number of administrators, as far as is known: where it cannot be read how many a holder
/// stands for, taking the permission from it may.
fn lowers(before: &Administrators, after: &Administrators) -> bool {
    let is_unread = |standing: &AdminStanding| *standing == AdminStanding::Unread;
    let mut unread = before.holders.iter().filter(|(_, standing)| is_unread(standing));
    after.number < before.number
        || unread.any(|(who, _)| after.holders.get(who).is_none_or(|standing| !standing.may_count()))
}

/// The administrators of a space whose people were not all read, because the plan does not touch it; `None` where groups,
/// classes or accounts that are not known may hold any number of them, and where the site shows no row of the space.
fn at_a_glance(space: &LiveSpace, live: &Live) -> Option<Administrators> {
    if space.holdings.is_empty() {
        return None;
    }
    let mut administrators = Administrators::default();
    for (who, _, administers) in space.holders(Permission::AdministerSpace, &live.roles) {
        match (administers, who) {
            (Truth::No, _) | (_, Principal::Anonymous) => {}
            (Truth::Unknown, _) | (_, Principal::Group(_) | Principal::Class(_)) => return None,
            (Truth::Yes, Principal::User(account)) => {
                let standing = person(account, live);
                if standing == AdminStanding::Unread {
                    return None;
                }
                administrators.number += usize::from(standing.counts());
                administrators.holders.insert(who.clone(), standing);
            }
        }
    }
    Some(administrators)
}

fn person(account: &AccountId, live: &Live) -> AdminStanding {
    let Some(person) = live.directory.people.get(account) else { return AdminStanding::Unread };
    match (person.status, person.kind) {
        (AccountStatus::Inactive | AccountStatus::Closed, _) => AdminStanding::CannotSignIn,
        (_, AccountKind::App) => AdminStanding::App,
        _ if person.guest == Known::Known(true) => AdminStanding::Guest,
        (AccountStatus::Unknown, _) | (_, AccountKind::Unknown) => AdminStanding::Unread,
        (AccountStatus::Active, AccountKind::Human | AccountKind::Customer) => AdminStanding::Counts,
    }
}

/// Those of which one at least has to see what a required admin has to see: of a group its active members,
/// where they are known and there are any.
fn askers(who: &Principal, live: &Live) -> Vec<Asker> {
    match who {
        Principal::User(account) => vec![Asker::Person(account.clone())],
        Principal::Group(group) => {
            let members = live.directory.members(group).known();
            let active: Vec<Asker> = members
                .into_iter()
                .flatten()
                .filter(|account| person(account, live).may_count())
                .map(|account| Asker::Person(account.clone()))
                .collect();
            if active.is_empty() { vec![Asker::Group(group.clone())] } else { active }
        }
        Principal::Class(_) | Principal::Anonymous => Vec::new(),
    }
}
