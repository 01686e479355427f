//! Errors at the border: a sentence, what to do next, and an exit code.

use std::collections::BTreeMap;

use crate::confluence;
use crate::diagnostic::{Diagnostics, Sources};
use crate::model::Guard;

use super::exit;

/// Why a command did not do its work.
#[derive(Debug)]
pub(super) enum CliError {
    /// Something failed.
    Failed { message: String, hint: Option<String> },
    /// The command line asks for something that makes no sense.
    Usage { message: String, hint: Option<String> },
    /// The policy has errors, each with its place.
    Invalid { findings: Diagnostics, sources: Sources },
    /// The policy is valid, and its own guards hold it back.
    HeldBack { breaches: BTreeMap<Guard, Diagnostics>, sources: Sources },
    /// Whoever read our output has gone; that is no error.
    Closed,
}

impl CliError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), hint: None }
    }

    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Failed { message, .. } => Self::Failed { message, hint: Some(hint.into()) },
            Self::Usage { message, .. } => Self::Usage { message, hint: Some(hint.into()) },
            other @ (Self::Invalid { .. } | Self::HeldBack { .. } | Self::Closed) => other,
        }
    }

    pub(super) const fn code(&self) -> u8 {
        match self {
            Self::Failed { .. } => exit::FAILED,
            Self::Usage { .. } => exit::USAGE,
            Self::Invalid { .. } => exit::INVALID,
            Self::HeldBack { .. } => exit::REFUSED,
            Self::Closed => exit::DONE,
        }
    }
}

impl From<confluence::Error> for CliError {
    fn from(error: confluence::Error) -> Self {
        Self::Failed { message: error.to_string(), hint: error.hint() }
    }
}

impl From<crate::sandbox::Error> for CliError {
    fn from(error: crate::sandbox::Error) -> Self {
        Self::failed(error.to_string())
    }
}
