//! `absent` for those who are on no list: `anonymous` and user classes.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{GrantId, Holding, Live, Permission, Principal, SpaceRoleMode};
use confperm::plan::{Gaps, Planned, plan};
use confperm::policy::{resolve, whole_spaces};

use crate::rules::{key, many, policy};
use crate::site::{ANN, TODAY, site};

/// The spaces of `many`, of which A1 has these holders as well.
fn holding(mode: SpaceRoleMode, holders: &[(&str, Holding)]) -> Live {
    let mut live = many();
    live.site.mode = mode;
    live.roles = site(mode).roles;
    let a1 = live.space_mut(&key("A1")).unwrap();
    a1.holdings.extend(holders.iter().map(|(who, holding)| (who.parse().unwrap(), holding.clone())));
    live
}

#[test]
fn anonymous_and_classes_can_be_absent() {
    let policy = policy(
        "rules: [{name: nothing is public, spaces: {key: \"*\", not: [A2]}, absent: [anonymous, class:all-licensed-users]}]",
    );
    let rows = BTreeMap::from([(Permission::ReadSpace, BTreeSet::from([GrantId::from_number(7)]))]);
    let rows = Holding::Grants(rows);
    let role = Holding::Role("r-viewer".parse().unwrap());
    for (mode, who, held, goes) in [
        (SpaceRoleMode::PreRoles, "anonymous", rows.clone(), true),
        (SpaceRoleMode::Roles, "anonymous", role.clone(), true),
        (SpaceRoleMode::Roles, "class:all-licensed-users", role.clone(), true),
        (SpaceRoleMode::RolesTransition, "class:all-licensed-users", role, true),
        // What the API cannot take away stays, and the plan is not complete.
        (SpaceRoleMode::RolesTransition, "class:all-licensed-users", rows, false),
    ] {
        let live = holding(mode, &[(who, held)]);
        let resolved = resolve(&policy, &live, TODAY).unwrap();
        let Planned { plan, after } = plan(&resolved.desired, &live, Gaps::Refuse).unwrap();
        let shown = format!("{mode:?} {who}");
        let who: Principal = who.parse().unwrap();
        assert_eq!(!after.spaces[&key("A1")].holdings.contains_key(&who), goes, "{shown}");
        assert_eq!(plan.changes.len(), usize::from(goes), "{shown}");
        assert_eq!(plan.incomplete.is_empty(), goes, "{shown}: {:?}", plan.incomplete);
        assert!(!resolved.desired.spaces.contains_key(&key("A2")));
    }
}

#[test]
fn whether_a_site_keeps_rows_of_anonymous_to_itself_matters_to_absent() {
    let policy = policy("rules: [{name: r, spaces: [A1], absent: [anonymous]}]");
    let desired = resolve(&policy, &many(), TODAY).unwrap().desired;
    assert!(desired.spaces[&key("A1")].decides_about(&Principal::Anonymous));
}

#[test]
fn those_who_are_on_no_list_need_no_pages_to_be_absent() {
    let live = many();
    for (absent, whole) in [
        ("anonymous", false),
        ("class:all-licensed-users", false),
        ("group:hr", true),
        ("anonymous, group:hr", true),
    ] {
        let policy = policy(&format!("rules: [{{name: r, spaces: [A1], absent: [{absent}]}}]"));
        assert_eq!(!whole_spaces(&policy, &live, TODAY).is_empty(), whole, "{absent}");
        if !whole {
            assert!(resolve(&policy, &live, TODAY).is_ok(), "{absent}: no pages were read");
        }
    }
}

#[test]
fn a_principal_that_is_absent_and_given_something_is_reported() {
    for who in ["anonymous", "class:all-licensed-users"] {
        let policy = policy(&format!(
            "spaces: {{A1: {{access: {{admin: [user:{ANN}], viewer: [{who}]}}}}}}\nrules: [{{name: r, spaces: [\"A*\"], absent: [{who}]}}]"
        ));
        let expected = format!("`{who}` is to be nowhere, and yet is given something");
        let offline = policy.contradictions(TODAY.today);
        let offline: Vec<&str> = offline.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(offline, [expected.as_str()]);
        let findings = resolve(&policy, &holding(SpaceRoleMode::Roles, &[]), TODAY).unwrap_err();
        assert!(findings.iter().any(|finding| finding.message == expected), "{findings:?}");
    }
}
