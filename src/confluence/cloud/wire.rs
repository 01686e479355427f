//! The JSON of Cloud, as far as it is read here. Unknown fields and words are let through: the published
//! enums lag behind the product. Ids come as strings (v2) or numbers (v1).

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::model::{
    AccessClass, AccountId, AccountKind, AccountStatus, ContentId, GroupId, Known, Person, Principal, Role,
    RoleId, RoleKind, Space, SpaceId, SpaceKey, SpaceKind, SpaceStatus, Why,
};

#[derive(Debug, Default, Hash, Deserialize)]
pub(super) struct Links {
    pub(super) next: Option<String>,
}

/// A page of a v2 list.
#[derive(Debug, Deserialize)]
pub(super) struct CursorList<T> {
    pub(super) results: Vec<T>,
    #[serde(rename = "_links", default)]
    pub(super) links: Links,
}

/// A page of a v1 list.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct OffsetList<T> {
    pub(super) results: Vec<T>,
    pub(super) size: Option<u64>,
    pub(super) limit: Option<u64>,
    #[serde(rename = "_links")]
    pub(super) links: Option<Links>,
}

impl<T> OffsetList<T> {
    /// Whether this page may not be all: it is full, or says so. A page without a limit is full by itself.
    pub(super) fn may_have_more(&self) -> bool {
        let here = (self.results.len() as u64).max(self.size.unwrap_or_default());
        let more = self.links.as_ref().is_some_and(|links| links.next.is_some());
        more || (here > 0 && here >= self.limit.unwrap_or_default())
    }
}

/// An id as it comes: text or number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

/// An id of ours.
fn id<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    Text::deserialize(deserializer)?.0.parse().map_err(de::Error::custom)
}

/// An id of ours, or nothing: absent, null or empty.
fn optional_id<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    match Option::<Text>::deserialize(deserializer)? {
        Some(Text(text)) if !text.is_empty() => text.parse().map(Some).map_err(de::Error::custom),
        _ => Ok(None),
    }
}

/// The principal that a pair of type and id means, in any of the spellings in use: `access-class` and
/// `ACCESS_CLASS`, `all-licensed-users` and `ALL_LICENSED_USERS`. How a grant to anonymous people shows is
/// not established; each way that has been thought of is understood.
pub(super) fn principal(kind: &str, id: &str) -> Option<Principal> {
    let kebab = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    match kebab(kind).as_str() {
        "group" => id.parse().ok().map(Principal::Group),
        "anonymous" => Some(Principal::Anonymous),
        "user" if kebab(id) == "anonymous" => Some(Principal::Anonymous),
        "user" => id.parse().ok().map(Principal::User),
        "access-class" => match kebab(id).as_str() {
            "anonymous-users" | "anonymous" => Some(Principal::Anonymous),
            class => class.parse::<AccessClass>().ok().map(Principal::Class),
        },
        _ => None,
    }
}

#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireSpace {
    #[serde(deserialize_with = "id")]
    id: SpaceId,
    #[serde(deserialize_with = "id")]
    key: SpaceKey,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
    #[serde(default, deserialize_with = "optional_id")]
    homepage_id: Option<ContentId>,
}

impl From<WireSpace> for Space {
    fn from(wire: WireSpace) -> Self {
        let kind = match wire.kind.unwrap_or_default() {
            kind if kind == "global" => SpaceKind::Global,
            kind if kind == "personal" => SpaceKind::Personal,
            kind if kind == "collaboration" => SpaceKind::Collaboration,
            kind if kind == "knowledge_base" => SpaceKind::KnowledgeBase,
            kind => SpaceKind::Other(kind),
        };
        let status = match wire.status.unwrap_or_default() {
            status if status == "current" => SpaceStatus::Current,
            status if status == "archived" => SpaceStatus::Archived,
            status => SpaceStatus::Other(status),
        };
        Self {
            id: wire.id,
            name: wire.name.unwrap_or_default().into(),
            key: wire.key,
            kind,
            status,
            homepage: wire.homepage_id,
        }
    }
}

/// A row of `GET /spaces/{id}/permissions`.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct PermissionRow {
    pub(super) id: Text,
    pub(super) principal: RowPrincipal,
    pub(super) operation: RowOperation,
}

#[derive(Debug, Hash, Deserialize)]
pub(super) struct RowPrincipal {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: Option<Text>,
}

#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowOperation {
    pub(super) key: String,
    pub(super) target_type: String,
}

/// An entry of `GET /spaces/{id}/role-assignments`.
#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    pub(super) principal: AssignmentPrincipal,
    #[serde(deserialize_with = "id")]
    pub(super) role_id: RoleId,
}

#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssignmentPrincipal {
    pub(super) principal_type: String,
    pub(super) principal_id: Text,
}

#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireRole {
    #[serde(deserialize_with = "id")]
    id: RoleId,
    #[serde(rename = "type")]
    kind: Option<String>,
    name: String,
    #[serde(default)]
    space_permissions: Option<Vec<String>>,
}

