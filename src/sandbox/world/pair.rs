//! The `operation/target` pairs of space permissions.
//!
//! The 26 pairs are those measured as writable on a site in transition mode (live: folio). Role
//! definitions in the state file use the same names; the vocabulary of real role permissions is another
//! one and is discovered at run time (`GET /space-permissions`).

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

macro_rules! pairs {
    ($($name:ident = $key:literal / $target:literal, $documented:literal, $label:literal;)*) => {
        /// A space permission: an operation and what it applies to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Pair {
            $(#[doc = $label] $name,)*
        }

        impl Pair {
            /// All pairs in the order in which Confluence's own screen shows them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The operation, `create` of `create/page`.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// What it applies to, `page` of `create/page`.
            pub fn target(self) -> &'static str {
                match self { $(Self::$name => $target,)* }
            }

            /// Whether API v1 lists the pair (addPermissionToSpace): the 14 that every site accepts.
            pub fn is_documented(self) -> bool {
                match self { $(Self::$name => $documented,)* }
            }

            /// What Confluence calls it.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

pairs! {
    ReadSpace = "read" / "space", true, "View";
    ExportContent = "export_content" / "space", false, "Export content item";
    CreatePage = "create" / "page", true, "Add pages";
    UpdatePage = "update" / "page", false, "Edit pages";
    ArchivePage = "archive" / "page", true, "Archive pages";
    DeletePage = "delete" / "page", true, "Delete pages";
    CreateBlogpost = "create" / "blogpost", true, "Add blog posts";
    UpdateBlogpost = "update" / "blogpost", false, "Edit blog posts";
    DeleteBlogpost = "delete" / "blogpost", true, "Delete blog posts";
    CreateComment = "create" / "comment", true, "Add comments";
    DeleteComment = "delete" / "comment", true, "Delete comments";
    CreateAttachment = "create" / "attachment", true, "Add attachments";
    DeleteAttachment = "delete" / "attachment", true, "Delete attachments";
    DeleteOwn = "delete" / "space", true, "Delete own content";
    RestrictContent = "restrict_content" / "space", true, "Add and delete restrictions";
    ExportSpace = "export" / "space", true, "Export the space";
    AdministerSpace = "administer" / "space", true, "Administer the space";
    ManageContent = "manage_content" / "space", false, "Manage all content";
    ManageTemplates = "manage_templates" / "space", false, "Manage templates";
    ManageLookAndFeel = "manage_look_and_feel" / "space", false, "Manage look and feel";
    ManageUsers = "manage_users" / "space", false, "Manage access of users";
    ManageGuestUsers = "manage_guest_users" / "space", false, "Manage access of guests";
    ManageNonlicensedUsers = "manage_nonlicensed_users" / "space", false, "Manage access of unlicensed users";
    ManagePublicLinks = "manage_public_links" / "space", false, "Manage public links";
    DeleteSpace = "delete_space" / "space", false, "Delete the space";
    ArchiveSpace = "archive_space" / "space", false, "Archive the space";
}

impl Pair {
    /// Finds the pair of an operation and a target.
    pub fn find(key: &str, target: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|pair| pair.key() == key && pair.target() == target)
    }

    /// Reads `create/page`.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, target) = text.split_once('/')?;
        Self::find(key, target)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.key(), self.target())
    }
}

impl Serialize for Pair {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is not a permission the sandbox knows, such as `read/space`"))
        })
    }
}

impl JsonSchema for Pair {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pair".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pairs: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
        json_schema!({"description": "A space permission: an operation and what it applies to.", "enum": pairs})
    }
}
