//! The order that is tried first, as far as conflicts leave a choice.

use std::collections::BTreeSet;

use crate::model::{Call, PageList};

use super::barriers::Barriers;
use super::conflict::Conflict;
use super::middle::narrows;
use super::reductions::takes_from_caller;
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
