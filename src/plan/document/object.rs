//! What a plan touches, before and after.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{ContentId, GrantId, Holding, Permission, Principal, Restrictions, RoleId, SpaceKey};
use crate::plan::change::Change;

/// Something that calls of the plan touch, before and after. Applying goes on where it finds the state
/// before, skips where it finds the state after, and stops where it finds anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "object", rename_all = "kebab-case")]
pub enum Object {
    /// What one principal holds in one space.
    Holding { space: SpaceKey, principal: Principal, before: HoldingState, after: HoldingState },
    /// Both lists of one page.
    Page { space: SpaceKey, content: ContentId, before: Restrictions, after: Restrictions },
}

/// What a principal holds in a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "holds", rename_all = "kebab-case")]
pub enum HoldingState {
    Nothing,
    Role {
        role: RoleId,
    },
    Grants {
        permissions: BTreeSet<Permission>,
        /// May be there as well.
        tolerated: BTreeSet<Permission>,
        /// The rows that the permissions stand in, where they are known.
        rows: BTreeSet<GrantId>,
    },
}

/// Which object: a holding of a principal in a space, or the lists of a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "kebab-case")]
pub enum ObjectId {
    Holding { space: SpaceKey, principal: Principal },
    Page { space: SpaceKey, content: ContentId },
}

impl Object {
    /// The space of the object.
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Holding { space, .. } | Self::Page { space, .. } => space,
        }
    }

    /// The same, to call it by another key.
    pub const fn space_mut(&mut self) -> &mut SpaceKey {
        match self {
            Self::Holding { space, .. } | Self::Page { space, .. } => space,
        }
    }
}

impl ObjectId {
    /// Which object this is.
    pub fn of(object: &Object) -> Self {
        match object {
            Object::Holding { space, principal, .. } => {
                Self::Holding { space: space.clone(), principal: principal.clone() }
            }
            Object::Page { space, content, .. } => Self::Page { space: space.clone(), content: *content },
        }
    }

    /// The object that a change is about.
    pub fn changed_by(change: &Change) -> Self {
        match change {
            Change::Grant { space, principal, .. } | Change::Role { space, principal, .. } => {
                Self::Holding { space: space.clone(), principal: principal.clone() }
            }
            Change::Audience { space, content, .. } => Self::Page { space: space.clone(), content: *content },
        }
    }

    /// The space of the object.
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Holding { space, .. } | Self::Page { space, .. } => space,
        }
    }

    /// The same, to call it by another key.
    pub const fn space_mut(&mut self) -> &mut SpaceKey {
        match self {
            Self::Holding { space, .. } | Self::Page { space, .. } => space,
        }
    }
}

impl HoldingState {
    /// Whether a permission belongs to the state: it must be there, or may be.
    pub fn allows(&self, permission: Permission) -> bool {
        match self {
            Self::Grants { permissions, tolerated, .. } => {
                permissions.contains(&permission) || tolerated.contains(&permission)
            }
            Self::Nothing | Self::Role { .. } => false,
        }
    }

    /// Whether a permission must be there.
    pub fn requires(&self, permission: Permission) -> bool {
        matches!(self, Self::Grants { permissions, .. } if permissions.contains(&permission))
    }

    /// Whether this is one of the rows that the permissions stand in.
    pub fn has_row(&self, row: GrantId) -> bool {
        matches!(self, Self::Grants { rows, .. } if rows.contains(&row))
    }

    /// The state without the numbers of its rows.
    pub(in crate::plan) fn without_rows(mut self) -> Self {
        if let Self::Grants { rows, .. } = &mut self {
            rows.clear();
        }
        self
    }

    /// The state as it would be found, with all that may be there.
    pub fn to_live(&self) -> Option<Holding> {
        match self {
            Self::Nothing => None,
            Self::Role { role } => Some(Holding::Role(role.clone())),
            Self::Grants { permissions, tolerated, .. } => {
                let all = permissions.iter().chain(tolerated);
                Some(Holding::Grants(all.map(|permission| (*permission, BTreeSet::new())).collect()))
            }
        }
    }

    /// The state of a principal as it was found.
    pub fn of_live(holding: Option<&Holding>) -> Self {
        match holding {
            None => Self::Nothing,
            Some(Holding::Role(role)) => Self::Role { role: role.clone() },
            Some(Holding::Grants(grants)) => Self::Grants {
                permissions: grants.keys().copied().collect(),
                tolerated: BTreeSet::new(),
                rows: grants.values().flatten().copied().collect(),
            },
        }
    }
}
