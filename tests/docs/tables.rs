//! Tables in the documents that are written by the program: each permission, each code.

use std::fmt::Write as _;
use std::fs;

use confperm::cli::failure::Failure;
use confperm::diagnostic::{Code, Severity};
use confperm::model::Permission;
use confperm::plan::RefusalCode;

use crate::support::{one_at_a_time, root};

/// Holds the part of a page between `<!-- NAME -->` and `<!-- /NAME -->` against a table, and writes it if it differs.
fn hold(page: &str, name: &str, table: &str) {
    let _held = one_at_a_time();
    let text = fs::read_to_string(root().join(page)).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    let written = format!("{before}{begin}{table}{end}{after}");
    if written != text {
        fs::write(root().join(page), written).unwrap();
        panic!("{page} was not what the program says; it has been rewritten, look at the difference");
    }
}

#[test]
fn every_permission_has_the_label_of_the_screen() {
    let mut table = "| in a policy | on the screen | the API's pair |\n|---|---|---|\n".to_owned();
    for permission in Permission::ALL {
        let _ =
            writeln!(table, "| `{permission}` | {} | `{}` |", permission.label(), permission.cloud_pair());
    }
    hold("docs/permissions.md", "permissions", &table);
}

#[test]
fn every_code_is_explained() {
    let mut list = String::new();
    for code in Code::ALL {
        let severity = match code.severity() {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        };
        let _ = writeln!(list, "### {code}\n\n{severity}. {}\n", code.doc());
    }
    hold("docs/troubleshooting.md", "codes", &list);
}

#[test]
fn every_failure_is_explained() {
    let mut list = String::new();
    for failure in Failure::ALL {
        let _ = writeln!(list, "### {failure}\n\n{}\n", failure.doc());
    }
    hold("docs/troubleshooting.md", "failures", &list);
}

#[test]
fn every_refusal_is_explained() {
    let mut list = String::new();
    for code in RefusalCode::ALL {
        let _ = writeln!(list, "### {code}\n\n{}\n", code.doc());
    }
    hold("docs/troubleshooting.md", "refusals", &list);
}

/// The page has one heading for each, and an address of a heading is its code.
#[test]
fn no_two_codes_are_the_same() {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let failures = Failure::ALL.iter().map(|failure| failure.as_str());
    let mut all: Vec<&str> = codes.chain(failures).chain(RefusalCode::ALL.map(RefusalCode::as_str)).collect();
    let number = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), number);
}

/// A plan file names a refusal as the message does.
#[test]
fn refusals_have_the_same_names_in_the_document() {
    let schema = serde_json::to_value(confperm::plan::schema()).unwrap();
    let variants = schema["$defs"]["Refusal"]["oneOf"].as_array().unwrap();
    let names: Vec<&str> =
        variants.iter().map(|variant| variant["properties"]["refused"]["const"].as_str().unwrap()).collect();
    assert_eq!(names, RefusalCode::ALL.map(RefusalCode::as_str));
}
