//! Whether a plan opens something to those who stay against the policy: see [`Stays`].
//!
//! The policy gives them no access, and what they have is left to them only because the site does not say whose account
//! it is, or does not let it be changed. Were the plan carried out, they could do what they can neither do now nor
//! were meant to, for good. So such a space is refused, with what would decide the matter.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::model::{Guards, Live, Principal, SpaceKey};

use super::change::Change;
use super::check::gained;
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
        let danger = gained(before, reached, &meant, &staying, live, guards)?;
        let who: BTreeSet<Principal> = danger.people.intersection(&staying).cloned().collect();
        let reason = who.first().and_then(|who| reasons.get(who)).copied()?;
        Some(Refusal::OpensToUndecided { space: (*key).clone(), who, reason, danger })
    };
    touched.par_iter().filter_map(refusal).collect()
}
