//! Runs for one team: what they carry out, what they leave to others, and what they read.

use std::collections::BTreeSet;
use std::path::Path;

use confperm::sandbox::{Options, Site};
use serde_json::Value;

use crate::later::Held;
use crate::support::{Folder, Hosted, Ran};

pub(crate) struct Case {
    pub(crate) folder: Folder,
    pub(crate) hosted: Hosted,
}

impl Case {
    /// The example of `docs/teams.md`, run with the token of a member.
    fn of(caller: &str) -> Self {
        Self::on(caller, |state| state)
    }

    /// The same on another site.
    pub(crate) fn on(caller: &str, change: impl Fn(String) -> String) -> Self {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/teams");
        let state = change(std::fs::read_to_string(examples.join("site.yaml")).unwrap());
        let state = state.replace("caller: ann", &format!("caller: {caller}"));
        let hosted = Hosted::start(Site::from_yaml(&state).unwrap(), Options::default());
        Self { folder: Folder::copy(&examples.join("policy")), hosted }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.confperm(arguments);
        self.hosted.point(&mut command);
        Ran::from(command.output().unwrap())
    }

    fn plan(&self, arguments: &[&str]) -> Value {
        let arguments = [&["plan", "--format", "json"], arguments].concat();
        serde_json::from_str(&self.run(&arguments).code(0).out).unwrap()
    }
}

/// Which groups a plan gives something, or takes something from, in which spaces.
fn changed(plan: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let changes = plan["changes"].as_array().unwrap().iter();
    changes.map(|change| (text(&change["space"]), text(&change["principal"]))).collect()
}

fn pairs(of: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let id = |number: &str| format!("group:2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f000{number}");
    of.iter().map(|(space, number)| ((*space).to_owned(), id(number))).collect()
}

const CORE: &str = "3";
const OLD: &str = "5";

#[test]
fn a_team_carries_out_its_own_lines_and_counts_the_rest() {
    let case = Case::of("eva");
    let plan = case.plan(&["--team", "eng"]);
    assert_eq!(changed(&plan), pairs(&[("ENG", CORE), ("ENG", OLD), ("ENGLAB", CORE)]));
    let left: Vec<&Value> =
        plan["unmanaged"].as_array().unwrap().iter().filter(|kept| kept["reason"] == "other-files").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((left[0]["space"].as_str(), left[0]["count"].as_u64()), (Some("ENG"), Some(23)));

    let ran = case.run(&["apply", "--team", "eng", "--yes"]).code(0);
    let said = "What is the team's is as the policy says; 23 changes are left to the files of others.";
    assert!(ran.out.ends_with(&format!("{said}\n")), "{}", ran.out);
    let again = case.plan(&["--team", "eng"]);
    assert_eq!(changed(&again), BTreeSet::new());
    // What others ask for is as it was.
    assert!(again["unmanaged"].as_array().unwrap().contains(left[0]), "{again}");
}

pub(crate) const ROLES: &str = "roles:
  Admin: {id: r-admin, type: system, permissions: [read/space, create/page, create/comment, restrict_content/space, administer/space]}
  Collaborator: {id: r-collaborator, type: system, permissions: [read/space, create/page, create/comment]}
  Viewer: {id: r-viewer, type: system, permissions: [read/space]}

spaces:
";

/// Ends, holders and labels narrow what the lines of a team are about, and never widen it.
#[test]
fn whatever_its_lines_hang_on_a_team_changes_its_own_alone() {
    const MORE: &str = "rules:
  - name: over
    spaces: {key: 'ENG*', type: team}
    access: {viewer: [{who: group:eng-old, until: 2026-01-31}]}
  - name: where contractors read
    spaces: {key: 'ENG*', where: {who: group:contractors, has: read/space}}
    access: {viewer: [{who: group:eng-leads, until: 2030-01-31}]}
  - name: of a label
    spaces: {key: 'ENG*', label: hot}
    access: {viewer: [group:eng-old]}
";
    for mode in ["pre-roles", "roles-transition"] {
        let case = Case::on("eva", |state| {
            let state = state.replace("name: Engineering lab", "name: Engineering lab\n    labels: [hot]");
            let state = state.replace(
                "title: Home, author: eva",
                "title: Home, author: eva, view: [user:eva, group:admins]",
            );
            if mode == "pre-roles" {
                state
            } else {
                state.replace("pre-roles", mode).replace("spaces:\n", ROLES)
            }
        });
        case.folder.write("teams/eng/more.yaml", MORE);
        let before = case.hosted.running.world(Held::of);
        let ran = case.run(&["apply", "--team", "eng", "--yes"]).code(0);
        let after = case.hosted.running.world(Held::of);
        let changed = before.differences(&after);
        let is_own = |line: &&String| {
            let mut words = line.split([' ', ':']);
            words.next().is_some_and(|key| key.starts_with("ENG"))
                && words.next() == Some("group")
                && words.next().is_some_and(|id| {
                    ["3", "4", "5"].iter().any(|number| id.ends_with(&format!("000{number}")))
                })
        };
        let beyond: Vec<&String> = changed.iter().filter(|line| !is_own(line)).collect();
        assert!(!changed.is_empty() && beyond.is_empty(), "{mode}: {beyond:?}\n{}", ran.out);
        case.run(&["plan", "--team", "eng", "--detailed-exitcode"]).code(0);
    }
}

