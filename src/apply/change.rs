//! Concurrent changes: objects that were changed between planning and writing, as they are reported.

use serde::{Deserialize, Serialize};

use crate::model::Audience;
use crate::model::{ContentId, PageLabel, PageList, Principal, SpaceKey};
use crate::plan::HoldingState;

/// An object that is neither as the plan found it, nor as the plan wants it, nor in between. It was left as
/// it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "changed", rename_all = "kebab-case")]
pub enum ConcurrentChange {
    /// What a principal holds in a space.
    Holding {
        space: SpaceKey,
        principal: Principal,
        before: HoldingState,
        now: HoldingState,
        intended: HoldingState,
    },
    /// One list of a page.
    List {
        space: SpaceKey,
        content: ContentId,
        list: PageList,
        before: Audience,
        now: Audience,
        intended: Audience,
    },
    /// A page whose lists the caller cannot see any more.
    Hidden { space: SpaceKey, content: ContentId },
    /// A page that stands elsewhere now, or is archived: what the policy says of its place is not about it.
    Moved { space: SpaceKey, content: ContentId },
    /// A page that has no longer the label by which the policy means it, or does not show whether it has.
    Unlabelled { space: SpaceKey, content: ContentId, label: PageLabel },
}

impl ConcurrentChange {
    /// The space of the object.
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Holding { space, .. }
            | Self::List { space, .. }
            | Self::Hidden { space, .. }
            | Self::Moved { space, .. }
            | Self::Unlabelled { space, .. } => space,
        }
    }
}
