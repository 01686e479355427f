//! Every state that a plan can pass through lies between the states before and after.

use confperm::plan::{Gaps, Plan, plan};
use confperm::sandbox::world::World;
use proptest::prelude::*;

use crate::site::{Case, between, case, perform, profile};

/// A random order that the edges of the plan allow.
fn some_order(plan: &Plan, choices: &[u16]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < plan.calls.len() {
        let ready: Vec<usize> = (0..plan.calls.len())
            .filter(|call| !order.contains(call))
            .filter(|&call| plan.calls[call].after.iter().all(|edge| order.contains(&edge.call.position())))
            .collect();
        let choice = choices.get(order.len()).copied().unwrap_or_default();
        order.push(ready[usize::from(choice) % ready.len()]);
    }
    order
}

/// Plans, and gives the worlds after each call of a random order.
fn run(case: &Case, world: &World, choices: &[u16], gaps: Gaps) -> Option<Vec<World>> {
    let planned = plan(&case.desired(), &case.live(world), gaps);
    if !planned.plan.refusals.is_empty() {
        return None;
    }
    let mut states = vec![world.clone()];
    for call in some_order(&planned.plan, choices) {
        let mut next = states[states.len() - 1].clone();
        perform(&mut next, &planned.plan.calls[call].call);
        states.push(next);
    }
    Some(states)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::fewest::cases(3_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_state_on_the_way_leaks_or_gaps(case in case(), choices in proptest::collection::vec(any::<u16>(), 24)) {
        let world = case.world();
        let Some(states) = run(&case, &world, &choices, Gaps::Refuse) else { return Ok(()) };
        let (before, after) = (profile(&case, &states[0]), profile(&case, &states[states.len() - 1]));
        for state in &states {
            prop_assert!(between(&before, &profile(&case, state), &after));
        }
    }

    #[test]
    fn accepting_a_gap_lets_nobody_in_for_a_moment(
        case in case(),
        choices in proptest::collection::vec(any::<u16>(), 24),
    ) {
        let world = case.world();
        let Some(states) = run(&case, &world, &choices, Gaps::Allow) else { return Ok(()) };
        let (before, after) = (profile(&case, &states[0]), profile(&case, &states[states.len() - 1]));
        for state in &states {
            let now = profile(&case, state);
            prop_assert!(now.iter().zip(&before).zip(&after).all(|((now, before), after)| !now || *before || *after));
        }
    }

    #[test]
    fn a_run_that_ends_anywhere_is_finished_by_the_next(
        case in case(),
        choices in proptest::collection::vec(any::<u16>(), 24),
        end in any::<proptest::sample::Index>(),
    ) {
        let world = case.world();
        let Some(first) = run(&case, &world, &choices, Gaps::Refuse) else { return Ok(()) };
        let stopped = &first[end.index(first.len())];
        // Half a split can leave lists from which there is no safe way on; then nothing must happen.
        let Some(second) = run(&case, stopped, &choices, Gaps::Refuse) else { return Ok(()) };
        let (before, after) = (profile(&case, &world), profile(&case, &first[first.len() - 1]));
        prop_assert_eq!(profile(&case, &second[second.len() - 1]), after.clone());
        for state in &second {
            prop_assert!(between(&before, &profile(&case, state), &after));
        }
        let last = &second[second.len() - 1];
        prop_assert!(plan(&case.desired(), &case.live(last), Gaps::Refuse).plan.is_empty());
    }
}
