//! A site as it was found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, ContentId, Directory, GrantId, Known, PageLabel, Permission, Principal, Role, RoleId, Site,
    SiteText, Space, SpaceId, SpaceKey, StrayPermissions, Tree, Truth, Vocabulary, Why,
};

/// What has been read of a site. It grows as more is read, it records what has been read, and nothing is read
/// twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub site: Site,
    /// Whether `roles` and the groups of `directory` are all that the site has.
    pub names_read: bool,
    pub roles: BTreeMap<RoleId, Role>,
    pub directory: Directory,
    /// The spaces whose grants have been read. Copies of a site share those that none of them changes.
    pub spaces: BTreeMap<SpaceKey, Arc<LiveSpace>>,
    pub listing: Listing,
    /// Permissions that earlier runs may have brought along and did not take away. No site tells; the journal
    /// does.
    pub stray: StrayPermissions,
    /// The space that each of these people is a guest of, as the policy says. No API does.
    pub guests: BTreeMap<AccountId, SpaceKey>,
    /// What could not be seen, for the plan to report.
    pub gaps: BTreeSet<Gap>,
}

/// What lists of spaces say, from which spaces are chosen before more is read of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub spaces: BTreeMap<SpaceKey, Space>,
    /// Whether these are all spaces that the caller may see.
    pub whole: bool,
    /// The keys that were asked for by name. Those that are not in `spaces` are not visible.
    pub asked: BTreeSet<SpaceKey>,
    /// The ids that were asked for.
    pub asked_ids: BTreeSet<SpaceId>,
    /// Which spaces have a label, for the labels that were asked for.
    pub labelled: BTreeMap<String, BTreeSet<SpaceKey>>,
}

impl Listing {
    /// Whether a space has a label. One that was not asked for, none has.
    pub fn has_label(&self, space: &SpaceKey, label: &str) -> bool {
        self.labelled.get(label).is_some_and(|spaces| spaces.contains(space))
    }
}

/// One space, with who may do what in it, and as much of its content as has been read.
///
/// Each part says by itself whether it was read: a space is in [`Live::spaces`] once its grants were, `tree`
/// is there once the pages were, `read` has a word for content of other kinds, and the lists of content are
/// [`Why::NotRead`] until they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSpace {
    pub space: Space,
    pub holdings: BTreeMap<Principal, Holding>,
    /// The permissions in the rows of principals that have a role: what the role expands to, and single
    /// permissions that its assignment may have left behind.
    pub expanded: BTreeMap<Principal, BTreeSet<Permission>>,
    /// Rows that are neither ours to read in full nor to write: kinds of permission that appeared after
    /// this program, and rows of principals that are neither people nor groups nor classes.
    pub foreign: BTreeSet<ForeignRow>,
    /// Whether every signed-in person may view the space, licensed or not: a switch of Jira Service
    /// Management that overrides the rows. No public API reads it.
    pub unlicensed_access: Known<bool>,
    /// Whether `anonymous` reads the space though no row of it is listed: a site may leave its rows out
    /// (cloud-api.md, open 15). `Known(false)` where its rows are listed, or where it holds none.
    pub unlisted_anonymous: Known<bool>,
    /// The page tree, or `None` if it has not been read.
    pub tree: Option<Tree>,
    /// What `tree` has beside pages and the content that they hang under.
    pub read: BesidePages,
    /// Which pages have a label, for the labels that were asked for.
    pub labelled: BTreeMap<PageLabel, Known<Labelled>>,
}

/// The pages of a space that have a label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labelled {
    pub pages: BTreeSet<ContentId>,
    /// Those of which the site does not say whether they have it.
    pub unknown: BTreeMap<ContentId, Why>,
}

/// Kinds of content that are listed apart from the pages of a space.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BesidePages {
    pub blogposts: bool,
    /// Folders, whiteboards and their like that no page hangs under; also if the site hides them, which is
    /// then a [`Gap::Containers`].
    pub containers: bool,
}

/// What one principal holds in one space. Confluence keeps a role and single permissions ("custom
/// access") apart: a principal has one or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// Single permissions with the rows they stand in; two rows for the same thing do occur.
    Grants(BTreeMap<Permission, BTreeSet<GrantId>>),
    /// A space role. The rows that it expands to cannot be written one by one; see [`LiveSpace::expanded`].
    Role(RoleId),
}

impl Holding {
    /// Whether it gives a permission by itself; [`LiveSpace::gives`] also looks at the rows beside a role.
    pub fn gives(&self, permission: Permission, roles: &BTreeMap<RoleId, Role>) -> Truth {
        match self {
            Self::Grants(grants) => grants.contains_key(&permission).into(),
            Self::Role(role) => roles.get(role).map_or(Truth::Unknown, |role| role.gives(permission)),
        }
    }
}

