//! `invalid/<code>/` holds policies that are wrong in one way each, with the findings as they are drawn in
//! `expected.txt`; `refused/<code>/` valid ones that their own guards block; `valid/` holds policies that are right. `UPDATE_SNAPSHOTS=1` writes the expectations.

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::{Code, Diagnostics, Sources};
use confperm::policy::{Breaches, Loaded, load};
use confperm::render::diagnostics::{Paint, draw};

use crate::site::TODAY;

pub(crate) fn folder(name: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy").join(name)
}

pub(crate) fn folders(name: &str) -> Vec<Utf8PathBuf> {
    let mut found: Vec<Utf8PathBuf> = folder(name)
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[expect(clippy::disallowed_methods, reason = "a switch for those who run the tests")]
fn updating() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

pub(crate) fn check(file: &Utf8Path, found: &str) {
    if updating() {
        fs::write(file, found).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(found, expected, "{file}: run with UPDATE_SNAPSHOTS=1 and read the difference");
}

pub(crate) fn drawn(findings: &Diagnostics, sources: &Sources) -> String {
    draw(findings, sources, Paint::Plain).replace(folder("").as_str(), "")
}

#[test]
fn each_mistake_is_told_as_expected() {
    for folder in folders("invalid") {
        let Loaded { findings, sources, policy } = load(&folder);
        let code = folder.file_name().unwrap();
        assert!(findings.iter().any(|finding| finding.code.as_str() == code), "{folder}: {findings:#?}");
        assert_eq!(policy.is_none(), findings.has_errors(), "{folder}");
        check(&folder.join("expected.txt"), &drawn(&findings, &sources));
    }
}

#[test]
fn what_guards_forbid_is_told_and_the_policy_is_valid() {
    for folder in folders("refused") {
        let Loaded { findings, sources, policy } = load(&folder);
        assert!(findings.is_empty(), "{folder}: {findings:#?}");
        let Breaches { sure, perhaps } = policy.unwrap().breaches(TODAY.today);
        let breaches: Diagnostics = sure.into_values().flatten().chain(perhaps).collect();
        let code = folder.file_name().unwrap();
        assert!(breaches.iter().all(|finding| finding.code.as_str() == code), "{folder}: {breaches:#?}");
        check(&folder.join("expected.txt"), &drawn(&breaches, &sources));
    }
}

#[test]
fn every_code_has_a_fixture() {
    let told: BTreeSet<String> = folders("invalid")
        .into_iter()
        .chain(folders("unresolved"))
        .chain(folders("refused"))
        .map(|folder| folder.file_name().unwrap().to_owned())
        .collect();
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    // Files that cannot be read, and files of many megabytes, are no fixtures: see the tests below. What
    // cannot be formatted can be a good policy: see `formatting`. A lock is no policy: see `locking`.
    let elsewhere = [Code::UnreadableFile, Code::FileTooLarge, Code::LeftUnformatted, Code::InvalidLock]
        .map(Code::as_str);
    let missing: Vec<_> =
        codes.difference(&told).filter(|code| !elsewhere.contains(&code.as_str())).collect();
    let unknown: Vec<_> = told.difference(&codes).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_a_gap() {
    let loaded = load(Utf8Path::new("no/such/folder"));
    assert!(loaded.policy.is_none());
    assert!(loaded.findings.iter().any(|finding| finding.code == Code::UnreadableFile));
}

#[test]
fn huge_files_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("huge.yaml"), "#".repeat(9 * 1024 * 1024)).unwrap();
    fs::write(folder.path().join("small.yaml"), "version: 1\nspaces: {ENG: {}}\n").unwrap();
    let loaded = load(Utf8Path::from_path(folder.path()).unwrap());
    let codes: Vec<Code> = loaded.findings.iter().map(|finding| finding.code).collect();
    assert_eq!((codes.as_slice(), loaded.policy), ([Code::FileTooLarge, Code::MissingKey].as_slice(), None));
}

#[cfg(unix)]
#[test]
fn links_are_followed_to_files_and_not_to_folders() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::write(inside.join("policy.yaml"), "version: 1\n").unwrap();
    std::os::unix::fs::symlink(folder.path(), inside.join("circle")).unwrap();
    std::os::unix::fs::symlink(folder.path(), inside.join("circle.yaml")).unwrap();
    std::os::unix::fs::symlink(inside.join("policy.yaml"), folder.path().join("link.yaml")).unwrap();
    let loaded = load(Utf8Path::from_path(folder.path()).unwrap());
    let files: Vec<&str> = loaded.sources.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(
        (files.as_slice(), loaded.findings.len()),
        (["inside/policy.yaml", "link.yaml"].as_slice(), 0)
    );
}

#[test]
fn valid_policies_have_no_findings() {
    for folder in folders("valid") {
        let Loaded { findings, sources, policy } = load(&folder);
        assert!(findings.is_empty() && policy.is_some(), "{folder}\n{}", drawn(&findings, &sources));
    }
}
