//! Whether a plan respects the guards of its policy. Pure.
//!
//! What each guard counts:
//!
//! - `min-admins`: in every space whose access the plan changes, the active people who can really administer it: rights,
//!   not rows. A plan is blocked where it lowers that number, and to less than the minimum; otherwise it reports.
//! - `required-admins`: in the same spaces, whether each of them administers the space afterwards; and
//!   whether each of them, of a group at least one member, can view the pages that the plan restricts. A name that means
//!   nothing any more cannot be shown to administer anything: while there is one, no plan takes the permission to
//!   administer a space from a principal.
//! - `max-removals`: see [`removals`].
//! - `forbid`: whatever the policy gives, be it there already or not.
//!
//! A space whose access the plan does not change never blocks it; what is wrong there is reported.

mod admins;
mod forbid;
mod removals;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    ContentId, Desired, Forbidden, Guard, Live, MaxRemovals, Origin, Principal, Shown, SpaceKey,
};

pub use crate::access::AdminStanding;

use super::change::Change;
use crate::access::Engine;

/// What came of all guards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanGuards {
    /// One for each guard.
    pub outcomes: Vec<GuardOutcome>,
    /// What `max-removals` counts.
    pub removals: Removals,
}

/// How much a plan takes away of the spaces that it touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removals {
    /// Principals that hold something in a space; removed are those that can do less there afterwards.
    pub access: Pairs,
    /// Subjects on lists of pages; removed are those that are taken off.
    pub entries: Pairs,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Pairs {
    pub removed: usize,
    /// As many as there are before the plan.
    pub of: usize,
}

/// What is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// Access of a principal to a space.
    Access,
    /// The entry of a subject on a list of a page.
    Entries,
    /// Either.
    Both,
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
    Blocked,
    /// It would block the plan, and was overridden with a reason.
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
        /// How many people can administer the space before the plan.
        before: usize,
        /// How many can afterwards.
        counted: usize,
        needed: u32,
        /// Every principal that holds the permission afterwards, counted or not.
        admins: BTreeMap<Principal, AdminStanding>,
    },
    NotAdmin {
        space: SpaceKey,
        who: Principal,
        origin: Origin,
        /// Whether they may administer it all the same, by a group or role that could not be read.
        perhaps: bool,
    },
    /// The plan takes `administer/space` from principals while it is not known which accounts a name under `required-admins`
    /// means.
    LostAdmin {
        space: SpaceKey,
        /// As the policy writes it.
        name: Shown,
        origin: Origin,
        /// The principals that lose the permission.
        losers: BTreeSet<Principal>,
    },
    CutOff {
        space: SpaceKey,
        content: ContentId,
        who: Principal,
        origin: Origin,
    },
    /// The plan takes away too much.
    TooManyRemovals {
        what: Taken,
        pairs: Pairs,
        limit: MaxRemovals,
    },
    /// The plan takes away too much of one space.
    Stripped {
        space: SpaceKey,
        what: Taken,
        pairs: Pairs,
        /// The principals that lose access or are taken off a list.
        who: BTreeSet<Principal>,
    },
    Forbidden {
        what: Forbidden,
        space: SpaceKey,
        who: Principal,
        /// The line that gives it.
        origin: Origin,
    },
}

impl PlanGuards {
    pub fn outcome(&self, guard: Guard) -> Option<&GuardOutcome> {
        self.outcomes.iter().find(|outcome| outcome.guard == guard)
    }

    /// The guards that block the plan.
    pub fn blocked(&self) -> impl Iterator<Item = &GuardOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.verdict == GuardVerdict::Blocked)
    }

    /// The guards that the plan was let through, with the reason of each.
    pub fn overridden(&self) -> impl Iterator<Item = (Guard, &str)> {
        self.outcomes.iter().filter_map(|outcome| match &outcome.verdict {
            GuardVerdict::Overridden { why } => Some((outcome.guard, why.as_str())),
            GuardVerdict::NotApplicable | GuardVerdict::Holds | GuardVerdict::Blocked => None,
        })
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

impl Removals {
    const fn add(&mut self, other: Self) {
        self.access.add(other.access);
        self.entries.add(other.entries);
    }

    /// Both kinds together.
    pub const fn both(self) -> Pairs {
        let mut both = self.access;
        both.add(self.entries);
        both
    }

    /// The kind that is too much; both together where neither is alone. They are judged apart because a space has many
    /// more entries on lists than principals, or the other way round, and one would hide the other.
    fn worst(self, is_too_much: impl Fn(Pairs) -> bool) -> Option<(Taken, Pairs)> {
        [(Taken::Access, self.access), (Taken::Entries, self.entries), (Taken::Both, self.both())]
            .into_iter()
            .find(|(_, pairs)| is_too_much(*pairs))
    }
}

impl Pairs {
    const fn add(&mut self, other: Self) {
        self.removed += other.removed;
        self.of += other.of;
    }

    /// Whether more than so many percent are removed.
    fn is_more_than(self, percent: u8) -> bool {
        self.removed.saturating_mul(100) > self.of.saturating_mul(usize::from(percent))
    }
}

/// `after` takes what is listed to be complete.
pub(super) fn guards(desired: &Desired, before: &Live, after: &Engine<'_>, changes: &[Change]) -> PlanGuards {
    let watch = admins::Watch { desired, before, after, touched: admins::touched(changes) };
    let (max_removals, removals) = removals::max_removals(desired, before, after, changes);
    let mut outcomes = vec![watch.min_admins(), watch.required_admins(changes), max_removals];
    outcomes.extend(Forbidden::ALL.map(|forbidden| forbid::forbid(desired, forbidden, before)));
    PlanGuards { outcomes, removals }
}

impl GuardOutcome {
    fn new(guard: Guard, applies: bool, breaches: Vec<Breach>) -> Self {
        let verdict = match (breaches.is_empty(), applies) {
            (false, _) => GuardVerdict::Blocked,
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
            | Self::LostAdmin { space, .. }
            | Self::CutOff { space, .. }
            | Self::Stripped { space, .. }
            | Self::Forbidden { space, .. } => Some(space),
            Self::TooManyRemovals { .. } => None,
        }
    }
}
