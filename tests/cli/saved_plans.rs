//! `apply PLAN`, `show`, `log` and `undo` by the program: what they refuse, and what they say.

use std::path::Path;

use serde_json::Value;

use crate::expect::{self, POLICY, SITE, with_site};
use crate::support::{Folder, site_of_ann_and_bob};

pub(crate) fn repository() -> Folder {
    let folder = expect::repository();
    folder.run(&["plan", "-o", "plan.json"]).code(0);
    folder
}

/// The state of the sandbox, as a snapshot of it says.
pub(crate) fn state(folder: &Folder) -> String {
    folder.run(&["snapshot", "--all", "--force", "-o", "copy.yaml"]).code(0);
    folder.read("copy.yaml")
}

fn journals(folder: &Folder) -> usize {
    let is_journal = |path: &Path| path.extension().is_some_and(|extension| extension == "ndjson");
    let files = folder.files();
    files.iter().filter(|(path, _)| path.starts_with(".confperm/journal") && is_journal(path)).count()
}

#[test]
fn a_saved_plan_is_applied_without_a_question_and_writes_nothing_twice() {
    let folder = repository();
    let shown = folder.run(&["show", "plan.json", "--format", "json"]).code(0);
    let saved: Value = serde_json::from_str(&folder.read("plan.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&shown.out).unwrap(), saved);
    let applied = folder.run(&["apply", "plan.json"]).code(0).out;
    assert!(applied.contains("The site is as the plan says."), "{applied}");
    let after = state(&folder);
    let again = folder.run(&["apply", "plan.json"]).code(0);
    assert!(again.err.contains("all of them made"), "{}", again.err);
    assert!(again.out.contains("1 space is as the plan says."), "{}", again.out);
    assert_eq!(state(&folder), after);
    assert_eq!(journals(&folder), 1);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

/// A plan has all that its forms are made of.
#[test]
fn a_saved_plan_is_shown_in_every_form() {
    let folder = Folder::example("acme");
    for format in ["text", "diff", "json", "markdown", "github"] {
        let planned = folder.run(&["plan", "-o", "plan.json", "--format", format]).code(0);
        assert!(!planned.out.is_empty(), "{format}");
        assert_eq!(
            folder.run(&["show", "plan.json", "--format", format]).code(0).out,
            planned.out,
            "{format}"
        );
    }
}

#[test]
fn an_empty_plan_says_nothing_of_the_policy() {
    let folder = repository();
    folder.run(&["apply", "plan.json"]).code(0);
    folder.run(&["plan", "-o", "empty.json"]).code(0);
    let ran = folder.run(&["apply", "empty.json"]).code(0);
    assert!(ran.err.contains("empty.json: 0 changes\n"), "{}", ran.err);
    assert!(!(ran.out + &ran.err).contains("the policy names no space"));
}

/// A page that has left the space is listed, and so is a space that is gone.
#[test]
fn what_is_not_there_any_more_is_left_out_and_counted() {
    // The site says what it is, so that it stays the same site.
    let site = SITE.replacen("cloud, ", "cloud, cloud-id: same, ", 1);
    let on = |site: &str| {
        let folder = Folder::with(&[("site.yaml", site), ("policy.yaml", &with_site(POLICY))]);
        folder.run(&["plan", "-o", "plan.json"]).code(0);
        folder
    };
    let folder = on(&site);
    let moved = site.replacen("{id: 11, title: Plans}, ", "", 1)
        + "  OPS: {id: 2, name: Ops, permissions: {administer/space: [user:ann]}, pages: [{id: 11, title: Plans}]}\n";
    folder.write("site.yaml", &moved);
    let ran = folder.run(&["apply", "plan.json"]).code(5);
    assert!(ran.out.contains("Left out: others changed it since\n  ENG  the lists of /Plans"), "{}", ran.out);
    assert!(ran.err.contains("still to be made and 1 left out"), "{}", ran.err);
    let last = "What is not left out and is not skipped is as the plan says; 1 declared change is left out, since others";
    assert!(ran.out.lines().last().unwrap().starts_with(last), "{}", ran.out);

    let folder = on(&site);
    folder.write("site.yaml", &site.replacen("    id: 1\n", "    id: 9\n", 1));
    let ran = folder.run(&["apply", "plan.json"]).code(5);
    assert!(ran.err.contains("ENG: gone"), "{}", ran.err);
    assert!(!(ran.out + &ran.err).contains("the policy names no space"));
}

#[test]
fn a_plan_that_was_cut_is_finished_by_the_same_command() {
    let folder = repository();
    folder.run(&["apply", "plan.json", "--max-calls", "1"]).code(5);
    let rest = folder.run(&["apply", "plan.json"]).code(0);
    assert!(rest.err.contains("still to be made"), "{}", rest.err);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

/// What makes a plan outdated, and the words of the refusal.
#[test]
fn a_plan_is_bound_to_what_it_was_made_from() {
    type Change = fn(&Folder);
    let cases: [(&str, Change, &str); 5] = [
        (
            "policy",
            |folder| folder.write("policy.yaml", &with_site(&format!("{POLICY}# more\n"))),
            "the policy files",
        ),
        ("file", |folder| folder.write("more.yaml", "version: 1\nrules: []\n"), "the policy files"),
        (
            "lock",
            |folder| {
                let lock = folder.read("confperm.lock");
                folder.write("confperm.lock", &lock.replacen("g-eng", "g-hr", 1));
            },
            "confperm.lock is not the one",
        ),
        (
            "mode",
            |folder| folder.write("site.yaml", &SITE.replacen("pre-roles", "roles-transition", 1)),
            "how it uses space roles",
        ),
        (
            "site",
            |folder| folder.write("site.yaml", &SITE.replacen("cloud, ", "cloud, cloud-id: other, ", 1)),
            "",
        ),
    ];
    for (what, change, words) in cases {
        let folder = repository();
        change(&folder);
        let before = folder.read("site.yaml");
        let ran = folder.run(&["apply", "plan.json"]);
        assert_ne!(ran.code, 0, "{what}: {}", ran.err);
        assert!(ran.err.contains(words), "{what}: {}", ran.err);
        assert_eq!(folder.read("site.yaml"), before, "{what}");
        assert_eq!(journals(&folder), 0, "{what}");
    }
    let folder = repository();
    let late = folder.confperm(&["apply", "plan.json"]).env("CONFPERM_TODAY", "2030-02-01").output().unwrap();
    assert_eq!(late.status.code(), Some(3), "{}", String::from_utf8_lossy(&late.stderr));
    let late = String::from_utf8_lossy(&late.stderr).into_owned();
    assert!(late.contains("error[outdated-plan]") && late.contains("2030-01-31"), "{late}");
}

#[test]
fn a_plan_is_bound_to_what_its_roles_give() {
    let folder = Folder::example("acme");
    folder.run(&["plan", "-o", "plan.json"]).code(0);
    let site = folder.read("site.yaml");
    let at = site.find("  Collaborator:").unwrap_or_else(|| panic!("{site}"));
    let other = site[at..].replacen("create/comment,", "", 1);
    assert_ne!(other, site[at..]);
    folder.write("site.yaml", &format!("{}{other}", &site[..at]));
    let ran = folder.run(&["apply", "plan.json"]).code(3);
    assert!(ran.err.contains("the role Collaborator does not give what it gave then"), "{}", ran.err);
    assert_eq!(journals(&folder), 0);
}

/// Who holds a role that the plan does not touch gets in by it where the plan opens a list.
#[test]
fn a_plan_is_bound_to_what_the_roles_around_it_give() {
    let site = site_of_ann_and_bob!(
        "roles",
        "
roles:
  Reader: {id: r-reader, type: custom, permissions: [read/space]}
  Admin:
    id: r-admin
    type: custom
    permissions: [read/space, create/page, update/page, restrict_content/space, administer/space]
spaces:
  ENG:
    id: 1
    name: Engineering
    role-assignments: {Admin: [user:ann], Reader: [user:bob]}
    pages: [{id: 11, title: Open, edit: [user:ann]}]
"
    );
    let policy = "version: 1
site: {url: 'sandbox:site.yaml'}
people: {ann: u-ann}
spaces: {ENG: {mode: additive, pages: {/Open: {edit: anyone}}}}
";
    for (permissions, code) in [("read/space", 0), ("read/space, update/page", 3)] {
        let folder = Folder::with(&[("site.yaml", site), ("policy.yaml", policy)]);
        folder.run(&["plan", "-o", "plan.json"]).code(0);
        folder.write("site.yaml", &site.replacen("[read/space]", &format!("[{permissions}]"), 1));
        let ran = folder.run(&["apply", "plan.json"]).code(code);
        let is_named = ran.err.contains("the role Reader does not give what it gave then");
        assert_eq!(is_named, code == 3, "{}", ran.err);
    }
}

/// A plan is about some spaces; what the lock knows of others stays, and the plan can be applied again.
#[test]
fn the_lock_keeps_the_names_that_a_saved_plan_is_not_about() {
    let folder = Folder::example("acme");
    folder.run(&["apply", "--yes"]).code(0);
    folder.run(&["plan", "-o", "empty.json"]).code(0);
    let lock = folder.read("confperm.lock");
    for _ in 0..2 {
        folder.run(&["apply", "empty.json"]).code(0);
        assert_eq!(folder.read("confperm.lock"), lock);
    }
}

const NESTED: &str = site_of_ann_and_bob!(
    "
groups: {eng: {id: g-eng, members: [ann]}, hr: {id: g-hr, members: [bob]}}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, group:eng, group:hr]
      create/page: [group:eng, user:ann]
      update/page: [group:eng, user:ann]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
    pages:
      - id: 11
        title: Closed
        view: [user:ann, group:eng]
        children: [{id: 12, title: Inner, view: [user:ann], edit: [user:ann], children: [{id: 13, title: Deep, view: [user:ann]}]}]
"
);

const OPENS_INNER: &str = "version: 1
site: {url: 'sandbox:site.yaml'}
people: {ann: u-ann}
spaces:
  ENG:
    mode: additive
    access: {viewer: ['group:eng']}
    pages: {/Closed/Inner: {view: anyone}}
";

/// What a page is opened to, lists above and below it and grants in the space decide.
#[test]
fn a_plan_lets_in_no_more_than_it_said() {
    let cases = [
        ("nothing", "", "", 0),
        ("the list above", "view: [user:ann, group:eng]", "edit: [user:ann]", 5),
        ("a longer list above", "[user:ann, group:eng]\n", "[user:ann, group:eng, group:hr]\n", 5),
        ("a shorter list above", "view: [user:ann, group:eng]", "view: [user:ann]", 0),
        ("the other list", "view: [user:ann], edit: [user:ann]", "view: [user:ann]", 5),
        ("a list below", "Deep, view: [user:ann]", "Deep", 5),
        ("a grant", "group:hr]\n", "group:hr, user:cleo]\n", 0),
        ("a page that is new", "{id: 13,", "{id: 14, title: New}, {id: 13,", 0),
        ("another member", "members: [ann]", "members: [ann, bob]", 0),
    ];
    for (what, from, to, code) in cases {
        let site = NESTED.replacen(
            "groups:",
            "  cleo: {account-id: u-cleo, name: Cleo, email: cleo@x.com}\ngroups:",
            1,
        );
        // A member of the group, who could then edit.
        let cleo = if what == "the other list" { "members: [ann, cleo]" } else { "members: [ann]" };
        let site = site.replacen("members: [ann]", cleo, 1);
        let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", OPENS_INNER)]);
        folder.run(&["plan", "-o", "plan.json"]).code(0);
        let changed = site.replacen(from, to, 1);
        assert!(changed != site || from.is_empty(), "{what}");
        folder.write("site.yaml", &changed);
        let before = state(&folder);
        let ran = folder.run(&["apply", "plan.json"]).code(code);
        assert_eq!(ran.err.contains("warning[gives-more]"), code == 5, "{what}: {}", ran.err);
        assert_eq!(state(&folder) == before, code == 5, "{what}: {}", ran.err);
        assert_eq!(ran.err.contains("group:eng: 2 people"), what == "another member", "{what}: {}", ran.err);
    }
}

#[test]
fn an_edited_plan_is_not_read() {
    let folder = repository();
    let mut plan: Value = serde_json::from_str(&folder.read("plan.json")).unwrap();
    let objects = plan["objects"].as_array().unwrap();
    let page = objects.iter().position(|object| object["content"] == "11").unwrap();
    plan["objects"][page]["after"]["view"] = "anyone".into();
    for format in [confperm::plan::FORMAT_VERSION, "1.0", "2.0"] {
        plan["format_version"] = format.into();
        folder.write("edited.json", &plan.to_string());
        for command in [&["apply", "edited.json"][..], &["show", "edited.json"]] {
            let ran = folder.run(command).code(1);
            assert!(ran.err.contains("error[unusable-plan]"), "{}", ran.err);
        }
    }
    let ran = folder.run(&["apply", "plan.json", "--expect", &format!("sha256:{}", "0".repeat(64))]).code(3);
    assert!(ran.err.contains("error[other-plan]"), "{}", ran.err);
    for option in [&["--space", "ENG"][..], &["--allow-gap"], &["--override", "max-removals", "--why", "x"]] {
        let arguments: Vec<&str> = ["apply", "plan.json"].iter().chain(option).copied().collect();
        folder.run(&arguments).code(64);
    }
    assert_eq!(journals(&folder), 0);
}

#[test]
fn a_run_is_told_and_taken_back_once_its_commit_is_reverted() {
    let folder = repository();
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    let told = folder.run(&["log", "last"]).code(0).out;
    for words in ["complete", "u-ann", "user:bob: done", "view group:eng, user:ann"] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let document: Value = serde_json::from_str(&folder.run(&["log", "--format", "json"]).out).unwrap();
    assert_eq!(document["runs"][0]["result"], "complete");
    let refused = folder.run(&["undo", "last", "--yes"]).code(3);
    assert!(refused.err.contains("error[asked-for]"), "{}", refused.err);
    let undone = folder.run(&["undo", "last", "--yes", "--ahead-of-revert"]).code(0).out;
    assert!(undone.contains("authoritative") && !undone.contains("additive"), "{undone}");
    assert_eq!(state(&folder), before);
    assert_eq!(folder.run(&["log"]).code(0).out.lines().count(), 2);
}

#[test]
fn what_ended_or_is_absent_comes_back_only_if_that_is_asked_for() {
    let site = SITE.replacen("group:hr]", "group:hr, user:bob]", 1);
    let policy = with_site(&format!("{POLICY}rules: [{{name: r, spaces: [ENG], absent: ['group:hr']}}]\n"));
    let policy = policy.replacen("2030-01-31", "2026-01-31", 1);
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &policy)]);
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    let without = folder.run(&["undo", "last", "--yes", "--ahead-of-revert"]).code(0);
    assert!(without.err.contains("group:hr does not get back"), "{}", without.err);
    assert!(without.err.contains("user:bob does not get back"), "{}", without.err);
    let now = state(&folder);
    assert!(now != before && !now.contains("group:hr"), "{now}");
    let first = folder.run(&["log"]).code(0).out;
    let first = first.lines().last().unwrap().split_whitespace().next().unwrap().to_owned();
    folder.run(&["undo", &first, "--yes", "--ahead-of-revert", "--include-ended"]).code(0);
    assert_eq!(state(&folder), before);
}

