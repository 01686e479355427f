//! What is played through: one space, and how it gets from one state to another.

use std::collections::BTreeSet;

use crate::model::{Guards, Live, LiveSpace, Principal, Vocabulary};
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
