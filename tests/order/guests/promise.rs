//! Who sees what afterwards, that it stays so, that no state on the way is worse, and that fewer restrictions would not
//! do. Judged by the sandbox's own naive check, and for the search by a few lines of arithmetic that are held
//! against it.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{Call, ContentId, Permission};
use confperm::plan::{Gaps, Plan, plan};
use confperm::sandbox::world::{self, World};
use proptest::prelude::*;

use super::{Guested, carried_out};
use crate::bystanders::Bystanders;
use crate::site::{Case, GROUPS, SPACE, between, of_pages, profile};
use crate::tally::holds;

fn guested() -> impl Strategy<Value = Guested> {
    of_pages()
        .prop_filter("there are pages", |case| !case.parents.is_empty())
        .prop_flat_map(|case| {
            let pages = case.parents.len();
            let some = move || proptest::collection::btree_set(0..pages, 1..=pages.min(2));
            (Just(case), some(), proptest::option::of(some()), any::<bool>())
        })
        .prop_map(|(mut case, first, second, edit)| {
            case.bystanders = Bystanders::None;
            let mut named = BTreeMap::from([(2, first)]);
            named.extend(second.map(|pages| (1, pages)));
            let edit = edit && !case.companions();
            case.after.rows = case.before.rows.clone();
            for guest in named.keys() {
                let mut rights = BTreeSet::from([Permission::ReadSpace]);
                rights.extend(edit.then_some(Permission::CreatePage));
                case.after.rows.insert(GROUPS[*guest], rights);
            }
            Guested { case, named, edit, leaver: None }
        })
}

/// A person for each combination of groups. The world of a case has those that matter to the planner only.
fn with_everybody(case: &Case) -> Case {
    Case { people: (0..8).collect(), ..case.clone() }
}

fn person(groups: u8) -> world::Subject {
    world::Subject::User(world::AccountId(format!("p{groups}")))
}

fn allows(world: &World, groups: u8, verb: world::Verb, page: usize) -> bool {
    world.allows(&person(groups), verb, world::ContentId(1000 + page as u64)).is_ok()
}

/// The view lists of a world, as bits of groups; `None` is open. Whoever runs this is on every list.
type Lists = Vec<Option<u8>>;

fn view_lists(world: &World) -> Lists {
    world
        .contents()
        .map(|content| {
            let read = &content.lists.read;
            let bit = |group: usize| u8::from(read.contains(&crate::site::principal(GROUPS[group]))) << group;
            (!read.is_empty()).then(|| bit(0) | bit(1) | bit(2))
        })
        .collect()
}

fn readers(world: &World) -> u8 {
    let reads = |group: usize| {
        let row = crate::site::principal(GROUPS[group]);
        let pair = crate::site::pair(Permission::ReadSpace);
        u8::from(world.space(SPACE).unwrap().row(&row, pair).is_some()) << group
    };
    reads(0) | reads(1) | reads(2)
}

/// Access by arithmetic: in the space, and past every list on the way.
fn sees(groups: u8, page: usize, readers: u8, lists: &Lists, parents: &[Option<usize>]) -> bool {
    let mut at = Some(page);
    while let Some(page) = at {
        if lists[page].is_some_and(|list| list & groups == 0) {
            return false;
        }
        at = parents[page];
    }
    groups & readers != 0
}

/// Whether these lists do what is asked: guests see what is meant, and everybody else what they saw before.
fn keeps_promise(guested: &Guested, readers: [u8; 2], before: &Lists, lists: &Lists) -> bool {
    let parents = &guested.case.parents;
    let guests = guested.guests();
    (1..8_u8).all(|groups| {
        (0..parents.len()).all(|page| {
            let now = sees(groups, page, readers[1], lists, parents);
            if groups & !guests == 0 {
                now == guested.meant(groups, page)
            } else {
                groups & guests != 0 || now == sees(groups, page, readers[0], before, parents)
            }
        })
    })
}

/// Whether so many lists, wherever and whatever they are, could do it.
fn could_do(guested: &Guested, readers: [u8; 2], before: &Lists, changes: usize) -> bool {
    fn search(from: usize, left: usize, lists: &mut Lists, good: &dyn Fn(&Lists) -> bool) -> bool {
        if good(lists) {
            return true;
        }
        if left == 0 {
            return false;
        }
        for page in from..lists.len() {
            let was = lists[page];
            for list in (0..8).map(Some).chain([None]) {
                lists[page] = list;
                if search(page + 1, left - 1, lists, good) {
                    return true;
                }
            }
            lists[page] = was;
        }
        false
    }
    search(0, changes, &mut before.clone(), &|lists| keeps_promise(guested, readers, before, lists))
}

