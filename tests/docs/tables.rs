//! Tables in the documents that are written by the program: each permission, each code.

use std::fmt::Write as _;
use std::fs;

use confperm::diagnostic::{Code, Severity};
use confperm::model::Permission;

use crate::support::root;

/// Holds the part of a page between `<!-- NAME -->` and `<!-- /NAME -->` against a table, and writes it if it differs.
fn hold(page: &str, name: &str, table: &str) {
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
