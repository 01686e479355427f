//! The JSON of Cloud, as far as it is read here. Unknown fields and words are let through: the published
//! enums lag behind the product. Ids come as strings (v2) or numbers (v1).

use serde::Deserialize;

use crate::confluence::complete::{ListEntry, PlaceFields, RestrictionLists, Whole};
use crate::confluence::wire_id::{Text, id, optional_id};
use crate::model::{
    AccessClass, AccountId, AccountKind, AccountStatus, ContentId, GroupId, Known, Person, Principal, Role,
    RoleId, RoleKind, SiteText, Space, SpaceId, SpaceKey, SpaceKind, SpaceStatus, Why,
};

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
            kind => SpaceKind::Other(kind.into()),
        };
        let status = match wire.status.unwrap_or_default() {
            status if status == "current" => SpaceStatus::Current,
            status if status == "archived" => SpaceStatus::Archived,
            status => SpaceStatus::Other(status.into()),
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
    /// May be null (seen by confluence.js' own tests); what the role gives is then not known.
    space_permissions: Option<Vec<String>>,
}

impl From<WireRole> for Role {
    fn from(wire: WireRole) -> Self {
        let system = wire.kind.is_some_and(|kind| kind.eq_ignore_ascii_case("system"));
        let kind = if system { RoleKind::System } else { RoleKind::Custom };
        let names = wire.space_permissions.into_iter().flatten().collect();
        Self::new(wire.id, wire.name.into(), kind, names)
    }
}

/// An item of any of the content lists, and a folder or its like by itself.
#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireContent {
    #[serde(deserialize_with = "id")]
    pub(super) id: ContentId,
    pub(super) title: Option<String>,
    pub(super) status: Option<String>,
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) parent_id: Option<ContentId>,
    pub(super) parent_type: Option<String>,
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) space_id: Option<SpaceId>,
}

impl WireContent {
    pub(super) fn is_archived(&self) -> bool {
        self.status.as_deref() == Some("archived")
    }

    pub(super) fn place(&self) -> PlaceFields<'_> {
        PlaceFields {
            space: self.space_id,
            parent: self.parent_id,
            parent_kind: self.parent_type.as_deref(),
            has_title: self.title.is_some(),
        }
    }
}

/// A page of a label. One that is missed would count as one without the label.
#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LabelledPage {
    #[serde(deserialize_with = "id")]
    pub(super) id: ContentId,
    pub(super) status: Option<String>,
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) space_id: Option<SpaceId>,
}

/// A label (OpenAPI v2, `Label`).
#[derive(Debug, Hash, Deserialize)]
pub(super) struct WireLabel {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) prefix: Option<String>,
}

/// The same in a list of several spaces, where an entry that cannot be read may be of any of them.
#[derive(Debug, Hash, Deserialize)]
#[serde(transparent)]
pub(super) struct ListedContent(pub(super) WireContent);

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
    pub(super) operations: Option<Vec<SiteOperation>>,
}

/// A hit of a search for users.
#[derive(Debug, Hash, PartialEq, Deserialize)]
pub(super) struct FoundUser {
    pub(super) user: FoundPerson,
}

/// A user as a search shows it.
#[derive(Debug, Hash, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundPerson {
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) account_id: Option<AccountId>,
    #[serde(default)]
    pub(super) display_name: String,
    #[serde(default)]
    pub(super) email: String,
}

/// Something that a user may do on the whole site.
#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SiteOperation {
    #[serde(default)]
    pub(super) operation: String,
    #[serde(default)]
    pub(super) target_type: String,
}

/// A group as v1 shows it.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct V1Group {
    #[serde(default, deserialize_with = "optional_id")]
    pub(super) id: Option<GroupId>,
    pub(super) name: Option<String>,
}

/// A user of `POST /users-bulk`.
#[derive(Debug, PartialEq, Hash, Deserialize)]
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

/// A hit of the content search with what is above it.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct FoundBelow {
    #[serde(deserialize_with = "id")]
    pub(super) id: ContentId,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    title: Option<String>,
    pub(super) ancestors: Option<Vec<FoundKind>>,
    pub(super) restrictions: Option<RestrictionLists>,
}

impl FoundBelow {
    /// A search does not tell upper from lower case.
    pub(super) fn is_called(&self, title: &str) -> bool {
        self.title.as_ref().is_some_and(|found| SiteText::from(found.clone()).is_called(title))
    }
}

/// A hit of the content search with its lists.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct Found {
    #[serde(deserialize_with = "id")]
    pub(super) id: ContentId,
    pub(super) restrictions: Option<RestrictionLists>,
}

/// The answer of `permission/check`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checked {
    pub(super) has_permission: bool,
    #[serde(default)]
    pub(super) errors: Vec<ErrorDetail>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorDetail {
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

/// What becomes of an entry that cannot be read. One assignment that is missed would make the rows that its role
/// expands to look like single permissions; a group or an account, a membership look smaller.
const SKIPPED: bool = true;
const REFUSED: bool = false;

macro_rules! entries {
    ($($entry:ty, $id:ty, $unreadable:ident: $of:expr;)*) => {$(
        impl ListEntry for $entry {
            type Id = $id;

            const MAY_BE_SKIPPED: bool = $unreadable;

            fn id(&self) -> Option<$id> {
                let of: fn(&Self) -> Option<$id> = $of;
                of(self)
            }
        }
    )*};
}

entries! {
    WireSpace, SpaceId, SKIPPED: |space| Some(space.id);
    PermissionRow, String, SKIPPED: |row| Some(row.id.0.clone());
    Assignment, String, REFUSED: |each| {
        Some(format!("{}:{}", each.principal.principal_type, each.principal.principal_id.0))
    };
    WireRole, RoleId, SKIPPED: |role| Some(role.id.clone());
    WireContent, ContentId, SKIPPED: |content| Some(content.id);
    WireLabel, String, REFUSED: |label| label.id.clone();
    LabelledPage, ContentId, REFUSED: |page| Some(page.id);

    ListedContent, ContentId, REFUSED: |content| Some(content.0.id);
    FoundKind, ContentId, REFUSED: |hit| Some(hit.id);
    FoundBelow, ContentId, REFUSED: |hit| Some(hit.id);
    Found, ContentId, REFUSED: |hit| Some(hit.id);
    V1User, AccountId, REFUSED: |user| user.account_id.clone();
    FoundUser, AccountId, REFUSED: |hit| hit.user.account_id.clone();
    V1Group, GroupId, REFUSED: |group| group.id.clone();
    BulkUser, AccountId, REFUSED: |user| Some(user.account_id.clone());
}

impl Whole for WireContent {}
impl Whole for RoleMode {}
impl Whole for SystemInfo {}
impl Whole for V1User {}
impl Whole for V1Group {}
impl Whole for Checked {}
/// What is left out of it counts as not permitted.
impl Whole for Operations {}

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
