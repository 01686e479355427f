//! The whole help as one file, so that every change of the command line shows in review.

use crate::support::{check, confperm, root, said};

#[test]
fn the_help_is_as_reviewed() {
    let long = said(confperm(root()).arg("--help"));
    let commands: Vec<&str> = long
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.contains(&"plan"), "{commands:?}");
    let mut all = format!("$ confperm --help\n{long}");
    for command in commands {
        let help = said(confperm(root()).args([command, "--help"]));
        all.push_str("\n$ confperm ");
        all.push_str(command);
        all.push_str(" --help\n");
        all.push_str(&help);
    }
    // Help is filled up with spaces here and there; editors take them away.
    let trimmed: Vec<&str> = all.lines().map(str::trim_end).collect();
    check("tests/docs/help.txt", &(trimmed.join("\n") + "\n"));
}
