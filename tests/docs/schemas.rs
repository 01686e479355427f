//! The published JSON Schemas of plans, state files and what commands print. That of policies is compared in
//! `tests/policy`; what commands print is held against its schema in `tests/cli/documents.rs`.

use serde_json::Value;

use crate::support::{check, clone_of_examples, confperm, root, said};

fn schema(document: &str) -> String {
    said(confperm(root()).args(["schema", document]))
}

#[test]
fn the_published_schemas_are_those_of_this_program() {
    check("schemas/plan.schema.json", &schema("plan"));
    check("schemas/sandbox.schema.json", &schema("sandbox"));
    for (kind, _) in confperm::render::schemas() {
        check(&format!("schemas/{kind}.schema.json"), &schema(kind));
    }
}

#[test]
fn the_state_files_of_the_examples_fit_the_schema() {
    for example in ["quickstart/site.yaml", "acme/site.yaml", "jobs/site.yaml"] {
        let text = std::fs::read_to_string(root().join("examples").join(example)).unwrap();
        assert_eq!(misfits(&text), [""; 0], "{example}");
    }
}

#[test]
fn what_is_no_state_file_does_not_fit_the_schema() {
    let site = "kind: confluence-sandbox\nversion: 1\nsite: {flavor: cloud, space-role-mode: roles}\n";
    assert_eq!(misfits(site), [""; 0]);
    for wrong in [
        "kind: other\nversion: 1\nsite: {flavor: cloud, space-role-mode: roles}\n".to_owned(),
        format!("{site}spaces: {{A: {{id: 1, name: A, roots: []}}}}\n"),
        format!("{site}quirks: {{companions: sometimes}}\n"),
        format!("{site}adversary: {{lag: {{rows: soon}}}}\n"),
        format!("{site}adversary: {{kill: {{}}}}\n"),
        format!("{site}adversary: {{actors: [{{when: {{nth: 1}}, does: []}}]}}\n"),
        format!(
            "{site}adversary: {{actors: [{{when: {{before: \"*\"}}, does: [{{burn: {{page: 1}}}}]}}]}}\n"
        ),
    ] {
        assert_ne!(misfits(&wrong), [""; 0], "{wrong}");
    }
}

/// Where a state file does not fit the schema.
pub(crate) fn misfits(state: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(&schema("sandbox")).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let state: Value = serde_yaml::from_str(state).unwrap();
    validator.iter_errors(&state).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_plans_of_the_examples_fit_the_schema() {
    let schema: Value = serde_json::from_str(&schema("plan")).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (_temporary, folder) = clone_of_examples();
    for example in ["examples/quickstart", "examples/acme"] {
        let plan = said(confperm(&folder).args(["plan", "--format", "json", example]));
        let plan: Value = serde_json::from_str(&plan).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&plan).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{example}: {errors:#?}");
    }
}
