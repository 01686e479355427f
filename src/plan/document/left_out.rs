//! What a plan does not do, though the policy asks for it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Permission, Principal};

use super::super::change::Change;

/// A change that the policy asks for and the account that runs this may not make. The plan does without it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    pub change: Change,
    /// What the account would need.
    pub lacks: Lacks,
    /// Who can give it that, or make the change: the space's administrators, or those on the page's edit list.
    pub ask: BTreeSet<Principal>,
}

/// What a change would need, and surely lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Lacks {
    /// One of these permissions in the space.
    Permission { any_of: BTreeSet<Permission> },
    /// To be on the page's own edit list, itself or by a group.
    EditList,
    /// No right of the account: one of the lists that the call sends has entries of deleted groups and accounts only,
    /// and a list that is sent without them is open.
    LivingEntry { deleted: BTreeSet<Principal> },
    /// No right of the account: the call sends these groups, which the site does not list and may have deleted. Whether
    /// it takes them is not known.
    Certainty { groups: BTreeSet<Principal> },
    /// No right of the account: `site.archived-pages` says that the site does not let the lists of archived pages be
    /// changed.
    WritableArchive,
    /// No right of the account: others have changed the object since the plan was saved or the run ended.
    ExpectedState,
}

impl Lacks {
    /// Whether it is a right of the account that is lacking.
    pub const fn is_right(&self) -> bool {
        match self {
            Self::Permission { .. } | Self::EditList => true,
            Self::LivingEntry { .. }
            | Self::Certainty { .. }
            | Self::WritableArchive
            | Self::ExpectedState => false,
        }
    }
}
