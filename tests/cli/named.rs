//! Who and what is meant by a name on the command line and in a policy, where it is not the name to the letter.

use std::path::Path;

use crate::support::{Folder, site_of_ann_and_bob};

const SITE: &str = site_of_ann_and_bob!(
    "\n  max: {account-id: u-max-1, name: Max Weber}\n  other-max: {account-id: u-max-2, name: Max Weber}\n  cleo: \
     {account-id: u-cleo, name: Cle\\u0301o Dupont}\ngroups:\n  staff: {id: g-1, members: [ann, bob], access: user}\n  \
     \"Externals \": {id: g-2, members: [bob]}\nspaces:\n  ENG:\n    id: 101\n    name: Engineering\n    permissions: \
     {read/space: [user:ann, group:staff], administer/space: [user:ann]}\n"
);

const POLICY: &str = "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {ann: {account: u-ann, email: ann@x.com}}\nspaces:\n  ENG: \
                      {mode: additive, access: {viewer: [group:staff]}}\n";

fn folder() -> Folder {
    let site = SITE.replace("Cle\\u0301o", "Cle\u{301}o");
    Folder::with(&[("site.yaml", &site), ("confperm.yaml", POLICY)])
}

#[test]
fn people_are_found_by_alias_address_name_and_id() {
    let folder = folder();
    for who in ["ann", "Ann", "ann@x.com", "ANN@x.com", "u-ann", "user:ann"] {
        let answer = folder.run(&["can", who, "view", "ENG"]).code(0);
        assert_eq!(answer.out, "allowed\n", "{who}");
    }
    // The policy does not know them; the site does.
    for who in ["Bob", "bob", "Cl\u{e9}o\u{a0}dupont "] {
        let answer = folder.run(&["can", who, "view", "ENG"]);
        assert!(
            answer.out.starts_with("allowed") || answer.out.starts_with("denied"),
            "{who}: {}",
            answer.err
        );
    }
}

#[test]
fn a_name_that_two_people_have_is_an_error_that_lists_them() {
    let answer = folder().run(&["can", "max weber", "view", "ENG"]).code(1);
    assert!(answer.err.contains("`max weber` could mean 2 people"), "{}", answer.err);
    assert!(
        answer.err.contains("ask about one of u-max-1 (Max Weber), u-max-2 (Max Weber)"),
        "{}",
        answer.err
    );
}

#[test]
fn a_question_about_a_group_without_its_prefix_says_so() {
    let folder = folder();
    for who in ["staff", "@staff", "Externals"] {
        let answer = folder.run(&["can", who, "view", "ENG"]).code(1);
        assert!(
            answer.err.contains(&format!("did you mean `group:{}", who.trim_start_matches('@'))),
            "{}",
            answer.err
        );
    }
    folder.run(&["can", "group:Externals", "view", "ENG"]).code(3);
}

#[test]
fn the_key_of_a_space_in_another_case_is_proposed() {
    let folder = folder();
    let right = folder.read("confperm.yaml");
    for (written, proposed) in [("eng", "ENG"), ("EGN", "ENG")] {
        folder.write("confperm.yaml", &right.replace("ENG:", &format!("{written}:")));
        let plan = folder.run(&["plan"]).code(4);
        assert!(plan.err.contains(&format!("did you mean `{proposed}`?")), "{}", plan.err);
        folder.write("confperm.yaml", &right);
        let answer = folder.run(&["can", "ann", "view", written]).code(1);
        assert!(answer.err.contains(&format!("did you mean `{proposed}`?")), "{}", answer.err);
    }
}

/// Sites with names that are written in another way than the policy writes them: `tests/cli/named`.
#[test]
fn names_that_look_right_are_right() {
    for (name, code, words) in [
        ("group-edge-blanks", 0, "group:Externals"),
        ("title-looks-the-same", 0, "2 pages to restrict"),
        ("account-id-forms", 0, "user:qm:6b9c9931"),
        ("group-name-is-an-id", 4, "is the id of the group `Engineering` and the name of another group"),
        ("one-of-many-on-a-list", 0, "- user:bob (Bob)"),
    ] {
        let folder = Folder::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/named").join(name));
        let plan = folder.run(&["plan", "policy"]).code(code);
        assert!(plan.out.contains(words) || plan.err.contains(words), "{name}: {}{}", plan.out, plan.err);
        let widest = plan.out.lines().map(str::len).max().unwrap_or_default();
        assert!(widest < 400, "{name}: a line of {widest} characters");
    }
}

#[test]
fn whose_account_it_is_shows_in_a_plan() {
    let folder = folder();
    let policy = folder.read("confperm.yaml");
    let plan = folder.run(&["plan"]).code(0);
    assert!(!plan.err.contains("other-person"), "{}", plan.err);
    let policy = policy.replace("{ann: {account: u-ann, email: ann@x.com}}", "{tina: u-bob}");
    folder.write("confperm.yaml", &policy.replace("[group:staff]", "[group:staff, user:tina]"));
    let plan = folder.run(&["plan"]).code(0);
    assert!(
        plan.err.contains("warning[other-person]: the account of `tina` belongs to Bob on the site"),
        "{}",
        plan.err
    );
}
