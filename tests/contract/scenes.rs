//! What confperm is run for: every command that talks to a site, in every mode.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::exchange::{Exchange, Recorder, Sender};
use crate::site::{self, Mode};

/// Runs the commands in a mode and gives all their requests.
pub(crate) fn client(mode: Mode) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    let everything: Vec<_> = COMMANDS.iter().collect();
    let much: Vec<_> =
        COMMANDS.iter().filter(|(arguments, _)| matches!(arguments[0], "import" | "apply")).collect();
    for (quirks, commands) in [("", everything), (SHORT_PAGES, much)] {
        let recorder = Recorder::before(&site::state(mode, quirks));
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = if mode.has_grants() { GRANTS } else { ASSIGNMENTS };
        write(&folder, &POLICY.replace("ACCESS", first));
        for (arguments, codes) in commands {
            run(&recorder, &folder, mode, arguments, codes);
        }
        write(&folder, &POLICY.replace("ACCESS", second));
        run(&recorder, &folder, mode, &["apply", "--yes"], &[0]);
        exchanges.extend(recorder.exchanges());
    }
    // A list that is opened beside one that stays, where the site keeps what a PUT does not mention.
    let recorder = Recorder::before(&site::state(mode, KEEPS));
    let folder = tempfile::tempdir().unwrap();
    write(&folder, OPENED);
    run(&recorder, &folder, mode, &["apply", "--yes"], &[0]);
    exchanges.extend(recorder.exchanges());
    exchanges
}

/// Each command with the exit codes that it may have here.
const COMMANDS: [(&[&str], &[i32]); 12] = [
    (&["doctor"], &[0]),
    (&["plan"], &[0]),
    (&["can", "bob", "edit", "ENG/Closed"], &[0, 3]),
    (&["who", "view", "ENG/Closed"], &[0, 3]),
    (&["explain", "eve", "view", "ENG/Closed/Below"], &[0, 3]),
    (&["can", "group:crowd3", "view", "BIG/Crowded", "--planned"], &[0, 3]),
    (&["test", "--live"], &[0, 3]),
    (&["test"], &[0, 3]),
    (&["snapshot", "--all", "--include-archived", "-o", "../snapshot.yaml"], &[0]),
    (&["import", "--all", "--include-archived", "-C", "../imported"], &[0]),
    (&["apply", "--yes"], &[0]),
    (&["plan", "--space", "ENG"], &[0]),
];

/// The policy has a folder to itself.
fn write(folder: &TempDir, text: &str) {
    let directory = folder.path().join("policy");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("policy.yaml"), text).unwrap();
}

fn run(recorder: &Recorder, folder: &TempDir, mode: Mode, arguments: &[&str], codes: &[i32]) {
    recorder.scene(Sender::Client, format!("confperm {}, {}", arguments.join(" "), mode.name()));
    let Output { status, stdout, stderr } =
        confperm(recorder, &folder.path().join("policy"), arguments).output().unwrap();
    let said = || [&stdout, &stderr].map(|text| String::from_utf8_lossy(text).into_owned()).join("\n");
    let code = status.code().unwrap();
    assert!(codes.contains(&code), "confperm {} in {}: {code}\n{}", arguments.join(" "), mode.name(), said());
}

fn confperm(recorder: &Recorder, folder: &Path, arguments: &[&str]) -> Command {
    let caller = recorder.credentials();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("confperm"));
    command
        .current_dir(folder)
        .env_clear()
        .env("CONFLUENCE_URL", format!("{}/wiki", recorder.origin()))
        .env("CONFLUENCE_USERNAME", caller.email)
        .env("CONFLUENCE_API_TOKEN", caller.token)
        .args(arguments);
    command
}

/// Page lists of each kind (closed, opened, half opened, one entry more, joined by label), rules that choose spaces by label
/// and by what they hold, and access tests.
const POLICY: &str = "
version: 1
people: {ann: a-ann, bob: a-bob, eve: a-eve}
guards: {max-removals: 100%}
spaces:
  ENG:
    mode: authoritative
    access: ACCESS
    pages:
      /Open: {view: [user:ann, group:eng], edit: [user:ann]}
      /Closed: {view: anyone, edit: anyone}
      /Half: {view: anyone, edit: [user:ann]}
      /Folder/In folder: {edit: [user:ann]}
      label:plans: {also-view: [group:ops]}
  BIG:
    mode: additive
    pages:
      /Crowded: {view: [user:ann, group:eng]}
roles:
  auditor: {permissions: [read/space, export/space], site-role: Auditor}
rules:
  - name: by label
    spaces: {label: team}
    access: {viewer: [group:team]}
  - name: by pattern
    spaces: {key: '*', not: [OPS]}
    absent: [user:eve]
tests:
  - name: eve is nowhere
    who: user:eve
    cannot: {view: [ENG, ENG/Closed], edit: ['ENG/**']}
  - name: bob and ann see the open page
    who: user:bob
    can: {view: [ENG/Open], edit: [ENG/Half]}
";

/// Who may do what in ENG, at first and in the end.
const GRANTS: (&str, &str) = (
    "{create/comment: [group:eng, group:ops], read/space: [group:eng, group:ops, anonymous], admin: [user:ann]}",
    "{read/space: [group:eng], admin: [user:ann]}",
);
const ASSIGNMENTS: (&str, &str) = (
    "{collaborator: [group:eng], auditor: ['class:all-licensed-users', anonymous], admin: [user:ann]}",
    "{viewer: [group:eng], admin: [user:ann]}",
);

/// A site that does not tell its mode, with many pages and some that are empty.
const SHORT_PAGES: &str = "space-role-mode-absent: true, empty-pages: true, page-cap: 50";

const KEEPS: &str =
    "put-keeps-missing-operations: true, empty-restriction: refused, update-without-read: refused";

const OPENED: &str = "
version: 1
people: {ann: a-ann}
guards: {max-removals: 100%}
spaces:
  ENG:
    mode: additive
    pages:
      /Half: {view: anyone, edit: [user:ann]}
";
