//! What can be done to content, and which permissions of the space it takes.

use std::collections::BTreeSet;

use crate::access::{ContentVerb, EditList};
use crate::model::{ContentKind, Permission, SpaceRoleMode};

use super::gates::Gate;

/// For pages and for posts, what hangs on the way to one alone, and what on its edit list as well.
pub(super) type ByContent<T> = [[Vec<(ContentVerb, T)>; 2]; 2];

/// What can be done to content, by the permissions that it takes.
pub(super) struct Actions {
    /// Sets of permissions of which one is needed.
    pub(super) needs: Vec<Vec<Permission>>,
    /// For pages and posts, on the way to them and by their edit list: each action with the places of its needs.
    of: ByContent<Vec<usize>>,
}

impl Actions {
    pub(super) fn of(mode: SpaceRoleMode) -> Self {
        let mut needs: Vec<Vec<Permission>> = Vec::new();
        let of = [ContentKind::Page, ContentKind::Blogpost].map(|kind| {
            let mut actions = [Vec::new(), Vec::new()];
            for verb in ContentVerb::ALL {
                let clauses = verb.clauses(kind, mode);
                // What does under a condition that cannot be read does for some people.
                for counts in [false, true] {
                    if counts && clauses.iter().all(|clause| clause.perhaps.is_none()) {
                        continue;
                    }
                    let places: Vec<usize> = clauses
                        .iter()
                        .map(|clause| {
                            let perhaps = clause.perhaps.filter(|_| counts);
                            let any_of: Vec<Permission> =
                                clause.any_of.iter().copied().chain(perhaps).collect();
                            needs.iter().position(|known| *known == any_of).unwrap_or_else(|| {
                                needs.push(any_of);
                                needs.len() - 1
                            })
                        })
                        .collect();
                    // Where a list may count or not, both are to be safe.
                    if verb.edit_list() != EditList::Ignored {
                        actions[1].push((verb, places.clone()));
                    }
                    actions[0].push((verb, places));
                }
            }
            actions
        });
        Self { needs, of }
    }

    pub(super) fn permissions(&self) -> BTreeSet<Permission> {
        self.needs.iter().flatten().copied().collect()
    }

    /// What can be done to content of a kind, by the way to it or by its edit list too.
    pub(super) fn on(&self, kind: ContentKind, edit_list: bool) -> &[(ContentVerb, Vec<usize>)] {
        &self.of[Self::kind(kind)][usize::from(edit_list)]
    }

    /// What can be done to content that no list is about.
    pub(super) fn all(&self) -> impl Iterator<Item = (ContentVerb, &Vec<usize>)> {
        self.of.iter().flat_map(|of_kind| &of_kind[0]).map(|(verb, places)| (*verb, places))
    }

    pub(super) const fn kind(kind: ContentKind) -> usize {
        matches!(kind, ContentKind::Blogpost) as usize
    }

    /// What an atom may do at all, with the gates of the space that decide about it: of actions that hang on the
    /// same gates, the first stands for all.
    pub(super) fn open_to<'g>(&self, gates: &'g [Gate]) -> ByContent<Vec<&'g Gate>> {
        let open = |actions: &Vec<(ContentVerb, Vec<usize>)>| {
            let mut open: Vec<(ContentVerb, Vec<&Gate>)> = Vec::new();
            for (verb, places) in actions {
                if places.iter().any(|place| gates[*place].is_never_open()) {
                    continue;
                }
                let moving = places.iter().map(|place| &gates[*place]).filter(|gate| !gate.is_always_open());
                let moving: Vec<&Gate> = moving.collect();
                if open.iter().all(|(_, known)| *known != moving) {
                    open.push((*verb, moving));
                }
            }
            open
        };
        self.of.each_ref().map(|of_kind| of_kind.each_ref().map(open))
    }
}
