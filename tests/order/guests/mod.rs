//! `page-only` on random small sites: what its guests see and no others notice, in [`promise`]; and that a run
//! that ends anywhere is taken up, in [`motion`].

mod motion;
mod promise;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use confperm::model::{
    Audience, ContentId, Declaration, Desired, DesiredHolding, DesiredPage, Join, JoinReach, Joins, Known,
    Live, Origin, PageList, PageOnly, Permission, Person, Strength, Subject, Wanted,
};
use confperm::plan::Plan;
use confperm::sandbox::world::{self, World};

use crate::builder::desired::{declared, origin, wanted};
use crate::builder::ids::account;
use crate::builder::live::person;
use crate::builder::sandbox::{guest, principal};
use crate::site::{Case, GROUPS, perform};

/// Who may be named by `page-only`, beside those who are not: the groups of a case, and a guest account in no group.
const NAMES: [&str; 4] = [GROUPS[0], GROUPS[1], GROUPS[2], "user:gus"];
const ACCOUNT: usize = 3;

/// A site, and the pages that some are to see.
#[derive(Debug, Clone)]
struct Guested {
    case: Case,
    /// By number among [`NAMES`].
    named: BTreeMap<usize, BTreeSet<usize>>,
    /// Whether they may edit there.
    edit: bool,
    /// The principal that a rule takes out of the space and off its lists.
    leaver: Option<&'static str>,
    joining: Option<Joining>,
}

/// A principal that joins lists by `also-view` or `also-edit`.
#[derive(Debug, Clone)]
struct Joining {
    who: &'static str,
    /// `None` is every restricted page of the space.
    pages: Option<BTreeSet<usize>>,
    edit: bool,
}

impl Joining {
    fn joins(&self) -> Joins {
        let who = || BTreeMap::from([(self.who.parse::<Subject>().unwrap(), wanted(()))]);
        let lists = PageList::ALL.into_iter().filter(|list| self.edit || *list == PageList::View);
        let reach = self.pages.as_ref().map_or(JoinReach::Everything, |pages| {
            JoinReach::Content(pages.iter().map(|page| ContentId::from_number(1000 + *page as u64)).collect())
        });
        Joins(vec![Join { reach, who: lists.map(|list| (list, who())).collect() }])
    }
}

impl Guested {
    /// The world of the case, with a guest account in the space and one of another space, which is in a group.
    fn world(&self) -> World {
        let mut world = self.case.world();
        world.add_user(guest("gus", "ENG"));
        world.add_user(guest("far", "OPS"));
        let mut group = world.groups().find(|group| group.id.0 == "g2").unwrap().clone();
        group.members.insert(world::AccountId("far".to_owned()));
        world.add_group(group);
        world
    }

    fn live(&self, world: &World) -> Live {
        let mut live = self.case.live(world);
        for name in ["gus", "far"] {
            let person = Person { guest: Known::Known(true), ..person(account(name), name) };
            live.directory.people.insert(person.account.clone(), person);
        }
        live.guests.insert("gus".parse().unwrap(), "ENG".parse().unwrap());
        live
    }

    fn desired(&self) -> Desired {
        let mut desired = self.case.desired();
        let origin = Origin { file: Utf8Path::new("eng.yaml").into(), line: 9 };
        for space in desired.spaces.values_mut() {
            space.pages.clear();
            // What Confluence adds to what the guests get may stay: these tests look at pages.
            for guest in self.named.keys() {
                let holding = space.holdings.get_mut(&NAMES[*guest].parse().unwrap()).unwrap();
                let DesiredHolding::Grants(grants) = holding else { panic!("{holding:?}") };
                for companion in [Permission::ExportContent, Permission::UpdatePage] {
                    grants
                        .entry(companion)
                        .or_insert((Strength::Tolerated, Declaration::at(origin.clone()).into()));
                }
            }
            space.page_only = self
                .named
                .iter()
                .map(|(guest, pages)| PageOnly {
                    origin: origin.clone(),
                    who: BTreeMap::from([(NAMES[*guest].parse::<Subject>().unwrap(), origin.clone())]),
                    pages: pages.iter().map(|page| ContentId::from_number(1000 + *page as u64)).collect(),
                })
                .collect();
        }
        desired
    }

