//! A site as it was found.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Directory, GrantId, Known, Permission, Principal, Role, RoleId, Site, Space, SpaceKey, Tree, Vocabulary,
    Why,
};

/// What has been read of a site. It grows as more is read, and nothing is read twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub site: Site,
    pub roles: BTreeMap<RoleId, Role>,
    pub directory: Directory,
    pub spaces: BTreeMap<SpaceKey, LiveSpace>,
    pub listing: Listing,
    /// What could not be seen, for the plan to report.
    pub gaps: BTreeSet<Gap>,
}

/// What lists of spaces say, for whoever chooses spaces by more than their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub spaces: BTreeMap<SpaceKey, Space>,
    /// Whether these are all spaces that the caller may see.
    pub whole: bool,
    /// Which spaces have a label, for the labels that were asked for.
    pub labelled: BTreeMap<String, BTreeSet<SpaceKey>>,
}

impl Listing {
    /// Whether a space has a label. One that was not asked for, none has.
    pub fn has_label(&self, space: &SpaceKey, label: &str) -> bool {
        self.labelled.get(label).is_some_and(|spaces| spaces.contains(space))
    }
}

/// One space, with who may do what in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSpace {
    pub space: Space,
    pub holdings: BTreeMap<Principal, Holding>,
    /// Rows that are neither ours to read in full nor to write: kinds of permission that appeared after
    /// this program, and rows of principals that are neither people nor groups nor classes.
    pub foreign: BTreeSet<ForeignRow>,
    /// Whether every signed-in person may view the space, licensed or not: a switch of Jira Service
    /// Management that overrides the rows. No public API reads it.
    pub unlicensed_access: Known<bool>,
    /// The page tree, or `None` where nobody has needed it.
    pub tree: Option<Tree>,
}

/// What one principal holds in one space. Confluence keeps a role and single permissions ("custom
/// access") apart: a principal has one or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// Single permissions with the rows they stand in; two rows for the same thing do occur.
    Grants(BTreeMap<Permission, BTreeSet<GrantId>>),
    /// A space role. The rows that it expands to are not kept: they cannot be written one by one.
    Role(RoleId),
}

/// A row of a space's permissions that confperm leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ForeignRow {
    /// As the site wrote it, `type:id`.
    pub principal: String,
    /// As the site wrote it, `operation/target`.
    pub permission: String,
}

/// Something that the caller could not see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Gap {
    /// Content whose lists could not be read.
    Restrictions { space: SpaceKey, content: super::ContentId, why: Why },
    /// An ancestor of visible pages that is itself hidden.
    Ancestor { space: SpaceKey, content: super::ContentId },
    /// Folders, whiteboards, databases and embeds that no page hangs under.
    Containers { space: SpaceKey, why: Why },
    /// A group whose members could not be read.
    Members { group: super::GroupId, why: Why },
    /// Accounts that the site does not describe.
    Account { account: super::AccountId },
}

impl Live {
    /// The permissions that this site knows.
    ///
    /// The twelve that came with roles have been measured as writable on sites in transition mode; for
    /// a site without roles that is not established. There, seeing one on the site is the proof.
    pub fn vocabulary(&self) -> Vocabulary {
        let seen = || {
            self.spaces.values().flat_map(|space| space.holdings.values()).any(|holding| match holding {
                Holding::Grants(grants) => grants.keys().any(|permission| !permission.is_documented()),
                Holding::Role(_) => false,
            })
        };
        if self.site.mode.has_roles() || seen() { Vocabulary::Extended } else { Vocabulary::Documented }
    }
}
