//! Finds an order without a conflict: "not all of `done` before any of `pending`".
//!
//! Two greedy searches, one from each end. Forward, whatever completes no conflict is made. If every conflict has a
//! single call in `done`, what may be made next only grows with what is made, so this finds an order or there is
//! none. Backward, whatever leaves no conflict is taken back, and the same is true where every conflict has a single
//! call in `pending`. Being stuck on *part* of the conflicts proves that there is no order for all of them. With
//! conflicts of both sorts the question is NP-complete (Betweenness), and sites are far tamer: behind the two stands
//! only a walk over the sets of few calls.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::barriers::{Barrier, Extreme};
use super::conflict::Conflict;

/// What came of looking for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ordered {
    Order(Vec<usize>),
    /// Both searches came to a dead end.
    Stuck {
        /// The calls that neither of them reached; those that one of them did not, if there are none.
        core: BTreeSet<usize>,
        /// Whether it is known that there is no order.
        proven: bool,
    },
}

/// An order of `count` calls; among those that are possible, calls earlier in `priority` go first. Of at most `walked` calls,
/// every set is considered.
pub(super) fn order(
    count: usize,
    conflicts: &[Conflict],
    gathered: &[Barrier],
    priority: &[u8],
    walked: usize,
) -> Ordered {
    let rules: Vec<WaitingCondition<'_>> = conflicts.iter().map(WaitingCondition::of).collect();
    let finder = OrderFinder { count, gathered, priority };
    // A state that no call leads to, or none ends, cannot be avoided.
    let lasting = |rule: &&WaitingCondition<'_>| rule.done.is_empty() || rule.pending.is_empty();
    if let Some(rule) = rules.iter().find(lasting) {
        return Ordered::Stuck {
            core: rule.done.iter().chain(rule.pending).copied().collect(),
            proven: true,
        };
    }
    let first = finder.forward(&rules);
    if first.len() == count {
        return Ordered::Order(first);
    }
    let last = finder.backward(&rules);
    if last.len() == count {
        return Ordered::Order(last);
    }
    let mut reached = vec![0_u8; count];
    first.iter().chain(&last).for_each(|call| reached[*call] += 1);
    let fewest = reached.iter().copied().min().unwrap_or_default();
    let core: BTreeSet<usize> = (0..count).filter(|call| reached[*call] == fewest).collect();
    if count <= walked {
        return finder.walk(&rules).map_or(Ordered::Stuck { core, proven: true }, Ordered::Order);
    }
    let with_one = |side: fn(&WaitingCondition<'_>) -> usize| -> Vec<WaitingCondition<'_>> {
        rules.iter().copied().filter(|rule| side(rule) == 1).collect()
    };
    let proven = finder.forward(&with_one(|rule| rule.done.len())).len() < count
        || finder.backward(&with_one(|rule| rule.pending.len())).len() < count;
    Ordered::Stuck { core, proven }
}

/// Where each call stands in an order.
pub(super) fn places(order: &[usize]) -> Vec<usize> {
    let mut places = vec![0; order.len()];
    for (place, &call) in order.iter().enumerate() {
        places[call] = place;
    }
    places
}

/// All of `done` wait for one of `pending`: the state with the former made and none of the latter must not be. The name
/// is that of the literature on AND/OR precedence constraints.
#[derive(Debug, Clone, Copy)]
struct WaitingCondition<'a> {
    done: &'a [usize],
    pending: &'a [usize],
}

impl<'a> WaitingCondition<'a> {
    fn of(conflict: &'a Conflict) -> Self {
        Self { done: &conflict.done, pending: &conflict.pending }
    }
}

/// Looks for an order of so many calls and barriers.
struct OrderFinder<'a> {
    count: usize,
    gathered: &'a [Barrier],
    /// Of what is possible, calls of the lowest go first.
    priority: &'a [u8],
}

