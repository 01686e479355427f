//! What names mean after a site has moved on: `tests/cli/names` holds sites as they were and as they are, with the
//! policy that was planned on the first.

use std::path::Path;

use crate::support::Folder;

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
fn change(folder: &Folder, file: &str, from: &str, to: &str) {
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
        plan.out.contains("PAY  PAY: id 3 is gone, and 1 has its name; skipped: the whole space"),
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
