//! How much is taken away: `max-removals`.
//!
//! Counts pairs, not rows: a principal that can do less in a space afterwards, whatever it was, and a subject that
//! is taken off a list of a page. No pair is lost where everyone that the principal stands for keeps the access by
//! another route, where a line of the policy asks for the removal by name, or where the principal is an app or
//! cannot sign in. Closing an open page takes no subject off a list.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Engine, Holders};
use crate::model::{
    AccountKind, AccountStatus, Audience, Desired, DesiredSpace, Guard, Live, LiveSpace, MaxRemovals,
    Permission, Principal, SpaceKey, Subject, Tree,
};

use super::{Breach, GuardLimit, GuardOutcome, Pairs, Removals};
use crate::plan::change::{Change, ChangeAction, ChangeReason};

/// What one space loses.
struct Loss {
    removals: Removals,
    /// The principals that lose access, or are taken off a list.
    who: BTreeSet<Principal>,
}

/// What is taken away of the spaces that a plan touches, and whether that is too much.
pub(super) fn max_removals(
    desired: &Desired,
    before: &Live,
    after: &Engine<'_>,
    changes: &[Change],
) -> (GuardOutcome, Removals) {
    let losses = losses(desired, before, after, changes);
    let mut removals = Removals::default();
    for loss in losses.values() {
        removals.add(loss.removals);
    }
    let guard = &desired.guards.max_removals;
    let run = removals.worst(|pairs| is_too_much_for_a_run(pairs, guard.limit));
    let mut breaches: Vec<Breach> = run
        .into_iter()
        .map(|(what, pairs)| Breach::TooManyRemovals { what, pairs, limit: guard.limit })
        .collect();
    breaches.extend(losses.into_iter().filter_map(|(space, Loss { removals, who })| {
        let (what, pairs) = removals.worst(|pairs| is_too_much_for_a_space(pairs, guard.limit))?;
        Some(Breach::Stripped { space: space.clone(), what, pairs, who })
    }));
    let outcome = GuardOutcome {
        limit: Some(GuardLimit::Removals(guard.limit)),
        origins: guard.origin.iter().cloned().collect(),
        ..GuardOutcome::new(Guard::MaxRemovals, removals.both().removed > 0, breaches)
    };
    (outcome, removals)
}

fn is_too_much_for_a_run(pairs: Pairs, limit: MaxRemovals) -> bool {
    match limit {
        MaxRemovals::Count(most) => usize::try_from(most).is_ok_and(|most| pairs.removed > most),
        MaxRemovals::Percent(share) => pairs.removed >= MaxRemovals::FROM && pairs.is_more_than(share),
    }
}

/// A number is a limit for the run alone.
fn is_too_much_for_a_space(pairs: Pairs, limit: MaxRemovals) -> bool {
    let share = match limit {
        MaxRemovals::Count(_) => MaxRemovals::OF_A_SPACE,
        MaxRemovals::Percent(share) => share.max(MaxRemovals::OF_A_SPACE),
    };
    pairs.removed >= MaxRemovals::FROM_IN_A_SPACE && pairs.is_more_than(share)
}

fn losses<'c>(
    desired: &Desired,
    before: &Live,
    after: &Engine<'_>,
    changes: &'c [Change],
) -> BTreeMap<&'c SpaceKey, Loss> {
    let mut touched: BTreeMap<&SpaceKey, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        touched.entry(change.space()).or_default().push(change);
    }
    let loss = |(key, changes): (&'c SpaceKey, Vec<&Change>)| {
        let (was, is) = (before.spaces.get(key)?, after.live().spaces.get(key)?);
        Some((
            key,
            Counting { desired_space: desired.spaces.get(key)?, was, is, live: before, after }.loss(&changes),
        ))
    };
    touched.into_iter().filter_map(loss).collect()
}

/// Counts one space.
struct Counting<'a, 'e> {
    desired_space: &'a DesiredSpace,
    was: &'a LiveSpace,
    is: &'a LiveSpace,
    live: &'a Live,
    after: &'a Engine<'e>,
}

