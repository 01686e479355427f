//! Whether the account that runs this can make every call when its turn comes.
//!
//! What a call needs, [`rights`] says. The caller stays on every list that it changes; so what it may lose on the
//! way, or get too late, is a row or a role. Where it had such a right and has it no more, or has it not yet, when a
//! call needs it, the run would end there, and so would every later one. A right that no principal is seen to have
//! given it is none that it could lose.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, Holding, Live, LiveSpace, Permission, Principal, Truth};

use super::super::rights::{self, Rights, is_caller};
use super::solution::{Solution, Unfinished};
use super::space::Space;

/// The first such call of an order.
pub(super) fn unfinished(space: &Space<'_>, solution: &Solution) -> Option<Unfinished> {
    // A right that a role may give counts: if it does not, the call is refused by the site, and nothing is open.
    let start = CallersHoldings::of(space.before, space.live);
    let end = CallersHoldings::of(space.after, space.live);
    let mut now = start.clone();
    let known = Rights::of(space.before, space.live);
    for &number in &solution.order {
        let call = &solution.nodes[number].call;
        // That it sees the space is certain, also where no row says why.
        let seen = vec![Permission::ReadSpace];
        let needed = rights::needed(call, space.before, space.live);
        let lost = std::iter::once(seen.clone()).chain(needed).find(|any| {
            let gets_it = *any != seen && known.has(any) == Truth::No;
            (gets_it || !start.holders(any).is_empty()) && now.holders(any).is_empty()
        });
        if let Some(any) = lost {
            let content = solution.nodes[number].page();
            let permission = *any.first()?;
            return Some(Unfinished { call: number, content, permission, through: start.holders(&any) });
        }
        match call {
            Call::Restrict { .. } => {}
            Call::Grant { principal, permission, .. } => {
                if is_caller(principal, space.live) == Truth::Yes {
                    let held = now.rows.entry(principal.clone()).or_default();
                    held.insert(*permission);
                    held.extend(permission.companions());
                }
            }
            Call::Revoke { principal, permission: Permission::ReadSpace, .. } => {
                now.rows.remove(principal);
            }
            Call::Revoke { principal, permission, .. } => {
                if let Some(held) = now.rows.get_mut(principal) {
                    held.remove(permission);
                    held.retain(|held| !permission.companions().contains(held));
                }
            }
            Call::AssignRoles { roles, .. } => {
                for who in roles.keys() {
                    now.roles.remove(who);
                    // A role takes the place of rows.
                    if let Some(given) = end.roles.get(who) {
                        now.rows.remove(who);
                        now.roles.insert(who.clone(), given.clone());
                    }
                }
            }
        }
    }
    None
}

/// What each principal that stands for the caller has been given. What its role gives stays until the role goes, whatever
/// becomes of rows beside it.
#[derive(Debug, Clone, Default)]
struct CallersHoldings {
    roles: BTreeMap<Principal, BTreeSet<Permission>>,
    rows: BTreeMap<Principal, BTreeSet<Permission>>,
}

impl CallersHoldings {
    fn of(state: &LiveSpace, live: &Live) -> Self {
        let mut all = Self::default();
        for (who, holding) in state.holdings.iter().filter(|(who, _)| is_caller(who, live) == Truth::Yes) {
            let by_source = match holding {
                Holding::Role(_) => &mut all.roles,
                Holding::Grants(_) => &mut all.rows,
            };
            by_source.insert(who.clone(), state.may_give(who, &live.roles));
        }
        all
    }

    /// Who holds one of these permissions.
    fn holders(&self, any: &[Permission]) -> BTreeSet<Principal> {
        let holds = |held: &BTreeSet<Permission>| any.iter().any(|permission| held.contains(permission));
        let all = self.roles.iter().chain(&self.rows);
        all.filter(|(_, held)| holds(held)).map(|(who, _)| who.clone()).collect()
    }
}
