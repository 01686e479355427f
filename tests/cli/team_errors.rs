//! What a team gets wrong, by mistake or not: it stops the run of the central team for the spaces that it is about, and
//! for no others.

use std::collections::BTreeSet;

use confperm::model::Permission;
use serde_json::Value;

use crate::later::Held;
use crate::support::Folder;
use crate::team::{Case, ROLES};

/// A file of the team `eng`, and what is skipped for it.
struct Wrong {
    name: &'static str,
    file: &'static str,
    state: fn(&str) -> String,
    skipped: &'static [&'static str],
    /// The code of the error, or what blocks.
    code: &'static str,
}

fn same(state: &str) -> String {
    state.to_owned()
}

fn with_roles(state: &str) -> String {
    state.replace("pre-roles", "roles").replace("spaces:\n", ROLES)
}

fn with_label(state: &str) -> String {
    state.replace("name: Engineering lab", "name: Engineering lab\n    labels: [hot]")
}

fn with_lists(state: &str) -> String {
    state.replace("1001, title: Home, author: eva", "1001, title: Home, author: eva, edit: [group:eng-old]")
}

const ALL: &[Wrong] = &[
    Wrong {
        name: "a group that is not there",
        file: "rules: [{name: more, spaces: [ENG], access: {viewer: [group:eng-nope]}}]\n",
        state: same,
        skipped: &["ENG"],
        code: "unknown-group",
    },
    Wrong {
        name: "a group that is not there, in what selects spaces",
        file: "rules: [{name: more, spaces: {key: ENG*, where: {who: group:nope, has: read/space}}, access: {viewer: [group:eng-old]}}]\n",
        state: same,
        skipped: &["ENG", "ENGLAB"],
        code: "unknown-group",
    },
    Wrong {
        name: "a space that is not there",
        file: "spaces: {ENGX: {mode: additive, access: {viewer: [group:eng-core]}}}\n",
        state: same,
        skipped: &["ENGX"],
        code: "unknown-space",
    },
    Wrong {
        name: "a page that is not there",
        file: "spaces: {ENGLAB: {mode: additive, pages: {/Nope: {view: [group:eng-core]}}}}\n",
        state: same,
        skipped: &["ENGLAB"],
        code: "unknown-page",
    },
    Wrong {
        name: "the contrary of its own line, where a label of the site decides",
        file: "rules: [{name: more, spaces: {key: ENG*, label: hot}, absent: [group:eng-core]}]\n",
        state: with_label,
        skipped: &["ENGLAB"],
        code: "contradiction",
    },
    Wrong {
        name: "the last entry of a list",
        file: "rules: [{name: more, spaces: {key: ENG*}, absent: [group:eng-old]}]\n",
        state: with_lists,
        skipped: &["ENG"],
        code: "last-on-list",
    },
    Wrong {
        name: "the account that runs it",
        file: "rules: [{name: more, spaces: {key: ENG*}, absent: [user:5b10ac8d82e05b22cc7d4e01]}]\n",
        state: same,
        skipped: &["ENG", "ENGLAB"],
        code: "absent-caller",
    },
    Wrong {
        name: "what no role gives",
        file: "rules: [{name: more, spaces: [ENGLAB], access: {read/space: [group:eng-old]}}]\n",
        state: with_roles,
        skipped: &["ENGLAB"],
        code: "not-expressible",
    },
    Wrong {
        name: "the administrators that a guard requires",
        file: "rules: [{name: more, spaces: [ENGLAB], absent: [group:admins]}]\n",
        state: same,
        skipped: &["ENGLAB"],
        code: "required-admins",
    },
];

/// The example of `docs/teams.md` with one more file of the team, which may remove what it likes.
fn case(wrong: &Wrong) -> Case {
    let case = Case::on("ann", |state| (wrong.state)(&state));
    let central = case.folder.read("confperm.yaml");
    let to = "to: [group:eng-*]\n";
    case.folder.write("confperm.yaml", &central.replace(to, &format!("{to}    may-remove: any\n")));
    case.folder.write("teams/eng/more.yaml", wrong.file);
    case
}

