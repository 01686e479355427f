//! A line of `access`: who is given what, for how long, and why; and who joins lists, said in the same way.

use std::fmt;

use jiff::civil::Date;

use crate::diagnostic::{Span, Spanned};
use crate::model::{AccessClass, AccountId, BuiltInRole, Declaration, PageList, Permission};

/// A line of `access`: a role or a permission, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLine {
    pub right: Spanned<Right>,
    pub who: Vec<ListItem<Grantee>>,
}

/// A role by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleName {
    BuiltIn(BuiltInRole),
    /// Defined under `roles`.
    Custom(String),
}

impl RoleName {
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(role) => role.as_str(),
            Self::Custom(name) => name,
        }
    }
}

/// What a line of `access` gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    Role(RoleName),
    Permission(Permission),
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => f.write_str(role.as_str()),
            Self::Permission(permission) => permission.fmt(f),
        }
    }
}

/// Who can stand in the lists of pages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// By its name, or by the name it is pinned under.
    Group(String),
    User(AccountId),
}

/// Who can stand in `access`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    Named(Named),
    Class(AccessClass),
    Anonymous,
}

/// An entry of a list: who, and perhaps for how long and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem<T> {
    pub who: Spanned<T>,
    /// The last day that it counts.
    pub until: Option<Spanned<Date>>,
    pub why: Option<String>,
}

impl<T> ListItem<T> {
    /// Whether its last day has passed.
    pub fn is_over(&self, today: Date) -> bool {
        self.until.as_ref().is_some_and(|until| until.value < today)
    }

    /// What it says, as declarations carry it.
    pub fn declaration(&self, place: &Span, today: Date, rule: Option<&str>) -> Declaration {
        Declaration {
            rule: rule.map(str::to_owned),
            until: self.until.as_ref().map(|until| until.value),
            ended: self.is_over(today),
            because: self.why.clone(),
            ..Declaration::at(place.origin())
        }
    }
}

/// Who joins lists that restrict pages: `also-view` and `also-edit`. They open and close nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joining {
    pub view: Vec<ListItem<Named>>,
    pub edit: Vec<ListItem<Named>>,
}

impl Joining {
    pub fn named(&self, list: PageList) -> &[ListItem<Named>] {
        match list {
            PageList::View => &self.view,
            PageList::Edit => &self.edit,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.view.is_empty() && self.edit.is_empty()
    }

    /// The key that says who joins a list.
    pub const fn key(list: PageList) -> &'static str {
        match list {
            PageList::View => "also-view",
            PageList::Edit => "also-edit",
        }
    }
}
