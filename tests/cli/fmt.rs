//! `confperm fmt` and the files on disk.

use crate::support::{Folder, Ran};

const ODD: &str = "version:   1 # one\nspaces: {ENG: {access: {admin: ['user:x']}}}\n";
const EVEN: &str = "version: 1  # one\nspaces: {ENG: {access: {admin: [user:x]}}}\n";

fn folder() -> Folder {
    let folder = Folder::with(&[
        ("b.yaml", ODD),
        ("a.yaml", EVEN),
        ("broken.yml", "a: [1\n"),
        ("notes.txt", ODD),
        ("owners.csv", "a,b\nc,d\n"),
    ]);
    folder.write("site.yaml", "kind:   confluence-sandbox\n");
    folder
}

#[test]
fn only_files_that_change_are_written_and_named() {
    let folder = folder();
    let before = std::fs::metadata(folder.path().join("a.yaml")).unwrap().modified().unwrap();
    let ran = folder.run(&["fmt"]).code(4);
    assert_eq!(ran.out, "b.yaml\n");
    assert!(ran.err.contains("broken.yml:2:1") || ran.err.contains("broken.yml:1"), "{}", ran.err);
    assert!(ran.err.contains("1 error; the files with errors were not changed"), "{}", ran.err);
    assert_eq!(folder.read("b.yaml"), EVEN);
    assert_eq!(folder.read("broken.yml"), "a: [1\n");
    assert_eq!(folder.read("notes.txt"), ODD);
    assert_eq!(folder.read("owners.csv"), "a,b\nc,d\n");
    assert_eq!(folder.read("site.yaml"), "kind:   confluence-sandbox\n");
    let after = std::fs::metadata(folder.path().join("a.yaml")).unwrap().modified().unwrap();
    assert_eq!(before, after);
    assert_eq!(folder.run(&["fmt", "a.yaml", "b.yaml"]).code(0).out, "");
}

#[test]
fn check_says_what_would_change_and_changes_nothing() {
    let folder = folder();
    let ran = folder.run(&["fmt", "--check", "b.yaml", "a.yaml"]).code(1);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("b.yaml\n", ""));
    let diff = folder.run(&["fmt", "--check", "--diff", "./b.yaml"]).code(1);
    assert!(diff.out.contains("\n-version:   1 # one\n"), "{}", diff.out);
    assert!(diff.out.contains("\n+version: 1  # one\n"), "{}", diff.out);
    assert_eq!(folder.read("b.yaml"), ODD);
    folder.run(&["fmt", "--check", "a.yaml"]).code(0);
    let missing = folder.run(&["fmt", "missing.yaml"]).code(64);
    assert!(missing.err.contains("there is no file or directory `missing.yaml`"), "{}", missing.err);
    folder.run(&["fmt", "notes.txt"]).code(64);
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_mode_and_nothing_is_written_through_a_link() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder();
    let file = folder.path().join("b.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("b.yaml", folder.path().join("link.yaml")).unwrap();
    let linked = folder.run(&["fmt", "link.yaml"]).code(1);
    assert_eq!(linked.out, "", "a file is named once it is written");
    assert!(
        linked.err.contains("`link.yaml` is a link, and nothing is written through links"),
        "{}",
        linked.err
    );
    assert_eq!(folder.read("b.yaml"), ODD);
    assert_eq!(folder.run(&["fmt"]).code(4).out, "b.yaml\n", "the file is formatted where it is");
    assert_eq!(folder.read("b.yaml"), EVEN);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(folder.path().join("link.yaml")).unwrap().is_symlink());
}

#[test]
fn editors_hand_over_what_they_hold() {
    let folder = Folder::with(&[]);
    let through = |text: &str| Ran::from(folder.confperm(&["fmt", "-"]).write_stdin(text).output().unwrap());
    assert_eq!(through(ODD).code(0).out, EVEN);
    let refused = through("a: [1\n").code(4);
    assert_eq!(refused.out, "");
    assert!(refused.err.contains("standard input"), "{}", refused.err);
    folder.run(&["fmt", "-", "--check"]).code(64);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_not_named_as_changed() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::with(&[("policy.yaml", ODD)]);
    let file = folder.path().join("policy.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let ran = folder.run(&["fmt"]).code(1);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("cannot write `policy.yaml`: the file is read-only"), "{}", ran.err);
}
