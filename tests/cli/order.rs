//! `plan --explain-order`: what waits for what, and for whose sake. Each site is one on which an earlier order let
//! accounts in, or shut accounts out, for a moment.

use crate::support::Folder;

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann, anonymous: false}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@example.com}
  bob: {account-id: u-bob, name: Bob, email: bob@example.com}
groups:
  lic: {id: g-lic, members: [ann, bob], access: user}
  team: {id: g-team, members: [bob]}
";

const POLICY: &str = "version: 1
site: {url: sandbox:site.yaml}
people: {ann: u-ann, bob: u-bob}
guards: {max-removals: 100}
";

/// A space with these rows and pages, and what a policy wants of it.
fn space(rest_of_site: &str, wanted: &str) -> Folder {
    let site = format!("{SITE}spaces:\n  ENG:\n    id: 101\n    name: Engineering\n{rest_of_site}");
    let policy = format!("{POLICY}spaces:\n  ENG:\n{wanted}");
    Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)])
}

/// The calls in their order, each with what it waits for.
fn explained(folder: &Folder) -> Vec<String> {
    let ran = folder.run(&["plan", "--explain-order"]).code(0);
    let mut calls: Vec<String> = Vec::new();
    for line in ran.out.lines() {
        match calls.last_mut() {
            _ if line.starts_with('#') => calls.push(line.to_owned()),
            Some(call) if line.starts_with(' ') => call.extend(["; ", line.trim()]),
            Some(_) | None => {}
        }
    }
    calls
}

/// The place of the call whose line has these words.
fn place(calls: &[String], words: &str) -> usize {
    calls.iter().position(|call| call.contains(words)).unwrap_or_else(|| panic!("no {words} in {calls:#?}"))
}

#[test]
fn a_page_closes_before_a_group_may_do_anything_with_it() {
    for (permission, verb) in [
        ("delete/page", "delete /Plans"),
        ("create/comment", "comment on /Plans"),
        ("create/attachment", "attach files to /Plans"),
        ("create/page", "edit /Plans"),
    ] {
        let folder = space(
            "    permissions: {read/space: [user:ann, group:team], administer/space: [user:ann], create/page: \
             [user:ann]}\n    pages: [{id: 1001, title: Plans}]\nquirks: {companions: never}\n",
            &format!(
                "    access: {{read/space: [group:team], {permission}: [group:team]}}\n    pages: {{/Plans: {{view: \
                 [user:ann]}}}}\n"
            ),
        );
        let calls = explained(&folder);
        let given = &calls[place(&calls, &format!("give {permission}"))];
        let closed = place(&calls, "/Plans: view") + 1;
        let why = format!("after #{closed}: otherwise an account in group:team could for a moment {verb}");
        assert!(given.contains(&why), "{calls:#?}");
    }
}

#[test]
fn who_restricts_by_two_permissions_never_has_one_before_the_other_is_gone() {
    let folder = space(
        "    permissions: {read/space: [user:ann, group:team, user:bob], administer/space: [user:ann], create/page: \
         [user:ann, group:team]}\nquirks: {companions: never}\n",
        "    access: {read/space: [group:team, user:bob], restrict_content/space: [user:bob]}\n",
    );
    let calls = explained(&folder);
    let given = &calls[place(&calls, "give restrict_content/space to user:bob")];
    let taken = place(&calls, "take create/page from group:team") + 1;
    assert!(given.contains(&format!("after #{taken}: otherwise")), "{calls:#?}");
    assert!(given.contains("change the restrictions of what nothing restricts"), "{calls:#?}");
}

#[test]
fn anonymous_rows_may_or_may_not_count_for_people_who_are_signed_in() {
    let folder = space(
        "    permissions: {read/space: [user:ann, user:bob, anonymous], administer/space: [user:ann]}\nquirks: \
         {companions: never}\n",
        "    access: {read/space: [group:team, anonymous], administer/space: [user:ann]}\n",
    );
    let calls = explained(&folder);
    let taken = &calls[place(&calls, "take read/space from user:bob")];
    let given = place(&calls, "give read/space to group:team") + 1;
    assert!(taken.contains(&format!("after #{given}: otherwise")), "{calls:#?}");
}

