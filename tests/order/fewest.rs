//! No safe sequence of calls is shorter than the plan: an exhaustive search says so.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use confperm::model::Permission;
use confperm::plan::{Gaps, plan};
use confperm::sandbox::world::{self, Command, World};
use proptest::prelude::*;

use crate::site::{
    Case, GROUPS, ME, SPACE, State, between, case, pair, permissions, principal, profile, restrict,
};

/// How many cases to try: more where `CONFPERM_CASES` multiplies them.
#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
pub(crate) fn cases(normally: u32) -> u32 {
    std::env::var("CONFPERM_CASES")
        .ok()
        .and_then(|text| text.parse::<u32>().ok())
        .map_or(normally, |n| n * normally)
}

/// The state of a world, to recognise it by.
fn state(case: &Case, world: &World) -> State {
    let space = world.space(SPACE).unwrap();
    let rows = GROUPS.into_iter().filter_map(|who| {
        let held: BTreeSet<Permission> =
            permissions(case.mode).into_iter().filter(|p| space.holds(&principal(who), pair(*p))).collect();
        (!held.is_empty()).then_some((who, held))
    });
    let name = |who: &world::Principal| {
        GROUPS.into_iter().chain(["user:me"]).find(|name| principal(name) == *who).unwrap()
    };
    let lists = |names: &BTreeSet<world::Principal>| names.iter().map(name).collect();
    State {
        rows: rows.collect(),
        pages: world.contents().map(|page| [lists(&page.lists.read), lists(&page.lists.update)]).collect(),
    }
}

/// Calls that are needed at the very least: one for each page that differs, and for each group what its
/// rows need by themselves. A group that keeps `read/space` cannot be stripped and given it anew: whoever
/// is in that group alone would be without it.
fn at_least(case: &Case, now: &State) -> usize {
    let pages = now.pages.iter().zip(&case.after.pages).filter(|(now, after)| now != after).count();
    let none = BTreeSet::new();
    let rows = |who| {
        let (now, after) = (now.rows.get(who).unwrap_or(&none), case.after.rows.get(who).unwrap_or(&none));
        if after.is_empty() {
            return usize::from(!now.is_empty());
        }
        let companion = |of: &Permission| if case.companions { of.companions() } else { &[] };
        let (mut saved, add, remove) = (0_usize, after - now, now - after);
        let mut calls = add.len() + remove.len();
        for producer in &add {
            for other in companion(producer) {
                if add.contains(other) {
                    saved += 1;
                } else if !now.contains(other) && !after.contains(other) {
                    calls += 1;
                }
            }
        }
        for producer in &remove {
            for other in companion(producer) {
                if remove.contains(other) {
                    saved += 1;
                } else if now.contains(other) && after.contains(other) {
                    calls += 1;
                }
            }
        }
        calls - saved
    };
    pages + GROUPS.into_iter().map(rows).sum::<usize>()
}

/// What could be done next, with the state that it leads to.
fn steps(case: &Case, now: &State, world: &World) -> Vec<(Command, State)> {
    let mut steps = Vec::new();
    let space = world.space(SPACE).unwrap();
    for who in GROUPS {
        for permission in permissions(case.mode) {
            let (principal, pair) = (principal(who), pair(permission));
            let mut there = now.clone();
            let held = there.rows.entry(who).or_default();
            let companions = if case.companions { permission.companions() } else { &[] };
            let command = match space.row(&principal, pair) {
                Some(row) => {
                    held.retain(|other| {
                        permission != Permission::ReadSpace
                            && *other != permission
                            && !companions.contains(other)
                    });
                    Command::Revoke { space: SPACE, row }
                }
                None if permission == Permission::ReadSpace || held.contains(&Permission::ReadSpace) => {
                    held.insert(permission);
                    held.extend(companions);
                    Command::Grant { space: SPACE, principal, pair }
                }
                None => continue,
            };
            there.rows.retain(|_, held| !held.is_empty());
            steps.push((command, there));
        }
    }
    let lists: Vec<BTreeSet<&'static str>> = (0..8_u8)
        .map(|bits| {
            let chosen = GROUPS.into_iter().enumerate().filter(|(group, _)| bits >> group & 1 == 1);
            chosen.map(|(_, who)| who).chain(["user:me"]).collect()
        })
        .collect();
    // A list that is open neither before nor after must not be open in between, safe or not.
    let choices = |page: usize, list: usize| {
        let open = [&case.before, &case.after].into_iter().any(|state| state.pages[page][list].is_empty());
        lists.iter().cloned().chain(open.then(BTreeSet::new)).collect::<Vec<_>>()
    };
    let names = |list: &BTreeSet<&'static str>| list.iter().map(|who| principal(who)).collect();
    for (number, page) in world.contents().enumerate() {
        for read in choices(number, 0) {
            for update in choices(number, 1) {
                let mut there = now.clone();
                there.pages[number] = [read.clone(), update.clone()];
                steps.push((restrict(page.id, names(&read), names(&update)), there));
            }
        }
    }
    steps
}

/// The length of the shortest safe sequence, if it is at most `limit`.
fn shortest(case: &Case, start: &World, goal: &[bool], limit: usize) -> Option<usize> {
    let before = profile(case, start);
    let first = state(case, start);
    let mut waiting = BinaryHeap::from([Reverse((at_least(case, &first), first.clone()))]);
    let mut worlds = BTreeMap::from([(first, (0, start.clone()))]);
    while let Some(Reverse((_, now))) = waiting.pop() {
        if now == case.after {
            return Some(worlds[&now].0);
        }
        let (made, world) = worlds[&now].clone();
        for (command, there) in steps(case, &now, &world) {
            let total = made + 1 + at_least(case, &there);
            let known = worlds.get(&there).is_some_and(|(calls, _)| *calls <= made + 1);
            if total > limit || known {
                continue;
            }
            let mut next = world.clone();
            next.perform(&world::Caller::User(ME.into()), &command).unwrap();
            assert_eq!(state(case, &next), there, "{command:?}");
            if between(&before, &profile(case, &next), goal) {
                worlds.insert(there.clone(), (made + 1, next));
                waiting.push(Reverse((total, there)));
            }
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(2_000), failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_safe_sequence_is_shorter_than_the_plan(case in case()) {
        let world = case.world();
        let planned = plan(&case.desired(), &case.live(&world), Gaps::Refuse);
        let goal = {
            let mut end = case.clone();
            end.before = case.after.clone();
            profile(&case, &end.world())
        };
        let bound = at_least(&case, &state(&case, &world));
        let calls = planned.plan.calls.len();
        if planned.plan.refusals.is_empty() {
            prop_assert!(calls >= bound);
            if planned.plan.cost.exact {
                prop_assert_eq!(planned.plan.cost.lower_bound, calls);
            }
        }
        // The search does not see a gap in a permission that comes along with another, so where there are
        // such, it would call sequences safe that are not.
        if !case.companions {
            let shorter = if planned.plan.refusals.is_empty() { calls - usize::from(calls > 0) } else { bound + 1 };
            if shorter >= bound && calls > 0 {
                prop_assert_eq!(shortest(&case, &world, &goal, shorter), None);
            }
        }
    }
}
