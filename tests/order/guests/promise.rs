//! Who sees what afterwards, that it stays so, that no state on the way is worse, and that fewer restrictions would not
//! do. Judged by the sandbox's own naive check, and for the search by a few lines of arithmetic that are held
//! against it. Whether lists above an archived page count for it is documented nowhere, so what is promised is
//! promised in both readings.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{Call, ContentId, Permission};
use confperm::plan::{Gaps, Plan, plan as planned};
use confperm::sandbox::world::{self, Verb, World};
use proptest::prelude::*;

use super::{ACCOUNT, Drawn, Guested, NAMES, carried_out};
use crate::builder::sandbox::{pair, principal};
use crate::bystanders::Bystanders;
use crate::draw::of_listed;
use crate::site::{SPACE, between, profile};
use crate::tally::{Tally, holds};

/// Sites on which `group:g2` is to see some pages, and perhaps `group:g1`, and the guest account, which may see the
/// space already and stand on lists.
fn guested() -> impl Strategy<Value = Guested> {
    of_listed()
        .prop_filter("there are pages", |case| !case.parents.is_empty())
        .prop_flat_map(|case| {
            let pages = case.parents.len();
            let some = move || proptest::collection::btree_set(0..pages, 1..=pages.min(2));
            let account = (some(), any::<bool>(), any::<u8>());
            let named = (some(), proptest::option::of(some()), proptest::option::weighted(0.4, account));
            (Just(case), named, any::<bool>())
        })
        .prop_map(|(mut case, (first, second, account), edit)| {
            case.bystanders = Bystanders::None;
            // A person for each combination of groups, and not only those who matter to the planner.
            case.people = (0..8).collect();
            let mut named = BTreeMap::from([(2, first)]);
            named.extend(second.map(|pages| (1, pages)));
            let edit = edit && !case.companions();
            if let Some((pages, is_in, listed)) = account {
                named.insert(ACCOUNT, pages);
                if is_in {
                    case.before.rows.insert(NAMES[ACCOUNT], [Permission::ReadSpace].into());
                }
                for (page, [view, _]) in case.before.pages.iter_mut().enumerate() {
                    if !view.is_empty() && listed >> page & 1 == 1 {
                        view.insert(NAMES[ACCOUNT]);
                    }
                }
            }
            case.after.rows = case.before.rows.clone();
            for guest in named.keys() {
                let mut rights = BTreeSet::from([Permission::ReadSpace]);
                rights.extend(edit.then_some(Permission::CreatePage));
                case.after.rows.insert(NAMES[*guest], rights);
            }
            Guested { case, named, edit, leaver: None, joining: None }
        })
}

/// All people, as bits of [`NAMES`]: a person for each combination of groups, and the guest account.
fn everyone(guested: &Guested) -> impl Iterator<Item = u8> {
    (1..8).chain(guested.named.contains_key(&ACCOUNT).then_some(1 << ACCOUNT))
}

fn allows(world: &World, who: u8, verb: Verb, page: usize) -> bool {
    let name = if who == 1 << ACCOUNT { "gus".to_owned() } else { format!("p{who}") };
    let person = world::Subject::User(world::AccountId(name));
    world.allows(&person, verb, world::ContentId(1000 + page as u64)).is_ok()
}

/// A plan that was carried out.
struct Played {
    world: World,
    plan: Plan,
    /// The states that it passes through where lists above an archived page count for it, and where they do not.
    readings: [Vec<World>; 2],
}

impl Played {
    /// `None` where the plan is refused, which is counted.
    fn of(guested: &Guested, drawn: &Drawn, tally: &Tally) -> Option<Self> {
        let world = guested.world();
        let plan = planned(&guested.desired(), &guested.live(&world), Gaps::Refuse).unwrap().plan;
        if !tally.is_planned(&plan) {
            return None;
        }
        drawn.note(guested);
        let readings = [true, false].map(|inherit| {
            let mut world = world.clone();
            world.quirks.archived_pages_inherit = inherit;
            carried_out(&world, &plan)
        });
        Some(Self { world, plan, readings })
    }
}

