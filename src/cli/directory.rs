//! The policy directory as the command line names it.

use std::io;

use camino::Utf8Path;

use crate::diagnostic::{Diagnostics, Sources};
use crate::policy::{self, Loaded, Policy};

use super::error::CliError;

/// Loads a policy. A directory that is not there, or is none, is a mistake of the command line and not of the
/// policy.
pub(super) fn load(directory: &Utf8Path) -> Result<Loaded, CliError> {
    check(directory)?;
    Ok(policy::load(directory))
}

/// Loads a policy; its errors end the run.
pub(super) fn load_valid(directory: &Utf8Path) -> Result<(Policy, Diagnostics, Sources), CliError> {
    valid(load(directory)?)
}

/// A policy without errors, with its warnings and its texts.
pub(super) fn valid(loaded: Loaded) -> Result<(Policy, Diagnostics, Sources), CliError> {
    let Loaded { policy, findings, sources } = loaded;
    match policy {
        Some(policy) => Ok((policy, findings, sources)),
        None => Err(CliError::Invalid { findings, sources }),
    }
}

/// Refuses what is no directory. What cannot be inspected is left to the reader of the files.
pub(super) fn check(directory: &Utf8Path) -> Result<(), CliError> {
    let hint = "name the directory that holds the policy files";
    match directory.metadata() {
        Ok(about) if !about.is_dir() => {
            Err(CliError::usage(format!("`{directory}` is not a directory"), hint))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(CliError::usage(format!("there is no directory `{directory}`"), hint))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}
