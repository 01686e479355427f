//! What became of a plan, as text.

use std::fmt::Write as _;

use crate::apply::{ApplyOutcome, CallFailure, ConcurrentChange, Mismatch, Status, Unverified};
use crate::model::{Call, Permission, Principal, RoleId, SpaceKey};
use crate::plan::{Change, ChangeAction, ChangeReason, HoldingState, Object, Plan, PlannedCall};

use super::access_words::ShownNames as _;
use super::call::{audience_words, call_words};
use super::review::Basis;
use super::style::{ADD, FAINT, REMOVE, count, list, paint};
use super::text::{Uncovered, exceptions, uncovered};

/// What became of a plan of the policy.
pub fn outcome_as_text(plan: &Plan, outcome: &ApplyOutcome) -> String {
    outcome_as_text_for(plan, outcome, Basis::Policy)
}

/// Calls that did not go as planned, one by one, the others as a number; what others changed in the meantime;
/// and what was found when everything was read again.
pub fn outcome_as_text_for(plan: &Plan, outcome: &ApplyOutcome, basis: Basis) -> String {
    let mut text = String::new();
    for problem in problems(plan, outcome) {
        let _ = writeln!(text, "{}", problem.text);
    }
    text + &outcome_as_summary(plan, outcome, basis)
}

/// Something that keeps an outcome from being complete.
pub(super) struct Problem<'p> {
    /// The call that it is about, where it is about one.
    pub(super) call: Option<&'p PlannedCall>,
    pub(super) text: String,
}

/// What did not go as planned, call by call, and then what was found afterwards.
pub(super) fn problems<'p>(plan: &'p Plan, outcome: &ApplyOutcome) -> Vec<Problem<'p>> {
    let mut problems = Vec::new();
    let mut left = 0;
    for result in &outcome.results {
        let Some(planned) = plan.calls.get(result.call.position()) else { continue };
        let mut add = |text| problems.push(Problem { call: Some(planned), text });
        match &result.status {
            Status::Done | Status::AlreadySo | Status::NotNeeded => {}
            Status::Skipped { changes, .. } => {
                for change in changes {
                    add(format!("{} {}", paint(REMOVE, "skipped"), change_words(plan, change)));
                }
            }
            Status::Failed(failure) => {
                add(call_problem(plan, planned, "failed", &failure_words(plan, planned, failure)));
            }
            Status::NotTried { because } => {
                add(call_problem(plan, planned, "not tried", &format!("it depends on {because}")));
            }
            Status::Stopped => left += 1,
        }
    }
    let mut add = |text| problems.push(Problem { call: None, text });
    if left > 0 {
        add(format!("Stopped before {}.", count(left, "call", "calls")));
    }
    for mismatch in &outcome.verification.wrong {
        add(format!("{} {}", paint(REMOVE, "not as planned:"), mismatch_words(plan, mismatch)));
    }
    for unlisted in &outcome.verification.unlisted {
        add(format!(
            "{} {}  the site accepted {} for {} but does not list it",
            paint(REMOVE, "unverified:"),
            unlisted.space,
            unlisted.permission,
            plan.name(&unlisted.principal),
        ));
    }
    // An object of which a line above says why is not named twice.
    for unverified in outcome.unverified.iter().filter(|unverified| !is_explained(outcome, unverified)) {
        add(format!("{} {}", paint(REMOVE, "unverified:"), unverified_words(plan, unverified)));
    }
    problems
}

fn is_explained(outcome: &ApplyOutcome, unverified: &Unverified) -> bool {
    match &unverified.object {
        Object::Holding { space, principal, .. } => {
            let verification = &outcome.verification;
            let is_here = |at: &SpaceKey, who: &Principal| at == space && who == principal;
            verification.unlisted.iter().any(|unlisted| is_here(&unlisted.space, &unlisted.principal))
                || verification.wrong.iter().any(
                    |mismatch| matches!(mismatch, Mismatch::HiddenSpace { space, principal } if is_here(space, principal)),
                )
        }
        Object::Page { content, .. } => outcome.verification.wrong.iter().any(
            |mismatch| matches!(mismatch, Mismatch::Hidden { content: hidden, .. } if hidden == content),
        ),
    }
}

