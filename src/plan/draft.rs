//! A call before it has a place in the order.

use std::collections::BTreeSet;

use crate::model::Call;

/// A call before it has a place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) call: Call,
    /// Indices of the changes that it serves.
    pub(super) covers: BTreeSet<usize>,
    /// Indices of the drafts that the API demands before this one.
    pub(super) needs: BTreeSet<usize>,
    /// Indices of the drafts that must come before this one, so that a later run can continue if this one ends in
    /// between.
    pub(super) resumes: BTreeSet<usize>,
    /// Indices of the drafts that come before this one where there is an order for that with no more calls.
    pub(super) prefers: BTreeSet<usize>,
    /// The draft whose side effect this one reverts, immediately after it.
    pub(super) undoes: Option<usize>,
    /// Whether the site is not known to have that side effect, so that the call is made only if it shows.
    pub(super) conditional: bool,
}

impl Draft {
    pub(super) fn new(call: Call, covers: BTreeSet<usize>, needs: BTreeSet<usize>) -> Self {
        let (resumes, prefers) = (BTreeSet::new(), BTreeSet::new());
        Self { call, covers, needs, resumes, prefers, undoes: None, conditional: false }
    }
}
