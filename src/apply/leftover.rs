//! Objects that an earlier run left unverified in a space that the policy of this run does not cover: they are
//! read, and come off the list unless something that came along is still there.

use crate::confluence::Read;
use crate::model::{Holding, Known, SpaceRoleMode};
use crate::plan::Object;

use super::unverified::Unverified;

/// Whether an object is known and holds nothing that came along. What cannot be read is not known.
pub(super) async fn is_clean<S: Read>(entry: &Unverified, mode: SpaceRoleMode, site: &S) -> bool {
    match &entry.object {
        Object::Page { content, .. } => {
            matches!(site.restrictions_now(*content).await, Ok(Known::Known(_)))
        }
        Object::Holding { principal, before, .. } => {
            let Ok(now) = site.access(entry.space_id, mode).await else { return false };
            let stray = entry.may_have_come_along();
            let holds = |holding: &Holding| match holding {
                Holding::Grants(held) => held.keys().any(|permission| stray.contains(permission)),
                Holding::Role(_) => false,
            };
            let beside = now.beside_roles.get(principal).filter(|_| entry.assigned);
            let has_old = beside.is_some_and(|held| held.values().flatten().any(|row| before.has_row(*row)));
            !has_old && !now.holdings.get(principal).is_some_and(holds)
        }
    }
}