/// Whether a site without space roles grants a permission alone that came with them is not established.
#[test]
fn what_a_site_may_not_grant_alone_is_named_before_it_is_tried() {
    let site = SITE.replacen("update/page: [user:ann]", "update/page: [user:ann, user:bob]", 1);
    let site = site.replacen("read/space: [user:ann", "read/space: [user:bob, user:ann", 1);
    let policy = POLICY.replace("{who: 'user:bob', until: 2030-01-31, why: audit}", "'user:bob'");
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &with_site(&policy))]);
    folder.run(&["apply", "--yes"]).code(0);
    let undone = folder.run(&["undo", "last", "--yes", "--ahead-of-revert"]).code(5);
    assert!(undone.err.contains("user:bob gets back update/page if this site"), "{}", undone.err);
    assert!(undone.out.contains("The run is not taken back yet."), "{}", undone.out);
}

/// The message of a partial undo says to run the same command again, which must not give back what is taken back so far.
#[test]
fn undo_goes_on_where_it_could_not_finish() {
    let site = format!(
        "{SITE}quirks: {{companions: never}}\nadversary: {{fail: ['403:DELETE:/space/ENG/permission/*']}}\n"
    );
    let policy = POLICY.replacen("    access:", "    mode: additive\n    access:", 1);
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &with_site(&policy))]);
    folder.run(&["apply", "--yes"]).code(0);
    let undo = ["undo", "last", "--yes", "--ahead-of-revert"];
    let first = folder.run(&undo).code(5);
    assert!(first.out.contains("Running the same command again goes on from here."), "{}", first.out);
    let left = state(&folder);
    let again = folder.run(&undo).code(1);
    assert!(again.err.contains("this goes on with what is left of that"), "{}", again.err);
    assert_eq!(state(&folder), left);
    assert_eq!(journals(&folder), 3);
}