/// The view lists of a world, as bits of [`NAMES`]; `None` is open. The account that runs this is on every list.
type Lists = Vec<Option<u8>>;

fn bits(has: impl Fn(&world::Principal) -> bool) -> u8 {
    let bit = |(at, name): (usize, &&str)| u8::from(has(&principal(name))) << at;
    NAMES.iter().enumerate().map(bit).sum()
}

fn view_lists(world: &World) -> Lists {
    let list = |read: &BTreeSet<world::Principal>| (!read.is_empty()).then(|| bits(|who| read.contains(who)));
    world.contents().map(|content| list(&content.lists.read)).collect()
}

fn readers(world: &World) -> u8 {
    let pair = pair(Permission::ReadSpace);
    bits(|who| world.space(SPACE).unwrap().row(who, pair).is_some())
}

/// A page, and what is above it as far as its lists count.
fn way(guested: &Guested, page: usize, inherit: bool) -> impl Iterator<Item = usize> {
    let counts = inherit || !guested.is_archived(page);
    std::iter::successors(Some(page), move |page| guested.case.parents[*page].filter(|_| counts))
}

/// Access by arithmetic: in the space, and past every list on the way.
fn sees(guested: &Guested, who: u8, page: usize, readers: u8, lists: &Lists, inherit: bool) -> bool {
    who & readers != 0
        && way(guested, page, inherit).all(|page| lists[page].is_none_or(|list| list & who != 0))
}

/// Whether these lists do what is asked, in both readings: guests see what is meant, and all others what they saw
/// before. What they saw in one reading only may be closed to them, since no list is right in both.
fn keeps_promise(guested: &Guested, readers: [u8; 2], before: &Lists, lists: &Lists) -> bool {
    let guests = guested.guests();
    // Beside those who are there, what the guest account may be one day: a member of groups.
    let account = if guested.named.contains_key(&ACCOUNT) { 9..16 } else { 0..0 };
    everyone(guested).chain(account).all(|who| {
        (0..lists.len()).all(|page| {
            let saw = [true, false].map(|inherit| sees(guested, who, page, readers[0], before, inherit));
            [true, false].into_iter().zip(saw).all(|(inherit, did)| {
                let now = sees(guested, who, page, readers[1], lists, inherit);
                if who & !guests == 0 {
                    now == guested.meant(who, page)
                } else {
                    who & guests != 0 || now == did || (!now && saw[0] != saw[1])
                }
            })
        })
    })
}

