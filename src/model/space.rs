//! Spaces, without what is in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentId, Shown, SiteText, SpaceId, SpaceKey};

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

impl SpaceKind {
    /// The type in the words of the API, safe to print.
    pub fn shown(&self) -> Shown {
        match self {
            Self::Global => Shown::of("global"),
            Self::Personal => Shown::of("personal"),
            Self::Collaboration => Shown::of("collaboration"),
            Self::KnowledgeBase => Shown::of("knowledge_base"),
            Self::Other(other) => other.shown(),
        }
    }
}

impl SpaceStatus {
    /// The status in the words of the API, safe to print.
    pub fn shown(&self) -> Shown {
        match self {
            Self::Current => Shown::of("current"),
            Self::Archived => Shown::of("archived"),
            Self::Other(other) => other.shown(),
        }
    }
}
