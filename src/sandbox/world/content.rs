//! Spaces and what is in them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{AccountId, ContentId, GrantId, Principal, RoleId, SpaceId, SpaceKey};
use super::pair::Pair;

/// What kind of content a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the content types of the API")]
pub enum Kind {
    Page,
    Folder,
    Whiteboard,
    Database,
    Embed,
    Blogpost,
}

impl Kind {
    /// As the API spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Folder => "folder",
            Self::Whiteboard => "whiteboard",
            Self::Database => "database",
            Self::Embed => "embed",
            Self::Blogpost => "blogpost",
        }
    }
}

/// Where content is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the statuses of the API")]
pub enum Status {
    Current,
    Archived,
    Trashed,
    Draft,
}

impl Status {
    /// As the API spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Archived => "archived",
            Self::Trashed => "trashed",
            Self::Draft => "draft",
        }
    }
}

/// The two operations that restrictions know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// Who may view.
    Read,
    /// Who may edit.
    Update,
}

impl ListKind {
    /// Both, in the order of the API.
    pub const ALL: [Self; 2] = [Self::Read, Self::Update];

    /// As the API spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Update => "update",
        }
    }

    /// Reads `read` or `update`.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// The two restriction lists of a node. An empty list restricts no account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Who may view; empty is every account in the space.
    pub read: BTreeSet<Principal>,
    /// Who may edit; empty is every account with the right in the space.
    pub update: BTreeSet<Principal>,
}

impl Lists {
    /// The list of an operation.
    pub fn get(&self, kind: ListKind) -> &BTreeSet<Principal> {
        match kind {
            ListKind::Read => &self.read,
            ListKind::Update => &self.update,
        }
    }

    /// The list of an operation, to change it.
    pub fn get_mut(&mut self, kind: ListKind) -> &mut BTreeSet<Principal> {
        match kind {
            ListKind::Read => &mut self.read,
            ListKind::Update => &mut self.update,
        }
    }
}

/// A page, blog post, folder, whiteboard, database or embed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The id on the wire.
    pub id: ContentId,
    /// Its space.
    pub space: SpaceId,
    /// What it is.
    pub kind: Kind,
    /// Current, archived, trashed or draft.
    pub status: Status,
    /// The title.
    pub title: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Who wrote it.
    pub author: Option<AccountId>,
    /// The node above it; blog posts have none.
    pub parent: Option<ContentId>,
    /// The nodes below it, in the order of the tree.
    pub children: Vec<ContentId>,
    /// Its own restrictions.
    pub lists: Lists,
}

/// The types of space that the v2 API tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the space types of the API")]
pub enum SpaceType {
    Global,
    Collaboration,
    KnowledgeBase,
    Personal,
    System,
    Onboarding,
    XflowSampleSpace,
}

impl SpaceType {
    /// As the API spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Collaboration => "collaboration",
            Self::KnowledgeBase => "knowledge_base",
            Self::Personal => "personal",
            Self::System => "system",
            Self::Onboarding => "onboarding",
            Self::XflowSampleSpace => "xflow_sample_space",
        }
    }
}

/// Current, archived or trashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the statuses of the API")]
pub enum SpaceStatus {
    Current,
    Archived,
    Trashed,
}

impl SpaceStatus {
    /// As the API spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Archived => "archived",
            Self::Trashed => "trashed",
        }
    }
}

/// One row of custom access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Who.
    pub principal: Principal,
    /// May do what.
    pub pair: Pair,
}

/// A space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// The id on the wire.
    pub id: SpaceId,
    /// The key in addresses.
    pub key: SpaceKey,
    /// The name people see.
    pub name: String,
    /// Global, personal …
    pub kind: SpaceType,
    /// Current or archived.
    pub status: SpaceStatus,
    /// Its labels, which the screen calls categories.
    pub labels: BTreeSet<String>,
    /// Every signed-in person may view (the JSM switch "any active user can view").
    pub unlicensed_access: bool,
    /// The home page.
    pub homepage: Option<ContentId>,
    /// The nodes that have no parent, in the order of the tree.
    pub roots: Vec<ContentId>,
    /// Its blog posts.
    pub blogposts: Vec<ContentId>,
    /// Everything in it, for listing.
    pub contents: BTreeSet<ContentId>,
    /// Custom access, by row.
    pub grants: BTreeMap<GrantId, Grant>,
    /// One role at most per principal (live: folio).
    pub assignments: BTreeMap<Principal, RoleId>,
}

impl Space {
    /// The row that gives a principal a pair, if one does.
    pub fn row(&self, principal: &Principal, pair: Pair) -> Option<GrantId> {
        self.grants
            .iter()
            .find(|(_, grant)| grant.principal == *principal && grant.pair == pair)
            .map(|(id, _)| *id)
    }

    /// Whether a row gives a principal a pair.
    pub fn holds(&self, principal: &Principal, pair: Pair) -> bool {
        self.row(principal, pair).is_some()
    }
}
