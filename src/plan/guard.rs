//! Whether a plan respects the guards of its policy. Pure.
//!
//! What each guard counts:
//!
//! - `min-admins`: in every space whose access the plan changes, the people and groups that administer it
//!   afterwards. Accounts that cannot sign in, apps, and groups without anybody active do not count; what
//!   could not be read counts, and is said.
//! - `required-admins`: in the same spaces, whether each of them administers the space afterwards; and
//!   whether each of them, of a group at least somebody, can view the pages that the plan restricts.
//! - `max-removals`: the grants that are taken away, among those that the plan decides about. A grant is a
//!   permission of a principal, the role of a principal, or an entry of a page's list. A role that is
//!   replaced counts if something is lost with it. Closing an open page takes away no grant.
//! - `forbid`: whatever the policy gives, be it there already or not.
//!
//! A space whose access the plan does not change never holds it back; what is wrong there is told.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{self, Asker, Engine, Level, Object, Verb, Verdict};
use crate::model::{
    AccountId, AccountKind, AccountStatus, Audience, ContentId, Desired, DesiredHolding, Forbidden, GroupId,
    Guard, Holding, Live, LiveSpace, MaxRemovals, Origin, PageVerb, Permission, Principal, RoleId, SpaceKey,
    Strength, Wanted,
};

use super::change::Change;
use super::target::Target;

/// What came of all guards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanGuards {
    /// One for each guard.
    pub outcomes: Vec<GuardOutcome>,
    /// What `max-removals` counts.
    pub removals: Removals,
}

/// How much a plan takes away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removals {
    pub removed: usize,
    /// The grants that the plan decides about, as they are before it.
    pub managed: usize,
}

/// What came of one guard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GuardOutcome {
    pub guard: Guard,
    pub verdict: GuardVerdict,
    pub limit: Option<GuardLimit>,
    /// The lines that set the guard; none for a default.
    pub origins: BTreeSet<Origin>,
    /// What the guard holds against the plan.
    pub breaches: Vec<Breach>,
    /// The same in spaces whose access the plan does not change, so that it is none of its doing.
    pub elsewhere: Vec<Breach>,
}

/// Whether a guard lets the plan through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum GuardVerdict {
    /// The plan does nothing that the guard is about, or the policy does not set it.
    NotApplicable,
    Holds,
    HeldBack,
    /// It would hold the plan back, and somebody has let it through.
    Overridden {
        why: String,
    },
}

/// What a guard allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GuardLimit {
    Admins(u32),
    Removals(MaxRemovals),
}

/// Something that a guard holds against a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "breach", rename_all = "kebab-case")]
pub enum Breach {
    FewAdmins {
        space: SpaceKey,
        counted: usize,
        needed: u32,
        /// Whoever administers the space, counted or not.
        admins: BTreeMap<Principal, AdminStanding>,
    },
    NotAdmin {
        space: SpaceKey,
        who: Principal,
        origin: Origin,
        /// Whether they may administer it all the same, by a group or role that could not be read.
        perhaps: bool,
    },
    CutOff {
        space: SpaceKey,
        content: ContentId,
        who: Principal,
        origin: Origin,
    },
    TooManyRemovals {
        limit: MaxRemovals,
    },
    Forbidden {
        what: Forbidden,
        space: SpaceKey,
        who: Principal,
        /// The line that gives it.
        origin: Origin,
    },
}

/// Whether an administrator counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AdminStanding {
    Counts,
    /// It counts, although the account, the members or the role could not be read.
    CountsUnread,
    App,
    CannotSignIn,
    /// A group in which there is nobody active.
    Nobody,
}

impl PlanGuards {
    pub fn outcome(&self, guard: Guard) -> Option<&GuardOutcome> {
        self.outcomes.iter().find(|outcome| outcome.guard == guard)
    }

