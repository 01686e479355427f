//! The commands that answer questions about access, run as an administrator would run them.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which stop where something is not as it must be")]

mod plans;
mod questions;
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// What a run said, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Ran {
    /// Everything in one text, for snapshots.
    pub(crate) fn whole(&self) -> String {
        let talk: Vec<&str> = self.talk.lines().filter(|line| !line.starts_with("Reading ")).collect();
        let talk = if talk.is_empty() { String::new() } else { format!("\n[stderr]\n{}", talk.join("\n")) };
        format!("{}[exit {}]{talk}", self.out, self.code)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Runs confperm in a directory, with nothing in its environment.
pub(crate) fn run_in(directory: &Path, words: &str) -> Ran {
    run_args(directory, &words.split_whitespace().collect::<Vec<_>>())
}

/// The same with arguments that may be blank.
pub(crate) fn run_args(directory: &Path, arguments: &[&str]) -> Ran {
    let output = Command::cargo_bin("confperm")
        .unwrap()
        .env_clear()
        .env("NO_COLOR", "1")
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        talk: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A policy directory of its own, with the site of an example.
pub(crate) fn site(example: &str, policy: Option<&str>) -> TempDir {
    let directory = TempDir::new().unwrap();
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    fs::copy(from.join("site.yaml"), directory.path().join("site.yaml")).unwrap();
    match policy {
        Some(policy) => fs::write(directory.path().join("policy.yaml"), policy).unwrap(),
        None => drop(fs::copy(from.join("confperm.yaml"), directory.path().join("confperm.yaml")).unwrap()),
    }
    directory
}

/// Runs confperm on the quickstart.
pub(crate) fn quickstart(words: &str) -> Ran {
    run_in(site("quickstart", None).path(), words)
}
