//! The account that runs an apply can finish it: what is taken from that account is taken last.

use std::collections::BTreeSet;

use confperm::model::{Call, Permission, Principal};
use confperm::plan::{CallId, EdgeReason, Endangered, Gaps, Plan, PlannedCall, Refusal, check, plan};
use confperm::sandbox::world::DuplicateRows;

use crate::bystanders::Bystanders;
use crate::roles::By;
use crate::site::{Case, GROUPS, Lacks, PAGE, State, perform};

const READ: [Permission; 1] = [Permission::ReadSpace];
const WRITE: [Permission; 3] = [Permission::ReadSpace, Permission::CreatePage, Permission::CreateComment];

pub(crate) fn state<const PAGES: usize>(
    rows: &[(&'static str, &[Permission])],
    pages: [&[&'static str]; PAGES],
) -> State {
    State {
        rows: rows.iter().map(|(who, held)| (*who, held.iter().copied().collect())).collect(),
        pages: pages.map(|list| [list.iter().copied().collect(), BTreeSet::new()]).into(),
    }
}

/// A site of two pages whose caller is in the first group.
pub(crate) fn case(before: State, after: State) -> Case {
    Case {
        permissions: [
            Permission::ReadSpace,
            Permission::CreatePage,
            Permission::CreateComment,
            Permission::DeletePage,
        ],
        by: By::Rows,
        bystanders: Bystanders::None,
        required: false,
        mine: true,
        leaning: false,
        lacks: Lacks::default(),
        archived: false,
        lists_for_folders: false,
        edit_list_guards_delete: false,
        archived_inherit: true,
        duplicate_rows: DuplicateRows::None,
        wide: None,
        members_known: true,
        people: Vec::new(),
        parents: vec![None, None],
        sorts: vec![PAGE, PAGE],
        before,
        after,
    }
}

fn planned(case: &Case) -> Plan {
    let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
    assert_eq!(plan.refusals, []);
    plan
}

fn takes_from_caller(call: &PlannedCall) -> bool {
    let mine: Principal = GROUPS[0].parse().unwrap();
    matches!(&call.call, Call::Revoke { principal, .. } if *principal == mine)
}

/// The calls that must be made before one.
fn waited_for(plan: &Plan, call: &PlannedCall) -> BTreeSet<CallId> {
    let mut before: BTreeSet<_> = call.after.iter().map(|edge| edge.call).collect();
    for earlier in plan.calls.iter().rev().filter(|earlier| earlier.id < call.id) {
        if before.contains(&earlier.id) {
            before.extend(earlier.after.iter().map(|edge| edge.call));
        }
    }
    before
}

#[test]
fn what_the_caller_needs_is_taken_when_the_calls_that_need_it_are_made() {
    let [mine, other, _] = GROUPS;
    let before = state(&[(mine, &WRITE)], [&[], &["user:me", mine]]);
    let after = state(&[(mine, &READ), (other, &READ)], [&["user:me", mine], &["user:me", mine, other]]);
    let waits_for_pages = |case: &Case| -> Vec<bool> {
        let plan = planned(case);
        let is_on_page = |call: &&PlannedCall| matches!(call.call, Call::Restrict { .. });
        let on_pages: BTreeSet<CallId> = plan.calls.iter().filter(is_on_page).map(|call| call.id).collect();
        assert_eq!(on_pages.len(), 2);
        let takes_editing = |call: &&PlannedCall| {
            matches!(call.call, Call::Revoke { permission: Permission::CreatePage, .. })
        };
        let taking = plan.calls.iter().filter(takes_editing);
        taking.map(|call| on_pages.is_subset(&waited_for(&plan, call))).collect()
    };
    let case = case(before, after);
    // It has every permission by itself as well, so nothing that a group loses is needed.
    assert_eq!(waits_for_pages(&case), [false]);
    assert_eq!(waits_for_pages(&Case { leaning: true, ..case }), [true]);
}

#[test]
fn what_would_open_something_waits_even_for_that() {
    let [mine, other, _] = GROUPS;
    // The first group may read until then, and must at no moment see the page that opens.
    let before = state(&[(mine, &READ)], [&["user:me", other], &[]]);
    let after = state(&[], [&[], &[]]);
    let plan = planned(&case(before, after));
    let taking = plan.calls.iter().find(|call| takes_from_caller(call)).unwrap();
    let opening = plan.calls.iter().find(|call| matches!(call.call, Call::Restrict { .. })).unwrap();
    let edge = opening.after.iter().find(|edge| edge.call == taking.id).unwrap();
    assert_eq!(edge.reason, EdgeReason::Leak);
}

/// A site whose caller may change pages by that group alone; in a crowd or not.
fn leaning(before: &State, after: &State) -> [Case; 2] {
    [Bystanders::None, Bystanders::Different].map(|bystanders| Case {
        bystanders,
        leaning: true,
        ..case(before.clone(), after.clone())
    })
}

#[test]
fn what_changing_pages_needs_is_taken_when_they_are_changed() {
    let [mine, other, _] = GROUPS;
    let before = state(&[(mine, &WRITE)], [&["user:me", mine], &["user:me", mine]]);
    let after = state(&[(mine, &READ), (other, &READ)], [&[], &["user:me", mine, other]]);
    for case in leaning(&before, &after) {
        let plan = planned(&case);
        let taking = plan.calls.iter().position(takes_from_caller).unwrap();
        assert!(plan.calls[taking..].iter().all(takes_from_caller), "{:#?}", plan.calls);
        // The world refuses what the caller may not do, whatever it was given before.
        let mut world = case.world();
        for call in plan.calls.iter().filter(|call| !call.conditional) {
            perform(&mut world, &call.call);
        }
        assert!(
            confperm::plan::plan(&case.desired(), &case.live(&world), Gaps::Refuse).unwrap().plan.is_empty()
        );
    }
}

#[test]
fn an_order_that_takes_it_earlier_does_not_pass_the_check() {
    let [mine, other, _] = GROUPS;
    let before = state(&[(mine, &WRITE)], [&["user:me", mine], &["user:me", mine]]);
    let after = state(&[(mine, &READ), (other, &READ)], [&[], &["user:me", mine, other]]);
    for case in leaning(&before, &after) {
        let (desired, live) = (case.desired(), case.live(&case.world()));
        let mut planned = plan(&desired, &live, Gaps::Refuse).unwrap();
        for call in &mut planned.plan.calls {
            let takes = matches!(call.call, Call::Revoke { permission: Permission::CreatePage, .. });
            call.after.retain(|edge| !takes || edge.reason == EdgeReason::Api);
        }
        let broken = check(&planned.plan, &live, &planned.after, &desired.guards).unwrap_err();
        let danger = broken.danger.unwrap();
        assert_eq!(danger.what, Endangered::Permission(Permission::CreatePage));
        assert!(danger.people.contains(&mine.parse().unwrap()), "{danger:?}");
    }
}

#[test]
fn what_the_caller_could_not_finish_is_not_begun() {
    let [mine, other, _] = GROUPS;
    // The first group must never see the page that opens, and no other lets the caller open it.
    let before = state(&[(mine, &WRITE)], [&["user:me", other], &[]]);
    let after = state(&[], [&[], &[]]);
    for case in leaning(&before, &after) {
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
        let [Refusal::Unfinishable { call, permission, through, .. }] = &plan.refusals[..] else {
            panic!("{:#?}", plan.refusals)
        };
        assert_eq!((*permission, through.len()), (Permission::CreatePage, 1));
        assert!(through.contains(&mine.parse().unwrap()));
        assert!(matches!(plan.calls[call.position()].call, Call::Restrict { .. }));
    }
}

#[test]
fn no_call_comes_into_the_moment_in_which_a_right_goes_along_and_is_given_back() {
    let [mine, other, _] = GROUPS;
    let permissions =
        [Permission::ReadSpace, Permission::ExportContent, Permission::CreatePage, Permission::UpdatePage];
    // On this site, `update/page` goes along with `create/page`, and editing is all that the caller has it for.
    let kept = [Permission::ReadSpace, Permission::ExportContent, Permission::UpdatePage];
    let before = state(&[(mine, &permissions)], [&["user:me", mine], &[]]);
    let after = state(&[(mine, &kept)], [&["user:me", mine, other], &["user:me", mine]]);
    let case = Case { permissions, leaning: true, ..case(before, after) };
    let plan = planned(&case);
    let place = |is: fn(&Call) -> bool| plan.calls.iter().position(|call| is(&call.call)).unwrap();
    let taking = place(|call| matches!(call, Call::Revoke { permission: Permission::CreatePage, .. }));
    let back = place(|call| matches!(call, Call::Grant { permission: Permission::UpdatePage, .. }));
    let [taking, back] = [taking, back].map(|place| &plan.calls[place]);
    let on_pages: Vec<_> =
        plan.calls.iter().filter(|call| matches!(call.call, Call::Restrict { .. })).collect();
    assert_eq!(on_pages.len(), 2);
    for call in on_pages {
        let comes_before = waited_for(&plan, taking).contains(&call.id);
        assert!(comes_before || waited_for(&plan, call).contains(&back.id), "{:#?}", plan.calls);
    }
}

#[test]
fn what_the_caller_gets_too_late_is_named() {
    let [mine, ..] = GROUPS;
    // The others of the first group may edit no page now, and are not to see the one that closes.
    let before = state(&[(mine, &READ)], [&[], &[]]);
    let after = state(&[(mine, &WRITE)], [&["user:me"], &[]]);
    for case in leaning(&before, &after) {
        let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
        let [Refusal::Unfinishable { call, permission, through, .. }] = &plan.refusals[..] else {
            panic!("{:#?}", plan.refusals)
        };
        assert_eq!((*permission, through.len()), (Permission::CreatePage, 0));
        assert!(matches!(plan.calls[call.position()].call, Call::Restrict { .. }));
        let text = confperm::render::plan_as_text(&plan);
        assert!(text.contains(", needs create/page, but in every safe order"), "{text}");
        assert!(!text.contains("--allow-gap") && !text.contains("the fewest"), "{text}");
    }
}
