//! Where a plan comes from, for those who carry it out later or look it up.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Fingerprint, Shown};

/// The content that a plan was made from, and by which run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeFrom {
    /// Of the policy files and of the CSV files that they name, with their paths.
    pub files: Fingerprint,
    /// Of `confperm.lock` as it was read, and as it is with what this run learned; none where there was no lock.
    pub locks: BTreeSet<Fingerprint>,
    /// The commit that was checked out, if that could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Shown>,
    /// The address of the CI run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Shown>,
}
