//! What commands that do or check something came to, as documents for programs.
//!
//! Each has its `kind` and a `format_version`; a field that is added leaves the version as it is. docs/commands.md
//! describes them.

use serde_json::{Value, json};

use crate::apply::{Outcome, Status};
use crate::diagnostic::{Diagnostics, Severity};
use crate::model::harmless;
use crate::plan::Plan;
use crate::policy::Ending;

use super::access_json::write;
use super::call::call_words;
use super::outcome::{change_words, failure_words, mismatch_words, unverified_words};

const FORMAT_VERSION: &str = "1.0";

/// What `apply` did with a plan. `result` is a word for the whole, `exit` the exit code that it comes to; without an
/// outcome nothing was sent, or nothing is known of what was.
pub fn outcome_as_json(plan: &Plan, outcome: Option<&Outcome>, result: &str, exit: u8) -> String {
    let mut value = document("apply");
    value["result"] = result.into();
    value["exit_code"] = exit.into();
    value["plan"] = json!({"hash": plan.hash, "calls": plan.calls.len()});
    if let Some(outcome) = outcome {
        value["calls"] = outcome
            .results
            .iter()
            .filter_map(|result| {
                let planned = plan.calls.get(result.call.position())?;
                let why: Vec<String> = match &result.status {
                    Status::Skipped { changes, .. } => {
                        changes.iter().map(|change| change_words(plan, change)).collect()
                    }
                    Status::Failed(failure) => vec![failure_words(plan, planned, failure)],
                    Status::NotTried { because } => vec![format!("it depends on {because}")],
                    Status::Done | Status::AlreadySo | Status::NotNeeded | Status::Stopped => Vec::new(),
                };
                Some(json!({
                    "call": planned.id,
                    "words": call_words(plan, &planned.call),
                    "status": status(&result.status),
                    "why": why,
                }))
            })
            .collect();
        let verification = &outcome.verification;
        value["verification"] = json!({
            "as_planned": verification.right,
            "repairs": verification.repairs,
            "not_as_planned": verification.wrong.iter().map(|wrong| mismatch_words(plan, wrong)).collect::<Vec<_>>(),
            "unlisted": verification.unlisted.iter().map(|unlisted| json!({
                "space": unlisted.space,
                "principal": unlisted.principal,
                "permission": unlisted.permission,
            })).collect::<Vec<_>>(),
        });
        value["unverified"] = outcome
            .unverified
            .iter()
            .map(|unverified| Value::from(unverified_words(plan, unverified)))
            .collect();
    }
    write(&value)
}

const fn status(status: &Status) -> &'static str {
    match status {
        Status::Done => "done",
        Status::AlreadySo => "already-so",
        Status::NotNeeded => "not-needed",
        Status::Skipped { partly: true, .. } => "partly-skipped",
        Status::Skipped { partly: false, .. } => "skipped",
        Status::Failed(_) => "failed",
        Status::NotTried { .. } => "not-tried",
        Status::Stopped => "stopped",
    }
}

/// How much a policy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicySize {
    pub files: usize,
    pub spaces: usize,
    pub rules: usize,
}

/// What `validate` found; `size` is `None` where the policy is not valid, `endings` are those that were asked for.
pub fn findings_as_json(findings: &Diagnostics, size: Option<PolicySize>, endings: &[Ending]) -> String {
    let mut value = document("validate");
    value["valid"] = size.is_some().into();
    if let Some(PolicySize { files, spaces, rules }) = size {
        value["files"] = files.into();
        value["spaces"] = spaces.into();
        value["rules"] = rules.into();
    }
    value["findings"] = findings.iter().map(|finding| {
        let places: Vec<Value> = finding
            .labels
            .iter()
            .map(|label| {
                let span = &label.span;
                json!({
                    "file": span.file.as_str(),
                    "line": span.line,
                    "column": span.column,
                    "text": harmless(&label.text),
                })
            })
            .collect();
        json!({
            "code": finding.code.as_str(),
            "severity": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
            "message": harmless(&finding.message),
            "help": finding.help.as_deref().map(harmless),
            "places": places,
        })
    }).collect();
    value["endings"] = endings
        .iter()
        .map(|ending| {
            let origin = ending.span.origin();
            json!({
                "until": ending.until.to_string(),
                "who": ending.who,
                "what": ending.what,
                "why": ending.why,
                "place": origin,
            })
        })
        .collect();
    write(&value)
}

/// What `lock` knows: each name with the id that it means, and the names that mean something else from now on.
pub fn lock_as_json(entries: &[(String, String)], accepted: &[[String; 3]]) -> String {
    let mut value = document("lock");
    value["names"] = entries.iter().map(|(name, id)| json!({"name": name, "id": id})).collect();
    value["accepted"] =
        accepted.iter().map(|[name, was, now]| json!({"name": name, "was": was, "now": now})).collect();
    write(&value)
}

/// What `doctor` looked at: for each thing an answer (`ok`, `look`, `out`, `no`) and the line about it.
pub fn diagnoses_as_json(lines: &[(&'static str, String)], is_ready: bool) -> String {
    let mut value = document("doctor");
    value["ready"] = is_ready.into();
    value["checks"] = lines
        .iter()
        .map(|(answer, line)| {
            let (about, message) = line.split_once("  ").unwrap_or(("", line));
            json!({"answer": answer, "about": about.trim(), "message": message.trim()})
        })
        .collect();
    write(&value)
}

pub(super) fn document(kind: &str) -> Value {
    json!({"format_version": FORMAT_VERSION, "kind": kind})
}
