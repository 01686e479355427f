//! What is played through: one space, and how it gets from one state to another.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, Guards, Live, LiveSpace, Principal, Vocabulary};
use crate::plan::accounts::Accounts;
use crate::plan::document::PlannedCall;

/// How a space gets from one state to another.
#[derive(Clone, Copy)]
pub(super) enum Steps<'a> {
    /// By these calls.
    Calls(&'a [&'a PlannedCall]),
    /// In two steps, with this state between them.
    Through(&'a LiveSpace),
}

/// What is made of access that is shut for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GapsFound {
    Reported,
    /// The plan says that people may be shut out for a moment; the protected are reported.
    Accepted,
    /// Only what is open is looked for.
    Ignored,
}

/// What happens to one space, and what it leads from and to.
pub(super) struct Space<'a> {
    pub(super) before: &'a LiveSpace,
    pub(super) after: &'a LiveSpace,
    pub(super) live: &'a Live,
    pub(super) steps: Steps<'a>,
    pub(super) accounts: &'a Accounts<'a>,
    pub(super) guards: &'a Guards,
    pub(super) gaps: GapsFound,
    pub(super) vocabulary: Vocabulary,
    /// Where only those are looked at who count as one of these.
    pub(super) only: Option<&'a BTreeSet<Principal>>,
}

/// The calls about rows and roles, for each principal, in the order of the plan.
pub(super) fn calls_by_principal<'a>(calls: &[&'a PlannedCall]) -> BTreeMap<&'a Principal, Vec<usize>> {
    let mut by_principal: BTreeMap<&Principal, Vec<usize>> = BTreeMap::new();
    for (number, planned) in calls.iter().enumerate() {
        match &planned.call {
            Call::Grant { principal, .. } | Call::Revoke { principal, .. } => {
                by_principal.entry(principal).or_default().push(number);
            }
            Call::AssignRoles { roles, .. } => {
                for principal in roles.keys() {
                    by_principal.entry(principal).or_default().push(number);
                }
            }
            Call::Restrict { .. } => {}
        }
    }
    by_principal
}
