//! Who can be given something.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::text_form;
use super::{AccountId, GroupId, InvalidId, Permission};

/// Who a space permission or a role can be given to.
///
/// The text form is that of a plan: `group:ID`, `user:ACCOUNT`, `class:NAME`, `anonymous`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Principal {
    Group(GroupId),
    User(AccountId),
    Class(AccessClass),
    /// Everyone, signed in or not, while the site allows anonymous access.
    Anonymous,
}

/// Who a page's lists can name: people and groups, none else (OpenAPI v1, `ContentRestriction`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    Group(GroupId),
    User(AccountId),
}

/// The user classes of sites with space roles (OpenAPI v2, `PrincipalType` `ACCESS_CLASS`). The class
/// `anonymous-users` is [`Principal::Anonymous`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessClass {
    AllLicensedUsers,
    AllProductAdmins,
    AuthenticatedUsers,
    JsmProjectAdmins,
}

impl AccessClass {
    pub const ALL: [Self; 4] =
        [Self::AllLicensedUsers, Self::AllProductAdmins, Self::AuthenticatedUsers, Self::JsmProjectAdmins];

    /// The id on the wire, which is also the name in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllLicensedUsers => "all-licensed-users",
            Self::AllProductAdmins => "all-product-admins",
            Self::AuthenticatedUsers => "authenticated-users",
            Self::JsmProjectAdmins => "jsm-project-admins",
        }
    }
}

impl FromStr for AccessClass {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| InvalidId { text: text.to_owned(), expected: "a user class" })
    }
}

impl fmt::Display for AccessClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Principal {
    /// The principal as an entry of a page's list, if it can be one.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Self::Group(group) => Some(Subject::Group(group.clone())),
            Self::User(account) => Some(Subject::User(account.clone())),
            Self::Class(_) | Self::Anonymous => None,
        }
    }

    /// The account that it is, if it is one.
    pub const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::User(account) => Some(account),
            Self::Group(_) | Self::Class(_) | Self::Anonymous => None,
        }
    }

    /// The group that it is, if it is one.
    pub const fn group(&self) -> Option<&GroupId> {
        match self {
            Self::Group(group) => Some(group),
            Self::User(_) | Self::Class(_) | Self::Anonymous => None,
        }
    }

    /// Whether holding a permission lets anyone use it: what `anonymous` holds administers no space, neither for
    /// visitors nor for accounts that are treated as one (access model, the formula of space permissions).
    pub const fn can_use(&self, permission: Permission) -> bool {
        !matches!((self, permission), (Self::Anonymous, Permission::AdministerSpace))
    }
}

impl From<Subject> for Principal {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Group(group) => Self::Group(group),
            Subject::User(account) => Self::User(account),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "group:{group}"),
            Self::User(account) => write!(f, "user:{account}"),
            Self::Class(class) => write!(f, "class:{class}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "group:{group}"),
            Self::User(account) => write!(f, "user:{account}"),
        }
    }
}

impl FromStr for Principal {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let unknown = || InvalidId {
            text: text.to_owned(),
            expected: "a principal (`group:…`, `user:…`, `class:…` or `anonymous`)",
        };
        match text.split_once(':') {
            Some(("group", id)) => Ok(Self::Group(id.parse()?)),
            Some(("user", id)) => Ok(Self::User(id.parse()?)),
            Some(("class", name)) => Ok(Self::Class(name.parse()?)),
            None if text == "anonymous" => Ok(Self::Anonymous),
            _ => Err(unknown()),
        }
    }
}

impl FromStr for Subject {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse::<Principal>()?
            .subject()
            .ok_or_else(|| InvalidId { text: text.to_owned(), expected: "a person or a group" })
    }
}

text_form!(Principal, { "type": "string", "pattern": "^(group:.+|user:.+|class:.+|anonymous)$" });
text_form!(Subject, { "type": "string", "pattern": "^(group:.+|user:.+|class:.+|anonymous)$" });