#[test]
fn what_no_file_declares_goes_only_where_the_team_may_remove_it() {
    let case = Case::of("eva");
    let central = case.folder.read("confperm.yaml");
    case.folder.write("confperm.yaml", &central.replace("to: [group:eng-*]", "to: [group:eng-core]"));
    assert_eq!(changed(&case.plan(&["--team", "eng"])), pairs(&[("ENG", CORE), ("ENGLAB", CORE)]));
    let any = central.replace("to: [group:eng-*]", "to: [group:eng-core]\n    may-remove: any");
    case.folder.write("confperm.yaml", &any);
    let contractors = "7";
    assert_eq!(
        changed(&case.plan(&["--team", "eng"])),
        pairs(&[("ENG", CORE), ("ENG", OLD), ("ENG", contractors), ("ENGLAB", CORE)])
    );
}

/// A space administrator sees its own spaces only, and that is enough.
#[test]
fn nothing_else_is_read() {
    let case = Case::of("eva");
    // A file of others that a site could not carry out.
    case.folder.write(
        "others.yaml",
        "rules:\n  - name: copied\n    spaces: [NOWHERE]\n    like: live:ELSEWHERE\n  - name: all\n    spaces: [OPS]\n    absent: [group:contractors]\n",
    );
    case.run(&["plan"]).code(4);
    let before = case.hosted.running.requests().len();
    case.run(&["apply", "--team", "eng", "--yes"]).code(0);
    let others: Vec<String> = (case.hosted.running.requests().into_iter())
        .skip(before)
        .map(|request| request.path)
        .filter(|path| ["103", "OPS", "ELSEWHERE", "NOWHERE"].iter().any(|word| path.contains(word)))
        .collect();
    assert_eq!(others, [""; 0]);
}

#[test]
fn a_team_that_nothing_is_delegated_to_is_a_mistake_of_the_command_line() {
    let case = Case::of("eva");
    let ran = case.run(&["plan", "--team", "engg"]).code(64);
    assert!(ran.err.contains("did you mean `eng`?"), "{}", ran.err);
}

#[test]
fn what_a_file_of_a_team_may_not_say_blocks_every_command() {
    let case = Case::of("ann");
    case.folder.write(
        "teams/eng/more.yaml",
        "rules: [{name: more, spaces: [OPS], access: {viewer: [group:eng-core]}}]\n",
    );
    for command in [&["plan"][..], &["apply", "--yes"], &["test"], &["lock"], &["plan", "--team", "ops"]] {
        let ran = case.run(command).code(3);
        assert_eq!(ran.failures(), ["beyond-delegation"], "{}", ran.err);
    }
    assert!(case.hosted.running.requests().is_empty());
    // With another mistake beside it, the policy is invalid.
    case.folder.write("other.yaml", "rules: [{name: odd, spaces: [OPS]}]\n");
    case.run(&["plan"]).code(4);
}

#[test]
fn the_owners_of_files_are_those_of_the_delegation() {
    let case = Case::of("ann");
    let owners = |arguments: &[&str]| case.folder.run(&[&["codeowners"], arguments].concat());
    let said = owners(&["--within", "wiki/the policy"]).code(0).out;
    let lines: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "/wiki/the\\ policy/ @acme/wiki-admins",
            "/wiki/the\\ policy/teams/eng/ @acme/eng-leads",
            "/wiki/the\\ policy/teams/ops.yaml @acme/ops",
        ]
    );
    owners(&["--within", "../other"]).code(64);
    let central = case.folder.read("confperm.yaml");
    for missing in ["  owners: [\"@acme/wiki-admins\"]\n", "    owners: [\"@acme/ops\"]\n"] {
        case.folder.write("confperm.yaml", &central.replace(missing, ""));
        assert_eq!(owners(&[]).code(1).failures(), ["no-owners"]);
    }
}
