//! Completions: what a shell is offered, by the program itself and by the shells that are installed.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::Folder;

/// Names that a shell would not read as names, beside some that it would.
const POLICY: &str = r#"version: 1
site: {url: "http://127.0.0.1:9/wiki"}
people: {ann: u-ann, anton: u-anton}
spaces:
  ENG: {access: {viewer: ['group:eng', 'group:x; touch pwned', 'group:$(touch pwned)', 'group:*', "group:two words"]}}
  OPS: {access: {viewer: ['group:`touch pwned`', "group:a\tb", "group:büro"]}}
rules: [{name: all, spaces: [EXTRA], access: {viewer: ['group:everyone']}}]
delegation:
  teams/eng/**: {spaces: [ENG], to: ['group:e*']}
  teams/$(touch pwned)/**: {spaces: [OPS], to: ['group:e*']}
"#;

fn folder() -> Folder {
    Folder::with(&[("policy.yaml", POLICY)])
}

fn asked(folder: &Folder, shell: &str, words: &[&str]) -> Output {
    let mut command = folder.confperm(&["--"]);
    command.env("CONFPERM_COMPLETE", shell);
    command.args(words).output().unwrap()
}

/// What is offered for the last of some words, in the way of bash.
fn offered(folder: &Folder, words: &[&str]) -> Vec<String> {
    let at = words.len().to_string();
    let words: Vec<&str> = [at.as_str(), "confperm"].into_iter().chain(words.iter().copied()).collect();
    let output = asked(folder, "bash", &words);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn names_of_the_policy_are_offered() {
    let folder = folder();
    for (words, wanted) in [
        (&["plan", "--space", ""][..], &["ENG", "EXTRA", "OPS"][..]),
        (&["plan", "--space", "E"], &["ENG", "EXTRA"]),
        (&["apply", "--team", ""], &["eng"]),
        (&["can", "an"], &["ann", "anonymous", "anton"]),
        (&["can", "group:e"], &["group:eng", "group:everyone"]),
        (&["can", "ann", "vi"], &["view"]),
        (&["can", "ann", "view", "O"], &["OPS"]),
        (&["lock", "--accept", "group:b"], &["group:büro"]),
        (&["pl"], &["plan"]),
        // As bash splits them.
        (&["can", "group", ":", "e"], &["eng", "everyone"]),
        (&["can", "group", ":"], &["büro", "eng", "everyone"]),
        (&["plan", "--team", "=", "e"], &["eng"]),
        (&["plan", "--team", "="], &["eng"]),
    ] {
        assert_eq!(offered(&folder, words), wanted, "{words:?}");
    }
}

#[test]
fn names_that_a_shell_would_run_are_not_offered() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        for words in [&["confperm", "can", ""][..], &["confperm", "plan", "--team", ""]] {
            let index = (words.len() - 1).to_string();
            let words: Vec<&str> = match shell {
                "bash" => std::iter::once(index.as_str()).chain(words.iter().copied()).collect(),
                _ => words.to_vec(),
            };
            let mut command = folder.confperm(&["--"]);
            command.env("CONFPERM_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", &index);
            let output = command.args(&words).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(!text.is_empty(), "{shell}");
            for word in ["pwned", "two", "group:*", "a\tb"] {
                assert!(!text.contains(word), "{shell}: {text}");
            }
        }
    }
}

#[test]
fn what_cannot_be_read_offers_nothing_and_says_nothing() {
    let folder = Folder::with(&[("policy.yaml", "version: 1\nspaces: [no\n")]);
    assert_eq!(offered(&folder, &["plan", "--space", ""]), [""; 0]);
    let empty = Folder::with(&[]);
    assert_eq!(offered(&empty, &["plan", "--space", ""]), [""; 0]);
    let output = asked(&folder, "tcsh", &["confperm", "plan"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    // Without a word from the script, the program does what it always does.
    folder.run(&["validate"]).code(4);
}

/// What a shell says, or nothing where it is not installed.
#[expect(clippy::disallowed_methods, reason = "shells are where this process finds them")]
#[expect(clippy::print_stderr, reason = "what is skipped is said aloud")]
fn said(folder: &Folder, shell: &str, arguments: &[&str]) -> Option<String> {
    let program = Path::new(assert_cmd::cargo::cargo_bin!("confperm")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell);
    command.current_dir(folder.path()).env("PATH", path).env("HOME", folder.path()).args(arguments);
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: {shell} is not installed, so its completions are not tried");
        return None;
    };
    assert!(output.status.success(), "{shell}: {output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn bash_offers_them() {
    let script = r#"
        source <(confperm completions bash)
        offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _confperm; printf '%s,' "${COMPREPLY[@]}"; echo; }
        offer confperm plan --space E
        offer confperm can group : e
        offer confperm can '$(touch pwned)' v
        offer confperm can 'group' ':' '*'
    "#;
    let folder = folder();
    let Some(said) = said(&folder, "bash", &["--norc", "-c", script]) else { return };
    assert_eq!(said, "ENG,EXTRA,\neng,everyone,\nview,\n,\n");
    assert!(!folder.path().join("pwned").exists());
}

#[test]
fn zsh_offers_them() {
    // What compsys defines is not there in a script.
    let script = "
        compdef() { : }
        _describe() { print -rl -- ${(P)${@[-1]}} }
        source <(confperm completions zsh)
        words=(confperm plan --space E) CURRENT=4
        _clap_dynamic_completer_confperm
        words=(confperm can group:e) CURRENT=3
        _clap_dynamic_completer_confperm
    ";
    let Some(said) = said(&folder(), "zsh", &["-f", "-c", script]) else { return };
    assert_eq!(said.lines().collect::<Vec<_>>(), ["ENG", "EXTRA", r"group\:eng", r"group\:everyone"]);
}

#[test]
fn fish_offers_them() {
    let script = "
        confperm completions fish | source
        complete -C 'confperm plan --space E'
        complete -C 'confperm can group:e'
    ";
    let Some(said) = said(&folder(), "fish", &["--no-config", "-c", script]) else { return };
    assert_eq!(said.lines().collect::<Vec<_>>(), ["ENG", "EXTRA", "group:eng", "group:everyone"]);
}
