//! What planning must know of the site beyond what the policy speaks of.
//!
//! The order of the calls must be safe for every person that a change can touch, on every page, and the plan says
//! who gains and who loses. So where something would change, the whole space is needed, and the people behind
//! everyone who appears in it before or after.

use std::collections::BTreeSet;

use super::diff;
use super::share;
use super::target::{self, Target, TargetHolding, TargetSpace};
use crate::model::{Desired, Live, Principal, SpaceKey};
use crate::observe::{Needs, People};

/// What must be known before [`super::plan`] can be made of what a policy asks for. Where nothing would change, only
/// whether what is declared of `anonymous` shows.
pub fn needs(desired: &Desired, live: &Live) -> Needs {
    let mut aim = target::target(desired, live);
    share::leave_to_others(&mut aim.target, &mut aim.page_only, desired, live);
    needs_to(&aim.target, desired, live)
}

/// The same for a given target.
pub fn needs_to(target: &Target, desired: &Desired, live: &Live) -> Needs {
    let changed = changed(target, live);
    let mut needs = Needs { anonymous: about_anonymous(desired), ..Needs::default() };
    if changed.is_empty() {
        return needs;
    }
    let mut people = People::default();
    for key in &changed {
        needs.content(key).everything();
        live.spaces.get(key).into_iter().for_each(|space| people.in_space(space));
        target.spaces.get(key).into_iter().for_each(|space| afterwards(space, &mut people));
    }
    desired.guards.required_admins.keys().for_each(|admin| people.principal(admin));
    needs.people = Some(people);
    needs
}

/// The spaces in which the policy decides what `anonymous` holds.
fn about_anonymous(desired: &Desired) -> BTreeSet<SpaceKey> {
    let decides = desired.spaces.iter().filter(|(_, wish)| wish.decides_about(&Principal::Anonymous));
    decides.map(|(key, _)| key.clone()).collect()
}

/// The spaces in which something would change.
fn changed(target: &Target, live: &Live) -> BTreeSet<SpaceKey> {
    diff::diff(target, live).iter().map(|change| change.space().clone()).collect()
}

/// Adds everyone who is to hold something, or to be on a list.
fn afterwards(space: &TargetSpace, people: &mut People) {
    for (principal, holding) in &space.holdings {
        match holding {
            // Those who hold what is merely tolerated hold it now.
            TargetHolding::Nothing(_) => {}
            TargetHolding::Grants { required, .. } if required.is_empty() => {}
            TargetHolding::Grants { .. } | TargetHolding::Role(..) => people.principal(principal),
        }
    }
    for page in space.pages.values() {
        let lists = &page.restrictions;
        lists.view.subjects().chain(lists.edit.subjects()).for_each(|subject| people.subject(subject));
    }
}
