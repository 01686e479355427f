//! Changes: what people talk about. Calls, which the API can do, are made from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Audience, ContentId, Origin, PageVerb, Permission, Principal, RoleId, SpaceKey, Wanted};

/// One difference between what is and what shall be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A permission that a principal gets or loses in a space.
    Grant { space: SpaceKey, principal: Principal, permission: Permission, verb: Verb, reason: Reason },
    /// The space role of a principal. A principal has one at most.
    Role {
        space: SpaceKey,
        principal: Principal,
        before: Option<RoleId>,
        after: Option<RoleId>,
        reason: Reason,
    },
    /// One of the two lists of a page.
    Audience {
        space: SpaceKey,
        content: ContentId,
        list: PageVerb,
        before: Audience,
        after: Audience,
        reason: Reason,
    },
}

/// What happens to a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    Add,
    Remove,
}

/// Why something changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Reason {
    /// A line of the policy asks for it, perhaps through a role.
    Declared { origin: Origin, role: Option<String> },
    /// The space is authoritative and no line of the policy asks for it.
    NotDeclared,
    /// Confluence refuses `permission` to a principal that lacks this one.
    NeededFor { permission: Permission },
}

impl Reason {
    pub(super) fn of<T>(wanted: &Wanted<T>) -> Self {
        Self::Declared { origin: wanted.origin.clone(), role: wanted.role.clone() }
    }
}

impl Change {
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Grant { space, .. } | Self::Role { space, .. } | Self::Audience { space, .. } => space,
        }
    }

    pub const fn reason(&self) -> &Reason {
        match self {
            Self::Grant { reason, .. } | Self::Role { reason, .. } | Self::Audience { reason, .. } => reason,
        }
    }
}
