//! Whoever runs an apply can finish it: what is taken from that account is taken last.

use std::collections::BTreeSet;

use confperm::model::{Call, Permission, Principal};
use confperm::plan::{EdgeReason, Gaps, Plan, PlannedCall, plan};

use crate::site::{Case, GROUPS, State};

const READ: [Permission; 1] = [Permission::ReadSpace];
const WRITE: [Permission; 3] = [Permission::ReadSpace, Permission::CreatePage, Permission::CreateComment];

fn state(rows: &[(&'static str, &[Permission])], pages: [&[&'static str]; 2]) -> State {
    State {
        rows: rows.iter().map(|(who, held)| (*who, held.iter().copied().collect())).collect(),
        pages: pages.map(|list| [list.iter().copied().collect(), BTreeSet::new()]).into(),
    }
}

/// A site whose caller is in the first group.
fn case(before: State, after: State) -> Case {
    Case {
        permissions: [
            Permission::ReadSpace,
            Permission::CreatePage,
            Permission::CreateComment,
            Permission::DeletePage,
        ],
        crowded: false,
        required: false,
        mine: true,
        members_known: true,
        people: Vec::new(),
        parents: vec![None, None],
        before,
        after,
    }
}

fn planned(case: &Case) -> Plan {
    let plan = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).plan;
    assert_eq!(plan.refusals, []);
    plan
}

fn takes_from_caller(call: &PlannedCall) -> bool {
    let mine: Principal = GROUPS[0].parse().unwrap();
    matches!(&call.call, Call::Revoke { principal, .. } if *principal == mine)
}

#[test]
fn what_is_taken_from_the_caller_waits_for_everything_else() {
    let [mine, other, _] = GROUPS;
    let before = state(&[(mine, &WRITE)], [&[], &["user:me", mine]]);
    let after = state(&[(mine, &READ), (other, &READ)], [&["user:me", mine], &["user:me", mine, other]]);
    let plan = planned(&case(before, after));
    let (last, rest): (Vec<_>, Vec<_>) = plan.calls.iter().partition(|call| takes_from_caller(call));
    assert_eq!((last.len(), rest.len()), (2, 3), "{:#?}", plan.calls);
    for taking in last {
        let mut before: BTreeSet<_> = taking.after.iter().map(|edge| edge.call).collect();
        for call in plan.calls.iter().rev().filter(|call| call.id < taking.id) {
            if before.contains(&call.id) {
                before.extend(call.after.iter().map(|edge| edge.call));
            }
        }
        assert!(rest.iter().all(|call| before.contains(&call.id)), "{:#?}", plan.calls);
    }
}

#[test]
fn what_would_let_somebody_in_waits_even_for_that() {
    let [mine, other, _] = GROUPS;
    // The first group may read until then, and shall at no moment see the page that opens.
    let before = state(&[(mine, &READ)], [&["user:me", other], &[]]);
    let after = state(&[], [&[], &[]]);
    let plan = planned(&case(before, after));
    let taking = plan.calls.iter().find(|call| takes_from_caller(call)).unwrap();
    let opening = plan.calls.iter().find(|call| matches!(call.call, Call::Restrict { .. })).unwrap();
    let edge = opening.after.iter().find(|edge| edge.call == taking.id).unwrap();
    assert_eq!(edge.reason, EdgeReason::Leak);
}
