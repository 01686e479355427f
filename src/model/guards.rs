//! What every plan must respect, whatever the policy asks for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Origin, Principal};

/// The guards of a policy, in the ids of the site. What a policy does not say has a default, so that a
/// first policy with a gap in it is held back and shown, not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    pub min_admins: Guarded<u32>,
    /// Who must administer every space that the policy speaks of, and keeps full access to it at every
    /// step of an apply.
    pub required_admins: BTreeMap<Principal, Origin>,
    pub max_removals: Guarded<MaxRemovals>,
    pub forbid: BTreeMap<Forbidden, Origin>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            min_admins: Guarded { limit: 1, origin: None },
            required_admins: BTreeMap::new(),
            max_removals: Guarded { limit: MaxRemovals::Percent(25), origin: None },
            forbid: BTreeMap::new(),
        }
    }
}

/// A limit, and the line that sets it; none for a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded<T> {
    pub limit: T,
    pub origin: Option<Origin>,
}

/// How much of what a run manages one plan may take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaxRemovals {
    /// Of the grants that a run manages, once there are ten.
    Percent(u8),
    /// This many grants, however many there are.
    Count(u32),
}

/// What no policy may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Forbidden {
    /// Access for visitors who are not signed in.
    Anonymous,
    /// Access given to a person by name instead of to a group.
    DirectUsers,
}