#[test]
fn what_a_team_gets_wrong_stops_no_run_for_other_spaces() {
    for wrong in ALL {
        let case = case(wrong);
        case.folder.run(&["validate"]).code(0);
        let ran = case.run(&["plan", "--format", "json"]).code(6);
        let plan: Value = serde_json::from_str(&ran.out).unwrap();
        let skipped = plan["skipped"].as_array().unwrap();
        let spaces: BTreeSet<&str> = skipped.iter().map(|it| it["space"].as_str().unwrap()).collect();
        assert_eq!(spaces, wrong.skipped.iter().copied().collect(), "{}: {skipped:?}", wrong.name);
        let said = skipped.iter().any(|it| {
            let reason = &it["reason"];
            reason["team"] == "eng"
                && (reason["code"] == wrong.code || reason["by"] == wrong.code)
                && it["origin"]["file"] == "teams/eng/more.yaml"
        });
        assert!(said, "{}: {skipped:?}", wrong.name);

        let before = case.hosted.running.world(Held::of);
        let ran = case.run(&["apply", "--yes"]).code(6);
        // What a faulty line alone names is not known to the next run.
        let lock = case.folder.read("confperm.lock");
        assert!(lock.contains("OPS") && !lock.contains("eng-old"), "{}: {lock}", wrong.name);
        let changed = before.differences(&case.hosted.running.world(Held::of));
        let of = |key: &str| changed.iter().any(|line| line.split([' ', ':']).next() == Some(key));
        assert!(of("OPS"), "{}: {changed:?}\n{}", wrong.name, ran.out);
        for key in ["ENG", "ENGLAB"] {
            assert_eq!(of(key), !wrong.skipped.contains(&key), "{}: {changed:?}", wrong.name);
        }
        // As often as it is run.
        case.run(&["apply", "--yes"]).code(6);
    }
}

/// What a team asks for of a space that cannot be read stops no run for others; what central files ask for does.
#[test]
fn a_space_that_only_a_team_asks_about_and_that_cannot_be_read_is_skipped() {
    const ENG: &str = "rules: [{name: eng, spaces: [ENG], access: {admin: [group:eng-leads]}}]\n";
    const PAGES: &str = "spaces: {ENG: {mode: additive, pages: {/Home: {view: [group:eng-core]}}}}\n";
    // What cannot be read, a file of the team, what is skipped, and what is changed.
    let cases = [
        ("403:GET:/spaces/102/permissions", "", "ENGLAB", ["ENG", "OPS"]),
        ("403:GET:/spaces/101/pages", PAGES, "ENG", ["ENGLAB", "OPS"]),
    ];
    let on = |fails: &str, file: &str, rule: &str| {
        let case = Case::on("ann", |state| format!("{state}adversary: {{fail: ['{fails}']}}\n"));
        if !file.is_empty() {
            case.folder.write("teams/eng/more.yaml", file);
        }
        let central = case.folder.read("confperm.yaml");
        let (entry, to) =
            ("  ENG:\n    access:\n      admin: [group:admins, group:eng-leads]\n\n", "to: [group:eng-*]\n");
        let central = central.replace(entry, "").replace(to, &format!("{to}    may-remove: any\n"));
        case.folder.write("confperm.yaml", &format!("{central}{rule}"));
        case
    };
    for (fails, file, skipped, changed) in cases {
        let case = on(fails, file, "");
        let before = case.hosted.running.world(Held::of);
        let ran = case.run(&["apply", "--yes"]).code(6);
        let said = format!("{skipped} is skipped: it would not be read but for what a team asks there");
        assert!(ran.err.contains(&said), "{fails}: {}", ran.err);
        let differences = before.differences(&case.hosted.running.world(Held::of));
        let keys: BTreeSet<&str> =
            differences.iter().filter_map(|line| line.split([' ', ':']).next()).collect();
        assert_eq!(keys, BTreeSet::from(changed), "{fails}");
        let plan: Value = serde_json::from_str(&case.run(&["plan", "--format", "json"]).code(6).out).unwrap();
        assert_eq!(plan["skipped"][0]["space"], skipped);
        assert_eq!(plan["skipped"][0]["reason"]["code"], "not-permitted");
        assert!(plan["skipped"][0]["origin"]["file"].as_str().unwrap().starts_with("teams/eng/"));
        for alone in [["--team", "eng"], ["--space", skipped]] {
            assert_eq!(
                case.run(&[&["plan"], &alone[..]].concat()).code(1).failures(),
                ["not-permitted"],
                "{alone:?}"
            );
        }
    }
    for fails in ["403:GET:/spaces/101/permissions", "403:GET:/spaces/103/permissions"] {
        assert_eq!(on(fails, "", ENG).run(&["plan"]).code(1).failures(), ["not-permitted"], "{fails}");
    }
    // What central files take away needs the pages, whatever a team says there.
    let case = on("403:GET:/spaces/101/pages", "", "");
    case.folder.write("more.yaml", "rules: [{name: less, spaces: [ENG], absent: [group:contractors]}]\n");
    assert_eq!(case.run(&["plan"]).code(1).failures(), ["not-permitted"]);
}