    /// What is asked for while the lists are as they are now: a rule takes a principal off these.
    fn desired_on(&self, world: &World) -> Desired {
        let mut desired = self.desired();
        if let Some(joining) = &self.joining {
            desired.spaces.values_mut().for_each(|space| space.joins = joining.joins());
        }
        let Some(leaver) = self.leaver else { return desired };
        let leaves = |list: &BTreeSet<world::Principal>| {
            let goes = principal(leaver);
            let stay =
                list.iter().filter(|who| **who != goes).map(|who| who.to_string().replacen(' ', ":", 1));
            let stay = Audience::from_site_list(stay.map(|who| who.parse::<Subject>().unwrap()));
            let by = Declaration { rule: Some("leavers".to_owned()), ..Declaration::at(origin()) };
            list.contains(&goes).then(|| Wanted::new(stay, by))
        };
        for space in desired.spaces.values_mut() {
            space.holdings.insert(leaver.parse().unwrap(), DesiredHolding::Nothing(declared()));
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

    fn is_archived(&self, page: usize) -> bool {
        self.case.sorts[page].status == world::Status::Archived
    }

    fn guests(&self) -> u8 {
        self.named.keys().fold(0, |bits, guest| bits | 1 << guest)
    }

    /// Whether people in these groups reach the goal: what their guest groups are meant to see.
    fn meant(&self, groups: u8, page: usize) -> bool {
        self.named.keys().any(|guest| groups >> guest & 1 == 1 && self.sees(*guest).contains(&page))
    }
}

/// How many cases have what a property is to be tried on.
#[derive(Debug, Default)]
struct Drawn {
    cases: RefCell<usize>,
    with: RefCell<BTreeMap<&'static str, usize>>,
}

impl Drawn {
    /// Each with the least part of the cases in percent.
    const KINDS: [(&'static str, usize); 6] = [
        ("an archived page", 34),
        ("an archived page with a list of its own", 20),
        ("an archived page below an archived one", 2),
        ("an archived page below a list", 4),
        ("a blog post", 34),
        ("a guest account that sees some pages only", 34),
    ];

    fn note(&self, guested: &Guested) {
        let case = &guested.case;
        let archived = || (0..case.sorts.len()).filter(|page| guested.is_archived(*page));
        let has_list = |page: usize| !case.before.pages[page][0].is_empty();
        let is_below = |page: usize, what: &dyn Fn(usize) -> bool| {
            std::iter::successors(case.parents[page], |page| case.parents[*page]).any(what)
        };
        let has = [
            archived().next().is_some(),
            archived().any(has_list),
            archived().any(|page| is_below(page, &|above| guested.is_archived(above))),
            archived().any(|page| is_below(page, &has_list)),
            case.sorts.iter().any(|sort| sort.kind == world::Kind::Blogpost),
            guested.named.contains_key(&ACCOUNT),
        ];
        *self.cases.borrow_mut() += 1;
        for ((kind, _), has) in Self::KINDS.into_iter().zip(has) {
            *self.with.borrow_mut().entry(kind).or_default() += usize::from(has);
        }
    }

    #[expect(clippy::print_stdout, reason = "to be seen with --nocapture")]
    fn are_enough(&self) {
        let (cases, with) = (*self.cases.borrow(), self.with.borrow());
        println!("{cases} planned, of which have {with:?}");
        for (kind, percent) in Self::KINDS {
            assert!(with[kind] * 100 >= cases * percent, "{kind}: {} of {cases}", with[kind]);
        }
    }
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
