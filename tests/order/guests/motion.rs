//! A run that ends anywhere is taken up by the next, and comes to the same end: on sites that have guests already, where
//! people come and go.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{Call, Permission};
use confperm::plan::{Gaps, Plan, plan};
use confperm::sandbox::world::{self, World};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{ACCOUNT, Drawn, Guested, Joining, NAMES, carried_out};
use crate::draw::{listed, plain};
use crate::site::{Case, PAGE, SPACE, Sort, State, perform};
use crate::tally::holds;

/// Those beside the guests, who are `group:g2` or a guest account.
const INSIDERS: [&str; 4] = ["group:g0", "group:g1", "user:p0", "user:p1"];

/// What a list of a page is before.
#[derive(Debug, Clone)]
enum List {
    Open,
    /// All who see the space, or who edit there: one that was made for guests looks like that.
    Made,
    OfThoseWhoStay,
    /// None but the account that made it.
    Private,
    /// All who see the space or edit there, and the principal that a rule takes off.
    WithLeaver,
    Own(BTreeSet<&'static str>),
}

/// A site that may have guests already, with people who come and go, lists that were made for them, and lists of
/// other people's making.
fn in_motion() -> impl Strategy<Value = Guested> {
    let rights = || {
        let edits = BTreeSet::from([Permission::ReadSpace, Permission::CreatePage]);
        let holding = prop_oneof![
            2 => Just(None),
            3 => Just(Some(BTreeSet::from([Permission::ReadSpace]))),
            2 => Just(Some(edits)),
        ];
        proptest::collection::vec(holding, 4).prop_map(|held| -> BTreeMap<&str, BTreeSet<Permission>> {
            INSIDERS.into_iter().zip(held).filter_map(|(who, rights)| Some((who, rights?))).collect()
        })
    };
    let own = proptest::collection::btree_set(proptest::sample::select(INSIDERS.to_vec()), 1..=3);
    let list = move || {
        prop_oneof![
            2 => Just(List::Open),
            2 => Just(List::Made),
            1 => Just(List::OfThoseWhoStay),
            1 => Just(List::Private),
            1 => Just(List::WithLeaver),
            2 => own.clone().prop_map(List::Own),
        ]
    };
    let pages = 1_usize..=3;
    let shape = pages.prop_flat_map(move |pages| {
        let lists = proptest::collection::vec([list(), list()], pages);
        let parents: Vec<_> = (0..pages).map(|page| proptest::option::of(0..page.max(1))).collect();
        let sorts = proptest::collection::vec(listed(), pages);
        let guest = prop_oneof![Just(2), Just(ACCOUNT)];
        (parents, lists, sorts, 0..pages, guest)
    });
    let leaver = proptest::option::weighted(0.3, proptest::sample::select(INSIDERS.to_vec()));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), leaver, joining());
    (plain(), shape, rights(), rights(), flags).prop_map(
        |(
            case,
            (parents, lists, sorts, named, guest),
            before,
            mut after,
            (known, edit, guests_before, leaver, joining),
        )| {
            if let Some(leaver) = leaver {
                after.remove(leaver);
            }
            let parents: Vec<Option<usize>> = parents
                .into_iter()
                .enumerate()
                .map(|(page, parent)| {
                    // Blog posts stand beside the tree.
                    let is_post = |page: usize| sorts[page].kind == world::Kind::Blogpost;
                    parent.filter(|parent| *parent < page && !is_post(page) && !is_post(*parent))
                })
                .collect();
            let drawn = |list: List, permission: Permission| {
                let hold = |rows: &BTreeMap<&'static str, BTreeSet<Permission>>| -> BTreeSet<&str> {
                    let hold = rows.iter().filter(|(_, held)| held.contains(&permission));
                    hold.map(|(who, _)| *who).collect()
                };
                let mut list = match list {
                    List::Open => return BTreeSet::new(),
                    List::Made => hold(&before),
                    List::OfThoseWhoStay => &hold(&before) & &hold(&after),
                    List::Private => BTreeSet::new(),
                    List::WithLeaver => hold(&before).into_iter().chain(leaver).collect(),
                    List::Own(list) => list,
                };
                list.insert("user:me");
                list
            };
            let lists: Vec<_> = lists
                .into_iter()
                .map(|[view, edit]| [drawn(view, Permission::ReadSpace), drawn(edit, Permission::CreatePage)])
                .collect();
            let rights = if edit {
                [Permission::ReadSpace, Permission::CreatePage].into()
            } else {
                [Permission::ReadSpace].into()
            };
            let holding = [(NAMES[guest], rights)];
            let rows = |rows: BTreeMap<&'static str, BTreeSet<Permission>>, guests: bool| {
                rows.into_iter().chain(holding.clone().into_iter().filter(|_| guests)).collect()
            };
            let case = Case {
                members_known: known,
                people: (0..8).collect(),
                sorts,
                parents,
                before: State { rows: rows(before, guests_before), pages: lists.clone() },
                after: State { rows: rows(after, true), pages: lists },
                ..case
            };
            // Who is to be on no list contradicts a line that puts it there.
            let joining = joining.filter(|(who, ..)| leaver != Some(*who)).map(|(who, pages, edit)| {
                let is_there = |page: &usize| *page < case.parents.len();
                let pages = pages.map(|pages| pages.into_iter().filter(is_there).collect());
                Joining { who, pages, edit }
            });
            Guested { case, named: BTreeMap::from([(guest, BTreeSet::from([named]))]), edit, leaver, joining }
        },
    )
}