/// What cannot be done of a team's may be what the rest of a space must not be done without, and what teams take away may
/// be more than a guard lets the whole run take: in each case the spaces of the teams wait.
#[test]
fn what_a_team_cannot_do_or_takes_too_much_of_stops_no_run_for_other_spaces() {
    const CLOSES: &str = "spaces: {ENGLAB: {mode: additive, pages: {/Home: {view: [group:eng-core]}}}}\n";
    const TAKES: &str = "spaces: {ENGLAB: {access: {collaborator: [group:eng-core]}}}\n";
    const ADMINS: &str = "rules: [{name: more, spaces: [ENGLAB], access: {admin: [group:admins]}}]\n";
    const LETS_IN: &str = "rules: [{name: more, spaces: [ENGLAB], access: {viewer: [group:ops]}}]\n";
    // A file of the team, a central rule, a guard; what is skipped, and why.
    let cases = [
        (CLOSES, LETS_IN, "", "ENGLAB", "needs-left-out"),
        (TAKES, ADMINS, "  max-removals: 1\n", "ENGLAB", "max-removals"),
    ];
    for (file, rules, guard, skipped, by) in cases {
        let case = Case::on("ann", |state| {
            state
                .replace("1101, title: Home, author: eva", "1101, title: Home, author: eva, edit: [user:eva]")
        });
        let central = case.folder.read("confperm.yaml");
        let entry = "  ENG:\n    access:";
        let to = "to: [group:eng-*]\n";
        let central = central
            .replace(entry, "  ENG:\n    mode: additive\n    access:")
            .replace("  required-admins", &format!("{guard}  required-admins"))
            .replace(to, &format!("{to}    may-remove: any\n"));
        case.folder.write("confperm.yaml", &format!("{central}{rules}"));
        // The team says nothing else of its lab.
        let own = case.folder.read("teams/eng/access.yaml").replace("{key: ENG*}", "[ENG]");
        case.folder.write("teams/eng/access.yaml", &own);
        case.run(&["plan"]).code(0);
        case.folder.write("teams/eng/more.yaml", file);
        let plan: Value = serde_json::from_str(&case.run(&["plan", "--format", "json"]).code(6).out).unwrap();
        let of_plan = plan["skipped"].as_array().unwrap();
        assert_eq!(of_plan.len(), 1, "{by}: {of_plan:?}");
        assert_eq!(
            (&of_plan[0]["space"], &of_plan[0]["reason"]["by"]),
            (&skipped.into(), &by.into()),
            "{of_plan:?}"
        );
        let before = case.hosted.running.world(Held::of);
        let ran = case.run(&["apply", "--yes"]).code(6);
        assert!(
            ran.err.contains(&format!("{skipped} is skipped: what a team asks for there is blocked")),
            "{}",
            ran.err
        );
        let changed = before.differences(&case.hosted.running.world(Held::of));
        let of = |key: &str| changed.iter().any(|line| line.split([' ', ':']).next() == Some(key));
        assert!(of("OPS") && !of(skipped), "{by}: {changed:?}");
    }
}