/// A row of a space's permissions that confperm leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ForeignRow {
    /// As the site wrote it, `type:id`.
    pub principal: SiteText,
    /// As the site wrote it, `operation/target`.
    pub permission: SiteText,
}

/// Something that the caller could not see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Gap {
    /// Content whose lists could not be read.
    Restrictions { space: SpaceKey, content: ContentId, why: Why },
    /// An ancestor of visible pages that is itself hidden.
    Ancestor { space: SpaceKey, content: ContentId },
    /// Which pages have a label: in all of the space, or whether this one does.
    Labels { space: SpaceKey, label: PageLabel, content: Option<ContentId>, why: Why },
    /// Content of which the site does not say what it hangs under, or in which space it is.
    Place { space: SpaceKey, content: ContentId },
    /// Folders, whiteboards, databases and embeds that no page hangs under.
    Containers { space: SpaceKey, why: Why },
    /// What `anonymous` holds in a space, where the site may leave its rows out.
    AnonymousRows {
        space: SpaceKey,
        /// Whether the site shows the space to a reader who is not signed in; if not, that is not known.
        reads: bool,
    },
    /// A group whose members could not be read.
    Members { group: super::GroupId, why: Why },
    /// The groups that the caller is in.
    OwnGroups { why: Why },
    /// Single permissions of a principal, which a site that gives access by roles only shows and does not change.
    SinglePermissions { space: SpaceKey, principal: Principal },
    /// Accounts that the site does not describe.
    Account { account: AccountId },
    /// Entries of a list of the site that could not be read and are left out.
    Unreadable {
        space: Option<SpaceKey>,
        /// The path of the list.
        list: String,
        count: usize,
        /// What is known of one of them.
        example: SiteText,
    },
}

impl Live {
    /// Entries of lists of a space that could not be read and are left out: the path of each list, and how many.
    pub fn unreadable_entries(&self, key: &SpaceKey) -> impl Iterator<Item = (&str, usize)> {
        self.gaps.iter().filter_map(move |gap| match gap {
            Gap::Unreadable { space: Some(space), list, count, .. } if space == key => {
                Some((list.as_str(), *count))
            }
            _ => None,
        })
    }

    /// A site of which nothing else has been read.
    pub fn of(site: Site) -> Self {
        let gaps = match site.caller.groups {
            Known::Known(_) => BTreeSet::new(),
            Known::Unknown(why) => BTreeSet::from([Gap::OwnGroups { why }]),
        };
        Self {
            site,
            names_read: false,
            roles: BTreeMap::new(),
            directory: Directory::default(),
            spaces: BTreeMap::new(),
            listing: Listing::default(),
            stray: StrayPermissions::default(),
            guests: BTreeMap::new(),
            gaps,
        }
    }

    /// Forgets what was read of some spaces, so that it is read again. People, groups and labels stay as they
    /// are.
    pub fn forget(&mut self, spaces: &BTreeSet<SpaceKey>) {
        self.spaces.retain(|key, _| !spaces.contains(key));
        self.listing.spaces.retain(|key, _| !spaces.contains(key));
        self.listing.asked.retain(|key| !spaces.contains(key));
        self.listing.asked_ids.clear();
        self.listing.whole = false;
        self.gaps.retain(|gap| gap.space().is_none_or(|key| !spaces.contains(key)));
    }

    /// The permissions that this site knows.
    ///
    /// The twelve that came with roles have been measured as writable on sites in transition mode; for
    /// a site without roles that is not established. There, seeing one on the site is the proof.
    pub fn vocabulary(&self) -> Vocabulary {
        let seen = || {
            let is_seen = |holding: &Holding| match holding {
                Holding::Grants(grants) => grants.keys().any(|permission| !permission.is_documented()),
                Holding::Role(_) => false,
            };
            self.spaces.par_iter().any(|(_, space)| space.holdings.values().any(is_seen))
        };
        if self.site.mode.has_roles() || seen() { Vocabulary::Extended } else { Vocabulary::Documented }
    }
}

impl Live {
    /// A space of which something has been read.
    pub fn space(&self, key: &SpaceKey) -> Option<&LiveSpace> {
        self.spaces.get(key).map(Arc::as_ref)
    }

    /// All of them, by key.
    pub fn all_spaces(&self) -> impl Iterator<Item = &LiveSpace> {
        self.spaces.values().map(Arc::as_ref)
    }

