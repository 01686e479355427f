//! `page-only` on random small sites: who sees what afterwards, that it stays so, that no state on the way is
//! worse, and that fewer restrictions would not do. Judged by the sandbox's own naive check, and for the
//! search by a few lines of arithmetic that are held against it.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{
    Audience, Call, ContentId, Desired, DesiredHolding, DesiredPage, Origin, PageOnly, Permission, Strength,
    Subject, Terms, Wanted,
};
use confperm::plan::{Gaps, Plan, plan};
use confperm::sandbox::world::{self, World};
use proptest::prelude::*;

use crate::bystanders::Bystanders;
use crate::site::{Case, GROUPS, PAGE, SPACE, State, between, of_pages, perform, plain, profile, wanted};
use crate::tally::holds;

/// A site, and the pages that the members of some groups shall see: `group:g2`, and perhaps `group:g1`.
#[derive(Debug, Clone)]
struct Guested {
    case: Case,
    /// By number of the group.
    named: BTreeMap<usize, BTreeSet<usize>>,
    /// Whether they may edit there.
    edit: bool,
    /// The principal that a rule takes out of the space and off its lists.
    leaver: Option<&'static str>,
}

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

impl Guested {
    fn desired(&self) -> Desired {
        let mut desired = self.case.desired();
        let origin = Origin { file: "eng.yaml".into(), line: 9 };
        for space in desired.spaces.values_mut() {
            space.pages.clear();
            // What Confluence adds to what the guests get may stay: these tests look at pages.
            for guest in self.named.keys() {
                let holding = space.holdings.get_mut(&GROUPS[*guest].parse().unwrap()).unwrap();
                let DesiredHolding::Grants(grants) = holding else { panic!("{holding:?}") };
                for companion in [Permission::ExportContent, Permission::UpdatePage] {
                    grants.entry(companion).or_insert(Wanted {
                        what: Strength::Tolerated,
                        origin: origin.clone(),
                        role: None,
                        terms: Terms::default(),
                    });
                }
            }
            space.page_only = self
                .named
                .iter()
                .map(|(guest, pages)| PageOnly {
                    origin: origin.clone(),
                    who: BTreeMap::from([(GROUPS[*guest].parse::<Subject>().unwrap(), origin.clone())]),
                    pages: pages.iter().map(|page| ContentId::from_number(1000 + *page as u64)).collect(),
                })
                .collect();
        }
        desired
    }

    /// What is asked for while the lists are as they are now: a rule takes a principal off these.
    fn desired_on(&self, world: &World) -> Desired {
        let mut desired = self.desired();
        let Some(leaver) = self.leaver else { return desired };
        let leaves = |list: &BTreeSet<world::Principal>| {
            let goes = crate::site::principal(leaver);
            let stay =
                list.iter().filter(|who| **who != goes).map(|who| who.to_string().replacen(' ', ":", 1));
            let stay = Audience::from_site_list(stay.map(|who| who.parse::<Subject>().unwrap()));
            let terms = Terms { rule: Some("leavers".to_owned()), ..Terms::default() };
            list.contains(&goes).then(|| Wanted { terms, ..wanted(stay) })
        };
        for space in desired.spaces.values_mut() {
            space.holdings.insert(leaver.parse().unwrap(), DesiredHolding::Nothing(wanted(())));
            space.pages = world
                .contents()
                .map(|content| {
                    let (view, edit) = (leaves(&content.lists.read), leaves(&content.lists.update));
                    (ContentId::from_number(content.id.0), DesiredPage { view, edit })
                })
                .filter(|(_, page)| *page != DesiredPage::default())
                .collect();
        }
        desired
    }

    /// The named pages and what stands above them.
    fn sees(&self, guest: usize) -> BTreeSet<usize> {
        let mut sees = BTreeSet::new();
        for page in &self.named[&guest] {
            let mut at = Some(*page);
            while let Some(page) = at {
                sees.insert(page);
                at = self.case.parents[page];
            }
        }
        sees
    }