/// The same command given twice takes nothing of the first one back; that takes the name of its journal.
#[test]
fn a_run_that_is_taken_back_stays_so() {
    let folder = repository();
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    let applied = state(&folder);
    let undo = ["undo", "last", "--yes", "--ahead-of-revert"];
    folder.run(&undo).code(0);
    assert_eq!(state(&folder), before);
    let again = folder.run(&undo).code(0);
    assert_eq!((state(&folder), journals(&folder)), (before, 2), "{}", again.out);
    let words = again.err.split("(`confperm undo ").nth(1).unwrap_or_else(|| panic!("{}", again.err));
    folder.run(&["undo", words.split('`').next().unwrap(), "--yes"]).code(0);
    assert_eq!(state(&folder), applied);
    // The policy asks for what that gives.
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
    assert_eq!(folder.run(&["log"]).code(0).out.lines().count(), 3);
}

/// A colleague does again what was taken back: that is theirs. Without the journal of the run there is nothing to go on with.
#[test]
fn what_is_done_again_by_others_is_not_taken_back_twice() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let undo = ["undo", "last", "--yes", "--ahead-of-revert"];
    folder.run(&undo).code(0);
    let site = format!("sandbox:{}", folder.file("site.yaml"));
    let other = "version: 1\npeople: {ann: u-ann}\nspaces: {ENG: {mode: additive, pages: {/Plans: {view: ['group:eng', 'user:ann']}}}}\n";
    let colleague = Folder::with(&[("policy.yaml", other)]);
    colleague.run(&["apply", "--yes", "--site", &site]).code(0);
    let closed = state(&folder);
    let again = folder.run(&undo).code(0);
    assert!(again.err.contains("taken back already"), "{}{}", again.out, again.err);
    assert_eq!(state(&folder), closed);

    let journals = folder.path().join(".confperm/journal");
    let files = std::fs::read_dir(&journals).unwrap().map(|it| it.unwrap().path());
    let mut names: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "ndjson")).collect();
    names.sort();
    std::fs::remove_file(&names[0]).unwrap();
    assert_eq!(folder.run(&undo).code(1).failures(), ["unreadable-journal"]);
    assert_eq!(state(&folder), closed);
}

