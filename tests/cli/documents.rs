//! What programs read: the documents of commands that do or check something.

use serde_json::Value;

use crate::names::changed_by_others_meanwhile;
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

/// The one document of a run, which has the form that its schema describes.
pub(crate) fn document(ran: &Ran, kind: &str) -> Value {
    assert!(ran.out.starts_with("{\n  \"format_version\": \""), "{}{}", ran.out, ran.err);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&value["kind"], &value["format_version"]), (&kind.into(), &"1.0".into()), "{value:#}");
    let schema = Folder::with(&[]).run(&["schema", kind]).code(0).out;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let misfits: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(misfits.is_empty(), "{misfits:#?}\n{value:#}");
    for (key, _) in value.as_object().unwrap() {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(key);
        // Without its pages the answer about a pattern is one about a single object.
        let optional = ["pages", "content", "who", "denied-at", "because", "files", "spaces", "rules"];
        assert!(!validator.is_valid(&without) || optional.contains(&key.as_str()), "{key} may be missing");
    }
    value
}

/// The words of every command that prints a document.
const ASKED: [&str; 11] = [
    "plan --format json",
    "apply --yes --format json",
    "validate --format json",
    "lock --format json",
    "doctor --format json",
    "can bob view ENG --format json",
    "who view ENG --format json",
    "what bob --format json",
    "explain bob view ENG --format json",
    "test --format json",
    "import --all --format json",
];

fn ask(folder: &Folder, words: &str) -> Ran {
    folder.run(&words.split_whitespace().collect::<Vec<_>>())
}

/// Whatever is asked for a document prints one, also where the policy cannot be used.
#[test]
fn an_invalid_policy_is_a_document_of_every_command() {
    let folder = folder();
    folder.write("confperm.yaml", &POLICY.replace("viewer", "Viewer"));
    for words in ASKED {
        let ran = ask(&folder, words).code(4);
        let command = words.split_whitespace().next().unwrap();
        let value = document(&ran, if command == "validate" { "validate" } else { "error" });
        assert_eq!(value["exit_code"], 4, "{words}");
        if command != "validate" {
            assert_eq!(value["command"], command);
        }
        let finding = &value["findings"][0];
        assert_eq!((&finding["code"], &finding["severity"]), (&"unknown-role".into(), &"error".into()));
        assert_eq!(finding["places"][0]["line"], 5, "{words}");
        assert_eq!(finding["help"], "did you mean `viewer`?", "{words}");
        assert!(ran.err.contains("error[unknown-role]"), "{words}: {}", ran.err);
    }
}

/// So does a run that ends for another reason.
#[test]
fn a_failure_is_a_document_too() {
    let folder = folder();
    let ran = ask(&folder, "can bob view NOPE --format json").code(1);
    let value = document(&ran, "error");
    assert_eq!((&value["exit_code"], &value["findings"][0]["code"]), (&1.into(), &"unknown-space".into()));
    let ran = ask(&folder, "can bob view id:1 --format json").code(64);
    assert_eq!(document(&ran, "error")["findings"][0]["code"], Value::Null);
    folder.write("more.yaml", "guards: {forbid: [direct-users]}\n");
    folder.write("confperm.yaml", &POLICY.replace("viewer: [", "viewer: [user:ann, "));
    let ran = ask(&folder, "plan --format json").code(3);
    let value = document(&ran, "error");
    assert_eq!((&value["command"], &value["exit_code"]), (&"plan".into(), &3.into()));
    assert_eq!(value["findings"][0]["places"][0]["file"], "confperm.yaml");
}

#[test]
fn answers_have_a_version_and_a_schema() {
    let folder = Folder::example("acme");
    for words in [
        "can bob view ENG",
        "can olga edit ENG/Runbooks/On-call",
        "can anonymous view PUBLIC",
        "can olga view ENG/**",
        "can olga view ENG/Runbooks/** --planned",
        "who view ENG",
        "who edit FIN/Budgets --planned",
        "who view PUBLIC",
        "who view ENG/**",
        "what olga",
        "what anonymous --planned",
        "explain olga edit ENG/Runbooks/On-call",
        "explain olga view ENG/Architecture/Decisions",
        "explain group:leads administer FIN --planned",
        "test",
        "test --live",
    ] {
        let ran = ask(&folder, &format!("{words} --format json"));
        document(&ran, words.split_whitespace().next().unwrap());
    }
}

#[test]
fn apply_says_what_became_of_each_call() {
    let folder = folder();
    let ran = folder.run(&["apply", "--yes", "--format", "json"]).code(0);
    let value = document(&ran, "apply");
    assert_eq!((&value["result"], &value["exit_code"]), (&"done".into(), &0.into()));
    let run = &value["runs"][0];
    let calls = run["calls"].as_array().unwrap();
    assert!(!calls.is_empty() && calls.iter().all(|call| call["status"] == "done"), "{value:#}");
    assert_eq!(run["plan"]["calls"], calls.len());
    assert_eq!(run["verification"]["not_as_planned"], Value::Array(Vec::new()));
    let again = folder.run(&["apply", "--yes", "--format", "json"]).code(0);
    assert_eq!(document(&again, "apply")["result"], "nothing-to-do");
}

/// What others change while the first plan is carried out is planned again: one document has both runs.
#[test]
fn a_second_run_is_in_the_same_document() {
    let folder = changed_by_others_meanwhile();
    let ran = folder.run(&["apply", "--yes", "--format", "json"]);
    assert!(ran.err.contains("Planning again for what others changed: FIN"), "{}{}", ran.out, ran.err);
    let value = document(&ran, "apply");
    let runs = value["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &value["exit_code"]), (2, &ran.code.into()), "{value:#}");
    assert_ne!(runs[0]["plan"]["hash"], runs[1]["plan"]["hash"]);
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

/// What the names of a plan mean that is not the approved one is not what anyone has agreed to.
#[test]
fn a_plan_that_is_refused_writes_no_lock() {
    let folder = folder();
    let other = format!("sha256:{}", "0".repeat(64));
    let refused: [(&[&str], i32); 4] = [
        (&["apply", "--yes", "--expect", &other], 3),
        (&["apply", "--expect", &other], 3),
        // There is no one to say yes.
        (&["apply"], 64),
        (&["plan", "--space", "NOPE"], 64),
    ];
    for (words, code) in refused {
        folder.run(words).code(code);
        assert!(!folder.path().join("confperm.lock").exists(), "{words:?}");
    }
    folder.write("guards.yaml", "guards: {required-admins: [user:bob]}\n");
    for words in [&["plan"][..], &["apply", "--yes"]] {
        folder.run(words).code(3);
        assert!(!folder.path().join("confperm.lock").exists(), "{words:?}");
    }
    folder.write("guards.yaml", "version: 1\n");
    folder.run(&["apply", "--yes"]).code(0);
    assert!(folder.path().join("confperm.lock").exists());
}

/// One entry that goes does not look like an `access` that goes as a whole.
#[test]
fn a_diff_of_one_entry_shows_that_others_stay() {
    let folder = folder();
    folder.write(
        "confperm.yaml",
        "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {ann: u-ann}\nspaces:\n  ENG: {access: {read/space: [user:ann], administer/space: [user:ann]}}\n",
    );
    let diff = folder.run(&["plan", "--format", "diff"]).code(0).out;
    assert!(
        diff.contains("     access:\n       # 1 other principal keeps access\n-      read/space:\n"),
        "{diff}"
    );
    assert!(!diff.contains("-    access:"), "{diff}");
}
