//! Who gains and who loses by a plan, each line with the changes that it comes from.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{self, Affected, Cause, Certainty, Direction, Effects, PageVerbs, What};
use crate::model::{Live, PageVerb, Permission, SpaceKey};

use super::change::{Change, Verb};

/// What a plan does to people's access, as opposed to what it does to rows and lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanEffects {
    /// By space, and in each by what changes.
    pub lines: Vec<PlanEffect>,
    /// Why there may be more than these.
    pub incomplete: BTreeSet<access::Reason>,
}

/// These people gain or lose this, by these changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanEffect {
    pub space: SpaceKey,
    pub direction: Direction,
    pub certainty: Certainty,
    pub what: What,
    pub who: Affected,
    /// Indices of the changes without which it would not happen, or not in full.
    pub changes: BTreeSet<usize>,
}

pub(super) fn effects(before: &Live, after: &Live, changes: &[Change]) -> PlanEffects {
    if changes.is_empty() {
        return PlanEffects::default();
    }
    let Effects { effects, incomplete } = access::effective_changes(before, after);
    let lines = effects
        .into_iter()
        .map(|effect| PlanEffect {
            changes: effect
                .causes
                .iter()
                .flat_map(|cause| caused_by(cause, effect.direction, &effect.what, changes))
                .collect(),
            space: effect.space,
            direction: effect.direction,
            certainty: effect.certainty,
            what: effect.what,
            who: effect.who,
        })
        .collect();
    PlanEffects { lines, incomplete }
}

/// The changes that a cause stands for: those that bear on the effect, or all where none is plainly the
/// one.
fn caused_by(cause: &Cause, direction: Direction, what: &What, changes: &[Change]) -> Vec<usize> {
    let all: Vec<usize> = (0..changes.len()).filter(|at| is_part_of(&changes[*at], cause)).collect();
    let plain: Vec<usize> =
        all.iter().copied().filter(|at| bears_on(&changes[*at], direction, what)).collect();
    if plain.is_empty() { all } else { plain }
}

fn is_part_of(change: &Change, cause: &Cause) -> bool {
    match (cause, change) {
        (
            Cause::Holding { space, principal },
            Change::Grant { space: here, principal: whose, .. }
            | Change::Role { space: here, principal: whose, .. },
        ) => space == here && principal == whose,
        (Cause::Page { space, content }, Change::Audience { space: here, content: page, .. }) => {
            space == here && content == page
        }
        (Cause::Space { space }, change) => space == change.space(),
        (Cause::Directory, _) => true,
        (Cause::Holding { .. } | Cause::Page { .. }, _) => false,
    }
}

fn bears_on(change: &Change, direction: Direction, what: &What) -> bool {
    match change {
        Change::Role { .. } => true,
        Change::Grant { permission, verb, .. } => {
            let way = match verb {
                Verb::Add => Direction::Gains,
                Verb::Remove => Direction::Loses,
            };
            let moved = std::iter::once(permission).chain(permission.companions());
            way == direction && moved.into_iter().any(|permission| decides(*permission, what))
        }
        Change::Audience { list, .. } => {
            matches!(what, What::Pages { verbs, .. } if *list == PageVerb::View || *verbs != PageVerbs::View)
        }
    }
}

/// Whether holding the permission decides about what is gained or lost.
fn decides(permission: Permission, what: &What) -> bool {
    use Permission as P;
    permission == P::ReadSpace
        || match what {
            What::Space => false,
            What::Permissions { permissions } => permissions.contains(&permission),
            What::Pages { verbs, .. } => {
                let edits = [P::CreatePage, P::UpdatePage, P::CreateBlogpost, P::UpdateBlogpost];
                *verbs != PageVerbs::View && edits.contains(&permission)
            }
        }
}