/// Whether so many lists, wherever and whatever they are, could do it.
fn could_do(guested: &Guested, readers: [u8; 2], before: &Lists, changes: usize) -> bool {
    fn search(from: usize, left: usize, lists: &mut Lists, good: &dyn Fn(&Lists) -> bool, all: u8) -> bool {
        if good(lists) {
            return true;
        }
        if left == 0 {
            return false;
        }
        for page in from..lists.len() {
            let was = lists[page];
            for list in (0..all).map(Some).chain([None]) {
                lists[page] = list;
                if search(page + 1, left - 1, lists, good, all) {
                    return true;
                }
            }
            lists[page] = was;
        }
        false
    }
    let all = if guested.named.contains_key(&ACCOUNT) { 16 } else { 8 };
    search(0, changes, &mut before.clone(), &|lists| keeps_promise(guested, readers, before, lists), all)
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

/// Judges what people see and edit in one reading, by the worlds before and after. `saw_alike` says whether a person
/// saw a page before in both readings or in neither.
fn judge(
    guested: &Guested,
    [before, after]: [&World; 2],
    saw_alike: impl Fn(u8, usize) -> bool,
) -> Result<(), TestCaseError> {
    let guests = guested.guests();
    let inherit = before.quirks.archived_pages_inherit;
    for who in everyone(guested) {
        for page in 0..guested.case.parents.len() {
            let [saw, sees] = [before, after].map(|world| allows(world, who, Verb::Read, page));
            let [edited, edits] = [before, after].map(|world| allows(world, who, Verb::Update, page));
            let is_named =
                guested.named.iter().any(|(guest, pages)| who >> guest & 1 == 1 && pages.contains(&page));
            let meant = guested.meant(who, page);
            if who & !guests == 0 {
                prop_assert_eq!(sees, meant, "guests {:b} see page {} ({})", who, page, inherit);
                // Where permissions have companions, the right to edit may have been there and stays.
                let may_edit = is_named && (guested.edit || guested.case.companions());
                prop_assert!(!edits || may_edit, "guests {:b} edit page {}", who, page);
            } else if who & guests == 0 && saw_alike(who, page) {
                prop_assert_eq!(sees, saw, "insiders {:b} and page {} ({})", who, page, inherit);
                prop_assert_eq!(edits, edited, "insiders {:b} and editing page {} ({})", who, page, inherit);
            } else if who & guests == 0 {
                prop_assert!(saw || !sees, "insiders {:b} gain page {} ({})", who, page, inherit);
                prop_assert!(edited || !edits, "insiders {:b} edit page {} ({})", who, page, inherit);
            } else {
                // Who is both gets both, and what was closed by one list stays closed, but to those that
                // that list names by another group of theirs.
                let inside = allows(before, who & !guests, Verb::Read, page);
                let keeps = inside && saw_alike(who & !guests, page);
                prop_assert!(sees || !(keeps || meant), "{:b} loses page {} ({})", who, page, inherit);
                let lists = |inherit| way(guested, page, inherit).filter_map(|page| view_lists(before)[page]);
                let named = lists(true).any(|list| list & who & !guests != 0);
                if sees && lists(inherit).count() <= 1 && !meant {
                    prop_assert!(saw || inside || named, "{:b} gains page {} ({})", who, page, inherit);
                }
            }
        }
    }
    // A guest of another space is none here, whatever its group sees.
    let far = world::Subject::User("far".into());
    prop_assert!(after.contents().all(|content| after.allows(&far, Verb::Read, content.id).is_err()));
    Ok(())
}

#[test]
fn guests_see_exactly_their_pages_and_no_other_account_notices() {
    let drawn = Drawn::default();
    holds(600, 40, &guested(), |guested, tally| {
        let Some(Played { readings, .. }) = Played::of(&guested, &drawn, tally) else {
            return Ok(());
        };
        for states in &readings {
            let [before, after] = [&states[0], &states[states.len() - 1]];
            judge(&guested, [before, after], |who, page| {
                let [one, other] =
                    readings.each_ref().map(|states| allows(&states[0], who, Verb::Read, page));
                one == other
            })?;
            let again = planned(&guested.desired(), &guested.live(after), Gaps::Refuse).unwrap();
            prop_assert!(again.plan.is_empty(), "{:#?}", again.plan.changes);
            prop_assert!(again.plan.refusals.is_empty());

            let (first, last) = (profile(&guested.case, before), profile(&guested.case, after));
            for state in states {
                prop_assert!(between(&first, &profile(&guested.case, state), &last));
            }
        }
        Ok(())
    });
    drawn.are_enough();
}

#[test]
fn fewer_restrictions_would_not_do() {
    let drawn = Drawn::default();
    holds(600, 40, &guested(), |guested, tally| {
        let Some(Played { world, plan, readings }) = Played::of(&guested, &drawn, tally) else {
            return Ok(());
        };
        for (states, inherit) in readings.iter().zip([true, false]) {
            let after = &states[states.len() - 1];
            let (readers, lists) = (readers(after), view_lists(after));
            for who in everyone(&guested) {
                for page in 0..lists.len() {
                    prop_assert_eq!(
                        sees(&guested, who, page, readers, &lists, inherit),
                        allows(after, who, Verb::Read, page)
                    );
                }
            }
        }
        let after = &readings[0][readings[0].len() - 1];
        let (before, lists) = (view_lists(&world), view_lists(after));
        let readers = [readers(&world), readers(after)];
        prop_assert!(keeps_promise(&guested, readers, &before, &lists));
        let changed = restricted(&plan);
        prop_assert!(
            changed == 0 || !could_do(&guested, readers, &before, changed - 1),
            "{} are too many",
            changed
        );
        Ok(())
    });
    drawn.are_enough();
}
