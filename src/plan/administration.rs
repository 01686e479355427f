//! Who administers each space before a plan and after it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::model::{Live, LiveSpace, Permission, Principal, SpaceKey, Truth};

use super::document::Refusal;
use super::rights::{is_caller, may_be_callers_own};

/// Compares who administers each space before and after.
pub(super) fn administration(before: &Live, after: &Live) -> Vec<Refusal> {
    let in_space = |(key, space): (&SpaceKey, &Arc<LiveSpace>)| {
        let was = before.spaces.get(key).filter(|was| !Arc::ptr_eq(was, space))?;
        if was.holdings == space.holdings {
            return None;
        }
        // A role with unknown permissions does not count as administering afterwards, unless the holding stays.
        let (were, stay) =
            (administrators(was, before, Truth::Unknown), administrators(space, after, Truth::Unknown));
        let mut are = administrators(space, after, Truth::Yes);
        are.extend(stay.into_iter().filter(|who| was.holdings.get(who) == space.holdings.get(who)));
        if are.is_empty() && !administrators(was, before, Truth::Yes).is_empty() {
            return Some(Refusal::NoAdmin { space: key.clone() });
        }
        // If the caller's groups are unknown, its only group may be one of those that lose the permission.
        let through: BTreeSet<Principal> =
            were.into_iter().filter(|who| may_be_callers_own(who, before)).collect();
        let is_lockout =
            !through.is_subset(&are) && !are.iter().any(|who| is_caller(who, after) == Truth::Yes);
        is_lockout.then(|| Refusal::Lockout { space: key.clone(), through })
    };
    after.spaces.par_iter().filter_map(in_space).collect()
}

/// The principals that administer a space, or may.
fn administrators(space: &LiveSpace, live: &Live, at_least: Truth) -> BTreeSet<Principal> {
    let holders = space.holders(Permission::AdministerSpace, &live.roles);
    holders.filter(|(.., administers)| *administers >= at_least).map(|(who, ..)| who.clone()).collect()
}
