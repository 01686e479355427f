//! What is sent to a site to change it, one HTTP request each.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ContentId, GrantId, PageList, Permission, Principal, Restrictions, RoleId, SpaceId, SpaceKey, Subject,
};

/// One write, complete: a [`Call`](super::Call) of a plan says what is to be achieved, this says it in the
/// terms of what was just read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum WriteRequest {
    /// Cloud: `POST /wiki/rest/api/space/{key}/permission`.
    Grant { space: SpaceKey, principal: Principal, permission: Permission },
    /// Cloud: `DELETE /wiki/rest/api/space/{key}/permission/{id}`.
    Revoke { space: SpaceKey, principal: Principal, permission: Permission, row: GrantId },
    /// Cloud with roles: `POST /wiki/api/v2/spaces/{id}/role-assignments`. A principal without a role loses
    /// the one it has; principals that are not named keep theirs.
    AssignRoles { space: SpaceKey, space_id: SpaceId, roles: BTreeMap<Principal, Option<RoleId>> },
    /// Cloud: `PUT /wiki/rest/api/content/{id}/restriction`, or `DELETE` when both lists are open. It
    /// replaces both lists, so it carries what was just read of the one that stays.
    Restrict {
        space: SpaceKey,
        content: ContentId,
        /// What was just read, since opening a list and closing one are different requests.
        now: Restrictions,
        after: Restrictions,
    },
    /// Cloud: `PUT /wiki/rest/api/content/{id}/restriction/byOperation/{operation}/user` or `byGroupId`. It
    /// adds one entry to a list that has some, and can drop no other.
    AddToList { space: SpaceKey, content: ContentId, list: PageList, subject: Subject },
}

impl WriteRequest {
    pub const fn space_mut(&mut self) -> &mut SpaceKey {
        match self {
            Self::Grant { space, .. }
            | Self::Revoke { space, .. }
            | Self::AssignRoles { space, .. }
            | Self::Restrict { space, .. }
            | Self::AddToList { space, .. } => space,
        }
    }
}
