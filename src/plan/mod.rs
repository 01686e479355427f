//! What would change, by which calls, in which order.
//!
//! ```text
//! Desired + Live ──target──▶ Target ──diff──▶ changes ──lower──▶ calls ──schedule──▶ Plan
//!                              ▲                │
//!                              └────account─────┘ what the caller may not change leaves the target
//! ```
//!
//! [`plan`] is an ordinary function of values: no I/O, no clock, no randomness. What is not ours to
//! decide is copied into the target first ([`target`]), so that no later step can remove it; what the account that
//! runs this may not change leaves it ([`account`]), so that all later steps see the site as it will be.

mod account;
mod accounts;
mod actions;
mod administration;
mod archived;
mod assemble;
mod change;
mod check;
mod diff;
mod document;
mod draft;
mod effects;
mod enabling;
mod gains;
mod guard;
mod guests;
mod incomplete;
mod lints;
mod lower;
mod meaning;
mod mentioned;
mod needs;
mod numbered;
mod page_only;
mod paused;
mod resume;
mod rights;
mod schedule;
mod share;
mod stated;
mod target;
mod teams;

pub use change::{Change, ChangeAction, ChangeReason};
pub use check::{Broken, check};
pub use document::{
    CallId, Cost, Danger, Demand, Edge, EdgeReason, Endangered, FORMAT_VERSION, HoldingState, Lacks, LeftOut,
    MadeFrom, Meanwhile, MeanwhileReason, Moment, NeededBy, Object, ObjectId, Plan, PlanKind, PlanPage,
    PlanSite, PlanSpace, PlannedCall, Refusal, RefusalCode, Surroundings, schema,
};
pub use effects::{PlanEffect, PlanEffects};
pub use guard::{
    AdminStanding, Breach, GuardLimit, GuardOutcome, GuardVerdict, Pairs, PlanGuards, Removals, Taken,
};
pub use lints::PlanLint;
pub use needs::{needs, needs_to};
pub use page_only::{PageOnlyProblem, PlanPageOnly};
pub use schedule::{Gaps, OrderSearch, SearchLimits};
pub use stated::beyond_stated;
pub use target::{Aim, KeepReason, Target, TargetHolding, TargetPage, TargetSpace, Unmanaged};
pub use teams::{blocked_for_teams, team_of_space, without_skipped};

use crate::access::Engine;
use crate::model::{Declaration, Desired, Live, LiveSpace, PageList, Permission, Truth, Wanted};

/// A plan, and the site as it would be afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    pub plan: Plan,
    pub after: Live,
}

/// The site as it would be once the policy is carried out, without asking how.
pub fn planned_state(desired: &Desired, live: &Live) -> Live {
    let Aim { mut target, mut page_only, .. } = target::target(desired, live);
    share::leave_to_others(&mut target, &mut page_only, desired, live);
    let read_only = archived::left_out(&target, desired, live);
    account::leave_out(&mut target, &read_only);
    let left_out = account::left_out(&target, &diff::diff(&target, live), live);
    account::leave_out(&mut target, &left_out);
    target.applied_to(live)
}

/// What a policy asks for that is not so yet.
pub fn differences(desired: &Desired, live: &Live) -> Vec<Change> {
    diff::diff(&target::target(desired, live).target, live)
}

/// What should change on archived pages and stays as it is, since the site does not let it be changed.
pub fn kept_archived(desired: &Desired, live: &Live) -> Vec<LeftOut> {
    archived::left_out(&target::target(desired, live).target, desired, live)
}

/// Whether the account that runs this administers a space, by the rows and roles that were read.
pub fn administers(space: &LiveSpace, live: &Live) -> Truth {
    rights::Rights::of(space, live).has(&[Permission::AdministerSpace])
}

/// What a policy asks for, with the lists that its `page-only` entries come to on this site as if entries of
/// `pages` asked for them. To tell which line is behind what, not to plan with.
#[must_use]
pub fn with_lists_for_guests(desired: &Desired, live: &Live) -> Desired {
    let mut told = desired.clone();
    for (key, compiled) in target::target(desired, live).page_only {
        let Some(space) = told.spaces.get_mut(&key) else { continue };
        for ((content, list), (what, origin)) in compiled.wanted {
            let page = space.pages.entry(content).or_default();
            let wanted = match list {
                PageList::View => &mut page.view,
                PageList::Edit => &mut page.edit,
            };
            wanted.get_or_insert(Wanted::new(what, Declaration::at(origin)));
        }
    }
    told
}

