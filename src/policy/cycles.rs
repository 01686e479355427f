//! Cycles among definitions that name one another, such as roles that include themselves.

use std::collections::BTreeSet;

/// One cycle: its edges, each with the definition that it starts from.
pub(super) type Cycle<'a, K, S> = Vec<(&'a K, &'a S)>;

/// Each cycle once, beginning with the first of `starts` that is in it or leads to it. `steps` are those that lead away
/// from something, and `into` says where a step leads.
pub(super) fn cycles<'a, K: Ord + ?Sized, S>(
    starts: impl IntoIterator<Item = &'a K>,
    steps: impl Fn(&'a K) -> &'a [S],
    into: impl Fn(&'a S) -> Option<&'a K>,
) -> Vec<Cycle<'a, K, S>> {
    let mut cycles = Vec::new();
    let mut done: BTreeSet<&K> = BTreeSet::new();
    for start in starts {
        // Where the search is: each place with the number of its steps that have been taken.
        let mut path: Vec<(&K, usize)> = vec![(start, 0)];
        while let Some((place, taken)) = path.pop() {
            let Some(step) = steps(place).get(taken) else {
                done.insert(place);
                continue;
            };
            path.push((place, taken + 1));
            let Some(into) = into(step) else { continue };
            if let Some(at) = path.iter().position(|(place, _)| *place == into) {
                let round = path[at..].iter();
                cycles.push(round.map(|(place, taken)| (*place, &steps(place)[taken - 1])).collect());
            } else if !done.contains(into) {
                path.push((into, 0));
            }
        }
    }
    cycles
}
