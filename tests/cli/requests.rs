//! How often the site is asked.

use std::collections::BTreeMap;
use std::path::Path;

use confperm::cli::exit;

use crate::support::{Folder, Hosted, Ran, is_write};

/// Plans in a directory whose `site.yaml` is served; nothing is read twice, nothing is written, and the
/// number of requests is known.
fn reads(directory: &Path, requests: usize) {
    reads_from(&Folder::copy(directory), exit::CHANGES, requests);
}

fn reads_from(folder: &Folder, code: u8, requests: usize) {
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let mut command = folder.confperm(&["plan", "--detailed-exitcode"]);
    hosted.point(&mut command);
    let ran = Ran::from(command.output().unwrap()).code(code.into());
    let seen = hosted.running.requests();
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in &seen {
        assert!(!is_write(&request.method, &request.path), "{} {}", request.method, request.path);
        *asked.entry(format!("{}?{}", request.path, request.query)).or_default() += 1;
    }
    // Whom it asks for is in the body: other people each time.
    let twice: Vec<_> =
        asked.iter().filter(|(what, times)| !what.contains("users-bulk") && **times > 1).collect();
    assert!(twice.is_empty(), "read twice: {twice:#?}");
    let list: Vec<&String> = asked.keys().collect();
    assert_eq!(seen.len(), requests, "{}\n{list:#?}", ran.out);
}

#[test]
fn a_plan_of_the_examples_reads_each_thing_once() {
    reads(Folder::example("quickstart").path(), 18);
    reads(Folder::example("acme").path(), 70);
}

#[test]
fn a_plan_without_changes_asks_for_neither_members_nor_pages_that_nobody_speaks_of() {
    let folder = Folder::example("acme");
    folder.run(&["apply", "--yes"]).code(0);
    reads_from(&folder, exit::DONE, 42);
}
