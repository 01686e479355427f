//! What planning must know of the site beyond what the policy speaks of.
//!
//! The order of the calls must be safe for every person that a change can touch, on every page, and the plan says
//! who gains and who loses. So where something would change, the whole space is needed, and the people behind
//! everyone who appears in it before or after.
//!
//! The pages of an additive space are not needed in a plan that takes nothing away anywhere, unless the policy
//! speaks of them. The promise does not depend on them: no list changes, so access to a page follows from the
//! permissions in the space, and calls that only grant can cause neither a leak nor a gap in any order. Guards do
//! not count them either, since only removals are compared with the entries of lists. All that is missing is the
//! number of pages to which access is gained, and the effects say so.

use std::collections::BTreeSet;

use super::change::{Change, ChangeAction};
use super::diff;
use super::share;
use super::target::{self, Target, TargetHolding, TargetSpace};
use crate::model::{Desired, Live, Mode, Principal, SpaceKey, Strength};
use crate::observe::{NeededPeople, Needs};

/// What must be known before [`super::plan`] can be made of what a policy asks for. Where nothing would change, only
/// whether what is declared of `anonymous` shows.
pub fn needs(desired: &Desired, live: &Live) -> Needs {
    let mut aim = target::target(desired, live);
    share::leave_to_others(&mut aim.target, &mut aim.page_only, desired, live);
    needs_to(&aim.target, desired, live)
}

/// The same for a given target.
pub fn needs_to(target: &Target, desired: &Desired, live: &Live) -> Needs {
    let changes = diff::diff(target, live);
    let mut needs = Needs { anonymous: about_anonymous(desired), ..Needs::default() };
    if changes.is_empty() {
        return needs;
    }
    let adds_only = changes.iter().all(only_adds);
    let is_additive = |key: &SpaceKey| {
        desired.spaces.get(key).is_some_and(|desired_space| desired_space.mode == Mode::Additive)
    };
    let has_tree = |key: &SpaceKey| live.spaces.get(key).is_some_and(|space| space.tree.is_some());
    let changed: BTreeSet<&SpaceKey> = changes.iter().map(Change::space).collect();
    let mut people = NeededPeople::default();
    for key in changed {
        if !(adds_only && is_additive(key)) || has_tree(key) {
            needs.content(key).everything();
        }
        live.spaces.get(key).into_iter().for_each(|space| people.in_space(space));
        target.spaces.get(key).into_iter().for_each(|space| afterwards(space, &mut people));
    }
    desired.guards.required_admins.keys().for_each(|admin| people.principal(admin));
    needs.people = Some(people);
    needs
}

/// The spaces in which the policy decides what `anonymous` holds.
fn about_anonymous(desired: &Desired) -> BTreeSet<SpaceKey> {
    let decides =
        desired.spaces.iter().filter(|(_, desired_space)| desired_space.decides_about(&Principal::Anonymous));
    decides.map(|(key, _)| key.clone()).collect()
}

/// Whether a change takes nothing from anyone. A role may give less than another, and than the rows that it replaces,
/// which are changes of their own.
const fn only_adds(change: &Change) -> bool {
    match change {
        Change::Grant { verb: ChangeAction::Add, .. } | Change::Role { before: None, after: Some(_), .. } => {
            true
        }
        Change::Grant { verb: ChangeAction::Remove, .. } | Change::Role { .. } | Change::Audience { .. } => {
            false
        }
    }
}

/// Adds everyone who is to hold something, or to be on a list.
fn afterwards(space: &TargetSpace, people: &mut NeededPeople) {
    for (principal, holding) in &space.holdings {
        match holding {
            // A tolerated permission is held already, so its holders are known.
            TargetHolding::Nothing(_) => {}
            TargetHolding::Grants(_) if holding.singles(Strength::Required).next().is_none() => {}
            TargetHolding::Grants(_) | TargetHolding::Role(..) => people.principal(principal),
        }
    }
    for page in space.pages.values() {
        let lists = &page.restrictions;
        lists.view.subjects().chain(lists.edit.subjects()).for_each(|subject| people.subject(subject));
    }
}
