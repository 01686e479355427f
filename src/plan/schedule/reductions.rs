//! Which calls take something from the account that runs this. Where conflicts leave a choice they come last.

use crate::model::{Call, PageList, Principal, Restrictions, Subject, Truth};

use super::super::rights::{is_caller, may_be_callers_own};
use super::space::{Node, Space};

/// Whether a call takes something from the account that runs this, be it only one of two ways to it.
pub(super) fn takes_from_caller(node: &Node, space: &Space<'_>) -> bool {
    let lost = |principal: &Principal| may_be_callers_own(principal, space.live);
    match &node.call {
        Call::Grant { .. } => false,
        // A row that is not there yet is a companion that no principal was promised.
        Call::Revoke { principal, grant, .. } => grant.is_some() && lost(principal),
        Call::AssignRoles { roles, .. } => {
            roles.keys().filter(|principal| lost(principal)).any(|principal| {
                let roles = &space.live.roles;
                let before = space.before.may_give(principal, roles);
                !before.is_subset(&space.after.surely_gives(principal, roles))
            })
        }
        Call::Restrict { before, after, .. } => PageList::ALL
            .iter()
            .any(|&list| lists_caller(before, list, space) && !lists_caller(after, list, space)),
    }
}

fn lists_caller(lists: &Restrictions, list: PageList, space: &Space<'_>) -> bool {
    let names = |subject: &Subject| is_caller(&subject.clone().into(), space.live) == Truth::Yes;
    let audience = lists.audience(list);
    audience.is_anyone() || audience.subjects().any(names)
}
