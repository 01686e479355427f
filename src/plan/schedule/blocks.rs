//! Calls that are made back to back: one, and what puts its side effect right. They are ordered as one.

use std::collections::HashMap;

use super::barriers::{Barrier, Barriers};
use super::conflict::Conflict;
use super::order::{Ordered, order};
use super::space::{Node, Space};

/// The calls of a space in blocks, in which they stand in their order.
#[derive(Debug)]
pub(super) struct Blocks {
    calls: Vec<Vec<usize>>,
    /// The block of each call.
    of_call: Vec<usize>,
    /// Where the barriers belong, whatever else is kept.
    gathered: Vec<Barrier>,
}

impl Blocks {
    /// Each barrier beside the calls is a block of its own.
    pub(super) fn of(space: &Space<'_>, nodes: &[Node], barriers: &Barriers) -> Self {
        let undoes = |node: &Node| space.drafts[node.draft].undoes;
        let mut calls: Vec<Vec<usize>> = Vec::with_capacity(nodes.len());
        let mut of_draft: HashMap<usize, usize> = HashMap::new();
        for (number, node) in nodes.iter().enumerate().filter(|(_, node)| undoes(node).is_none()) {
            of_draft.insert(node.draft, calls.len());
            calls.push(vec![number]);
        }
        for (number, node) in nodes.iter().enumerate() {
            let Some(producer) = undoes(node) else { continue };
            match of_draft.get(&producer) {
                Some(&block) => calls[block].push(number),
                None => calls.push(vec![number]),
            }
        }
        calls.extend((0..barriers.len()).map(|barrier| vec![nodes.len() + barrier]));
        let mut of_call = vec![0; nodes.len() + barriers.len()];
        for (block, calls) in calls.iter().enumerate() {
            for &call in calls {
                of_call[call] = block;
            }
        }
        let gathered = barriers.all().map(|(number, end, members)| {
            let members = members.iter().map(|call| of_call[*call]).collect();
            Barrier { number: of_call[number], end, members }
        });
        Self { calls, gathered: gathered.collect(), of_call }
    }

    /// All calls, block by block, by the first call of each.
    pub(super) fn by<K: Ord>(&self, key: impl Fn(usize) -> K) -> Vec<usize> {
        let mut blocks: Vec<&Vec<usize>> = self.calls.iter().collect();
        blocks.sort_by_key(|calls| key(calls[0]));
        blocks.into_iter().flatten().copied().collect()
    }

    /// An order of all calls and barriers that breaks none of the conflicts to be kept. Of the soft ones it keeps as many as go, in
    /// halves and halves of these, and they join the others.
    pub(super) fn order(
        &self,
        kept: &mut Vec<Conflict>,
        soft: &[Conflict],
        priorities: &[u8],
        walked: usize,
    ) -> Ordered {
        let priorities: Vec<u8> = self.calls.iter().map(|calls| priorities[calls[0]]).collect();
        let mut between: Vec<Conflict> = kept.iter().filter_map(|conflict| self.between(conflict)).collect();
        let ordered =
            |between: &[Conflict]| order(self.calls.len(), between, &self.gathered, &priorities, walked);
        let mut found = match ordered(&between) {
            Ordered::Order(order) => order,
            Ordered::Stuck { core, proven } => {
                let core = core.into_iter().flat_map(|block| self.calls[block].iter().copied()).collect();
                return Ordered::Stuck { core, proven };
            }
        };
        let mut waiting = vec![soft];
        while let Some(some) = waiting.pop() {
            let length = between.len();
            between.extend(some.iter().filter_map(|conflict| self.between(conflict)));
            if let Ordered::Order(order) = ordered(&between) {
                found = order;
                kept.extend(some.iter().cloned());
                continue;
            }
            between.truncate(length);
            if some.len() > 1 {
                let (first, second) = some.split_at(some.len() / 2);
                waiting.extend([second, first]);
            }
        }
        Ordered::Order(found.into_iter().flat_map(|block| self.calls[block].iter().copied()).collect())
    }

    /// A conflict between calls as one between blocks; `None` for a state in which a block is done to the end and not
    /// begun, or one that is only there while a block is under way and ends with it.
    fn between(&self, conflict: &Conflict) -> Option<Conflict> {
        let blocks = |calls: &[usize]| -> Vec<usize> {
            let mut blocks: Vec<usize> = calls.iter().map(|call| self.of_call[*call]).collect();
            blocks.sort_unstable();
            blocks.dedup();
            blocks
        };
        let (done, mut pending) = (blocks(&conflict.done), blocks(&conflict.pending));
        let place = |call: &usize| self.calls[self.of_call[*call]].iter().position(|other| other == call);
        let is_never = conflict.done.iter().any(|done| {
            let mut same = conflict.pending.iter().filter(|call| self.of_call[**call] == self.of_call[*done]);
            same.any(|pending| place(pending) < place(done))
        });
        // Where the block is under way and the call that ends the state is the next, the block as a whole is what
        // must not be done then.
        pending.retain(|block| done.binary_search(block).is_err());
        (!is_never).then(|| Conflict { pending, done, ..conflict.clone() })
    }
}
