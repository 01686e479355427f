//! Pages whose lists change from the same to the same: what is found of one of them holds for each.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{Call, ContentId, Desired, DesiredPage, DesiredSpace, Permission};
use confperm::plan::{CallId, Gaps, OrderSearch, SearchLimits, plan};

use crate::builder::desired::{authoritative, required, wanted};
use crate::builder::ids::{audience, key, principal};
use crate::builder::live::LiveBuilder;

/// Where people are not looked at one by one.
#[test]
fn who_comes_waits_for_every_page_that_closes() {
    let all: Vec<Permission> = Permission::ALL.iter().copied().filter(|it| it.is_documented()).collect();
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    let site = LiveBuilder::new().people("ann").group("a", "").group("b", "").space("ENG");
    let site = site.unreadable("a").unreadable("b");
    let site = site.grant("ENG", "user:ann", &names.join(" ")).grant("ENG", "group:a", "read/space");
    // The third is below the second.
    let site = site.page("ENG", 1, 0, "", "").page("ENG", 2, 0, "", "").page("ENG", 3, 2, "", "");
    let read = [Permission::ReadSpace];
    let holdings = BTreeMap::from([
        (principal("user:ann"), required(&all)),
        (principal("group:a"), required(&read)),
        (principal("group:b"), required(&read)),
    ]);
    let list = || DesiredPage { view: Some(wanted(audience("group:a user:ann"))), edit: None };
    let pages = (1..=3).map(|page| (ContentId::from_number(page), list())).collect();
    let desired = Desired {
        spaces: BTreeMap::from([(key("ENG"), DesiredSpace { holdings, pages, ..authoritative() })]),
        ..Desired::default()
    };
    let limits = SearchLimits { questions: 0, ..SearchLimits::default() };
    let plan = plan(&desired, &site.0, OrderSearch { gaps: Gaps::Refuse, limits }).unwrap().plan;
    // What is done before each call; calls stand in their order.
    let mut before: BTreeMap<CallId, BTreeSet<ContentId>> = BTreeMap::new();
    for call in &plan.calls {
        let mut pages: BTreeSet<ContentId> =
            call.after.iter().flat_map(|edge| before[&edge.call].clone()).collect();
        if let Call::Grant { .. } = call.call {
            let closing = [1, 2].map(ContentId::from_number);
            assert!(closing.iter().all(|page| pages.contains(page)), "{:#?}", plan.calls);
        }
        if let Call::Restrict { content, .. } = call.call {
            pages.insert(content);
        }
        before.insert(call.id, pages);
    }
    assert!(plan.calls.iter().any(|call| matches!(call.call, Call::Grant { .. })));
}
