//! What is known, and why something is not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fact, or the reason why it could not be had. There is no default: who asks must say what an
/// unknown means to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    Known(T),
    Unknown(Why),
}

/// Why a fact is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The site was not asked yet.
    NotRead,
    /// The site answered 403 or 404: the object is hidden from the caller, or gone.
    Hidden,
    /// The API has no way to tell.
    NoApi,
    /// The answers contradict themselves or one another, also when asked for in another way.
    Contradictory,
    /// An entry has no id, so it is not known what it is about. Entries of deleted accounts can be like that.
    NoId,
}

impl<T> Known<T> {
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Unknown(_) => None,
        }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(fact) => Known::Known(f(fact)),
            Self::Unknown(why) => Known::Unknown(why),
        }
    }

    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Known(fact) => Known::Known(fact),
            Self::Unknown(why) => Known::Unknown(*why),
        }
    }
}
