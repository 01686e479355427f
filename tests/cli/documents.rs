//! What programs read: the documents of commands that do or check something.

use serde_json::Value;

use crate::support::{Folder, Ran, site_of_ann_and_bob};

const SITE: &str = site_of_ann_and_bob!(
    "\ngroups:\n  staff: {id: g-1, members: [ann, bob], access: user}\nspaces:\n  ENG:\n    id: 101\n    name: Engineering\n    \
     permissions: {read/space: [user:ann, group:staff], administer/space: [user:ann]}\n"
);

const POLICY: &str = "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {ann: u-ann, bob: u-bob}\nspaces:\n  ENG: {mode: additive, \
                      access: {viewer: [group:staff], export/space: [{who: user:bob, until: 2099-12-31, why: audit}]}}\n";

fn folder() -> Folder {
    Folder::with(&[("site.yaml", SITE), ("confperm.yaml", POLICY)])
}

fn document(ran: &Ran, kind: &str) -> Value {
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&value["kind"], &value["format_version"]), (&kind.into(), &"1.0".into()), "{value:#}");
    value
}

#[test]
fn apply_says_what_became_of_each_call() {
    let folder = folder();
    let ran = folder.run(&["apply", "--yes", "--format", "json"]).code(0);
    let value = document(&ran, "apply");
    assert_eq!((&value["result"], &value["exit_code"]), (&"done".into(), &0.into()));
    let calls = value["calls"].as_array().unwrap();
    assert!(!calls.is_empty() && calls.iter().all(|call| call["status"] == "done"), "{value:#}");
    assert_eq!(value["plan"]["calls"], calls.len());
    assert_eq!(value["verification"]["not_as_planned"], Value::Array(Vec::new()));
    let again = folder.run(&["apply", "--yes", "--format", "json"]).code(0);
    assert_eq!(document(&again, "apply")["result"], "nothing-to-do");
}

#[test]
fn a_blocked_apply_says_so() {
    let folder = folder();
    folder.write("guards.yaml", "guards: {required-admins: [user:bob]}\n");
    let ran = folder.run(&["apply", "--yes", "--format", "json"]);
    if ran.code == 3 {
        let value = document(&ran, "apply");
        assert_eq!((&value["result"], &value["exit_code"]), (&"blocked".into(), &3.into()));
    } else {
        panic!("the guard of the test blocks nothing: {}{}", ran.out, ran.err);
    }
}

#[test]
fn validate_lists_what_it_found_and_what_ends() {
    let folder = folder();
    let ran = folder.run(&["validate", "--format", "json", "--warn-before", "40000d"]).code(0);
    let value = document(&ran, "validate");
    assert_eq!((&value["valid"], &value["spaces"]), (&true.into(), &1.into()));
    assert_eq!(value["endings"][0]["until"], "2099-12-31");
    folder.write("confperm.yaml", &POLICY.replace("viewer", "Viewer"));
    let ran = folder.run(&["validate", "--format", "json"]).code(4);
    let value = document(&ran, "validate");
    let finding = &value["findings"][0];
    assert_eq!((&value["valid"], &finding["code"]), (&false.into(), &"unknown-role".into()));
    assert_eq!(finding["places"][0]["line"], 5);
    assert_eq!(finding["help"], "did you mean `viewer`?");
}

#[test]
fn lock_lists_names_and_ids() {
    let ran = folder().run(&["lock", "--format", "json"]).code(0);
    let value = document(&ran, "lock");
    let names = value["names"].as_array().unwrap();
    assert!(names.iter().any(|name| name["name"] == "group:staff" && name["id"] == "g-1"), "{value:#}");
}

#[test]
fn doctor_lists_what_it_looked_at() {
    let ran = folder().run(&["doctor", "--format", "json"]).code(0);
    let value = document(&ran, "doctor");
    assert_eq!(value["ready"], true);
    let checks = value["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["about"] == "sign-in" && check["answer"] == "ok"), "{value:#}");
}

#[test]
fn import_lists_files_and_spaces() {
    let folder = folder();
    let import = ["import", "--site", "sandbox:site.yaml", "-C", "new", "--format", "json"];
    let ran = folder.run(&[&import[..], &["--all"]].concat()).code(0);
    let value = document(&ran, "import");
    assert_eq!(value["files"], serde_json::json!(["confperm.yaml", "people.yaml", "spaces/eng.yaml"]));
    let space = &value["spaces"][0];
    assert_eq!((&space["key"], &space["file"]), (&"ENG".into(), &"spaces/eng.yaml".into()));
    assert_eq!(
        (&space["mode"], &space["why_additive"]),
        (&"authoritative".into(), &Value::Array(Vec::new()))
    );
    assert_eq!(value["archived"], 0);

    let state =
        SITE.replace("administer/space: [user:ann]", "administer/space: [user:ann], create/page: [user:bob]");
    folder.write("site.yaml", &state);
    let ran =
        folder.run(&["import", "--all", "--site", "sandbox:site.yaml", "-C", "odd", "--format", "json"]);
    let space = &document(&ran.code(0), "import")["spaces"][0];
    assert_eq!((&space["mode"], &space["why_additive"][0]), (&"additive".into(), &"without-view".into()));
    assert_eq!(space["remarks"][0]["what"], "without-view");
    assert_eq!(space["remarks"][0]["about"], serde_json::json!([{"name": "Bob", "entries": 1}]));

    let again = folder.run(&[&import[..], &["--missing"]].concat()).code(0);
    assert_eq!(document(&again, "import")["files"], Value::Array(Vec::new()));
    let one = ["--space", "ENG", "--stdout"];
    folder.run(&[&import[..], &one].concat()).code(64);
}
