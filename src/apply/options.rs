//! How an apply behaves where it has to wait, and the precautions that it takes.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

use crate::model::{ContentId, SpaceKey};
use crate::plan::Object;

/// Calls of a plan that are under way at once, at most, the looks before them included. The client may allow
/// fewer. It has more slots than this (`Settings::concurrency`), so that what is read to verify goes on beside the
/// calls instead of in their place.
pub(super) const SIDE_BY_SIDE: usize = 12;

/// How an apply behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyOptions {
    /// How long a write that the site has accepted is looked for before it counts as unverified. Reads of
    /// Cloud's v2 were seen to lag half a second behind writes of v1.
    pub patience: Duration,
    /// How old rows may be that a write in the same space relies on.
    pub freshness: Duration,
    /// So many calls of the plan are made, at most, beside those that must not be left out once others are made.
    pub most_calls: Option<usize>,
    /// What is done for safety.
    pub precautions: Precautions,
    /// What comes off the list of what earlier runs left unverified, if the site does not show it: its deletion is known
    /// from elsewhere.
    pub forget: BTreeSet<Forgotten>,
}

/// What a person knows to be deleted for good.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forgotten {
    Content(ContentId),
    /// A space with all that is in it.
    Space(SpaceKey),
}

impl Forgotten {
    /// Whether an object of the list is, or was in, what is to be forgotten.
    pub fn covers(&self, object: &Object) -> bool {
        match (self, object) {
            (Self::Content(forgotten), Object::Page { content, .. }) => content == forgotten,
            (Self::Content(_), Object::Holding { .. }) => false,
            (Self::Space(forgotten), Object::Page { space, .. } | Object::Holding { space, .. }) => {
                space == forgotten
            }
        }
    }
}

impl Display for Forgotten {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(content) => write!(f, "id:{content}"),
            Self::Space(space) => space.fmt(f),
        }
    }
}

impl FromStr for Forgotten {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let says = |error: &dyn Display| {
            format!("{error}; write `id:` and the number of a page, or the key of a space")
        };
        match text.strip_prefix("id:") {
            Some(number) => number.parse().map(Self::Content).map_err(|error| says(&error)),
            None => text.parse().map(Self::Space).map_err(|error| says(&error)),
        }
    }
}

/// What an apply does for safety. All of it, always: tests leave one out to show that they notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precautions {
    pub(super) look: bool,
    pub(super) verify: bool,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(15),
            freshness: Duration::from_secs(5),
            most_calls: None,
            precautions: Precautions::ALL,
            forget: BTreeSet::new(),
        }
    }
}

impl Precautions {
    /// Everything.
    pub const ALL: Self = Self { look: true, verify: true };

    /// For tests only: writes what was planned without looking at what is there now.
    #[doc(hidden)]
    pub const WITHOUT_LOOK: Self = Self { look: false, verify: true };

    /// For tests only: takes the site at its word, and takes no companion away.
    #[doc(hidden)]
    pub const WITHOUT_VERIFICATION: Self = Self { look: true, verify: false };
}
