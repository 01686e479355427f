//! Spaces whose keys were changed since the policy was planned.

use crate::names::change;
use crate::support::Folder;

/// A site with three spaces, and a policy that names them in every place that takes a key.
fn keyed() -> Folder {
    let space = |key: &str, id: u32| {
        format!(
            "  {key}:\n    id: {id}\n    name: Space {id}\n    permissions: {{read/space: [user:bot, group:staff], \
             administer/space: [user:bot], create/page: [user:bot], restrict_content/space: [user:bot]}}\n    pages:\n      \
             - {{id: {id}0, title: Plans}}\n"
        )
    };
    let site = format!(
        "kind: confluence-sandbox\nversion: 1\n\
         site: {{flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot, cloud-id: c1}}\n\
         users:\n  bot: {{account-id: u-bot, name: Bot, email: bot@x.com, confluence-admin: true}}\n  \
         eve: {{account-id: u-eve, name: Eve}}\n\
         groups:\n  staff: {{id: g-staff, members: [bot, eve]}}\n  hr: {{id: g-hr, members: [eve]}}\n\
         quirks: {{companions: never}}\nspaces:\n{}{}{}{}",
        space("ENG", 1),
        space("OPS", 2),
        space("PAY", 3),
        space("OPEN", 4),
    );
    let policy = "version: 1
site: {url: sandbox:../site.yaml}
people: {eve: {account: u-eve, guest-of: ENG}}
spaces:
  ENG: # the engineers
    mode: additive
    access: {create/page: [group:hr]}
    pages:
      /Plans: {view: [group:hr]}
  OPS:
    mode: additive
    like: ENG
rules:
  - name: everyone comments
    spaces: {key: '*', not: [PAY]}
    access: {create/comment: [group:staff]}
  - name: pay
    spaces: [PAY, OPS]
    access: {create/blogpost: [group:hr]}
guards:
  max-removals: 100%
  forbid:
    anonymous: {except-spaces: [OPEN]}
tests:
  - name: hr plans
    who: group:hr
    can: {view: [ENG/Plans], export: [PAY]}
";
    let folder = Folder::with(&[("site.yaml", &site)]);
    std::fs::create_dir(folder.path().join("policy")).unwrap();
    folder.write("policy/confperm.yaml", policy);
    folder.run(&["plan", "policy"]).code(0);
    folder
}

/// What a plan says of a space below its heading.
fn section(plan: &str, key: &str) -> Vec<String> {
    let mut lines = plan.lines().skip_while(|line| !line.starts_with(&format!("{key}  "))).skip(1);
    let section: Vec<String> =
        lines.by_ref().take_while(|line| !line.is_empty()).map(str::to_owned).collect();
    assert!(!section.is_empty(), "{plan}");
    section
}

#[test]
fn a_space_whose_key_was_changed_is_the_same_space() {
    let folder = keyed();
    let before = folder.run(&["plan", "policy"]).code(0).out;
    let lock = folder.read("policy/confperm.lock");
    change(&folder, "site.yaml", "  ENG:", "  PLAT:");
    let plan = folder.run(&["plan", "--locked", "policy"]).code(0);
    assert_eq!(plan.said("warning[renamed-name]").len(), 1, "{}", plan.err);
    assert!(plan.err.contains("the space `ENG` is now `PLAT`"), "{}", plan.err);
    assert_eq!(section(&plan.out, "PLAT"), section(&before, "ENG"));
    assert_eq!(
        section(&folder.run(&["plan", "--space", "ENG", "policy"]).code(0).out, "PLAT"),
        section(&before, "ENG")
    );
    let tested = folder.run(&["test", "-C", "policy"]).code(3);
    assert!(tested.out.contains("hr plans  2 checks"), "{}", tested.out);
    let doctor = folder.run(&["doctor", "policy"]).code(0);
    assert!(doctor.out.contains("ok    PLAT "), "{}", doctor.out);
    folder.run(&["can", "group:hr", "view", "PLAT/Plans", "--planned", "-C", "policy"]).code(0);
    folder.run(&["apply", "--yes", "policy"]).code(0);
    assert!(folder.run(&["plan", "policy"]).code(0).out.contains("Nothing to change"));
    // The lock goes by the names that the policy has.
    assert_eq!(folder.read("policy/confperm.lock"), lock);
    folder.run(&["fmt", "--renames", "policy"]).code(0);
    let policy = folder.read("policy/confperm.yaml");
    for line in ["  PLAT: # the engineers", "guest-of: PLAT", "like: PLAT", "[PLAT/Plans]"] {
        assert!(policy.contains(line), "{policy}");
    }
    assert!(!policy.contains("ENG"), "{policy}");
    assert_eq!(
        folder.read("policy/confperm.lock"),
        lock.replace("ENG:", "PLAT:")
            .replace("  OPEN: 4\n  OPS: 2\n  PAY: 3\n", "")
            .replace("spaces:\n  PLAT: 1\n", "spaces:\n  OPEN: 4\n  OPS: 2\n  PAY: 3\n  PLAT: 1\n")
    );
    let plan = folder.run(&["plan", "--locked", "policy"]).code(0);
    assert!(plan.out.contains("Nothing to change"), "{}", plan.out);
    assert!(!plan.err.contains("warning"), "{}", plan.err);
}