/// A plan that its own [`check`] rejects: an error of this program. It is here for the names that the report needs,
/// and is neither shown nor carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the calls for {} may come in an order that is not safe", broken.space)]
pub struct Rejected {
    pub plan: Box<Plan>,
    pub broken: Broken,
}

/// Where a policy leads.
pub fn aim(desired: &Desired, live: &Live) -> Aim {
    let mut aim = target::target(desired, live);
    aim.unmanaged.extend(paused::paused(desired, live));
    let others = share::leave_to_others(&mut aim.target, &mut aim.page_only, desired, live);
    aim.unmanaged.extend(others);
    aim
}

/// Compares what is with what a policy asks for.
///
/// # Errors
///
/// The plan does not keep its promise.
pub fn plan(desired: &Desired, live: &Live, search: impl Into<OrderSearch>) -> Result<Planned, Rejected> {
    plan_to(aim(desired, live), desired, live, search)
}

/// Compares what is with what should be. `desired` has the guards, and the words for people and places.
///
/// # Errors
///
/// The plan does not keep its promise.
pub fn plan_to(
    aim: Aim,
    desired: &Desired,
    live: &Live,
    search: impl Into<OrderSearch>,
) -> Result<Planned, Rejected> {
    let search = search.into();
    let Aim { target: mut whole, withheld, unmanaged, stays, mut page_only, skipped } = aim;
    // Nothing waits for what the site never lets happen; it is listed.
    let read_only = archived::left_out(&whole, desired, live);
    account::leave_out(&mut whole, &read_only);
    archived::count_out(&mut page_only, &read_only);
    let asked = diff::diff(&whole, live);
    let (mut left_out, possible) = target::leave_withheld(&withheld, &asked);
    left_out.extend(account::left_out(&whole, &possible, live));
    let rest = (!left_out.is_empty()).then(|| {
        let mut target = whole.clone();
        account::leave_out(&mut target, &left_out);
        let changes = diff::diff(&target, live);
        (target, changes)
    });
    let (target, changes) = rest.as_ref().map_or((&whole, &asked), |(target, changes)| (target, changes));
    let mut drafts = lower::lower(target, changes, desired, live);
    resume::resumable(&mut drafts, &page_only, live);
    let lower_bound = drafts.iter().filter(|draft| !draft.conditional).count();
    let after = target.applied_to(live);
    let whole = account::WholeTarget { target: &whole, changes: &asked, page_only: &page_only };
    let mut dependents = account::refusals(whole, &left_out, desired, live, &after);
    dependents.extend(gains::refusals(&stays, changes, live, &after, &desired.guards));
    // None of these looks at what another finds.
    let order = || schedule::schedule(drafts, live, &after, &desired.guards, search);
    let lints = |listed: &Engine<'_>| {
        let mut lints = lints::lints(desired, listed);
        let of_guests = guests::lints(desired, live, &after, &page_only);
        lints.extend(of_guests.into_iter().filter(|lint| !archived::stays(lint, &read_only)));
        lints.sort();
        lints
    };
    let (schedule, (effects, (lints, guards))) = rayon::join(order, || {
        rayon::join(
            || effects::effects(live, &after, changes),
            || {
                let listed = Engine::of_what_is_listed(&after);
                rayon::join(|| lints(&listed), || guard::guards(desired, live, &listed, changes))
            },
        )
    });
    // Refusals point to the first of these.
    left_out.extend(read_only);
    let findings = assemble::Findings {
        target,
        unmanaged,
        page_only,
        changes: changes.clone(),
        left_out,
        skipped,
        dependents,
        lower_bound,
        schedule,
        effects,
        lints,
        guards,
    };
    let plan = assemble::assemble(desired, live, &after, findings);
    match check(&plan, live, &after, &desired.guards) {
        Ok(()) => Ok(Planned { plan, after }),
        Err(broken) => Err(Rejected { plan: Box::new(plan), broken }),
    }
}
