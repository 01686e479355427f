//! Which spaces a selector means by type, and what a policy does not speak of.

use std::collections::BTreeMap;

use confperm::model::{Coverage, Live, LiveSpace, PassedOver, SpaceKey, SpaceKind, SpaceStatus};
use confperm::policy::resolve;

use crate::rules::{key, many, policy};
use crate::site::TODAY;

/// Spaces of every type that has been seen, each called by its type; `OLD` is a global one that is archived.
fn types() -> Live {
    let mut live = many();
    let first = live.spaces.values().next().unwrap().clone();
    live.spaces.clear();
    for (name, kind, status) in [
        ("GLOBAL", SpaceKind::Global, SpaceStatus::Current),
        ("PERSONAL", SpaceKind::Personal, SpaceStatus::Current),
        ("TEAM", SpaceKind::Collaboration, SpaceStatus::Current),
        ("KB", SpaceKind::KnowledgeBase, SpaceStatus::Current),
        ("SYSTEM", SpaceKind::Other("system".into()), SpaceStatus::Current),
        ("OLD", SpaceKind::Global, SpaceStatus::Archived),
    ] {
        let mut space = LiveSpace::clone(&first);
        space.space.key = key(name);
        (space.space.kind, space.space.status) = (kind, status);
        live.spaces.insert(space.space.key.clone(), space.into());
    }
    live.listing.spaces = live.spaces.iter().map(|(key, space)| (key.clone(), space.space.clone())).collect();
    live.listing.whole = true;
    live
}

fn desired(body: &str, live: &Live) -> (Vec<String>, Coverage) {
    let desired = resolve(&policy(body), live, TODAY).unwrap().desired;
    (desired.spaces.keys().map(SpaceKey::to_string).collect(), desired.coverage)
}

fn rule(selector: &str) -> String {
    format!("rules: [{{name: r, spaces: {selector}, access: {{read/space: [group:sre]}}}}]")
}

/// `2 personal, 1 archived`, of one rule.
fn left_out(coverage: &Coverage) -> String {
    let words = |of: &BTreeMap<_, usize>| -> Vec<String> {
        of.iter().map(|(word, number): (&confperm::model::Shown, _)| format!("{number} {word}")).collect()
    };
    let all: Vec<String> = coverage
        .passed_over
        .iter()
        .flat_map(|PassedOver { types, statuses, .. }| words(types).into_iter().chain(words(statuses)))
        .collect();
    all.join(", ")
}

#[test]
fn a_team_space_is_every_space_that_is_not_personal() {
    let live = types();
    for (selector, selected, left, unnamed) in [
        ("{type: team}", "GLOBAL KB SYSTEM TEAM", "1 personal, 1 archived", 2),
        ("{type: [team, personal]}", "GLOBAL KB PERSONAL SYSTEM TEAM", "1 archived", 1),
        (
            "{type: global}",
            "GLOBAL",
            "1 collaboration, 1 knowledge_base, 1 personal, 1 system, 1 archived",
            5,
        ),
        (
            "{type: [global, system]}",
            "GLOBAL SYSTEM",
            "1 collaboration, 1 knowledge_base, 1 personal, 1 archived",
            4,
        ),
        ("{key: \"*\"}", "GLOBAL KB PERSONAL SYSTEM TEAM", "1 archived", 1),
        ("{key: \"*\", status: archived}", "OLD", "", 5),
        // What the author leaves out by key is as meant.
        ("{key: [T*, G*], type: team, not: [OLD]}", "GLOBAL TEAM", "", 4),
        ("{key: \"*\", not: [OLD]}", "GLOBAL KB PERSONAL SYSTEM TEAM", "", 1),
    ] {
        let (spaces, coverage) = desired(&rule(selector), &live);
        assert_eq!(spaces.join(" "), selected, "{selector}");
        assert_eq!(left_out(&coverage), left, "{selector}");
        assert_eq!(coverage.unnamed, Some(unnamed), "{selector}");
    }
}

#[test]
fn how_many_spaces_are_not_in_the_policy_is_said_where_all_were_listed() {
    let mut live = types();
    let body =
        format!("spaces: {{KB: {{mode: additive, access: {{read/space: [group:sre]}}}}}}\n{}", rule("[T*]"));
    assert_eq!(desired(&body, &live).1.unnamed, Some(4), "neither KB by its entry nor TEAM by the rule");
    let paused = body.replace("mode: additive", "mode: paused");
    assert_eq!(desired(&paused, &live).1.unnamed, Some(4), "KB has an entry that asks nothing now");
    live.listing.whole = false;
    assert_eq!(desired(&body, &live).1.unnamed, None);
    live.listing.whole = true;
    let mut focused = policy(&body);
    focused.focus_on([key("KB")].into());
    assert_eq!(resolve(&focused, &live, TODAY).unwrap().desired.coverage.unnamed, None);
}
