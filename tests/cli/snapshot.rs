//! `confperm snapshot`: a site that can be rehearsed on.

use crate::in_process::Stage;
use crate::support::{Folder, Hosted};

/// The plan of the example against its site, and against a snapshot of that site.
#[test]
fn a_plan_against_the_snapshot_is_the_plan_against_the_site() {
    for example in ["quickstart", "acme"] {
        let folder = Folder::example(example);
        let real = folder.run(&["plan", "--detailed-exitcode"]).code(2);
        folder.run(&["snapshot", "--all", "--include-archived", "-o", "copy.yaml"]).code(0);
        folder.write(
            "confperm.yaml",
            &folder.read("confperm.yaml").replace("sandbox:site.yaml", "sandbox:copy.yaml"),
        );
        let rehearsed = folder.run(&["plan", "--detailed-exitcode"]).code(2);
        assert_eq!(rehearsed.out, real.out, "{example}");
        folder.run(&["apply", "--yes"]).code(0);
    }
}

#[test]
fn a_snapshot_of_a_snapshot_is_the_same() {
    for example in ["quickstart", "acme"] {
        let folder = Folder::example(example);
        let all = ["snapshot", "--all", "--include-archived", "--site"];
        folder.run(&[&all[..], &["sandbox:site.yaml", "-o", "one.yaml"]].concat()).code(0);
        folder.run(&[&all[..], &["sandbox:one.yaml", "-o", "two.yaml"]].concat()).code(0);
        assert_eq!(folder.read("one.yaml"), folder.read("two.yaml"), "{example}");
        let addresses = folder.read("one.yaml");
        assert!(
            !addresses.contains("@acme.com") && addresses.contains("@example.com"),
            "addresses are invented"
        );
    }
}

#[test]
fn every_user_can_sign_in_to_it() {
    let folder = Folder::example("quickstart");
    folder.run(&["snapshot", "--space", "ENG", "-o", "copy.yaml"]).code(0);
    let site = Hosted::open(&folder.file("copy.yaml"));
    let mut command = folder.confperm(&["doctor"]);
    command
        .args(["--site", &site.running.site_url()])
        .env("CONFLUENCE_USERNAME", "bob-builder@example.com")
        .env("CONFLUENCE_API_TOKEN", "token-bob-builder");
    let ran = command.output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stdout).contains("sign-in  Bob Builder"), "{ran:?}");
}

#[test]
fn it_goes_to_standard_output_and_over_nothing() {
    let folder = Folder::example("quickstart");
    let printed = folder.run(&["snapshot", "--all"]).code(0);
    insta::assert_snapshot!("quickstart_snapshot", printed.out);
    let before = folder.files();
    let refused = folder.run(&["snapshot", "--all", "-o", "site.yaml"]).code(1);
    assert!(refused.err.contains("site.yaml"), "{}", refused.err);
    assert_eq!(folder.files(), before);
    folder.run(&["snapshot", "--all", "-o", "site.yaml", "--force"]).code(0);
    assert_eq!(folder.read("site.yaml"), printed.out);
    folder.run(&["snapshot"]).code(64);
}

/// What a state file cannot hold is told, and everything else comes back.
#[tokio::test]
async fn whatever_a_site_is_like_its_snapshot_opens_and_is_stable() {
    for seed in 0..30 {
        let state = crate::worlds::state(seed);
        let first = crate::import::snapshot_of(&Stage::open(&state).await).await;
        let second = crate::import::snapshot_of(&Stage::open(&first.text).await).await;
        let site = |text: &str| {
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| line.to_owned() + "\n")
                .collect::<String>()
        };
        assert_eq!(site(&second.text), site(&first.text), "seed {seed}\n{state}");
    }
}

/// What stands below a page that the account may not view is in the copy, and the page above it is not as it was.
#[test]
fn a_parent_page_that_is_not_shown_is_noted() {
    let state = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob}
groups: {staff: {id: g-staff, members: [ann, bob], access: user}}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions: {read/space: [user:ann], administer/space: [user:ann]}
    pages: [{id: 11, title: Home, children: [{id: 12, title: Draft, status: draft, children: [{id: 13, title: Below}]}]}]
";
    let folder = Folder::with(&[("site.yaml", state)]);
    let ran = folder.run(&["snapshot", "--all", "--site", "sandbox:site.yaml", "-o", "copy.yaml"]).code(0);
    assert!(ran.err.contains("1 parent page hidden from this account"), "{}", ran.err);
    let copy = folder.read("copy.yaml");
    assert!(copy.contains("# Not as on the site: 1 parent page") && copy.contains("(not shown)"), "{copy}");
}
