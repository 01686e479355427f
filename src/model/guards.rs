//! What every plan must respect, whatever the policy asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountId, InvalidId, Origin, Principal, Shown, SpaceKey};

/// One guard. What a policy may forbid are guards of their own, so that letting one of them through lets
/// nothing else through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    MinAdmins,
    RequiredAdmins,
    MaxRemovals,
    ForbidAnonymous,
    ForbidDirectUsers,
}

impl Guard {
    pub const ALL: [Self; 5] = [
        Self::MinAdmins,
        Self::RequiredAdmins,
        Self::MaxRemovals,
        Self::ForbidAnonymous,
        Self::ForbidDirectUsers,
    ];

    /// The name in output, and for `--override`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MinAdmins => "min-admins",
            Self::RequiredAdmins => "required-admins",
            Self::MaxRemovals => "max-removals",
            Self::ForbidAnonymous => "forbid-anonymous",
            Self::ForbidDirectUsers => "forbid-direct-users",
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Guard {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::ALL
            .into_iter()
            .find(|guard| guard.as_str() == text)
            .ok_or_else(|| InvalidId { text: text.to_owned(), expected: "a guard" })
    }
}

/// The guards of a policy, in the ids of the site. What a policy does not say has a default, so that a
/// first policy with a gap in it is blocked and shown, not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    pub min_admins: Guarded<u32>,
    /// Who must administer every space that the policy speaks of, and keeps full access to it at every
    /// step of an apply. People and groups only.
    pub required_admins: BTreeMap<Principal, Origin>,
    /// Names under `required-admins` that mean nothing any more. None of them can be shown to administer a space.
    pub lost_admins: BTreeMap<Shown, Origin>,
    pub max_removals: Guarded<MaxRemovals>,
    pub forbid: BTreeMap<Forbidden, Prohibition>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            min_admins: Guarded { limit: 1, origin: None },
            required_admins: BTreeMap::new(),
            lost_admins: BTreeMap::new(),
            max_removals: Guarded { limit: MaxRemovals::Percent(25), origin: None },
            forbid: BTreeMap::new(),
        }
    }
}

/// Something that is forbidden, and where it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prohibition {
    /// The line that forbids it.
    pub origin: Origin,
    /// The spaces where it may be given.
    pub except_spaces: BTreeSet<SpaceKey>,
    /// The users that it does not hold for.
    pub except: BTreeSet<AccountId>,
}

/// A limit, and the line that sets it; none for a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded<T> {
    pub limit: T,
    pub origin: Option<Origin>,
}

/// How much one plan may take away, in pairs of principal and space and of subject and page list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaxRemovals {
    /// Of the pairs in the spaces that it touches, from ten removals on.
    Percent(u8),
    /// This many pairs, however many there are.
    Count(u32),
}

/// What no policy may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Forbidden {
    /// Access for visitors who are not signed in.
    Anonymous,
    /// Access given to a person by name instead of to a group.
    DirectUsers,
}

impl MaxRemovals {
    /// Fewer removals than these are never too great a share of a run: one of three is a third, and no news.
    pub const FROM: usize = 10;
    /// The share of one space, in percent, that is too much wherever the whole run is within its limit.
    pub const OF_A_SPACE: u8 = 50;
    /// Fewer removals than these are never too great a share of one space.
    pub const FROM_IN_A_SPACE: usize = 5;
}

impl fmt::Display for MaxRemovals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(share) => write!(f, "{share}%"),
            Self::Count(number) => write!(f, "{number}"),
        }
    }
}

impl Forbidden {
    pub const ALL: [Self; 2] = [Self::Anonymous, Self::DirectUsers];

    /// The word in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::DirectUsers => "direct-users",
        }
    }

    /// The guard that it is.
    pub const fn guard(self) -> Guard {
        match self {
            Self::Anonymous => Guard::ForbidAnonymous,
            Self::DirectUsers => Guard::ForbidDirectUsers,
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
