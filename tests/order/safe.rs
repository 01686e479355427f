//! Every state that a plan can pass through lies between the states before and after, but for what the
//! plan itself names.

use std::collections::BTreeSet;

use confperm::model::{Call, Permission, Principal};
use confperm::plan::{
    EdgeReason, Endangered, Gaps, MeanwhileReason, Moment, Plan, PlannedCall, Refusal, check, plan,
};
use confperm::sandbox::world::{self, Command, World};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::builder::sandbox::{pair, principal};
use crate::bystanders::Bystanders;
use crate::draw::{alone, case, lacking, with_classes, with_duplicate_rows, with_roles};
use crate::fewest::cases;
use crate::finishing::{self, state};
use crate::site::{Case, GROUPS, ME, PAGE, SPACE, Sort, State, attempt, between, perform, profile};
use crate::tally::{Tally, holds};

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
    /// In which of them the plan says that an account is shut out.
    gaps: Vec<bool>,
}

/// Plans, and carries the calls out in a random order.
fn run(case: &Case, world: &World, choices: &[u16], gaps: Gaps, tally: &Tally) -> Option<Run> {
    let plan = plan(&case.desired(), &case.live(world), gaps).unwrap().plan;
    if !tally.is_planned(&plan) {
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
        (Moment::LetIn, Some(mut row)) => loop {
            let revoke = Command::Revoke { space: SPACE, row };
            world.perform(&world::Caller::User(ME.into()), &revoke).unwrap();
            let Some(twin) = world.space(SPACE).unwrap().row(&principal, pair) else { break };
            row = twin;
        },
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

fn choices() -> impl Strategy<Value = Vec<u16>> {
    proptest::collection::vec(any::<u16>(), 24)
}

/// Every state that a plan passes through in some order lies between the first and the last, and then nothing is left to do.
fn stays_between((case, choices): (Case, Vec<u16>), tally: &Tally) -> Result<(), TestCaseError> {
    let world = case.world();
    let Some(run) = run(&case, &world, &choices, Gaps::Refuse, tally) else { return Ok(()) };
    let (before, after) = (profile(&case, &world), profile(&case, run.last()));
    for state in &run.settled {
        prop_assert!(between(&before, &profile(&case, state), &after));
    }
    prop_assert!(plan(&case.desired(), &case.live(run.last()), Gaps::Refuse).unwrap().plan.is_empty());
    Ok(())
}

#[test]
fn no_state_on_the_way_leaks_or_gaps() {
    holds(600, 12, &(case(), choices()), stays_between);
}

#[test]
fn nor_for_people_that_rows_of_a_class_or_of_anonymous_may_cover() {
    holds(600, 12, &(with_classes(), choices()), stays_between);
}

#[test]
fn nor_where_groups_hold_roles() {
    holds(600, 17, &(with_roles(), choices()), stays_between);
}

#[test]
fn nor_where_a_site_shows_each_row_twice() {
    holds(400, 12, &(with_duplicate_rows(), choices()), stays_between);
}

#[test]
fn accepting_a_gap_opens_nothing_and_names_the_accounts_that_it_shuts_out() {
    // What is refused all the same takes the longest to plan.
    holds(250, 12, &(case(), choices()), |(case, choices), tally| {
        let world = case.world();
        let Some(run) = run(&case, &world, &choices, Gaps::Allow, tally) else { return Ok(()) };
        let (before, after) = (profile(&case, &world), profile(&case, run.last()));
        for (state, told) in run.settled.iter().zip(&run.gaps) {
            let now = profile(&case, state);
            prop_assert!(
                now.iter().zip(&before).zip(&after).all(|((now, before), after)| !now || *before || *after)
            );
            prop_assert!(*told || between(&before, &now, &after), "{:#?}", run.plan.meanwhile);
            // Neither the caller nor a required admin is shut out, whatever is accepted.
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
        Ok(())
    });
}

#[test]
fn a_run_that_ends_anywhere_is_finished_by_the_next() {
    holds(600, 12, &(case(), choices(), any::<proptest::sample::Index>()), |(case, choices, end), tally| {
        let world = case.world();
        let Some(first) = run(&case, &world, &choices, Gaps::Refuse, tally) else { return Ok(()) };
        let at = end.index(first.states.len());
        // Half a split can leave lists from which there is no safe way on; then nothing must happen.
        let Some(second) = run(&case, &first.states[at], &choices, Gaps::Refuse, tally) else {
            return Ok(());
        };
        let (before, after) = (profile(&case, &world), profile(&case, first.last()));
        prop_assert_eq!(profile(&case, second.last()), after.clone());
        // A companion that was about to be put right is still there until the second run does it.
        let is_settled = profile(&case, &first.states[at]) == profile(&case, &first.settled[at]);
        for state in second.settled.iter().filter(|_| is_settled) {
            prop_assert!(between(&before, &profile(&case, state), &after));
        }
        prop_assert!(plan(&case.desired(), &case.live(second.last()), Gaps::Refuse).unwrap().plan.is_empty());
        Ok(())
    });
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn what_a_call_does_besides_is_put_right_by_the_next(case in case()) {
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
        for meanwhile in plan.meanwhile {
            prop_assert_eq!(meanwhile.until.position(), meanwhile.from.position() + 1);
        }
    }

    #[test]
    fn a_gap_is_accepted_only_where_nothing_else_does(case in case()) {
        let plan = |gaps| plan(&case.desired(), &case.live(&case.world()), gaps).unwrap().plan;
        let refusing = plan(Gaps::Refuse);
        if refusing.refusals.is_empty() {
            prop_assert_eq!(refusing, plan(Gaps::Allow));
        }
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn in_a_crowd_an_edge_is_there_for_two_principals_at_the_most(case in case()) {
        let case = Case { bystanders: Bystanders::Different, ..case };
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
        let mut dangers = plan.calls.iter().flat_map(|call| &call.after).filter_map(|edge| edge.because.as_ref());
        prop_assert!(dangers.all(|danger| danger.people.len() <= 2), "{:#?}", plan.calls);
    }
}

/// All sorts of sites, a part of them with so many groups that not every account can be looked at.
fn all_sorts() -> impl Strategy<Value = Case> {
    let sites = prop_oneof![3 => case(), 1 => with_classes(), 1 => with_roles(), 1 => lacking()];
    (sites, proptest::bool::weighted(0.3), any::<bool>()).prop_map(|(case, crowded, mine)| Case {
        bystanders: if crowded { Bystanders::Different } else { case.bystanders },
        mine: case.mine || mine,
        ..case
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn every_plan_passes_its_check(case in all_sorts(), allow in any::<bool>()) {
        let gaps = if allow { Gaps::Allow } else { Gaps::Refuse };
        let planned = plan(&case.desired(), &case.live(&case.world()), gaps);
        prop_assert!(planned.is_ok(), "{}", planned.unwrap_err());
    }
}

/// The worlds that a run can come to, whatever order it chooses: one for each set of calls that the edges allow.
fn all_states(world: &World, plan: &Plan) -> Vec<World> {
    let needed =
        |call: &PlannedCall| call.after.iter().fold(0_u32, |bits, edge| bits | 1 << edge.call.position());
    let mut known = std::collections::BTreeMap::from([(0_u32, world.clone())]);
    for done in 0..1_u32 << plan.calls.len() {
        let Some(state) = known.get(&done).cloned() else { continue };
        for (place, call) in plan.calls.iter().enumerate() {
            let with = done | 1 << place;
            if with != done && needed(call) & !done == 0 && !known.contains_key(&with) {
                let mut next = state.clone();
                // What the API refuses does not happen.
                if attempt(&mut next, &call.call).is_ok() {
                    known.insert(with, next);
                }
            }
        }
    }
    known.into_values().collect()
}

fn carried_out(world: &World, plan: &Plan) -> World {
    let mut world = world.clone();
    for call in &plan.calls {
        perform(&mut world, &call.call);
    }
    world
}

/// Edges that are not the demand of the API are left out of plans, one by one. Where the sandbox then sees an account
/// who can do for a moment what they can do neither before nor after, or cannot what they can before and after, the
/// check must not let the plan pass.
#[test]
fn no_broken_order_passes_the_check() {
    let wanted = cases(250).cases;
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { failure_persistence: None, ..ProptestConfig::default() },
        TestRng::from_seed(RngAlgorithm::ChaCha, &[20; 32]),
    );
    let (mut broken, mut tried) = (0, 0);
    while broken < wanted {
        let case = alone().new_tree(&mut runner).unwrap().current();
        let world = case.world();
        let live = case.live(&world);
        let planned = plan(&case.desired(), &live, Gaps::Refuse).unwrap();
        if !planned.plan.refusals.is_empty() || planned.plan.calls.len() > 7 {
            continue;
        }
        let edges: Vec<(usize, usize)> = planned
            .plan
            .calls
            .iter()
            .enumerate()
            .flat_map(|(call, planned)| (0..planned.after.len()).map(move |edge| (call, edge)))
            .collect();
        for (call, edge) in edges {
            let mut without = planned.plan.clone();
            if without.calls[call].after.remove(edge).reason == EdgeReason::Api {
                continue;
            }
            tried += 1;
            let states = all_states(&world, &without);
            let before = profile(&case, &world);
            let after = carried_out(&world, &planned.plan);
            let after = profile(&case, &after);
            if states.iter().all(|state| between(&before, &profile(&case, state), &after)) {
                continue;
            }
            broken += 1;
            assert!(
                check(&without, &live, &planned.after, &case.desired().guards).is_err(),
                "without edge {edge} of call {call}: {:#?}\n{case:#?}",
                planned.plan.calls
            );
        }
    }
    assert!(tried >= broken);
}

#[test]
fn a_page_under_something_unseen_may_stand_below_any_other() {
    let hidden = Sort { status: world::Status::Trashed, ..PAGE };
    let rows: [(&'static str, &[Permission]); 1] = [(GROUPS[1], &[Permission::ReadSpace])];
    let [me, both]: [&[&'static str]; 2] = [&["user:me"], &["user:me", GROUPS[1]]];
    // The second group gets what is at the bottom for what is at the top; who has both is neither.
    let case = Case {
        parents: vec![None, Some(0), Some(1)],
        sorts: vec![PAGE, hidden, PAGE],
        ..finishing::case(state(&rows, [both, &[], me]), state(&rows, [me, &[], both]))
    };
    let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
    let [closing, opening] = &plan.calls[..] else { panic!("{:#?}", plan.calls) };
    assert!(
        matches!(&opening.after[..], [edge] if edge.call == closing.id && edge.reason == EdgeReason::Leak)
    );
}

#[test]
fn what_an_accepted_gap_takes_too_early_may_come_back_before_it_goes() {
    let read: &[Permission] = &[Permission::ReadSpace];
    let [first, second, third] = GROUPS;
    // Who is in the first and the third group loses the second page: through the row, and for good through the list.
    let before = state(&[(third, read)], [&["user:me", first], &["user:me", third]]);
    let after = state(&[(first, read)], [&["user:me", second], &["user:me", second]]);
    let case = Case { mine: false, members_known: false, ..finishing::case(before, after) };
    let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Allow).unwrap().plan;
    assert_eq!(plan.refusals, []);
    assert!(plan.meanwhile.iter().any(|moment| moment.reason == MeanwhileReason::AcceptedGap));
}

#[test]
fn in_a_crowd_what_the_caller_gets_in_exchange_for_the_right_to_restrict_comes_after_that_is_taken() {
    use Permission::{AdministerSpace, CreatePage, ReadSpace, RestrictContent};
    let [mine, other, third] = GROUPS;
    let permissions = [ReadSpace, CreatePage, RestrictContent, AdministerSpace];
    let before = state(&[(mine, &[ReadSpace, RestrictContent, AdministerSpace])], [&[], &[]]);
    let after = state(&[(mine, &[ReadSpace, CreatePage])], [&["user:me", other, third], &[]]);
    let case = Case { permissions, bystanders: Bystanders::Different, ..finishing::case(before, after) };
    let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
    assert_eq!(plan.refusals, []);
    let last = |is: fn(&Call) -> bool| plan.calls.iter().rposition(|call| is(&call.call));
    let takes = |call: &Call| {
        matches!(call, Call::Revoke { permission: RestrictContent | AdministerSpace, principal, .. }
            if *principal != Principal::User(ME.parse().unwrap()))
    };
    let given = last(|call| matches!(call, Call::Grant { permission: CreatePage, .. }));
    assert!(last(takes).is_some() && last(takes) < given, "{:#?}", plan.calls);
}

#[test]
fn unread_groups_that_hold_the_same_are_told_apart_by_lists() {
    let read: &[Permission] = &[Permission::ReadSpace];
    let [_, first, second] = GROUPS;
    let rows = [(first, read), (second, read)];
    // What is below closes for good; until then only the second group could get there, through what is above.
    let before = state(&rows, [&["user:me"], &[]]);
    let after = state(&rows, [&["user:me", second], &["user:me"]]);
    let case = Case { parents: vec![None, Some(0)], members_known: false, ..finishing::case(before, after) };
    let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
    let [closing, opening] = &plan.calls[..] else { panic!("{:#?}", plan.calls) };
    assert!(
        matches!(&opening.after[..], [edge] if edge.call == closing.id && edge.reason == EdgeReason::Leak),
        "{:#?}",
        plan.calls
    );
}

/// Lists of view and edit, by page.
fn lists<const PAGES: usize>(pages: [[&[&'static str]; 2]; PAGES]) -> Vec<[BTreeSet<&'static str>; 2]> {
    pages.map(|lists| lists.map(|list| list.iter().copied().collect())).into()
}

#[test]
fn who_is_named_for_a_moment_is_looked_at_with_all_groups() {
    let [mine, first, second] = GROUPS;
    let permissions =
        [Permission::ReadSpace, Permission::ExportContent, Permission::CreatePage, Permission::UpdatePage];
    let me = "user:me";
    let before = State {
        pages: lists([[&[], &[]], [&[second, me], &[first, me]], [&[first, second, me], &[second, me]]]),
        ..state(&[(mine, &permissions)], [])
    };
    let after = State {
        pages: lists([
            [&[], &[]],
            [&[first, second, me], &[first, second, me]],
            [&[first, second, me], &[mine, me]],
        ]),
        ..state(&[], [])
    };
    let case = Case {
        permissions,
        bystanders: Bystanders::Different,
        leaning: true,
        archived: true,
        people: vec![5],
        parents: vec![None, Some(0), Some(0)],
        sorts: vec![Sort { kind: world::Kind::Database, ..PAGE }, PAGE, PAGE],
        ..finishing::case(before, after)
    };
    // Who is in the first group and in the third could edit the second page before the first group loses everything, and
    // after that the account that runs this could not change its lists.
    let planned = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap();
    assert!(
        matches!(&planned.plan.refusals[..], [Refusal::NoSafeOrder { .. } | Refusal::Unfinishable { .. }]),
        "{:?}",
        planned.plan.refusals
    );
}

#[test]
fn nothing_hangs_under_a_blog_post() {
    use Permission::{CreatePage, ExportContent, ReadSpace, UpdatePage};
    let [one, two, three] = GROUPS;
    let me = "user:me";
    let before = State {
        pages: lists([[&[], &[]], [&[], &[]], [&[one, three, me], &[]], [&[], &[]]]),
        ..state(
            &[
                (one, &[ReadSpace, CreatePage]),
                (two, &[ReadSpace, CreatePage]),
                (three, &[ReadSpace, CreatePage, UpdatePage]),
            ],
            [],
        )
    };
    let after = State {
        pages: lists([
            [&[], &[]],
            [&[], &[]],
            [&[one, three, me], &[one, two, me]],
            [&[three, me], &[one, three, me]],
        ]),
        ..state(&[(two, &[ReadSpace, ExportContent, UpdatePage]), (three, &[ReadSpace, UpdatePage])], [])
    };
    // Two pages under a draft, and a post that closes while the second group gets to edit pages.
    let case = Case {
        permissions: [ReadSpace, ExportContent, CreatePage, UpdatePage],
        required: true,
        mine: false,
        edit_list_guards_delete: true,
        archived_inherit: false,
        duplicate_rows: world::DuplicateRows::None,
        parents: vec![None, Some(0), Some(0), None],
        sorts: vec![
            Sort { status: world::Status::Draft, ..PAGE },
            PAGE,
            PAGE,
            Sort { kind: world::Kind::Blogpost, ..PAGE },
        ],
        ..finishing::case(before, after)
    };
    let planned = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse);
    assert!(planned.is_ok(), "{}", planned.unwrap_err());
}