/// What an undo took back that was itself taken back since is not taken back already.
#[test]
fn an_undo_that_was_taken_back_counts_no_more() {
    let folder = repository();
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    let undo = |name: &str, code| folder.run(&["undo", name, "--yes", "--ahead-of-revert"]).code(code);
    undo("last", 0);
    let journals = folder.path().join(".confperm/journal");
    let files =
        std::fs::read_dir(&journals).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = files.filter(|name| name.ends_with(".ndjson")).collect();
    names.sort();
    let [run, back] = names.as_slice() else { panic!("{names:?}") };
    undo(back, 0);
    let site = format!("sandbox:{}", folder.file("site.yaml"));
    let colleague = |more: &str| {
        let list = format!(
            "version: 1\npeople: {{ann: u-ann}}\nspaces: {{ENG: {{mode: additive, pages: {{/Plans: {{view: ['group:eng', 'user:ann'{more}]}}}}}}}}\n"
        );
        Folder::with(&[("policy.yaml", &list)]).run(&["apply", "--yes", "--site", &site]).code(0);
    };
    colleague(", 'group:hr'");
    undo(run, 5);
    colleague("");
    undo("last", 0);
    assert_eq!(state(&folder), before);
}

/// What others changed since a run stays, however often the run is taken back, and is reported with what the run was to make of it.
#[test]
fn what_others_changed_since_a_run_stays() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let site = format!("sandbox:{}", folder.file("site.yaml"));
    let other = "version: 1\npeople: {ann: u-ann}\nspaces: {ENG: {mode: additive, pages: {/Plans: {view: ['group:eng', 'user:ann', 'group:hr']}}}}\n";
    let colleague = Folder::with(&[("policy.yaml", other)]);
    colleague.run(&["apply", "--yes", "--site", &site]).code(0);
    for _ in 0..2 {
        let ran = folder.run(&["undo", "last", "--yes", "--ahead-of-revert"]).code(5);
        let words = "ENG  /Plans: the view list was changed by others: it was anyone before the run, which was to make it group:eng, \
                     user:ann, and is group:eng, group:hr, user:ann now; it stays as it is";
        assert!(ran.err.contains(words), "{}", ran.err);
        assert!(ran.out.contains("hat is not left out"), "{}", ran.out);
        assert!(!ran.out.contains("this account"), "{}", ran.out);
        assert_eq!(journals(&folder), 2, "{}", ran.out);
    }
}

#[test]
fn a_run_is_taken_back_in_some_spaces_and_not_for_a_team() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let ran = folder.run(&["undo", "last", "--yes", "--ahead-of-revert", "--space", "OPS"]).code(64);
    assert!(ran.err.contains("it changed ENG"), "{}", ran.err);
    folder.run(&["undo", "last", "--yes", "--ahead-of-revert", "--team", "eng"]).code(64);
    assert_eq!(journals(&folder), 1);
    let undone = folder.run(&["undo", "last", "--yes", "--ahead-of-revert", "--space", "ENG"]).code(0);
    assert!(undone.out.contains("The run is taken back."), "{}", undone.out);
}

#[test]
fn a_journal_that_cannot_be_read_hides_no_other() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    folder.write(".confperm/journal/29990101T000000.000Z-000.ndjson", "{}\n");
    let ran = folder.run(&["log"]).code(0);
    assert_eq!(ran.out.lines().count(), 1);
    assert!(ran.err.contains("29990101T000000.000Z-000.ndjson"), "{}", ran.err);
    folder.run(&["undo", "last", "--yes"]).code(1);
}
