//! The order that is tried first, as far as conflicts leave a choice.

use std::collections::BTreeSet;

use crate::model::{Call, PageList};

use super::barriers::Barriers;
use super::conflicts::Conflict;
use super::middle::narrows;
use super::reductions::takes_from_caller;
use super::space::{Node, Space};

/// The order that people would choose, and the first that is tried: close pages, let in, shut out, open pages, and
/// what takes something from the caller last of all.
pub(super) fn priorities(
    space: &Space<'_>,
    nodes: &[Node],
    conflicts: &[Conflict],
    barriers: &Barriers,
) -> Vec<u8> {
    const LAST: u8 = 5;
    let mut waited_for = vec![false; nodes.len()];
    let pending: BTreeSet<&usize> = conflicts.iter().flat_map(|conflict| &conflict.pending).collect();
    for &call in pending.into_iter().flat_map(|number| barriers.members(number)) {
        waited_for[call] = true;
    }
    let priority = |node: &Node| match &node.call {
        Call::Restrict { before, after, .. } => {
            let closes =
                PageList::ALL.iter().any(|&list| narrows(before.audience(list), after.audience(list)));
            if closes { 1 } else { 4 }
        }
        Call::Grant { .. } | Call::AssignRoles { .. } => 2,
        Call::Revoke { .. } => 3,
    };
    // Where everything else is stuck, one that others wait for goes before one that no call needs.
    let last = |call: usize| LAST + u8::from(!waited_for[call]);
    let takes = |node: &Node| takes_from_caller(node, space);
    let calls = nodes.iter().enumerate();
    let mut priorities: Vec<u8> =
        calls.map(|(call, node)| if takes(node) { last(call) } else { priority(node) }).collect();
    barriers.add_priorities(&mut priorities);
    priorities
}
