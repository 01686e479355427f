//! Guards block plans; words let them through, and are kept.

use confperm::sandbox::{Options, Site};

use crate::support::{Folder, Hosted, Ran, is_write};

const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: true, caller: ann}
users:
  ann: {account-id: 5b10ac8d82e05b22cc7d4ef5, name: Ann, email: ann@x.com}
  bob: {account-id: 5b10ac8d82e05b22cc7d4ef6, name: Bob, email: bob@x.com}
groups:
  eng: {id: g-eng, members: [bob, ann], access: user}
  ops: {id: g-ops, members: []}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, user:bob, group:eng, group:ops]
      create/comment: [user:bob, group:eng]
      create/page: [user:bob, group:eng, group:ops]
      administer/space: [user:ann, group:ops]
      restrict_content/space: [user:ann]
    pages:
      - {id: 11, title: Home}
";

/// Everything of Bob's goes: three grants of nine.
const POLICY: &str = "version: 1
people: {ann: 5b10ac8d82e05b22cc7d4ef5, bob: 5b10ac8d82e05b22cc7d4ef6}
spaces:
  ENG:
    access:
      read/space: [group:eng, group:ops]
      create/comment: [group:eng]
      create/page: [group:eng, group:ops]
      administer/space: [group:ops]
";

struct Case {
    folder: Folder,
    hosted: Hosted,
}

impl Case {
    fn new(policy: &str) -> Self {
        let hosted = Hosted::start(Site::from_yaml(SITE).unwrap(), Options::default());
        Self { folder: Folder::with(&[("policy.yaml", &format!("{POLICY}{policy}"))]), hosted }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.confperm(arguments);
        if arguments != ["validate"] {
            self.hosted.point(&mut command);
        }
        Ran::from(command.output().unwrap())
    }

    fn has_written(&self) -> bool {
        self.hosted.running.requests().iter().any(|request| is_write(&request.method, &request.path))
    }
}

