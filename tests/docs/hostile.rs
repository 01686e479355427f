//! What `examples/hostile` shows, and that each control of the threat model names a test that exists.

use std::fs;

use camino::Utf8Path;

use crate::support::{check, clone_of_examples, confperm, root, said};

/// Byte by byte: trycmd, which runs the other pages, takes a backslash for a slash.
#[test]
fn the_page_of_the_hostile_example_shows_what_is_printed() {
    let file = "examples/hostile/README.md";
    let page = fs::read_to_string(root().join(file)).unwrap();
    let begin = "```console\n$ confperm plan examples/hostile/names\n";
    let (before, rest) = page.split_once(begin).unwrap();
    let (_, after) = rest.split_once("```").unwrap();
    let (_temporary, folder) = clone_of_examples();
    let shown = said(confperm(&folder).args(["plan", "examples/hostile/names"]));
    check(file, &format!("{before}{begin}{shown}```{after}"));
}

/// Names of tests stand in the threat model as `tests/cli/echoes.rs`, or `tests/cli/echoes.rs::by_no_command`.
#[test]
fn every_control_of_the_threat_model_names_a_test_that_exists() {
    let text = fs::read_to_string(root().join("THREAT-MODEL.md")).unwrap();
    let tables = text.split("| must not happen |").skip(1);
    let rows: Vec<&str> =
        tables.flat_map(|table| table.lines().skip(2).take_while(|line| line.starts_with('|'))).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).filter(|code| is_test(code)).collect();
        assert!(!named.is_empty(), "no test is named: {row}");
    }
    for named in text.split('`').skip(1).step_by(2).filter(|code| is_test(code)) {
        let (file, function) =
            named.split_once("::").map_or((named, None), |(file, name)| (file, Some(name)));
        let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains("#[test]") || source.contains("#[tokio::test"), "{file} holds no test");
        if let Some(name) = function {
            let begins = format!("fn {name}(");
            let is_tested =
                source.split("#[test]").chain(source.split("#[tokio::test")).skip(1).any(|rest| {
                    rest.lines().take(6).any(|line| line.trim_start_matches("async ").contains(&begins))
                });
            assert!(is_tested, "{file} has no test `{name}`");
        }
    }
}

fn is_test(code: &str) -> bool {
    let file = code.split("::").next().unwrap_or_default();
    Utf8Path::new(file).extension() == Some("rs") && (code.starts_with("tests/") || code.contains("::"))
}
