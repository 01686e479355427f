//! Endpoints that the caller may not use, or that this site does not have.

use std::str::FromStr;

use super::RuleError;
use super::pattern::below_the_api;

/// An endpoint that real sites refuse to some callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// `GET /space-role-mode`: `space-role-mode`.
    SpaceRoleMode,
    /// `GET /space-roles` and `/space-roles/{id}`: `space-roles`.
    SpaceRoles,
    /// `/spaces/{id}/role-assignments`, reads and writes: `role-assignments`.
    RoleAssignments,
    /// `GET /group/{id}/membersByGroupId`: `group-members`.
    GroupMembers,
    /// `POST /users-bulk`: `users-bulk`.
    UsersBulk,
    /// `GET /settings/systemInfo`: `systemInfo`.
    SystemInfo,
    /// `GET /user/memberof`: `memberof`.
    MemberOf,
    /// `GET /group`, `/group/by-id` and `/group/picker`: `groups`.
    Groups,
}

/// Which endpoints are hidden, and the status that each of them answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// 404 or 403.
    pub status: u16,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SpaceRoleMode,
        Self::SpaceRoles,
        Self::RoleAssignments,
        Self::GroupMembers,
        Self::UsersBulk,
        Self::SystemInfo,
        Self::MemberOf,
        Self::Groups,
    ];

    /// What rules call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SpaceRoleMode => "space-role-mode",
            Self::SpaceRoles => "space-roles",
            Self::RoleAssignments => "role-assignments",
            Self::GroupMembers => "group-members",
            Self::UsersBulk => "users-bulk",
            Self::SystemInfo => "systemInfo",
            Self::MemberOf => "memberof",
            Self::Groups => "groups",
        }
    }

    /// Whether a path from `/wiki` on belongs to it.
    fn has(self, path: &str) -> bool {
        let pieces: Vec<&str> = below_the_api(path).trim_matches('/').split('/').collect();
        match self {
            Self::SpaceRoleMode => pieces == ["space-role-mode"],
            Self::SpaceRoles => pieces.first() == Some(&"space-roles"),
            Self::RoleAssignments => matches!(pieces[..], ["spaces", _, "role-assignments"]),
            Self::GroupMembers => matches!(pieces[..], ["group", _, "membersByGroupId"]),
            Self::UsersBulk => pieces == ["users-bulk"],
            Self::SystemInfo => pieces == ["settings", "systemInfo"],
            Self::MemberOf => pieces == ["user", "memberof"],
            Self::Groups => matches!(pieces[..], ["group"] | ["group", "by-id" | "picker"]),
        }
    }
}

impl Hidden {
    /// The status for a path, if it is hidden.
    pub(super) fn status_for(self, path: &str) -> Option<u16> {
        self.endpoint.has(path).then_some(self.status)
    }
}

impl FromStr for Hidden {
    type Err = RuleError;

    /// Reads `systemInfo=403`.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::Hidden(text.to_owned());
        let (name, status) = text.split_once('=').ok_or_else(wrong)?;
        let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.name() == name);
        let status = status.parse().ok().filter(|status| [403, 404].contains(status));
        Ok(Self { endpoint: endpoint.ok_or_else(wrong)?, status: status.ok_or_else(wrong)? })
    }
}
