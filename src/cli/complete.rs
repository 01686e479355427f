//! Completions: what a shell offers for the word under the cursor. The words are those of the command line, and the
//! spaces, principals and teams of the policy in the working directory, which is read as `validate` reads it: no site is
//! asked and nothing is printed but candidates.
//!
//! Names are data. A shell may put a candidate on the command line as it is, so only names are offered that no shell
//! reads as anything else.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use camino::Utf8Path;
use clap::{Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};
use clap_complete::{CompleteEnv, Shell};

use crate::model::{Permission, SpaceKey};
use crate::policy::{self, Named, Policy};

use super::args::Args;
use super::subject;
use super::{CliError, Exit, Output};

/// Says to a run that it is asked by a shell, and by which. It is no plain word, which a CI job may have set.
const VARIABLE: &str = "CONFPERM_COMPLETE";
const NAME: &str = "confperm";
const SHELLS: Shells<'_> = Shells(&[&Bash, &Elvish, &Fish, &Powershell, &Zsh]);
/// So long the policy may take to be read: a folder may hold a whole disk.
const PATIENCE: Duration = Duration::from_secs(1);
/// More than any reader goes through.
const MOST: usize = 1_000;

/// Answers a shell, if one asks. It is never told of an error: what is written would stand in the middle of a command.
pub(super) fn answered() -> Option<Exit> {
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(Args::command).var(VARIABLE).bin(NAME).shells(SHELLS);
    match asked.try_complete(std::env::args_os(), here.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(Exit::Done),
        Err(_) => Some(Exit::Failed),
    }
}

/// `confperm completions`: what a shell reads to ask.
pub(super) fn script(shell: Shell, out: &Output) -> Result<Exit, CliError> {
    let failed = || CliError::defect("there is no script for this shell");
    let mut text = Vec::new();
    SHELLS
        .completer(&shell.to_string())
        .and_then(|shell| shell.write_registration(VARIABLE, NAME, NAME, NAME, &mut text).ok())
        .ok_or_else(failed)?;
    out.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}

/// Bash splits words at `:` and `=`, and replaces only what stands behind the last of them.
struct Bash;

const BASH: &str = r#"_confperm() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(VARIABLE=bash confperm -- "$COMP_CWORD" "${COMP_WORDS[@]}" 2>/dev/null)
}
complete -o bashdefault -o default -F _confperm confperm
"#;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == self.name()
    }

    fn write_registration(
        &self,
        variable: &str,
        _: &str,
        _: &str,
        _: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write!(out, "{}", BASH.replace("VARIABLE", variable))
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
        let at = words.next().and_then(|at| at.parse::<usize>().ok()).unwrap_or_default();
        let (words, kept) = joined(&words.take(at.saturating_add(1)).collect::<Vec<_>>());
        let last = words.len().saturating_sub(1);
        let candidates = complete(command, words.into_iter().map(OsString::from).collect(), last, here)?;
        for candidate in candidates {
            if let Some(rest) = candidate.get_value().to_string_lossy().strip_prefix(&kept) {
                writeln!(out, "{rest}")?;
            }
        }
        Ok(())
    }
}

/// The words of a command line that bash has split, and what of the last one it keeps.
fn joined(split: &[String]) -> (Vec<String>, String) {
    let mut words: Vec<String> = Vec::new();
    let mut kept = String::new();
    let mut is_open = false;
    for word in split {
        let is_mark = !word.is_empty() && word.chars().all(|letter| ":=".contains(letter));
        match words.last_mut() {
            Some(before) if is_mark || is_open => {
                kept = if is_mark { format!("{before}{word}") } else { before.clone() };
                before.push_str(word);
            }
            _ => {
                kept.clear();
                words.push(word.clone());
            }
        }
        is_open = is_mark;
    }
    (words, kept)
}

/// The keys of spaces.
pub(super) fn spaces() -> ArgValueCompleter {
    of_policy(|policy| keys(policy).collect())
}

/// Those that questions are about.
pub(super) fn principals() -> ArgValueCompleter {
    of_policy(|policy| {
        let own = ["anonymous", "class:all-licensed-users"].map(str::to_owned);
        own.into_iter().chain(policy.people.keys().cloned()).chain(groups(policy)).collect()
    })
}

/// What a lock has.
pub(super) fn names() -> ArgValueCompleter {
    of_policy(|policy| keys(policy).chain(groups(policy)).collect())
}

pub(super) fn teams() -> ArgValueCompleter {
    of_policy(|policy| policy.delegation.teams.iter().map(|team| team.name.value.clone()).collect())
}

/// What may be done to pages and in spaces.
pub(super) fn verbs() -> ArgValueCompleter {
    let words = subject::words().into_iter().map(|(word, _)| word);
    let words = words.chain(Permission::ALL.iter().map(|permission| permission.as_str()));
    let words: BTreeSet<String> = words.map(str::to_owned).collect();
    ArgValueCompleter::new(move |current: &OsStr| candidates(words.clone(), current))
}

fn keys(policy: &Policy) -> impl Iterator<Item = String> {
    let of_rules = policy.rules.iter().flat_map(|rule| {
        let selected = rule.spaces.iter().flat_map(|selector| &selector.keys);
        selected.filter_map(|key| key.value.exact()).chain(rule.rows.keys())
    });
    policy.spaces.keys().chain(of_rules).map(SpaceKey::to_string)
}

fn groups(policy: &Policy) -> impl Iterator<Item = String> {
    let named = policy.mentions().filter_map(|mention| match mention.who {
        policy::Party::Named(Named::Group(name)) => Some(name),
        _ => None,
    });
    named.chain(policy.groups.keys()).map(|name| format!("group:{name}"))
}

fn of_policy(words: fn(&Policy) -> BTreeSet<String>) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| {
        let (sender, found) = mpsc::channel();
        std::thread::spawn(move || {
            let loaded = policy::load(Utf8Path::new("."));
            drop(sender.send(loaded.policy.as_ref().map(words).unwrap_or_default()));
        });
        candidates(found.recv_timeout(PATIENCE).unwrap_or_default(), current)
    })
}

fn candidates(words: BTreeSet<String>, current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let words = words.into_iter().filter(|word| word.starts_with(&*current) && is_plain(word));
    words.take(MOST).map(CompletionCandidate::new).collect()
}

/// Whether a word means itself to every shell, also at the beginning of a line.
fn is_plain(word: &str) -> bool {
    word.starts_with(char::is_alphanumeric)
        && word.chars().all(|letter| letter.is_alphanumeric() || ":/_-.@+".contains(letter))
}
