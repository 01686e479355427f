//! What rules select by `where`, and what they hand on, while a run changes just that.

use confperm::cli::exit::Exit;

use crate::expect::{SITE, with_site};
use crate::saved_plans::state;
use crate::support::Folder;

/// `r` selects the space by what the policy gives there.
const SELECTED_BY_ITSELF: &str = "version: 1
spaces:
  ENG: {mode: additive, access: {viewer: ['group:hr']}}
rules:
  - {name: r, spaces: {key: '*', where: {who: 'group:hr', has: read/space}}, access: {create/page: ['group:hr']}, absent: ['group:eng']}
";

fn selected_by_itself(policy: &str) -> Folder {
    let site = SITE.replace("[user:ann, group:eng, group:hr]", "[user:ann, group:eng]");
    Folder::with(&[("site.yaml", &site), ("policy.yaml", &with_site(policy))])
}

/// However a run is cut short, the next one of each kind goes on from there, and one plan is all.
#[test]
fn a_rule_that_the_policy_makes_true_is_part_of_the_same_plan() {
    let whole = selected_by_itself(SELECTED_BY_ITSELF);
    whole.run(&["plan", "-o", "plan.json"]).code(0);
    whole.run(&["apply", "plan.json"]).code(0);
    assert!(whole.run(&["plan"]).code(0).out.contains("Nothing to change"));
    let after = state(&whole);
    for rest in [
        &["apply", "--yes"][..],
        &["apply", "plan.json"],
        &["undo", "last", "--yes", "--ahead-of-revert", "--include-ended"],
    ] {
        for calls in ["1", "2", "3"] {
            let folder = selected_by_itself(SELECTED_BY_ITSELF);
            let before = state(&folder);
            folder.run(&["plan", "-o", "plan.json"]).code(0);
            folder.run(&["apply", "plan.json", "--max-calls", calls]).code(5);
            folder.run(rest).code(0);
            let expected = if rest[0] == "undo" { &before } else { &after };
            assert_eq!(&state(&folder), expected, "{rest:?} after {calls} calls");
        }
    }
}

/// It would be one after the first call, in the middle of the run.
#[test]
fn a_policy_that_its_own_plan_makes_contradictory_is_not_planned() {
    let policy = SELECTED_BY_ITSELF
        .replace("{viewer: ['group:hr']}", "{viewer: ['group:hr'], create/page: ['group:eng']}");
    let folder = selected_by_itself(&policy);
    let refused = folder.run(&["plan"]).code(Exit::Invalid.code().into());
    assert!(
        refused.err.contains("`group:eng` is to be nowhere, and yet is given something"),
        "{}",
        refused.err
    );
}

/// A policy of this body for a site.
fn folder(site: &str, policy: &str) -> Folder {
    let policy =
        with_site(&format!("version: 1\npeople: {{ann: u-ann}}\nguards: {{max-removals: 100%}}\n{policy}"));
    Folder::with(&[("site.yaml", site), ("policy.yaml", &policy)])
}

/// `eng` reads, exports and comments; `hr` holds nothing. Neither has members, so that only rules order the calls.
fn eng_exports() -> String {
    SITE.replace("members: [bob]", "members: []").replace(
        "[user:ann, group:eng, group:hr]",
        "[user:ann, group:eng]\n      export/space: [group:eng]\n      create/comment: [group:eng]",
    )
}

/// Cuts a run short after one call, after two, and so on: each time the next run ends where a whole one does. Returns what
/// that is, and how many runs were cut.
fn cut_after_each_call(site: &str, policy: &str) -> (String, usize) {
    let whole = folder(site, policy);
    whole.run(&["apply", "--yes"]).code(0);
    assert!(whole.run(&["plan"]).code(0).out.contains("Nothing to change"));
    let after = state(&whole);
    for calls in 1.. {
        let folder = folder(site, policy);
        let ran = folder.run(&["apply", "--yes", "--max-calls", &calls.to_string()]);
        if ran.code == 0 {
            return (after, calls - 1);
        }
        ran.code(5);
        folder.run(&["apply", "--yes"]).code(0);
        assert_eq!(state(&folder), after, "after {calls} calls");
    }
    unreachable!()
}

