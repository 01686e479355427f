//! Restricting takes two permissions that may come from different principals: one to edit, and one of
//! `restrict_content/space` and `administer/space`. All others that anything takes come along with `read/space`,
//! or with nothing else.
//!
//! So where one of the two comes by itself and the other goes by itself, an account in both could
//! restrict between the two calls, and can neither before nor after. Among people who are known, the conflicts
//! tell; for a space that is ordered in [phases](super::phases), where every possible account counts, what comes has to
//! wait for what goes.

use std::collections::BTreeSet;

use crate::access::{Verb, edit_permission};
use crate::model::{Call, ContentKind, LiveSpace, Permission, Principal, Truth};

use super::conflicts::{Goal, Witness};
use super::space::Space;

/// Either of these, beside the permission to edit.
pub(super) const RIGHTS: [Permission; 2] = [Permission::RestrictContent, Permission::AdministerSpace];

/// What comes by itself while the other of the two goes.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// The grants that wait, by their drafts.
    pub(super) late: BTreeSet<usize>,
    /// What they wait for: the removals, by their drafts.
    pub(super) first: BTreeSet<usize>,
    /// Two principals, one of which gets its permission by a call that cannot wait.
    pub(super) danger: Option<Witness>,
}

impl Apart {
    pub(super) fn of(space: &Space<'_>, cannot_wait: &BTreeSet<usize>) -> Self {
        let mut apart = Self::default();
        for kind in [ContentKind::Page, ContentKind::Blogpost] {
            let edit = [edit_permission(kind, space.live.site.mode)];
            apart.add(space, &RIGHTS, &edit, cannot_wait);
            apart.add(space, &edit, &RIGHTS, cannot_wait);
        }
        apart
    }

    /// Looks for principals that get the first without the second, and for some that lose the second and had not
    /// the first.
    fn add(
        &mut self,
        space: &Space<'_>,
        comes: &[Permission],
        goes: &[Permission],
        cannot_wait: &BTreeSet<usize>,
    ) {
        let held = |state: &LiveSpace, who: &Principal, any_of: &[Permission]| {
            let gives = any_of.iter().map(|permission| state.gives(who, *permission, &space.live.roles));
            gives.max().unwrap_or(Truth::No)
        };
        let (before, after) = (space.before, space.after);
        let principals: BTreeSet<&Principal> = before.holdings.keys().chain(after.holdings.keys()).collect();
        let moves = |first: &LiveSpace,
                     then: &LiveSpace,
                     who: &Principal,
                     what: &[Permission],
                     other: &[Permission]| {
            held(first, who, what) != Truth::Yes
                && held(then, who, what) != Truth::No
                && held(then, who, other) != Truth::Yes
        };
        let leaving: BTreeSet<&Principal> =
            principals.iter().copied().filter(|who| moves(after, before, who, goes, comes)).collect();
        let Some(first) = leaving.first() else { return };
        let only_roles = leaving.iter().all(|who| by_roles(space, who).is_some());
        let mut any_waits = false;
        for who in principals.iter().filter(|who| moves(before, after, who, comes, goes)) {
            if by_roles(space, who).is_some() {
                // All roles change at once.
                if !only_roles {
                    self.note(who, first);
                }
                continue;
            }
            for (number, draft) in space.drafts.iter().enumerate() {
                if let Call::Grant { principal, permission, .. } = &draft.call
                    && principal == *who
                    && comes
                        .iter()
                        .any(|wanted| wanted == permission || permission.companions().contains(wanted))
                {
                    if cannot_wait.contains(&number) || *permission == Permission::ReadSpace {
                        self.note(who, first);
                    } else {
                        self.late.insert(number);
                        any_waits = true;
                    }
                }
            }
        }
        if any_waits {
            let takes = |call: &Call| {
                matches!(call, Call::Revoke { principal, permission, .. }
                    if leaving.contains(principal)
                        && (*permission == Permission::ReadSpace || goes.contains(permission)))
            };
            let drafts = space.drafts.iter().enumerate();
            self.first.extend(drafts.filter(|(_, draft)| takes(&draft.call)).map(|(number, _)| number));
        }
    }

    fn note(&mut self, one: &Principal, other: &Principal) {
        let principals = BTreeSet::from([one.clone(), other.clone()]);
        let goal = Goal { verb: Verb::Restrict, page: None };
        self.danger.get_or_insert(Witness { principals, goal, leak: true });
    }
}

/// The draft that changes the role of a principal.
fn by_roles(space: &Space<'_>, who: &Principal) -> Option<usize> {
    space.drafts.iter().position(|draft| match &draft.call {
        Call::AssignRoles { roles, .. } => roles.contains_key(who),
        Call::Grant { .. } | Call::Revoke { .. } | Call::Restrict { .. } => false,
    })
}