impl From<WireRole> for Role {
    fn from(wire: WireRole) -> Self {
        let system = wire.kind.is_some_and(|kind| kind.eq_ignore_ascii_case("system"));
        Self {
            id: wire.id,
            name: wire.name.into(),
            kind: if system { RoleKind::System } else { RoleKind::Custom },
            permissions: wire.space_permissions.into_iter().flatten().collect(),
        }
    }
}

/// An item of any of the content lists, and a folder or its like by itself.
#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireContent {
    #[serde(deserialize_with = "id")]
    pub(super) id: ContentId,
    pub(super) title: Option<String>,
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) parent_id: Option<ContentId>,
    pub(super) parent_type: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RoleMode {
    pub(super) mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SystemInfo {
    pub(super) cloud_id: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) edition: Option<String>,
}

/// A user as v1 shows them.
#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct V1User {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) account_id: Option<AccountId>,
    pub(super) display_name: Option<String>,
    pub(super) public_name: Option<String>,
}

/// A group as v1 shows it.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct V1Group {
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) id: Option<GroupId>,
    pub(super) name: Option<String>,
}

/// A user of `POST /users-bulk`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkUser {
    #[serde(deserialize_with = "id")]
    account_id: AccountId,
    display_name: Option<String>,
    public_name: Option<String>,
    email: Option<String>,
    account_type: Option<String>,
    account_status: Option<String>,
    is_guest: Option<bool>,
    /// The older name of the same thing.
    is_external_collaborator: Option<bool>,
}

impl From<BulkUser> for Person {
    fn from(wire: BulkUser) -> Self {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let name = filled(wire.display_name).or_else(|| filled(wire.public_name));
        Self {
            name: name.unwrap_or_else(|| wire.account_id.to_string()).into(),
            account: wire.account_id,
            email: filled(wire.email),
            kind: match wire.account_type.as_deref() {
                Some("atlassian") => AccountKind::Human,
                Some("app") => AccountKind::App,
                Some("customer") => AccountKind::Customer,
                _ => AccountKind::Unknown,
            },
            status: match wire.account_status.as_deref() {
                Some("active") => AccountStatus::Active,
                Some("inactive") => AccountStatus::Inactive,
                Some("closed") => AccountStatus::Closed,
                _ => AccountStatus::Unknown,
            },
            guest: match wire.is_guest.or(wire.is_external_collaborator) {
                Some(guest) => Known::Known(guest),
                None => Known::Unknown(Why::NoApi),
            },
        }
    }
}

/// A hit of the content search with what kind of content it is.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct FoundKind {
    #[serde(deserialize_with = "id")]
    pub(super) id: ContentId,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

/// A hit of the content search with its lists.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct Found {
    #[serde(deserialize_with = "id")]
    pub(super) id: ContentId,
    pub(super) restrictions: Option<BothLists>,
}

#[derive(Debug, Default, Hash, Deserialize)]
pub(super) struct BothLists {
    pub(super) read: Option<OneList>,
    pub(super) update: Option<OneList>,
}

/// The list of one operation. What is missing was not expanded; it does not mean "open".
#[derive(Debug, Hash, Deserialize)]
pub(super) struct OneList {
    pub(super) operation: Option<String>,
    pub(super) restrictions: Option<Sides>,
}

#[derive(Debug, Hash, Deserialize)]
pub(super) struct Sides {
    pub(super) user: Option<OffsetList<V1User>>,
    pub(super) group: Option<OffsetList<V1Group>>,
}

/// The answer of `permission/check`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checked {
    pub(super) has_permission: bool,
    #[serde(default)]
    pub(super) errors: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    pub(super) translation: Option<String>,
    pub(super) key: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Operations {
    pub(super) operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) operation: String,
    pub(super) target_type: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_is_recognised_in_every_spelling() {
        for (kind, id) in [
            ("access-class", "anonymous-users"),
            ("ACCESS_CLASS", "ANONYMOUS_USERS"),
            ("user", "anonymous"),
            ("anonymous", ""),
        ] {
            assert_eq!(principal(kind, id), Some(Principal::Anonymous), "{kind}:{id}");
        }
        let class = Principal::Class(AccessClass::AllLicensedUsers);
        assert_eq!(principal("access_class", "ALL_LICENSED_USERS"), Some(class));
        assert_eq!(principal("role", "x"), None);
        assert_eq!(principal("access-class", "new-class"), None);
    }

    #[test]
    fn ids_are_text_or_numbers() {
        for json in [r#"{"id":101,"key":"ENG"}"#, r#"{"id":"101","key":"ENG","homepageId":null,"new":1}"#] {
            let space: WireSpace = serde_json::from_str(json).unwrap();
            assert_eq!(space.id, SpaceId::from_number(101));
        }
        assert!(serde_json::from_str::<WireSpace>(r#"{"id":"x","key":"ENG"}"#).is_err());
    }
}
