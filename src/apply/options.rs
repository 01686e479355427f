//! How an apply behaves where it has to wait, and the precautions that it takes.

use std::time::Duration;

/// Calls that are under way at once, at most. The client may allow fewer.
pub(super) const SIDE_BY_SIDE: usize = 16;

/// How an apply behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplyOptions {
    /// How long a write that the site has accepted is looked for before it counts as unverified. Reads of
    /// Cloud's v2 were seen to lag half a second behind writes of v1.
    pub patience: Duration,
    /// How old rows may be that a write in the same space relies on.
    pub freshness: Duration,
    /// What is done for safety.
    pub precautions: Precautions,
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
            precautions: Precautions::ALL,
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
