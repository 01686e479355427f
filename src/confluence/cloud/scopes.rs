//! The scopes that a scoped token needs for what is done here (OpenAPI v1 and v2,
//! `x-atlassian-oauth2-scopes`, the granular family throughout). Classic API tokens have no scopes.

/// For everything that [`Read`](crate::confluence::Read) does, but for `check`.
pub const TO_READ: [&str; 11] = [
    "read:configuration:confluence",
    "read:content-details:confluence",
    "read:database:confluence",
    "read:embed:confluence",
    "read:folder:confluence",
    "read:group:confluence",
    "read:page:confluence",
    "read:space:confluence",
    "read:space.permission:confluence",
    "read:user:confluence",
    "read:whiteboard:confluence",
];

/// For [`Read::check`](crate::confluence::Read::check).
pub const TO_CHECK: [&str; 1] = ["read:content.permission:confluence"];

/// For everything that [`Write`](crate::confluence::Write) does, beside those to read.
pub const TO_WRITE: [&str; 2] = ["write:content.restriction:confluence", "write:space.permission:confluence"];