#[test]
fn each_of_two_rows_that_stand_for_the_same_waits() {
    let folder = space(
        "    permissions: {read/space: [user:ann, user:bob, group:team], create/comment: [user:bob], administer/space: \
         [user:ann]}\nquirks: {companions: never, duplicate-rows: linked}\n",
        "    access: {read/space: [group:team, user:bob], create/comment: [group:team], administer/space: [user:ann]}\n",
    );
    let calls = explained(&folder);
    let given = place(&calls, "give create/comment to group:team") + 1;
    let taken: Vec<&String> = calls.iter().filter(|call| call.contains("take create/comment")).collect();
    assert_eq!(taken.len(), 2, "{calls:#?}");
    assert!(taken.iter().all(|call| call.contains(&format!("after #{given}: otherwise"))), "{calls:#?}");
}

#[test]
fn a_right_that_the_caller_has_by_another_permission_is_not_waited_for() {
    // An administrator can restrict, so closing the page need not wait for `restrict_content/space`.
    let folder = space(
        "    permissions: {read/space: [user:ann], administer/space: [user:ann], create/page: [user:ann]}\n    pages: \
         [{id: 1001, title: Plans}]\nquirks: {companions: never}\n",
        "    access: {restrict_content/space: [group:lic]}\n    pages: {/Plans: {view: [group:team]}}\n",
    );
    let calls = explained(&folder);
    assert_eq!(place(&calls, "/Plans: view"), 0, "{calls:#?}");
    let read = &calls[place(&calls, "give read/space to group:lic")];
    assert!(read.contains("after #1: otherwise"), "{calls:#?}");
}

#[test]
fn what_takes_the_place_of_a_role_comes_before_the_role_goes() {
    let site = SITE.replace("pre-roles", "roles-transition")
        + "roles:\n  Viewer: {id: r-viewer, type: system, permissions: [read/space, create/comment]}\nspaces:\n  ENG:\n    \
           id: 101\n    name: Engineering\n    permissions: {read/space: [user:ann], administer/space: [user:ann], \
           create/page: [user:ann], update/page: [user:ann], export_content/space: [user:ann]}\n    role-assignments: \
           {Viewer: [group:team]}\n    pages: [{id: 1001, title: Plans}]\n";
    let policy = format!(
        "{POLICY}spaces:\n  ENG:\n    access: {{read/space: [group:team], create/comment: [group:team], create/page: \
         [group:team], update/page: [group:team]}}\n    pages: {{/Plans: {{view: [user:ann]}}}}\n"
    );
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
    let calls = explained(&folder);
    let gone = &calls[place(&calls, "assign group:team no role")];
    let given = place(&calls, "give create/comment to group:team") + 1;
    assert!(gone.contains(&format!("after #{given}: otherwise")), "{calls:#?}");
    // Adding pages brings editing along.
    let closed = place(&calls, "/Plans: view") + 1;
    let given = &calls[place(&calls, "give create/page to group:team")];
    assert!(given.contains(&format!("after #{closed}: otherwise")), "{calls:#?}");
}

#[test]
fn where_nothing_is_safe_for_people_who_may_be_in_any_group_these_groups_are_named() {
    // To restrict takes the right to edit as well: whichever of the two is moved first, an account in two of these
    // groups has both for a moment, or neither.
    let site = SITE.replace(
        "  team: {id: g-team, members: [bob]}\n",
        "  gone: {id: g-gone, members: []}\n  new: {id: g-new, members: []}\n  out: {id: g-out, members: []}\n  in: \
         {id: g-in, members: []}\n",
    ) + "adversary: {hide: {group-members: 403}}\nspaces:\n  ENG:\n    id: 101\n    name: Engineering\n    permissions: \
         {read/space: [user:ann, group:gone, group:new, group:out, group:in], administer/space: [user:ann], \
         create/page: [user:ann, group:gone], restrict_content/space: [user:ann, group:out]}\n    pages: [{id: 1001, \
         title: Plans}]\nquirks: {companions: never}\n";
    let policy = format!(
        "{POLICY}spaces:\n  ENG:\n    access: {{read/space: [group:gone, group:new, group:out, group:in], create/page: \
         [group:new], restrict_content/space: [group:in]}}\n"
    );
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
    let said = folder.run(&["plan"]).code(3).out;
    assert!(said.contains("This account cannot see who is in group:"), "{said}");
    assert!(said.contains("with an account that can, there may be an order"), "{said}");
}

