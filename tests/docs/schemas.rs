//! The published JSON Schema of plans. That of policies is compared in `tests/policy`.

use serde_json::Value;

use crate::support::{check, clone_of_examples, confperm, root, said};

fn schema() -> String {
    said(confperm(root()).args(["schema", "plan"]))
}

#[test]
fn the_published_schema_of_plans_is_the_one_of_this_program() {
    check("schemas/plan.schema.json", &schema());
}

#[test]
fn the_plans_of_the_examples_fit_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
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
