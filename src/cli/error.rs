//! Errors at the border: a code, a sentence, what to do next, and an exit code.

use std::collections::BTreeMap;

use crate::confluence;
use crate::diagnostic::{Code, Diagnostics, Sources};
use crate::model::{Guard, Origin};
use crate::plan::Rejected;
use crate::render::{self, FindingDocument};

use super::exit::Exit;
use super::failure::{ErrorCode, Failure};

/// Why a command did not do its work.
#[derive(Debug)]
pub(super) enum CliError {
    /// Something failed.
    Failed {
        code: ErrorCode,
        message: String,
        hint: Option<String>,
        /// The line of the policy that it is about, where it is about one.
        at: Option<Origin>,
    },
    /// The command line asks for something that makes no sense.
    Usage { message: String, hint: Option<String> },
    /// The policy has errors, each with its place.
    Invalid { findings: Diagnostics, sources: Sources },
    /// The policy is valid, and its own guards block it.
    Blocked { breaches: BTreeMap<Guard, Diagnostics>, sources: Sources },
}

impl CliError {
    pub(super) fn failed(code: impl Into<ErrorCode>, message: impl Into<String>) -> Self {
        Self::Failed { code: code.into(), message: message.into(), hint: None, at: None }
    }

    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Failed { code, message, at, .. } => {
                Self::Failed { code, message, hint: Some(hint.into()), at }
            }
            Self::Usage { message, .. } => Self::Usage { message, hint: Some(hint.into()) },
            other @ (Self::Invalid { .. } | Self::Blocked { .. }) => other,
        }
    }

    /// The same, about a line of the policy.
    pub(super) fn at(self, origin: Option<Origin>) -> Self {
        match self {
            Self::Failed { code, message, hint, .. } => Self::Failed { code, message, hint, at: origin },
            other @ (Self::Usage { .. } | Self::Invalid { .. } | Self::Blocked { .. }) => other,
        }
    }

    /// What is wrong with the policy, if that is the error.
    pub(super) fn findings(&self) -> Option<(Diagnostics, Sources)> {
        match self {
            Self::Failed { .. } | Self::Usage { .. } => None,
            Self::Invalid { findings, sources } => Some((findings.clone(), sources.clone())),
            Self::Blocked { breaches, sources } => {
                Some((breaches.values().flatten().cloned().collect(), sources.clone()))
            }
        }
    }

    /// The same for programs. A secret is recognised only as it is, so `scrubbed` is handed texts before anything in
    /// them is escaped.
    pub(super) fn documented(&self, scrubbed: impl Fn(&str) -> String) -> Vec<FindingDocument> {
        let (code, message, hint, at) = match self {
            Self::Failed { code, message, hint, at } => (Some(code.to_string()), message, hint, at.as_ref()),
            Self::Usage { message, hint } => (None, message, hint, None),
            Self::Invalid { findings, .. } => return findings.iter().map(FindingDocument::from).collect(),
            Self::Blocked { breaches, .. } => {
                return breaches.values().flatten().map(FindingDocument::from).collect();
            }
        };
        let hint = hint.as_deref().map(&scrubbed);
        vec![FindingDocument::of_failure(code, &scrubbed(message), hint.as_deref(), at)]
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Failed { code: ErrorCode::Failure(failure), .. } if failure.is_refusal() => Exit::Blocked,
            Self::Failed { .. } => Exit::Failed,
            Self::Usage { .. } => Exit::Usage,
            // What such a file says has a meaning, and its author may not say it.
            Self::Invalid { findings, .. } if is_blocked(findings) => Exit::Blocked,
            Self::Invalid { .. } => Exit::Invalid,
            Self::Blocked { .. } => Exit::Blocked,
        }
    }
}

/// Whether nothing is wrong but that files of teams reach further than their delegation.
fn is_blocked(findings: &Diagnostics) -> bool {
    let mut errors = findings.iter().filter(|finding| finding.is_error());
    errors.all(|finding| finding.code == Code::BeyondDelegation) && findings.has_errors()
}

impl From<confluence::Error> for CliError {
    fn from(error: confluence::Error) -> Self {
        Self::Failed {
            code: Failure::from(&error).into(),
            message: error.to_string(),
            hint: error.hint(),
            at: None,
        }
    }
}

/// Never a plan: what its order would do is not what was promised.
impl From<Rejected> for CliError {
    fn from(rejected: Rejected) -> Self {
        let space = &rejected.broken.space;
        Self::failed(Failure::Defect, render::rejected_as_text(&rejected)).with_hint(format!(
            "report it at {}/issues, with the policy of {space} and the file that `confperm snapshot --space {space} -o \
             site.yaml` writes; smaller changes, applied one after the other, may work until then",
            env!("CARGO_PKG_REPOSITORY")
        ))
    }
}

impl From<crate::sandbox::Error> for CliError {
    fn from(error: crate::sandbox::Error) -> Self {
        use crate::sandbox::Error;
        let failed = Self::failed(Failure::from(&error), error.to_string());
        match error {
            Error::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => failed.with_hint(
                "another program, such as another sandbox, uses this port: stop it, or choose another port, as in \
                 `--listen 127.0.0.1:8485`",
            ),
            _ => failed,
        }
    }
}
