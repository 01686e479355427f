//! Delegation: which teams may manage which spaces with this tool, by the files that they own.
//!
//! A host lets a team merge changes of its own files without asking the central team (`CODEOWNERS`). So each line of
//! such a file must stay within what the delegating file says, whatever it uses to say it: [`check`] looks at what a
//! line comes to, after sets, aliases, roles and rows of tables have become principals and permissions. What no
//! delegation covers is central and may say anything, so which file is whose is decided by the exact path, and a path
//! that only looks like one of a team's is an error ([`files`]).

mod check;
mod faulty;
mod files;
mod mandate;
mod others;
mod say;

pub(super) use check::PolicyFiles;
pub use files::TeamFiles;
pub use mandate::Mandate;

use camino::Utf8Path;

use super::access_line::{Grantee, Right};
use super::rules::KeyPattern;
use crate::diagnostic::Spanned;
use crate::model::SpaceKey;

/// The `delegation` section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delegation {
    pub teams: Vec<Team>,
    /// Who owns all other files, as the host of the repository writes it.
    pub owners: Vec<Spanned<String>>,
}

/// What the files of one team may do. What it leaves out, they may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub name: Spanned<String>,
    pub files: Spanned<TeamFiles>,
    /// With the place of the key. At least one.
    pub spaces: Spanned<Vec<Spanned<KeyPattern>>>,
    pub may_grant: Option<Spanned<Vec<Spanned<Right>>>>,
    pub to: Option<Spanned<Vec<Spanned<Recipient>>>>,
    pub may_remove: Option<Spanned<MayRemove>>,
    pub may_open: Option<Spanned<bool>>,
    /// Who owns the files, as the host of the repository writes it.
    pub owners: Vec<Spanned<String>>,
}

/// Principals that a team may let in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    One(Grantee),
    /// The groups whose names match.
    Groups(String),
    /// The users with an alias that matches; with `*` every user.
    Users(String),
    /// The members of the sets whose names match.
    Sets(String),
    /// Every user class.
    Classes,
}

/// The principals from which a team may take something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MayRemove {
    /// From the principals that it may let in.
    Own,
    Any,
}

impl MayRemove {
    pub const ALL: [Self; 2] = [Self::Own, Self::Any];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Any => "any",
        }
    }
}

impl Delegation {
    /// The team that a file belongs to. No two may have the same one.
    pub fn team_of(&self, file: &Utf8Path) -> Option<&Team> {
        self.teams.iter().find(|team| team.files.value.has(file))
    }

    pub fn team(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.name.value == name)
    }
}

impl Team {
    pub(super) fn removes_any(&self) -> bool {
        self.may_remove.as_ref().is_some_and(|may| may.value == MayRemove::Any)
    }

    /// Whether a space is the team's, by the key that the files have.
    pub fn has_space(&self, key: &SpaceKey) -> bool {
        self.spaces.value.iter().any(|pattern| pattern.value.matches(key))
    }

    pub(super) fn opens(&self) -> bool {
        self.may_open.as_ref().is_some_and(|may| may.value)
    }
}
