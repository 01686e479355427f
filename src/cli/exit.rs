//! Exit codes. They are public: scripts and CI rely on them.

/// Done, or nothing to change.
pub const DONE: u8 = 0;
/// It failed, nothing was changed; or `fmt --check` found files to format.
pub const FAILED: u8 = 1;
/// `plan --detailed-exitcode` found changes.
pub const CHANGES: u8 = 2;
/// A guard, a delegation or an access test refused.
pub const REFUSED: u8 = 3;
/// The policy is invalid.
pub const INVALID: u8 = 4;
/// Applied in part.
pub const PARTIAL: u8 = 5;
/// Wrong usage of the command line.
pub const USAGE: u8 = 64;
