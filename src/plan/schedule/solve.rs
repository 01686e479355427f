//! Finds an order without a conflict: "not all of `done` before any of `pending`".

use std::collections::BTreeSet;

use super::conflicts::Conflict;

/// Up to this many calls, every order is considered before giving up.
const EXHAUSTIVE: usize = 20;

/// An order was found, or it is known that there is none, or the search was too large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Order(Vec<usize>),
    None,
    Unclear,
}

/// An order of `count` calls; among those that are possible, calls earlier in `habit` go first.
pub(super) fn order(count: usize, conflicts: &[Conflict], habit: &[u8]) -> Answer {
    if conflicts.iter().any(|conflict| conflict.pending.is_empty() || conflict.done.is_empty()) {
        return Answer::None;
    }
    let greedy = greedy(count, conflicts, habit);
    if greedy.len() == count {
        return Answer::Order(greedy);
    }
    if in_a_circle(count, conflicts) {
        return Answer::None;
    }
    if count <= EXHAUSTIVE {
        return exhaustive(count, conflicts, habit).map_or(Answer::None, Answer::Order);
    }
    Answer::Unclear
}

/// Whether calls wait for each other in a circle, by the conflicts that leave no choice alone.
fn in_a_circle(count: usize, conflicts: &[Conflict]) -> bool {
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waits = vec![0_usize; count];
    for conflict in conflicts {
        if let ([first], [last]) = (conflict.pending.as_slice(), conflict.done.as_slice()) {
            followers[*first].push(*last);
            waits[*last] += 1;
        }
    }
    let mut free: Vec<usize> = (0..count).filter(|&call| waits[call] == 0).collect();
    let mut passed = 0;
    while let Some(call) = free.pop() {
        passed += 1;
        for &last in &followers[call] {
            waits[last] -= 1;
            if waits[last] == 0 {
                free.push(last);
            }
        }
    }
    passed < count
}

/// Takes whatever may go next. Linear in the size of the conflicts; may run into a dead end.
fn greedy(count: usize, conflicts: &[Conflict], habit: &[u8]) -> Vec<usize> {
    let mut as_pending: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut as_done: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut left: Vec<usize> = conflicts.iter().map(|conflict| conflict.done.len()).collect();
    let mut satisfied = vec![false; conflicts.len()];
    // How many conflicts a call would complete: it is the last of their `done`, and none of `pending` is made.
    let mut completes = vec![0_usize; count];
    for (number, conflict) in conflicts.iter().enumerate() {
        for &call in &conflict.pending {
            as_pending[call].push(number);
        }
        for &call in &conflict.done {
            as_done[call].push(number);
        }
        if let (1, Some(&only)) = (conflict.done.len(), conflict.done.first()) {
            completes[only] += 1;
        }
    }
    let mut order = Vec::with_capacity(count);
    let mut done = vec![false; count];
    let mut ready: BTreeSet<(u8, usize)> =
        (0..count).filter(|&call| completes[call] == 0).map(|call| (habit[call], call)).collect();
    while let Some((_, call)) = ready.pop_first() {
        if completes[call] > 0 {
            continue;
        }
        done[call] = true;
        order.push(call);
        for &number in &as_pending[call] {
            if !std::mem::replace(&mut satisfied[number], true)
                && left[number] == 1
                && let Some(&last) = conflicts[number].done.iter().find(|last| !done[**last])
            {
                completes[last] -= 1;
                if completes[last] == 0 {
                    ready.insert((habit[last], last));
                }
            }
        }
        for &number in &as_done[call] {
            left[number] -= 1;
            if left[number] == 1
                && !satisfied[number]
                && let Some(&last) = conflicts[number].done.iter().find(|last| !done[**last])
            {
                completes[last] += 1;
            }
        }
    }
    order
}

/// Walks the sets of calls that can be made without a conflict, each set once.
fn exhaustive(count: usize, conflicts: &[Conflict], habit: &[u8]) -> Option<Vec<usize>> {
    let bits = |calls: &[usize]| calls.iter().fold(0_u32, |bits, call| bits | 1 << call);
    let conflicts: Vec<(u32, u32)> =
        conflicts.iter().map(|conflict| (bits(&conflict.pending), bits(&conflict.done))).collect();
    let all = (1_u32 << count) - 1;
    let mut by_habit: Vec<usize> = (0..count).collect();
    by_habit.sort_by_key(|&call| (habit[call], call));

    let mut seen = vec![false; 1 << count];
    let mut path: Vec<(u32, usize)> = vec![(0, 0)];
    let mut order = Vec::new();
    while let Some(&mut (done, ref mut next)) = path.last_mut() {
        if done == all {
            return Some(order);
        }
        let Some(&call) = by_habit.get(*next) else {
            path.pop();
            order.pop();
            continue;
        };
        *next += 1;
        let with = done | 1 << call;
        let fine = with != done
            && !seen[with as usize]
            && conflicts.iter().all(|&(pending, done)| done & with != done || pending & with != 0);
        if fine {
            seen[with as usize] = true;
            path.push((with, 0));
            order.push(call);
        }
    }
    None
}
