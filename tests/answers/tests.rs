//! `confperm test`.

use std::fs;

use insta::assert_snapshot;

use crate::{Ran, run_in, site};

fn with_tests(tests: &str, words: &str) -> Ran {
    let directory = site("quickstart", None);
    fs::write(directory.path().join("tests.yaml"), tests).unwrap();
    run_in(directory.path(), words)
}

const KEPT: &str = "\
version: 1
tests:
  - name: contractors stay out of the runbooks
    who: group:contractors
    can: {view: [ENG, ENG/Handbook]}
    cannot: {view: [ENG/Runbooks, ENG/Runbooks/**], edit: ['**'], export: [ENG]}
  - name: the people on call can mend the page
    who: group:sre
    cannot: {administer: ['**']}
  - name: visitors see nothing
    who: anonymous
    cannot: {view: ['**']}
";

const BROKEN: &str = "\
version: 1
tests:
  - name: bob keeps the on-call page
    who: user:bob
    can: {view: [ENG/Runbooks/On-call], export: [ENG]}
";

#[test]
fn promises_that_hold_are_ok() {
    assert_snapshot!(with_tests(KEPT, "test").whole());
}

#[test]
fn a_broken_promise_is_explained() {
    assert_snapshot!(with_tests(BROKEN, "test").whole());
}

#[test]
fn the_site_is_asked_itself() {
    assert_snapshot!(with_tests(BROKEN, "test --live").whole());
    let ran = with_tests(KEPT, "test --live");
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("says the site"), "{}", ran.out);
}

#[test]
fn the_document_says_who_answered() {
    let value = with_tests(BROKEN, "test --live --format json").json();
    let checks = value["tests"][0]["checks"].as_array().unwrap();
    let by: Vec<&str> = checks.iter().map(|check| check["answered-by"].as_str().unwrap()).collect();
    assert_eq!(by, ["site", "confperm"]);
    assert_eq!(value["passed"], true);
}

#[test]
fn tests_about_what_is_not_there_are_errors_with_their_place() {
    let tests = "\
version: 1
tests:
  - name: a page that is not there
    who: group:sre
    can: {view: [ENG/Runbook]}
";
    assert_snapshot!(with_tests(tests, "test").whole());
}

/// As for an entry of the policy: what another space has taken the key of is not what the test is about.
#[test]
fn a_test_about_a_space_that_another_one_replaced_is_skipped() {
    let directory = site("quickstart", None);
    let tests = "version: 1\ntests: [{name: no visitors, who: anonymous, cannot: {view: [ENG]}}]\n";
    fs::write(directory.path().join("tests.yaml"), tests).unwrap();
    assert_eq!(run_in(directory.path(), "plan").code, 0);
    let file = directory.path().join("site.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("    id: 101\n", "    id: 102\n")).unwrap();
    let ran = run_in(directory.path(), "test --live");
    assert_eq!(ran.code, 6, "{}", ran.talk);
    let taken = "`ENG` now names another space (id 102); the space that was meant (id 101) is gone";
    assert!(ran.talk.contains(taken) && ran.talk.contains("tests.yaml:2:"), "{}", ran.talk);
}

const ONLY: &str = "\
version: 1
tests:
  - name: the on-call page is for those on call
    only: {view: {ENG/Runbooks/On-call: [group:sre, user:ann]}}
  - name: the runbooks are for one group
    only: {view: {'ENG/Runbooks/**': [group:sre]}, edit: {ENG/Handbook: [class:all-licensed-users]}}
";

#[test]
fn only_those_who_are_named_can() {
    assert_snapshot!(with_tests(ONLY, "test").whole());
}

/// The site is asked about those who are named and those who can by what is known.
#[test]
fn what_only_some_can_is_asked_of_the_site_too() {
    let ran = with_tests(ONLY, "test --live");
    assert!(ran.out.contains("says the site"), "{}", ran.whole());
}
