//! What commands print for programs: a type for each document, of which its JSON Schema is generated.
//!
//! Each begins with its `format_version` and its `kind`; a field that is added leaves the version as it is.
//! docs/commands.md describes them. The plan is a document of its own (`plan::document`).

mod access;
mod applied;
mod findings;
mod imported;
mod log;
mod names;
mod patterns;
mod survey;
mod tests;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::json::all_seen;

pub use access::{explanation_as_json, verdict_as_json, who_as_json};
pub use applied::{ApplyResult, RunDocument, apply_as_json};
pub use findings::{FindingDocument, PolicySize, error_as_json, findings_as_json};
pub use log::{RunResult, log_as_json};
pub(super) use log::{answer_word, settled_word};
pub use names::{diagnoses_as_json, lock_as_json};
pub use patterns::{verdicts_as_json, who_of_pattern_as_json};
pub use survey::survey_as_json;
pub use tests::tests_as_json;

const FORMAT_VERSION: &str = "1.0";

/// A document. Its form is described by the schema of its kind.
#[derive(Serialize, JsonSchema)]
struct KindDocument<T> {
    format_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    body: T,
}

/// What follows after the version and the kind.
trait DocumentBody: Serialize + JsonSchema {
    /// Mostly the name of the command.
    const KIND: &'static str;
}

/// The document, indented, with a line end.
#[expect(clippy::expect_used, reason = "the keys of all these types are texts, and nothing else can fail")]
fn write<T: DocumentBody>(body: T) -> String {
    let document = KindDocument { format_version: FORMAT_VERSION, kind: T::KIND, body };
    let text = serde_json::to_string_pretty(&document).expect("a document is JSON");
    all_seen(&(text + "\n"))
}

/// The JSON Schemas of all kinds of documents, by kind.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        of::<applied::ApplyDocument>(),
        of::<access::CanDocument>(),
        of::<names::DoctorDocument>(),
        of::<findings::ErrorDocument>(),
        of::<access::ExplainDocument>(),
        of::<imported::ImportDocument>(),
        of::<names::LockDocument>(),
        of::<log::LogDocument>(),
        of::<tests::TestDocument>(),
        of::<findings::ValidateDocument>(),
        of::<survey::WhatDocument>(),
        of::<access::WhoDocument>(),
    ]
}

fn of<T: DocumentBody>() -> (&'static str, Value) {
    let mut schema = schemars::schema_for!(KindDocument<T>).to_value();
    schema["title"] = T::KIND.into();
    schema["properties"]["kind"] = json!({"const": T::KIND});
    (T::KIND, schema)
}
