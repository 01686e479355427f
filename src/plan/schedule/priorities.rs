//! The order that is tried first, as far as conflicts leave a choice.

use std::collections::BTreeSet;

use crate::model::{Audience, Call, PageList, Principal, Restrictions, Subject, Truth};

use super::super::rights::{is_caller, may_be_callers_own};
use super::barriers::Barriers;
use super::conflict::Conflict;
use super::space::{Node, Space};

/// The order that people would choose, and the first that is tried.
#[derive(Clone, Copy)]
enum Priority {
    ClosePage,
    LetIn,
    ShutOut,
    OpenPage,
    /// Takes something from the caller, who goes on with what is left; but other calls wait for it.
    TakeFromCaller,
    /// The same, and no call needs it.
    TakeFromCallerUnneeded,
}

/// The priority of each call and each barrier; the lower ones are tried first.
pub(super) fn priorities(
    space: &Space<'_>,
    nodes: &[Node],
    conflicts: &[Conflict],
    barriers: &Barriers,
) -> Vec<u8> {
    let mut waited_for = vec![false; nodes.len()];
    let pending: BTreeSet<&usize> = conflicts.iter().flat_map(|conflict| &conflict.pending).collect();
    for &call in pending.into_iter().flat_map(|number| barriers.members(number)) {
        waited_for[call] = true;
    }
    let priority = |node: &Node| match &node.call {
        Call::Restrict { before, after, .. } => {
            let closes =
                PageList::ALL.iter().any(|&list| narrows(before.audience(list), after.audience(list)));
            if closes { Priority::ClosePage } else { Priority::OpenPage }
        }
        Call::Grant { .. } | Call::AssignRoles { .. } => Priority::LetIn,
        Call::Revoke { .. } => Priority::ShutOut,
    };
    // Where everything else is stuck, one that others wait for goes before one that no call needs.
    let last = |call: usize| {
        if waited_for[call] { Priority::TakeFromCaller } else { Priority::TakeFromCallerUnneeded }
    };
    let takes = |node: &Node| takes_from_caller(node, space);
    let calls = nodes.iter().enumerate();
    let mut priorities: Vec<u8> =
        calls.map(|(call, node)| if takes(node) { last(call) } else { priority(node) } as u8).collect();
    barriers.add_priorities(&mut priorities);
    priorities
}

/// Whether a call takes something from the account that runs this, be it only one of two ways to it.
fn takes_from_caller(node: &Node, space: &Space<'_>) -> bool {
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

/// Whether a change of a list shuts a member out.
fn narrows(before: &Audience, after: &Audience) -> bool {
    match (before, after) {
        (_, Audience::Anyone) => false,
        (Audience::Anyone, Audience::Only(_)) => true,
        (Audience::Only(before), Audience::Only(after)) => !before.as_set().is_subset(after.as_set()),
    }
}
