//! Pull requests that try to print files of the runner, to write outside of the repository, to make a run
//! wait, or to have rows read wrongly. `tests/policy/hostile.rs` does the same at random.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Folder, Ran};

const CANARY: &str = "canary-5f1d";

const POLICY: &str = "version: 1
site: {url: 'sandbox:site.yaml'}
spaces: {ENG: {access: {admin: [group:sre]}}}
";

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: ann}
users:
  ann: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Ann, email: ann@example.com, confluence-admin: true}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e02, name: Bob, email: bob@example.com}
groups:
  sre: {id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0001, members: [ann, bob], access: user}
  leads: {id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002, members: [ann]}
  2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002: {id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0003, members: [bob]}
spaces:
  ENG: {id: 101, name: Engineering, permissions: {read/space: [user:ann, group:sre], administer/space: [user:ann, group:sre]}}
";

fn rows(csv: &str, more: &str) -> String {
    format!(
        "rules: [{{name: rows, from: {{csv: {csv}, space: A, type: B, id: C{more}}}, access: export/space}}]\n"
    )
}

fn repository(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::with(&[("policy.yaml", POLICY), ("site.yaml", SITE)]);
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

/// A file outside of the repository.
fn outside(text: &str) -> Folder {
    Folder::with(&[("secret", text)])
}

fn fifo(place: &Path) {
    assert!(Command::new("mkfifo").arg(place).status().unwrap().success());
}

/// Runs with a secret in the environment, and not for long.
fn run(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.confperm(arguments);
    let output =
        command.env("CONFLUENCE_API_TOKEN", "ATATT3canary-5f1d").timeout(Duration::from_mins(1)).output();
    let ran = Ran::from(output.unwrap());
    assert!(!format!("{}{}", ran.out, ran.err).contains(CANARY), "{}{}", ran.out, ran.err);
    ran
}

#[test]
fn rows_come_from_files_of_the_policy_directory_only() {
    let secret = outside("A,B,C\ncanary-5f1d,user,canary-5f1d\n");
    let target = secret.path().join("secret");
    for (csv, to) in [
        ("owners.csv", Path::new("/proc/self/environ")),
        ("owners.csv", target.as_path()),
        ("linked/secret", secret.path()),
        ("linked/self/environ", Path::new("/proc")),
    ] {
        let folder = repository(&[("rules.yaml", &rows(csv, ""))]);
        symlink(to, folder.path().join(csv.split('/').next().unwrap())).unwrap();
        let ran = run(&folder, &["validate"]).code(4);
        assert!(ran.err.contains("error[refused-file]"), "{csv}: {}", ran.err);
        assert!(ran.err.contains("leads out of the policy directory"), "{csv}: {}", ran.err);
        assert!(ran.err.contains("rules.yaml:1:"), "{csv}: {}", ran.err);
    }
    let folder = repository(&[("rules.yaml", &rows(".git/config", ""))]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    folder.write(".git/config", "A,B,C\ncanary-5f1d,x,y\n");
    assert!(run(&folder, &["validate"]).code(4).err.contains("`.git` begins with a dot"));
}

#[test]
fn a_file_that_is_no_table_is_not_quoted() {
    for (more, text) in [
        ("", "TOKEN=canary-5f1d\nB=canary-5f1d\n"),
        (", delimiter: '|'", "canary-5f1d|A|B|canary-5f1d"),
        (", delimiter: ';'", "{\"key\": \"canary-5f1d\"}\n"),
    ] {
        let folder = repository(&[("rules.yaml", &rows("credentials", more)), ("credentials", text)]);
        let ran = run(&folder, &["validate"]).code(4);
        assert!(ran.err.contains("csv-column") || ran.err.contains("csv-quote"), "{}", ran.err);
    }
    let folder =
        repository(&[("rules.yaml", &rows("credentials", ", delimiter: '3'")), ("credentials", "A3B3C\n")]);
    assert!(run(&folder, &["validate"]).code(4).err.contains("`3` cannot separate columns"));
    // One known column cannot stand for all three.
    let one = rows("credentials", "").replace("type: B, id: C", "type: A, id: A");
    let folder = repository(&[("rules.yaml", &one), ("credentials", "A\ncanary-5f1d\n")]);
    assert!(run(&folder, &["validate"]).code(4).err.contains("the column `A` cannot be both"));
}

#[test]
fn a_file_that_is_no_state_is_not_quoted() {
    let secret = outside("canary-5f1d:x:0:0:canary-5f1d:/root:/bin/sh\n");
    let place = secret.path().join("secret");
    let at = |file: &str| POLICY.replace("sandbox:site.yaml", &format!("sandbox:{file}"));
    let refused = |folder: &Folder, words: &str| {
        for command in ["plan", "doctor", "test"] {
            let ran = run(folder, &[command]).code(1);
            assert!(ran.err.contains(words), "{command}: {}", ran.err);
        }
    };
    let folder = repository(&[("policy.yaml", &at(place.to_str().unwrap()))]);
    refused(&folder, "is not a state file");
    symlink(&place, folder.path().join("linked.yaml.txt")).unwrap();
    folder.write("policy.yaml", &at("linked.yaml.txt"));
    refused(&folder, "is not reached without links");
    symlink(secret.path(), folder.path().join("folder")).unwrap();
    fs::remove_file(folder.path().join("linked.yaml.txt")).unwrap();
    fs::remove_file(folder.path().join("folder")).unwrap();
    folder.write("policy.yaml", &at("/proc/1/environ"));
    refused(&folder, "belongs to the system");
    folder.write("policy.yaml", &at(".git/config"));
    refused(&folder, "begins with a dot");
    // A state file may be outside.
    secret.write("secret", SITE);
    folder.write("policy.yaml", &at(place.to_str().unwrap()));
    run(&folder, &["plan"]).code(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_said_in_words() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = repository(&[]);
    let name = std::ffi::OsStr::from_bytes(b"b\xff\x1b[31m.yaml");
    fs::write(folder.path().join(name), "version: 1\n").unwrap();
    let ran = run(&folder, &["validate"]).code(4);
    let said = "`.` cannot be read: the name of the file `b\u{fffd}\\u{1b}[31m.yaml` in it is not UTF-8 text";
    assert!(ran.err.contains(said), "{}", ran.err);
}

#[test]
fn nothing_waits_for_a_fifo() {
    for (name, command, code) in [
        ("more.yaml", "validate", 4),
        ("owners.csv", "validate", 4),
        ("site.yaml", "plan", 1),
        ("confperm.lock", "validate", 1),
        ("more.yaml", "fmt", 4),
    ] {
        let rules = rows("owners.csv", "");
        let folder = repository(&[]);
        if name == "owners.csv" {
            folder.write("rules.yaml", &rules);
        }
        drop(fs::remove_file(folder.path().join(name)));
        if name == "site.yaml" {
            folder.write("policy.yaml", &POLICY.replace("site.yaml", "site"));
            fifo(&folder.path().join("site"));
        } else {
            fifo(&folder.path().join(name));
        }
        let ran = run(&folder, &[command]).code(code);
        assert!(ran.err.contains("is a FIFO, not a regular file"), "{name}: {}", ran.err);
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let elsewhere = Folder::with(&[]);
    let untouched = || assert_eq!(elsewhere.files(), [], "nothing is written outside");
    // What an apply to a sandbox remembers, and journals.
    let folder = repository(&[]);
    symlink(elsewhere.path(), folder.path().join(".confperm")).unwrap();
    let ran = run(
        &folder,
        &["apply", "--yes", "--override", "max-removals", "--override", "min-admins", "--why", "x"],
    );
    assert_ne!(ran.code, 0, "{}", ran.err);
    untouched();
    // The lock, a saved plan, and imported files.
    let folder = repository(&[]);
    let target = elsewhere.path().join("file");
    symlink(&target, folder.path().join("confperm.lock")).unwrap();
    run(&folder, &["plan"]);
    untouched();
    fs::remove_file(folder.path().join("confperm.lock")).unwrap();
    symlink(&target, folder.path().join("plan.json")).unwrap();
    let ran = run(&folder, &["plan", "-o", "plan.json"]).code(64);
    assert!(ran.err.contains("nothing is written through links"), "{}", ran.err);
    untouched();
    let folder = repository(&[("policy.yaml", "version: 1\nsite: {url: 'sandbox:site.yaml'}\n")]);
    symlink(elsewhere.path(), folder.path().join("spaces")).unwrap();
    assert_ne!(run(&folder, &["import", "--space", "ENG"]).code, 0);
    untouched();
}

#[test]
fn an_open_quote_takes_no_access_away() {
    let folder = repository(&[
        ("rules.yaml", &rows("access.csv", "")),
        ("access.csv", "A,B,C,Note\nENG,group,sre,\"ok\nENG,group,leads,ok\n"),
    ]);
    let ran = run(&folder, &["plan"]).code(4);
    assert!(ran.err.contains("access.csv:2:15") && ran.out.is_empty(), "{}", ran.err);
}

#[test]
fn a_column_named_twice_grants_nothing() {
    let folder = repository(&[
        ("rules.yaml", &rows("owners.csv", "")),
        ("owners.csv", "A,B,C,C\nENG,group,leads,sre\n"),
    ]);
    let ran = run(&folder, &["plan"]).code(4);
    assert!(ran.err.contains("has two columns `C`, number 3 and 4"), "{}", ran.err);
}

#[test]
fn an_id_that_is_also_a_name_grants_nothing() {
    let folder = repository(&[
        ("rules.yaml", &rows("owners.csv", "")),
        ("owners.csv", "A,B,C\nENG,group,2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002\n"),
    ]);
    let ran = run(&folder, &["plan"]).code(4);
    assert!(ran.err.contains("is the id of the group `leads` and the name of another group"), "{}", ran.err);
    assert!(ran.err.contains("owners.csv:2:11"), "{}", ran.err);
}

#[test]
fn spreadsheets_mark_their_files_and_that_is_understood() {
    let folder = repository(&[
        ("rules.yaml", &rows("owners.csv", "")),
        ("owners.csv", "\u{feff}sep=|\r\nA|B|C\r\nENG|GROUP|leads\r\nENG|ANONYMOUS|\r\nENG|Role|x\r\n"),
    ]);
    let ran = run(&folder, &["plan"]).code(0);
    assert!(ran.out.contains("group:leads"), "{}", ran.out);
    let note = "2 rows are skipped: 1 of type `anonymous`, 1 of type `role`";
    assert!(ran.err.contains("warning[skipped-rows]") && ran.err.contains(note), "{}", ran.err);
    folder.write("rules.yaml", &rows("owners.csv", ", types: [group]"));
    assert!(!run(&folder, &["plan"]).code(0).err.contains("skipped"));
}

#[test]
fn a_first_line_cannot_name_just_anything_as_the_delimiter() {
    for (first, code) in [
        ("sep=é", 4),
        ("sep=3", 4),
        ("sep=", 4),
        ("sep=\"", 4),
        ("sep=;;;", 4),
        ("sep=,", 0),
        ("SEP=,,,", 0),
        ("\"sep=,\"", 0),
    ] {
        let folder = repository(&[
            ("rules.yaml", &rows("owners.csv", "")),
            ("owners.csv", &format!("{first}\r\nA,B,C\r\nENG,group,sré\r\n")),
        ]);
        let ran = run(&folder, &["validate"]).code(code);
        assert!(!ran.err.contains("panicked"), "{first}: {}", ran.err);
        let refused = ran.err.contains("owners.csv:1:1") && ran.err.contains("can separate columns");
        assert_eq!(refused, code == 4 && first != "sep=;;;", "{first}: {}", ran.err);
    }
}

#[test]
fn what_no_reviewer_sees_is_refused() {
    for hidden in ["\u{202e}", "\u{2066}", "\u{200b}", "\u{ad}", "\u{2028}", "\u{85}"] {
        let table = format!("A,B,C,Note\nENG,group,leads,{hidden}x\n");
        for (file, text) in [
            ("more.yaml", format!("# {hidden}x\nrules: []\n").as_str()),
            (
                "more.yaml",
                &format!("rules: [{{name: 'a{hidden}b', spaces: [ENG], access: {{viewer: [group:sre]}}}}]\n"),
            ),
            ("owners.csv", &table),
        ] {
            let folder = repository(&[("rules.yaml", &rows("owners.csv", "")), ("owners.csv", "A,B,C\n")]);
            folder.write(file, text);
            let ran = run(&folder, &["validate"]).code(4);
            assert!(ran.err.contains("error[hidden-character]"), "{hidden:?} {file}: {}", ran.err);
            assert!(ran.err.contains(file), "{hidden:?} {file}: {}", ran.err);
        }
    }
    // Where a script, an emoji or an editor needs them, and where they are written to be seen.
    let names = "rules: [{name: \"می\u{200c}خواهم \u{1f469}\u{200d}\u{1f4bb} \\u202e\", spaces: [ENG], access: {viewer: [group:sre]}}]\n";
    let folder = repository(&[("more.yaml", &format!("\u{feff}{names}"))]);
    run(&folder, &["validate"]).code(0);
}

#[test]
fn both_sides_of_a_merge_are_told_once() {
    let folder =
        repository(&[("more.yaml", "spaces:\n<<<<<<< HEAD\n  OPS: {}\n=======\n  HR: {}\n>>>>>>> x\n")]);
    let ran = run(&folder, &["validate"]).code(4);
    assert_eq!(ran.err.matches("error[").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("error[merge-conflict]") && ran.err.contains("more.yaml:2:1"), "{}", ran.err);
}

#[test]
fn a_directory_that_is_none_is_wrong_usage() {
    let folder = repository(&[]);
    for command in ["validate", "plan", "apply"] {
        if command == "apply" {
            // Any other file may be a plan that was saved.
            let ran = run(&folder, &[command, "policy.yaml"]).code(1);
            assert!(ran.err.contains("`policy.yaml`: this is not a plan"), "{}", ran.err);
        } else {
            let ran = run(&folder, &[command, "policy.yaml"]).code(64);
            assert!(ran.err.contains("`policy.yaml` is not a directory"), "{}", ran.err);
        }
        let ran = run(&folder, &[command, "nowhere"]).code(64);
        assert!(ran.err.contains("there is no directory `nowhere`"), "{}", ran.err);
    }
}

#[test]
fn a_state_file_cannot_keep_a_run_busy() {
    let begin = SITE.split_once("users:").unwrap().0;
    let aliases: Vec<String> = ('a'..'k')
        .zip('b'..='k')
        .map(|(one, next)| format!("{next}: &{next} [{}x]\n", format!("*{one}, ").repeat(8)))
        .collect();
    let aliases = aliases.concat();
    for (text, words) in [
        (format!("{begin}users: {}\n", "[".repeat(200_000)), "is nested too deeply"),
        (format!("{begin}users: {}\n", "[ # ]\n".repeat(200_000)), "is nested too deeply"),
        (format!("{begin}a: &a [x, x]\n{aliases}"), "site.yaml"),
    ] {
        let folder = repository(&[("site.yaml", &text)]);
        let ran = run(&folder, &["plan"]).code(1);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
}

#[test]
fn what_is_too_large_is_not_parsed() {
    let folder = repository(&[("rules.yaml", &rows("owners.csv", ""))]);
    for (name, megabytes, words) in [
        ("owners.csv", 33, "`owners.csv` is larger than 32 megabytes"),
        ("more.yaml", 9, "`more.yaml` is larger than 8 megabytes"),
    ] {
        let file = fs::File::create(folder.path().join(name)).unwrap();
        file.set_len(megabytes * 1024 * 1024).unwrap();
        let ran = run(&folder, &["validate"]).code(4);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    fs::remove_file(folder.path().join("more.yaml")).unwrap();
    folder.write("rules.yaml", "");
    // What a run writes itself has room for large sites, and a bound all the same.
    let large = |name: &str, megabytes: u64| {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        folder.write(name, if name == "site.yaml" { "kind: confluence-sandbox\n" } else { "" });
        let file = fs::File::options().write(true).open(folder.path().join(name)).unwrap();
        file.set_len(megabytes * 1024 * 1024).unwrap();
    };
    for (name, megabytes, limit, code) in [
        // Without it, a run goes on and says what it cannot know.
        (".confperm/journal/20260101T000000.000Z-000.ndjson", 2049, 2048, 0),
        (".confperm/site.yaml.ndjson", 1025, 1024, 1),
        ("site.yaml", 1025, 1024, 1),
        ("confperm.lock", 257, 256, 1),
    ] {
        large(name, megabytes);
        let ran = run(&folder, &["apply", "--yes"]).code(code);
        let words = format!("is larger than {limit} megabytes");
        assert!(ran.err.contains(name) && ran.err.contains(&words), "{name}: {}", ran.err);
    }
}
