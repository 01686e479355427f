//! What the account that runs this may not change is left out before the first call, said, and seen in the exit
//! code.

mod random;

use serde_json::{Value, json};

use crate::support::{Folder, Hosted, Ran, Reply, sign_in, site_of_ann_and_bob};

/// The caller is not on the edit list of the page.
const NOT_LISTED: [(&str, &str); 2] = [
    (
        "site.yaml",
        r"kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann}
users:
  ann: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Ann, email: ann@example.com}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e02, name: Bob, email: bob@example.com}
groups:
  lic: {id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0009, members: [ann, bob], access: user}
spaces:
  ENG:
    id: 101
    name: Engineering
    permissions:
      read/space: [user:ann, user:bob]
      administer/space: [user:ann]
      restrict_content/space: [user:ann]
      create/page: [user:ann, user:bob]
    pages: [{id: 1001, title: Plans, edit: [user:bob]}]
quirks: {companions: never}
",
    ),
    (
        "confperm.yaml",
        r#"version: 1
site: {url: "sandbox:site.yaml"}
people: {ann: 5b10ac8d82e05b22cc7d4e01, bob: 5b10ac8d82e05b22cc7d4e02}
spaces:
  ENG:
    mode: additive
    pages:
      /Plans: {view: [user:bob, user:ann], edit: [user:bob, user:ann]}
"#,
    ),
];

/// The caller administers one of the two spaces that a rule selects.
const NOT_ADMIN: [(&str, &str); 2] = [
    (
        "site.yaml",
        r"kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot}
users:
  bot: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Bot, email: bot@example.com, confluence-admin: true}
  ann: {account-id: 5b10ac8d82e05b22cc7d4e02, name: Ann, email: ann@example.com}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e03, name: Bob, email: bob@example.com}
groups:
  staff: {id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0001, members: [bot, ann, bob], access: user}
spaces:
  ENG:
    id: 101
    name: Space 101
    permissions: {read/space: [user:bot, group:staff], administer/space: [user:bot]}
  OPS:
    id: 102
    name: Space 102
    permissions: {read/space: [user:ann, group:staff], administer/space: [user:ann]}
",
    ),
    (
        "confperm.yaml",
        r#"version: 1
site: {url: "sandbox:site.yaml"}
people: {bot: 5b10ac8d82e05b22cc7d4e01, ann: 5b10ac8d82e05b22cc7d4e02, bob: 5b10ac8d82e05b22cc7d4e03}
rules:
  - {name: comments for staff, spaces: {key: "*"}, access: {create/comment: [group:staff]}}
"#,
    ),
];

fn plan_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_page_whose_edit_list_leaves_the_account_out_is_left_as_it_is() {
    let folder = Folder::with(&NOT_LISTED);
    let said = "Left out: this account may not change it\n  ENG  the lists of /Plans: this account is not on its \
                edit list; user:bob can add it\n";
    for (arguments, code) in [
        (&["plan"][..], 6),
        (&["plan", "--detailed-exitcode"], 6),
        (&["plan", "--incomplete=ok", "--detailed-exitcode"], 0),
        (&["apply", "--yes"], 6),
        (&["apply", "--yes", "--incomplete=ok"], 0),
    ] {
        let ran = folder.run(arguments).code(code);
        assert!(ran.out.contains(said), "{arguments:?}\n{}", ran.out);
        assert!(!ran.out.contains("as the policy says"), "{}", ran.out);
    }
    let plan = plan_of(&folder.run(&["plan", "--format", "json"]).code(6));
    assert_eq!(plan["changes"], json!([]));
    assert_eq!(plan["calls"], json!([]));
    assert_eq!(plan["left_out"][0]["lacks"], json!({"what": "edit-list"}), "{}", plan["left_out"]);
    assert_eq!(plan["left_out"][0]["change"]["content"], json!("1001"));
    let diff = folder.run(&["plan", "--format", "diff"]).code(6);
    assert!(diff.err.contains("Left out: ENG  the lists of /Plans"), "{}", diff.err);
}

#[test]
fn a_space_that_the_account_does_not_administer_is_left_out_and_the_others_are_done() {
    let folder = Folder::with(&NOT_ADMIN);
    let said = "  OPS  1 permission to add: this account does not administer the space; user:ann can grant it \
                administer/space\n";
    let ran = folder.run(&["plan"]).code(6);
    assert!(ran.out.contains(said), "{}", ran.out);
    assert!(ran.out.contains("1 permission to add. 1 call"), "{}", ran.out);
    let ran = folder.run(&["apply", "--yes"]).code(6);
    assert!(!ran.err.contains("403"), "{}", ran.err);
    let ran = folder.run(&["plan"]).code(6);
    assert!(ran.out.contains(said) && ran.out.contains("Nothing to change in what"), "{}", ran.out);
    folder.run(&["plan", "--space", "ENG"]).code(0);
}