impl OrderFinder<'_> {
    /// From the state in which nothing is made.
    fn forward(&self, rules: &[WaitingCondition<'_>]) -> Vec<usize> {
        greedy(self.count, rules, &self.waiting(Extreme::First), |call| (self.priority[call], call))
    }

    /// From the state in which all is made, which is the same with both sides exchanged.
    fn backward(&self, rules: &[WaitingCondition<'_>]) -> Vec<usize> {
        let exchanged: Vec<WaitingCondition<'_>> =
            rules.iter().map(|rule| WaitingCondition { done: rule.pending, pending: rule.done }).collect();
        let rank = |call| Reverse((self.priority[call], call));
        let mut order = greedy(self.count, &exchanged, &self.waiting(Extreme::Last), rank);
        order.reverse();
        order
    }

    /// For each call the others that wait for it alone, where the members of these barriers wait for them, and the other
    /// barriers for their members.
    fn waiting(&self, waited_for: Extreme) -> Vec<Vec<usize>> {
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); self.count];
        for Barrier { number, end, members } in self.gathered {
            if *end == waited_for {
                waiting[*number].extend(members);
            } else {
                for &call in members {
                    waiting[call].push(*number);
                }
            }
        }
        waiting
    }

    /// Walks the sets of calls that can be made without a conflict, each set once.
    fn walk(&self, rules: &[WaitingCondition<'_>]) -> Option<Vec<usize>> {
        let Self { count, priority, .. } = *self;
        let bits = |calls: &[usize]| calls.iter().fold(0_u32, |bits, call| bits | 1 << call);
        let mut rules: Vec<(u32, u32)> =
            rules.iter().map(|rule| (bits(rule.pending), bits(rule.done))).collect();
        for (first, waiting) in self.waiting(Extreme::First).iter().enumerate() {
            rules.extend(waiting.iter().map(|last| (1 << first, 1 << last)));
        }
        let all = (1_u32 << count) - 1;
        let mut by_priority: Vec<usize> = (0..count).collect();
        by_priority.sort_by_key(|&call| (priority[call], call));

        let mut seen = vec![false; 1 << count];
        let mut path: Vec<(u32, usize)> = vec![(0, 0)];
        let mut order = Vec::new();
        while let Some(&mut (done, ref mut next)) = path.last_mut() {
            if done == all {
                return Some(order);
            }
            let Some(&call) = by_priority.get(*next) else {
                path.pop();
                order.pop();
                continue;
            };
            *next += 1;
            let with = done | 1 << call;
            let fine = with != done
                && !seen[with as usize]
                && rules.iter().all(|&(pending, done)| done & with != done || pending & with != 0);
            if fine {
                seen[with as usize] = true;
                path.push((with, 0));
                order.push(call);
            }
        }
        None
    }
}

