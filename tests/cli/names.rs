//! What names mean after a site has moved on: `tests/cli/names` holds sites as they were and as they are, with the
//! policy that was planned on the first.

use std::path::Path;

use crate::support::{Folder, site_of_ann_and_bob};

/// A policy that was planned on the site as it was, beside the site as it is.
fn moved_on(name: &str) -> Folder {
    let folder = Folder::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/names").join(name));
    let now = folder.read("site.yaml");
    folder.write("site.yaml", &folder.read("before.yaml"));
    folder.run(&["plan", "policy"]).code(0);
    assert!(folder.path().join("policy/confperm.lock").exists());
    folder.write("site.yaml", &now);
    folder
}

/// Replaces text of a file.
pub(crate) fn change(folder: &Folder, file: &str, from: &str, to: &str) {
    let before = folder.read(file);
    assert!(before.contains(from), "{before}");
    folder.write(file, &before.replace(from, to));
}

#[test]
fn pages_that_swapped_their_titles_are_the_same_pages() {
    let folder = moved_on("titles-swapped");
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert!(plan.out.contains("Nothing to change"), "{}", plan.out);
    assert_eq!(plan.said("warning[replaced-name]").len(), 2, "{}", plan.err);
}

/// Nothing but the lock knows which page had which title.
#[test]
fn without_its_lock_a_policy_is_not_applied_by_ci_nor_where_it_was_applied_before() {
    let folder = moved_on("titles-swapped");
    let lock = folder.path().join("policy/confperm.lock");
    std::fs::remove_file(&lock).unwrap();
    // In a fresh checkout of CI.
    let refused = folder.run(&["apply", "--yes", "--locked", "policy"]).code(1);
    assert!(refused.err.contains("there is no confperm.lock"), "{}", refused.err);
    // At a desk, where it is the first run.
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert!(plan.out.contains("anyone") && !plan.err.contains("is missing"), "{}{}", plan.out, plan.err);
    folder.run(&["apply", "--yes", "policy"]).code(0);
    // And where it is not.
    std::fs::remove_file(&lock).unwrap();
    let site = folder.files();
    let refused = folder.run(&["apply", "--yes", "policy"]).code(1);
    let words =
        "confperm.lock is missing, though the policy was applied from here before; nothing was changed";
    assert!(refused.err.contains(words), "{}", refused.err);
    assert!(refused.err.contains("restore it from version control"), "{}", refused.err);
    assert_eq!(folder.files(), site);
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert!(plan.err.contains("warning[missing-lock]: confperm.lock is missing"), "{}", plan.err);
    folder.run(&["apply", "--yes", "policy"]).code(0);
}

#[test]
fn a_renamed_page_is_the_same_page_and_stops_no_other_space() {
    let folder = moved_on("page-renamed");
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert!(plan.out.contains("OTHER") && plan.out.contains("read/space"), "{}", plan.out);
    assert_eq!(plan.said("warning[renamed-name]").len(), 1, "{}", plan.err);
    assert!(plan.err.contains("`/Home/Pay 2027`"), "{}", plan.err);
}

#[test]
fn a_page_that_is_gone_is_skipped_and_stops_no_other_space() {
    let folder = moved_on("page-renamed");
    change(
        &folder,
        "site.yaml",
        "          - {id: 2, title: Pay 2027, view: [user:bot, group:hr], edit: [user:bot, group:hr]}\n",
        "",
    );
    let plan = folder.run(&["plan", "policy"]).code(6);
    assert!(plan.out.contains("OTHER") && plan.out.contains("read/space"), "{}", plan.out);
    assert!(plan.out.contains("ENG  /Salaries: id 2 is gone; skipped: the entry"), "{}", plan.out);
    assert_eq!(plan.said("warning[gone-name]").len(), 1, "{}", plan.err);
    folder.run(&["plan", "--incomplete=ok", "--detailed-exitcode", "policy"]).code(2);
    // Its name is not free: another page that bears it is not what the entry meant.
    change(
        &folder,
        "site.yaml",
        "          - {id: 3, title: Welcome}\n",
        "          - {id: 3, title: Welcome}\n          - {id: 4, title: Salaries}\n",
    );
    let plan = folder.run(&["plan", "policy"]).code(6);
    assert!(plan.out.contains("id 2 is gone, and 4 has its name"), "{}", plan.out);
    assert!(!plan.out.contains("~ /Home/Salaries"), "{}", plan.out);
}

#[test]
fn a_group_that_the_directory_deleted_is_skipped_and_stops_no_other_space() {
    let folder = moved_on("group-deleted-by-the-directory");
    let plan = folder.run(&["plan", "policy"]).code(6);
    assert!(plan.out.contains("OTHER") && plan.out.contains("read/space"), "{}", plan.out);
    let gone =
        "ENG  group:contractors: id 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002 is gone; skipped: the principal";
    assert!(plan.out.contains(gone), "{}", plan.out);
    folder.run(&["plan", "--space", "ENG", "policy"]).code(6);
}

