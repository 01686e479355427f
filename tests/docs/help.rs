//! The whole help as one file, so that every change of the command line shows in review.

use crate::support::{check, confperm, root, said};

/// The commands that the help lists.
fn commands(help: &str) -> Vec<&str> {
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> =
        lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert!(commands.contains(&"plan"), "{commands:?}");
    commands
}

#[test]
fn every_command_has_a_manual_page() {
    let long = said(confperm(root()).arg("--help"));
    let whole = said(confperm(root()).arg("man"));
    assert!(whole.contains(".TH confperm 1"), "{whole}");
    for command in commands(&long) {
        let page = said(confperm(root()).args(["man", command]));
        assert!(page.contains(&format!(".TH confperm-{command} 1")), "{page}");
        assert!(whole.contains(&format!("confperm\\-{command}(1)")), "{command}");
    }
    let unknown = confperm(root()).args(["man", "plann"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(64));
}

#[test]
fn the_help_is_as_reviewed() {
    let long = said(confperm(root()).arg("--help"));
    let commands = commands(&long);
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