/// A command line may name a space by the key that the policy has for it and by the one that the site has.
#[test]
fn a_space_is_found_by_its_old_key_and_by_its_new_one() {
    let folder = keyed();
    let before = folder.run(&["plan", "--space", "ENG", "policy"]).code(0);
    let asked = |key: &str, who: &str| {
        let page = format!("{key}/Plans");
        folder.run(&["can", who, "view", &page, "--planned", "-C", "policy"])
    };
    asked("ENG", "group:hr").code(0);
    asked("ENG", "group:staff").code(3);
    change(&folder, "site.yaml", "  ENG:", "  PLAT:");
    let plans = ["ENG", "PLAT"].map(|key| folder.run(&["plan", "--space", key, "policy"]).code(0));
    assert_eq!(plans[0].out, plans[1].out);
    assert_eq!(section(&plans[1].out, "PLAT"), section(&before.out, "ENG"));
    for key in ["ENG", "PLAT"] {
        let denied = asked(key, "group:staff").code(3);
        assert!(denied.out.contains("denied"), "{key}: {}{}", denied.out, denied.err);
        let who = folder.run(&["who", "view", &format!("{key}/Plans"), "-C", "policy"]).code(0);
        assert!(who.out.contains("can view PLAT/Plans"), "{}", who.out);
        folder.run(&["explain", "eve", "edit", &format!("{key}/id:10"), "-C", "policy"]);
        let snapshot = folder.run(&["snapshot", "--space", key, "-C", "policy"]).code(0);
        assert!(snapshot.out.contains("  PLAT:") && !snapshot.out.contains("  OPS:"), "{}", snapshot.out);
        let like = ["import", "-C", "policy", "--from", key, "--as", "NEW", "--stdout"];
        let like = folder.run(&like).code(0);
        assert!(like.out.contains("NEW:"), "{}", like.out);
    }
    let unknown = folder.run(&["plan", "--space", "NOPE", "policy"]);
    assert_eq!(unknown.code, 64, "{}", unknown.err);
    assert!(unknown.err.contains("--space NOPE: the policy does not cover this space"), "{}", unknown.err);
    folder.run(&["apply", "--yes", "--space", "PLAT", "policy"]).code(0);
    let plan = folder.run(&["plan", "--space", "ENG", "policy"]).code(0);
    assert!(plan.out.contains("Nothing to change"), "{}", plan.out);
}

/// The address of a page has the key that its space had when the address was copied.
#[test]
fn the_address_of_a_page_means_it_under_the_old_key_and_under_the_new_one() {
    let address = |key: &str| format!("https://acme.atlassian.net/wiki/spaces/{key}/pages/10/Plans");
    let folder = keyed();
    change(&folder, "policy/confperm.yaml", "      /Plans:", &format!("      {}:", address("ENG")));
    let before = folder.run(&["plan", "policy"]).code(0);
    change(&folder, "site.yaml", "  ENG:", "  PLAT:");
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert_eq!(section(&plan.out, "PLAT"), section(&before.out, "ENG"));
    for key in ["ENG", "PLAT"] {
        let asked = |who: &str| folder.run(&["can", who, "view", &address(key), "--planned", "-C", "policy"]);
        asked("group:hr").code(0);
        let denied = asked("group:staff").code(3);
        assert!(denied.out.contains("denied"), "{key}: {}{}", denied.out, denied.err);
    }
    // The old key stands in the address, and the number says the same without it.
    folder.run(&["fmt", "--renames", "policy"]).code(0);
    let policy = folder.read("policy/confperm.yaml");
    assert!(policy.contains("      id:10:") && !policy.contains("ENG"), "{policy}");
    let after = folder.run(&["plan", "policy"]).code(0);
    assert_eq!(section(&after.out, "PLAT"), section(&before.out, "ENG"));
}

