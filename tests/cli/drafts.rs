//! Drafts and pages in the trash: no page of the tree, and perhaps above one.

use crate::support::Folder;

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot, cloud-id: c1}
users:
  bot: {account-id: u-bot, name: Bot, email: bot@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob}
groups:
  staff: {id: g-staff, members: [bot, bob], access: user}
spaces:
  ENG:
    id: 101
    name: Engineering
    homepage: 1
    permissions:
      read/space: [user:bot, group:staff]
      create/page: [user:bot]
      administer/space: [user:bot]
      restrict_content/space: [user:bot]
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Sketch, status: draft, view: [user:bot], children: [{id: 3, title: Below, view: [user:bot]}]}
          - {id: 4, title: Gone, status: trashed}
";

const ABOVE: &str = "id 2, is a draft, in the trash, or hidden from the account that runs this";

/// The list of the draft may keep all others out, so an opened page below it is not said to be open.
#[test]
fn a_page_that_is_opened_below_a_draft_is_open_perhaps() {
    let policy = "version: 1
site: {url: sandbox:site.yaml}
people: {bot: u-bot, bob: u-bob}
spaces: {ENG: {mode: additive, pages: {id:3: {view: anyone}}}}
tests: [{name: open, who: user:bob, can: {view: [ENG/id:3]}}]
";
    let folder = Folder::with(&[("confperm.yaml", policy), ("site.yaml", SITE)]);
    let plan = folder.run(&["plan"]).code(0);
    assert!(plan.out.contains("user:bob  perhaps gains view of"), "{}", plan.out);
    assert!(
        plan.out.contains("a parent page with id 2: it is a draft, in the trash, or hidden"),
        "{}",
        plan.out
    );
    let can = folder.run(&["can", "bob", "view", "ENG/id:3", "--planned"]).code(3);
    assert!(can.out.contains("unknown") && can.err.contains(ABOVE), "{}{}", can.out, can.err);
    let who = folder.run(&["who", "view", "ENG/id:3", "--planned"]).code(0);
    assert!(who.out.contains("Not known for\n  user:bob") && who.out.contains(ABOVE), "{}", who.out);
    let tested = folder.run(&["test"]).code(3);
    assert!(tested.out.contains(ABOVE), "{}", tested.out);
}

/// A question about one says what it may be, so that it is looked for there.
#[test]
fn a_question_about_a_page_in_the_trash_says_that_it_may_be_there() {
    let policy = "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {bob: u-bob}\n";
    let folder = Folder::with(&[("confperm.yaml", policy), ("site.yaml", SITE)]);
    for page in ["ENG/id:4", "ENG/id:2"] {
        for question in
            [&["can", "bob", "view", page][..], &["who", "view", page], &["explain", "bob", "view", page]]
        {
            let ran = folder.run(question).code(1);
            assert!(ran.err.contains("hint: it is a draft, in the trash, in another space"), "{}", ran.err);
        }
    }
}

/// A name that matches nothing may be that of a draft or of a page in the trash, also where another name is near.
#[test]
fn a_name_that_matches_nothing_may_be_in_the_trash() {
    let below = ", children: [{id: 3, title: Below, view: [user:bot]}]";
    let site = SITE.replace(below, "");
    let site = site.replace("        children:\n", "        children:\n          - {id: 5, title: Bone}\n");
    for (page, near) in [
        ("/Home/Gone", Some("/Home/Bone")),
        ("Gone", Some("Bone")),
        ("/Home/Sketch", None),
        ("Sketch", None),
        ("id:4", None),
    ] {
        let policy = format!(
            "version: 1\nsite: {{url: sandbox:site.yaml}}\npeople: {{bot: u-bot, bob: u-bob}}\n\
             spaces: {{ENG: {{mode: additive, pages: {{{page}: {{view: [user:bot]}}}}}}}}\n"
        );
        let folder = Folder::with(&[("confperm.yaml", &policy), ("site.yaml", &site)]);
        let ran = folder.run(&["plan"]).code(4);
        let help = ran.err.lines().skip_while(|line| !line.contains("= help:")).collect::<Vec<_>>().join(" ");
        assert!(
            help.to_lowercase().contains("draft") && help.contains("in the trash"),
            "{page}\n{}",
            ran.err
        );
        assert!(near.is_none_or(|near| help.contains(&format!("did you mean `{near}`?"))), "{}", ran.err);
    }
    let folder = Folder::with(&[
        ("confperm.yaml", "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {bob: u-bob}\n"),
        ("site.yaml", &site),
    ]);
    let ran = folder.run(&["who", "view", "ENG/Home/Gone"]).code(1);
    assert!(
        ran.err.contains("did you mean `ENG/Home/Bone`? Drafts, and what is in the trash"),
        "{}",
        ran.err
    );
}
