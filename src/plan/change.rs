//! Changes: what people talk about. Calls, which the API can do, are made from them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Audience, ContentId, Declaration, Origin, PageList, Permission, Principal, RoleId, SpaceKey, Wanted,
    shared,
};

/// One difference between what is and what is to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A permission that a principal gets or loses in a space.
    Grant {
        space: SpaceKey,
        principal: Principal,
        permission: Permission,
        verb: ChangeAction,
        reason: ChangeReason,
    },
    /// The space role of a principal. A principal has one at most.
    Role {
        space: SpaceKey,
        principal: Principal,
        before: Option<RoleId>,
        after: Option<RoleId>,
        reason: ChangeReason,
    },
    /// One of the two lists of a page.
    Audience {
        space: SpaceKey,
        content: ContentId,
        list: PageList,
        before: Audience,
        after: Audience,
        reason: ChangeReason,
    },
}

/// What happens to a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Verb")]
pub enum ChangeAction {
    Add,
    Remove,
}

/// Why something changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "why", rename_all = "kebab-case")]
#[schemars(rename = "Reason")]
pub enum ChangeReason {
    /// A line of the policy asks for it, perhaps through a role.
    Declared(
        #[serde(with = "shared")]
        #[schemars(with = "Declaration")]
        Arc<Declaration>,
    ),
    /// The space is authoritative and no line of the policy asks for it.
    NotDeclared,
    /// `page-only` has this list kept so that its guests see their pages and no others.
    PageOnly { origin: Origin },
    /// Confluence added it by itself to a grant of an earlier run, which ended before it could take it away.
    CameAlong,
    /// The list is written, and entries of groups and accounts that do not exist any more are left out of it.
    Deleted,
    /// Confluence refuses `permission` to a principal that lacks this one.
    NeededFor { permission: Permission },
    /// A role gave it whose place is taken by single permissions, in a space where what is not declared stays.
    GivenByRole,
    /// The run that began at this time is undone.
    TakenBack { run: String },
}

impl ChangeReason {
    pub(super) fn of<T>(wanted: &Wanted<T>) -> Self {
        Self::Declared(Arc::clone(&wanted.by))
    }
}

impl ChangeReason {
    /// The rule that asks, if it is one.
    pub(super) fn rule(&self) -> Option<&String> {
        match self {
            Self::Declared(by) => by.rule.as_ref(),
            Self::NotDeclared
            | Self::PageOnly { .. }
            | Self::CameAlong
            | Self::Deleted
            | Self::NeededFor { .. }
            | Self::GivenByRole
            | Self::TakenBack { .. } => None,
        }
    }

    /// The line of the policy that asks for the change, if one does.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Declared(by) => Some(&by.origin),
            Self::PageOnly { origin } => Some(origin),
            Self::NotDeclared
            | Self::CameAlong
            | Self::Deleted
            | Self::NeededFor { .. }
            | Self::GivenByRole
            | Self::TakenBack { .. } => None,
        }
    }
}

impl Change {
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Grant { space, .. } | Self::Role { space, .. } | Self::Audience { space, .. } => space,
        }
    }

    pub(in crate::plan) const fn space_mut(&mut self) -> &mut SpaceKey {
        match self {
            Self::Grant { space, .. } | Self::Role { space, .. } | Self::Audience { space, .. } => space,
        }
    }

    pub const fn reason(&self) -> &ChangeReason {
        match self {
            Self::Grant { reason, .. } | Self::Role { reason, .. } | Self::Audience { reason, .. } => reason,
        }
    }
}
