//! Errors at the border: a code, a sentence, what to do next, and an exit code.

use std::collections::BTreeMap;
use std::io;

use camino::Utf8Path;

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
    /// Something failed, or the command line asks for something that makes no sense.
    Failed {
        /// `None` where what was typed makes no sense: that is on the screen.
        code: Option<ErrorCode>,
        message: String,
        hint: Option<String>,
        /// The line of the policy that it is about, where it is about one.
        at: Option<Origin>,
    },
    /// The policy has errors, each with its place.
    Invalid { findings: Diagnostics, sources: Sources },
    /// The policy is valid, and its own guards block it.
    Blocked { breaches: BTreeMap<Guard, Diagnostics>, sources: Sources },
}

impl CliError {
    pub(super) fn failed(code: impl Into<ErrorCode>, message: impl Into<String>) -> Self {
        Self::Failed { code: Some(code.into()), message: message.into(), hint: None, at: None }
    }

    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Failed { code: None, message: message.into(), hint: Some(hint.into()), at: None }
    }

    /// What cannot happen.
    pub(super) fn defect(message: impl Into<String>) -> Self {
        Self::failed(Failure::Defect, message)
    }

    pub(super) fn unwritable(path: &Utf8Path, error: &io::Error) -> Self {
        Self::failed(Failure::UnwritableFile, format!("cannot write `{path}`: {error}"))
    }

    pub(super) fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Failed { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// The same, about a line of the policy.
    pub(super) fn at(mut self, origin: Option<Origin>) -> Self {
        if let Self::Failed { at, .. } = &mut self {
            *at = origin;
        }
        self
    }

    /// What is wrong with the policy, if that is the error.
    pub(super) fn findings(&self) -> Option<(Diagnostics, Sources)> {
        match self {
            Self::Failed { .. } => None,
            Self::Invalid { findings, sources } => Some((findings.clone(), sources.clone())),
            Self::Blocked { breaches, sources } => {
                Some((breaches.values().flatten().cloned().collect(), sources.clone()))
            }
        }
    }

    /// The same for programs. A secret is recognised only as it is, so `scrubbed` is handed texts before anything in
    /// them is escaped.
    pub(super) fn documented(&self, scrubbed: impl Fn(&str) -> String) -> Vec<FindingDocument> {
        match self {
            Self::Failed { code, message, hint, at } => {
                let code = code.map(|code| code.to_string());
                let hint = hint.as_deref().map(&scrubbed);
                vec![FindingDocument::of_failure(code, &scrubbed(message), hint.as_deref(), at.as_ref())]
            }
            Self::Invalid { findings, .. } => findings.iter().map(FindingDocument::from).collect(),
            Self::Blocked { breaches, .. } => {
                breaches.values().flatten().map(FindingDocument::from).collect()
            }
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Failed { code: None, .. } => Exit::Usage,
            Self::Failed { code: Some(ErrorCode::Failure(failure)), .. } if failure.is_refusal() => {
                Exit::Blocked
            }
            Self::Failed { .. } => Exit::Failed,
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
        let failed = Self::failed(Failure::from(&error), error.to_string());
        match error.hint() {
            Some(hint) => failed.with_hint(hint),
            None => failed,
        }
    }
}

/// Never a plan: what its order would do is not what was promised.
impl From<Rejected> for CliError {
    fn from(rejected: Rejected) -> Self {
        let space = &rejected.broken.space;
        Self::defect(render::rejected_as_text(&rejected)).with_hint(format!(
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
            Error::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => failed.with_hint(
                "another program, such as another sandbox, uses this port: stop it, or choose another port, as in \
                 `--listen 127.0.0.1:8485`",
            ),
            _ => failed,
        }
    }
}