    /// The guards that hold the plan back.
    pub fn held_back(&self) -> impl Iterator<Item = &GuardOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.verdict == GuardVerdict::HeldBack)
    }

    /// Lets the plan through some guards, with the reason. Gives those of them that hold anyway.
    pub(super) fn override_with(&mut self, guards: &BTreeSet<Guard>, why: &str) -> BTreeSet<Guard> {
        let mut needless = guards.clone();
        for outcome in &mut self.outcomes {
            if guards.contains(&outcome.guard) && !outcome.breaches.is_empty() {
                outcome.verdict = GuardVerdict::Overridden { why: why.to_owned() };
                needless.remove(&outcome.guard);
            }
        }
        needless
    }
}

impl AdminStanding {
    pub const fn counts(self) -> bool {
        matches!(self, Self::Counts | Self::CountsUnread)
    }
}

pub(super) fn guards(
    desired: &Desired,
    target: &Target,
    before: &Live,
    after: &Live,
    changes: &[Change],
) -> PlanGuards {
    let watch = Watch { desired, after, touched: touched(changes) };
    let removals = removals(target, before, after);
    let mut outcomes =
        vec![watch.min_admins(), watch.required_admins(changes), max_removals(desired, removals)];
    outcomes.extend(Forbidden::ALL.map(|forbidden| forbid(desired, forbidden)));
    PlanGuards { outcomes, removals }
}

/// The spaces whose access the plan changes, as opposed to the lists of their pages.
fn touched(changes: &[Change]) -> BTreeSet<&SpaceKey> {
    let access = changes.iter().filter(|change| match change {
        Change::Grant { .. } | Change::Role { .. } => true,
        Change::Audience { .. } => false,
    });
    access.map(Change::space).collect()
}

/// What is looked at by the guards that are about administrators.
struct Watch<'a> {
    desired: &'a Desired,
    after: &'a Live,
    touched: BTreeSet<&'a SpaceKey>,
}

impl<'a> Watch<'a> {
    fn spaces(&self) -> impl Iterator<Item = (&'a SpaceKey, &'a LiveSpace)> {
        let after = self.after;
        self.desired.spaces.keys().filter_map(move |key| Some((key, after.spaces.get(key)?)))
    }

