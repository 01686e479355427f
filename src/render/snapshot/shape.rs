//! The layout of a state file, as the documentation of the sandbox gives it. Written here once more on
//! purpose: the sandbox and the client share no code.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) kind: &'static str,
    pub(super) version: u32,
    pub(super) site: SiteState,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) users: BTreeMap<String, UserState>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) groups: BTreeMap<String, GroupState>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) roles: BTreeMap<String, RoleState>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) spaces: BTreeMap<String, SpaceState>,
    #[serde(skip_serializing_if = "Quirks::is_usual")]
    pub(super) quirks: Quirks,
}

/// Where the site differs from what the sandbox takes for granted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Quirks {
    pub(super) folders_restrictable: bool,
}

impl Quirks {
    const fn is_usual(&self) -> bool {
        !self.folders_restrictable
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SiteState {
    pub(super) flavor: &'static str,
    pub(super) space_role_mode: &'static str,
    pub(super) edition: &'static str,
    pub(super) anonymous: bool,
    pub(super) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloud_id: Option<String>,
    pub(super) caller: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UserState {
    pub(super) account_id: String,
    pub(super) name: String,
    pub(super) email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) confluence_admin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) guest_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) licensed: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct GroupState {
    pub(super) id: String,
    pub(super) members: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RoleState {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) permissions: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SpaceState {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) homepage: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) permissions: BTreeMap<&'static str, Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) role_assignments: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pages: Vec<ContentState>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) blogposts: Vec<ContentState>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ContentState {
    pub(super) id: u64,
    pub(super) title: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) view: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) edit: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) children: Vec<Self>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}