#[test]
fn a_name_that_was_never_known_is_a_mistake() {
    for (example, from, to) in [
        ("page-renamed", "/Salaries", "/Salary"),
        ("group-deleted-by-the-directory", "group:contractors", "group:contractor"),
        ("page-renamed", "OTHER:", "OTHERS:"),
    ] {
        let folder = moved_on(example);
        change(&folder, "policy/confperm.yaml", from, to);
        folder.run(&["plan", "policy"]).code(4);
    }
}

#[test]
fn lock_says_what_names_mean_and_takes_what_a_person_accepts() {
    let folder = moved_on("group-deleted-by-the-directory");
    let lock = folder.run(&["lock", "policy"]).code(6);
    assert!(lock.out.contains("group:contractors  2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002\n"), "{}", lock.out);
    assert!(lock.out.contains("ENG                101\n"), "ids stand in a column: {}", lock.out);
    // Nothing bears the name, so there is nothing to accept.
    let none = folder.run(&["lock", "--accept", "group:contractors", "policy"]).code(64);
    assert!(none.err.contains("nothing else has the name"), "{}", none.err);
    let unknown = folder.run(&["lock", "--accept", "group:contractor", "policy"]).code(64);
    assert!(unknown.err.contains("is not a name in the lock"), "{}", unknown.err);

    let other = "  contractors: {id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0009, members: [bob]}\nspaces:\n";
    change(&folder, "site.yaml", "spaces:\n", other);
    let plan = folder.run(&["plan", "policy"]).code(6);
    assert!(plan.err.contains("confperm lock --accept 'group:contractors'"), "{}", plan.err);
    let accepted = folder.run(&["lock", "--accept", "group:contractors", "policy"]).code(0);
    assert!(accepted.err.contains("from now on"), "{}", accepted.err);
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert!(plan.out.contains("group:contractors"), "{}", plan.out);
}

#[test]
fn a_page_and_a_space_are_accepted_by_the_names_that_messages_use() {
    let folder = moved_on("titles-swapped");
    let accepted =
        folder.run(&["lock", "--accept", "ENG/Salaries", "--accept", "/Welcome", "policy"]).code(0);
    assert_eq!(accepted.said("ENG/").len(), 2, "{}", accepted.err);
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert!(plan.out.contains("anyone") && plan.said("warning[").is_empty(), "{}{}", plan.out, plan.err);

    change(&folder, "site.yaml", "id: 101\n", "id: 707\n");
    let plan = folder.run(&["plan", "policy"]).code(6);
    assert!(plan.out.contains("skipped: the whole space"), "{}", plan.out);
    folder.run(&["lock", "--accept", "ENG", "policy"]).code(0);
    folder.run(&["plan", "policy"]).code(0);
}

#[test]
fn lock_writes_nothing_where_a_name_is_unknown() {
    let folder = moved_on("page-renamed");
    let before = folder.read("policy/confperm.lock");
    change(&folder, "policy/confperm.yaml", "/Salaries", "/Salary");
    folder.run(&["lock", "policy"]).code(4);
    assert_eq!(folder.read("policy/confperm.lock"), before);
}

#[test]
fn fmt_renames_writes_the_names_of_now_and_keeps_everything_else() {
    let folder = moved_on("page-renamed");
    change(
        &folder,
        "policy/confperm.yaml",
        "  ENG:\n",
        "  ENG:  # the engineers\n    # a comment that stays\n",
    );
    change(&folder, "policy/confperm.yaml", "      /Salaries:", "      '/Salaries':");
    change(&folder, "site.yaml", "  hr: {", "  human relations: {");
    change(&folder, "site.yaml", "group:hr", "group:human relations");
    let policy = folder.read("policy/confperm.yaml");
    let before = folder.run(&["plan", "policy"]).code(0);
    assert_eq!(before.said("warning[renamed-name]").len(), 2, "{}", before.err);
    let checked = folder.run(&["fmt", "--renames", "--check", "policy"]).code(1);
    assert_eq!(checked.out, "policy/confperm.yaml\n");
    assert_eq!(folder.read("policy/confperm.yaml"), policy);

    folder.run(&["fmt", "--renames", "policy"]).code(0);
    let expected = policy.replace("'/Salaries'", "/Pay 2027").replace("group:hr", "group:human relations");
    assert_eq!(folder.read("policy/confperm.yaml"), expected);
    let after = folder.run(&["plan", "--locked", "policy"]).code(0);
    assert_eq!((after.said("warning[").len(), after.out), (0, before.out));
    let again = folder.run(&["fmt", "--renames", "policy"]).code(0);
    assert!(again.err.contains("Every name is the one"), "{}", again.err);
}

#[test]
fn fmt_renames_follows_pages_that_swapped_their_titles() {
    let folder = moved_on("titles-swapped");
    folder.run(&["fmt", "--renames", "policy"]).code(0);
    let policy = folder.read("policy/confperm.yaml");
    assert!(
        policy.contains("/Welcome: {view: [user:bot") && policy.contains("/Salaries: {view: anyone"),
        "{policy}"
    );
    let plan = folder.run(&["plan", "--locked", "policy"]).code(0);
    assert!(plan.out.contains("Nothing to change") && plan.said("warning[").is_empty(), "{}", plan.err);
}

