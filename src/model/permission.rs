//! The space permissions, one table.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InvalidId;

macro_rules! permissions {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, wire $wire:literal, label $label:literal, $era:ident; )*) => {
        /// A permission in a space: an operation on a kind of target, written `operation/target`.
        ///
        /// The names are Atlassian's (OpenAPI v1, `addPermissionToSpace`), with one exception: what the
        /// screen calls "Delete own" and the API `delete/space` is `delete_own/space` here, on Cloud as
        /// on Data Center, because the API's name reads as something far worse.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Permission {
            $( $(#[$doc])* $name, )*
        }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in a policy and in a plan.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The pair that Cloud's API uses, `key/target`.
            pub const fn cloud_pair(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// What Confluence's own screens call it.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// Whether it is among the fourteen that Atlassian documents for every Cloud site.
            pub const fn is_documented(self) -> bool {
                match self { $(Self::$name => matches!(Era::$era, Era::Classic),)* }
            }
        }
    };
}

enum Era {
    /// Documented for every site.
    Classic,
    /// Came with space roles; measured on sites in transition mode.
    Roles,
}

permissions! {
    /// Everything else needs it, and removing it removes everything else.
    ReadSpace = "read/space", wire "read/space", label "View", Classic;
    ExportContent = "export_content/space", wire "export_content/space", label "Export pages", Roles;
    CreatePage = "create/page", wire "create/page", label "Pages: add", Classic;
    UpdatePage = "update/page", wire "update/page", label "Pages: edit", Roles;
    ArchivePage = "archive/page", wire "archive/page", label "Pages: archive", Classic;
    DeletePage = "delete/page", wire "delete/page", label "Pages: delete", Classic;
    CreateBlogpost = "create/blogpost", wire "create/blogpost", label "Blog: add", Classic;
    UpdateBlogpost = "update/blogpost", wire "update/blogpost", label "Blog: edit", Roles;
    DeleteBlogpost = "delete/blogpost", wire "delete/blogpost", label "Blog: delete", Classic;
    CreateComment = "create/comment", wire "create/comment", label "Comments: add", Classic;
    DeleteComment = "delete/comment", wire "delete/comment", label "Comments: delete", Classic;
    CreateAttachment = "create/attachment", wire "create/attachment", label "Attachments: add", Classic;
    DeleteAttachment = "delete/attachment", wire "delete/attachment", label "Attachments: delete", Classic;
    /// Deleting what one made oneself.
    DeleteOwn = "delete_own/space", wire "delete/space", label "Delete own", Classic;
    RestrictContent = "restrict_content/space", wire "restrict_content/space", label "Restrictions: add and delete", Classic;
    ExportSpace = "export/space", wire "export/space", label "Space: export", Classic;
    AdministerSpace = "administer/space", wire "administer/space", label "Space: admin", Classic;
    ManageContent = "manage_content/space", wire "manage_content/space", label "Manage all content", Roles;
    ManageTemplates = "manage_templates/space", wire "manage_templates/space", label "Manage templates", Roles;
    ManageLookAndFeel = "manage_look_and_feel/space", wire "manage_look_and_feel/space", label "Manage look and feel", Roles;
    ManageUsers = "manage_users/space", wire "manage_users/space", label "Manage access", Roles;
    ManageGuestUsers = "manage_guest_users/space", wire "manage_guest_users/space", label "Manage guests", Roles;
    ManageNonlicensedUsers = "manage_nonlicensed_users/space", wire "manage_nonlicensed_users/space", label "Manage unlicensed access", Roles;
    ManagePublicLinks = "manage_public_links/space", wire "manage_public_links/space", label "Manage public links", Roles;
    /// Deleting the space itself.
    DeleteSpace = "delete_space/space", wire "delete_space/space", label "Delete the space", Roles;
    ArchiveSpace = "archive_space/space", wire "archive_space/space", label "Archive the space", Roles;
}

impl Permission {
    /// What Confluence adds by itself together with this permission, and takes away with it (measured;
    /// see the companion producers in the fact sheet). A site may do without. `create/blogpost` has none.
    pub const fn companions(self) -> &'static [Self] {
        match self {
            Self::ReadSpace => &[Self::ExportContent],
            Self::CreatePage => &[Self::UpdatePage],
            _ => &[],
        }
    }

    /// What the column of the classic screen that is named after this permission stands for beside it: its
    /// [`companions`](Self::companions), and editing posts where it is adding them, since "Add" was one
    /// permission until sites with roles told adding and editing apart.
    pub const fn same_column(self) -> &'static [Self] {
        match self {
            Self::CreateBlogpost => &[Self::UpdateBlogpost],
            other => other.companions(),
        }
    }

    /// What may appear together with this permission without having been asked for. Besides the measured
    /// [`companions`](Self::companions), adding `create/comment`, `update/blogpost` and `administer/space` is
    /// known to have side effects that are not established (fact sheet 1.6, live: folio), so everything of the
    /// same kind counts.
    pub const fn may_bring(self) -> &'static [Self] {
        match self {
            Self::CreateComment => &[Self::DeleteComment],
            Self::UpdateBlogpost => &[Self::CreateBlogpost, Self::DeleteBlogpost],
            Self::AdministerSpace => &[
                Self::ManageContent,
                Self::ManageTemplates,
                Self::ManageLookAndFeel,
                Self::ManageUsers,
                Self::ManageGuestUsers,
                Self::ManageNonlicensedUsers,
                Self::ManagePublicLinks,
                Self::DeleteSpace,
                Self::ArchiveSpace,
            ],
            other => other.companions(),
        }
    }

    /// The permission that Cloud's API means by a pair, `key/target`. Pairs come and go on Atlassian's
    /// side; `None` is one that this program does not know.
    pub fn from_cloud_pair(operation: &str, target: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.cloud_pair().split_once('/') == Some((operation, target)))
    }
}

impl FromStr for Permission {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| InvalidId { text: text.to_owned(), expected: "a permission (`operation/target`)" })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TryFrom<String> for Permission {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.as_str().to_owned()
    }
}

impl JsonSchema for Permission {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Permission".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|permission| permission.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// Which permissions a site knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// The fourteen documented ones.
    Documented,
    /// These and the twelve that came with roles.
    Extended,
}

impl Vocabulary {
    pub const fn contains(self, permission: Permission) -> bool {
        matches!(self, Self::Extended) || permission.is_documented()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_are_documented_and_twelve_came_later() {
        let documented = Permission::ALL.iter().filter(|permission| permission.is_documented()).count();
        assert_eq!((documented, Permission::ALL.len()), (14, 26));
    }

    #[test]
    fn delete_own_is_never_read_as_delete() {
        assert!("delete/space".parse::<Permission>().is_err());
        assert_eq!(Permission::from_cloud_pair("delete", "space"), Some(Permission::DeleteOwn));
    }
}