/// A space of two people, of which Ann runs this, with these rows and pages.
fn small(permissions: &str, pages: &str, policy: &str) -> Folder {
    let people = "ann: {account-id: u-ann, name: Ann, email: ann@example.com}\n  bob: {account-id: u-bob, name: Bob, \
                  email: bob@example.com}";
    let site = format!(
        "kind: confluence-sandbox\nversion: 1\nsite: {{flavor: cloud, space-role-mode: pre-roles, caller: ann}}\n\
         users:\n  {people}\ngroups:\n  lic: {{id: g-lic, members: [ann, bob], access: user}}\n  eng: {{id: g-eng, \
         members: [ann]}}\nspaces:\n  ENG:\n    id: 101\n    name: Engineering\n    permissions: {permissions}\n    \
         pages: {pages}\nquirks: {{companions: never}}\n"
    );
    let policy = format!(
        "version: 1\nsite: {{url: \"sandbox:site.yaml\"}}\npeople: {{ann: u-ann, bob: u-bob}}\nspaces:\n  ENG:\n    \
         mode: additive\n{policy}"
    );
    Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)])
}

#[test]
fn what_another_call_gives_the_account_comes_first() {
    for given in ["user:ann", "group:eng"] {
        let policy = format!(
            "    access: {{create/page: [{given}]}}\n    pages: {{/Plans: {{edit: [user:ann, group:eng]}}}}\n"
        );
        let rows = "{read/space: [user:ann, group:eng, user:bob], administer/space: [user:ann]}";
        let folder = small(rows, "[{id: 1001, title: Plans}]", &policy);
        let order = folder.run(&["plan", "--explain-order"]).code(0);
        assert!(order.out.contains("after #1: Confluence demands it"), "{}", order.out);
        folder.run(&["apply", "--yes"]).code(0);
        folder.run(&["plan", "--detailed-exitcode"]).code(0);
    }
}

#[test]
fn the_role_that_the_account_needs_comes_first() {
    let (people, _) = NOT_LISTED[0].1.split_once("spaces:").unwrap();
    let site = people.replace("pre-roles", "roles-transition")
        + "roles:\n  Admin: {id: r-admin, type: system, permissions: [read/space, create/page, update/page, \
           restrict_content/space, administer/space]}\n  Viewer: {id: r-viewer, type: system, permissions: \
           [read/space]}\nspaces:\n  ENG:\n    id: 101\n    name: Engineering\n    permissions:\n      read/space: \
           [user:ann, group:lic]\n      create/page: [user:ann]\n      administer/space: [user:ann]\n    pages: [{id: \
           1001, title: Home, children: [{id: 1002, title: Runbooks}]}]\n";
    let policy = "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {ann: 5b10ac8d82e05b22cc7d4e01}\nspaces:\n  ENG:\n    \
                  access:\n      admin: [user:ann]\n      viewer: [group:lic]\n    pages:\n      /Home/Runbooks: {view: \
                  [user:ann], edit: [user:ann]}\n";
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", policy)]);
    folder.run(&["apply", "--yes"]).code(0);
    folder.run(&["plan", "--detailed-exitcode"]).code(0);
}

#[test]
fn what_page_only_needs_is_refused_and_what_it_does_not_need_is_left_out() {
    let rows = "{read/space: [user:ann, user:bob], create/page: [user:ann], administer/space: [user:ann]}";
    let guests = "    page-only: [{who: [group:eng], pages: [/Open], role: viewer}]\n";
    let folder = small(rows, "[{id: 1, title: Open}, {id: 2, title: Plans, edit: [user:bob]}]", guests);
    let ran = folder.run(&["plan"]).code(3);
    assert!(
        ran.out.contains("without it guests would see other pages than theirs (confperm.yaml:"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("the lists of /Plans: this account is not on its edit list"), "{}", ran.out);
    folder.run(&["apply", "--yes"]).code(3);
    let doctor = folder.run(&["doctor"]).code(3);
    assert!(doctor.out.contains("without it guests would see other pages than theirs"), "{}", doctor.out);

    let policy = format!("    pages: {{/Open: {{edit: [user:ann, user:bob]}}}}\n{guests}");
    let folder = small(rows, "[{id: 1, title: Open, edit: [user:bob]}, {id: 2, title: Plans}]", &policy);
    folder.run(&["apply", "--yes"]).code(6);
}

#[test]
fn what_may_be_possible_is_tried() {
    let policy = "    pages: {/Plans: {edit: [user:ann, user:bob, group:eng]}}\n";
    let rows = "{read/space: [user:ann, user:bob], create/page: [user:ann], administer/space: [group:eng]}";
    let folder = small(rows, "[{id: 1001, title: Plans, edit: [group:eng, user:bob]}]", policy);
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let front = hosted.behind(|_, path| path.ends_with("/user/memberof").then(|| Reply::v1(403, "no")));
    folder.write(
        "confperm.yaml",
        &folder.read("confperm.yaml").replace("sandbox:site.yaml", "https://acme.atlassian.net/wiki"),
    );
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &front.url, &hosted.running);
    let ran = Ran::from(command.output().unwrap()).code(0);
    assert!(!ran.out.contains("Left out"), "{}", ran.out);
}