/// How many calls were made, what was verified, and whether that is all.
pub fn outcome_as_summary(plan: &Plan, outcome: &ApplyOutcome, basis: Basis) -> String {
    let number =
        |counts: fn(&Status) -> bool| outcome.results.iter().filter(|result| counts(&result.status)).count();
    // What is skipped in part is made for the rest.
    let done = number(|status| matches!(status, Status::Done | Status::Skipped { partly: true, .. }));
    let already = number(|status| matches!(status, Status::AlreadySo | Status::NotNeeded));
    let mut text = String::new();
    let mut parts = vec![format!("{} made", count(done, "call", "calls"))];
    if already > 0 {
        parts.push(format!("{already} not needed any more"));
    }
    if outcome.verification.repairs > 0 {
        let repairs = count(outcome.verification.repairs, "more call", "more calls");
        parts.push(format!("{repairs} to put right what Confluence did by itself"));
    }
    let verified = count(outcome.verification.right, "object was", "objects were");
    let _ = writeln!(text, "{}. {verified} read again and found as planned.", list(&parts));
    if outcome.is_complete() {
        let _ = match uncovered(plan, basis) {
            None => {
                let whole = match basis {
                    Basis::Policy => "The site is as the policy says",
                    Basis::SavedPlan | Basis::SavedPlanInPart => "The site is as the plan says",
                    Basis::Undo { in_part: true, .. } => "Part of the run is taken back",
                    Basis::Undo { in_part: false, .. } => "The run is taken back",
                };
                writeln!(text, "{}", paint(ADD, &format!("{whole}{}.", exceptions(plan, basis))))
            }
            Some(Uncovered { covered, rest }) => {
                let is_so = match basis {
                    Basis::Policy => "as the policy says",
                    Basis::SavedPlan | Basis::SavedPlanInPart => "as the plan says",
                    Basis::Undo { .. } => "taken back",
                };
                writeln!(text, "What {covered} is {is_so}{}; {rest}.", exceptions(plan, basis))
            }
        };
        return text;
    }
    if !outcome.unverified.is_empty() {
        let objects = count(outcome.unverified.len(), "object stays", "objects stay");
        let _ = writeln!(
            text,
            "{objects} on the list of what is not verified, which the next apply reads from the journal."
        );
    }
    let is_not_yet = match basis {
        Basis::Policy => "The site is not yet as the policy says",
        Basis::SavedPlan | Basis::SavedPlanInPart => "The site is not yet as the plan says",
        Basis::Undo { .. } => "The run is not taken back yet",
    };
    let _ = writeln!(text, "{is_not_yet}. Running the same command again goes on from here.");
    text
}

fn call_problem(plan: &Plan, planned: &PlannedCall, word: &str, what: &str) -> String {
    let words = call_words(plan, &planned.call);
    format!("{} {} {words}\n      {}", paint(REMOVE, word), planned.id, paint(FAINT, what))
}

/// Why a call failed, and what to do next.
pub(super) fn failure_words(plan: &Plan, planned: &PlannedCall, failure: &CallFailure) -> String {
    let came_with_roles = match &planned.call {
        Call::Grant { permission, .. } => {
            !plan.site.space_role_mode.has_roles() && !permission.is_documented()
        }
        Call::Revoke { .. } | Call::AssignRoles { .. } | Call::Restrict { .. } => false,
    };
    let is_archived = match &planned.call {
        Call::Restrict { content, .. } => plan.pages.get(content).is_some_and(|page| page.archived),
        Call::Grant { .. } | Call::Revoke { .. } | Call::AssignRoles { .. } => false,
    };
    let hint = if is_archived && failure.is_rejection() {
        Some(
            "if the site keeps restrictions of archived pages as they are, write `archived-pages: read-only` under \
             `site` in the policy, and plans name what stays open"
                .to_owned(),
        )
    } else if came_with_roles && failure.is_rejection() && takes_back(plan, planned) {
        Some(
            "this permission came with space roles, which this site does not have; the same command again goes on \
             without it"
                .to_owned(),
        )
    } else if came_with_roles && failure.is_rejection() {
        Some(
            "this permission came with space roles, which this site does not have; take it out of the policy, or, \
             where `replace` or `like` copies it, out of what is copied"
                .to_owned(),
        )
    } else {
        failure.hint()
    };
    hint.map_or_else(|| failure.to_string(), |hint| format!("{failure}; {hint}"))
}

