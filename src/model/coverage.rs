//! How much of a site a policy speaks of.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Origin, Shown};

/// How much of a site a policy speaks of, as far as the spaces of the site are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The number of spaces that no entry and no rule is about. `None` where not all spaces were listed, since no rule
    /// goes by a pattern, or where the run is about some spaces only.
    pub unnamed: Option<usize>,
    /// The rules that leave out spaces whose keys they match.
    pub passed_over: BTreeSet<PassedOver>,
}

/// The spaces that a rule leaves out though their keys match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PassedOver {
    pub rule: String,
    pub origin: Origin,
    /// How many there are of each type that the rule does not name.
    pub types: BTreeMap<Shown, usize>,
    /// How many there are of each status, whatever their type, where the rule names no status and means current spaces.
    pub statuses: BTreeMap<Shown, usize>,
}
