//! Who administers each space before a plan and after it.

use std::collections::BTreeSet;

use crate::model::{Live, LiveSpace, Permission, Principal, Truth};

use super::document::Refusal;
use super::rights::{is_caller, may_be_caller};

/// Compares who administers each space before and after.
pub(super) fn administration(before: &Live, after: &Live) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (key, space) in &after.spaces {
        let Some(was) = before.spaces.get(key).filter(|was| was.holdings != space.holdings) else { continue };
        // A role with unknown permissions does not count as administering afterwards, unless the holding stays.
        let (were, stay) =
            (administrators(was, before, Truth::Unknown), administrators(space, after, Truth::Unknown));
        let mut are = administrators(space, after, Truth::Yes);
        are.extend(stay.into_iter().filter(|who| was.holdings.get(who) == space.holdings.get(who)));
        if are.is_empty() && !administrators(was, before, Truth::Yes).is_empty() {
            refusals.push(Refusal::NoAdmin { space: key.clone() });
            continue;
        }
        // If the caller's groups are unknown, its only group may be one of those that lose the permission.
        let through: BTreeSet<Principal> =
            were.into_iter().filter(|who| may_be_caller(who, before)).collect();
        if !through.is_subset(&are) && !are.iter().any(|who| is_caller(who, after)) {
            refusals.push(Refusal::Lockout { space: key.clone(), through });
        }
    }
    refusals
}

/// The principals that administer a space, or may.
fn administrators(space: &LiveSpace, live: &Live, at_least: Truth) -> BTreeSet<Principal> {
    let holders = space.holders(Permission::AdministerSpace, &live.roles);
    holders.filter(|(.., administers)| *administers >= at_least).map(|(who, ..)| who.clone()).collect()
}
