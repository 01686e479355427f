//! Finds an order in which no clause is broken.

use std::collections::BTreeSet;

use super::clauses::Clause;

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
pub(super) fn order(count: usize, clauses: &[Clause], habit: &[u8]) -> Answer {
    if clauses.iter().any(|clause| clause.firsts.is_empty() || clause.lasts.is_empty()) {
        return Answer::None;
    }
    let greedy = greedy(count, clauses, habit);
    if greedy.len() == count {
        return Answer::Order(greedy);
    }
    if in_a_circle(count, clauses) {
        return Answer::None;
    }
    if count <= EXHAUSTIVE {
        return exhaustive(count, clauses, habit).map_or(Answer::None, Answer::Order);
    }
    Answer::Unclear
}

/// Whether calls wait for each other in a circle, by the clauses that leave no choice alone.
fn in_a_circle(count: usize, clauses: &[Clause]) -> bool {
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waits = vec![0_usize; count];
    for clause in clauses {
        if let ([first], [last]) = (clause.firsts.as_slice(), clause.lasts.as_slice()) {
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

/// Takes whatever may go next. Linear in the size of the clauses; may run into a dead end.
fn greedy(count: usize, clauses: &[Clause], habit: &[u8]) -> Vec<usize> {
    let mut as_first: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut as_last: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut left: Vec<usize> = clauses.iter().map(|clause| clause.lasts.len()).collect();
    let mut satisfied = vec![false; clauses.len()];
    // How many clauses hold a call back: it is the last of their `lasts`, and no `firsts` is done.
    let mut held_back = vec![0_usize; count];
    for (number, clause) in clauses.iter().enumerate() {
        for &call in &clause.firsts {
            as_first[call].push(number);
        }
        for &call in &clause.lasts {
            as_last[call].push(number);
        }
        if let (1, Some(&only)) = (clause.lasts.len(), clause.lasts.first()) {
            held_back[only] += 1;
        }
    }
    let mut order = Vec::with_capacity(count);
    let mut done = vec![false; count];
    let mut ready: BTreeSet<(u8, usize)> =
        (0..count).filter(|&call| held_back[call] == 0).map(|call| (habit[call], call)).collect();
    while let Some((_, call)) = ready.pop_first() {
        if held_back[call] > 0 {
            continue;
        }
        done[call] = true;
        order.push(call);
        for &number in &as_first[call] {
            if !std::mem::replace(&mut satisfied[number], true)
                && left[number] == 1
                && let Some(&last) = clauses[number].lasts.iter().find(|last| !done[**last])
            {
                held_back[last] -= 1;
                if held_back[last] == 0 {
                    ready.insert((habit[last], last));
                }
            }
        }
        for &number in &as_last[call] {
            left[number] -= 1;
            if left[number] == 1
                && !satisfied[number]
                && let Some(&last) = clauses[number].lasts.iter().find(|last| !done[**last])
            {
                held_back[last] += 1;
            }
        }
    }
    order
}

/// Walks the sets of calls that can be done without breaking a clause, each set once.
fn exhaustive(count: usize, clauses: &[Clause], habit: &[u8]) -> Option<Vec<usize>> {
    let bits = |calls: &[usize]| calls.iter().fold(0_u32, |bits, call| bits | 1 << call);
    let clauses: Vec<(u32, u32)> =
        clauses.iter().map(|clause| (bits(&clause.firsts), bits(&clause.lasts))).collect();
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
            && clauses.iter().all(|&(firsts, lasts)| lasts & with != lasts || firsts & with != 0);
        if fine {
            seen[with as usize] = true;
            path.push((with, 0));
            order.push(call);
        }
    }
    None
}
