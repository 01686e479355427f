//! Everything on the site and in the policy has a name that would obey no one: nothing of it acts on a terminal or
//! on a CI host, in any command and any format.

use std::process::{Command, Stdio};

use crate::support::{Folder, Ran};

/// In YAML and JSON the same: line breaks of each kind before a word, a command to two CI hosts, colours, the title
/// of the window, the direction of writing, and invisible characters.
const NAME: &str = r#""x\nPWNED\n::error::PWNED\rPWNED\u0085PWNED\u2028PWNED\u000bPWNED\u001b[31;5mPWNED\u001b]0;PWNED\u0007\u009b31mPWNED\u202ePWNED\u2066\u200b\u00ad##vso[task.x]PWNED""#;

const SITE: &str = r"
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: MODE, edition: standard, anonymous: false, caller: ann}
users:
  ann: {account-id: u-ann, name: NAME, email: ann@x.com, confluence-admin: true}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e02, name: NAME, email: bob@x.com}
  cleo: {account-id: 5b10ac8d82e05b22cc7d4e03, name: NAME, email: cleo@x.com}
groups:
  NAME: {id: g-eng, members: [ann, bob], access: user}
spaces:
  ENG:
    id: 1
    name: NAME
    permissions:
      read/space: [user:ann, user:bob, GROUP]
      create/page: [user:bob]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: NAME, view: [user:ann, user:bob], edit: [user:ann]}
          - {id: 3, title: NAME}
    blogposts:
      - {id: 4, title: NAME}
";

const POLICY: &str = r"
version: 1
site: {url: 'sandbox:site.yaml'}
people: {ann: u-ann}
roles:
  NAME: {permissions: [read/space]}
spaces:
  ENG:
    access:
      admin: [user:ann]
      viewer: [{who: GROUP, until: 2099-01-01, why: NAME}]
    pages:
      id:2: {view: [user:ann, GROUP], edit: [user:ann]}
rules:
  - name: NAME
    spaces: [ENG]
    access: {collaborator: [user:5b10ac8d82e05b22cc7d4e03]}
tests:
  - {name: NAME, who: user:5b10ac8d82e05b22cc7d4e03, can: {edit: [ENG/id:2]}}
";

fn group() -> String {
    format!("\"group:{}", &NAME[1..])
}

fn named(text: &str) -> String {
    let file = format!("\"sandbox:{}", &NAME[1..]);
    text.replace("SANDBOX", &file).replace("GROUP", &group()).replace("NAME", NAME)
}

/// Where the policy is: the folder and the file begin lines as well, as their authors like.
const FILE: &str = "d\nPWNED\u{1b}[2J\u{202e}/x\nPWNED\r::error::PWNED\u{9b}31m.yaml";

fn repository() -> Folder {
    let folder = Folder::with(&[("site.yaml", &named(SITE).replace("MODE", "pre-roles"))]);
    let place = folder.path().join(FILE);
    std::fs::create_dir(place.parent().unwrap()).unwrap();
    folder.write(FILE, &named(POLICY));
    // A file to format, with context lines that a CI host would obey.
    std::fs::create_dir(folder.path().join(".loose")).unwrap();
    folder.write(".loose/a.yaml", "version:    1\n# x\n#\n::error::PWNED: 1\n");
    folder
}

const COMMANDS: [&[&str]; 28] = [
    &["plan"],
    &["plan", "-vv"],
    &["plan", "--format", "json"],
    &["plan", "--format", "diff"],
    &["plan", "--explain-order"],
    &["plan", "--all"],
    &["plan", "--summary"],
    &["plan", "--format", "markdown", "--titles", "all"],
    &["validate", "--format", "sarif"],
    &["plan", "--space", "NONE"],
    &["can", "ann", "view", "ENG/id:2"],
    &["can", "5b10ac8d82e05b22cc7d4e03", "edit", "ENG/id:2"],
    &["can", "ann", "view", "ENG/Hom"],
    &["can", "5b10ac8d82e05b22cc7d4e03", "edit", "ENG/id:2", "--format", "json"],
    &["who", "view", "ENG/id:2"],
    &["who", "view", "ENG/id:2", "--format", "json"],
    &["explain", "5b10ac8d82e05b22cc7d4e03", "edit", "ENG/id:2", "--planned"],
    &["explain", "5b10ac8d82e05b22cc7d4e03", "edit", "ENG/id:2", "--format", "json"],
    &["test"],
    &["test", "--live", "--format", "json"],
    &["validate", "--warn-before", "99999d"],
    &["doctor"],
    &["fmt", "--check", "--diff", ".loose/a.yaml"],
    &["fmt", "--check", "--diff"],
    &["fmt"],
    &["import", "-C", "new", "--site", "sandbox:site.yaml", "--space", "ENG", "--stdout"],
    &["snapshot", "--space", "ENG"],
    &["apply", "--yes"],
];

