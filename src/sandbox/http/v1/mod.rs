//! The v1 face (`/wiki/rest/api`): permission and restriction writes, groups, users, CQL.

pub(super) mod check;
mod cql;
pub(super) mod groups;
mod render;
pub(super) mod restrictions;
pub(super) mod search;
pub(super) mod space_permissions;
pub(super) mod system;
pub(super) mod users;
