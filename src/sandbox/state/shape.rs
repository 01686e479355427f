//! The layout of a state file, key by key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sandbox::world::{
    AccountStatus, AccountType, Edition, GroupAccess, Kind, Pair, Quirks, RoleMode, SpaceStatus, SpaceType,
    Status,
};

/// What `kind:` says.
pub const KIND: &str = "confluence-sandbox";
/// What `version:` says.
pub const VERSION: u32 = 1;

/// A whole state file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented on the world's own types")]
pub struct File {
    pub kind: String,
    pub version: u32,
    pub site: Site,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub users: Map<User>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub groups: Map<Group>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub roles: Map<Role>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub spaces: Map<Space>,
    #[serde(default, serialize_with = "only_changes")]
    pub quirks: Quirks,
}

/// `site:`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented on the world's own types")]
pub struct Site {
    pub flavor: Flavor,
    pub space_role_mode: RoleMode,
    #[serde(default = "standard")]
    pub edition: Edition,
    #[serde(default)]
    pub anonymous: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlicensed_access: bool,
    #[serde(default = "default_url")]
    pub url: String,
    #[serde(default = "default_cloud_id")]
    pub cloud_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
}

/// Which Confluence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flavor {
    /// Confluence Cloud.
    Cloud,
}

/// One of `users:`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented on the world's own types")]
pub struct User {
    pub account_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default = "active", skip_serializing_if = "is_active")]
    pub status: AccountStatus,
    #[serde(rename = "type", default = "atlassian", skip_serializing_if = "is_atlassian")]
    pub kind: AccountType,
    #[serde(default, skip_serializing_if = "is_default")]
    pub confluence_admin: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub jsm_project_admin: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensed: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_scopes: Option<BTreeSet<String>>,
}

/// One of `groups:`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented on the world's own types")]
pub struct Group {
    pub id: String,
    #[serde(default)]
    pub members: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub team: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<GroupAccess>,
}

/// One of `roles:`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented on the world's own types")]
pub struct Role {
    pub id: String,
    #[serde(rename = "type", default = "system")]
    pub kind: RoleKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub permissions: Vec<Pair>,
}

/// Whether a role came with Confluence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the values of the API")]
pub enum RoleKind {
    System,
    Custom,
}

/// One of `spaces:`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented on the world's own types")]
pub struct Space {
    pub id: u64,
    pub name: String,
    #[serde(rename = "type", default = "global")]
    pub kind: SpaceType,
    #[serde(default = "current_space")]
    pub status: SpaceStatus,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlicensed_access: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<u64>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub permissions: Map<Vec<String>>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub role_assignments: Map<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Node>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blogposts: Vec<Node>,
}

/// A node of `pages:`, or one of `blogposts:`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented on the world's own types")]
pub struct Node {
    pub id: u64,
    pub title: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(default = "current", skip_serializing_if = "is_current")]
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub view: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edit: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

/// A mapping that refuses a key given twice, which the YAML library would let win silently.
#[derive(Debug)]
pub struct Map<V>(pub BTreeMap<String, V>);

impl<V> Map<V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Map<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    if entries.contains_key(&key) {
                        return Err(A::Error::custom(format!("`{key}` is given twice")));
                    }
                    let value = map.next_value()?;
                    entries.insert(key, value);
                }
                Ok(Map(entries))
            }
        }

        from.deserialize_map(Entries(PhantomData))
    }
}

/// Writes only the switches that are not where the sandbox puts them.
fn only_changes<S: Serializer>(quirks: &Quirks, to: S) -> Result<S::Ok, S::Error> {
    let fail = |error: serde_yaml::Error| serde::ser::Error::custom(error);
    let usual = serde_yaml::to_value(Quirks::default()).map_err(fail)?;
    let mut value = serde_yaml::to_value(quirks).map_err(fail)?;
    if let (Some(switches), Some(usual)) = (value.as_mapping_mut(), usual.as_mapping()) {
        switches.retain(|key, position| usual.get(key) != Some(&*position));
    }
    value.serialize(to)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn standard() -> Edition {
    Edition::Standard
}

fn default_url() -> String {
    "https://acme.atlassian.net/wiki".to_owned()
}

fn default_cloud_id() -> String {
    "11111111-2222-4333-8444-555555555555".to_owned()
}

fn active() -> AccountStatus {
    AccountStatus::Active
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_active(status: &AccountStatus) -> bool {
    *status == AccountStatus::Active
}

fn atlassian() -> AccountType {
    AccountType::Atlassian
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_atlassian(kind: &AccountType) -> bool {
    *kind == AccountType::Atlassian
}

fn system() -> RoleKind {
    RoleKind::System
}

fn global() -> SpaceType {
    SpaceType::Global
}

fn current_space() -> SpaceStatus {
    SpaceStatus::Current
}

fn current() -> Status {
    Status::Current
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_current(status: &Status) -> bool {
    *status == Status::Current
}