    fn min_admins(&self) -> GuardOutcome {
        let guard = &self.desired.guards.min_admins;
        let few = self.spaces().filter_map(|(key, space)| {
            let admins: BTreeMap<Principal, AdminStanding> = space
                .holdings
                .iter()
                .filter_map(|(who, holding)| Some((who.clone(), standing(who, holding, self.after)?)))
                .collect();
            let counted = admins.values().filter(|standing| standing.counts()).count();
            let enough = usize::try_from(guard.limit).is_ok_and(|limit| counted >= limit);
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

    fn required_admins(&self, changes: &[Change]) -> GuardOutcome {
        let required = &self.desired.guards.required_admins;
        let missing = self.spaces().flat_map(|(key, space)| {
            required.iter().filter_map(move |(who, origin)| {
                let perhaps = match self.administers(who, space) {
                    Some(true) => return None,
                    Some(false) => false,
                    // Of what the plan does not touch not everything has been read, so nothing is claimed.
                    None if self.touched.contains(key) => true,
                    None => return None,
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

    /// Those that hold the plan back, and those that are none of its doing.
    fn sort(&self, found: impl Iterator<Item = Breach>) -> (Vec<Breach>, Vec<Breach>) {
        found.partition(|breach| breach.space().is_some_and(|space| self.touched.contains(space)))
    }

    /// Whether a required admin administers the space: itself, or a person through a group. `None` where
    /// that depends on what could not be read.
    fn administers(&self, who: &Principal, space: &LiveSpace) -> Option<bool> {
        let mut unread = false;
        for (holder, holding) in &space.holdings {
            let through = match (holder, who) {
                (holder, who) if holder == who => Some(true),
                (Principal::Group(group), Principal::User(account)) => {
                    members(group, self.after).map(|members| members.contains(account))
                }
                (Principal::Class(_), Principal::User(_)) => None,
                _ => Some(false),
            };
            match (through, holds_admin(holding, self.after)) {
                (Some(true), Some(true)) => return Some(true),
                (Some(false), _) | (_, Some(false)) => {}
                (None, _) | (_, None) => unread = true,
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
        let engine = Engine::new(self.after);
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

impl GuardOutcome {
    fn new(guard: Guard, applies: bool, breaches: Vec<Breach>) -> Self {
        let verdict = match (breaches.is_empty(), applies) {
            (false, _) => GuardVerdict::HeldBack,
            (true, true) => GuardVerdict::Holds,
            (true, false) => GuardVerdict::NotApplicable,
        };
        Self { guard, verdict, limit: None, origins: BTreeSet::new(), breaches, elsewhere: Vec::new() }
    }
}

impl Breach {
    /// The space that it is about, if it is about one.
    pub const fn space(&self) -> Option<&SpaceKey> {
        match self {
            Self::FewAdmins { space, .. }
            | Self::NotAdmin { space, .. }
            | Self::CutOff { space, .. }
            | Self::Forbidden { space, .. } => Some(space),
            Self::TooManyRemovals { .. } => None,
        }
    }
}

/// How a principal counts that administers a space; `None` if it does not administer it.
fn standing(who: &Principal, holding: &Holding, live: &Live) -> Option<AdminStanding> {
    let sure = match holds_admin(holding, live) {
        Some(false) => return None,
        Some(true) => true,
        None => false,
    };
    let standing = match who {
        Principal::Anonymous => return None,
        Principal::Class(_) => AdminStanding::Counts,
        Principal::User(account) => person(account, live),
        Principal::Group(group) => match members(group, live) {
            None => AdminStanding::CountsUnread,
            Some(members) => {
                let best = members.iter().map(|account| person(account, live)).min();
                best.filter(|best| best.counts()).unwrap_or(AdminStanding::Nobody)
            }
        },
    };
    Some(if standing.counts() && !sure { AdminStanding::CountsUnread } else { standing })
}

fn person(account: &AccountId, live: &Live) -> AdminStanding {
    let Some(person) = live.directory.people.get(account) else { return AdminStanding::CountsUnread };
    match (person.status, person.kind) {
        (AccountStatus::Inactive | AccountStatus::Closed, _) => AdminStanding::CannotSignIn,
        (_, AccountKind::App) => AdminStanding::App,
        (AccountStatus::Unknown, _) | (_, AccountKind::Unknown) => AdminStanding::CountsUnread,
        (AccountStatus::Active, AccountKind::Human | AccountKind::Customer) => AdminStanding::Counts,
    }
}

fn members<'a>(group: &GroupId, live: &'a Live) -> Option<&'a BTreeSet<AccountId>> {
    live.directory.groups.get(group)?.members.as_ref().known()
}

/// Whether a holding includes administering the space; `None` for a role that is not understood.
fn holds_admin(holding: &Holding, live: &Live) -> Option<bool> {
    match holding {
        Holding::Grants(grants) => Some(grants.contains_key(&Permission::AdministerSpace)),
        Holding::Role(role) => Some(permissions(role, live)?.contains(&Permission::AdministerSpace)),
    }
}

fn permissions(role: &RoleId, live: &Live) -> Option<BTreeSet<Permission>> {
    access::role_permissions(live.roles.get(role)?)
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
                .filter(|account| person(account, live).counts())
                .map(|account| Asker::Person(account.clone()))
                .collect();
            if active.is_empty() { vec![Asker::Group(group.clone())] } else { active }
        }
        Principal::Class(_) | Principal::Anonymous => Vec::new(),
    }
}

fn max_removals(desired: &Desired, removals: Removals) -> GuardOutcome {
    let guard = &desired.guards.max_removals;
    let Removals { removed, managed } = removals;
    let (applies, too_many) = match guard.limit {
        MaxRemovals::Count(most) => (removed > 0, usize::try_from(most).is_ok_and(|most| removed > most)),
        MaxRemovals::Percent(share) => {
            let counts = removed > 0 && managed >= MaxRemovals::SHARE_FROM;
            (counts, counts && removed.saturating_mul(100) > managed.saturating_mul(usize::from(share)))
        }
    };
    let breaches = if too_many { vec![Breach::TooManyRemovals { limit: guard.limit }] } else { Vec::new() };
    GuardOutcome {
        limit: Some(GuardLimit::Removals(guard.limit)),
        origins: guard.origin.iter().cloned().collect(),
        ..GuardOutcome::new(Guard::MaxRemovals, applies, breaches)
    }
}

fn removals(target: &Target, before: &Live, after: &Live) -> Removals {
    let mut removals = Removals::default();
    for (key, target) in &target.spaces {
        let (Some(was), Some(is)) = (before.spaces.get(key), after.spaces.get(key)) else { continue };
        for principal in target.holdings.keys() {
            let Some(held) = was.holdings.get(principal) else { continue };
            let (removed, managed) = lost(held, is.holdings.get(principal), after);
            removals.add(removed, managed);
        }
        for (&content, page) in &target.pages {
            let lists = was.tree.as_ref().and_then(|tree| tree.get(content)?.restrictions.as_ref().known());
            let Some(lists) = lists else { continue };
            for verb in page.reasons.keys() {
                let (now, then) = (lists.audience(*verb), page.restrictions.audience(*verb));
                let taken_off = match then {
                    Audience::Anyone => 0,
                    Audience::Only(stay) => now.subjects().filter(|who| !stay.contains(who)).count(),
                };
                removals.add(taken_off, now.subjects().count());
            }
        }
    }
    removals
}

impl Removals {
    const fn add(&mut self, removed: usize, managed: usize) {
        self.removed += removed;
        self.managed += managed;
    }
}

/// How many grants a principal loses, and how many it had.
fn lost(before: &Holding, after: Option<&Holding>, live: &Live) -> (usize, usize) {
    let after = match after {
        None => Some(BTreeSet::new()),
        Some(Holding::Grants(grants)) => Some(grants.keys().copied().collect()),
        Some(Holding::Role(role)) if *before == Holding::Role(role.clone()) => return (0, 1),
        Some(Holding::Role(role)) => permissions(role, live),
    };
    let kept = |permission: &Permission| after.as_ref().is_some_and(|after| after.contains(permission));
    match before {
        Holding::Grants(grants) => {
            (grants.keys().filter(|permission| !kept(permission)).count(), grants.len())
        }
        // What is not understood counts as lost.
        Holding::Role(role) => {
            let all_kept = permissions(role, live).is_some_and(|before| before.iter().all(kept));
            (usize::from(!all_kept), 1)
        }
    }
}

fn forbid(desired: &Desired, forbidden: Forbidden) -> GuardOutcome {
    let origin = desired.guards.forbid.get(&forbidden);
    let mut breaches = BTreeSet::new();
    for (key, space) in desired.spaces.iter().filter(|_| origin.is_some()) {
        let mut given = |who: Principal, origin: &Origin| {
            let is_forbidden = match forbidden {
                Forbidden::Anonymous => who == Principal::Anonymous,
                Forbidden::DirectUsers => matches!(who, Principal::User(_)),
            };
            if is_forbidden {
                let (space, origin) = (key.clone(), origin.clone());
                breaches.insert(Breach::Forbidden { what: forbidden, space, who, origin });
            }
        };
        for (who, holding) in &space.holdings {
            match holding {
                DesiredHolding::Role(role) => given(who.clone(), &role.origin),
                DesiredHolding::Grants(grants) => {
                    let required = |wanted: &&Wanted<Strength>| wanted.what == Strength::Required;
                    grants.values().filter(required).for_each(|wanted| given(who.clone(), &wanted.origin));
                }
            }
        }
        for list in space.pages.values().flat_map(|page| [&page.view, &page.edit]).flatten() {
            list.what.subjects().for_each(|subject| given(subject.clone().into(), &list.origin));
        }
    }
    GuardOutcome {
        origins: origin.into_iter().cloned().collect(),
        ..GuardOutcome::new(forbidden.guard(), origin.is_some(), breaches.into_iter().collect())
    }
}