#[test]
fn doctor_says_what_a_plan_would_leave_out() {
    let folder = Folder::with(&NOT_LISTED);
    let ran = folder.run(&["doctor"]).code(6);
    let line = "out   ENG  the lists of /Plans: this account is not on its edit list; user:bob can add it\n";
    assert!(ran.out.contains(line), "{}", ran.out);
    assert!(ran.out.ends_with("Ready, but a plan leaves out what is marked `out`.\n"), "{}", ran.out);

    let folder = Folder::with(&NOT_ADMIN);
    let ran = folder.run(&["doctor"]).code(6);
    for line in [
        "look  rules    this account does not administer 1 of the 2 spaces that they select: OPS;",
        "out   OPS  1 permission to add: this account does not administer the space; user:ann can grant it",
    ] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
}

#[test]
fn doctor_foresees_that_an_order_needs_what_is_left_out() {
    // Bob is let into the space when the page is closed to him, which is not Ann's to do.
    let rows = "{read/space: [user:ann], create/page: [user:ann], administer/space: [user:ann]}";
    let policy =
        "    access: {viewer: [user:bob]}\n    pages: {/Plans: {view: [user:ann], edit: [user:ann]}}\n";
    let folder = small(rows, "[{id: 1001, title: Plans, edit: [user:bob]}]", policy);
    let why = "ENG: some of this cannot be left out: without it user:bob could see /Plans";
    let plan = folder.run(&["plan"]).code(3);
    assert!(plan.out.contains(&format!("Blocked[needs-left-out]: {why}")), "{}", plan.out);
    let doctor = folder.run(&["doctor"]).code(3);
    assert!(doctor.out.contains(&format!("no    {why}")), "{}", doctor.out);
    assert!(doctor.out.ends_with("\nNot ready: see the lines marked `no`.\n"), "{}", doctor.out);
}

#[test]
fn doctor_is_content_where_nothing_is_left_out() {
    let rows = "{read/space: [user:ann, user:bob], create/page: [user:ann], administer/space: [user:ann]}";
    let policy = "    pages: {/Plans: {edit: [user:ann, user:bob]}}\n";
    let folder = small(rows, "[{id: 1001, title: Plans}]", policy);
    let ran = folder.run(&["doctor"]).code(0);
    assert!(ran.out.ends_with("\nReady.\n"), "{}", ran.out);

    folder.write("confperm.yaml", &folder.read("confperm.yaml").replace("/Plans", "/Nothing"));
    let ran = folder.run(&["doctor"]).code(1);
    assert!(ran.out.contains("no    policy   does not fit this site"), "{}", ran.out);
    assert!(ran.err.contains("unknown-page"), "{}", ran.err);
    // The site has been read by then.
    let ran = folder.run(&["plan"]).code(4);
    assert!(ran.err.ends_with("error: the policy has 1 error; nothing was changed\n"), "{}", ran.err);
}

/// Who can help may be the account itself: then it is told what it can do, and not sent to itself.
#[test]
fn an_account_that_can_help_itself_is_not_sent_to_itself() {
    let site = site_of_ann_and_bob!(
        "\ngroups:\n  staff: {id: g-1, members: [ann, bob], access: user}\nspaces:\n  ENG:\n    id: 101\n    name: Engineering\n    \
         permissions: {read/space: [user:ann, group:staff], administer/space: [user:ann], restrict_content/space: [user:ann]}\n    \
         pages: [{id: 1, title: Home, children: [{id: 2, title: Plans}]}]\n"
    );
    let policy = "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {ann: u-ann}\nspaces:\n  ENG: {mode: additive, pages: \
                  {/Plans: {view: ['user:ann']}}}\n";
    let folder = Folder::with(&[("site.yaml", site), ("confperm.yaml", policy)]);
    let ran = folder.run(&["plan"]);
    assert!(ran.out.contains("this account lacks"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("as an administrator of the space it can grant itself that"), "{}", ran.out);
    assert!(!ran.out.contains("user:ann can"), "{}", ran.out);
}
