//! `mode: paused`: observed, reported, not changed, whatever asks for it.

use crate::support::{Folder, Ran};

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: true, caller: bot}
users:
  bot: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Bot, email: bot@example.com, confluence-admin: true}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e03, name: Bob, email: bob@example.com}
groups:
  staff: {id: g-staff, members: [bot, bob], access: user}
  ops: {id: g-ops, members: [bob], access: user}
spaces:
  ENG:
    id: 101
    name: Eng
    permissions: {read/space: [user:bot, user:bob, group:staff], administer/space: [user:bot], restrict_content/space: [user:bot], create/page: [user:bot]}
    pages: [{id: 1, title: Home, view: [group:staff]}, {id: 2, title: Open}]
  OPS:
    id: 102
    name: Ops
    permissions: {read/space: [user:bot, group:staff], administer/space: [user:bot], restrict_content/space: [user:bot], create/page: [user:bot]}
";

fn plan(policy: &str) -> Ran {
    let head = "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {bot: 5b10ac8d82e05b22cc7d4e01, bob: 5b10ac8d82e05b22cc7d4e03}\n";
    Folder::with(&[("confperm.yaml", &format!("{head}{policy}")), ("site.yaml", SITE)])
        .run(&["plan", "--format", "json"])
}

/// The number of changes in each space, and what the paused space lacks.
fn changes(ran: &Ran) -> (usize, usize, Option<u64>) {
    let plan: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let in_space = |key: &str| {
        plan["changes"].as_array().unwrap().iter().filter(|change| change["space"] == key).count()
    };
    let paused = plan["unmanaged"].as_array().unwrap().iter().find(|kept| kept["reason"] == "paused");
    (in_space("ENG"), in_space("OPS"), paused.and_then(|kept| kept["count"].as_u64()))
}

#[test]
fn an_entry_changes_nothing_and_what_differs_is_counted() {
    let ran = plan(
        "spaces:
  ENG: {mode: paused, access: {read/space: [group:ops]}, pages: {/Open: {view: [group:ops]}}}
  OPS: {mode: additive, access: {read/space: [group:ops]}}
",
    )
    .code(0);
    assert_eq!(changes(&ran), (0, 1, Some(2)), "{}", ran.out);
}

#[test]
fn no_rule_changes_a_paused_space() {
    for rule in [
        "{name: r, spaces: {key: '*'}, access: {read/space: [group:ops]}}",
        "{name: r, spaces: {key: '*'}, absent: [{who: group:staff, instead: group:ops}]}",
        "{name: r, spaces: {key: '*'}, replace: {user:bob: group:ops}}",
        "{name: r, spaces: [ENG], like: OPS}",
    ] {
        let ran = plan(&format!(
            "spaces:\n  ENG: {{mode: paused}}\n  OPS: {{mode: additive, access: {{read/space: [group:ops]}}}}\nrules: [{rule}]\n"
        ))
        .code(0);
        let (paused, _, differs) = changes(&ran);
        assert_eq!(paused, 0, "{rule}");
        assert!(differs.is_some_and(|number| number > 0), "{rule} {differs:?}");
    }
}

#[test]
fn what_a_rule_could_not_do_in_a_paused_space_stops_nothing() {
    // The group is the last on a list there, so a plan for the space itself would be refused.
    let rule = "rules: [{name: r, spaces: {key: '*'}, absent: [group:staff]}]\n";
    plan(rule).code(4);
    let ran = plan(&format!("spaces: {{ENG: {{mode: paused}}}}\n{rule}")).code(0);
    assert_eq!((changes(&ran).0, changes(&ran).1), (0, 1));
}

#[test]
fn guests_are_not_let_into_a_paused_space() {
    let guests = "page-only: [{who: [group:ops], pages: [/Open]}]";
    let ran = plan(&format!("spaces: {{ENG: {{mode: paused, {guests}}}}}\n")).code(0);
    assert_eq!(changes(&ran).0, 0);
    assert!(changes(&ran).2.is_some_and(|number| number > 0));
}

#[test]
fn a_copy_of_a_paused_space_has_what_its_policy_says_or_what_is_there() {
    for (like, access) in
        [("ENG", "access: {read/space: [group:ops]}"), ("live:ENG", "unlisted-pages: leave")]
    {
        let ran = plan(&format!(
            "spaces:\n  ENG: {{mode: paused, {access}}}\n  OPS: {{mode: additive, like: '{like}'}}\n"
        ))
        .code(0);
        assert_eq!((changes(&ran).0, changes(&ran).1 > 0), (0, true), "{like}");
    }
}

#[test]
fn guards_do_not_count_what_a_paused_space_would_get() {
    let ran = plan(
        "spaces: {ENG: {mode: paused, access: {read/space: [anonymous, user:bob]}}}\nguards: {forbid: [anonymous, direct-users]}\n",
    );
    ran.code(0);
}

#[test]
fn the_text_says_that_a_space_is_paused() {
    let head = "version: 1\nsite: {url: sandbox:site.yaml}\n";
    let policy = format!("{head}spaces: {{ENG: {{mode: paused, access: {{read/space: [group:ops]}}}}}}\n");
    let ran = Folder::with(&[("confperm.yaml", &policy), ("site.yaml", SITE)]).run(&["plan"]).code(0);
    assert!(ran.out.contains("ENG  paused; 1 change that the policy asks for"), "{}", ran.out);
    assert!(ran.out.contains("Nothing to change in what is not paused; 1 space is paused."), "{}", ran.out);
}
