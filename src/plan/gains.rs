//! Refuses plans that would give new access to principals that are against the policy and cannot be removed: see
//! [`Stays`].
//!
//! The policy grants them nothing. They keep what they have only because the site does not say whose account it is,
//! or does not allow the change. If the plan would permanently let them do something that they cannot do now and are
//! not meant to do, the space is refused, and the message says what would settle the question.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::model::{Guards, Live, Principal, SpaceKey};

use super::change::Change;
use super::check::stray;
use super::document::Refusal;
use super::target::Stays;

/// Why the spaces are refused in which those who stay would gain something; `after` is the site as the plan leaves it.
pub(super) fn refusals(
    stays: &Stays,
    changes: &[Change],
    live: &Live,
    after: &Live,
    guards: &Guards,
) -> Vec<Refusal> {
    let changed: BTreeSet<&SpaceKey> = changes.iter().map(Change::space).collect();
    let touched: Vec<&SpaceKey> = stays.spaces().filter(|key| changed.contains(key)).collect();
    let refusal = |key: &&SpaceKey| {
        let (before, reached) = live.spaces.get(key).zip(after.spaces.get(key))?;
        let reasons = stays.of(key);
        let staying: BTreeSet<Principal> = reasons.keys().cloned().collect();
        let meant = stays.taken_out_of(reached, live.vocabulary());
        let danger = stray([before, reached, &meant], Some(&staying), live, guards)?;
        let who: BTreeSet<Principal> = danger.people.intersection(&staying).cloned().collect();
        let reason = who.first().and_then(|who| reasons.get(who)).copied()?;
        Some(Refusal::OpensToUndecided { space: (*key).clone(), who, reason, danger })
    };
    touched.par_iter().filter_map(refusal).collect()
}
