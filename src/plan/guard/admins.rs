//! Who administers the spaces afterwards: `min-admins` and `required-admins`.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Asker, Engine, Level, Object, Verb, Verdict};
use crate::model::{
    AccountId, AccountKind, AccountStatus, Audience, Desired, GroupId, Guard, Live, LiveSpace, PageVerb,
    Permission, Principal, SpaceKey, Truth,
};

use super::{AdminStanding, Breach, GuardLimit, GuardOutcome};
use crate::plan::change::Change;

/// What is looked at.
pub(super) struct Watch<'a> {
    desired: &'a Desired,
    before: &'a Live,
    after: &'a Live,
    touched: BTreeSet<&'a SpaceKey>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        before: &'a Live,
        after: &'a Live,
        changes: &'a [Change],
    ) -> Self {
        Self { desired, before, after, touched: touched(changes) }
    }

    fn spaces(&self) -> impl Iterator<Item = (&'a SpaceKey, &'a LiveSpace)> {
        let after = self.after;
        self.desired.spaces.keys().filter_map(move |key| Some((key, after.spaces.get(key)?)))
    }

    pub(super) fn min_admins(&self) -> GuardOutcome {
        let guard = &self.desired.guards.min_admins;
        let few = self.spaces().filter_map(|(key, space)| {
            let admins = admins(space, self.after);
            let number = |counts: fn(AdminStanding) -> bool| {
                admins.values().filter(|standing| counts(**standing)).count()
            };
            let is_enough = |counted: usize| usize::try_from(guard.limit).is_ok_and(|limit| counted >= limit);
            let counted = number(AdminStanding::counts);
            let enough = is_enough(counted)
                || (is_enough(number(AdminStanding::may_count)) && !self.takes_away(key, &admins));
            // A space that nobody is said to administer is hidden from us, not abandoned.
            let hidden = admins.is_empty() && !self.touched.contains(key);
            (!enough && !hidden).then(|| Breach::FewAdmins {
                space: key.clone(),
                counted,
                needed: guard.limit,
                admins,
            })
        });
        let (breaches, elsewhere) = self.sort(few);
        GuardOutcome {
            limit: Some(GuardLimit::Admins(guard.limit)),
            origins: guard.origin.iter().cloned().collect(),
            elsewhere,
            ..GuardOutcome::new(Guard::MinAdmins, !self.touched.is_empty(), breaches)
        }
    }

    /// Whether a principal that administers the space now, as far as is known, is none of these.
    fn takes_away(&self, key: &SpaceKey, after: &BTreeMap<Principal, AdminStanding>) -> bool {
        let before = self.before.spaces.get(key).map(|space| admins(space, self.before));
        before
            .into_iter()
            .flatten()
            .any(|(who, was)| was.may_count() && after.get(&who).is_none_or(|is| *is > was))
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
        breaches.extend(self.cut_off(changes));
        let applies = !required.is_empty() && !changes.is_empty();
        GuardOutcome {
            origins: required.values().cloned().collect(),
            elsewhere,
            ..GuardOutcome::new(Guard::RequiredAdmins, applies, breaches)
        }
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
                    members(group, self.after).map(|members| members.contains(account))
                }
                (Principal::Class(_), Principal::User(_)) => None,
                _ => Some(false),
            };
            match (through, space.gives(holder, Permission::AdministerSpace, &self.after.roles)) {
                (Some(true), Truth::Yes) => return Some(true),
                (Some(false), _) | (_, Truth::No) => {}
                (None, _) | (_, Truth::Unknown) => unread = true,
            }
        }
        (!unread).then_some(false)
    }

    /// The required admins whom the plan keeps from a page that it restricts.
    fn cut_off(&self, changes: &[Change]) -> Vec<Breach> {
        let required = &self.desired.guards.required_admins;
        let mut restricted = changes.iter().filter_map(|change| match change {
            Change::Audience { space, content, list: PageVerb::View, after: Audience::Only(_), .. } => {
                Some((space, *content))
            }
            Change::Audience { .. } | Change::Grant { .. } | Change::Role { .. } => None,
        });
        let Some(first) = restricted.next().filter(|_| !required.is_empty()) else { return Vec::new() };
        let engine = Engine::of_what_is_listed(self.after);
        let mut breaches = Vec::new();
        for (space, content) in std::iter::once(first).chain(restricted) {
            let object = Object::Content(space.clone(), content);
            for (who, origin) in required {
                let denied = |asker: &Asker| {
                    engine.can(asker, Verb::View, &object) == Verdict::Denied(Level::Content(content))
                };
                let askers = askers(who, self.after);
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
fn touched(changes: &[Change]) -> BTreeSet<&SpaceKey> {
    let access = changes.iter().filter(|change| match change {
        Change::Grant { .. } | Change::Role { .. } => true,
        Change::Audience { .. } => false,
    });
    access.map(Change::space).collect()
}

/// All that administer a space, or may.
fn admins(space: &LiveSpace, live: &Live) -> BTreeMap<Principal, AdminStanding> {
    let standing = |who: &Principal| Some((who.clone(), standing(who, space, live)?));
    space.holdings.keys().filter_map(standing).collect()
}

/// How a principal counts that administers a space; `None` if it does not administer it.
fn standing(who: &Principal, space: &LiveSpace, live: &Live) -> Option<AdminStanding> {
    let sure = match space.gives(who, Permission::AdministerSpace, &live.roles) {
        Truth::No => return None,
        Truth::Unknown => false,
        Truth::Yes => true,
    };
    let standing = match who {
        Principal::Anonymous => return None,
        Principal::Class(_) => AdminStanding::Counts,
        Principal::User(account) => person(account, live),
        Principal::Group(group) => match members(group, live) {
            None => AdminStanding::Unread,
            Some(members) => {
                let best = members.iter().map(|account| person(account, live)).min();
                best.filter(|best| best.may_count()).unwrap_or(AdminStanding::Nobody)
            }
        },
    };
    Some(if standing.counts() && !sure { AdminStanding::Unread } else { standing })
}

fn person(account: &AccountId, live: &Live) -> AdminStanding {
    let Some(person) = live.directory.people.get(account) else { return AdminStanding::Unread };
    match (person.status, person.kind) {
        (AccountStatus::Inactive | AccountStatus::Closed, _) => AdminStanding::CannotSignIn,
        (_, AccountKind::App) => AdminStanding::App,
        (AccountStatus::Unknown, _) | (_, AccountKind::Unknown) => AdminStanding::Unread,
        (AccountStatus::Active, AccountKind::Human | AccountKind::Customer) => AdminStanding::Counts,
    }
}

fn members<'a>(group: &GroupId, live: &'a Live) -> Option<&'a BTreeSet<AccountId>> {
    live.directory.groups.get(group)?.members.as_ref().known()
}

/// Those of whom one at least has to see what a required admin has to see: of a group its active members,
/// where they are known and there are any.
fn askers(who: &Principal, live: &Live) -> Vec<Asker> {
    match who {
        Principal::User(account) => vec![Asker::Person(account.clone())],
        Principal::Group(group) => {
            let active: Vec<Asker> = members(group, live)
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