impl Counting<'_, '_> {
    fn loss(&self, changes: &[&Change]) -> Loss {
        let mut loss = Loss { removals: Removals::default(), who: BTreeSet::new() };
        loss.removals.access.of = self.was.holdings.keys().filter(|who| self.counts(who)).count();
        for who in self.losers(changes) {
            loss.removals.access.removed += 1;
            loss.who.insert(who.clone());
        }
        let lists = self
            .was
            .tree
            .iter()
            .flat_map(Tree::iter)
            .filter_map(|content| content.restrictions.as_ref().known());
        let entries = lists.flat_map(|lists| lists.view.subjects().chain(lists.edit.subjects()));
        loss.removals.entries.of = entries.filter(|subject| self.counts_on_list(subject)).count();
        for change in changes {
            let Change::Audience { before, after, .. } = change else { continue };
            for subject in self.taken_off(before, after) {
                loss.removals.entries.removed += 1;
                loss.who.insert(subject.clone().into());
            }
        }
        loss
    }

    /// The principals that can do less in the space afterwards.
    fn losers<'c>(&self, changes: &[&'c Change]) -> BTreeSet<&'c Principal> {
        let mut came_along: BTreeSet<(&Principal, Permission)> = BTreeSet::new();
        let mut changed: BTreeSet<&Principal> = BTreeSet::new();
        for change in changes {
            match change {
                Change::Grant { principal, permission, verb: ChangeAction::Remove, reason, .. } => {
                    if *reason == ChangeReason::CameAlong {
                        came_along.insert((principal, *permission));
                    }
                    changed.insert(principal);
                }
                Change::Role { principal, .. } => drop(changed.insert(principal)),
                Change::Grant { verb: ChangeAction::Add, .. } | Change::Audience { .. } => {}
            }
        }
        let mut holders: BTreeMap<Permission, Holders> = BTreeMap::new();
        changed.retain(|who| {
            self.counts(who)
                && !self.desired_space.requested.access.contains(who)
                && self.lost(who).into_iter().any(|permission| {
                    let holders =
                        holders.entry(permission).or_insert_with(|| self.after.holders(self.is, permission));
                    !came_along.contains(&(*who, permission)) && !self.after.covers(holders, who)
                })
        });
        changed
    }

    /// What a principal does not hold any more by itself. What a role may have given counts as lost where it is not
    /// surely given afterwards.
    fn lost(&self, who: &Principal) -> BTreeSet<Permission> {
        if self.was.holdings.get(who) == self.is.holdings.get(who) {
            return BTreeSet::new();
        }
        let kept = self.is.surely_gives(who, &self.live.roles);
        let had = self.was.may_give(who, &self.live.roles);
        had.difference(&kept).copied().collect()
    }

    /// The subjects that are taken off a list and not reached by what stays on it.
    fn taken_off<'c>(&self, before: &'c Audience, after: &Audience) -> Vec<&'c Subject> {
        let Audience::Only(stay) = after else { return Vec::new() };
        let gone = before.subjects().filter(|subject| {
            !stay.contains(subject)
                && self.counts_on_list(subject)
                && !self.desired_space.requested.from_list(subject)
        });
        let gone: Vec<&Subject> = gone.collect();
        if gone.is_empty() {
            return gone;
        }
        let holders = self.after.on_list(stay);
        let covered = |subject: &Subject| self.after.covers(&holders, &subject.clone().into());
        gone.into_iter().filter(|subject| !covered(subject)).collect()
    }

    /// Whether it matters to any person what a principal loses. Apps, and accounts that cannot sign in, do not count.
    fn counts(&self, who: &Principal) -> bool {
        let Principal::User(account) = who else { return true };
        self.live.directory.people.get(account).is_none_or(|person| {
            person.kind != AccountKind::App
                && !matches!(person.status, AccountStatus::Inactive | AccountStatus::Closed)
        })
    }

    fn counts_on_list(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Group(_) => true,
            Subject::User(_) => self.counts(&subject.clone().into()),
        }
    }
}