/// With `--locked`, what a team names and the lock lacks waits until the lock has it; what central files name ends the run.
#[test]
fn a_name_of_a_team_that_the_lock_lacks_stops_no_run_for_other_spaces() {
    const BY_A_RULE: &str =
        "rules: [{name: more, spaces: [ENGLAB], access: {collaborator: [group:eng-old]}}]\n";
    const BY_A_TABLE: &str =
        "rules: [{name: more, from: {csv: t.csv, space: S, type: T, id: I}, access: collaborator}]\n";
    const COPIED: &str = "rules: [{name: copy, spaces: [ENG], like: ENGLAB}]\n";
    for (file, central, keys) in [
        (BY_A_RULE, "", &["ENGLAB"][..]),
        (BY_A_TABLE, "", &["ENGLAB"]),
        // What is said of the one is copied to the other.
        (BY_A_RULE, COPIED, &["ENG", "ENGLAB"]),
    ] {
        let case = Case::on("ann", |state| state);
        let policy = case.folder.read("confperm.yaml");
        case.folder.write("confperm.yaml", &format!("{policy}{central}"));
        case.run(&["plan"]).code(0);
        let lock = case.folder.read("confperm.lock");
        case.folder.write("teams/eng/t.csv", "S,T,I\nENGLAB,group,eng-old\n");
        case.folder.write("teams/eng/more.yaml", file);
        // In a pull request the lines to add are shown, with what they are for.
        let shown = case.run(&["plan", "--locked"]).code(0);
        assert!(
            shown.err.contains("The lines to add:") && shown.out.contains("eng-old"),
            "{}{}",
            shown.out,
            shown.err
        );
        for alone in [["--team", "eng"], ["--space", "ENGLAB"]] {
            let ran = case.run(&[&["apply", "--yes", "--locked"], &alone[..]].concat()).code(1);
            assert_eq!(ran.failures(), ["incomplete-lock"], "{alone:?}");
        }
        let before = case.hosted.running.world(Held::of);
        let ran = case.run(&["apply", "--yes", "--locked"]).code(6);
        assert!(ran.err.contains("lacks 1 name of teams/eng/more.yaml"), "{}", ran.err);
        assert!(ran.out.contains("(incomplete-lock)"), "{}", ran.out);
        let changed = before.differences(&case.hosted.running.world(Held::of));
        let of = |key: &str| changed.iter().any(|line| line.split([' ', ':']).next() == Some(key));
        for key in ["ENG", "ENGLAB", "OPS"] {
            assert_eq!(of(key), !keys.contains(&key), "{file}{central}{key}: {changed:?}");
        }
        assert_eq!(case.folder.read("confperm.lock"), lock);

        let rule = "rules: [{name: central, spaces: [OPS], access: {viewer: [group:everybody]}}]\n";
        case.folder.write("more.yaml", rule);
        assert_eq!(case.run(&["apply", "--yes", "--locked"]).code(1).failures(), ["incomplete-lock"]);
    }
}

