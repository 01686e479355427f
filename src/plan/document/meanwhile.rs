//! What is so for a moment while the calls are made, though it is so neither before nor after: told, since
//! no order can avoid it, or since it was accepted by an option.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::SpaceKey;

use super::{CallId, Danger};

/// Something that begins with one call and ends with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Meanwhile {
    pub space: SpaceKey,
    /// The people concerned, and what they can or cannot do.
    pub danger: Danger,
    pub reason: MeanwhileReason,
    /// It does not begin before this call is made.
    pub from: CallId,
    /// It is over when this call is done.
    pub until: CallId,
}

/// Why a plan has such a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MeanwhileReason {
    /// Confluence adds or takes away a companion by itself; the next call puts that right.
    Companion,
    /// No order does without, and `--allow-gap` accepts it.
    AcceptedGap,
}
