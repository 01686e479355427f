//! The v2 face (`/wiki/api/v2`): spaces, their permissions and roles, and the content tree.

pub(super) mod content;
pub(super) mod roles;
pub(super) mod spaces;
pub(super) mod users;

/// When everything in a sandbox was made.
const CREATED: &str = "2024-01-01T00:00:00.000Z";
