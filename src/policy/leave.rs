//! `leave`: principals that a policy neither gives anything nor takes anything from, by name or by pattern.

use std::fmt;

use super::access_line::{Grantee, Named};
use super::glob::glob;

/// An entry of `leave`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeavePattern {
    One(Grantee),
    /// Every group whose name matches: `*` for any characters, `?` for one.
    Groups(String),
    /// `user:*`: every user who is named itself.
    Users,
    /// `class:*`
    Classes,
}

impl LeavePattern {
    /// What a member of a set means under `leave`, where it says what it would say in place of the set.
    pub(super) fn of(who: Grantee) -> Self {
        match who {
            Grantee::Named(Named::Group(name)) if name.contains(['*', '?']) => Self::Groups(name),
            who => Self::One(who),
        }
    }

    /// Whether it means a principal, as a policy names it.
    pub(super) fn matches(&self, who: &Grantee) -> bool {
        match (self, who) {
            (Self::One(one), who) => one == who,
            (Self::Groups(_), Grantee::Named(Named::Group(name))) => self.matches_group(name),
            (Self::Users, Grantee::Named(Named::User(_))) | (Self::Classes, Grantee::Class(_)) => true,
            (Self::Groups(_) | Self::Users | Self::Classes, _) => false,
        }
    }

    /// Whether it is a pattern that the name of a group matches.
    pub(super) fn matches_group(&self, name: &str) -> bool {
        matches!(self, Self::Groups(pattern) if glob(pattern.as_bytes(), name.as_bytes()))
    }
}

impl fmt::Display for LeavePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(Grantee::Named(Named::Group(name))) | Self::Groups(name) => write!(f, "group:{name}"),
            Self::One(Grantee::Named(Named::User(account))) => write!(f, "user:{account}"),
            Self::One(Grantee::Class(class)) => write!(f, "class:{class}"),
            Self::One(Grantee::Anonymous) => f.write_str("anonymous"),
            Self::Users => f.write_str("user:*"),
            Self::Classes => f.write_str("class:*"),
        }
    }
}
