//! The steps of a plan. What is sent for one of them depends on what is there at that moment, and is a
//! [`WriteRequest`](super::WriteRequest).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentId, GrantId, Permission, Principal, Restrictions, RoleId, SpaceId, SpaceKey};

/// One step of a plan: one write, unless what it is for is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Call {
    /// Cloud: `POST /wiki/rest/api/space/{key}/permission`.
    Grant { space: SpaceKey, principal: Principal, permission: Permission },
    /// Cloud: `DELETE /wiki/rest/api/space/{key}/permission/{id}`.
    Revoke {
        space: SpaceKey,
        principal: Principal,
        permission: Permission,
        /// The row to delete, or `None` for a row that an earlier call of the plan brings along, whose
        /// number is not known yet.
        grant: Option<GrantId>,
    },
    /// Cloud with roles: `POST /wiki/api/v2/spaces/{id}/role-assignments`, all of a space at once. A
    /// principal without a role loses the one it has; principals not named keep theirs.
    AssignRoles { space: SpaceKey, space_id: SpaceId, roles: BTreeMap<Principal, Option<RoleId>> },
    /// Cloud: `PUT /wiki/rest/api/content/{id}/restriction`, or `DELETE` when both lists are open.
    Restrict {
        space: SpaceKey,
        content: ContentId,
        /// What is there before, since opening one list and closing one are different requests.
        before: Restrictions,
        after: Restrictions,
    },
}

impl Call {
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Grant { space, .. }
            | Self::Revoke { space, .. }
            | Self::AssignRoles { space, .. }
            | Self::Restrict { space, .. } => space,
        }
    }

    pub const fn space_mut(&mut self) -> &mut SpaceKey {
        match self {
            Self::Grant { space, .. }
            | Self::Revoke { space, .. }
            | Self::AssignRoles { space, .. }
            | Self::Restrict { space, .. } => space,
        }
    }
}
