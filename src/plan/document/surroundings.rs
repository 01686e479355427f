//! What decides, beside the changes of a plan, who gains something by them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Audience, ContentId, Holding, Known, Live, LiveSpace, Principal, Restrictions, Role, RoleId, SpaceKey,
    Tree,
};
use crate::plan::change::{Change, ChangeAction};

use super::object::{HoldingState, Object, ObjectId};

/// The part of a space that a plan leaves as it is: a plan that is carried out later is held against it. Opening a page
/// lets in others once a list above it is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Surroundings {
    /// What principals hold that the plan does not touch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holdings: BTreeMap<Principal, HoldingState>,
    /// The lists of restricted content that the plan does not touch, as far as they could be read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<ContentId, Restrictions>,
    /// What the roles give that these principals hold, in the words of the site.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<RoleId, BTreeSet<String>>,
}

/// The surroundings of what a plan gives, in each space where it gives something.
pub(in crate::plan) fn surroundings(
    changes: &[Change],
    objects: &[Object],
    live: &Live,
) -> BTreeMap<SpaceKey, Surroundings> {
    let touched: BTreeSet<ObjectId> = objects.iter().map(ObjectId::of).collect();
    let spaces: BTreeSet<&SpaceKey> = changes.iter().filter(|it| gives(it)).map(Change::space).collect();
    let of =
        |key: &&SpaceKey| Some(((*key).clone(), Surroundings::of(live.spaces.get(*key)?, &touched, live)));
    spaces.par_iter().filter_map(of).collect()
}

fn gives(change: &Change) -> bool {
    match change {
        Change::Grant { verb, .. } => *verb == ChangeAction::Add,
        Change::Role { after, .. } => after.is_some(),
        Change::Audience { before, after, .. } => {
            *after == Audience::Anyone || after.subjects().any(|who| !before.subjects().any(|was| was == who))
        }
    }
}

impl Surroundings {
    /// All of a space but some objects.
    fn of(space: &LiveSpace, touched: &BTreeSet<ObjectId>, live: &Live) -> Self {
        let key = &space.space.key;
        let is_touched = |who: &Principal| {
            touched.contains(&ObjectId::Holding { space: key.clone(), principal: who.clone() })
        };
        let untouched = space.holdings.iter().filter(|(who, _)| !is_touched(who));
        let role = |held: &Holding| match held {
            Holding::Role(role) => live.roles.get(role),
            Holding::Grants(_) => None,
        };
        let roles = untouched.clone().filter_map(|(_, held)| role(held));
        let roles = roles.map(|role: &Role| (role.id.clone(), role.names.clone())).collect();
        let holdings =
            untouched.map(|(who, held)| (who.clone(), HoldingState::of_live(Some(held)).without_rows()));
        let mut lists = BTreeMap::new();
        for content in space.tree.iter().flat_map(Tree::iter) {
            if let Known::Known(found) = &content.restrictions
                && *found != Restrictions::OPEN
                && !touched.contains(&ObjectId::Page { space: key.clone(), content: content.id })
            {
                lists.insert(content.id, found.clone());
            }
        }
        Self { holdings: holdings.collect(), lists, roles }
    }
}