    fn guests(&self) -> u8 {
        self.named.keys().fold(0, |bits, guest| bits | 1 << guest)
    }

    /// Whether people in these groups reach the goal: what their guest groups are meant to see.
    fn meant(&self, groups: u8, page: usize) -> bool {
        self.named.keys().any(|guest| groups >> guest & 1 == 1 && self.sees(*guest).contains(&page))
    }
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

/// Carries out a plan in its order.
fn carried_out(world: &World, plan: &Plan) -> Vec<World> {
    let mut states = vec![world.clone()];
    for call in &plan.calls {
        let mut next = states[states.len() - 1].clone();
        perform(&mut next, &call.call);
        states.push(next);
    }
    states
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

/// Those beside the guests, `group:g2`.
const INSIDERS: [&str; 4] = ["group:g0", "group:g1", "user:p0", "user:p1"];

/// What a list of a page is before.
#[derive(Debug, Clone)]
enum List {
    Open,
    /// All who see the space, or who edit there: one that was made for guests looks like that.
    Made,
    OfThoseWhoStay,
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
            1 => Just(List::WithLeaver),
            2 => own.clone().prop_map(List::Own),
        ]
    };
    let pages = 1_usize..=3;
    let shape = pages.prop_flat_map(move |pages| {
        let lists = proptest::collection::vec([list(), list()], pages);
        let parents: Vec<_> = (0..pages).map(|page| proptest::option::of(0..page.max(1))).collect();
        (parents, lists, 0..pages)
    });
    let leaver = proptest::option::weighted(0.3, proptest::sample::select(INSIDERS.to_vec()));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), leaver);
    (plain(), shape, rights(), rights(), flags).prop_map(
        |(case, (parents, lists, named), before, mut after, (known, edit, guests_before, leaver))| {
            if let Some(leaver) = leaver {
                after.remove(leaver);
            }
            let parents: Vec<Option<usize>> = parents
                .into_iter()
                .enumerate()
                .map(|(page, parent)| parent.filter(|parent| *parent < page))
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
            let guest = [(GROUPS[2], rights)];
            let rows = |rows: BTreeMap<&'static str, BTreeSet<Permission>>, guests: bool| {
                rows.into_iter().chain(guest.clone().into_iter().filter(|_| guests)).collect()
            };
            let case = Case {
                members_known: known,
                people: (0..8).collect(),
                sorts: vec![PAGE; parents.len()],
                parents,
                before: State { rows: rows(before, guests_before), pages: lists.clone() },
                after: State { rows: rows(after, true), pages: lists },
                ..case
            };
            Guested { case, named: BTreeMap::from([(2, BTreeSet::from([named]))]), edit, leaver }
        },
    )
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

#[test]
fn a_run_that_ends_anywhere_is_taken_up_to_the_same_end() {
    holds(500, 40, &(in_motion(), any::<u64>()), |(guested, seed), tally| {
        let case = &guested.case;
        let world = case.world();
        let planned = plan(&guested.desired_on(&world), &case.live(&world), Gaps::Refuse).unwrap();
        if !tally.is_planned(&planned.plan) {
            return Ok(());
        }
        let states = carried_out(&world, &planned.plan);
        let end = outcome(&states[states.len() - 1]);
        let mut now = world.clone();
        let mut elsewhere = Vec::new();
        for call in another_order(&planned.plan, seed) {
            perform(&mut now, call);
            elsewhere.push(now.clone());
        }
        for (number, state) in states.iter().chain(&elsewhere).enumerate() {
            let again = plan(&guested.desired_on(state), &case.live(state), Gaps::Refuse).unwrap().plan;
            prop_assert!(again.refusals.is_empty(), "after {}: {:#?}", number, again.refusals);
            let rest = carried_out(state, &again);
            let found = outcome(&rest[rest.len() - 1]);
            prop_assert!(
                found == end,
                "{} of {:#?}: {:?}, and not {:?}",
                number,
                planned.plan.calls,
                found,
                end
            );
        }
        Ok(())
    });
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
