//! The language as others see it: another YAML reader, and the published JSON Schema.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::policy::{load, schema};
use serde_json::Value;

use crate::fixtures::{check, folders};

/// The files of all valid fixtures, without those of the sandbox.
fn valid_files() -> Vec<(Utf8PathBuf, String)> {
    let mut files = Vec::new();
    for folder in folders("valid").into_iter().chain(folders("unresolved")) {
        for (file, text) in load(&folder).sources.iter() {
            if !text.contains("kind: confluence-sandbox") {
                files.push((folder.join(file.as_ref()), text.to_string()));
            }
        }
    }
    assert!(files.len() > 5);
    files
}

/// As another YAML reader understands it.
fn value(text: &str) -> Value {
    if text.lines().all(|line| line.starts_with('#')) {
        return Value::Null;
    }
    let mut value: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    textual_keys(&mut value);
    serde_json::to_value(value).unwrap()
}

/// JSON has text keys only.
fn textual_keys(value: &mut serde_yaml::Value) {
    match value {
        serde_yaml::Value::Mapping(map) => {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(key, mut value)| {
                    textual_keys(&mut value);
                    let key = key.as_str().map_or_else(
                        || serde_yaml::to_string(&key).unwrap().trim().to_owned(),
                        str::to_owned,
                    );
                    (serde_yaml::Value::String(key), value)
                })
                .collect();
        }
        serde_yaml::Value::Sequence(items) => items.iter_mut().for_each(textual_keys),
        _ => {}
    }
}

#[test]
fn the_published_schema_is_the_one_of_this_program() {
    let file = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/policy.schema.json");
    check(&file, &format!("{:#}\n", schema()));
}

#[test]
fn the_schema_accepts_what_the_reader_accepts() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (file, text) in valid_files() {
        let value = value(&text);
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{file}: {errors:#?}");
    }
}

#[test]
fn the_schema_refuses_what_it_can() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for code in [
        "unknown-key",
        "wrong-type",
        "null-value",
        "empty-list",
        "empty-entry",
        "reserved-role",
        "unknown-permission",
        "delete-space-permission",
        "invalid-principal",
        "unknown-class",
        "not-on-pages",
        "unsupported-version",
    ] {
        let text =
            fs::read_to_string(crate::fixtures::folder("invalid").join(code).join("policy.yaml")).unwrap();
        assert!(!validator.is_valid(&value(&text)), "{code}");
    }
}
