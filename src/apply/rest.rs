//! What is left to be done of something that was planned before, and the plan of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Desired, Live, SpaceKey};
use crate::observe::Needs;
use crate::plan::{
    self, Aim, Gaps, Lacks, Object, ObjectId, Plan, PlanPage, Planned, Refusal, Rejected, Target,
};

use super::change::ConcurrentChange;

/// Where the objects of a plan are to be, and which of them others have changed.
#[derive(Debug, Default)]
pub struct Rest {
    /// Where the plan leads. What others changed is in it too, so that it shows what depends on that.
    pub target: Target,
    /// The objects that others changed.
    pub moved: BTreeMap<ObjectId, Vec<ConcurrentChange>>,
    /// Spaces that are gone or have other keys now, with the key of now where it is known. They are not in the target.
    pub gone: BTreeMap<SpaceKey, Option<SpaceKey>>,
}

impl Rest {
    /// The objects that the site does not have as the plan knows them.
    pub fn withheld(&self) -> BTreeSet<ObjectId> {
        self.moved.keys().cloned().collect()
    }

    /// Whether others changed anything.
    pub fn has_moved(&self) -> bool {
        !(self.moved.is_empty() && self.gone.is_empty())
    }

    /// Leaves everything in some spaces as it is.
    pub fn leave_spaces(&mut self, spaces: &BTreeSet<SpaceKey>) {
        for key in spaces {
            let Some(space) = self.target.spaces.get(key) else { continue };
            let holdings = space.holdings.keys().cloned();
            let holdings = holdings.map(|principal| ObjectId::Holding { space: key.clone(), principal });
            let pages = space.pages.keys().map(|&content| ObjectId::Page { space: key.clone(), content });
            for object in holdings.chain(pages) {
                self.moved.entry(object).or_default();
            }
        }
    }

    /// Plans towards it; `aim` has what else is known of the target. Where something in a space must not be done without
    /// what others changed there, all of the space stays as it is.
    pub fn plan(
        &mut self,
        aim: &Aim,
        gaps: Gaps,
        desired: &Desired,
        live: &Live,
    ) -> Result<Planned, Rejected> {
        loop {
            let aim = aim.clone().instead(self.target.clone()).without(self.withheld());
            let planned = plan::plan_to(aim, desired, live, gaps)?;
            let before = self.moved.len();
            self.leave_spaces(&spaces_that_depend(&planned.plan));
            if self.moved.len() == before {
                return Ok(planned);
            }
        }
    }
}

/// The spaces of which something must not be done without what others changed.
fn spaces_that_depend(plan: &Plan) -> BTreeSet<SpaceKey> {
    let has_moved =
        |place: &usize| plan.left_out.get(*place).is_some_and(|left| left.lacks == Lacks::ExpectedState);
    let spaces = plan.refusals.iter().filter_map(|refusal| match refusal {
        Refusal::NeedsLeftOut { space, left_out, .. } if left_out.iter().any(has_moved) => {
            Some(space.clone())
        }
        _ => None,
    });
    spaces.collect()
}

/// Asks for the spaces of a plan, and for the pages that it is about.
pub(super) fn add_objects(needs: &mut Needs, plan: &Plan, live: &Live) {
    let spaces = spaces(plan);
    needs.listing.keys.extend(spaces.iter().cloned());
    let asked = spaces.iter().filter(|key| live.listing.asked.contains(*key));
    let elsewhere = asked.filter(|key| key_of_now(plan, key, live) != Some(*key));
    needs.listing.ids.extend(elsewhere.filter_map(|key| Some(plan.spaces.get(key)?.id)));
    needs.spaces.extend(spaces.iter().filter(|key| live.listing.spaces.contains_key(*key)).cloned());
    for object in &plan.objects {
        if let Object::Page { space, content, .. } = object
            && live.spaces.contains_key(space)
        {
            let wanted = needs.content(space);
            wanted.blogposts = true;
            wanted.lists_of([*content]);
        }
    }
}

/// Leaves some spaces out of a plan, which stay as they are. Its changes are all still there, since its calls name them by
/// their place.
pub fn leave_out(plan: &mut Plan, spaces: &BTreeSet<SpaceKey>) {
    plan.objects.retain(|object| !spaces.contains(object.space()));
}

/// The spaces that a plan changes.
pub fn spaces(plan: &Plan) -> BTreeSet<SpaceKey> {
    plan.objects.iter().map(|object| object.space().clone()).collect()
}

/// Whether the site has a space of the plan, and under the same key.
pub(super) fn is_there(plan: &Plan, key: &SpaceKey, live: &Live) -> bool {
    let (then, now) = (plan.spaces.get(key), live.spaces.get(key));
    matches!((then, now), (Some(then), Some(now)) if then.id == now.space.id)
}

/// The key that a space of the plan has now, as far as the site was asked for it.
pub(super) fn key_of_now<'l>(plan: &Plan, key: &SpaceKey, live: &'l Live) -> Option<&'l SpaceKey> {
    let id = plan.spaces.get(key)?.id;
    live.listing.spaces.values().find(|space| space.id == id).map(|space| &space.key)
}

/// Whether a page stands elsewhere than where the plan saw it, or is archived since.
pub(super) fn displaced(plan: &Plan, id: &ObjectId, live: &Live) -> Option<ConcurrentChange> {
    let ObjectId::Page { space, content } = id else { return None };
    let PlanPage { above, archived, .. } = plan.pages.get(content)?;
    let tree = live.spaces.get(space)?.tree.as_ref()?;
    tree.get(*content)?;
    let stands = tree.above(*content);
    (stands != *above || tree.is_archived(*content) != *archived)
        .then(|| ConcurrentChange::Moved { space: space.clone(), content: *content })
}
