//! Whether a plan respects the guards of its policy. Pure.
//!
//! What each guard counts:
//!
//! - `min-admins`: in every space whose access the plan changes, the people and groups that administer it
//!   afterwards. Accounts that cannot sign in, apps, and groups without an active member do not count. What
//!   could not be read counts for a plan that takes no administrator away, and takes the place of none.
//! - `required-admins`: in the same spaces, whether each of them administers the space afterwards; and
//!   whether each of them, of a group at least somebody, can view the pages that the plan restricts.
//! - `max-removals`: the grants that are taken away, among those that the plan decides about. A grant is a
//!   permission of a principal, the role of a principal, or an entry of a page's list. A role that is
//!   replaced counts if something is lost with it. Closing an open page takes away no grant.
//! - `forbid`: whatever the policy gives, be it there already or not.
//!
//! A space whose access the plan does not change never blocks it; what is wrong there is reported.

mod admins;
mod forbid;
mod removals;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{ContentId, Desired, Forbidden, Guard, Live, MaxRemovals, Origin, Principal, SpaceKey};

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
    /// Whether it can act is not known: the account, the members or the role could not be read. It does not count,
    /// except for a plan that takes no administrator away.
    Unread,
    App,
    CannotSignIn,
    /// A group in which there is nobody active.
    Nobody,
}

impl PlanGuards {
    pub fn outcome(&self, guard: Guard) -> Option<&GuardOutcome> {
        self.outcomes.iter().find(|outcome| outcome.guard == guard)
    }

    /// The guards that block the plan.
    pub fn blocked(&self) -> impl Iterator<Item = &GuardOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.verdict == GuardVerdict::Blocked)
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
    /// Whether it surely can act.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Counts)
    }

    /// Whether it can act as far as is known.
    pub const fn may_count(self) -> bool {
        matches!(self, Self::Counts | Self::Unread)
    }
}

pub(super) fn guards(
    desired: &Desired,
    target: &Target,
    before: &Live,
    after: &Live,
    changes: &[Change],
) -> PlanGuards {
    let watch = admins::Watch::new(desired, before, after, changes);
    let removals = removals::count(target, before, after);
    let mut outcomes =
        vec![watch.min_admins(), watch.required_admins(changes), removals::max_removals(desired, removals)];
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
            | Self::CutOff { space, .. }
            | Self::Forbidden { space, .. } => Some(space),
            Self::TooManyRemovals { .. } => None,
        }
    }
}