#[test]
fn what_is_handed_on_is_not_lost_where_a_run_is_cut_short() {
    let rules = "rules: [{name: r, spaces: {key: '*'}, replace: {'group:eng': 'group:hr'}}]";
    let (after, cuts) = cut_after_each_call(&eng_exports(), rules);
    assert!(after.contains("group:hr") && cuts >= 3, "{cuts} cuts\n{after}");
}

/// What the grant brings along is taken away again, which is nothing that the rule waits for.
#[test]
fn a_single_permission_makes_a_rule_select_a_space() {
    let rules = "rules:
  - {name: a, spaces: [ENG], access: {read/space: ['group:hr']}}
  - {name: r, spaces: {key: ENG, where: {who: 'group:hr', has: read/space}}, access: {create/comment: ['group:hr']}}";
    let folder = folder(&SITE.replace(", group:hr]", "]"), rules);
    let plan = folder.run(&["plan"]).code(0);
    assert!(plan.out.contains("create/comment") && !plan.out.contains("Blocked"), "{}", plan.out);
    folder.run(&["apply", "--yes"]).code(0);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

#[test]
fn two_rules_that_wait_for_each_other_are_named() {
    let rules = "rules:
  - {name: r1, spaces: {key: ENG, where: {who: 'group:eng', has: read/space}}, absent: ['group:hr']}
  - {name: r2, spaces: {key: ENG, where: {who: 'group:hr', has: read/space}}, absent: ['group:eng']}";
    let told = folder(SITE, rules).run(&["plan"]).code(Exit::Blocked.code().into()).out;
    let words =
        "Blocked[no-order]: ENG: some calls would have to wait for each other: `ENG: take read/space from";
    assert!(told.contains(words), "{told}");
    let of = ["group:eng` before", "group:hr` before"];
    assert!(of.iter().all(|call| told.contains(call)), "{told}");
}

/// The other space is not in the run; what it gets is copied all the same.
#[test]
fn what_comes_in_a_space_beside_the_run_is_copied_into_it() {
    let site = SITE.replace("spaces:\n", "spaces:\n  SRC: {id: 2, name: Source, permissions: {read/space: [user:ann], administer/space: [user:ann]}}\n");
    let policy = "spaces:
  SRC: {mode: additive, access: {read/space: ['group:hr']}}
  ENG: {access: {admin: ['user:ann']}, like: SRC}
rules: [{name: r, spaces: {key: SRC, where: {who: 'group:hr', has: read/space}}, access: {read/space: ['group:eng']}}]";
    for arguments in [&["plan"][..], &["plan", "--space", "ENG"]] {
        let plan = folder(&site, policy).run(arguments).code(0).out;
        assert!(!plan.contains("- read/space"), "{plan}");
    }
}

/// What the account that runs this holds, and what is left, stays in an authoritative space.
#[test]
fn what_stays_though_it_is_not_declared_makes_a_rule_select_a_space() {
    let of_the_caller = "roles: {z: {permissions: [export/space, administer/space]}}
spaces: {ENG: {access: {read/space: ['group:hr'], export/space: ['user:ann']}}}
rules: [{name: r, spaces: {key: ENG, where: {who: 'user:ann', has: z}}, absent: ['group:hr']}]";
    let of_what_is_left = "spaces: {ENG: {leave: ['group:eng'], access: {admin: ['user:ann'], export/space: ['group:hr']}}}
rules: [{name: r, spaces: {key: ENG, where: [{who: 'group:eng', has: read/space}, {who: 'group:hr', has: export/space}]}, absent: ['group:hr']}]";
    for policy in [of_the_caller, of_what_is_left] {
        let refused = folder(SITE, policy).run(&["plan"]).code(Exit::Invalid.code().into());
        assert!(refused.err.contains("`group:hr` is to be nowhere"), "{}", refused.err);
    }
}

/// Where companions are known to come along, they count.
#[test]
fn what_comes_along_makes_a_rule_select_a_space() {
    let policy = "spaces: {ENG: {mode: additive, access: {collaborator: ['group:hr']}}}
rules: [{name: r, spaces: {key: ENG, where: {who: 'group:hr', has: update/page}}, access: {export/space: ['group:hr']}}]";
    let folder = folder(SITE, policy);
    folder.run(&["apply", "--yes"]).code(0);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

/// The rule that gave access in the other space has ended well; that is no mistake of the one that is like it.
#[test]
fn what_is_like_a_space_in_which_a_rule_has_ended_stays_valid() {
    let policy = "spaces: {SRC: {mode: additive, like: ENG}}
rules: [{name: r, spaces: {key: ENG, where: {who: 'group:eng', has: read/space}}, absent: ['group:eng'], access: {export/space: ['group:hr']}}]";
    let site = SITE.replace("spaces:\n", "spaces:\n  SRC: {id: 2, name: Source, permissions: {read/space: [user:ann], administer/space: [user:ann]}}\n");
    let folder = folder(&site, policy);
    folder.run(&["apply", "--yes"]).code(0);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

/// It would be given and taken from run to run.
#[test]
fn a_rule_that_gives_by_what_its_plan_takes_is_warned_about() {
    let rule = "rules: [{name: r, spaces: {key: ENG, where: {who: 'group:eng', has: read/space}}, access: {export/space: ['group:hr']}}]";
    let warned = |spaces: &str| {
        let plan = folder(SITE, &format!("{spaces}\n{rule}")).run(&["plan"]).code(0);
        plan.err.contains(
            "warning[passing-condition]: the rule \"r\" gives access in `ENG` while a condition holds",
        )
    };
    assert!(warned("spaces: {ENG: {access: {admin: ['user:ann'], viewer: ['group:hr']}}}"));
    assert!(!warned("spaces: {ENG: {access: {admin: ['user:ann'], viewer: ['group:eng', 'group:hr']}}}"));
    assert!(!warned("spaces: {ENG: {mode: additive, access: {viewer: ['group:hr']}}}"));
}

/// `hr` exports before the run and comments after it. A run that ends where it does both would be followed by one that
/// takes `eng` off a list.
#[test]
fn what_is_so_for_a_moment_only_makes_no_rule_select_a_space() {
    let site = SITE.replace("update/page:", "export/space: [group:hr]\n      update/page:");
    let policy = "roles: {z: {permissions: [export/space, create/comment]}}
spaces: {ENG: {access: {admin: ['user:ann'], read/space: ['group:hr'], create/comment: ['group:hr']}}}
rules: [{name: r, spaces: {key: ENG, where: {who: 'group:hr', has: z}}, absent: ['group:eng']}]";
    let told = folder(&site, policy).run(&["plan", "--explain-order"]).code(0).out;
    assert!(told.contains("would not end where this one does"), "{told}");
    let (_, cuts) = cut_after_each_call(&site, policy);
    assert!(cuts >= 3, "{cuts} cuts");
}

/// Waiting would take from `bob`, who is in both groups, what he has before and after: there is no order for that.
#[test]
fn what_would_be_a_gap_does_not_wait() {
    let site = SITE.replace("create/page: [user:ann]", "create/page: [user:ann, group:eng]");
    let policy = "roles: {z: {permissions: [read/space, create/page]}}
spaces: {ENG: {access: {admin: ['user:ann'], read/space: ['group:hr'], create/page: ['group:hr']}}}
rules: [{name: r, spaces: {key: ENG, where: [{who: 'group:eng', has: read/space}, {who: 'group:hr', has: z}]}, absent: ['group:hr']}]";
    let folder = folder(&site, policy);
    folder.run(&["apply", "--yes"]).code(0);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}

/// What a rule selects by goes after what it takes from the principal whose access it hands on, in each space.
#[test]
fn a_rule_that_hands_on_what_one_holds_where_another_holds_something_is_finished() {
    let spaces = eng_exports().replace("export/space: [group:eng]", "export/space: [group:eng, group:x]");
    let spaces = spaces.replace("[user:ann, group:eng]\n", "[user:ann, group:eng, group:x]\n");
    let site = spaces.replace("groups:\n", "groups:\n  x: {id: g-x}\n").replace(
        "spaces:\n",
        "spaces:\n  AAA: {id: 2, name: First, permissions: {read/space: [user:ann, group:eng, group:x], administer/space: [user:ann]}}\n",
    );
    let rules = "rules: [{name: r, spaces: {key: '*', where: {who: 'group:x', has: read/space}}, replace: {'group:eng': 'group:hr'}, absent: ['group:x']}]";
    let (after, cuts) = cut_after_each_call(&site, rules);
    assert!(!after.contains("- group:x\n") && !after.contains("- group:eng\n"), "{after}");
    assert!(cuts >= 5, "{cuts} cuts");
}
