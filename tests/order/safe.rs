//! Every state that a plan can pass through lies between the states before and after, but for what the
//! plan itself names.

use std::collections::BTreeSet;

use confperm::model::Permission;
use confperm::plan::{EdgeReason, Endangered, Gaps, MeanwhileReason, Moment, Plan, PlannedCall, plan};
use confperm::sandbox::world::{self, Command, World};
use proptest::prelude::*;

use crate::fewest::cases;
use crate::finishing::{self, state};
use crate::site::{Case, GROUPS, ME, PAGE, SPACE, Sort, between, case, pair, perform, principal, profile};

/// A random order that the edges of the plan allow.
fn some_order<'a>(plan: &'a Plan, choices: &[u16]) -> Vec<&'a PlannedCall> {
    let mut order: Vec<&PlannedCall> = Vec::new();
    let mut done = BTreeSet::new();
    while order.len() < plan.calls.len() {
        let waits = |call: &PlannedCall| call.after.iter().any(|edge| !done.contains(&edge.call));
        let ready: Vec<&PlannedCall> =
            plan.calls.iter().filter(|call| !done.contains(&call.id) && !waits(call)).collect();
        let choice = choices.get(order.len()).copied().unwrap_or_default();
        let next = ready[usize::from(choice) % ready.len()];
        done.insert(next.id);
        order.push(next);
    }
    order
}

/// The states that a run passes through.
struct Run {
    plan: Plan,
    /// The worlds before the first call and after each.
    states: Vec<World>,
    /// The same, each without the companions that the plan says come and go at that moment.
    settled: Vec<World>,
    /// In which of them the plan says that somebody is shut out.
    gaps: Vec<bool>,
}

/// Plans, and carries the calls out in a random order.
fn run(case: &Case, world: &World, choices: &[u16], gaps: Gaps) -> Option<Run> {
    let plan = plan(&case.desired(), &case.live(world), gaps).plan;
    if !plan.refusals.is_empty() {
        return None;
    }
    let mut states = vec![world.clone()];
    let mut settled = vec![world.clone()];
    let mut told = vec![false];
    let mut done = BTreeSet::new();
    for call in some_order(&plan, choices) {
        let mut next = states[states.len() - 1].clone();
        perform(&mut next, &call.call);
        done.insert(call.id);
        let open = plan.meanwhile.iter().filter(|it| done.contains(&it.from) && !done.contains(&it.until));
        let mut right = next.clone();
        let mut gap = false;
        for meanwhile in open {
            match (meanwhile.reason, &meanwhile.danger.what) {
                (MeanwhileReason::AcceptedGap, _) => gap = true,
                (MeanwhileReason::Companion, Endangered::Permission(permission)) => {
                    for who in &meanwhile.danger.people {
                        put_right(&mut right, &who.to_string(), *permission, meanwhile.danger.moment);
                    }
                }
                (MeanwhileReason::Companion, other) => panic!("{other:?} is no companion"),
            }
        }
        states.push(next);
        settled.push(right);
        told.push(gap);
    }
    Some(Run { plan, states, settled, gaps: told })
}

fn put_right(world: &mut World, who: &str, permission: Permission, moment: Moment) {
    let (principal, pair) = (principal(who), pair(permission));
    match (moment, world.space(SPACE).unwrap().row(&principal, pair)) {
        (Moment::LetIn, Some(row)) => {
            let revoke = Command::Revoke { space: SPACE, row };
            world.perform(&world::Caller::User(ME.into()), &revoke).unwrap();
        }
        (Moment::ShutOut, None) => {
            world.add_grant(SPACE, &world::Grant { principal, pair });
        }
        (Moment::LetIn, None) | (Moment::ShutOut, Some(_)) => {}
    }
}

impl Run {
    fn last(&self) -> &World {
        &self.states[self.states.len() - 1]
    }
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn no_state_on_the_way_leaks_or_gaps(case in case(), choices in proptest::collection::vec(any::<u16>(), 24)) {
        let world = case.world();
        let Some(run) = run(&case, &world, &choices, Gaps::Refuse) else { return Ok(()) };
        let (before, after) = (profile(&case, &world), profile(&case, run.last()));
        for state in &run.settled {
            prop_assert!(between(&before, &profile(&case, state), &after));
        }
    }

