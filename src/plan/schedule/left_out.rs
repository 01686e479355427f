//! Whether the rest of a plan may be carried out without the calls that are left out of it.
//!
//! The order of a plan knows which states must not occur. A rest of a plan ends in one of its states, that with
//! all its calls done and those that are left out pending; so it may be carried out where that state is none of
//! them.

use std::collections::BTreeSet;

use crate::model::{Guards, Live, SpaceKey};

use super::super::check::stray;
use super::super::document::{Danger, EdgeReason, Moment};
use super::super::draft::Draft;
use super::conflict::Conflict;
use super::demands::{all_conflicts, demands};
use super::limits::SearchLimits;
use super::packing::node;
use super::space::{Node, SiteContext, Space, by_space};

/// Something that must not be done without what is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) struct NeedsLeftOut {
    pub(in crate::plan) space: SpaceKey,
    /// What is left out and needed, by the numbers of changes.
    pub(in crate::plan) changes: BTreeSet<usize>,
    pub(in crate::plan) reason: EdgeReason,
    pub(in crate::plan) danger: Option<Danger>,
}

/// The first such thing in each space. `drafts` are all calls and `intended` is the state that they lead to;
/// `left_out` has the numbers of the changes that are not made, and `reached` is the state without them.
pub(in crate::plan) fn needs_left_out(
    drafts: Vec<Draft>,
    left_out: &BTreeSet<usize>,
    live: &Live,
    intended: &Live,
    reached: &Live,
    guards: &Guards,
) -> Vec<NeedsLeftOut> {
    let context = SiteContext::of(live, intended, guards, SearchLimits::default());
    let mut found = Vec::new();
    for (key, drafts) in &by_space(drafts) {
        let Some(space) = context.space(key, drafts) else { continue };
        let done: Vec<Done> = (0..drafts.len()).map(|number| Done::of(number, drafts, left_out)).collect();
        if done.iter().all(|done| *done == Done::No) {
            continue;
        }
        let of = |drafts: &[Draft]| -> BTreeSet<usize> {
            let covered = drafts.iter().flat_map(|draft| &draft.covers);
            covered.filter(|change| left_out.contains(change)).copied().collect()
        };
        match forbidden(&space, &done) {
            Ok(None) => {}
            Ok(Some(conflict)) => found.push(NeedsLeftOut {
                space: key.clone(),
                changes: conflict.pending.iter().flat_map(|first| of(&drafts[*first..=*first])).collect(),
                reason: conflict.reason,
                danger: conflict.witness,
            }),
            Err(TooMany) => {
                let reached = reached.space(key);
                let stray = reached
                    .and_then(|reached| stray([space.before, reached, space.after], None, live, guards));
                found.extend(stray.map(|danger| {
                    let reason = match danger.moment {
                        Moment::LetIn => EdgeReason::Leak,
                        Moment::ShutOut => EdgeReason::Gap,
                    };
                    NeedsLeftOut { space: key.clone(), changes: of(drafts), reason, danger: Some(danger) }
                }));
            }
        }
    }
    found
}

/// Whether the rest of a plan makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    No,
    /// Some of what it writes.
    InPart,
    Yes,
}

impl Done {
    fn of(number: usize, drafts: &[Draft], left_out: &BTreeSet<usize>) -> Self {
        let draft = &drafts[number];
        if let Some(producer) = draft.undoes {
            return Self::of(producer, drafts, left_out);
        }
        let pending = draft.covers.iter().filter(|change| left_out.contains(change)).count();
        match pending {
            0 => Self::Yes,
            all if all == draft.covers.len() => Self::No,
            _ => Self::InPart,
        }
    }
}

/// Why the state must not occur in which these calls are done and the others are not. `Err` where there are too
/// many people and pages to know all such states.
fn forbidden(space: &Space<'_>, done: &[Done]) -> Result<Option<Conflict>, TooMany> {
    let nodes: Vec<Node> = (0..space.drafts.len()).map(|draft| node(space, draft)).collect();
    let (conflicts, is_all) = match all_conflicts(space, &nodes) {
        Some(found) => (found.all, true),
        None => (demands(space, &nodes), false),
    };
    let broken = conflicts.into_iter().find(|conflict| {
        !conflict.pending.is_empty()
            && !conflict.done.is_empty()
            && conflict.pending.iter().all(|first| done[*first] != Done::Yes)
            && conflict.done.iter().all(|last| done[*last] != Done::No)
    });
    if broken.is_none() && !is_all { Err(TooMany) } else { Ok(broken) }
}

struct TooMany;
