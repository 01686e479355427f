//! Titles where more people read than see the pages, as in comments on pull requests.

use std::collections::BTreeSet;

use crate::model::{ContentId, Shown};
use crate::plan::Plan;

/// Which titles are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Titles {
    /// Those of pages that everyone in their space sees, before the plan and after it.
    Open,
    All,
}

/// The plan with `id:N` in place of what may not be shown, and the pages of which that is so. Everything that names a
/// page takes the name from the plan, so this is the one place that decides.
pub(super) fn with_titles(plan: &Plan, titles: Titles) -> (Plan, BTreeSet<ContentId>) {
    let mut plan = plan.clone();
    let mut hidden = BTreeSet::new();
    if titles == Titles::Open {
        for (id, page) in plan.pages.iter_mut().filter(|(_, page)| page.restricted) {
            page.path = Shown::of(&format!("id:{id}"));
            hidden.insert(*id);
        }
    }
    (plan, hidden)
}