fn restricted(plan: &Plan) -> usize {
    let pages: BTreeSet<ContentId> = plan
        .calls
        .iter()
        .filter_map(|call| match &call.call {
            Call::Restrict { content, before, after, .. } if before.view != after.view => Some(*content),
            _ => None,
        })
        .collect();
    pages.len()
}

#[test]
fn guests_see_exactly_their_pages_and_nobody_else_notices() {
    holds(1_200, 40, &guested(), |guested, tally| {
        let case = with_everybody(&guested.case);
        let world = case.world();
        let planned = plan(&guested.desired(), &case.live(&world), Gaps::Refuse).unwrap();
        if !tally.is_planned(&planned.plan) {
            return Ok(());
        }
        let states = carried_out(&world, &planned.plan);
        let after = &states[states.len() - 1];
        let guests = guested.guests();
        for groups in 1..8_u8 {
            for page in 0..case.parents.len() {
                let [saw, sees] = [&world, after].map(|world| allows(world, groups, world::Verb::Read, page));
                let [edited, edits] =
                    [&world, after].map(|world| allows(world, groups, world::Verb::Update, page));
                let is_named = guested
                    .named
                    .iter()
                    .any(|(guest, pages)| groups >> guest & 1 == 1 && pages.contains(&page));
                if groups & !guests == 0 {
                    prop_assert_eq!(
                        sees,
                        guested.meant(groups, page),
                        "guests {:b} see page {}",
                        groups,
                        page
                    );
                    // Where permissions have companions, the right to edit may have been there and stays.
                    let may_edit = is_named && (guested.edit || case.companions());
                    prop_assert!(!edits || may_edit, "guests {:b} edit page {}", groups, page);
                } else if groups & guests == 0 {
                    prop_assert_eq!(sees, saw, "insiders {:b} and page {}", groups, page);
                    prop_assert_eq!(edits, edited, "insiders {:b} and editing page {}", groups, page);
                } else {
                    // Who is both gets both, and what was closed by one list stays closed, but to those whom
                    // that list names by another group of theirs.
                    let inside = allows(&world, groups & !guests, world::Verb::Read, page);
                    prop_assert!(sees || !(inside || guested.meant(groups, page)));
                    let way = std::iter::successors(Some(page), |page| case.parents[*page]);
                    let lists: Vec<u8> = way.filter_map(|page| view_lists(&world)[page]).collect();
                    let named = lists.iter().any(|list| list & groups & !guests != 0);
                    if sees && lists.len() <= 1 && !guested.meant(groups, page) {
                        prop_assert!(saw || inside || named, "{:b} gains page {}", groups, page);
                    }
                }
            }
        }
        let again = plan(&guested.desired(), &case.live(after), Gaps::Refuse).unwrap();
        prop_assert!(again.plan.is_empty(), "{:#?}", again.plan.changes);
        prop_assert!(again.plan.refusals.is_empty());

        let (first, last) = (profile(&case, &world), profile(&case, after));
        for state in &states {
            prop_assert!(between(&first, &profile(&case, state), &last));
        }
        Ok(())
    });
}

#[test]
fn fewer_restrictions_would_not_do() {
    holds(1_200, 40, &guested(), |guested, tally| {
        let case = with_everybody(&guested.case);
        let world = case.world();
        let planned = plan(&guested.desired(), &case.live(&world), Gaps::Refuse).unwrap();
        if !tally.is_planned(&planned.plan) {
            return Ok(());
        }
        let states = carried_out(&world, &planned.plan);
        let after = states.last().unwrap();
        let (before, lists) = (view_lists(&world), view_lists(after));
        let readers = [readers(&world), readers(after)];
        for groups in 1..8_u8 {
            for page in 0..case.parents.len() {
                prop_assert_eq!(
                    sees(groups, page, readers[1], &lists, &case.parents),
                    allows(after, groups, world::Verb::Read, page)
                );
            }
        }
        prop_assert!(keeps_promise(&guested, readers, &before, &lists));
        let changed = restricted(&planned.plan);
        prop_assert!(
            changed == 0 || !could_do(&guested, readers, &before, changed - 1),
            "{} are too many",
            changed
        );
        Ok(())
    });
}