/// Whether a call is one of an undo.
fn takes_back(plan: &Plan, planned: &PlannedCall) -> bool {
    let mut changes = planned.covers.iter().filter_map(|change| plan.changes.get(*change));
    changes.any(|change| matches!(change.reason(), ChangeReason::TakenBack { .. }))
}

/// One change, in a line of its own.
pub fn change_in_words(plan: &Plan, change: &Change) -> String {
    let role_words = |role: &Option<RoleId>| {
        role.clone().map_or(HoldingState::Nothing, |role| HoldingState::Role { role })
    };
    match change {
        Change::Grant { space, principal, permission, verb, .. } => {
            let becomes = match verb {
                ChangeAction::Add => "granted",
                ChangeAction::Remove => "taken away",
            };
            format!("{space}  {}: {permission} is {becomes}", plan.name(principal))
        }
        Change::Role { space, principal, before, after, .. } => format!(
            "{space}  {}: {} instead of {}",
            plan.name(principal),
            holding_words(plan, &role_words(after)),
            holding_words(plan, &role_words(before))
        ),
        Change::Audience { space, content, list, before, after, .. } => format!(
            "{space}  {}: the {} list is {} instead of {}",
            plan.page(*content),
            list.as_str(),
            audience_words(plan, after),
            audience_words(plan, before)
        ),
    }
}

/// What others changed of what a plan is about, a line for each; of a run that is taken back, what they changed since.
pub fn concurrent_changes<'c>(
    plan: &Plan,
    changes: impl IntoIterator<Item = &'c ConcurrentChange>,
    basis: Basis,
) -> Vec<String> {
    changes
        .into_iter()
        .map(|change| match basis {
            Basis::Policy | Basis::SavedPlan | Basis::SavedPlanInPart => change_words(plan, change),
            Basis::Undo { .. } => changed_since(plan, change),
        })
        .collect()
}

/// What others changed after a run: before the run, as it was to be after it, and now. A run that was cut short may have
/// brought it there in part.
fn changed_since(plan: &Plan, change: &ConcurrentChange) -> String {
    match change {
        ConcurrentChange::Holding { space, principal, before, now, intended } => format!(
            "{space}  {} was changed by others: it held {} before the run, which was to leave it with {}, and holds {} now; it stays as it is",
            plan.name(principal),
            holding_words(plan, before),
            holding_words(plan, intended),
            holding_words(plan, now)
        ),
        ConcurrentChange::List { space, content, list, before, now, intended } => format!(
            "{space}  {}: the {} list was changed by others: it was {} before the run, which was to make it {}, and is {} now; it stays as it is",
            plan.page(*content),
            list.as_str(),
            audience_words(plan, before),
            audience_words(plan, intended),
            audience_words(plan, now)
        ),
        ConcurrentChange::Moved { space, content } => format!(
            "{space}  {} was moved or archived since the run; there, its lists from before would let in more, so its lists stay as they are",
            plan.page(*content)
        ),
        ConcurrentChange::Unlabelled { .. } | ConcurrentChange::Hidden { .. } => change_words(plan, change),
    }
}