/// The account has a role through its group, gets rows instead that give less, and changes a page that takes more.
#[test]
fn what_a_role_gives_the_account_is_there_until_the_role_goes() {
    let site = SITE.replace("pre-roles", "roles-transition").replace("members: [bob]", "members: [ann]")
        + "roles:\n  Admin: {id: r-admin, type: system, permissions: [read/space, create/page, update/page, \
           restrict_content/space, administer/space, manage_users/space]}\nspaces:\n  ENG:\n    id: 101\n    name: \
           Engineering\n    permissions: {}\n    role-assignments: {Admin: [group:team]}\n    pages: [{id: 1001, title: \
           Plans, view: [group:team]}]\n";
    let policy = format!(
        "{POLICY}spaces:\n  ENG:\n    access: {{read/space: [group:team], create/page: [group:team], \
         administer/space: [group:team]}}\n    pages: {{/Plans: {{view: anyone}}}}\n"
    );
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
    let said = folder.run(&["apply", "--yes"]).code(0).out;
    assert!(said.contains("role Admin"), "{said}");
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

const DEVELOPERS_HAVE_A_ROLE: &str = "roles:
  Collaborator: {id: r-col, type: system, permissions: [read/space, create/comment, create/page, update/page]}
spaces:
  ENG:
    id: 101
    name: Engineering
    permissions: {read/space: [user:ann], administer/space: [user:ann]}
    role-assignments: {Collaborator: [group:team]}
    pages: [{id: 1001, title: Plans}]
";

/// Nothing goes from an additive space because something else is asked for.
#[test]
fn what_a_role_gives_stays_in_an_additive_space_where_single_permissions_are_asked_for() {
    let site = SITE.replace("pre-roles", "roles-transition") + DEVELOPERS_HAVE_A_ROLE;
    let policy = |access: &str| format!("{POLICY}spaces:\n  ENG: {{mode: additive, access: {access}}}\n");
    let folder =
        Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy("{create/page: [group:team]}"))]);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));

    folder.write("confperm.yaml", &policy("{delete/page: [group:team]}"));
    let said = folder.run(&["plan"]).code(0).out;
    assert!(said.contains("was part of the role"), "{said}");
    assert!(!said.contains("not declared") && !said.contains("  loses"), "{said}");
    folder.run(&["apply", "--yes"]).code(0);
    for permission in ["delete/page", "create/page", "update/page", "create/comment"] {
        folder.run(&["can", "group:team", permission, "ENG"]).code(0);
    }
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));

    // A role that a line gave for a time goes whole when that is over.
    let ended = "{collaborator: [{who: group:team, until: 2020-01-31}], delete/page: [group:team]}";
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy(ended))]);
    folder.run(&["apply", "--yes"]).code(0);
    folder.run(&["can", "group:team", "delete/page", "ENG"]).code(0);
    folder.run(&["can", "group:team", "create/page", "ENG"]).code(3);
}

/// A policy that was carried out stays valid where a copy brings single permissions beside a role.
#[test]
fn what_is_copied_beside_a_role_comes_with_what_the_role_gave() {
    let site = SITE.replace("pre-roles", "roles-transition")
        + &DEVELOPERS_HAVE_A_ROLE.replace(
            "spaces:\n",
            "  Viewer: {id: r-view, type: system, permissions: [read/space]}\nspaces:\n  OPS:\n    id: \
             102\n    name: Operations\n    permissions: {read/space: [user:ann], administer/space: [user:ann]}\n    \
             role-assignments: {Viewer: [group:team]}\n",
        );
    let policy = format!(
        "{POLICY}spaces:\n  ENG: {{mode: additive, access: {{delete/page: [group:team]}}}}\n  OPS: {{mode: additive, \
         like: 'live:ENG'}}\n"
    );
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
    // The role is copied first, and what takes its place afterwards.
    for _ in 0..2 {
        folder.run(&["apply", "--yes"]).code(0);
    }
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
    for permission in ["delete/page", "create/page", "create/comment"] {
        folder.run(&["can", "group:team", permission, "OPS"]).code(0);
    }
}

/// What a role gave is known by the role alone, so it goes when all of that was given again, whatever comes along on the
/// site; and a run that ends before that is taken up by the next.
#[test]
fn a_role_goes_after_what_it_gave_was_given_again() {
    for companions in ["always", "never"] {
        let site = format!("quirks: {{companions: {companions}}}\n")
            + &SITE.replace("pre-roles", "roles-transition")
            + DEVELOPERS_HAVE_A_ROLE;
        let policy =
            format!("{POLICY}spaces:\n  ENG: {{mode: additive, access: {{delete/page: [group:team]}}}}\n");
        let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
        let calls = explained(&folder);
        let goes = place(&calls, "assign group:team no role");
        for permission in ["read/space", "create/comment", "create/page", "update/page"] {
            assert!(place(&calls, &format!("give {permission} to group:team")) < goes, "{calls:#?}");
        }
        for most in 1..=goes {
            let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
            // What came along needs no call.
            if folder.run(&["apply", "--yes", "--max-calls", &most.to_string()]).code == 0 {
                assert!(most >= goes, "{most} of {calls:#?}");
                break;
            }
            let said = folder.run(&["plan"]).code(0).out;
            assert!(said.contains("- role Collaborator"), "{most}: {said}");
            folder.run(&["apply", "--yes"]).code(0);
            assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
            for permission in ["delete/page", "create/comment", "create/page", "update/page"] {
                folder.run(&["can", "group:team", permission, "ENG"]).code(0);
            }
            folder.run(&["can", "group:team", "export_content/space", "ENG"]).code(3);
        }
    }
}

