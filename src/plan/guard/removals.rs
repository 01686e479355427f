//! How much is taken away: `max-removals`.

use crate::model::{Audience, Desired, Guard, Holding, Live, LiveSpace, MaxRemovals, Principal};

use super::{Breach, GuardLimit, GuardOutcome, Removals};
use crate::plan::target::Target;

pub(super) fn max_removals(desired: &Desired, removals: Removals) -> GuardOutcome {
    let guard = &desired.guards.max_removals;
    let Removals { removed, managed } = removals;
    let (applies, too_many) = match guard.limit {
        MaxRemovals::Count(most) => (removed > 0, usize::try_from(most).is_ok_and(|most| removed > most)),
        MaxRemovals::Percent(share) => {
            let counts = removed > 0 && managed >= MaxRemovals::SHARE_FROM;
            (counts, counts && removed.saturating_mul(100) > managed.saturating_mul(usize::from(share)))
        }
    };
    let breaches = if too_many { vec![Breach::TooManyRemovals { limit: guard.limit }] } else { Vec::new() };
    GuardOutcome {
        limit: Some(GuardLimit::Removals(guard.limit)),
        origins: guard.origin.iter().cloned().collect(),
        ..GuardOutcome::new(Guard::MaxRemovals, applies, breaches)
    }
}

/// What is taken away of what the plan decides about, and how much that is.
pub(super) fn count(target: &Target, before: &Live, after: &Live) -> Removals {
    let mut removals = Removals::default();
    for (key, target) in &target.spaces {
        let (Some(was), Some(is)) = (before.spaces.get(key), after.spaces.get(key)) else { continue };
        for principal in target.holdings.keys() {
            let (removed, managed) = lost(principal, was, is, before);
            removals.add(removed, managed);
        }
        for (&content, page) in &target.pages {
            let lists = was.tree.as_ref().and_then(|tree| tree.get(content)?.restrictions.as_ref().known());
            let Some(lists) = lists else { continue };
            for verb in page.reasons.keys() {
                let (now, then) = (lists.audience(*verb), page.restrictions.audience(*verb));
                let taken_off = match then {
                    Audience::Anyone => 0,
                    Audience::Only(stay) => now.subjects().filter(|who| !stay.contains(who)).count(),
                };
                removals.add(taken_off, now.subjects().count());
            }
        }
    }
    removals
}

impl Removals {
    const fn add(&mut self, removed: usize, managed: usize) {
        self.removed += removed;
        self.managed += managed;
    }
}

/// How many grants a principal loses, and how many it had. What a role may have given counts as lost where it
/// is not surely given afterwards.
fn lost(who: &Principal, was: &LiveSpace, is: &LiveSpace, live: &Live) -> (usize, usize) {
    let Some(before) = was.holdings.get(who) else { return (0, 0) };
    let kept = is.surely_gives(who, &live.roles);
    match before {
        Holding::Grants(grants) => {
            (grants.keys().filter(|given| !kept.contains(given)).count(), grants.len())
        }
        Holding::Role(_) => {
            let stays = is.holdings.get(who) == Some(before);
            (usize::from(!stays && !was.may_give(who, &live.roles).is_subset(&kept)), 1)
        }
    }
}
