//! Who gains and who loses by a plan, each line with the changes that it comes from.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{self, Affected, Cause, Certainty, Direction, Effects, PageVerbs, What};
use crate::model::{Live, PageList, Permission, SpaceKey};

use super::change::{Change, ChangeAction};
use super::document::ObjectId;

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
    let index = EffectIndex::of(changes);
    let Effects { effects, incomplete } = access::effective_changes(before, after);
    let lines = effects
        .into_iter()
        .map(|effect| PlanEffect {
            changes: effect
                .causes
                .iter()
                .flat_map(|cause| index.caused_by(cause, effect.direction, &effect.what))
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

/// The numbers of changes, by what a cause may name.
struct EffectIndex<'a> {
    changes: &'a [Change],
    objects: BTreeMap<ObjectId, Vec<usize>>,
    spaces: BTreeMap<&'a SpaceKey, Vec<usize>>,
}

impl<'a> EffectIndex<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut index = Self { changes, objects: BTreeMap::new(), spaces: BTreeMap::new() };
        for (number, change) in changes.iter().enumerate() {
            index.spaces.entry(change.space()).or_default().push(number);
            index.objects.entry(ObjectId::changed_by(change)).or_default().push(number);
        }
        index
    }

    /// The changes that a cause stands for: those that bear on the effect, or all where none is plainly the
    /// one.
    fn caused_by(&self, cause: &Cause, direction: Direction, what: &What) -> Vec<usize> {
        let all = match cause {
            Cause::Holding { space, principal } => {
                let object = ObjectId::Holding { space: space.clone(), principal: principal.clone() };
                self.objects.get(&object).cloned()
            }
            Cause::Page { space, content } => {
                self.objects.get(&ObjectId::Page { space: space.clone(), content: *content }).cloned()
            }
            Cause::Space { space } => self.spaces.get(space).cloned(),
            Cause::Directory => Some((0..self.changes.len()).collect()),
        };
        let all = all.unwrap_or_default();
        let plain: Vec<usize> =
            all.iter().copied().filter(|at| bears_on(&self.changes[*at], direction, what)).collect();
        if plain.is_empty() { all } else { plain }
    }
}

fn bears_on(change: &Change, direction: Direction, what: &What) -> bool {
    match change {
        Change::Role { .. } => true,
        Change::Grant { permission, verb, .. } => {
            let way = match verb {
                ChangeAction::Add => Direction::Gains,
                ChangeAction::Remove => Direction::Loses,
            };
            let moved = std::iter::once(permission).chain(permission.companions());
            way == direction && moved.into_iter().any(|permission| decides(*permission, what))
        }
        Change::Audience { list, .. } => {
            matches!(what, What::Pages { verbs, .. } if *list == PageList::View || *verbs != PageVerbs::View)
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