/// Makes whatever completes no conflict, the first by `rank` first, until all is made or it comes to a dead end. Linear
/// in the size of the conflicts.
fn greedy<R: Ord>(
    count: usize,
    rules: &[WaitingCondition<'_>],
    waiting: &[Vec<usize>],
    rank: impl Fn(usize) -> R,
) -> Vec<usize> {
    let mut as_pending: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut as_done: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut left: Vec<usize> = rules.iter().map(|rule| rule.done.len()).collect();
    let mut satisfied = vec![false; rules.len()];
    // How many conflicts a call would complete: it is the last of their `done`, and none of `pending` is made.
    let mut completes = vec![0_usize; count];
    for (number, rule) in rules.iter().enumerate() {
        for &call in rule.pending {
            as_pending[call].push(number);
        }
        for &call in rule.done {
            as_done[call].push(number);
        }
        if let (1, Some(&only)) = (rule.done.len(), rule.done.first()) {
            completes[only] += 1;
        }
    }
    waiting.iter().flatten().for_each(|call| completes[*call] += 1);
    let mut order = Vec::with_capacity(count);
    let mut done = vec![false; count];
    let mut ready: BTreeMap<R, usize> =
        (0..count).filter(|&call| completes[call] == 0).map(|call| (rank(call), call)).collect();
    while let Some((_, call)) = ready.pop_first() {
        if completes[call] > 0 {
            continue;
        }
        done[call] = true;
        order.push(call);
        for &other in &waiting[call] {
            completes[other] -= 1;
            if completes[other] == 0 {
                ready.insert(rank(other), other);
            }
        }
        for &number in &as_pending[call] {
            if !std::mem::replace(&mut satisfied[number], true)
                && left[number] == 1
                && let Some(&last) = rules[number].done.iter().find(|last| !done[**last])
            {
                completes[last] -= 1;
                if completes[last] == 0 {
                    ready.insert(rank(last), last);
                }
            }
        }
        for &number in &as_done[call] {
            left[number] -= 1;
            if left[number] == 1
                && !satisfied[number]
                && let Some(&last) = rules[number].done.iter().find(|last| !done[**last])
            {
                completes[last] += 1;
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::document::EdgeReason;
    use super::super::gates::State;
    use super::*;

    const MOST: usize = 8;
    const WALKED: usize = 16;

    fn abstract_conflicts() -> impl Strategy<Value = (usize, Vec<Conflict>, Vec<u8>)> {
        (2..=MOST).prop_flat_map(|count| {
            let side = || proptest::collection::btree_set(0..count, 1..=3);
            let conflict = (side(), side()).prop_filter_map("no state is both", |(done, pending)| {
                let state = |calls: std::collections::BTreeSet<usize>| calls.into_iter().collect::<Vec<_>>();
                done.is_disjoint(&pending).then(|| {
                    let state = State { done: state(done), pending: state(pending) };
                    Conflict::of(state, EdgeReason::Leak, None)
                })
            });
            let priority = proptest::collection::vec(0_u8..3, count);
            (Just(count), proptest::collection::vec(conflict, 0..14), priority)
        })
    }

    fn is_fine(order: &[usize], conflicts: &[Conflict]) -> bool {
        (0..=order.len()).all(|made| {
            let done = |call: &usize| order[..made].contains(call);
            conflicts.iter().all(|it| !it.done.iter().all(done) || it.pending.iter().any(done))
        })
    }

    /// Whether any of all orders will do.
    fn has_order(count: usize, conflicts: &[Conflict], begun: &mut Vec<usize>) -> bool {
        let done = |call: &usize| begun.contains(call);
        if conflicts.iter().any(|it| it.done.iter().all(done) && !it.pending.iter().any(done)) {
            return false;
        }
        if begun.len() == count {
            return true;
        }
        (0..count).any(|call| {
            if begun.contains(&call) {
                return false;
            }
            begun.push(call);
            let found = has_order(count, conflicts, begun);
            begun.pop();
            found
        })
    }

    proptest! {
        #[test]
        fn an_order_is_found_where_there_is_one((count, conflicts, priority) in abstract_conflicts()) {
            match order(count, &conflicts, &[], &priority, WALKED) {
                Ordered::Order(order) => {
                    let mut all = order.clone();
                    all.sort_unstable();
                    prop_assert!(all.into_iter().eq(0..count));
                    prop_assert!(is_fine(&order, &conflicts));
                }
                Ordered::Stuck { core, proven } => {
                    prop_assert!(proven, "so few calls are walked");
                    prop_assert!(!core.is_empty());
                    prop_assert!(!has_order(count, &conflicts, &mut Vec::new()));
                }
            }
        }

        /// With calls that nothing is said of, there are too many to be walked.
        #[test]
        fn among_many_calls_nothing_wrong_is_said((count, conflicts, priority) in abstract_conflicts()) {
            let many = count + WALKED;
            let priority: Vec<u8> = priority.into_iter().chain(std::iter::repeat_n(1, WALKED)).collect();
            let exists = has_order(count, &conflicts, &mut Vec::new());
            match order(many, &conflicts, &[], &priority, WALKED) {
                Ordered::Order(order) => prop_assert!(is_fine(&order, &conflicts)),
                Ordered::Stuck { proven, .. } => prop_assert!(!(proven && exists)),
            }
        }
    }

    proptest! {
        #[test]
        fn barriers_count_as_one_conflict_for_each_member(
            (count, mut conflicts, mut priority) in abstract_conflicts(),
            sets in proptest::collection::vec((any::<bool>(), any::<u8>(), 0_u8..3), 0..4),
            walked in prop_oneof![Just(0), Just(WALKED)],
        ) {
            let mut gathered = Vec::new();
            let mut edges = Vec::new();
            for (number, (is_first, members, its_priority)) in (count..).zip(sets) {
                let members: Vec<usize> = (0..count).filter(|call| members >> call & 1 == 1).collect();
                edges.extend(members.iter().map(|&member| {
                    let (first, last) = if is_first { (number, member) } else { (member, number) };
                    Conflict::edge(first, last, EdgeReason::Gather)
                }));
                let end = if is_first { Extreme::First } else { Extreme::Last };
                gathered.push(Barrier { number, end, members });
                priority.push(its_priority);
            }
            // Some calls wait for barriers, and some barriers for calls.
            for (set, conflict) in gathered.iter().zip(&mut conflicts) {
                if set.end == Extreme::First {
                    conflict.done = vec![set.number];
                } else {
                    conflict.pending = vec![set.number];
                }
            }
            let all: Vec<Conflict> = conflicts.iter().chain(&edges).cloned().collect();
            let count = count + gathered.len();
            prop_assert_eq!(
                order(count, &conflicts, &gathered, &priority, walked),
                order(count, &all, &[], &priority, walked)
            );
        }
    }

    fn conflict(done: &[usize], pending: &[usize]) -> Conflict {
        let state = State { done: done.to_vec(), pending: pending.to_vec() };
        Conflict::of(state, EdgeReason::Leak, None)
    }

    #[test]
    fn where_one_end_leads_nowhere_the_other_is_tried() {
        // Forward, 0 and 1 are made, and nothing may follow.
        let conflicts = [conflict(&[1], &[0]), conflict(&[3], &[2]), conflict(&[0, 1, 2], &[3])];
        let rules: Vec<WaitingCondition<'_>> = conflicts.iter().map(WaitingCondition::of).collect();
        let finder = OrderFinder { count: 4, gathered: &[], priority: &[0; 4] };
        assert_eq!(finder.forward(&rules), [0, 1]);
        assert_eq!(order(4, &conflicts, &[], &[0; 4], WALKED), Ordered::Order(vec![0, 2, 3, 1]));
    }

    #[test]
    fn calls_that_wait_for_each_other_have_no_order_however_many_there_are() {
        let circle: Vec<Conflict> = (0..40).map(|call| conflict(&[call], &[(call + 1) % 40])).collect();
        assert_eq!(
            order(40, &circle, &[], &[0; 40], WALKED),
            Ordered::Stuck { core: (0..40).collect(), proven: true }
        );
    }
}
