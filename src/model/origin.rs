//! Where something was asked for.

use std::fmt;
use std::sync::Arc;

use camino::Utf8Path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared;
use super::visible::harmless;

/// The line of a policy that asks for something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Relative to the policy directory.
    #[serde(with = "shared")]
    #[schemars(with = "String")]
    pub file: Arc<Utf8Path>,
    /// Counted from 1.
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", harmless(self.file.as_str()), self.line)
    }
}
