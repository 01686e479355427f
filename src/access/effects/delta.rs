//! What becomes of sets of people, and which people share all that becomes of them.

use std::collections::{BTreeMap, HashMap};

use roaring::RoaringBitmap;

use super::{Certainty, Direction};
use crate::access::reach::Reach;

/// The difference between two sets, told for those whom it surely touches and those whom it may.
#[derive(Debug, Default)]
pub(super) struct Delta {
    lost: Reach,
    gained: Reach,
}

impl Delta {
    pub(super) fn between(before: &Reach, after: &Reach) -> Self {
        if before == after {
            return Self::default();
        }
        Self { lost: gone(before, after), gained: gone(after, before) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lost.is_empty() && self.gained.is_empty()
    }

    /// The four ways in which somebody can be touched, with those whom each touches.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Turn, &RoaringBitmap)> {
        use Certainty::{Perhaps, Sure};
        use Direction::{Gains, Loses};
        [
            (Turn { direction: Loses, certainty: Sure }, &self.lost.sure),
            (Turn { direction: Loses, certainty: Perhaps }, &self.lost.perhaps),
            (Turn { direction: Gains, certainty: Sure }, &self.gained.sure),
            (Turn { direction: Gains, certainty: Perhaps }, &self.gained.perhaps),
        ]
        .into_iter()
        .filter(|(_, parties)| !parties.is_empty())
    }

    pub(super) fn touches(&self, direction: Direction, parties: &RoaringBitmap) -> bool {
        let touched = match direction {
            Direction::Loses => &self.lost,
            Direction::Gains => &self.gained,
        };
        !touched.sure.is_disjoint(parties) || !touched.perhaps.is_disjoint(parties)
    }
}

/// Which way, and whether for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Turn {
    pub(super) direction: Direction,
    pub(super) certainty: Certainty,
}

/// Yes to no is a loss; yes to perhaps and perhaps to no may be one.
fn gone(before: &Reach, after: &Reach) -> Reach {
    let sure = &before.sure - after.any();
    let perhaps = (&before.sure & &after.perhaps) | (&before.perhaps - after.any());
    Reach { sure, perhaps }
}

/// Sorts people by everything that becomes of them.
///
/// Fed one mark and its bearers after the other, it keeps for each person the number of the marks so
/// far, where numbers form a trie: people with the same marks have the same number. The cost is that of
/// reading the sets once.
#[derive(Debug)]
pub(super) struct Sorter<M> {
    /// Mark and what came before it; number 0 is nobody's.
    nodes: Vec<(usize, M)>,
    next: HashMap<(usize, usize), usize>,
    number: BTreeMap<u32, usize>,
    marks: usize,
}

impl<M: Clone> Sorter<M> {
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), next: HashMap::new(), number: BTreeMap::new(), marks: 0 }
    }

    pub(super) fn mark(&mut self, mark: &M, bearers: &RoaringBitmap) {
        self.marks += 1;
        for party in bearers {
            let number = self.number.entry(party).or_default();
            let nodes = &mut self.nodes;
            *number = *self.next.entry((*number, self.marks)).or_insert_with(|| {
                nodes.push((*number, mark.clone()));
                nodes.len()
            });
        }
    }

    /// Those who share all their marks, with the marks in the order in which they came.
    pub(super) fn classes(&self) -> Vec<(RoaringBitmap, Vec<M>)> {
        let mut bearers: BTreeMap<usize, RoaringBitmap> = BTreeMap::new();
        for (party, number) in &self.number {
            bearers.entry(*number).or_default().insert(*party);
        }
        bearers.into_iter().map(|(number, parties)| (parties, self.marks_of(number))).collect()
    }

    fn marks_of(&self, mut number: usize) -> Vec<M> {
        let mut marks = Vec::new();
        while let Some((before, mark)) = number.checked_sub(1).and_then(|at| self.nodes.get(at)) {
            marks.push(mark.clone());
            number = *before;
        }
        marks.reverse();
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_with_the_same_marks_are_one_class() {
        let mut sorter = Sorter::new();
        sorter.mark(&'a', &RoaringBitmap::from_iter([1, 2, 3, 7]));
        sorter.mark(&'b', &RoaringBitmap::from_iter([2, 3, 4]));
        let classes: Vec<(Vec<u32>, String)> = sorter
            .classes()
            .into_iter()
            .map(|(parties, marks)| (parties.iter().collect(), marks.into_iter().collect()))
            .collect();
        assert_eq!(
            classes,
            [(vec![1, 7], "a".to_owned()), (vec![2, 3], "ab".to_owned()), (vec![4], "b".to_owned())]
        );
    }

    #[test]
    fn from_perhaps_to_no_is_perhaps_a_loss() {
        let perhaps = Reach::one(1).doubted();
        let delta = Delta::between(&perhaps, &Reach::default());
        let parts: Vec<_> = delta.parts().map(|(turn, _)| (turn.direction, turn.certainty)).collect();
        assert_eq!(parts, [(Direction::Loses, Certainty::Perhaps)]);
        assert!(Delta::between(&perhaps, &perhaps).is_empty());
    }
}