/// What ended is not given again with what takes the place of a role, or the next plan would take it.
#[test]
fn what_ended_goes_with_the_role_that_gave_it() {
    let site = SITE.replace("pre-roles", "roles-transition") + DEVELOPERS_HAVE_A_ROLE;
    let access = "{create/page: [group:team], create/comment: [{who: group:team, until: 2020-01-31}], delete/page: \
                  [group:team]}";
    let policy = format!("{POLICY}spaces:\n  ENG: {{mode: additive, access: {access}}}\n");
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
    let said = folder.run(&["plan"]).code(0).out;
    assert!(said.contains("loses create/comment"), "{said}");
    folder.run(&["apply", "--yes"]).code(0);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

/// Visitors who hold the same role make it no safer to take it first: who reads by both notices nothing, and a run that
/// ended then would leave the group without what it had.
#[test]
fn a_role_waits_for_what_it_gave_where_visitors_have_it_too() {
    let site = SITE.replace("pre-roles", "roles-transition").replace("anonymous: false", "anonymous: true")
        + "roles:\n  Auditor: {id: r-auditor, type: custom, permissions: [read/space, export/space]}\nspaces:\n  DOC:\n    \
           id: 101\n    name: Documents\n    permissions: {read/space: [user:ann], administer/space: [user:ann]}\n    \
           role-assignments: {Auditor: [group:team, anonymous]}\n  ENG:\n    id: 102\n    name: Engineering\n    \
           permissions: {read/space: [user:ann], administer/space: [user:ann]}\n";
    assert!(site.contains("anonymous: true"), "{site}");
    let policy = format!(
        "{POLICY}spaces:\n  DOC: {{mode: additive, access: {{create/page: [group:team]}}}}\n  ENG: {{access: {{read/space: \
         [group:team]}}}}\n"
    );
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
    let calls = explained(&folder);
    let given = place(&calls, "DOC: give export/space to group:team");
    let gone = place(&calls, "DOC: assign group:team no role");
    assert!(given < gone, "{calls:#?}");
}

/// Of two lines, the one that asks for what the role lacks makes it go.
#[test]
fn a_role_goes_for_the_line_that_asks_for_more() {
    let site = SITE.replace("pre-roles", "roles-transition") + DEVELOPERS_HAVE_A_ROLE;
    let access = "\n      create/page: [group:team]\n      delete/page: [group:team]";
    let policy = format!("{POLICY}spaces:\n  ENG:\n    mode: additive\n    access:{access}\n");
    let line = policy.lines().position(|line| line.contains("delete/page")).unwrap() + 1;
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &policy)]);
    let said = folder.run(&["plan"]).code(0).out;
    let gone = said.lines().find(|line| line.contains("- role Collaborator")).unwrap();
    assert!(gone.ends_with(&format!("confperm.yaml:{line}")), "{said}");
}

/// A run for one team has not all lines about a principal, so it replaces no role.
#[test]
fn a_run_for_a_team_puts_no_single_permissions_in_the_place_of_a_role() {
    let site = SITE.replace("pre-roles", "roles-transition") + DEVELOPERS_HAVE_A_ROLE;
    let policy = format!(
        "{POLICY}spaces:\n  ENG: {{mode: additive, access: {{export/space: [group:team]}}}}\ndelegation:\n  team.yaml: \
         {{name: a, spaces: [ENG], may-grant: [create/page, delete/page], to: [group:team], may-remove: own}}\n"
    );
    let line = |permission: &str| {
        format!("rules: [{{name: more, spaces: [ENG], access: {{{permission}: [group:team]}}}}]\n")
    };
    for permission in ["create/page", "delete/page"] {
        let files = [("site.yaml", &*site), ("confperm.yaml", &policy), ("team.yaml", &line(permission))];
        let folder = Folder::with(&files);
        let said = folder.run(&["plan", "--team", "a"]).code(0).out;
        assert!(said.contains("left to the files of others"), "{permission}: {said}");
        assert!(!said.contains("- role") && !said.contains("export/space"), "{permission}: {said}");
    }
}