/// Two patterns that had no page in common meet on a page that was moved. Whether it may be edited by who may not view it
/// is no question of the policy, and the rest of the plan has nothing to do with it.
#[test]
fn a_page_that_moved_under_a_contradicting_pattern_is_skipped_alone() {
    let before = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot, cloud-id: c1}
users:
  bot: {account-id: u-bot, name: Bot, email: bot@x.com, confluence-admin: true}
  eve: {account-id: u-eve, name: Eve}
groups:
  hr: {id: g-hr, members: [eve]}
  ops: {id: g-ops, members: [eve]}
quirks: {companions: never}
spaces:
  ENG:
    id: 1
    name: Eng
    permissions: {read/space: [user:bot, group:hr, group:ops], administer/space: [user:bot], create/page: [user:bot], restrict_content/space: [user:bot]}
    pages:
      - {id: 10, title: Pay, children: [{id: 11, title: Bands, children: [{id: 12, title: Band A}]}]}
      - {id: 20, title: Ops, children: [{id: 21, title: Duty}]}
";
    let policy = "version: 1
site: {url: sandbox:site.yaml}
spaces:
  ENG:
    mode: additive
    access: {create/page: [group:ops]}
    pages:
      /Pay/**: {view: [group:hr]}
      /Pay/Bands/**: {edit: [group:hr]}
      /Ops/**: {edit: [group:ops]}
";
    let folder = Folder::with(&[("site.yaml", before), ("confperm.yaml", policy)]);
    folder.run(&["plan"]).code(0);
    // All of Bands is below Ops now, and what edits it there, /Ops/**, is not what views it by any entry.
    let after = before
        .replace(", children: [{id: 11, title: Bands, children: [{id: 12, title: Band A}]}]}", "}")
        .replace(
            "{id: 21, title: Duty}",
            "{id: 21, title: Duty}, {id: 10, title: Pay, children: [{id: 11, title: Bands}]}",
        )
        .replace("      - {id: 10, title: Pay}\n", "");
    folder.write("site.yaml", &after);
    let plan = folder.run(&["plan"]).code(6);
    assert!(plan.out.contains("+ create/page") && plan.out.contains("/Ops/Duty"), "{}", plan.out);
    assert_eq!(plan.said("warning[entries-meet]").len(), 1, "{}", plan.err);
    let skipped = "ENG  /Ops/Pay/Bands: where it stands now, group:ops could edit it and not view it (confperm.yaml:8); \
                   skipped: both lists of the page";
    assert!(plan.out.contains(skipped), "{}", plan.out);
    assert!(!plan.out.contains("* /Ops/Pay/Bands"), "{}", plan.out);
    // What the words of the policy say by themselves is a mistake wherever pages stand.
    change(
        &folder,
        "confperm.yaml",
        "      /Ops/**:",
        "      /Pay/Bands/*: {view: [group:ops]}\n      /Ops/**:",
    );
    folder.write("site.yaml", before);
    folder.run(&["plan"]).code(4);
}

/// A site where another changes FIN while ENG is changed by the policy.
pub(crate) fn changed_by_others_meanwhile() -> Folder {
    let site = site_of_ann_and_bob!(
        "
groups:
  all: {id: g-all, members: [ann, bob], access: user}
  eng: {id: g-eng, members: [bob]}
spaces:
  FIN:
    id: 1
    name: Finance
    permissions: {read/space: [group:all], restrict_content/space: [user:ann], create/page: [user:ann], administer/space: [user:ann]}
    pages: [{id: 11, title: Home, children: [{id: 12, title: Budgets, view: [user:ann]}]}]
  ENG:
    id: 2
    name: Engineering
    permissions: {read/space: [group:all], restrict_content/space: [user:ann], create/page: [user:ann], administer/space: [user:ann]}
    pages: [{id: 21, title: Home, children: [{id: 22, title: Secret}]}]
adversary:
  actors:
    - {name: x, when: {after-write: '*', nth: 1}, does: [{add-to-list: {page: 12, list: view, who: 'group:eng'}}]}
"
    );
    let policy = "version: 1
site: {url: 'sandbox:site.yaml'}
people: {ann: u-ann}
spaces:
  ENG: {mode: additive, pages: {/Secret: {view: ['user:ann']}}}
  FIN: {mode: additive, pages: {/Budgets: {view: ['user:ann', 'group:all']}}}
";
    Folder::with(&[("confperm.yaml", policy), ("site.yaml", site)])
}

/// Planning again for what others changed meanwhile looks at a part of the policy, and says nothing of the other names.
#[test]
fn names_stay_in_the_lock_when_a_part_is_planned_again() {
    let folder = changed_by_others_meanwhile();
    folder.run(&["plan"]).code(0);
    let before = folder.read("confperm.lock");
    assert!(before.contains("/Secret") && before.contains("/Budgets"), "{before}");
    let ran = folder.run(&["apply", "--yes"]);
    assert!(ran.err.contains("Planning again for what others changed: FIN"), "{}\n{}", ran.out, ran.err);
    assert_eq!(folder.read("confperm.lock"), before);
}
