//! A copy of the examples, and a command line that knows nothing of the machine it runs on.

use std::fs;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

pub(crate) fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with a copy of `examples`, as a fresh clone has it.
pub(crate) fn clone_of_examples() -> (TempDir, Utf8PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
    copy(&root().join("examples"), &folder.join("examples"));
    (temporary, folder)
}

pub(crate) fn copy(from: &Utf8Path, to: &Utf8Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        // What an apply did is remembered in a hidden folder; a fresh clone has none.
        if entry.file_name().starts_with('.') {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_symlink() {
            link(&entry.path().read_link_utf8().unwrap(), &to);
        } else if entry.file_type().unwrap().is_dir() {
            copy(entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[cfg(unix)]
fn link(to: &Utf8Path, at: &Utf8Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

#[cfg(not(unix))]
fn link(_: &Utf8Path, _: &Utf8Path) {}

/// The program, in a folder, with an empty environment.
pub(crate) fn confperm(folder: &Utf8Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confperm"));
    command.env_clear().current_dir(folder);
    command
}

/// What the program says on stdout, when it ends well.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}\n{talk}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Held while a page is compared and rewritten: several tests write parts of the same page.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static PAGES: Mutex<()> = Mutex::new(());
    // A test that found a difference panics while it holds it.
    PAGES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "a switch for those who run the tests")]
fn updating() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

/// Compares with what the file says; `UPDATE_SNAPSHOTS=1` writes it.
pub(crate) fn check(file: &str, found: &str) {
    let path = root().join(file);
    if updating() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{file} is out of date; run with UPDATE_SNAPSHOTS=1 and read the difference:\n{}",
        similar::TextDiff::from_lines(expected.as_str(), found).unified_diff()
    );
}

/// The documents of the repository, the pages of `docs` last.
pub(crate) fn documents() -> Vec<Utf8PathBuf> {
    let named = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "THREAT-MODEL.md", "CHANGELOG.md"];
    named.into_iter().map(Utf8PathBuf::from).chain(pages()).collect()
}

/// The pages of `docs`.
pub(crate) fn pages() -> Vec<Utf8PathBuf> {
    let entries = root().join("docs").read_dir_utf8().unwrap().map(|entry| entry.unwrap());
    let mut pages: Vec<_> = entries.map(|entry| Utf8Path::new("docs").join(entry.file_name())).collect();
    pages.retain(|page| page.extension() == Some("md"));
    pages.sort();
    pages
}

/// Runs the `console` blocks of `FOLDER/NAME.md` in `FOLDER/NAME.in`. `TRYCMD=overwrite` writes what the
/// commands say now into the file.
pub(crate) fn run_console(file: &Utf8Path) {
    let cases = trycmd::TestCases::new();
    cases.register_bin("confperm", Utf8Path::new(env!("CARGO_BIN_EXE_confperm")).as_std_path());
    cases.timeout(Duration::from_mins(1));
    for name in ["URL", "USERNAME", "API_TOKEN", "PERSONAL_TOKEN"] {
        for ending in ["", "_FILE", "_COMMAND"] {
            cases.env(format!("CONFLUENCE_{name}{ending}"), "");
        }
    }
    cases.env("NO_COLOR", "1").env("COLUMNS", "100");
    cases.case(file);
    cases.run();
}