/// A test may name a space by the key that it has now before the rest of the policy does.
#[test]
fn a_test_that_names_the_new_key_is_about_the_pages_under_the_old_one() {
    let folder = keyed();
    change(&folder, "site.yaml", "  ENG:", "  PLAT:");
    change(&folder, "policy/confperm.yaml", "    who: group:hr", "    who: group:staff");
    change(
        &folder,
        "policy/confperm.yaml",
        "    can: {view: [ENG/Plans], export: [PAY]}",
        "    cannot: {view: [PLAT/Plans]}",
    );
    // What the policy plans for ENG closes the page.
    let tested = folder.run(&["test", "-C", "policy"]).code(0);
    assert!(tested.out.contains("hr plans"), "{}", tested.out);
}

/// A key that one space had and another one has now is no answer to which of them is meant.
#[test]
fn a_key_that_two_spaces_had_is_not_guessed_at() {
    let folder = keyed();
    change(&folder, "site.yaml", "  ENG:", "  PLAT:");
    change(&folder, "site.yaml", "  OPEN:", "  ENG:");
    let both = "`ENG` could mean two spaces: id 1, which had the key when confperm.lock was written and has the key \
                PLAT now, and id 4, which has it now";
    for arguments in [
        &["plan", "--space", "ENG", "policy"][..],
        &["apply", "--yes", "--space", "ENG", "policy"],
        &["can", "eve", "view", "ENG/Plans", "-C", "policy"],
        &["who", "view", "ENG", "-C", "policy"],
        &["snapshot", "--space", "ENG", "-C", "policy"],
        &["import", "--space", "ENG", "-C", "policy", "--stdout"],
    ] {
        let refused = folder.run(arguments).code(64);
        assert!(refused.err.contains(both), "{}", refused.err);
        assert!(refused.err.contains("write `PLAT` for id 1"), "{}", refused.err);
    }
    assert!(section(&folder.run(&["plan", "--space", "PLAT", "policy"]).code(0).out, "PLAT").len() > 1);
    // Where the keys were swapped, no key says which.
    let folder = keyed();
    let site = folder.read("site.yaml");
    folder.write(
        "site.yaml",
        &site.replace("  PAY:", "  X:").replace("  ENG:", "  PAY:").replace("  X:", "  ENG:"),
    );
    for key in ["ENG", "PAY"] {
        let refused = folder.run(&["plan", "--space", key, "policy"]).code(64);
        assert!(refused.err.contains("fmt --renames"), "{}", refused.err);
    }
    folder.run(&["fmt", "--renames", "policy"]).code(0);
    folder.run(&["plan", "--space", "ENG", "policy"]).code(0);
    folder.run(&["who", "view", "PAY", "-C", "policy"]).code(0);
}

/// A rule that leaves a space out leaves it out under every key.
#[test]
fn a_space_that_a_rule_leaves_out_is_left_out_under_its_new_key() {
    let folder = keyed();
    let before = folder.run(&["plan", "policy"]).code(0).out;
    change(&folder, "site.yaml", "  PAY:", "  MONEY:");
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert_eq!(section(&plan.out, "MONEY"), section(&before, "PAY"));
    assert!(!section(&plan.out, "MONEY").concat().contains("create/comment"), "{}", plan.out);
    folder.run(&["fmt", "--renames", "policy"]).code(0);
    let policy = folder.read("policy/confperm.yaml");
    assert!(policy.contains("not: [MONEY]") && policy.contains("export: [MONEY]"), "{policy}");
    change(&folder, "site.yaml", "  OPEN:", "  PUBLIC:");
    folder.run(&["fmt", "--renames", "policy"]).code(0);
    let policy = folder.read("policy/confperm.yaml");
    assert!(policy.contains("except-spaces: [PUBLIC]"), "{policy}");
}

