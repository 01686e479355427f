//! The layout of a state file, key by key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::adversary::Section;
use crate::sandbox::world::{
    AccountStatus, AccountType, Edition, GroupAccess, Kind, Pair, Quirks, RoleMode, SpaceStatus, SpaceType,
    Status,
};

/// What `kind:` says.
pub const KIND: &str = "confluence-sandbox";
/// What `version:` says.
pub const VERSION: u32 = 1;

/// A whole state file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// Always `confluence-sandbox`: what tells a state file from a policy.
    #[schemars(extend("const" = KIND))]
    pub kind: String,
    /// The version of this form.
    #[schemars(extend("const" = VERSION))]
    pub version: u32,
    /// Settings of the whole site.
    pub site: Site,
    /// The accounts. The key is the name that the rest of the file uses, and `token-NAME` is its token.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub users: Map<User>,
    /// The groups, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub groups: Map<Group>,
    /// The space roles, by name. A site in `pre-roles` mode has none in use.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub roles: Map<Role>,
    /// The spaces, by key.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub spaces: Map<Space>,
    /// Switches for behaviour that Atlassian does not document; what is not mentioned has its usual
    /// position.
    #[serde(default, serialize_with = "only_changes")]
    pub quirks: Quirks,
    /// What goes on beside the requests of a client. Without it the site stands still.
    #[serde(default, skip_serializing)]
    pub adversary: Option<Section>,
}

/// `site:`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Site {
    /// Which Confluence it is.
    pub flavor: Flavor,
    /// Classic permissions, roles, or both.
    pub space_role_mode: RoleMode,
    /// The plan. On a free site permissions cannot be changed.
    #[serde(default = "standard")]
    pub edition: Edition,
    /// Whether people who are not signed in may use Confluence.
    #[serde(default)]
    pub anonymous: bool,
    /// Whether signed-in people without a licence may use Confluence.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlicensed_access: bool,
    /// The address that links name, ending in `/wiki`.
    #[serde(default = "default_url")]
    pub url: String,
    /// The id of the site, as gateway addresses hold it. Without one, it is derived from the address and the ids
    /// of the spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_id: Option<String>,
    /// Who signs in where the sandbox is embedded: a name of `users`. Usually the first active Confluence
    /// admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
}

/// Which Confluence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Flavor {
    /// Confluence Cloud.
    Cloud,
}

/// One of `users:`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct User {
    /// The account id on the wire.
    pub account_id: String,
    /// The name that people see; usually the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address to sign in with; the key for an account that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Active, deactivated or deleted.
    #[serde(default = "active", skip_serializing_if = "is_active")]
    pub status: AccountStatus,
    /// A person, an app, or a customer of a help desk.
    #[serde(rename = "type", default = "atlassian", skip_serializing_if = "is_atlassian")]
    pub kind: AccountType,
    /// Holds the global permission "Confluence Administrator".
    #[serde(default, skip_serializing_if = "is_default")]
    pub confluence_admin: bool,
    /// Is in the class `jsm-project-admins`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub jsm_project_admin: bool,
    /// The key of the one space that a guest has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_of: Option<String>,
    /// Has the product role User or Admin; usually every person who is no guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensed: Option<bool>,
    /// The scopes of its token. A token with scopes works through the gateway only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_scopes: Option<BTreeSet<String>>,
}

/// One of `groups:`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Group {
    /// The group id on the wire.
    pub id: String,
    /// Its members, names of `users`.
    #[serde(default)]
    pub members: Vec<String>,
    /// A team of Atlassian's directory rather than a group.
    #[serde(default, skip_serializing_if = "is_default")]
    pub team: bool,
    /// The product access that the group gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<GroupAccess>,
}

/// One of `roles:`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Role {
    /// The role id on the wire.
    pub id: String,
    /// Whether it came with Confluence.
    #[serde(rename = "type", default = "system")]
    pub kind: RoleKind,
    /// Whether an administrator has disabled it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub disabled: bool,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it gives.
    pub permissions: Vec<Pair>,
}

/// Whether a role came with Confluence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the values of the API")]
pub enum RoleKind {
    System,
    Custom,
}

/// One of `spaces:`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Space {
    /// The space id on the wire.
    pub id: u64,
    /// The name that people see.
    pub name: String,
    /// Global, personal and so on.
    #[serde(rename = "type", default = "global")]
    pub kind: SpaceType,
    /// Current, archived or trashed.
    #[serde(default = "current_space")]
    pub status: SpaceStatus,
    /// Its labels, which the screen calls categories.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Every signed-in person may view.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlicensed_access: bool,
    /// The id of the home page; usually the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<u64>,
    /// Rows of custom access: for each permission, the principals that hold it. A principal is `user:NAME`,
    /// `group:NAME`, `class:ID`, `anonymous`, or `account-id:ID` and `group-id:ID` for entries whose
    /// account or group is gone.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub permissions: Map<Vec<String>>,
    /// For each role, the principals that have it; one role at most per principal.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub role_assignments: Map<Vec<String>>,
    /// The tree: pages, folders, whiteboards, databases and embeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Node>,
    /// Blog posts, which have no tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blogposts: Vec<Node>,
}

/// A node of `pages:`, or one of `blogposts:`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Node {
    /// The content id on the wire.
    pub id: u64,
    /// The title. A number needs no quotes.
    #[schemars(extend("type" = ["string", "number"]))]
    pub title: String,
    /// What it is; usually a page.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Current, archived, trashed or a draft.
    #[serde(default = "current", skip_serializing_if = "is_current")]
    pub status: Status,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// The author: a name of `users`, or `account-id:ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The view list; empty is open to everyone in the space.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub view: Vec<String>,
    /// The edit list; empty is open to everyone who may edit in the space.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edit: Vec<String>,
    /// What is below it.
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

impl<V: JsonSchema> JsonSchema for Map<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Map of {}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, V>::json_schema(generator)
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
