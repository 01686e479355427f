//! `page-only` on random small sites: what its guests see and what nobody else notices, in [`promise`]; and that a run
//! that ends anywhere is taken up, in [`motion`].

mod motion;
mod promise;

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{
    Audience, ContentId, Desired, DesiredHolding, DesiredPage, Origin, PageOnly, Permission, Strength,
    Subject, Terms, Wanted,
};
use confperm::plan::Plan;
use confperm::sandbox::world::{self, World};

use crate::site::{Case, GROUPS, perform, wanted};

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
