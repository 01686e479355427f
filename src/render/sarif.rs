//! Findings as SARIF 2.1.0, which code scanning reads.

use std::fmt::Write as _;

use camino::Utf8Path;
use serde_json::{Value, json};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label, Severity, Sources};
use crate::model::harmless;

use super::annotations::below;
use super::json::all_seen;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// Where each code is explained.
const HELP: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/troubleshooting.md");
/// What a finding without a place is about. Code scanning takes no result without one.
const NOWHERE: &str = "confperm.yaml";

/// The findings of one policy directory, with a line end.
pub fn findings_as_sarif(findings: &Diagnostics, sources: &Sources, directory: &Utf8Path) -> String {
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, sources, directory)).collect();
    let driver = json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": rules,
    });
    let run = json!({"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results});
    let document = json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]});
    all_seen(&format!("{document:#}\n"))
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.doc()},
        "helpUri": format!("{HELP}#{}", code.as_str()),
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(finding: &Diagnostic, sources: &Sources, directory: &Utf8Path) -> Value {
    let message = match &finding.help {
        Some(help) => format!("{}. Help: {help}", finding.message),
        None => finding.message.clone(),
    };
    let mut places = finding.labels.iter().map(|label| location(label, sources, directory));
    let nowhere = || json!({"physicalLocation": {"artifactLocation": artifact(directory, NOWHERE.into())}});
    let first = places.next().unwrap_or_else(nowhere);
    json!({
        "ruleId": finding.code.as_str(),
        "level": level(finding.severity),
        "message": {"text": harmless(&message)},
        "locations": [first],
        "relatedLocations": places.collect::<Vec<_>>(),
    })
}

fn location(label: &Label, sources: &Sources, directory: &Utf8Path) -> Value {
    let span = &label.span;
    let marked = sources.get(&span.file).and_then(|text| text.get(span.start..span.end));
    let width = marked.map_or(0, |text| text.chars().count());
    let end = u32::try_from(width).map_or(span.column, |width| span.column.saturating_add(width));
    let mut place = json!({"physicalLocation": {
        "artifactLocation": artifact(directory, &span.file),
        "region": {"startLine": span.line, "startColumn": span.column, "endColumn": end},
    }});
    if !label.text.is_empty() {
        place["message"] = json!({"text": harmless(&label.text)});
    }
    place
}

/// A path as a relative reference (RFC 3986), below the root of the repository if that is the working directory.
fn artifact(directory: &Utf8Path, file: &Utf8Path) -> Value {
    let mut uri = String::new();
    for byte in below(directory, file).as_str().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    json!({"uri": uri, "uriBaseId": "%SRCROOT%"})
}
