//! How often the site is asked.

use std::collections::BTreeMap;
use std::path::Path;

use confperm::cli::exit::Exit;

use crate::support::{Folder, Hosted, Ran, is_write};

/// Plans in a directory whose `site.yaml` is served; nothing is read twice, nothing is written, and the
/// number of requests is known.
fn reads(directory: &Path, requests: usize) {
    reads_from(&Folder::copy(directory), Exit::Changes, requests);
}

fn reads_from(folder: &Folder, code: Exit, requests: usize) {
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let mut command = folder.confperm(&["plan", "--detailed-exitcode"]);
    hosted.point(&mut command);
    let ran = Ran::from(command.output().unwrap()).code(code.code().into());
    let seen = hosted.running.requests();
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in &seen {
        assert!(!is_write(&request.method, &request.path), "{} {}", request.method, request.path);
        *asked.entry(format!("{}?{}", request.path, request.query)).or_default() += 1;
    }
    // The accounts that it asks for are in the body: others each time.
    let twice: Vec<_> =
        asked.iter().filter(|(what, times)| !what.contains("users-bulk") && **times > 1).collect();
    assert!(twice.is_empty(), "read twice: {twice:#?}");
    let list: Vec<&String> = asked.keys().collect();
    assert_eq!(seen.len(), requests, "{}\n{list:#?}", ran.out);
}

#[test]
fn importing_and_copying_a_whole_site_read_each_thing_once() {
    for arguments in
        [vec!["import", "--all", "--include-archived", "-C", "new"], vec!["snapshot", "--all", "-C", "new"]]
    {
        let folder = Folder::example("acme");
        let hosted = Hosted::open(&folder.file("site.yaml"));
        let mut command = folder.confperm(&arguments);
        hosted.point(&mut command);
        Ran::from(command.output().unwrap()).code(0);
        let mut asked: BTreeMap<String, usize> = BTreeMap::new();
        for request in hosted.running.requests() {
            assert!(!is_write(&request.method, &request.path), "{} {}", request.method, request.path);
            *asked.entry(format!("{}?{}", request.path, request.query)).or_default() += 1;
        }
        let lists = asked
            .keys()
            .filter(|what| what.split('?').next().is_some_and(|path| path.ends_with("/api/v2/spaces")));
        assert_eq!(lists.count(), 1, "{asked:#?}");
        asked.retain(|what, times| *times > 1 && !what.contains("users-bulk"));
        assert!(asked.is_empty(), "{arguments:?} read twice: {asked:#?}");
    }
}

#[test]
fn a_plan_of_the_examples_reads_each_thing_once() {
    reads(Folder::example("quickstart").path(), 19);
    reads(Folder::example("acme").path(), 65);
}

#[test]
fn a_plan_without_changes_asks_for_neither_members_nor_pages_that_are_not_mentioned() {
    let folder = Folder::example("acme");
    folder.run(&["apply", "--yes"]).code(0);
    reads_from(&folder, Exit::Done, 38);
}

/// What a plan of one rule asks about spaces: the lists, and the spaces whose access it reads.
fn asked_for(selector: &str) -> (Vec<String>, Vec<String>) {
    let folder = Folder::example("jobs");
    let rule = format!("{{name: r, spaces: {selector}, access: {{read/space: [group:auditors]}}}}");
    folder.write("rule.yaml", &format!("version: 1\nrules: [{rule}]\n"));
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::rename(folder.path().join("rule.yaml"), folder.path().join("mine/rule.yaml")).unwrap();
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let mut command = folder.confperm(&["plan", "mine"]);
    hosted.point(&mut command);
    Ran::from(command.output().unwrap()).code(0);
    let (mut lists, mut spaces) = (Vec::new(), Vec::new());
    for request in hosted.running.requests() {
        if request.path.ends_with("/api/v2/spaces") {
            lists.push(
                request.query.replace("&limit=250", "").replace("limit=250&", "").replace("limit=250", ""),
            );
        } else if let Some(path) = request.path.strip_suffix("/permissions") {
            spaces.push(path.rsplit('/').next().unwrap().to_owned());
        }
    }
    lists.sort();
    spaces.sort();
    (lists, spaces)
}

#[test]
fn a_rule_reads_the_spaces_that_it_selects_and_no_others() {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(asked_for("[DOCS, OPS]"), (owned(&["keys=DOCS%2COPS"]), owned(&["102", "103"])));
    assert_eq!(asked_for("{key: \"*O*\"}"), (owned(&[""]), owned(&["102", "103"])));
    assert_eq!(asked_for("{label: team, not: ENG}"), (owned(&["", "labels=team"]), owned(&["102", "103"])));
    let where_it_holds = "{where: {who: group:platform-old, has: create/page}}";
    assert_eq!(asked_for(where_it_holds), (owned(&[""]), owned(&["101", "102", "103", "104"])));
}

/// What comes along unasked is taken away before the next grant, and the rows that showed it serve the look before that.
#[test]
fn a_grant_after_a_check_needs_no_look_of_its_own() {
    let folder = Folder::example("jobs");
    let access = "{read/space: [group:auditors], create/page: [group:auditors]}";
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    let policy = format!("version: 1\nrules: [{{name: r, spaces: [OPS], access: {access}}}]\n");
    folder.write("mine/rule.yaml", &policy);
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let mut command = folder.confperm(&["apply", "mine", "--yes"]);
    hosted.point(&mut command);
    Ran::from(command.output().unwrap()).code(0);
    let requests = hosted.running.requests();
    let first = requests.iter().position(|it| is_write(&it.method, &it.path)).unwrap();
    let (writes, reads): (Vec<_>, Vec<_>) =
        requests[first..].iter().partition(|it| is_write(&it.method, &it.path));
    // Two grants, two companions that go, and the check after each of the three steps.
    assert_eq!((writes.len(), reads.len()), (4, 3), "{requests:#?}");
}
