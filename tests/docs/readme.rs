//! The README's commands do what the README says, and the two that it begins with are those of CI.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use camino::Utf8Path;
use confperm::confluence::cloud::scopes::{self, Use};

use crate::support::{clone_of_examples, confperm, copy, documents, root, run_console, said};

/// Every `console` block is run, in order, in a copy of the examples. `TRYCMD=overwrite` writes what the
/// commands say now into the README.
#[test]
fn the_readme_tells_the_truth() {
    let (_temporary, folder) = clone_of_examples();
    // The one policy with a mistake that the README shows.
    let mistake = "tests/policy/invalid/unknown-person";
    copy(&root().join(mistake), &folder.join("README.in").join(mistake));
    // trycmd runs the blocks of `README.md` in `README.in`.
    copy(&folder.join("examples"), &folder.join("README.in/examples"));
    fs::copy(root().join("README.md"), folder.join("README.md")).unwrap();
    run_console(&folder.join("README.md"));
    let written = fs::read_to_string(folder.join("README.md")).unwrap();
    if written != readme() {
        fs::write(root().join("README.md"), written).unwrap();
    }
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

#[test]
fn the_first_two_commands_are_the_promised_ones_and_ci_runs_the_second() {
    let readme = readme();
    let block = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let commands: Vec<&str> = block.lines().map(|line| line.split("  #").next().unwrap().trim()).collect();
    assert_eq!(commands, ["cargo run -- plan examples/quickstart", "cargo test"]);
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(
        ci.lines().any(|line| line.trim() == "run cargo test"),
        ".ci/run runs the README's own test command"
    );
}

#[test]
fn the_readme_is_read_in_one_sitting_and_names_every_page() {
    let readme = readme();
    assert!((12_000..=15_400).contains(&readme.len()), "{} bytes", readme.len());
    for page in crate::support::pages() {
        assert!(readme.contains(&format!("]({page})")), "README.md does not link to {page}");
    }
}

#[test]
fn nothing_that_is_only_on_one_machine_is_named() {
    for file in documents().into_iter().chain([".ci/run".into()]) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        for place in ["/home/", "/Users/", "/tmp/"] {
            assert!(!text.contains(place), "{file} names `{place}`");
        }
    }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for file in documents() {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let folder = root().join(file.parent().unwrap());
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            if path.starts_with("http") {
                continue;
            }
            assert!(path.is_empty() || folder.join(path).exists(), "{file} links to `{link}`");
            if let Some((_, anchor)) = link
                .split_once('#')
                .filter(|_| path.is_empty() || Utf8Path::new(path).extension() == Some("md"))
            {
                let linked = if path.is_empty() {
                    text.clone()
                } else {
                    fs::read_to_string(folder.join(path)).unwrap()
                };
                let found = linked.lines().filter_map(|line| line.strip_prefix('#')).any(|heading| {
                    let words = heading.trim_start_matches('#').trim().to_lowercase();
                    let kept = words.chars().filter(|c| c.is_alphanumeric() || " -".contains(*c));
                    kept.collect::<String>().replace(' ', "-") == anchor
                });
                assert!(found, "{file} has no heading for `{link}`");
            }
        }
    }
}

/// The YAML that the README shows.
fn yaml_blocks() -> Vec<String> {
    readme()
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        // A block within a list is indented as a whole.
        .map(|block| {
            let indent = block.len() - block.trim_start().len();
            block.lines().map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect()
        })
        .collect()
}

#[test]
fn whole_policies_in_the_documents_are_valid() {
    let mut seen = 0;
    for page in documents() {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for policy in blocks.filter(|block| block.starts_with("version: 1\n")) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("confperm.yaml"), policy).unwrap();
            said(confperm(Utf8Path::from_path(folder.path()).unwrap()).arg("validate"));
            seen += 1;
        }
    }
    assert!(seen > 0, "no document shows a whole policy");
}

#[test]
fn policies_in_the_readme_look_as_fmt_would_have_them() {
    let file = Utf8Path::new("README.md").into();
    let is_policy = |block: &&String| {
        ["guards:", "rules:", "spaces:", "tests:", "version:"].iter().any(|key| block.starts_with(key))
    };
    let blocks = yaml_blocks();
    let policies: Vec<&String> = blocks.iter().filter(is_policy).collect();
    assert_eq!((policies.len(), blocks.len()), (1, 1));
    for policy in policies {
        let formatted = confperm::policy::format(&file, policy).unwrap();
        assert_eq!(formatted.trim_end(), policy.trim_end());
    }
}

#[test]
fn the_scopes_are_those_that_the_client_needs() {
    let page = fs::read_to_string(root().join("docs/credentials.md")).unwrap();
    let uses = [Use::Read, Use::Labels, Use::Check, Use::WritePermissions, Use::WriteRestrictions];
    for scope in uses.into_iter().flat_map(scopes::all_for) {
        assert!(
            page.contains(&format!("`{scope}`")),
            "docs/credentials.md does not name the scope `{scope}`"
        );
    }
}

/// The way that docs/first-plan.md shows for trying the real path: a served sandbox, and credentials from the
/// environment.
#[test]
fn a_served_sandbox_can_be_planned_against_over_http() {
    let (_temporary, folder) = clone_of_examples();
    let mut server = confperm(&folder)
        .args(["sandbox", "--state", "examples/quickstart/site.yaml", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut line = |start: &str| lines.find(|line| line.trim().starts_with(start)).unwrap().trim().to_owned();
    let (export, command) = (line("export "), line("confperm plan "));
    let variables = export.trim_start_matches("export ").split(' ');
    let mut plan = confperm(&folder);
    plan.args(command.split(' ').skip(1)).arg("examples/quickstart");
    plan.envs(variables.filter_map(|variable| variable.split_once('=')));
    let served = said(&mut plan);
    // The page shows these lines as they are with the port that is taken when none is asked for.
    let port = command.split("127.0.0.1:").nth(1).unwrap().split('/').next().unwrap();
    let page = fs::read_to_string(root().join("docs/first-plan.md")).unwrap();
    assert!(page.contains(&export), "{export}");
    assert!(page.contains(&command.replace(port, "8484")), "{command}");
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(served, said(confperm(&folder).args(["plan", "examples/quickstart"])));
}
