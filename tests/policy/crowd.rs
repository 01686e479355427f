//! Spaces with more groups than any account could be looked at in: whose members are unread, so that an account may be
//! in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::{
    Audience, Call, Content, Group, Known, Live, Permission, Principal, Restrictions, SpaceKey,
    SpaceRoleMode, Tree, Why,
};
use confperm::plan::{Gaps, Plan, plan};
use confperm::policy::{from_sources, resolve};
use proptest::prelude::*;

use crate::builder::ids::group;
use crate::builder::live;
use crate::site::{ANN, TODAY, grants, site};

/// How many groups come, go and stay, and how many pages close and open.
#[derive(Debug, Clone, Copy)]
struct Size {
    come: u64,
    go: u64,
    stay: u64,
    close: u64,
    open: u64,
}

fn groups(word: &str, count: u64) -> impl Iterator<Item = String> + '_ {
    (0..count).map(move |number| format!("group:{word}{number}"))
}

fn id(group: &str) -> String {
    group.replace(':', ":g-")
}

impl Size {
    fn live(self) -> Live {
        let mut live = site(SpaceRoleMode::PreRoles);
        let holders: Vec<String> = groups("go", self.go).chain(groups("stay", self.stay)).collect();
        for name in holders.iter().cloned().chain(groups("come", self.come)) {
            let id = group(&id(&name)["group:".len()..]);
            let group =
                Group { members: Known::Unknown(Why::Hidden), ..live::group(id, &name["group:".len()..]) };
            live.directory.groups.insert(group.id.clone(), group);
        }
        let space = live.space_mut(&"ENG".parse::<SpaceKey>().unwrap()).unwrap();
        let mut grants = grants();
        space.holdings = BTreeMap::from([(
            format!("user:{ANN}").parse().unwrap(),
            grants(&[Permission::ReadSpace, Permission::CreatePage, Permission::AdministerSpace]),
        )]);
        let edit = [Permission::ReadSpace, Permission::CreatePage];
        space.holdings.extend(holders.iter().map(|who| (id(who).parse().unwrap(), grants(&edit))));
        let ann = format!("user:{ANN}").parse().unwrap();
        let restricted = Audience::from_site_list([ann, id("group:stay0").parse().unwrap()]);
        let mut tree = Tree::default();
        for number in 0..self.close + self.open {
            let view = if number < self.close { Audience::Anyone } else { restricted.clone() };
            let restrictions = Known::Known(Restrictions { view, edit: Audience::Anyone });
            tree.insert(Content { restrictions, ..live::page(100 + number, 0, format!("P{number}")) });
        }
        space.space.homepage = None;
        space.tree = Some(tree);
        space.read.blogposts = true;
        space.read.containers = true;
        live
    }

    fn policy(self) -> String {
        let viewers: Vec<String> = groups("stay", self.stay).chain(groups("come", self.come)).collect();
        let mut text = format!(
            "version: 1\nspaces:\n  ENG:\n    access:\n      admin: [user:{ANN}]\n      read/space: [{0}]\n      create/page: [{0}]\n    pages:\n",
            viewers.join(", ")
        );
        for number in 0..self.close + self.open {
            let list = match number {
                _ if number < self.close => "[group:stay0]",
                _ => "anyone",
            };
            writeln!(text, "      id:{}: {{view: {list}}}", 100 + number).unwrap();
        }
        text
    }

    fn plan(self) -> Plan {
        let live = self.live();
        let mut sources = Sources::default();
        sources.insert(Utf8PathBuf::from("policy.yaml"), self.policy());
        let loaded = from_sources(sources);
        let policy = loaded.policy.unwrap_or_else(|| panic!("{:#?}", loaded.findings));
        let resolved = resolve(&policy, &live, TODAY).unwrap_or_else(|findings| panic!("{findings:#?}"));
        // The check that every plan passes is part of this.
        plan(&resolved.desired, &live, Gaps::Refuse).unwrap_or_else(|rejected| panic!("{rejected}")).plan
    }
}

#[test]
fn the_order_costs_a_few_edges_for_each_call_however_many_groups_there_are() {
    let plan = Size { come: 90, go: 90, stay: 20, close: 60, open: 60 }.plan();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let edges: usize = plan.calls.iter().map(|call| call.after.len()).sum();
    assert!(edges <= 4 * plan.calls.len(), "{edges} edges of {} calls", plan.calls.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever an account is in: before anything is given pages are closed, and all is given before anything is taken.
    #[test]
    fn closing_comes_before_giving_and_giving_before_taking(
        (come, go, stay) in (1_u64..40, 1_u64..40, 20_u64..40),
        (close, open) in (1_u64..4, 0_u64..4),
    ) {
        let plan = Size { come, go, stay, close, open }.plan();
        prop_assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
        let waits = |last: usize, first: usize| {
            let mut reached = BTreeSet::from([last]);
            for place in (0..=last).rev() {
                if reached.contains(&place) {
                    reached.extend(plan.calls[place].after.iter().map(|edge| edge.call.position()));
                }
            }
            reached.contains(&first)
        };
        for (last, later) in plan.calls.iter().enumerate() {
            for (first, earlier) in plan.calls.iter().enumerate() {
                let read = |call: &Call| {
                    matches!(call, Call::Grant { principal: Principal::Group(_), permission: Permission::ReadSpace, .. }
                        | Call::Revoke { principal: Principal::Group(_), permission: Permission::ReadSpace, .. })
                };
                let must_wait = match (&earlier.call, &later.call) {
                    (Call::Restrict { after, .. }, Call::Grant { .. }) => read(&later.call) && !after.view.is_anyone(),
                    (Call::Grant { .. }, Call::Revoke { .. }) => read(&earlier.call) && read(&later.call),
                    (Call::Revoke { .. }, Call::Restrict { after, .. }) => read(&earlier.call) && after.view.is_anyone(),
                    _ => false,
                };
                prop_assert!(!must_wait || waits(last, first), "{:?} waits for {:?}", later.call, earlier.call);
            }
        }
    }
}
