//! Orders the calls that grant the account a permission before the calls that need it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, Holding, Live, LiveSpace, Permission, Truth};

use super::draft::Draft;
use super::rights::{Rights, is_caller, needed};

/// Makes calls of one space wait for those that give the account what they need and it does not surely have. `first`
/// is the number of the first of these drafts among all.
pub(super) fn wait_for_rights(drafts: &mut [Draft], first: usize, space: &LiveSpace, live: &Live) {
    let rights = Rights::of(space, live);
    let mut known: BTreeMap<(bool, Vec<Permission>), BTreeSet<usize>> = BTreeMap::new();
    for number in 0..drafts.len() {
        let call = &drafts[number].call;
        // Roles before rows before lists, so that no two calls wait for each other.
        let is_row = match call {
            Call::AssignRoles { .. } => continue,
            Call::Grant { .. } | Call::Revoke { .. } => true,
            Call::Restrict { .. } => false,
        };
        for any_of in needed(call, space, live) {
            if rights.has(&any_of) == Truth::Yes {
                continue;
            }
            let givers = known
                .entry((is_row, any_of))
                .or_insert_with_key(|(_, any_of)| givers(drafts, is_row, any_of, first, live));
            let givers = givers.clone();
            drafts[number].needs.extend(givers);
        }
    }
}

/// The first call that surely gives one of these permissions to the account; where there is none, all that may.
fn givers(
    drafts: &[Draft],
    by_role_only: bool,
    any_of: &[Permission],
    first: usize,
    live: &Live,
) -> BTreeSet<usize> {
    let mut perhaps = BTreeSet::new();
    for (number, draft) in drafts.iter().enumerate() {
        let is_waited_for = !(by_role_only && matches!(draft.call, Call::Grant { .. }));
        match gives(&draft.call, any_of, live).min(is_waited_for.into()) {
            Truth::Yes => return BTreeSet::from([first + number]),
            Truth::Unknown => drop(perhaps.insert(first + number)),
            Truth::No => {}
        }
    }
    perhaps
}

/// Whether a call gives one of these permissions to the account.
pub(super) fn gives(call: &Call, any_of: &[Permission], live: &Live) -> Truth {
    match call {
        Call::Grant { principal, permission, .. } => {
            let mut given = std::iter::once(permission).chain(permission.companions());
            Truth::from(given.any(|given| any_of.contains(given))).min(is_caller(principal, live))
        }
        Call::AssignRoles { roles, .. } => {
            let roles = roles.iter().filter_map(|(principal, role)| Some((principal, role.clone()?)));
            let given = roles.map(|(principal, role)| {
                let role = Holding::Role(role);
                let given = any_of.iter().map(|permission| role.gives(*permission, &live.roles)).max();
                given.unwrap_or(Truth::No).min(is_caller(principal, live))
            });
            given.max().unwrap_or(Truth::No)
        }
        Call::Revoke { .. } | Call::Restrict { .. } => Truth::No,
    }
}
