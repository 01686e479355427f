//! Accounts, groups, roles and the site's own settings.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{AccountId, GroupId, RoleId, SpaceKey};
use super::pair::Pair;

/// How far the site has moved to space roles (API v2, getSpaceRoleMode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoleMode {
    /// Classic permissions only.
    PreRoles,
    /// Roles and custom access side by side.
    RolesTransition,
    /// Roles only: classic writes are refused.
    Roles,
}

/// What the site pays for. Free sites cannot change permissions or restrictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the plans")]
pub enum Edition {
    Free,
    Standard,
    Premium,
    Enterprise,
}

impl Edition {
    /// As `GET /settings/systemInfo` spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Standard => "standard",
            Self::Premium => "premium",
            Self::Enterprise => "enterprise",
        }
    }
}

/// Settings of the whole site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Roles, classic permissions, or both.
    pub mode: RoleMode,
    /// The plan.
    pub edition: Edition,
    /// Whether people who are not signed in may use Confluence.
    pub anonymous: bool,
    /// Whether signed-in people without a licence may use Confluence (JSM access).
    pub unlicensed_access: bool,
    /// The address that links name, ending in `/wiki`.
    pub url: String,
    /// The id that gateway addresses hold.
    pub cloud_id: String,
    /// Who signs in when the sandbox is embedded.
    pub caller: Option<AccountId>,
}

/// Whether an account can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountStatus {
    /// It can.
    Active,
    /// Deactivated.
    Inactive,
    /// Deleted.
    Closed,
}

impl AccountStatus {
    /// As `POST /users-bulk` spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Closed => "closed",
        }
    }
}

/// What kind of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountType {
    /// A person.
    Atlassian,
    /// An installed app.
    App,
    /// A customer of a help desk: has no Confluence licence.
    Customer,
}

impl AccountType {
    /// As `POST /users-bulk` spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Atlassian => "atlassian",
            Self::App => "app",
            Self::Customer => "customer",
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id on the wire.
    pub account: AccountId,
    /// The key in the state file; `token-HANDLE` is its token.
    pub handle: String,
    /// The name people see.
    pub name: String,
    /// The address to sign in with.
    pub email: Option<String>,
    /// Whether it can sign in.
    pub status: AccountStatus,
    /// Person, app or customer.
    pub kind: AccountType,
    /// Holds the global permission "Confluence Administrator".
    pub confluence_admin: bool,
    /// Is in the class `jsm-project-admins`.
    pub jsm_project_admin: bool,
    /// Has the product role User or Admin.
    pub licensed: bool,
    /// A guest's one space.
    pub guest_of: Option<SpaceKey>,
    /// The scopes of its token. A token with scopes works through the gateway only.
    pub token_scopes: Option<BTreeSet<String>>,
}

/// A flat group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The id on the wire.
    pub id: GroupId,
    /// The name, which may change.
    pub name: String,
    /// Its members.
    pub members: BTreeSet<AccountId>,
    /// A team of Atlassian's directory rather than a group.
    pub team: bool,
    /// What product access the group gives, for `GET /group?accessType=`.
    pub access: Option<GroupAccess>,
}

/// The product access that a group gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the values of the API's accessType")]
pub enum GroupAccess {
    User,
    Admin,
    SiteAdmin,
}

impl GroupAccess {
    /// As the query parameter `accessType` spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::SiteAdmin => "site-admin",
        }
    }
}

/// A space role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The id on the wire.
    pub id: RoleId,
    /// `Admin`, `Viewer` …
    pub name: String,
    /// One of the four that come with Confluence.
    pub system: bool,
    /// For people.
    pub description: String,
    /// Whether an administrator has disabled it: it is not listed and cannot be assigned, and who holds it keeps
    /// it (assumed; that default roles can be disabled is documented, an API for it is not).
    pub disabled: bool,
    /// What it gives.
    pub permissions: BTreeSet<Pair>,
    /// The ids that it was made with, for one that was made through the API.
    pub made_of: Option<BTreeSet<String>>,
}