#[test]
fn spaces_that_swapped_their_keys_are_the_same_spaces() {
    let folder = keyed();
    let before = folder.run(&["plan", "policy"]).code(0).out;
    let site = folder.read("site.yaml");
    folder.write(
        "site.yaml",
        &site.replace("  PAY:", "  X:").replace("  ENG:", "  PAY:").replace("  X:", "  ENG:"),
    );
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert_eq!(plan.said("warning[replaced-name]").len(), 2, "{}", plan.err);
    for (key, was) in [("ENG", "PAY"), ("PAY", "ENG")] {
        assert_eq!(section(&plan.out, key), section(&before, was));
    }
    folder.run(&["fmt", "--renames", "policy"]).code(0);
    let policy = folder.read("policy/confperm.yaml");
    assert!(policy.contains("  PAY: # the engineers") && policy.contains("not: [ENG]"), "{policy}");
    let again = folder.run(&["plan", "policy"]).code(0);
    assert!(again.out == plan.out && !again.err.contains("warning"), "{}{}", again.out, again.err);
}

/// The space that had the key is gone, and one that the policy knows by another name has it.
#[test]
fn a_key_that_another_space_of_the_policy_took_over_is_skipped() {
    let folder = keyed();
    let first = folder.run(&["plan", "policy"]).code(0).out;
    let site = folder.read("site.yaml");
    let (before, rest) = site.split_once("  PAY:").unwrap();
    let (_, after) = rest.split_once("  OPEN:").unwrap();
    folder.write("site.yaml", &format!("{before}  OPEN:{after}").replace("  ENG:", "  PAY:"));
    let plan = folder.run(&["plan", "policy"]).code(6);
    assert!(plan.err.contains("the space `ENG` is now `PAY`"), "{}", plan.err);
    assert_eq!(section(&plan.out, "PAY"), section(&first, "ENG"));
    assert!(
        plan.out.contains("PAY  id 3 is gone, and 1 has its name; skipped: the whole space"),
        "{}",
        plan.out
    );
    assert!(!folder.read("policy/confperm.lock").contains("gone"));
    // Two names cannot become one.
    let refused = folder.run(&["fmt", "--renames", "policy"]).code(1);
    assert!(refused.err.contains("the policy would mean something else"), "{}", refused.err);
}

/// One who writes the new key by hand keeps what the lock knows of the pages.
#[test]
fn pages_are_known_under_a_key_that_was_written_by_hand() {
    let folder = keyed();
    change(&folder, "site.yaml", "  ENG:", "  PLAT:");
    change(&folder, "site.yaml", "title: Plans", "title: Ideas");
    let policy = folder.read("policy/confperm.yaml");
    folder.write("policy/confperm.yaml", &policy.replace("ENG", "PLAT"));
    let plan = folder.run(&["plan", "policy"]).code(0);
    assert!(plan.err.contains("the page `/Plans` is now `/Ideas`"), "{}", plan.err);
    let lock = folder.read("policy/confperm.lock");
    assert!(lock.contains("PLAT: 1") && !lock.contains("ENG"), "{lock}");
}

/// A policy that covers nothing yet is told from one whose rules select other spaces.
#[test]
fn a_policy_without_spaces_says_how_to_begin() {
    let site = "kind: confluence-sandbox\nversion: 1\nsite: {flavor: cloud, space-role-mode: pre-roles, caller: ann}\nusers:\n  \
                ann: {account-id: u-ann, name: Ann, confluence-admin: true}\nspaces:\n  ENG: {id: 1, name: E, permissions: \
                {read/space: [user:ann], administer/space: [user:ann]}}\n";
    let head = "version: 1\nsite: {url: 'sandbox:site.yaml'}\n";
    let rule = "rules: [{name: r, spaces: {key: 'A*'}, absent: [anonymous]}]\n";
    for (rules, said) in [("", "confperm import --space ENG"), (rule, "it has only rules")] {
        let folder = Folder::with(&[("site.yaml", site), ("confperm.yaml", &format!("{head}{rules}"))]);
        let ran = folder.run(&["plan", "--space", "ENG"]).code(64);
        assert!(ran.err.contains(said), "{}", ran.err);
    }
}
