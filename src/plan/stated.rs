//! Whether what is left of a plan lets in more than the plan said when it was made.
//!
//! What a change gives depends on what it leaves as it is: the lists above a page that is opened still decide, and a
//! space that is given has all pages that are not restricted. Who is in which group is taken as it is
//! now, on both sides: groups are filled and emptied every day, and a plan that names a group means its members.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::{Guards, Known, Live, LiveSpace, SpaceKey};

use super::Planned;
use super::change::Change;
use super::check::open_in;
use super::document::{Danger, Object, Plan, Surroundings};

/// The first thing in each space that would be given and that the plan did not say. `left` is what is left of it.
pub fn beyond_stated(
    plan: &Plan,
    left: &Planned,
    live: &Live,
    guards: &Guards,
) -> BTreeMap<SpaceKey, Danger> {
    let changed: BTreeSet<&SpaceKey> = left.plan.changes.iter().map(Change::space).collect();
    let danger = |key: &&SpaceKey| {
        let stated = plan.surroundings.get(*key)?;
        let (now, after) = live.spaces.get(*key).zip(left.after.spaces.get(*key))?;
        let danger = open_in([now, after, &as_stated(plan, stated, now)], live, guards)?;
        Some(((*key).clone(), danger))
    };
    changed.into_iter().collect::<Vec<_>>().par_iter().filter_map(danger).collect()
}

/// A space as the plan said that it leaves it; what the plan could not know, such as pages that were created since, is as
/// it is now.
fn as_stated(plan: &Plan, surroundings: &Surroundings, now: &LiveSpace) -> LiveSpace {
    let mut stated = now.clone();
    let mut lists = surroundings.lists.clone();
    let states = surroundings.holdings.iter();
    let mut holdings: BTreeMap<_, _> = states.map(|(who, state)| (who, state.to_live())).collect();
    for object in &plan.objects {
        match object {
            Object::Holding { space, principal, after, .. } if *space == now.space.key => {
                holdings.insert(principal, after.to_live());
            }
            Object::Page { space, content, after, .. } if *space == now.space.key => {
                lists.insert(*content, after.clone());
            }
            Object::Holding { .. } | Object::Page { .. } => {}
        }
    }
    stated.holdings =
        holdings.into_iter().filter_map(|(who, holding)| Some((who.clone(), holding?))).collect();
    stated.expanded.retain(|who, _| stated.holdings.get(who) == now.holdings.get(who));
    if let Some(tree) = &mut stated.tree {
        for (content, lists) in lists {
            tree.set_restrictions(content, Known::Known(lists));
        }
    }
    stated
}
