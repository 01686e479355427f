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

/// Everything of Bob's goes: one principal of four.
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

/// Bob is in no group that keeps what he loses.
fn bob_alone() -> String {
    let site = SITE.replace("members: [bob, ann]", "members: [ann]");
    site.replace("  ops: {", "  staff: {id: g-staff, members: [bob], access: user}\n  ops: {")
}

struct Case {
    folder: Folder,
    hosted: Hosted,
}

impl Case {
    fn new(policy: &str) -> Self {
        Self::on(SITE, policy)
    }

    fn on(site: &str, policy: &str) -> Self {
        Self::on_whole(site, &format!("{POLICY}{policy}"))
    }

    fn on_whole(site: &str, policy: &str) -> Self {
        let hosted = Hosted::start(Site::from_yaml(site).unwrap(), Options::default());
        Self { folder: Folder::with(&[("policy.yaml", policy)]), hosted }
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
fn too_many_removals_are_blocked_until_a_reason_is_given() {
    let case = Case::on(&bob_alone(), "guards: {max-removals: 0}\n");
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let ran = case.run(command).code(3);
        assert!(ran.out.contains("Blocked by max-removals (policy.yaml:10):"), "{}", ran.out);
        assert!(ran.out.contains("1 of 4 principals loses access; the limit is 0"), "{}", ran.out);
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
    assert_eq!(
        plan["guards"]["removals"],
        serde_json::json!({"access": {"removed": 1, "of": 4}, "entries": {"removed": 0, "of": 0}})
    );

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
fn a_share_counts_only_from_ten_removals_on() {
    let ran = Case::on(&bob_alone(), "guards: {max-removals: 10%}\n").run(&["plan"]).code(0);
    assert!(
        ran.out.contains("Guards: min-admins and max-removals hold (1 of 4 principals loses access)."),
        "{}",
        ran.out
    );
}

#[test]
fn a_plan_does_not_lower_the_number_of_administrators_below_the_minimum() {
    // Ann counts, Bob goes; the group has no member.
    let site = SITE.replace("administer/space: [user:ann,", "administer/space: [user:ann, user:bob,");
    let case = Case::on(&site, "guards: {min-admins: 2}\n");
    let ran = case.run(&["apply", "--yes"]).code(3);
    assert!(ran.out.contains("Blocked by min-admins (policy.yaml:10):"), "{}", ran.out);
    assert!(
        ran.out.contains(
            "ENG  1 active administrator, 2 needed, 2 before this plan: group:ops (no active member, does not count) \
             and user:ann"
        ),
        "{}",
        ran.out
    );
    assert!(!case.has_written());
    Case::on(&site, "guards: {min-admins: 1}\n").run(&["plan"]).code(0);
    // Where there was one before, the plan is not at fault.
    let ran = Case::new("guards: {min-admins: 2}\n").run(&["plan"]).code(0);
    assert!(ran.out.contains("Against min-admins (policy.yaml:10) already before this plan:"), "{}", ran.out);
}

#[test]
fn a_guest_is_no_administrator() {
    let site = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: roles, edition: premium, caller: bot}
users:
  bot: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Bot, email: bot@example.com, confluence-admin: true}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e03, name: Bob, email: bob@example.com}
  gus: {account-id: 5b10ac8d82e05b22cc7d4e04, name: Gus Guest, email: gus@example.com, guest-of: DOCS}
groups: {staff: {id: g-staff, members: [bot, bob], access: user}}
roles:
  Admin: {id: c0a80000-0000-4000-8000-000000000001, permissions: [read/space, administer/space]}
  Collaborator: {id: c0a80000-0000-4000-8000-000000000003, permissions: [read/space, create/page]}
spaces:
  DOCS: {id: 102, name: Docs, role-assignments: {Admin: [user:bot], Collaborator: [user:gus]}}
";
    let policy = "version: 1
people: {bot: 5b10ac8d82e05b22cc7d4e01, bob: 5b10ac8d82e05b22cc7d4e03, gus: 5b10ac8d82e05b22cc7d4e04}
spaces: {DOCS: {access: {admin: [user:bot, user:gus]}}}
guards: {min-admins: 2}
";
    let run = |site: &str| {
        let hosted = Hosted::start(Site::from_yaml(site).unwrap(), Options::default());
        Case { folder: Folder::with(&[("policy.yaml", policy)]), hosted }.run(&["plan"])
    };
    let ran = run(site).code(0);
    assert!(
        ran.out.contains(
            "DOCS  1 active administrator, 2 needed: user:bot and user:gus (a guest, does not count)"
        ),
        "{}",
        ran.out
    );
    // Bob is a real one, and the guest takes the place.
    run(&site.replace("Admin: [user:bot]", "Admin: [user:bot, user:bob]")).code(3);
}