    /// A space to change, apart from the copies of the site.
    pub fn space_mut(&mut self, key: &SpaceKey) -> Option<&mut LiveSpace> {
        self.spaces.get_mut(key).map(Arc::make_mut)
    }
}

impl LiveSpace {
    /// A space without grants, of whose content nothing has been read.
    pub fn of(space: Space) -> Self {
        Self {
            space,
            holdings: BTreeMap::new(),
            expanded: BTreeMap::new(),
            foreign: BTreeSet::new(),
            unlicensed_access: Known::Unknown(Why::NoApi),
            unlisted_anonymous: Known::Unknown(Why::NotRead),
            tree: None,
            read: BesidePages::default(),
            labelled: BTreeMap::new(),
        }
    }

    /// Whether what a principal holds here gives a permission that it can use.
    pub fn gives(
        &self,
        principal: &Principal,
        permission: Permission,
        roles: &BTreeMap<RoleId, Role>,
    ) -> Truth {
        if principal.can_use(permission) { self.holds(principal, permission, roles) } else { Truth::No }
    }

    /// Those who hold something here, what that is, and whether it gives a permission that they can use.
    pub fn holders<'s>(
        &'s self,
        permission: Permission,
        roles: &'s BTreeMap<RoleId, Role>,
    ) -> impl Iterator<Item = (&'s Principal, &'s Holding, Truth)> {
        self.holdings.iter().map(move |(principal, holding)| {
            let can_use = principal.can_use(permission);
            let gives = can_use.then(|| self.holds_by(principal, holding, permission, roles));
            (principal, holding, gives.unwrap_or(Truth::No))
        })
    }

    /// Whether a principal holds a permission here, of use or not: its rows say so, or what is known of its role.
    pub fn holds(
        &self,
        principal: &Principal,
        permission: Permission,
        roles: &BTreeMap<RoleId, Role>,
    ) -> Truth {
        self.holdings
            .get(principal)
            .map_or(Truth::No, |holding| self.holds_by(principal, holding, permission, roles))
    }

    fn holds_by(
        &self,
        principal: &Principal,
        holding: &Holding,
        permission: Permission,
        roles: &BTreeMap<RoleId, Role>,
    ) -> Truth {
        let is_shown = self.expanded.get(principal).is_some_and(|rows| rows.contains(&permission));
        holding.gives(permission, roles).max(is_shown.into())
    }

    /// The permissions that a principal may have by what it holds here.
    pub fn may_give(&self, principal: &Principal, roles: &BTreeMap<RoleId, Role>) -> BTreeSet<Permission> {
        self.given(principal, roles, Truth::Unknown)
    }

    /// The permissions that a principal surely has by what it holds here.
    pub fn surely_gives(
        &self,
        principal: &Principal,
        roles: &BTreeMap<RoleId, Role>,
    ) -> BTreeSet<Permission> {
        self.given(principal, roles, Truth::Yes)
    }

    fn given(
        &self,
        principal: &Principal,
        roles: &BTreeMap<RoleId, Role>,
        at_least: Truth,
    ) -> BTreeSet<Permission> {
        let Some(holding) = self.holdings.get(principal) else { return BTreeSet::new() };
        let shown = self.expanded.get(principal);
        let given: BTreeSet<Permission> = match holding {
            Holding::Grants(grants) => grants.keys().copied().collect(),
            Holding::Role(_) => {
                let all = Permission::ALL.iter().copied();
                all.filter(|permission| holding.gives(*permission, roles) >= at_least).collect()
            }
        };
        let all = given.into_iter().chain(shown.into_iter().flatten().copied());
        all.filter(|permission| principal.can_use(*permission)).collect()
    }

    /// The roles that are assigned here, each with the permissions in the rows of one of its holders.
    pub(super) fn expanded_roles(&self) -> impl Iterator<Item = (&RoleId, &BTreeSet<Permission>)> {
        self.expanded.iter().filter_map(|(principal, rows)| match self.holdings.get(principal) {
            Some(Holding::Role(role)) => Some((role, rows)),
            Some(Holding::Grants(_)) | None => None,
        })
    }
}

impl Gap {
    /// The space that it is in, where it is in one.
    pub const fn space(&self) -> Option<&SpaceKey> {
        match self {
            Self::Restrictions { space, .. }
            | Self::Labels { space, .. }
            | Self::Ancestor { space, .. }
            | Self::Place { space, .. }
            | Self::AnonymousRows { space, .. }
            | Self::SinglePermissions { space, .. }
            | Self::Containers { space, .. } => Some(space),
            Self::Unreadable { space, .. } => space.as_ref(),
            Self::Members { .. } | Self::OwnGroups { .. } | Self::Account { .. } => None,
        }
    }
}
