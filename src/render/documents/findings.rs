//! Findings, alone and as what ended a command.

use schemars::JsonSchema;
use serde::Serialize;

use super::{DocumentBody, write};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::{Origin, harmless};
use crate::policy::Ending;

/// What is wrong, where, and what to do about it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingDocument {
    /// Its stable name; none where the command line is wrong.
    code: Option<String>,
    severity: SeverityDocument,
    message: String,
    /// What to do next.
    help: Option<String>,
    /// The place to blame first, then others that belong to it; none where no file is to blame.
    places: Vec<PlaceDocument>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum SeverityDocument {
    Error,
    Warning,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct PlaceDocument {
    /// Relative to the policy directory.
    file: String,
    /// Counted from 1.
    line: u32,
    /// Counted from 1, in characters; none for a line as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    /// What is said of this place; may be empty.
    text: String,
}

impl FindingDocument {
    /// What ended a command and is not a finding of the policy.
    pub fn of_failure(code: Option<String>, message: &str, help: Option<&str>, at: Option<&Origin>) -> Self {
        let place = |origin: &Origin| PlaceDocument {
            file: harmless(origin.file.as_str()).into_owned(),
            line: origin.line,
            column: None,
            text: String::new(),
        };
        Self {
            code,
            severity: SeverityDocument::Error,
            message: message.to_owned(),
            help: help.map(str::to_owned),
            places: at.map(place).into_iter().collect(),
        }
    }
}

impl From<&Diagnostic> for FindingDocument {
    fn from(finding: &Diagnostic) -> Self {
        let places = finding.labels.iter().map(|label| PlaceDocument {
            file: label.span.file.as_str().to_owned(),
            line: label.span.line,
            column: Some(label.span.column),
            text: harmless(&label.text).into_owned(),
        });
        Self {
            code: Some(finding.code.as_str().to_owned()),
            severity: match finding.severity {
                Severity::Error => SeverityDocument::Error,
                Severity::Warning => SeverityDocument::Warning,
            },
            message: harmless(&finding.message).into_owned(),
            help: finding.help.as_deref().map(|help| harmless(help).into_owned()),
            places: places.collect(),
        }
    }
}

/// Why a command that was asked for a document has none: the policy is invalid, or something failed.
#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorDocument {
    /// The command that was run.
    command: &'static str,
    exit_code: u8,
    findings: Vec<FindingDocument>,
}

impl DocumentBody for ErrorDocument {
    const KIND: &'static str = "error";
}

/// What ended a command before it had a document to print.
pub fn error_as_json(command: &'static str, findings: Vec<FindingDocument>, exit: u8) -> String {
    write(ErrorDocument { command, exit_code: exit, findings })
}

/// How much a policy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicySize {
    pub files: usize,
    pub spaces: usize,
    pub rules: usize,
}

/// What `validate` found.
#[derive(Serialize, JsonSchema)]
pub(super) struct ValidateDocument {
    valid: bool,
    exit_code: u8,
    /// Only of a valid policy.
    #[serde(flatten)]
    size: Option<PolicySize>,
    findings: Vec<FindingDocument>,
    /// What ends within the time that was asked about.
    endings: Vec<EndingDocument>,
}

#[derive(Serialize, JsonSchema)]
struct EndingDocument {
    /// The last day.
    until: String,
    who: String,
    what: String,
    why: Option<String>,
    place: Origin,
}

impl DocumentBody for ValidateDocument {
    const KIND: &'static str = "validate";
}

/// What `validate` found; `size` is `None` where the policy is not valid, `endings` are those that were asked for.
pub fn findings_as_json(
    findings: &Diagnostics,
    size: Option<PolicySize>,
    endings: &[Ending],
    exit: u8,
) -> String {
    let endings = endings.iter().map(|ending| EndingDocument {
        until: ending.until.to_string(),
        who: ending.who.clone(),
        what: ending.what.clone(),
        why: ending.why.clone(),
        place: ending.span.origin(),
    });
    write(ValidateDocument {
        valid: size.is_some(),
        exit_code: exit,
        size,
        findings: findings.iter().map(FindingDocument::from).collect(),
        endings: endings.collect(),
    })
}
