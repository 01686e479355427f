//! What a plan is to reach: a target, what was found on the way to it, and what stays out of it.
//!
//! Mostly a policy says it ([`crate::plan::aim`]). A plan that was saved, and a run that is undone, say it themselves
//! ([`Aim::instead`], [`Aim::of_target`]), so that all three go through the same account, order, guards and check.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Skipped, SpaceKey};
use crate::plan::change::Change;
use crate::plan::document::{Lacks, LeftOut, ObjectId};
use crate::plan::page_only::Compiled;

use super::state::Target;
use super::stays::Stays;
use super::unmanaged::Unmanaged;

/// What a plan is to reach, and what was found on the way to it.
#[derive(Debug, Clone, Default)]
pub struct Aim {
    pub(in crate::plan) target: Target,
    /// What the target has and the plan must leave alone, since others changed it.
    pub(in crate::plan) withheld: BTreeSet<ObjectId>,
    pub(in crate::plan) unmanaged: Vec<Unmanaged>,
    /// What of it is against the policy.
    pub(in crate::plan) stays: Stays,
    pub(in crate::plan) page_only: BTreeMap<SpaceKey, Compiled>,
    /// Accounts that the policy wants on lists and that are closed.
    pub(in crate::plan) skipped: BTreeSet<Skipped>,
}

impl Aim {
    /// A target that no policy asks for.
    pub fn of_target(target: Target) -> Self {
        Self { target, ..Self::default() }
    }

    /// Another target, with all else that was found on the way to this one.
    #[must_use]
    pub fn instead(self, target: Target) -> Self {
        Self { target, ..self }
    }

    /// Leaves objects of the target as they are, and lists them. Where the rest must not be done without them, the plan
    /// is refused.
    #[must_use]
    pub fn without(self, withheld: BTreeSet<ObjectId>) -> Self {
        Self { withheld, ..self }
    }

    /// The state to reach.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

/// The changes that concern what is withheld, and the others.
pub(in crate::plan) fn leave_withheld(
    withheld: &BTreeSet<ObjectId>,
    changes: &[Change],
) -> (Vec<LeftOut>, Vec<Change>) {
    let is_withheld = |change: &Change| withheld.contains(&ObjectId::changed_by(change));
    let (left, rest): (Vec<Change>, Vec<Change>) = changes.iter().cloned().partition(is_withheld);
    let left_out = |change| LeftOut { change, lacks: Lacks::ExpectedState, ask: BTreeSet::new() };
    (left.into_iter().map(left_out).collect(), rest)
}
