//! What the account that runs a plan may not change is left out of it, and nothing else is. The sandbox's world
//! judges: it refuses what an account may not do, and it knows who can do what.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{Call, Permission};
use confperm::plan::{Change, ChangeAction, Gaps, LeftOut, Moment, NeededBy, Plan, Refusal, plan};
use confperm::sandbox::world::{self, Caller, Command, World};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::builder::sandbox::{pair, principal};
use crate::bystanders::Bystanders;
use crate::draw::lacking;
use crate::fewest::cases;
use crate::finishing::{case, state};
use crate::site::{Case, GROUPS, Lacks, ME, SPACE, between, perform, profile, restrict};
use crate::tally::word;

const READ: [Permission; 1] = [Permission::ReadSpace];

/// The lists of the first page are to close, those of the page below it to open; the account may only do the
/// second.
fn closed_above() -> Case {
    let [_, one, other] = GROUPS;
    let rows: [(&'static str, &[Permission]); 2] = [(one, &READ), (other, &READ)];
    let mut case = case(state(&rows, [&[], &["user:me", one]]), state(&rows, [&["user:me", one], &[]]));
    case.parents = vec![None, Some(0)];
    for state in [&mut case.before, &mut case.after] {
        state.pages[0][1] = BTreeSet::from(["user:me", one]);
    }
    Case { lacks: Lacks { edit_lists: 1, ..Lacks::default() }, ..case }
}

#[test]
fn what_would_be_open_without_something_left_out_is_refused() {
    for bystanders in [Bystanders::None, Bystanders::Different] {
        let case = Case { bystanders, ..closed_above() };
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Allow).unwrap().plan;
        let [Refusal::NeedsLeftOut { left_out, needed_by: NeededBy::Order { danger, .. }, .. }] =
            &plan.refusals[..]
        else {
            panic!("{:#?}", plan.refusals)
        };
        // Both its lists, which one call writes.
        assert_eq!((left_out, plan.left_out.len()), (&BTreeSet::from([0, 1]), 2));
        let danger = danger.as_ref().unwrap();
        assert_eq!(danger.moment, Moment::LetIn);
        assert!(danger.people.contains(&GROUPS[2].parse().unwrap()), "{danger:#?}");
    }
}

#[test]
fn what_is_independent_of_something_left_out_is_done() {
    for bystanders in [Bystanders::None, Bystanders::Different] {
        let case = Case { bystanders, parents: vec![None, None], ..closed_above() };
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
        assert_eq!((plan.refusals.len(), plan.left_out.len(), plan.calls.len()), (0, 2, 1), "{plan:#?}");
    }
}

/// What came of many plans.
#[derive(Debug, Default)]
struct Counts {
    refused: BTreeMap<&'static str, usize>,
    with_left_out: usize,
    rows_left_out: usize,
    pages_left_out: usize,
    calls: usize,
    after_another_call: usize,
}

#[test]
fn no_call_is_refused_and_nothing_is_left_out_that_could_be_done() {
    let config = cases(1_000);
    let number = config.cases;
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = lacking();
    let mut counts = Counts::default();
    for _ in 0..number {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        check(&case, &mut counts);
    }
    println!("{number} sites: {counts:?}");
    assert!(counts.with_left_out > 300 && counts.after_another_call >= 5, "{counts:?}");
    let refused: usize = counts.refused.values().sum();
    assert!(refused * 4 < usize::try_from(number).unwrap(), "{counts:?}");
}

fn check(case: &Case, counts: &mut Counts) {
    let world = case.world();
    let plan = plan(&case.desired(), &case.live(&world), Gaps::Refuse).unwrap().plan;
    if !plan.refusals.is_empty() {
        plan.refusals.iter().for_each(|refusal| count_refusal(refusal, counts));
        if let [Refusal::NeedsLeftOut { .. }] = &plan.refusals[..] {
            // Whether edit lists guard deletion is not known, so it counts in both ways.
            let is_needless = [false, true].into_iter().all(|edit_list_guards_delete| {
                let case = Case { edit_list_guards_delete, ..case.clone() };
                let world = case.world_with_unread();
                let mut now = world.clone();
                for planned in plan.calls.iter().filter(|call| !call.conditional) {
                    perform(&mut now, &planned.call);
                }
                ends_between(&case, &world, &now)
            });
            // Where there is a crowd, anyone may be in its groups, and the world has no such people.
            assert!(
                case.bystanders == Bystanders::Different || !is_needless,
                "refused without need: {:#?}\n{case:#?}",
                plan.refusals
            );
        }
        return;
    }
    counts.calls += plan.calls.len();
    counts.with_left_out += usize::from(!plan.left_out.is_empty());
    let mut now = world.clone();
    for planned in plan.calls.iter().filter(|call| !call.conditional) {
        counts.after_another_call += usize::from(!is_possible(&world, &planned.call));
        // The world refuses what the caller may not do, and that ends the test.
        perform(&mut now, &planned.call);
    }
    for left in &plan.left_out {
        assert!(is_refused(&now, left), "{left:#?}\n{case:#?}");
        match left.change {
            Change::Audience { .. } => counts.pages_left_out += 1,
            Change::Grant { .. } | Change::Role { .. } => counts.rows_left_out += 1,
        }
    }
    let rest = confperm::plan::plan(&case.desired(), &case.live(&now), Gaps::Refuse).unwrap().plan;
    let left_out = |plan: &Plan| plan.left_out.iter().map(|left| left.change.clone()).collect::<Vec<_>>();
    assert!(rest.is_empty() && left_out(&rest) == left_out(&plan), "{rest:#?}\n{case:#?}");
    assert!(ends_between(case, &world, &now), "{:#?}\n{case:#?}", plan.left_out);
}

/// Whether all who can do something afterwards can do it before or are meant to, and all who can do it before and are
/// meant to still can.
fn ends_between(case: &Case, before: &World, now: &World) -> bool {
    let whole = Case { before: case.after.clone(), lacks: Lacks::default(), ..case.clone() };
    let has_unread = before.contents().count() > case.parents.len();
    let intended = if has_unread { whole.world_with_unread() } else { whole.world() };
    // The account itself is kept on lists that others may do without.
    let of_others = |world: &World| {
        let people: Vec<bool> = world.users().map(|user| user.handle != ME).collect();
        let bits = profile(case, world);
        let things = bits.len() / people.len();
        bits.into_iter()
            .enumerate()
            .filter(|(at, _)| people[at / things])
            .map(|(_, bit)| bit)
            .collect::<Vec<bool>>()
    };
    between(&of_others(before), &of_others(now), &of_others(&intended))
}

fn is_possible(world: &World, call: &Call) -> bool {
    match call {
        Call::Restrict { content, .. } => {
            let content = confperm::sandbox::world::ContentId(content.number());
            world.allows(&Caller::User(ME.into()).subject(), world::Verb::Restrict, content).is_ok()
        }
        Call::Grant { .. } | Call::Revoke { .. } | Call::AssignRoles { .. } => world
            .space_operations(&Caller::User(ME.into()).subject(), SPACE)
            .contains(&pair(Permission::AdministerSpace)),
    }
}

/// Whether the world refuses a change because of who asks.
fn is_refused(world: &World, left: &LeftOut) -> bool {
    let me = Caller::User(ME.into());
    let command = match &left.change {
        Change::Grant { principal: who, permission, verb: ChangeAction::Add, .. } => {
            Command::Grant { space: SPACE, principal: principal(&who.to_string()), pair: pair(*permission) }
        }
        Change::Grant { principal: who, permission, verb: ChangeAction::Remove, .. } => {
            let who = principal(&who.to_string());
            let row = world.space(SPACE).unwrap().row(&who, pair(*permission)).unwrap();
            Command::Revoke { space: SPACE, row }
        }
        Change::Audience { content, .. } => {
            // Any list would do.
            let list = BTreeSet::from([principal("user:me")]);
            restrict(confperm::sandbox::world::ContentId(content.number()), list.clone(), list)
        }
        Change::Role { .. } => panic!("these sites have no roles"),
    };
    let refusal = world.clone().perform(&me, &command);
    refusal.is_err_and(|refusal| refusal.fault() == confperm::sandbox::world::Fault::Forbidden)
}

fn count_refusal(refusal: &Refusal, counts: &mut Counts) {
    *counts.refused.entry(word(refusal)).or_default() += 1;
}
