//! The lists of archived pages, where the policy says that the site does not let them be changed: they leave the target
//! before anything else is planned, and the plan names each page whose lists are not as they should be.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Lint;
use crate::model::{ArchivedPages, Desired, Live, PageList, SpaceKey};

use super::change::Change;
use super::diff;
use super::document::{Lacks, LeftOut};
use super::lints::PlanLint;
use super::page_only::{Compiled, lets_through};
use super::target::Target;

/// What should change on archived pages and stays as it is.
pub(super) fn left_out(target: &Target, desired: &Desired, live: &Live) -> Vec<LeftOut> {
    if desired.archived_pages == ArchivedPages::Writable {
        return Vec::new();
    }
    let is_archived = |change: &Change| match change {
        Change::Audience { space, content, .. } => {
            let tree = live.spaces.get(space).and_then(|space| space.tree.as_ref());
            tree.is_some_and(|tree| tree.is_archived(*content))
        }
        Change::Grant { .. } | Change::Role { .. } => false,
    };
    let changes = diff::diff(target, live).into_iter().filter(is_archived);
    changes.map(|change| LeftOut { change, lacks: Lacks::WritableArchive, ask: BTreeSet::new() }).collect()
}

/// Subtracts the pages that `page-only` would have closed and that stay open.
pub(super) fn count_out(page_only: &mut BTreeMap<SpaceKey, Compiled>, left_out: &[LeftOut]) {
    for LeftOut { change, .. } in left_out {
        let Change::Audience { space, list: PageList::View, before, after, .. } = change else { continue };
        for entry in page_only.get_mut(space).into_iter().flat_map(|compiled| &mut compiled.entries) {
            let stays_open =
                entry.who.iter().any(|guest| lets_through(before, guest) && !lets_through(after, guest));
            entry.closed -= usize::from(stays_open && entry.closed > entry.closed_posts);
        }
    }
}

/// Whether a lint says of a page that the plan closes it, and the page is left out.
pub(super) fn stays(lint: &PlanLint, left_out: &[LeftOut]) -> bool {
    let is_page = |left: &LeftOut| match left.change {
        Change::Audience { content, .. } => lint.content == Some(content),
        Change::Grant { .. } | Change::Role { .. } => false,
    };
    lint.code == Lint::SeenByGuests && left_out.iter().any(is_page)
}