#[test]
fn too_many_removals_are_blocked_until_somebody_says_why() {
    let case = Case::new("guards: {max-removals: 2}\n");
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let ran = case.run(command).code(3);
        assert!(ran.out.contains("Blocked by max-removals (policy.yaml:10):"), "{}", ran.out);
        assert!(ran.out.contains("3 of 9 grants would be removed, and 2 may be"), "{}", ran.out);
        assert!(ran.out.contains("--override max-removals --why TEXT"), "{}", ran.out);
    }
    let ran = case.run(&["plan", "--format", "diff"]).code(3);
    assert!(ran.err.contains("Blocked by max-removals"), "{}", ran.err);
    assert!(!case.has_written());

    let words = ["--override", "max-removals", "--why", "Bob has left, ticket 17"];
    let ran = case.run(&[&["plan", "--format", "json"], &words[..]].concat()).code(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let outcomes = plan["guards"]["outcomes"].as_array().unwrap();
    let outcome = outcomes.iter().find(|outcome| outcome["guard"] == "max-removals").unwrap();
    assert_eq!(outcome["verdict"], serde_json::json!({"is": "overridden", "why": "Bob has left, ticket 17"}));
    assert_eq!(plan["guards"]["removals"], serde_json::json!({"removed": 3, "managed": 9}));

    let ran = case.run(&[&["apply", "--yes"], &words[..]].concat()).code(0);
    assert!(
        ran.out.contains("Overridden max-removals (policy.yaml:10), because \"Bob has left, ticket 17\":"),
        "{}",
        ran.out
    );
    assert!(case.has_written());
    let written =
        case.folder.files().into_iter().find(|(path, _)| path.extension() == Some("ndjson".as_ref()));
    let (_, journal) = written.unwrap();
    let first = String::from_utf8(journal).unwrap().lines().next().unwrap().to_owned();
    assert!(first.contains(r#""is":"overridden","why":"Bob has left, ticket 17""#), "{first}");
}

#[test]
fn a_share_counts_only_once_there_are_ten_grants() {
    // Nine grants: a third of them may go without a word.
    let ran = Case::new("").run(&["plan"]).code(0);
    assert!(ran.out.contains("Guards: min-admins holds (3 of 9 grants removed)."), "{}", ran.out);
}

#[test]
fn a_space_keeps_as_many_administrators_as_the_policy_says() {
    // Ann counts; the group has nobody in it.
    let case = Case::new("guards: {min-admins: 2}\n");
    let ran = case.run(&["apply", "--yes"]).code(3);
    assert!(ran.out.contains("Blocked by min-admins (policy.yaml:10):"), "{}", ran.out);
    assert!(
        ran.out.contains(
            "ENG  1 administrator of the 2 that are needed: group:ops (no active member, does not count) and user:ann"
        ),
        "{}",
        ran.out
    );
    assert!(!case.has_written());
    Case::new("guards: {min-admins: 1}\n").run(&["plan"]).code(0);
}

#[test]
fn required_admins_administer_and_see_what_gets_restricted() {
    let case = Case::new("guards: {required-admins: [group:eng, user:ann]}\n");
    let ran = case.run(&["plan"]).code(3);
    assert!(ran.out.contains("ENG  group:eng does not administer the space  policy.yaml:10"), "{}", ran.out);
    assert!(!ran.out.contains("user:ann does not"), "{}", ran.out);

    let pages = "    pages: {/Home: {view: ['group:ops']}}\n";
    let case = Case::new(&format!("{pages}guards: {{required-admins: [user:bob]}}\n"));
    let ran = case.run(&["plan"]).code(3);
    assert!(ran.out.contains("ENG  user:bob does not administer the space  policy.yaml:11"), "{}", ran.out);
    assert!(ran.out.contains("ENG  /Home would be closed to user:bob  policy.yaml:11"), "{}", ran.out);
    assert!(ran.out.contains("admin-cut-off"), "{}", ran.out);
    case.run(&["plan", "--override", "required-admins", "--why", "for a day"]).code(0);
}

#[test]
fn what_is_forbidden_is_blocked_before_anything_is_read() {
    // Two users by name: one of them may run confperm, both cannot.
    let case = Case::new(
        "      create/blogpost: [user:bob, user:ann]\nguards: {forbid: [anonymous, direct-users]}\n",
    );
    for command in [&["plan"][..], &["apply", "--yes"], &["validate"]] {
        let ran = case.run(command).code(3);
        assert!(
            ran.err.contains("error[forbidden-access]: `user:bob` is given access by name"),
            "{}",
            ran.err
        );
        assert!(
            ran.err.contains("blocked by forbid-direct-users; nothing was read or changed"),
            "{}",
            ran.err
        );
        assert_eq!(ran.out, "");
    }
    assert_eq!(case.hosted.running.requests(), []);
    // One word for one guard.
    case.run(&["plan", "--override", "forbid-anonymous", "--why", "x"]).code(3);
    let ran = case.run(&["plan", "--override", "forbid-direct-users", "--why", "only today"]).code(0);
    assert!(ran.out.contains("Overridden forbid-direct-users, because \"only today\":"), "{}", ran.out);
    assert!(ran.out.contains("ENG  user:bob is given access by name  policy.yaml:10"), "{}", ran.out);
    // The account that runs confperm never counts.
    assert!(!ran.out.contains("user:ann is given access by name"), "{}", ran.out);
}

#[test]
fn the_account_that_runs_confperm_is_never_forbidden() {
    // Ann runs it. Offline that is not known, so `validate` only warns.
    let case = Case::new("      create/blogpost: [user:ann]\nguards: {forbid: [direct-users]}\n");
    let ran = case.run(&["validate"]).code(0);
    assert!(
        ran.err.contains("warning[perhaps-forbidden]: `user:ann` is given access by name"),
        "{}",
        ran.err
    );
    case.run(&["plan"]).code(0);
    let case = Case::new("      create/blogpost: [user:bob]\nguards: {forbid: [direct-users]}\n");
    case.run(&["validate"]).code(0);
    let ran = case.run(&["plan"]).code(3);
    assert!(ran.out.contains("ENG  user:bob is given access by name  policy.yaml:10"), "{}", ran.out);
}

#[test]
fn what_is_excepted_is_not_forbidden() {
    let lines = "      create/blogpost: [user:bob]\n      viewer: [anonymous]\n";
    for (forbid, code) in [
        ("{direct-users: {except: [user:bob]}}", 0),
        ("{direct-users: {except-spaces: [ENG]}}", 0),
        ("{anonymous: {except-spaces: [E*]}}", 0),
        ("{anonymous: {except-spaces: [OPS]}}", 3),
        ("{direct-users: {except: [user:ann]}}", 3),
        ("{anonymous: {except-spaces: [ENG]}, direct-users: {}}", 3),
    ] {
        let case = Case::new(&format!("{lines}guards: {{forbid: {forbid}}}\n"));
        case.run(&["plan"]).code(code);
    }
}

#[test]
fn validate_and_plan_forbid_the_same_of_guests() {
    let guests = "    page-only:\n      - {who: [user:bob], pages: [/Home]}\n";
    let case = Case::new(&format!("{guests}guards: {{forbid: [direct-users]}}\n"));
    let ran = case.run(&["validate"]).code(0);
    assert!(ran.err.contains("warning[perhaps-forbidden]: `user:bob`"), "{}", ran.err);
    let ran = case.run(&["plan"]).code(3);
    assert!(ran.out.contains("user:bob is given access by name"), "{}", ran.out);
}

#[test]
fn who_stays_on_a_list_is_not_given_anything() {
    let site = SITE.replace("title: Home}", "title: Home, view: [user:bob, group:ops]}");
    let hosted = Hosted::start(Site::from_yaml(&site).unwrap(), Options::default());
    let policy = "version: 1\nrules: [{name: no ops, spaces: {key: \"*\"}, absent: [group:ops]}]
guards: {forbid: [direct-users]}\n";
    let case = Case { folder: Folder::with(&[("policy.yaml", policy)]), hosted };
    let ran = case.run(&["plan"]);
    assert!(!ran.out.contains("user:bob is given access by name"), "{}", ran.out);
}

#[test]
fn an_override_needs_a_guard_and_a_reason() {
    let case = Case::new("");
    for wrong in [
        &["plan", "--override", "max-removals"][..],
        &["plan", "--why", "because"],
        &["apply", "--override", "max-removals", "--why", "  "],
        &["plan", "--override", "lockout", "--why", "because"],
    ] {
        case.run(wrong).code(64);
    }
    assert_eq!(case.hosted.running.requests(), []);
    let ran = case.run(&["plan", "--override", "max-removals", "--why", "to be sure"]).code(0);
    assert!(ran.err.contains("--override max-removals was not needed"), "{}", ran.err);
}

#[test]
fn no_word_lets_a_refusal_through() {
    let policy = POLICY.replace("      administer/space: [group:ops]\n", "");
    let hosted = Hosted::start(
        Site::from_yaml(
            &SITE.replace("user:ann, group:ops]\n      restrict", "group:ops, group:eng]\n      restrict"),
        )
        .unwrap(),
        Options::default(),
    );
    let case = Case { folder: Folder::with(&[("policy.yaml", &policy)]), hosted };
    let all = ["--override", "min-admins", "--override", "max-removals", "--why", "let me"];
    let ran = case.run(&[&["apply", "--yes"], &all[..]].concat()).code(3);
    assert!(ran.out.contains("Blocked:"), "{}", ran.out);
    assert!(!case.has_written());
}