/// What others changed: before, now, and what the plan intended.
pub(crate) fn change_words(plan: &Plan, change: &ConcurrentChange) -> String {
    match change {
        ConcurrentChange::Holding { space, principal, before, now, intended } => format!(
            "{space}  {} was changed by others: it held {} when the plan was made and holds {} now; intended was {}",
            plan.name(principal),
            holding_words(plan, before),
            holding_words(plan, now),
            holding_words(plan, intended)
        ),
        ConcurrentChange::List { space, content, list, before, now, intended } => format!(
            "{space}  {}: the {} list was changed by others: it was {} when the plan was made and is {} now; intended was {}",
            plan.page(*content),
            list.as_str(),
            audience_words(plan, before),
            audience_words(plan, now),
            audience_words(plan, intended)
        ),
        ConcurrentChange::Unlabelled { space, content, label } => format!(
            "{space}  {}: it does not show the label `{label}` any more, by which the policy means it; it was left as it is",
            plan.page(*content)
        ),
        ConcurrentChange::Moved { space, content } => format!(
            "{space}  {} was moved, archived or deleted by others after it was read, so its lists stay as they are",
            plan.page(*content)
        ),
        ConcurrentChange::Hidden { space, content } => format!(
            "{space}  {} cannot be seen any more, so its lists were left as they are",
            plan.page(*content)
        ),
    }
}

fn holding_words(plan: &Plan, state: &HoldingState) -> String {
    match state {
        HoldingState::Nothing => "nothing".to_owned(),
        HoldingState::Role { role } => {
            format!("the role {}", plan.role(role))
        }
        HoldingState::Grants { permissions, .. } => permission_words(permissions),
    }
}

fn permission_words<'p>(permissions: impl IntoIterator<Item = &'p Permission>) -> String {
    list(&permissions.into_iter().map(ToString::to_string).collect::<Vec<_>>())
}

pub(super) fn unverified_words(plan: &Plan, unverified: &Unverified) -> String {
    match &unverified.object {
        Object::Holding { space, principal, .. } => {
            let elsewhere = if plan.spaces.contains_key(space) {
                ""
            } else {
                ", written by an earlier run; this run does not cover the space"
            };
            format!("{space}  the permissions of {}{elsewhere}", plan.name(principal))
        }
        Object::Page { space, content, .. } => format!("{space}  the lists of {}", plan.page(*content)),
    }
}

pub(super) fn mismatch_words(plan: &Plan, mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Holding { space, principal, missing, unasked } => {
            let mut parts = Vec::new();
            if !missing.is_empty() {
                parts.push(format!("lacks {}", permission_words(missing)));
            }
            if !unasked.is_empty() {
                parts.push(format!("also has {}", permission_words(unasked)));
            }
            let had_role = |object: &Object| match object {
                Object::Holding { space: of, principal: who, before: HoldingState::Role { .. }, .. } => {
                    of == space && who == principal
                }
                Object::Holding { .. } | Object::Page { .. } => false,
            };
            let or_hidden = if plan.objects.iter().any(had_role) { " or its role had hidden" } else { "" };
            format!("{space}  {} {}, which others changed{or_hidden}", plan.name(principal), list(&parts))
        }
        Mismatch::TakenAlong { space, principal, permissions } => format!(
            "{space}  {} lost {}, which others gave beside its role while this run took away its single permissions \
             from before the role; give it again if it is to stay",
            plan.name(principal),
            permission_words(permissions)
        ),
        Mismatch::Role { space, principal } => {
            format!("{space}  {} has another role than planned", plan.name(principal))
        }
        Mismatch::Page { space, content } => {
            format!("{space}  the lists of {} differ from what was written", plan.page(*content))
        }
        Mismatch::Hidden { space, content } => {
            let page = plan.page(*content);
            format!(
                "{space}  {page} is no longer visible, so that its lists could not be checked: let this account see it, or, if it was deleted for good, add `--forget id:{content}`"
            )
        }
        Mismatch::HiddenSpace { space, principal } => {
            format!(
                "{space}  the space is no longer visible, so that the permissions of {} could not be checked: let this account see it, or, if it was deleted for good, add `--forget {space}`",
                plan.name(principal)
            )
        }
        Mismatch::Deleted { space, content } => {
            let page = plan.page(*content);
            format!(
                "{space}  {page} was deleted, so that its lists could not be checked; if it is restored, look at them"
            )
        }
        Mismatch::Unread { space, why } => format!("{space}  could not be read again: {why}"),
    }
}