/// What acts on something instead of being read.
fn acts(c: char) -> bool {
    matches!(c, '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[track_caller]
fn is_harmless(what: &str, text: &str) {
    is_harmless_file(what, text);
    assert!(!text.contains("##vso["), "{what} commands Azure Pipelines:\n{text}");
}

/// A file in the repository commands no one.
#[track_caller]
fn is_harmless_file(what: &str, text: &str) {
    if let Some(c) = text.chars().find(|c| acts(*c)) {
        panic!("{what} lets {c:?} through:\n{text:?}");
    }
    for line in text.lines() {
        let line = line.trim_start();
        assert!(
            !line.starts_with("PWNED") && !line.starts_with("::"),
            "{what} lets a name begin a line:\n{text}"
        );
    }
}

#[test]
fn piped() {
    let mut seen = 0;
    for arguments in COMMANDS {
        let folder = repository();
        let ran = folder.run(arguments);
        is_harmless(&format!("{arguments:?}"), &ran.out);
        is_harmless(&format!("{arguments:?}"), &ran.err);
        assert!(!ran.err.contains("panicked"), "{arguments:?}\n{}", ran.err);
        seen += usize::from(format!("{}{}", ran.out, ran.err).contains("PWNED"));
        if arguments.contains(&"json") {
            let document: serde_json::Value = serde_json::from_str(&ran.out)
                .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{}{}", ran.out, ran.err));
            assert!(document.is_object(), "{arguments:?}");
        }
    }
    assert!(seen > COMMANDS.len() / 2, "names are in the output of {seen} commands");
}

/// What is asked for is called as something is on the site, or nearly.
#[test]
fn in_suggestions() {
    let folder = repository();
    let name: String = serde_json::from_str(NAME).unwrap();
    let nearly = format!("{}x", &name[..name.len() - 1]);
    for arguments in [
        ["can", &name, "view", "ENG"],
        ["can", &nearly, "view", "ENG"],
        ["can", &format!("group:{nearly}"), "view", "ENG"],
        ["can", "ann", &name, "ENG"],
        ["can", "ann", "view", &format!("ENG/{nearly}")],
        ["can", "ann", "view", &format!("ENG/Home/{nearly}")],
        ["can", "ann", "view", &format!("ENG/Home/{name}")],
        ["can", "ann", "view", &format!("ENG/{name}/**")],
    ] {
        let ran = folder.run(&arguments);
        assert_ne!(ran.code, 0, "{arguments:?}");
        is_harmless(&format!("{arguments:?}"), &ran.out);
        is_harmless(&format!("{arguments:?}"), &ran.err);
    }
    let meant = folder.run(&["can", &format!("group:{nearly}"), "view", "ENG"]);
    assert!(meant.said("hint:")[0].starts_with(r"did you mean `group:x\u{a}PWNED"), "{}", meant.err);
}

#[test]
fn in_files() {
    let folder = repository();
    folder.run(&["plan", "-o", "plan.json", "-o", "plan.md"]).code(0);
    is_harmless("plan.json", &folder.read("plan.json"));
    is_harmless("plan.md", &folder.read("plan.md"));
    is_harmless_file("confperm.lock", &folder.read("confperm.lock"));
    folder.run(&["import", "-C", "new", "--site", "sandbox:site.yaml", "--space", "ENG"]).code(0);
    for (path, bytes) in folder.files() {
        if path.starts_with("new") {
            is_harmless_file(&path.display().to_string(), &String::from_utf8(bytes).unwrap());
        }
    }
    assert!(folder.read("new/spaces/eng.yaml").contains("PWNED"));
}

#[test]
fn in_a_lock() {
    let folder = repository();
    for lock in [
        "version: 2\nsite: {cloud-id: NAME, url: NAME}\n",
        "version: 2\nsite: {url: NAME}\n",
        "version: 1\nsite: NAME\n",
        "version: 2\nsite: {url: 'https://acme.atlassian.net/wiki'}\ngroups: {NAME: g-gone}\nspaces: {NAME: 1}\n",
        "version: 2\nsite: {url: 'https://acme.atlassian.net/wiki'}\npeople: {NAME: {name: NAME, status: NAME}}\n",
        "NAME: 1\n",
    ] {
        folder.write("confperm.lock", &named(lock));
        for arguments in
            [&["validate"][..], &["plan", "--locked"], &["doctor"], &["can", "ann", "view", "ENG"]]
        {
            let ran = folder.run(arguments);
            is_harmless(&format!("{arguments:?} with {lock}"), &ran.out);
            is_harmless(&format!("{arguments:?} with {lock}"), &ran.err);
        }
    }
}

#[test]
fn a_snapshot_shows_what_it_holds_and_reads_back() {
    let folder = repository();
    folder.run(&["snapshot", "--space", "ENG", "-o", "copy.yaml"]).code(0);
    is_harmless("copy.yaml", &folder.read("copy.yaml"));
    let again = ["snapshot", "--space", "ENG", "--site", "sandbox:copy.yaml", "-o", "again.yaml"];
    folder.run(&again).code(0);
    assert_eq!(folder.read("again.yaml"), folder.read("copy.yaml"));
    let plan = folder.run(&["plan"]).code(0);
    assert_eq!(folder.run(&["plan", "--site", "sandbox:copy.yaml"]).code(0).out, plan.out);
}

#[test]
fn in_a_site_with_roles() {
    let folder = repository();
    let roles = format!("roles:\n  {NAME}: {{id: r1, permissions: [read/space]}}\nspaces:");
    let site = named(SITE).replace("MODE", "roles").replacen("spaces:", &roles, 1);
    let (before, after) = site.split_once("    permissions:\n      read/space").unwrap();
    let (_, pages) = after.split_once("    pages:").unwrap();
    let held =
        format!("    roles:\n      {NAME}: [user:bob, {}]\n      Admin: [user:ann]\n    pages:", group());
    folder.write("site.yaml", &format!("{before}{held}{pages}"));
    for arguments in [
        &["plan"][..],
        &["plan", "--format", "json"],
        &["explain", "5b10ac8d82e05b22cc7d4e02", "view", "ENG"],
        &["doctor"],
    ] {
        let ran = folder.run(arguments);
        is_harmless(&format!("{arguments:?}"), &ran.out);
        is_harmless(&format!("{arguments:?}"), &ran.err);
    }
}

#[test]
fn in_findings() {
    let folder = repository();
    for policy in [
        "spaces: {ENG: {access: {viewer: [GROUP, 'group:nope', NAME]}}}",
        "spaces: {ENG: {access: {NAME: [user:ann]}}}",
        "spaces: {NAME: {access: {viewer: [user:ann]}}}",
        "NAME: 1",
        "spaces: {ENG: {pages: {NAME: {view: [user:ann]}}}}",
        "people: {NAME: u-ann}\nspaces: {ENG: {access: {viewer: [user:ann]}}}",
        "site: {url: NAME}",
        "site: {url: SANDBOX}",
        "tests: [{name: t, who: GROUP, can: {view: [ENG/Nothing]}}]",
    ] {
        let site = if policy.contains("site:") { "" } else { "site: {url: 'sandbox:site.yaml'}\n" };
        folder.write(FILE, &format!("{site}{}\n", named(policy)));
        for arguments in [&["validate"][..], &["plan"], &["test"], &["doctor"], &["apply", "--yes"]] {
            let ran = folder.run(arguments);
            is_harmless(&format!("{arguments:?} of {policy}"), &ran.out);
            is_harmless(&format!("{arguments:?} of {policy}"), &ran.err);
        }
    }
}

/// Runs it on a terminal of its own, if there is a program here that makes one.
fn on_a_terminal(folder: &Folder, arguments: &[&str]) -> Option<String> {
    let quote = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
    let program = assert_cmd::cargo::cargo_bin!("confperm").to_str().unwrap().to_owned();
    let words: Vec<String> =
        std::iter::once(program.as_str()).chain(arguments.iter().copied()).map(quote).collect();
    let output = Command::new("script")
        .args(["-qec", &words.join(" "), "/dev/null"])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Some(Ran::from(output).out.replace("\r\n", "\n"))
}

/// Without colours, and without what draws a progress bar.
fn without_our_own(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic());
        match end.map(|end| after.split_at(end + 1)) {
            // Names bring "31;5m" and "]0;".
            Some((ours, others)) if ours.starts_with('[') && ours != "[31;5m" => rest = others,
            _ => {
                plain.push('\u{1b}');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain.replace('\r', "\n")
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_screen() {
    for arguments in COMMANDS {
        let Some(text) = on_a_terminal(&repository(), arguments) else {
            eprintln!("SKIPPED: there is no `script` here to make a terminal");
            return;
        };
        is_harmless(&format!("{arguments:?} on a terminal"), &without_our_own(&text));
        if arguments == ["plan"] {
            assert!(text.contains("\u{1b}["), "it is a terminal: {text}");
        }
    }
}
