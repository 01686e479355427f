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
    /// Indices of the drafts that must come before this one for a run that ends between them to be taken up.
    pub(super) resumes: BTreeSet<usize>,
    /// The draft whose side effect this one puts right: it follows at once.
    pub(super) undoes: Option<usize>,
    /// Whether the site is not known to have that side effect, so that the call may not be needed.
    pub(super) conditional: bool,
}

impl Draft {
    pub(super) fn new(call: Call, covers: BTreeSet<usize>, needs: BTreeSet<usize>) -> Self {
        Self { call, covers, needs, resumes: BTreeSet::new(), undoes: None, conditional: false }
    }
}