    #[test]
    fn what_a_call_does_besides_is_put_right_by_the_next(case in case()) {
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).plan;
        for meanwhile in plan.meanwhile {
            prop_assert_eq!(meanwhile.until.position(), meanwhile.from.position() + 1);
        }
    }

    #[test]
    fn accepting_a_gap_lets_nobody_in_and_names_whom_it_shuts_out(
        case in case(),
        choices in proptest::collection::vec(any::<u16>(), 24),
    ) {
        let world = case.world();
        let Some(run) = run(&case, &world, &choices, Gaps::Allow) else { return Ok(()) };
        let (before, after) = (profile(&case, &world), profile(&case, run.last()));
        for (state, told) in run.settled.iter().zip(&run.gaps) {
            let now = profile(&case, state);
            prop_assert!(now.iter().zip(&before).zip(&after).all(|((now, before), after)| !now || *before || *after));
            prop_assert!(*told || between(&before, &now, &after), "{:#?}", run.plan.meanwhile);
            // Neither whoever runs this nor a required admin is shut out, whatever is accepted.
            let people: Vec<_> = state.users().map(|user| user.handle.clone()).collect();
            let things = now.len() / people.len();
            for (place, who) in people.iter().enumerate() {
                let kind: u8 = who.strip_prefix('p').map_or(0, |kind| kind.parse().unwrap());
                if who == ME || (case.required && kind & 1 == 1) {
                    let its = place * things..(place + 1) * things;
                    prop_assert!(its.clone().all(|bit| now[bit] || !before[bit] || !after[bit]));
                }
            }
        }
    }

    #[test]
    fn a_gap_is_accepted_only_where_nothing_else_does(case in case()) {
        let plan = |gaps| plan(&case.desired(), &case.live(&case.world()), gaps).plan;
        let (refusing, allowing) = (plan(Gaps::Refuse), plan(Gaps::Allow));
        if refusing.refusals.is_empty() {
            prop_assert_eq!(refusing, allowing);
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
        let at = end.index(first.states.len());
        // Half a split can leave lists from which there is no safe way on; then nothing must happen.
        let Some(second) = run(&case, &first.states[at], &choices, Gaps::Refuse) else { return Ok(()) };
        let (before, after) = (profile(&case, &world), profile(&case, first.last()));
        prop_assert_eq!(profile(&case, second.last()), after.clone());
        // A companion that was about to be put right is still there until the second run does it.
        let is_settled = profile(&case, &first.states[at]) == profile(&case, &first.settled[at]);
        for state in second.settled.iter().filter(|_| is_settled) {
            prop_assert!(between(&before, &profile(&case, state), &after));
        }
        prop_assert!(plan(&case.desired(), &case.live(second.last()), Gaps::Refuse).plan.is_empty());
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn in_a_crowd_no_edge_is_there_for_somebody_in_particular(case in case()) {
        let case = Case { crowded: true, ..case };
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).plan;
        let edges = plan.calls.iter().flat_map(|call| &call.after);
        prop_assert!(edges.into_iter().all(|edge| edge.because.is_none()), "{:#?}", plan.calls);
    }
}

#[test]
fn a_page_under_something_unseen_may_stand_below_any_other() {
    let archived = Sort { status: world::Status::Archived, ..PAGE };
    let rows: [(&'static str, &[Permission]); 1] = [(GROUPS[1], &[Permission::ReadSpace])];
    let [me, both]: [&[&'static str]; 2] = [&["user:me"], &["user:me", GROUPS[1]]];
    // The second group gets what is at the bottom for what is at the top; who has both is neither.
    let case = Case {
        parents: vec![None, Some(0), Some(1)],
        sorts: vec![PAGE, archived, PAGE],
        ..finishing::case(state(&rows, [both, &[], me]), state(&rows, [me, &[], both]))
    };
    let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).plan;
    let [closing, opening] = &plan.calls[..] else { panic!("{:#?}", plan.calls) };
    assert!(
        matches!(&opening.after[..], [edge] if edge.call == closing.id && edge.reason == EdgeReason::Leak)
    );
}
