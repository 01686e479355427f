//! Sets of calls that stand on one side of many conflicts: "none of these before all of those" is one conflict between
//! the first of a set and the last of another, where it would be as many conflicts as there are pairs.
//!
//! A barrier is numbered after all calls and is ordered like one. The first of a set comes before all its members, and
//! is only ever done in a conflict; the last comes after all of them, and is only ever pending. Once there is an order,
//! the member that comes first or last in it takes the place of the barrier, and the other members are gathered to it.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::super::document::EdgeReason;
use super::super::numbered::Numbered;
use super::atoms::single;
use super::conflict::Conflict;

/// Which of a set of calls is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Extreme {
    /// Done as soon as one of them is.
    First,
    /// Pending as long as one of them is.
    Last,
}

/// A barrier with the calls beside which it belongs: all of them wait for it, or it waits for all of them.
#[derive(Debug, Clone)]
pub(super) struct Barrier {
    pub(super) number: usize,
    pub(super) end: Extreme,
    pub(super) members: Vec<usize>,
}

/// The barriers of one space.
#[derive(Debug, Default)]
pub(super) struct Barriers {
    /// So many calls are numbered before them.
    calls: usize,
    all: Numbered<(Extreme, Vec<usize>)>,
}

impl Barriers {
    /// None yet, for so many calls.
    pub(super) fn beside(calls: usize) -> Self {
        Self { calls, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.all.all().len()
    }

    /// The number of the first or the last of these calls, which are ascending.
    pub(super) fn number(&mut self, end: Extreme, members: Vec<usize>) -> usize {
        if let [only] = members[..] { only } else { self.calls + self.all.number((end, members)) }
    }

    /// What a number stands for, if not for a call.
    fn get(&self, number: usize) -> Option<&(Extreme, Vec<usize>)> {
        self.all.all().get(number.checked_sub(self.calls)?)
    }

    /// The calls that a number stands for.
    pub(super) fn members<'b>(&'b self, number: &'b usize) -> &'b [usize] {
        self.get(*number).map_or(std::slice::from_ref(number), |(_, members)| members)
    }

    /// Adds for each barrier the priority of the members that it stands next to.
    pub(super) fn add_priorities(&self, priorities: &mut Vec<u8>) {
        for (end, members) in self.all.all() {
            let of_members = members.iter().map(|call| priorities[*call]);
            let priority = match end {
                Extreme::First => of_members.min(),
                Extreme::Last => of_members.max(),
            };
            priorities.push(priority.unwrap_or_default());
        }
    }

    /// Each barrier by its number, with its members.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, Extreme, &[usize])> {
        (self.calls..).zip(self.all.all()).map(|(number, (end, members))| (number, *end, &members[..]))
    }

    /// The same conflicts between calls alone, as they are kept by an order with these places of the calls.
    pub(super) fn settled(&self, conflicts: &[Conflict], places: &[usize]) -> Vec<Conflict> {
        let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
        let mut end = |number: &mut usize| {
            let Some((end, members)) = self.get(*number) else { return };
            let by_place = |call: &usize| places[*call];
            let member = ends.entry(*number).or_insert_with(|| {
                let members = members.iter().copied();
                let member = match end {
                    Extreme::First => members.min_by_key(by_place),
                    Extreme::Last => members.max_by_key(by_place),
                };
                member.unwrap_or(*number)
            });
            *number = *member;
        };
        let mut settled = conflicts.to_vec();
        for conflict in &mut settled {
            conflict.done.iter_mut().chain(&mut conflict.pending).for_each(&mut end);
        }
        // Many barriers have most of their members in common, and the same one first or last.
        let mut gathered: BTreeMap<(Extreme, usize), RoaringBitmap> = BTreeMap::new();
        for (number, at) in ends {
            let Some((end, members)) = self.get(number) else { continue };
            gathered.entry((*end, at)).or_default().extend(members.iter().copied().map(single));
        }
        for ((end, at), members) in gathered {
            let others = members.into_iter().map(|member| member as usize).filter(|member| *member != at);
            settled.extend(others.map(|member| match end {
                Extreme::First => Conflict::edge(at, member, EdgeReason::Gather),
                Extreme::Last => Conflict::edge(member, at, EdgeReason::Gather),
            }));
        }
        settled
    }
}
