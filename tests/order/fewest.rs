//! Hardly any safe sequence of calls is shorter than the plan, and none where the plan says so: an exhaustive search
//! looks.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::Permission;
use confperm::plan::{Gaps, plan};
use confperm::sandbox::world::{self, Command, World};
use proptest::prelude::*;

use crate::builder::sandbox::{pair, principal};
use crate::bystanders::Bystanders;
use crate::draw::{alone, case, with_companions};
use crate::judge::{Judge, now};
use crate::site::{Case, GROUPS, ME, SPACE, State, profile, restrict};
use crate::tally::{Tally, holds};

/// How many cases to try: more where `CONFPERM_CASES` multiplies them.
#[expect(clippy::disallowed_methods, reason = "a switch for those who run the tests")]
pub(crate) fn cases(normally: u32) -> ProptestConfig {
    let times = std::env::var("CONFPERM_CASES").ok().and_then(|text| text.parse::<u32>().ok()).unwrap_or(1);
    ProptestConfig {
        cases: times * normally,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    }
}

/// The count of a plan is the true minimum wherever it is said to be, and nearly everywhere else. Lists that let through
/// others than those on the list before or after, and rows that come and go again, could save a call here and there.
fn is_the_fewest(case: &Case, tally: &Tally) -> Result<(), TestCaseError> {
    let judge = Judge::of(case);
    let planned = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse).unwrap().plan;
    let (calls, bound) = (planned.cost.calls, judge.at_least(&judge.start()));
    let is_planned = tally.is_planned(&planned);
    if is_planned {
        prop_assert!(calls >= bound);
        if planned.cost.exact {
            prop_assert_eq!(planned.cost.lower_bound, calls);
        }
    }
    let shorter = if is_planned { calls.saturating_sub(1) } else { bound + 1 };
    if shorter >= bound && calls > 0 && judge.shortest(shorter).is_some() {
        prop_assert!(!(is_planned && planned.cost.exact));
        tally.is_not_the_fewest();
    }
    Ok(())
}

#[test]
fn hardly_any_safe_sequence_is_shorter_than_a_plan() {
    holds(1_500, 10, &alone(), |case, tally| is_the_fewest(&case, tally));
}

#[test]
fn hardly_any_is_shorter_where_permissions_have_companions() {
    holds(1_500, 10, &with_companions(), |case, tally| is_the_fewest(&case, tally));
}

/// The state of a world, to recognise it by.
fn state(case: &Case, world: &World) -> State {
    let space = world.space(SPACE).unwrap();
    let rows = GROUPS.into_iter().filter_map(|who| {
        let held: BTreeSet<Permission> =
            case.permissions.into_iter().filter(|p| space.holds(&principal(who), pair(*p))).collect();
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

/// A call that could be made next, drawn by a number.
fn some_call(case: &Case, world: &World, draw: usize) -> Option<Command> {
    let space = world.space(SPACE).unwrap();
    let pages = case.parents.len();
    if pages > 0 && draw.is_multiple_of(2) {
        let draw = draw / 2;
        let list = |bits: usize| -> BTreeSet<world::Principal> {
            let chosen = GROUPS.iter().enumerate().filter(|(group, _)| bits >> group & 1 == 1);
            let listed = chosen.map(|(_, who)| principal(who)).chain([principal("user:me")]);
            if bits == 8 { BTreeSet::new() } else { listed.collect() }
        };
        let page = world.contents().nth(draw % pages)?.id;
        return Some(restrict(page, list(draw / pages % 9), list(draw / pages / 9 % 9)));
    }
    let draw = draw / 2;
    let (principal, pair) = (principal(GROUPS[draw % 3]), pair(case.permissions[draw / 3 % 4]));
    Some(match space.row(&principal, pair) {
        Some(row) => Command::Revoke { space: SPACE, row },
        None => Command::Grant { space: SPACE, principal, pair },
    })
}

/// What the sandbox's own check says, in the form of the judge.
fn seen(case: &Case, world: &World) -> Vec<u8> {
    let all = profile(case, world);
    let kinds: Vec<Option<u8>> =
        world.users().map(|user| user.handle.strip_prefix('p')?.parse().ok()).collect();
    let each = all.len() / kinds.len();
    let mut seen = vec![0; each];
    for (bits, kind) in all.chunks(each).zip(kinds) {
        if let Some(kind) = kind {
            for (thing, bit) in bits.iter().enumerate() {
                seen[thing] |= u8::from(*bit) << kind;
            }
        }
    }
    seen
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_judge_sees_what_the_sandbox_sees(
        case in case().prop_map(|case| Case { bystanders: Bystanders::None, ..case }),
        draws in proptest::collection::vec(any::<u16>(), 12),
    ) {
        let judge = Judge::of(&case);
        let mut world = case.world();
        let mut seen_by_judge = judge.start();
        prop_assert_eq!(judge.visible(&seen_by_judge), seen(&case, &world));
        for draw in draws {
            let Some(command) = some_call(&case, &world, usize::from(draw)) else { continue };
            // What the world refuses, the judge does not think of either.
            if world.perform(&world::Caller::User(ME.into()), &command).is_err() {
                continue;
            }
            let there = now(&case, &state(&case, &world));
            let steps: BTreeMap<_, _> = judge.steps(&seen_by_judge).into_iter().collect();
            let opens = matches!(&command, Command::ClearRestrictions { .. } | Command::ReplaceRestrictions { .. });
            prop_assert!(opens || there == seen_by_judge || steps.contains_key(&there), "{command:?}");
            prop_assert_eq!(judge.visible(&there), seen(&case, &world));
            seen_by_judge = there;
        }
    }
}
