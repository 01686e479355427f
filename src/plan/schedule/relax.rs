//! Which gaps to accept where no order does without and somebody has said that a gap is acceptable:
//! as few as can be, and none that shuts out whoever must be able to finish.

use super::super::document::EdgeReason;
use super::conflicts::Conflict;
use super::order::{Answer, order};

/// Up to this many calls, every order is considered.
const EXHAUSTIVE: usize = 12;

/// An order that breaks few conflicts, all of them gaps for people who need not finish anything; and which
/// conflicts it breaks. For a small number of calls no order breaks fewer; for a large one, none does with a
/// part of these.
pub(super) fn relaxed(count: usize, conflicts: &[Conflict], habit: &[u8]) -> Option<(Vec<usize>, Vec<bool>)> {
    let search = if count <= EXHAUSTIVE { fewest } else { few };
    let order = search(count, conflicts, habit)?;
    let broken = broken(&order, conflicts);
    Some((order, broken))
}

/// Which conflicts an order breaks.
pub(super) fn broken(order: &[usize], conflicts: &[Conflict]) -> Vec<bool> {
    let mut place = vec![0; order.len()];
    for (position, &call) in order.iter().enumerate() {
        place[call] = position;
    }
    let is_broken = |conflict: &Conflict| {
        let first = conflict.pending.iter().map(|call| place[*call]).min();
        let last = conflict.done.iter().map(|call| place[*call]).max();
        first.zip(last).is_none_or(|(first, last)| first > last)
    };
    conflicts.iter().map(is_broken).collect()
}

/// Walks all sets of done calls, from none to all, and keeps for each the cheapest way to it. A conflict
/// is broken once at most, by the call that completes its state, so that costs add up.
fn fewest(count: usize, conflicts: &[Conflict], habit: &[u8]) -> Option<Vec<usize>> {
    let bits = |calls: &[usize]| calls.iter().fold(0_usize, |bits, call| bits | 1 << call);
    let rules: Vec<(usize, usize, bool)> = conflicts
        .iter()
        .map(|conflict| (bits(&conflict.pending), bits(&conflict.done), conflict.reason == EdgeReason::Gap))
        .collect();
    let mut by_habit: Vec<usize> = (0..count).collect();
    by_habit.sort_by_key(|&call| (habit[call], call));
    // What a state costs that is entered by a call; none if it must not be entered.
    let price = |with: usize, call: usize| {
        let mut price = 0_usize;
        for &(pending, done, gap) in &rules {
            if done >> call & 1 == 1 && done & with == done && pending & with == 0 {
                if !gap {
                    return None;
                }
                price += 1;
            }
        }
        Some(price)
    };
    // A state that no call leads to, or none ends, cannot be avoided by any order.
    if rules.iter().any(|&(pending, done, gap)| !gap && (pending == 0 || done == 0)) {
        return None;
    }
    let all = (1_usize << count) - 1;
    let mut best: Vec<Option<(usize, usize)>> = vec![None; all + 1];
    best[0] = Some((0, count));
    for done in 0..all {
        let Some((cost, _)) = best[done] else { continue };
        for &call in by_habit.iter().filter(|&&call| done >> call & 1 == 0) {
            let with = done | 1 << call;
            if let Some(price) = price(with, call)
                && best[with].is_none_or(|(known, _)| cost + price < known)
            {
                best[with] = Some((cost + price, call));
            }
        }
    }
    let mut order = Vec::with_capacity(count);
    let mut at = all;
    while at != 0 {
        let (_, call) = best[at]?;
        order.push(call);
        at &= !(1 << call);
    }
    order.reverse();
    Some(order)
}

/// Gives up all gaps, then takes them back one after the other, and again all at once where that does.
/// What is given up in the end cannot do with less, though others could perhaps do with fewer.
fn few(count: usize, conflicts: &[Conflict], habit: &[u8]) -> Option<Vec<usize>> {
    let (gaps, mut kept): (Vec<&Conflict>, Vec<&Conflict>) =
        conflicts.iter().partition(|conflict| conflict.reason == EdgeReason::Gap);
    let attempt = |kept: &[&Conflict]| {
        let conflicts: Vec<Conflict> = kept.iter().map(|conflict| (*conflict).clone()).collect();
        match order(count, &conflicts, habit) {
            Answer::Order(order) => Some(order),
            Answer::None | Answer::Unclear => None,
        }
    };
    let mut found = attempt(&kept)?;
    // Halves that cannot be kept whole are halved again.
    let mut waiting: Vec<&[&Conflict]> = vec![&gaps];
    while let Some(some) = waiting.pop() {
        let length = kept.len();
        kept.extend(some);
        if let Some(order) = attempt(&kept) {
            found = order;
            continue;
        }
        kept.truncate(length);
        if some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            waiting.extend([second, first]);
        }
    }
    Some(found)
}
