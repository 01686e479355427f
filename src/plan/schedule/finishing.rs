//! Whether the account that runs this can make every call when its turn comes.
//!
//! Changing the lists of a page takes the right to see the space, to edit such content, and to restrict or to
//! administer (API v1, `updateRestrictions`). The caller stays on every list that it changes; so what it may
//! lose on the way is a row. Where it has such a right at the start and not when a call needs it, the run would
//! end there, and so would every later one. A right that nobody can be seen to have given it is none that it
//! could lose.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, ContentId, LiveSpace, Permission, Principal};

use super::Space;
use super::goals::edit_permission;
use super::protected::is_caller;
use super::search::Solution;

/// A call that the caller could not make any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// The call, by its node.
    pub(super) call: usize,
    pub(super) content: ContentId,
    /// What it lacks by then.
    pub(super) permission: Permission,
    /// Through whom it had that.
    pub(super) through: BTreeSet<Principal>,
}

/// The first such call of an order.
pub(super) fn unfinished(space: &Space<'_>, solution: &Solution) -> Option<Unfinished> {
    // A right that a role may give counts: if it does not, the call is refused by the site, and nothing is open.
    let rights = |state: &LiveSpace| -> Rights {
        let mine = state.holdings.keys().filter(|who| is_caller(who, space.live));
        mine.map(|who| (who.clone(), state.may_give(who, &space.live.roles))).collect()
    };
    let start = rights(space.before);
    let end = rights(space.after);
    let mut now = start.clone();
    for &number in &solution.order {
        match &solution.nodes[number].call {
            Call::Restrict { content, .. } => {
                let Some(kind) = space.before.tree.as_ref()?.get(*content).map(|node| node.kind) else {
                    continue;
                };
                let edit = [edit_permission(kind, space.live.site.mode)];
                let restrict = [Permission::RestrictContent, Permission::AdministerSpace];
                let lost = [&[Permission::ReadSpace][..], &edit, &restrict]
                    .into_iter()
                    .find(|any| !holders(&start, any).is_empty() && holders(&now, any).is_empty());
                if let Some(any) = lost {
                    let (call, content, permission) = (number, *content, any[0]);
                    return Some(Unfinished { call, content, permission, through: holders(&start, any) });
                }
            }
            Call::Grant { principal, permission, .. } => {
                if let Some(held) = mine(&mut now, principal, space) {
                    held.insert(*permission);
                    held.extend(permission.companions());
                }
            }
            Call::Revoke { principal, permission: Permission::ReadSpace, .. } => {
                now.remove(principal);
            }
            Call::Revoke { principal, permission, .. } => {
                if let Some(held) = now.get_mut(principal) {
                    held.remove(permission);
                    held.retain(|held| !permission.companions().contains(held));
                }
            }
            Call::AssignRoles { roles, .. } => {
                for who in roles.keys() {
                    match end.get(who) {
                        Some(held) => now.insert(who.clone(), held.clone()),
                        None => now.remove(who),
                    };
                }
            }
        }
    }
    None
}

/// What each principal that stands for the caller has been given.
type Rights = BTreeMap<Principal, BTreeSet<Permission>>;

fn mine<'r>(
    rights: &'r mut Rights,
    principal: &Principal,
    space: &Space<'_>,
) -> Option<&'r mut BTreeSet<Permission>> {
    is_caller(principal, space.live).then(|| rights.entry(principal.clone()).or_default())
}

fn holders(rights: &Rights, any: &[Permission]) -> BTreeSet<Principal> {
    let holds = |held: &BTreeSet<Permission>| any.iter().any(|permission| held.contains(permission));
    rights.iter().filter(|(_, held)| holds(held)).map(|(who, _)| who.clone()).collect()
}
