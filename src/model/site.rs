//! What kind of site this is, and who is asking.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountId, GroupId, Known};

/// Facts about a site that decide how it is read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub flavor: Flavor,
    /// The address that the site gives itself, which may differ from the one it was reached by.
    pub base_url: String,
    pub cloud_id: Option<String>,
    pub edition: Edition,
    pub mode: SpaceRoleMode,
    /// Whether people who are not signed in get through the site's gate at all.
    pub anonymous_access: Known<bool>,
    pub caller: Caller,
}

/// Which product it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Flavor {
    Cloud,
    DataCenter,
}

/// The plan that the customer pays for. On `Free`, permissions and restrictions cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Edition {
    Free,
    Standard,
    Premium,
    Enterprise,
    /// A word we do not know, or none.
    Other(String),
}

/// How access to spaces is given (OpenAPI v2, `GET /space-role-mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceRoleMode {
    /// Permissions only.
    PreRoles,
    /// Roles, and permissions beside them as "custom access".
    RolesTransition,
    /// Roles only; permissions cannot be written one by one.
    Roles,
}

impl SpaceRoleMode {
    pub const fn has_roles(self) -> bool {
        matches!(self, Self::RolesTransition | Self::Roles)
    }
}

/// The account that signs in. Never anonymous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub account: AccountId,
    pub name: String,
    pub groups: BTreeSet<GroupId>,
}
