//! Objects that an earlier run left unverified in a space that the policy of this run does not cover: they are
//! read, and come off the list unless something that came along is still there.

use crate::confluence::{Error, Read, SpaceAccess};
use crate::model::{Holding, Known, Space, SpaceId, SpaceKey, SpaceKind, SpaceRoleMode, SpaceStatus};
use crate::plan::{HoldingState, Object};

use super::unverified::Unverified;

/// Whether an object is known and holds nothing that came along. What cannot be read is not known.
pub(super) async fn is_clean<S: Read>(entry: &Unverified, mode: SpaceRoleMode, site: &S) -> bool {
    match &entry.object {
        Object::Page { content, .. } => {
            matches!(site.restrictions_now(*content).await, Ok(Known::Known(_)))
        }
        Object::Holding { space, principal, before, .. } => {
            let Ok(now) = rows_of(space, entry.space_id, mode, site).await else { return false };
            let stray = entry.may_have_come_along();
            let holds = |holding: &Holding| match holding {
                Holding::Grants(held) => held.keys().any(|permission| stray.contains(permission)),
                Holding::Role(_) => false,
            };
            let beside = match before {
                HoldingState::Grants { rows, .. } if entry.assigned => now
                    .beside_roles
                    .get(principal)
                    .is_some_and(|held| held.values().flatten().any(|row| rows.contains(row))),
                HoldingState::Grants { .. } | HoldingState::Nothing | HoldingState::Role { .. } => false,
            };
            !beside && !now.holdings.get(principal).is_some_and(holds)
        }
    }
}

/// Who holds what in a space, read now.
pub(super) async fn rows_of<S: Read>(
    key: &SpaceKey,
    id: SpaceId,
    mode: SpaceRoleMode,
    site: &S,
) -> Result<SpaceAccess, Error> {
    let space = Space {
        id,
        key: key.clone(),
        name: "".into(),
        kind: SpaceKind::Global,
        status: SpaceStatus::Current,
        homepage: None,
    };
    site.access(&space, mode).await
}
