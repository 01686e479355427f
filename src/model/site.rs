//! What kind of site this is, and who is asking.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{AccountId, GroupId, Known, SiteText, Truth, visible};

/// Facts about a site that decide how it is read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub flavor: Flavor,
    /// The address that the site gives itself, which may differ from the one it was reached by.
    pub base_url: SiteText,
    pub cloud_id: Option<String>,
    pub edition: Edition,
    pub mode: SpaceRoleMode,
    /// Whether people who are not signed in get through the site's gate at all.
    pub anonymous_access: Known<bool>,
    pub caller: Caller,
}

/// What a site answers about itself, the same whatever address it was reached by: its own, the gateway, or a
/// custom domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteIdentity {
    /// The id that Atlassian gives to a site (`cloudId` of `settings/systemInfo`); it outlives a rename. `None`
    /// where the token may not read it and the address does not hold it.
    pub cloud_id: Option<String>,
    /// The address that the site gives itself: `baseUrl` of `settings/systemInfo`, or `_links.base` of a list.
    pub base_url: String,
}

impl SiteIdentity {
    /// Whether two answers come from one site. A site that was renamed keeps its cloud id, and one that was made
    /// again under the old address has another, so the addresses decide only where a cloud id is missing.
    pub fn is_same_site(&self, other: &Self) -> bool {
        match (&self.cloud_id, &other.cloud_id) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => is_same_address(&self.base_url, &other.base_url),
        }
    }
}

/// Whether two addresses of sites are the same but for upper case in the host and slashes at the end.
pub fn is_same_address(one: &str, other: &str) -> bool {
    let plain = |text: &str| match Url::parse(text) {
        Ok(url) => url.as_str().trim_end_matches('/').to_owned(),
        Err(_) => text.trim_end_matches('/').to_owned(),
    };
    plain(one) == plain(other)
}

/// Made safe: a lock, which can come from a pull request, may say anything.
impl fmt::Display for SiteIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base_url = visible(&self.base_url);
        match &self.cloud_id {
            Some(cloud_id) => write!(f, "{base_url} (cloud id {})", visible(cloud_id)),
            None => f.write_str(&base_url),
        }
    }
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
    Other(SiteText),
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
    pub name: SiteText,
    /// The groups that the account is in. Where that is unknown it may be in any.
    pub groups: Known<BTreeSet<GroupId>>,
    /// Whether it administers Confluence as a whole.
    pub administers_site: Truth,
}

impl Caller {
    /// Whether the account is in a group, if that is known.
    pub fn is_in(&self, group: &GroupId) -> Option<bool> {
        self.groups.as_ref().known().map(|groups| groups.contains(group))
    }
}
