//! Spaces, without what is in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentId, SiteText, SpaceId, SpaceKey};

/// A space as a list of spaces shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    pub id: SpaceId,
    pub key: SpaceKey,
    pub name: SiteText,
    pub kind: SpaceKind,
    pub status: SpaceStatus,
    pub homepage: Option<ContentId>,
}

/// What a space is for. Atlassian adds kinds from time to time; those we do not know are `Other`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceKind {
    Global,
    Personal,
    Collaboration,
    KnowledgeBase,
    Other(SiteText),
}

/// Whether a space is in use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceStatus {
    Current,
    Archived,
    Other(SiteText),
}
