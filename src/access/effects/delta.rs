//! What becomes of sets of people, and which people share all that becomes of them.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::{Certainty, Direction};
use crate::access::reach::Reach;

/// The difference between two sets, for those that it surely touches and those that it may.
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

    /// The ways in which any are touched, with those that are.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Turn, &RoaringBitmap)> {
        let all = Turn::ALL.into_iter().map(|turn| (turn, self.part(turn)));
        all.filter(|(_, parties)| !parties.is_empty())
    }

    /// Those that are touched in this way.
    pub(super) const fn part(&self, turn: Turn) -> &RoaringBitmap {
        let touched = self.to(turn.direction);
        match turn.certainty {
            Certainty::Sure => &touched.sure,
            Certainty::Perhaps => &touched.perhaps,
        }
    }

    const fn to(&self, direction: Direction) -> &Reach {
        match direction {
            Direction::Loses => &self.lost,
            Direction::Gains => &self.gained,
        }
    }

    /// Whether anyone goes that way.
    pub(super) fn moves(&self, direction: Direction) -> bool {
        !self.to(direction).is_empty()
    }

    pub(super) fn touches(&self, direction: Direction, parties: &RoaringBitmap) -> bool {
        let touched = self.to(direction);
        !touched.sure.is_disjoint(parties) || !touched.perhaps.is_disjoint(parties)
    }
}

/// Which way, and whether for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Turn {
    pub(super) direction: Direction,
    pub(super) certainty: Certainty,
}

impl Turn {
    pub(super) const ALL: [Self; 4] = [
        Self { direction: Direction::Loses, certainty: Certainty::Sure },
        Self { direction: Direction::Loses, certainty: Certainty::Perhaps },
        Self { direction: Direction::Gains, certainty: Certainty::Sure },
        Self { direction: Direction::Gains, certainty: Certainty::Perhaps },
    ];
}

/// Yes to no is a loss; yes to perhaps and perhaps to no may be one.
fn gone(before: &Reach, after: &Reach) -> Reach {
    let sure = &before.sure - after.any();
    let perhaps = (&before.sure & &after.perhaps) | (&before.perhaps - after.any());
    Reach { sure, perhaps }
}

/// Sorts people by everything that becomes of them.
///
/// Fed one mark and its bearers after the other, it keeps people together as long as they share all marks.
/// A mark looks at its bearers or at the classes so far, whichever are fewer, and where it tears a class
/// apart, the smaller part moves out, so that no person moves often.
#[derive(Debug)]
pub(super) struct PartitionRefinement<M> {
    classes: Vec<Class>,
    /// The class of each person; `NONE` for people without a mark.
    class_of: Vec<u32>,
    /// A mark and what came before it. Those without a mark are at 0, all others at the place of
    /// their last mark plus one.
    marks: Vec<(usize, M)>,
}

#[derive(Debug)]
struct Class {
    parties: RoaringBitmap,
    marked: usize,
}

const NONE: u32 = u32::MAX;

impl<M: Clone> PartitionRefinement<M> {
    pub(super) const fn new() -> Self {
        Self { classes: Vec::new(), class_of: Vec::new(), marks: Vec::new() }
    }

    pub(super) fn mark(&mut self, mark: &M, bearers: &RoaringBitmap) {
        let Some(last) = bearers.max() else { return };
        if self.class_of.len() <= last as usize {
            self.class_of.resize(last as usize + 1, NONE);
        }
        let mut new = RoaringBitmap::new();
        let parts: Vec<(usize, RoaringBitmap)> = if bearers.len() < self.classes.len() as u64 {
            let mut parts: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
            for party in bearers {
                let class = self.class_of[party as usize];
                let part = if class == NONE { &mut new } else { parts.entry(class).or_default() };
                part.insert(party);
            }
            parts.into_iter().map(|(class, part)| (class as usize, part)).collect()
        } else {
            new.clone_from(bearers);
            let mut parts = Vec::new();
            for (number, class) in self.classes.iter().enumerate() {
                let part = &class.parties & bearers;
                if !part.is_empty() {
                    new -= &part;
                    parts.push((number, part));
                }
            }
            parts
        };
        for (class, part) in parts {
            let marked = self.after(self.classes[class].marked, mark);
            let class = &mut self.classes[class];
            let whole = class.parties.len();
            if part.len() == whole {
                class.marked = marked;
                continue;
            }
            class.parties -= &part;
            let mut other = Class { parties: part, marked };
            if other.parties.len() > whole / 2 {
                std::mem::swap(class, &mut other);
            }
            self.found(other);
        }
        if !new.is_empty() {
            let marked = self.after(0, mark);
            self.found(Class { parties: new, marked });
        }
    }

    /// The place of a mark that comes after others.
    fn after(&mut self, before: usize, mark: &M) -> usize {
        self.marks.push((before, mark.clone()));
        self.marks.len()
    }

    fn found(&mut self, class: Class) {
        let number = u32::try_from(self.classes.len()).unwrap_or(NONE);
        for party in &class.parties {
            self.class_of[party as usize] = number;
        }
        self.classes.push(class);
    }

    /// Those who share all their marks, with the marks in the order in which they came; the class of
    /// the person with the smallest number first.
    pub(super) fn classes(self) -> Vec<(RoaringBitmap, Vec<M>)> {
        let marks = self.marks;
        let marks_of = |mut at: usize| {
            let mut found = Vec::new();
            while let Some((before, mark)) = at.checked_sub(1).and_then(|place| marks.get(place)) {
                found.push(mark.clone());
                at = *before;
            }
            found.reverse();
            found
        };
        let mut classes: Vec<(RoaringBitmap, Vec<M>)> =
            self.classes.into_iter().map(|class| (class.parties, marks_of(class.marked))).collect();
        classes.sort_by_key(|(parties, _)| parties.min());
        classes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_with_the_same_marks_are_one_class() {
        let mut refinement = PartitionRefinement::new();
        refinement.mark(&'a', &RoaringBitmap::from_iter([1, 2, 3, 7]));
        refinement.mark(&'b', &RoaringBitmap::from_iter([2, 3, 4]));
        let classes: Vec<(Vec<u32>, String)> = refinement
            .classes()
            .into_iter()
            .map(|(parties, marks)| (parties.iter().collect(), marks.into_iter().collect()))
            .collect();
        assert_eq!(
            classes,
            [(vec![1, 7], "a".to_owned()), (vec![2, 3], "ab".to_owned()), (vec![4], "b".to_owned())]
        );
    }

    proptest! {
        #[test]
        fn people_share_a_class_just_when_they_share_all_marks(
            marks in proptest::collection::vec(proptest::collection::btree_set(0..40_u32, 0..40), 0..40),
        ) {
            let mut refinement = PartitionRefinement::new();
            let mut alone: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            for (mark, bearers) in marks.iter().enumerate() {
                refinement.mark(&mark, &bearers.iter().collect());
                for party in bearers {
                    alone.entry(*party).or_default().push(mark);
                }
            }
            let mut together: BTreeMap<Vec<usize>, RoaringBitmap> = BTreeMap::new();
            for (party, marks) in alone {
                together.entry(marks).or_default().insert(party);
            }
            let classes = refinement.classes();
            prop_assert_eq!(classes.len(), together.len());
            for (parties, marks) in classes {
                prop_assert_eq!(Some(&parties), together.get(&marks));
            }
        }
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
