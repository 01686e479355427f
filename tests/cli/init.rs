//! `confperm init`: a repository that is valid from the start.

use crate::support::Folder;

#[test]
fn what_it_writes_is_valid_and_nothing_is_overwritten() {
    let folder = Folder::with(&[]);
    let written = folder.run(&["init", "policy"]).code(0);
    assert_eq!(
        written.out,
        ".github/workflows/confperm.yml\n.gitignore\nREADME.md\nconfperm.yaml\nspaces/example.yaml\n"
    );
    folder.run(&["validate", "policy"]).code(0);
    assert!(folder.read("policy/.gitignore").lines().any(|line| line == ".confperm/"));

    let before = folder.files();
    let refused = folder.run(&["init", "policy"]).code(1);
    assert!(refused.err.contains("confperm.yaml, spaces/example.yaml"), "{}", refused.err);
    assert_eq!(folder.files(), before);
}

#[test]
fn a_repository_keeps_its_readme_and_its_ignored_files() {
    let folder = Folder::with(&[("README.md", "ours\n"), (".gitignore", "/target\n")]);
    let written = folder.run(&["init"]).code(0);
    assert_eq!(written.out, ".github/workflows/confperm.yml\nconfperm.yaml\nspaces/example.yaml\n");
    assert!(
        written.err.contains("Left as it is: .gitignore, README.md; put a line `.confperm/` into .gitignore"),
        "{}",
        written.err
    );
    assert_eq!(
        (folder.read("README.md"), folder.read(".gitignore")),
        ("ours\n".to_owned(), "/target\n".to_owned())
    );
    folder.run(&["validate"]).code(0);

    let folder = Folder::with(&[("confperm.yaml", "version: 1\n"), ("README.md", "ours\n")]);
    let refused = folder.run(&["init"]).code(1);
    assert!(refused.err.contains("so nothing was written: confperm.yaml"), "{}", refused.err);
    assert!(!refused.err.contains("README"), "{}", refused.err);
}

#[test]
fn it_takes_the_address_from_the_environment() {
    let folder = Folder::with(&[]);
    let mut command = folder.confperm(&["init"]);
    command.env("CONFLUENCE_URL", "https://acme.atlassian.net/wiki/").assert().success();
    assert!(folder.read("confperm.yaml").contains("\n  url: https://acme.atlassian.net/wiki\n"));
    folder.run(&["validate"]).code(0);

    let folder = Folder::with(&[]);
    let mut command = folder.confperm(&["init"]);
    command.env("CONFLUENCE_URL", "https://ann:secret@acme.atlassian.net/wiki").assert().code(1);
    assert_eq!(folder.files(), []);
}

/// The example becomes a policy when its comment signs go.
#[test]
fn the_example_is_a_policy() {
    let folder = Folder::with(&[]);
    folder.run(&["init"]).code(0);
    let example = folder.read("spaces/example.yaml");
    let (_, space) = example.split_once("#\n").unwrap();
    let uncommented: String =
        space.lines().map(|line| line.trim_start_matches("# ").to_owned() + "\n").collect();
    folder.write("spaces/example.yaml", &uncommented);
    let valid = folder.run(&["validate"]).code(0);
    assert!(valid.out.contains("1 space"), "{}", valid.out);
}

#[test]
fn the_workflow_has_each_job_once() {
    let folder = Folder::with(&[]);
    folder.run(&["init"]).code(0);
    let workflow = folder.read(".github/workflows/confperm.yml");
    let read: serde_yaml::Value = serde_yaml::from_str(&workflow).unwrap();
    for job in ["check", "plan", "apply", "drift"] {
        assert!(read["jobs"][job].is_mapping(), "{job}");
        assert_eq!(workflow.matches(&format!("command: {job}")).count(), 1, "{job}");
    }
}
