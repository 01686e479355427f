//! What `examples/tomorrow` shows: a policy and its site, a month apart.

use std::fmt::Write as _;
use std::fs;

use crate::support::{check, clone_of_examples, confperm, root};

const PAGE: &str = "examples/tomorrow/README.md";
const BEGIN: &str = "```console\n$ confperm ";
const END: &str = "```\n";

/// The blocks are run one after the other in one folder. Of each warning the first line is shown.
#[test]
fn the_page_shows_what_each_run_prints() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let (_temporary, folder) = clone_of_examples();
    let mut blocks = page.split(BEGIN);
    let mut shown = blocks.next().unwrap().to_owned();
    for block in blocks {
        let (command, rest) = block.split_once('\n').unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let ran = confperm(&folder).args(command.split(' ')).output().unwrap();
        let (out, err) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
        let warnings =
            err.lines().filter(|line| line.starts_with("warning[")).map(|line| format!("{line}\n"));
        let _ = writeln!(shown, "{BEGIN}{command}");
        shown.extend(warnings.chain([out]));
        match ran.status.code() {
            Some(0) => {}
            code => drop(writeln!(shown, "? {}", code.unwrap())),
        }
        shown.extend([END, after]);
    }
    check(PAGE, &shown);
}

#[test]
fn the_lock_is_that_of_october_and_november_cannot_do_without_it() {
    let (_temporary, folder) = clone_of_examples();
    let lock = folder.join("examples/tomorrow/confperm.lock");
    let committed = fs::read_to_string(&lock).unwrap();
    fs::remove_file(&lock).unwrap();
    let november = ["plan", "--site", "sandbox:examples/tomorrow/november.yaml", "examples/tomorrow"];
    let lost = confperm(&folder).args(november).output().unwrap();
    assert_eq!(lost.status.code(), Some(4), "{lost:?}");
    assert!(!lock.exists());
    let first = confperm(&folder).args(["plan", "examples/tomorrow"]).output().unwrap();
    assert!(first.status.success(), "{first:?}");
    assert_eq!(fs::read_to_string(&lock).unwrap(), committed);
}
