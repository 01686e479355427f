//! Whether the account that runs this can make every call when its turn comes.
//!
//! What a call needs, [`rights`] says. The caller stays on every list that it changes; so what it may lose on the
//! way, or get too late, is a row or a role. Where it had such a right and has it no more, or has it not yet, when a
//! call needs it, the run would end there, and so would every later one. A right that no principal is seen to have
//! given it is none that it could lose.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, LiveSpace, Permission, Principal, Truth};

use super::super::rights::{self, Rights, is_caller};
use super::solution::{Solution, Unfinished};
use super::space::Space;

/// The first such call of an order.
pub(super) fn unfinished(space: &Space<'_>, solution: &Solution) -> Option<Unfinished> {
    // A right that a role may give counts: if it does not, the call is refused by the site, and nothing is open.
    let rights = |state: &LiveSpace| -> CallersHoldings {
        let mine = state.holdings.keys().filter(|who| is_caller(who, space.live) == Truth::Yes);
        mine.map(|who| (who.clone(), state.may_give(who, &space.live.roles))).collect()
    };
    let start = rights(space.before);
    let end = rights(space.after);
    let mut now = start.clone();
    let known = Rights::of(space.before, space.live);
    for &number in &solution.order {
        let call = &solution.nodes[number].call;
        // That it sees the space is certain, also where no row says why.
        let seen = vec![Permission::ReadSpace];
        let needed = rights::needed(call, space.before, space.live);
        let lost = std::iter::once(seen.clone()).chain(needed).find(|any| {
            let gets_it = *any != seen && known.has(any) == Truth::No;
            (gets_it || !holders(&start, any).is_empty()) && holders(&now, any).is_empty()
        });
        if let Some(any) = lost {
            let content = match call {
                Call::Restrict { content, .. } => Some(*content),
                Call::Grant { .. } | Call::Revoke { .. } | Call::AssignRoles { .. } => None,
            };
            let permission = *any.first()?;
            return Some(Unfinished { call: number, content, permission, through: holders(&start, &any) });
        }
        match call {
            Call::Restrict { .. } => {}
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
type CallersHoldings = BTreeMap<Principal, BTreeSet<Permission>>;

fn mine<'r>(
    rights: &'r mut CallersHoldings,
    principal: &Principal,
    space: &Space<'_>,
) -> Option<&'r mut BTreeSet<Permission>> {
    let is_caller = is_caller(principal, space.live) == Truth::Yes;
    is_caller.then(|| rights.entry(principal.clone()).or_default())
}

fn holders(rights: &CallersHoldings, any: &[Permission]) -> BTreeSet<Principal> {
    let holds = |held: &BTreeSet<Permission>| any.iter().any(|permission| held.contains(permission));
    rights.iter().filter(|(_, held)| holds(held)).map(|(who, _)| who.clone()).collect()
}