#[test]
fn a_space_without_administrators_is_reported_and_blocks_no_other() {
    let site = SITE.replace(
        "    pages:",
        "  LOST:\n    id: 2\n    name: Lost\n    permissions: {read/space: [group:eng, user:ann], create/comment: [group:eng]}\n    pages:",
    );
    let site = site.replace("      - {id: 11, title: Home}\n", "      []\n");
    let hosted = Hosted::start(Site::from_yaml(&site).unwrap(), Options::default());
    let policy = "version: 1\nrules: [{name: all may comment, spaces: {key: '*'}, access: {create/comment: [group:ops]}}]\n";
    let case = Case { folder: Folder::with(&[("policy.yaml", policy)]), hosted };
    let ran = case.run(&["apply", "--yes"]).code(6);
    assert!(ran.out.contains("LOST  no active administrator, 1 needed"), "{}", ran.out);
    assert!(case.has_written());
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

/// A required administrator whose group the directory has deleted neither stops what has nothing to do with
/// administration, nor lets the guard lapse.
#[test]
fn a_lost_required_admin_blocks_only_what_takes_administrators_away() {
    let guards = "guards: {required-admins: [group:old, user:ann], max-removals: 100%}\n";
    let with = SITE.replace("  ops: {", "  old: {id: g-old, members: [ann]}\n  ops: {");
    let with = with
        .replace("[user:ann, group:ops]\n      restrict", "[user:ann, group:ops, group:old]\n      restrict");
    let with = with.replace("read/space: [", "read/space: [group:old, ");
    let policy = format!("{}{guards}", POLICY.replace("[group:ops]\n", "[group:ops, group:old]\n"));
    let policy = policy.replace("read/space: [", "read/space: [group:old, ");
    let first = Case::on_whole(&with, &policy);
    first.run(&["plan"]).code(0);
    let lock = first.folder.read("confperm.lock");

    let case = Case::on_whole(SITE, &policy);
    case.folder.write("confperm.lock", &lock);
    let ran = case.run(&["plan"]).code(6);
    assert!(ran.out.contains("- everything (3 permissions)  user:bob"), "{}", ran.out);
    let skipped = "policy  group:old: id g-old is gone; skipped: the name in the guard";
    assert!(ran.out.contains(skipped), "{}", ran.out);
    assert!(ran.out.contains("required-admins"), "{}", ran.out);

    let case = Case::on_whole(SITE, &policy.replace("[group:ops, group:old]\n", "[group:old]\n"));
    case.folder.write("confperm.lock", &lock);
    let ran = case.run(&["plan"]).code(3);
    let blocked =
        "ENG  group:ops would no longer administer the space, while group:old, which should, means nothing";
    assert!(ran.out.contains(blocked), "{}", ran.out);
    case.run(&["plan", "--override", "required-admins", "--why", "ops is replaced"]).code(6);
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
    // Of several, at most one is the account, so the guard is breached, though not surely by Ann.
    let case = Case::new("      create/blogpost: [user:ann, user:bob]\nguards: {forbid: [direct-users]}\n");
    let ran = case.run(&["validate"]).code(3);
    let of_ann =
        "`user:ann` is given access by name, which a guard forbids to all but the account that runs confperm";
    assert!(ran.err.contains(of_ann), "{}", ran.err);
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
    assert!(ran.out.contains("Blocked[no-admin]:"), "{}", ran.out);
    assert!(!case.has_written());
}

/// A file that is read by nothing blocks nothing.
#[test]
fn a_guard_counts_however_the_ending_of_its_file_is_written() {
    for file in ["guards.yml", "guards.YAML", "Guards.Yml"] {
        let folder = Folder::with(&[
            ("site.yaml", &bob_alone()),
            (
                "confperm.yaml",
                &POLICY.replacen("version: 1\n", "version: 1\nsite: {url: 'sandbox:site.yaml'}\n", 1),
            ),
            (file, "guards: {max-removals: 0}\n"),
        ]);
        let ran = folder.run(&["plan"]).code(3);
        assert!(ran.out.contains(&format!("({file}:1)")), "{}{}", ran.out, ran.err);
    }
}