/// An insider who joins some lists, or all, by `also-view` or `also-edit`.
fn joining() -> impl Strategy<Value = Option<(&'static str, Option<BTreeSet<usize>>, bool)>> {
    let pages = proptest::option::of(proptest::collection::btree_set(0_usize..3, 1..=2));
    proptest::option::weighted(0.4, (proptest::sample::select(INSIDERS.to_vec()), pages, any::<bool>()))
}

/// The calls of a plan in another order that its edges allow.
fn another_order(plan: &Plan, mut seed: u64) -> Vec<&Call> {
    let mut done = BTreeSet::new();
    let mut order = Vec::new();
    while order.len() < plan.calls.len() {
        let ready: Vec<_> = plan
            .calls
            .iter()
            .filter(|call| {
                !done.contains(&call.id) && call.after.iter().all(|edge| done.contains(&edge.call))
            })
            .collect();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let next = ready[usize::try_from(seed >> 33).unwrap() % ready.len()];
        done.insert(next.id);
        order.push(&next.call);
    }
    order
}

/// Who holds what, and all lists.
fn outcome(world: &World) -> impl PartialEq + std::fmt::Debug + use<> {
    let space = world.space(SPACE).unwrap();
    let rows: BTreeSet<String> =
        space.grants.values().map(|grant| format!("{:?} {:?}", grant.principal, grant.pair)).collect();
    let lists: Vec<_> = world.contents().map(|content| content.lists.clone()).collect();
    (rows, lists)
}

/// Ends a run after each call, in the order of the plan and in another one, and takes it up.
fn is_taken_up(guested: &Guested, world: &World, planned: &Plan, seed: u64) -> Result<(), TestCaseError> {
    let states = carried_out(world, planned);
    let end = outcome(&states[states.len() - 1]);
    let mut now = world.clone();
    let mut elsewhere = Vec::new();
    for call in another_order(planned, seed) {
        perform(&mut now, call);
        elsewhere.push(now.clone());
    }
    for (number, state) in states.iter().chain(&elsewhere).enumerate() {
        let again = plan(&guested.desired_on(state), &guested.live(state), Gaps::Refuse).unwrap().plan;
        prop_assert!(again.refusals.is_empty(), "after {}: {:#?}", number, again.refusals);
        let rest = carried_out(state, &again);
        let found = outcome(&rest[rest.len() - 1]);
        prop_assert!(found == end, "{} of {:#?}: {:?}, and not {:?}", number, planned.calls, found, end);
    }
    Ok(())
}

#[test]
fn a_run_that_ends_anywhere_is_taken_up_to_the_same_end() {
    let drawn = Drawn::default();
    let joined = Cell::new(0);
    holds(250, 40, &(in_motion(), any::<u64>()), |(guested, seed), tally| {
        let world = guested.world();
        let planned = plan(&guested.desired_on(&world), &guested.live(&world), Gaps::Refuse).unwrap();
        if !tally.is_planned(&planned.plan) {
            return Ok(());
        }
        drawn.note(&guested);
        joined.set(joined.get() + usize::from(guested.joining.is_some()));
        is_taken_up(&guested, &world, &planned.plan, seed)
    });
    drawn.are_enough();
    assert!(joined.get() * 4 >= *drawn.cases.borrow(), "{joined:?}");
}

/// A post that only its author sees; once `group:g0` has joined its lists, these look as if they had been made for guests.
#[test]
fn a_list_that_insiders_join_is_not_taken_for_one_that_was_made() {
    const READ: [Permission; 1] = [Permission::ReadSpace];
    let private = || [BTreeSet::from(["user:me"]), BTreeSet::from(["user:me"])];
    let mut runner = TestRunner::deterministic();
    let drawn = in_motion().new_tree(&mut runner).unwrap().current();
    for seed in 0..20 {
        let case = Case {
            parents: vec![None],
            sorts: vec![Sort { kind: world::Kind::Blogpost, ..PAGE }],
            before: State { rows: [("group:g2", READ.into())].into(), pages: vec![private()] },
            after: State {
                rows: ["group:g0", "group:g2", "user:p0"].map(|who| (who, READ.into())).into(),
                pages: vec![private()],
            },
            ..drawn.case.clone()
        };
        let joining = Some(Joining { who: "group:g0", pages: None, edit: true });
        let named = BTreeMap::from([(2, BTreeSet::from([0]))]);
        let guested = Guested { case, named, edit: false, leaver: None, joining };
        let world = guested.world();
        let planned = plan(&guested.desired_on(&world), &guested.live(&world), Gaps::Refuse).unwrap().plan;
        assert_eq!(planned.refusals, []);
        is_taken_up(&guested, &world, &planned, seed).unwrap();
    }
}
