//! The names things go by: ids as Confluence spells them, and the principals that rows and lists hold.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as it appears on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id!(
    /// An Atlassian account id.
    AccountId
);
text_id!(
    /// A group id: it survives a rename of the group.
    GroupId
);
text_id!(
    /// The id of a space role: a UUID of this site alone.
    RoleId
);
text_id!(
    /// A space key; personal spaces have `~` and an account id.
    SpaceKey
);
number_id!(
    /// The numeric id of a space.
    SpaceId
);
number_id!(
    /// The id of a page, blog post, folder, whiteboard, database or embed.
    ContentId
);
number_id!(
    /// The id of one row of space permissions: an integer in v1, a string in v2, the same number.
    GrantId
);

/// A class of accounts that can hold rows and roles (API v2, space-roles).
/// `anonymous-users` is not here: it is [`Principal::Anonymous`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// "All Confluence users": active people with a licence; neither guests nor apps.
    AllLicensedUsers,
    /// "All Confluence admins".
    AllProductAdmins,
    /// Every account that is signed in.
    AuthenticatedUsers,
    /// Administrators of a Jira Service Management project.
    JsmProjectAdmins,
}

impl Class {
    /// All classes, in the order in which they are listed.
    pub const ALL: [Self; 4] =
        [Self::AllLicensedUsers, Self::AllProductAdmins, Self::AuthenticatedUsers, Self::JsmProjectAdmins];

    /// The id that the v2 API uses.
    pub fn id(self) -> &'static str {
        match self {
            Self::AllLicensedUsers => "all-licensed-users",
            Self::AllProductAdmins => "all-product-admins",
            Self::AuthenticatedUsers => "authenticated-users",
            Self::JsmProjectAdmins => "jsm-project-admins",
        }
    }

    /// Finds a class by its id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.id() == id)
    }
}

/// What a row, a role assignment or a restriction list can name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// One account.
    User(AccountId),
    /// The members of a group.
    Group(GroupId),
    /// The members of a class.
    Class(Class),
    /// Every reader, signed in or not.
    Anonymous,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(account) => write!(f, "user {account}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Class(class) => write!(f, "class {}", class.id()),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

/// Whose access is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An account, with all the groups and classes it is in.
    User(AccountId),
    /// What a group brings by itself: rows, roles and lists that name the group, and what is granted to
    /// anonymous, which adds to every account. Classes are not counted: a group has no licence.
    Group(GroupId),
    /// An account that passes restriction lists by an admin key (API v2, enableAdminKey).
    WithKey(AccountId),
    /// A visitor who is not signed in.
    Anonymous,
}

impl Subject {
    /// The account, if it is one.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::User(account) | Self::WithKey(account) => Some(account),
            Self::Group(_) | Self::Anonymous => None,
        }
    }
}
