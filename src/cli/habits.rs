//! Options that other tools have, terraform above all, answered with what confperm has for them. One dash before
//! a word reads as a bundle of short options: `-out=plan.json` would be `-o ut=plan.json`.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::args::Args;
use super::error::CliError;

/// Options that confperm does not have, and what to do instead.
const FOREIGN: [(&str, &str); 17] = [
    ("auto-approve", "write `--yes`, which applies without asking"),
    ("chdir", "name the policy directory: `confperm plan DIR`, or `-C DIR` where a question comes first"),
    (
        "destroy",
        "remove the entries from the policy; in an authoritative space what is not declared is removed",
    ),
    ("generate-config-out", "`confperm import` writes the policy of live spaces"),
    ("input", "leave it out: without a terminal nothing is asked, and `apply` needs `--yes`"),
    ("json", "write `--format json`"),
    ("lock", "leave it out; `--locked` compares names with confperm.lock"),
    ("lock-timeout", "leave it out; `--locked` compares names with confperm.lock"),
    ("no-color", "set NO_COLOR=1 in the environment"),
    ("output", "write `--out FILE` for a file, or `--format` for another form"),
    ("parallelism", "leave it out: confperm adapts to the rate limit of the site"),
    ("refresh", "leave it out: every run reads the site"),
    (
        "refresh-only",
        "leave it out: every run reads the site, and `plan` shows how it differs from the policy",
    ),
    (
        "replace",
        "leave it out; in a policy, a rule with `replace` puts one principal in the place of another",
    ),
    ("target", "write `--space KEY`, which narrows the run to that space"),
    ("var", "leave it out: a policy has no variables"),
    ("var-file", "leave it out: a policy has no variables"),
];

/// The first argument that is an option of another tool, or one of ours with a dash too few.
pub(super) fn foreign(arguments: impl IntoIterator<Item = OsString>) -> Option<CliError> {
    arguments
        .into_iter()
        .filter_map(|argument| argument.into_string().ok())
        .take_while(|argument| argument != "--")
        .find_map(|argument| {
            let hint = hint(&argument)?;
            let option = argument.split('=').next().unwrap_or_default();
            Some(CliError::usage(format!("confperm has no option `{option}`"), hint))
        })
}

fn hint(argument: &str) -> Option<String> {
    let (option, value) = match argument.split_once('=') {
        Some((option, value)) => (option, Some(value)),
        None => (argument, None),
    };
    let name = option.strip_prefix('-')?;
    let (name, dashes) = name.strip_prefix('-').map_or((name, 1), |name| (name, 2));
    let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == name).map(|(_, hint)| (*hint).to_owned());
    // Two dashes and no name that others have: clap knows the rest. One dash and a letter is a short option.
    if foreign.is_none() && (dashes == 2 || name.len() < 2) {
        return None;
    }
    // Most command lines do not come here: a list of all options costs as much as reading them.
    if own_options().iter().any(|own| own == name) {
        let value = value.filter(|value| !value.is_empty()).map(|value| format!(" {value}"));
        return (dashes == 1).then(|| format!("write `--{name}{}`", value.unwrap_or_default()));
    }
    foreign
}

/// The long names of the options of all commands.
fn own_options() -> Vec<String> {
    let mut command = Args::command();
    command.build();
    std::iter::once(&command)
        .chain(command.get_subcommands())
        .flat_map(clap::Command::get_arguments)
        .filter_map(|argument| argument.get_long().map(str::to_owned))
        .collect()
}