/// A role that a line gave for a time goes when that is over, also where another line, a team's or not, gives a smaller one.
/// The account that runs this keeps what it has.
#[test]
fn a_role_that_is_over_makes_way_for_a_smaller_one() {
    let ended = "access: {collaborator: [{who: group:eng-leads, until: 2026-01-31, why: move}]}";
    let smaller = [
        ("teams/eng/more.yaml", "spaces: [ENG], access: {viewer: [group:eng-leads]}"),
        ("more.yaml", "spaces: [ENG], access: {viewer: [group:eng-leads]}"),
        ("more.yaml", "spaces: [ENG], like: 'live:HR'"),
        ("more.yaml", "spaces: [ENG], access: {viewer: [user:5b10ac8d82e05b22cc7d4e01]}"),
    ];
    for (file, line) in smaller {
        let case = Case::on("ann", |state| {
            let (head, _) = state.split_at(state.find("spaces:\n").unwrap());
            let spaces = SPACES
                .replace(
                    "Admin: [group:admins], Auditor: [group:contractors]",
                    "Admin: [group:admins, user:ann]",
                )
                .replace("Auditor: [group:eng-old]", "Viewer: [group:eng-leads]");
            with_roles(&format!("{head}spaces:\n{spaces}"))
        });
        let central = case.folder.read("confperm.yaml");
        let entry = "access:\n      admin: [group:admins, group:eng-leads]";
        let own = "mode: additive\n    access: {admin: [group:admins]}";
        let central = central.replace(entry, own).replace("[collaborator]", "[collaborator, viewer]");
        let rule = format!("rules: [{{name: over, spaces: [ENG], {ended}}}]\n");
        case.folder.write("confperm.yaml", &format!("{central}{rule}"));
        case.folder.write(file, &format!("rules: [{{name: more, {line}}}]\n"));
        let plan: Value = serde_json::from_str(&case.run(&["plan", "--format", "json"]).code(0).out).unwrap();
        let after: Vec<(&str, &Value)> = plan["changes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|change| change["space"] == "ENG")
            .map(|change| (change["principal"].as_str().unwrap(), &change["after"]))
            .filter(|(who, _)| who.ends_with("0004") || who.starts_with("user:"))
            .collect();
        let [(who, role)] = after.as_slice() else { panic!("{line}: {:#}", plan["changes"]) };
        let becomes = if line.contains("user:") { Value::Null } else { "r-viewer".into() };
        assert!(who.ends_with("0004") && **role == becomes, "{line}: {after:?}");
    }
}

/// What a team gives in a space that another is like, in a central file, stops no run either.
#[test]
fn what_a_team_gives_where_a_central_file_copies_it_from_stops_no_run() {
    let rules = "rules:
  - {name: b, spaces: [ENGLAB], access: {viewer: [group:eng-leads]}}
  - {name: c, spaces: [ENG], access: {auditor: [group:eng-old]}}
  - {name: d, spaces: [ENG], like: ENGLAB}
roles: {auditor: {includes: [viewer], permissions: [export/space], site-role: Auditor}}
";
    let forbids = "  - {name: e, spaces: {key: ENG, label: hot}, absent: [group:eng-old]}\nroles:";
    for (rules, part) in [
        (rules.to_owned(), "principal"),
        (
            rules
                .replace(
                    "c, spaces: [ENG], access: {auditor: [group:eng-old]}",
                    "c, spaces: [ENG], access: {viewer: [group:ops]}",
                )
                .replace("roles:", forbids),
            "space",
        ),
    ] {
        let case = Case::on("ann", |state| {
            let (head, _) = state.split_at(state.find("spaces:\n").unwrap());
            let spaces = SPACES.replace("name: Engineering\n", "name: Engineering\n    labels: [hot]\n");
            with_roles(&format!("{head}spaces:\n{spaces}"))
                .replace("  Viewer: {", &format!("{AUDITOR}  Viewer: {{"))
        });
        let central = case
            .folder
            .read("confperm.yaml")
            .replace("  ENG:\n    access:", "  ENG:\n    mode: additive\n    access:");
        case.folder.write("confperm.yaml", &format!("{central}{rules}"));
        case.folder.write(
            "teams/eng/access.yaml",
            "rules: [{name: own, spaces: [ENGLAB], access: {collaborator: [group:eng-core]}}]\n",
        );
        case.run(&["plan"]).code(0);
        case.folder.write(
            "teams/eng/more.yaml",
            "rules: [{name: more, spaces: [ENGLAB], access: {collaborator: [group:eng-old]}}]\n",
        );
        case.folder.run(&["validate"]).code(0);
        let plan: Value = serde_json::from_str(&case.run(&["plan", "--format", "json"]).code(6).out).unwrap();
        let skipped = plan["skipped"].as_array().unwrap();
        assert!(
            skipped
                .iter()
                .any(|it| it["space"] == "ENG" && it["part"] == part && it["reason"]["team"] == "eng"),
            "{skipped:?}"
        );
    }
}

/// A skipped space is looked at by itself, and the errors of all others end a run as ever.
#[test]
fn a_run_about_the_wrong_alone_ends_with_it() {
    let by_code = |code: &str| ALL.iter().find(|wrong| wrong.code == code).unwrap();
    let blocked = case(by_code("required-admins"));
    let ran = blocked.run(&["plan"]).code(6);
    assert!(ran.err.contains("`confperm plan --space ENGLAB` shows why"), "{}", ran.err);
    blocked.run(&["plan", "--space", "ENGLAB"]).code(3);
    blocked.run(&["plan", "--team", "eng"]).code(3);

    let unknown = case(by_code("unknown-group"));
    assert_eq!(unknown.run(&["plan", "--team", "eng"]).code(4).failures(), ["unknown-group"]);
    // Lines of another team in that space make it none of that team's.
    let central = unknown.folder.read("confperm.yaml");
    std::fs::create_dir(unknown.folder.path().join("teams/lab")).unwrap();
    let eng = central[central.find("  teams/eng/").unwrap()..].to_owned();
    let eng = &eng[..eng.find("may-remove: any\n").unwrap() + "may-remove: any\n".len()];
    let lab = eng.replacen("teams/eng/", "teams/lab/", 1).replacen("name: eng", "name: lab", 1);
    unknown.folder.write("confperm.yaml", &central.replacen(eng, &format!("{eng}{lab}"), 1));
    let rule = "rules: [{name: lab, spaces: [ENG], access: {viewer: [group:eng-old]}}]\n";
    unknown.folder.write("teams/lab/more.yaml", rule);
    assert_eq!(unknown.run(&["plan", "--team", "eng"]).code(4).failures(), ["unknown-group"]);
    std::fs::remove_file(unknown.folder.path().join("teams/lab/more.yaml")).unwrap();
    unknown
        .folder
        .write("more.yaml", "rules: [{name: central, spaces: [OPS], access: {viewer: [group:nope]}}]\n");
    let ran = unknown.run(&["apply", "--yes"]).code(4);
    assert_eq!(ran.failures(), ["unknown-group", "unknown-group"], "{}", ran.err);
}

/// A delegation is about keys: an entry of a team does not follow a space to a key that is not one of the team's.
#[test]
fn an_entry_of_a_team_follows_no_space_out_of_its_delegation() {
    let folder = Folder::example("teams");
    let entry = "spaces: {ENGLAB: {mode: additive, access: {collaborator: [group:eng-old]}}}\n";
    folder.write("policy/teams/eng/more.yaml", entry);
    folder.run(&["plan", "policy"]).code(0);
    let site = folder.read("site.yaml");
    for (key, code) in [("ENGNEW", 0), ("HR", 6)] {
        folder.write("site.yaml", &site.replace("  ENGLAB:", &format!("  {key}:")));
        let ran = folder.run(&["plan", "policy"]).code(code);
        assert_eq!(ran.out.contains(&format!("\n{key}  ")), code == 0, "{key}: {}", ran.out);
        let has = ran.err.contains(&format!("has the key `{key}` now, and its team may not speak of that"));
        assert_eq!(has, code != 0, "{key}: {}", ran.err);
    }
}

const AUDITOR: &str = "  Auditor: {id: r-auditor, type: custom, permissions: [read/space, export/space]}\n";
const SPACES: &str = "  ENG:
    id: 101
    name: Engineering
    role-assignments: {Admin: [group:admins], Auditor: [group:contractors], Collaborator: [group:eng-leads]}
  ENGLAB: {id: 102, name: Engineering lab, role-assignments: {Admin: [group:admins]}}
  OPS: {id: 103, name: Operations, role-assignments: {Admin: [group:admins]}}
  HR: {id: 104, name: People, role-assignments: {Admin: [group:admins], Auditor: [group:eng-old]}}
";

/// A principal has one role: what central files give it by a line, by copying or in the place of another stands, and what
/// a team gives beside it is left out alone.
#[test]
fn what_a_team_gives_beside_a_role_of_others_is_left_out_alone() {
    let on_site = |state: &str| {
        let (head, _) = state.split_at(state.find("spaces:\n").unwrap());
        with_roles(&format!("{head}spaces:\n{SPACES}"))
            .replace("  Viewer: {", &format!("{AUDITOR}  Viewer: {{"))
    };
    let by_a_line = "access: {collaborator: [group:eng-old]}";
    // What central files say, then what the team says.
    let cases = [
        ("replace: {group:contractors: group:eng-old}", by_a_line),
        ("like: 'live:HR'", by_a_line),
        ("access: {auditor: [group:eng-old]}", by_a_line),
        ("access: {auditor: [group:eng-old]}", "replace: {group:eng-leads: group:eng-old}"),
        (
            "replace: {group:contractors: group:eng-old}",
            "from: {csv: t.csv, space: S, type: T, id: I}, access: collaborator",
        ),
    ];
    for (central, team) in cases {
        let case = Case::on("ann", |state| on_site(&state));
        let file = case.folder.read("confperm.yaml").replace(
            "access:\n      admin: [group:admins, group:eng-leads]",
            "mode: additive\n    access: {admin: [group:admins]}",
        );
        let file =
            file.replace("may-grant: [collaborator]", "may-grant: [collaborator, auditor, everything]");
        let file = file
            .replace("to: [group:eng-*]\n", "to: [group:eng-*]\n    may-remove: any\n    may-open: true\n");
        let all: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        let roles = format!(
            "roles:\n  auditor: {{includes: [viewer], permissions: [export/space], site-role: Auditor}}\n  everything: {{permissions: [{}]}}\n",
            all.join(", ")
        );
        let rule = format!("{roles}rules:\n  - {{name: c, spaces: [ENG], {central}}}\n");
        case.folder.write("confperm.yaml", &format!("{file}{rule}"));
        let plan = |code| -> Value {
            let ran = case.run(&["plan", "--format", "json"]).code(code);
            serde_json::from_str(&ran.out).unwrap()
        };
        let without = plan(0);
        let selects = if team.starts_with("from") { "" } else { "spaces: [ENG], " };
        case.folder.write("teams/eng/t.csv", "S,T,I\nENG,group,eng-old\n");
        case.folder.write("teams/eng/more.yaml", &format!("rules: [{{name: more, {selects}{team}}}]\n"));
        let with = plan(6);
        let skipped = with["skipped"].as_array().unwrap();
        assert_eq!(skipped.len(), 1, "{team}: {skipped:?}");
        assert_eq!(skipped[0]["part"], "principal", "{team}: {skipped:?}");
        assert_eq!(skipped[0]["name"], "group:eng-old", "{team}: {skipped:?}");
        assert!(skipped[0]["origin"]["file"].as_str().unwrap().starts_with("teams/eng/"), "{skipped:?}");
        let of_heir = |plan: &Value| {
            let changes = plan["changes"].as_array().unwrap().clone();
            changes
                .into_iter()
                .filter(|change| change["principal"].as_str().unwrap().ends_with("0005"))
                .collect::<Vec<_>>()
        };
        assert!(!of_heir(&without).is_empty(), "{central}: {without:#}");
        assert_eq!(of_heir(&with), of_heir(&without), "{central} beside {team}");
    }
}

/// The same where a line that is over gave the role that the principal still holds: nothing of it is kept.
#[test]
fn what_does_not_fit_beside_others_is_left_out_alone_where_a_role_is_over() {
    let case = Case::on("ann", |state| {
        let (head, _) = state.split_at(state.find("spaces:\n").unwrap());
        let spaces = SPACES
            .replace("Collaborator: [group:eng-leads]", "Collaborator: [group:eng-leads, group:eng-old]");
        with_roles(&format!("{head}spaces:\n{spaces}"))
            .replace("  Viewer: {", &format!("{AUDITOR}  Viewer: {{"))
    });
    let all: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    let central = case
        .folder
        .read("confperm.yaml")
        .replace(
            "access:\n      admin: [group:admins, group:eng-leads]",
            "mode: additive\n    access: {admin: [group:admins]}",
        )
        .replace("may-grant: [collaborator]", "may-grant: [collaborator, everything]")
        .replace("to: [group:eng-*]\n", "to: [group:eng-*]\n    may-remove: any\n    may-open: true\n");
    let rules = format!(
        "roles: {{everything: {{permissions: [{}]}}}}\nrules: [{{name: c, spaces: [ENG], replace: {{group:contractors: group:eng-old}}}}]\n",
        all.join(", ")
    );
    case.folder.write("confperm.yaml", &format!("{central}{rules}"));
    case.folder.write(
        "teams/eng/more.yaml",
        "rules:
  - {name: over, spaces: [ENG], access: {collaborator: [{who: group:eng-old, until: 2026-01-31, why: move}]}}
  - {name: more, spaces: [ENG], replace: {group:eng-leads: group:eng-old}}
",
    );
    let plan: Value = serde_json::from_str(&case.run(&["plan", "--format", "json"]).code(6).out).unwrap();
    let skipped = plan["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert_eq!((&skipped[0]["part"], &skipped[0]["name"]), (&"principal".into(), &"group:eng-old".into()));
    let becomes: Vec<&Value> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["space"] == "ENG" && change["principal"].as_str().unwrap().ends_with("0005"))
        .map(|change| &change["after"])
        .collect();
    assert_eq!(becomes, ["r-auditor"]);
    let text = case.run(&["plan"]).code(6).out;
    let said = "group:eng-old: what the team `eng` asks for does not fit beside what others give it (not-expressible); skipped: what the team asks for  teams/eng/more.yaml:3";
    assert!(text.contains(said), "{text}");
}
