//! Blocks below a line `<!-- run -->` are run as a user would type them, one after the other in one shell. Behind a
//! command stands what it ends with, if that is not 0.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use camino::Utf8Path;

use crate::support::{clone_of_examples, confperm, root};

/// The lines of a page that are run, and after each a look at how it ended.
fn script(page: &str) -> String {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let blocks = text.split("<!-- run -->\n```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut script = String::new();
    for line in blocks.flat_map(str::lines).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (command, code) = line.split_once("# ends with ").unwrap_or((line, "0"));
        let command = command.trim_end();
        let shown = command.replace('\'', "'\\''");
        let _ = writeln!(script, "{command}\ncode=$?");
        let _ = writeln!(
            script,
            "[[ $code == {code} ]] || {{ echo \"ended with $code:\" '{shown}' >&2; exit 1; }}"
        );
    }
    assert!(script.contains("confperm plan"), "{page}\n{script}");
    script
}

#[track_caller]
fn run(script: &str, folder: &Utf8Path) -> String {
    let binary = Utf8Path::new(env!("CARGO_BIN_EXE_confperm")).parent().unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).current_dir(folder).env_clear().stdin(Stdio::null());
    shell.env("PATH", format!("{binary}:/usr/local/bin:/usr/bin:/bin")).env("HOME", folder);
    for (name, value) in [("NAME", "A reader"), ("EMAIL", "reader@example.com")] {
        shell.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
    }
    let ran = shell.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    out.into_owned()
}

/// From an empty repository to a change that was approved and merged, and a drift that is found and put right.
#[test]
fn the_page_on_ci_can_be_followed_without_a_host() {
    let (_temporary, folder) = clone_of_examples();
    let mut server = confperm(&folder)
        .args(["sandbox", "--state", "examples/ci/site.yaml", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let first = BufReader::new(server.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    let address = first.split("http://").nth(1).unwrap().split('/').next().unwrap();
    let empty = folder.join("empty");
    fs::create_dir(&empty).unwrap();
    let followed =
        std::panic::catch_unwind(|| run(&script("docs/ci.md").replace("127.0.0.1:8484", address), &empty));
    server.kill().unwrap();
    server.wait().unwrap();
    let out = followed.unwrap();
    assert!(out.contains("\n  * /Home/Runbooks  view  restricted to group:engineering"), "{out}");
    assert!(out.ends_with("Nothing to change: 1 space is as the policy says.\n"), "{out}");
}

/// With the rights of a space administrator, who cannot see the spaces of others.
#[test]
fn the_page_on_teams_can_be_followed_with_a_token_of_the_team() {
    let (_temporary, folder) = clone_of_examples();
    let mut server = confperm(&folder)
        .args(["sandbox", "--state", "examples/teams/site.yaml", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let first = BufReader::new(server.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    let address = first.split("http://").nth(1).unwrap().split('/').next().unwrap();
    let followed = std::panic::catch_unwind(|| {
        run(&script("docs/teams.md").replace("127.0.0.1:8484", address), &folder)
    });
    server.kill().unwrap();
    server.wait().unwrap();
    let out = followed.unwrap();
    assert!(out.contains("What is the team's is as the policy says;"), "{out}");
    assert!(out.contains("left to the files of others"), "{out}");
}

#[test]
fn a_first_pull_request_can_be_made_in_the_example_for_ci() {
    let (_temporary, folder) = clone_of_examples();
    // A hidden file of the example belongs to the repository.
    let ignored = root().join("examples/ci/.gitignore");
    fs::copy(ignored, folder.join("examples/ci/.gitignore")).unwrap();
    let before = fs::read_to_string(folder.join("examples/ci/confperm.lock")).unwrap();
    let out = run(&script("examples/ci/README.md"), &folder);
    assert!(out.contains("The site is as the policy says."), "{out}");
    assert!(out.contains("  * /Home/Handbook  view  restricted to group:engineering"), "{out}");
    let changed = Command::new("git").current_dir(folder.join("policy")).args(["show", "--stat"]).output();
    let changed = String::from_utf8(changed.unwrap().stdout).unwrap();
    assert!(changed.contains("confperm.lock") && changed.contains("spaces/eng.yaml"), "{changed}");
    // The first apply had every name that it needed.
    assert!(!before.is_empty() && changed.contains("2 files changed"), "{changed}");
}

/// What is committed is what a plan writes: running an example leaves a clone as it was.
#[test]
fn the_lock_of_the_example_for_ci_is_the_one_that_a_plan_writes() {
    let (_temporary, folder) = clone_of_examples();
    let lock = folder.join("examples/ci/confperm.lock");
    let before = fs::read_to_string(&lock).unwrap();
    let mut plan = confperm(&folder);
    plan.args(["plan", "--site", "sandbox:examples/ci/site.yaml", "examples/ci"]);
    assert!(plan.output().unwrap().status.success());
    assert_eq!(fs::read_to_string(&lock).unwrap(), before);
}
