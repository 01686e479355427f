//! What an earlier run left unverified. Objects in spaces that the policy of this run does not cover are read,
//! and come off the list unless something that came along is still there.

use std::collections::BTreeMap;

use crate::confluence::{Error, Read};
use crate::model::{ContentId, Holding, Known, Role, RoleId, SpaceKey, SpaceRoleMode, Why};
use crate::plan::{HoldingState, Object, Planned};

use super::unverified::Unverified;
use super::verify::{BesideRole, Single};

/// What became of an object of the list.
#[derive(Debug)]
pub(super) enum Leftover {
    /// It is known, and holds nothing that came along.
    Clean,
    /// Something that came along is still there.
    Stray,
    /// The site does not show it, or its space, to this account any more: it is hidden, or deleted for good.
    Hidden,
    /// It is in the trash, where it has no lists that could be read. One that is restored is planned as it is then.
    Deleted,
    Unread(Error),
}

/// Reads an object of the list.
pub(super) async fn read<S: Read>(
    entry: &Unverified,
    mode: SpaceRoleMode,
    roles: &BTreeMap<RoleId, Role>,
    site: &S,
) -> Leftover {
    match &entry.object {
        Object::Page { content, .. } => match site.restrictions_now(*content).await {
            Ok(Known::Known(_)) => Leftover::Clean,
            Ok(Known::Unknown(Why::Hidden)) => match site.is_deleted(*content).await {
                Ok(true) => Leftover::Deleted,
                Ok(false) => Leftover::Hidden,
                Err(error) => Leftover::Unread(error),
            },
            Ok(Known::Unknown(_)) => Leftover::Hidden,
            Err(error) => Leftover::Unread(error),
        },
        Object::Holding { principal, before, .. } => {
            let now = match site.access(entry.space_id, mode).await {
                Ok(now) => now,
                Err(Error::NotFound(_)) => return Leftover::Hidden,
                Err(error) => return Leftover::Unread(error),
            };
            let stray = entry.may_have_come_along();
            let holds = |holding: &Holding| match holding {
                Holding::Grants(held) => held.keys().any(|permission| stray.contains(permission)),
                // A role may hide what came along.
                Holding::Role(role) => {
                    let role = roles.get(role).map(Role::by_names);
                    let beside = BesideRole::of(principal, &now, role.as_ref(), |row| before.has_row(row));
                    stray.iter().any(|permission| beside.single(*permission) != Single::Absent)
                }
            };
            let beside = now.beside_roles.get(principal).filter(|_| entry.assigned);
            let has_old = beside.is_some_and(|held| held.values().flatten().any(|row| before.has_row(*row)));
            if has_old || now.holdings.get(principal).is_some_and(holds) {
                Leftover::Stray
            } else {
                Leftover::Clean
            }
        }
    }
}

/// Whether the plan of this run was made with the lists of a page in view.
pub(super) fn is_in_view(planned: &Planned, space: &SpaceKey, content: ContentId) -> bool {
    let tree = planned.after.spaces.get(space).and_then(|space| space.tree.as_ref());
    tree.and_then(|tree| tree.get(content)).is_some_and(|found| found.restrictions.as_ref().known().is_some())
}

/// Whether the site is still to have the role that an earlier run assigned.
pub(super) fn wants_role(planned: &Planned, entry: &Unverified) -> bool {
    let Object::Holding { space, principal, after: HoldingState::Role { role }, .. } = &entry.object else {
        return false;
    };
    let now = planned.after.spaces.get(space).and_then(|space| space.holdings.get(principal));
    matches!(now, Some(Holding::Role(now)) if now == role)
}
