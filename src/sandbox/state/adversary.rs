//! The layout of `adversary:`, key by key. Rules that the command line knows too are written the same way.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shape::Map;
use crate::sandbox::world::Pair;

/// `adversary:`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Section {
    /// Other people at work. Each acts once, and is not asked again in later runs on the same sandbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<ActorShape>,
    /// How long changes stay invisible to each kind of read.
    #[serde(default)]
    pub lag: LagShape,
    /// Requests that end badly, as KIND:METHOD:PATH or KIND:METHOD:PATH:TIMES. KIND is a status from 400 to
    /// 599, `drop`, `cut` or `lost-500`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fail: Vec<String>,
    /// Endpoints that answer 403 or 404: space-role-mode, space-roles, role-assignments, group-members,
    /// users-bulk, systemInfo, memberof, groups.
    #[serde(default)]
    pub hide: Map<u16>,
    /// Answers that contradict themselves, as NAME:PATH or NAME:PATH:TIMES.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mangle: Vec<String>,
    /// When the server closes every connection, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<KillShape>,
}

/// `lag:`: for each kind of read a number of reads, or a time such as `300ms` or `2s`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LagShape {
    /// The rows of a space (v2 permissions).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<DelayText>,
    /// The role assignments of a space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<DelayText>,
    /// The lists of a page at the restriction endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists: Option<DelayText>,
    /// The lists of a page in a CQL search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<DelayText>,
}

/// A number of reads, or a time: `2`, `300ms`, `2s`.
#[derive(Debug, JsonSchema)]
#[schemars(transparent, extend("type" = ["integer", "string"], "pattern" = "^[0-9]+(ms|s)?$"))]
pub struct DelayText(pub String);

/// `kill:`: one of the two.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct KillShape {
    /// Just before this write is carried out, counting from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_write: Option<u64>,
    /// Just after this write was carried out; its answer is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_write: Option<u64>,
}

/// Another person, who acts once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ActorShape {
    /// A name for the log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When.
    pub when: WhenShape,
    /// What, in this order.
    #[serde(with = "serde_yaml::with::singleton_map_recursive")]
    #[schemars(with = "Vec<Deed>")]
    pub does: Vec<Deed>,
}

/// The moment at which an actor acts: one of the triggers, and which time counts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["before"]}, {"required": ["after-write"]}, {"required": ["after-rows-of"]},
    {"required": ["after-roles-of"]}, {"required": ["after-lists-of"]}, {"required": ["after-search-with"]},
]))]
pub struct WhenShape {
    /// Before a request is looked at, as METHOD:PATH, or `*` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After a write was carried out, as METHOD:PATH, or `*` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_write: Option<String>,
    /// After the rows of the space with this key were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_rows_of: Option<String>,
    /// After the role assignments of the space with this key were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_roles_of: Option<String>,
    /// After the restriction endpoints gave lists of the page with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_lists_of: Option<u64>,
    /// After a search gave lists of the page with this id, as a result or as an ancestor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_search_with: Option<u64>,
    /// Which time: the first, if nothing is said.
    #[serde(default = "first")]
    #[schemars(range(min = 1))]
    pub nth: u64,
}

fn first() -> u64 {
    1
}

/// Which of the two lists of a page.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "as `view:` and `edit:` of a page")]
pub enum ListName {
    View,
    Edit,
}

/// Something that an actor does. Spaces go by key, groups, people and roles by their name in this file,
/// pages by id, and principals as in `permissions:`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the objects concerned and what they become")]
pub enum Deed {
    /// Adds a row to a space.
    Grant { space: String, who: String, permission: Pair },
    /// Removes a row from a space; with `read/space`, every row of the principal.
    Revoke { space: String, who: String, permission: Pair },
    /// Assigns a role, or replaces the one that the principal has.
    AssignRole { space: String, who: String, role: String },
    /// Removes the role of a principal.
    RemoveRole { space: String, who: String },
    /// Replaces a list of a page.
    SetList { page: u64, list: ListName, who: Vec<String> },
    /// Adds an entry to a list of a page.
    AddToList { page: u64, list: ListName, who: String },
    /// Removes an entry from a list of a page.
    RemoveFromList { page: u64, list: ListName, who: String },
    /// Opens a list of a page.
    ClearList { page: u64, list: ListName },
    /// Gives a page another title.
    RenamePage { page: u64, title: String },
    /// Puts a label on a page.
    LabelPage { page: u64, label: String },
    /// Takes a label off a page.
    UnlabelPage { page: u64, label: String },
    /// Gives a group another name.
    RenameGroup { group: String, name: String },
    /// Gives a space another name.
    RenameSpace { space: String, name: String },
    /// Gives a space another key.
    ChangeSpaceKey { space: String, key: String },
    /// Moves a page and what is below it, below another page.
    MovePage { page: u64, below: u64 },
    /// Moves a page and what is below it to the top of a space.
    MovePageToTop { page: u64, space: String },
    /// Archives a page.
    ArchivePage { page: u64 },
    /// Moves a page to the trash.
    DeletePage { page: u64 },
    /// Adds a member to a group.
    AddMember { group: String, user: String },
    /// Removes a member from a group.
    RemoveMember { group: String, user: String },
    /// Deletes a group.
    DeleteGroup { group: String },
}

impl Serialize for DelayText {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DelayText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = DelayText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of reads, or a time such as 300ms")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<DelayText, E> {
                Ok(DelayText(number.to_string()))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<DelayText, E> {
                u64::try_from(number)
                    .map_or_else(|_| Err(E::custom("a delay is not negative")), |n| self.visit_u64(n))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<DelayText, E> {
                Ok(DelayText(text.to_owned()))
            }
        }

        from.deserialize_any(Text).map_err(D::Error::custom)
    }
}
