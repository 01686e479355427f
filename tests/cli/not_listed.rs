//! What no list of a site tells, though it decides who gets in: guests, spaces that Jira Service Management opens,
//! and licences.

use crate::support::{Folder, Ran};

fn folder(groups: &str, people: &str) -> Folder {
    let state = format!(
        "
kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: pre-roles, caller: ann}}
users:
  ann: {{account-id: u-ann, email: ann@example.com, confluence-admin: true}}
  cai: {{account-id: u-cai}}
  gus: {{account-id: u-gus, guest-of: ENG}}
groups:
{groups}
spaces:
  ENG:
    id: 101
    name: Engineering
    permissions:
      read/space: [user:ann, user:gus]
      create/page: [user:gus]
      administer/space: [user:ann]
    pages: [{{id: 11, title: Home, view: [user:ann, user:gus]}}, {{id: 12, title: News}}]
"
    );
    let policy = format!(
        "
version: 1
site: {{url: sandbox:site.yaml}}
people: {{ann: u-ann, cai: u-cai, gus: {people}}}
tests:
  - {{name: the guest reads, who: user:gus, can: {{view: [ENG/Home], edit: [ENG/News]}}}}
"
    );
    Folder::with(&[("site.yaml", &state), ("confperm.yaml", &policy)])
}

const LICENSED: &str = "  lic: {id: g-lic, members: [ann, cai], access: user}";

#[track_caller]
fn is_unknown(ran: &Ran, because: &str) {
    assert!(ran.out.starts_with("unknown"), "{}", ran.out);
    assert!(ran.err.contains(because), "{}", ran.err);
}

/// W16: guests have one space, and no API tells which.
#[test]
fn a_guest_is_in_its_space_once_the_policy_says_which() {
    for (said, because) in [
        ("u-gus", "no API says of which space; `guest-of: ENG` under `people` says that it is this one"),
        ("{account: u-gus, guest-of: OPS}", "user:gus is a guest of OPS"),
    ] {
        let folder = folder(LICENSED, said);
        for (verb, object) in [("view", "ENG"), ("view", "ENG/Home"), ("edit", "ENG/News")] {
            is_unknown(&folder.run(&["can", "gus", verb, object]).code(3), because);
        }
        let who = folder.run(&["who", "view", "ENG"]).code(0);
        assert!(who.out.contains(because), "{}", who.out);
        folder.run(&["test"]).code(3);
    }
    let folder = folder(LICENSED, "{account: u-gus, guest-of: ENG}");
    for (verb, object) in [("view", "ENG"), ("view", "ENG/Home"), ("edit", "ENG/News")] {
        folder.run(&["can", "gus", verb, object]).code(0);
    }
    folder.run(&["test"]).code(0);
    let ran = folder.run(&["can", "gus", "administer", "ENG"]).code(3);
    assert!(ran.out.starts_with("denied"), "{}", ran.out);
}

#[test]
fn an_import_points_out_guests_that_the_policy_says_nothing_of() {
    for (said, remarked) in [("u-gus", true), ("{account: u-gus, guest-of: ENG}", false)] {
        let folder = folder(LICENSED, said);
        let ran = folder.run(&["import", "--space", "ENG"]).code(0);
        assert_eq!(
            ran.err.contains("guests with entries of their own; `guest-of` under `people` can say"),
            remarked,
            "{}",
            ran.err
        );
    }
}

/// W16: every signed-in account may view a space that it opened, which shows nowhere.
#[test]
fn a_service_desk_makes_a_denial_unknown_and_nothing_else() {
    let ordinary = folder(LICENSED, "u-gus");
    let ran = ordinary.run(&["can", "cai", "view", "ENG"]).code(3);
    assert!(ran.out.starts_with("denied"), "{}", ran.out);
    let desk = "  jira-servicemanagement-users-acme: {id: g-desk, members: [ann]}";
    let served = folder(&format!("{LICENSED}\n{desk}"), "u-gus");
    let because = "Jira Service Management may have opened ENG";
    for object in ["ENG", "ENG/News"] {
        is_unknown(&served.run(&["can", "cai", "view", object]).code(3), because);
    }
    for (verb, object) in [("view", "ENG/Home"), ("edit", "ENG/News"), ("administer", "ENG")] {
        let ran = served.run(&["can", "cai", verb, object]).code(3);
        assert!(ran.out.starts_with("denied"), "{verb} {object}: {}", ran.out);
    }
    served.run(&["can", "ann", "view", "ENG"]).code(0);
}

/// W16: without a group that gives access to the product, who is licensed is unknown.
#[test]
fn where_no_group_gives_access_nothing_says_who_is_licensed() {
    let folder = folder("  staff: {id: g-staff, members: [ann, cai]}", "u-gus");
    let because = "no group is known to give access to Confluence";
    is_unknown(&folder.run(&["can", "ann", "view", "ENG"]).code(3), because);
    let who = folder.run(&["who", "view", "ENG"]).code(0);
    assert!(who.out.contains(because), "{}", who.out);
    // Who holds nothing is denied all the same.
    let ran = folder.run(&["can", "cai", "view", "ENG"]).code(3);
    assert!(ran.out.starts_with("denied"), "{}", ran.out);
}
