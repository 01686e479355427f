//! What became of a plan, as text.

use std::fmt::Write as _;

use crate::apply::{Mismatch, Outcome, Status};
use crate::plan::{Plan, PlannedCall};

use super::call::call_words;
use super::style::{ADD, FAINT, REMOVE, count, list, paint};
use super::text::unknown_words;

/// Calls that did not go as planned, one by one; the others as a number; and what was found when
/// everything was read again.
pub fn outcome_as_text(plan: &Plan, outcome: &Outcome) -> String {
    let mut text = String::new();
    let (mut done, mut already, mut left) = (0, 0, 0);
    for result in &outcome.results {
        let Some(planned) = plan.calls.get(result.call.position()) else { continue };
        match &result.status {
            Status::Done => done += 1,
            Status::AlreadySo | Status::NotNeeded => already += 1,
            Status::Failed(failure) => {
                problem(plan, planned, &format!("{failure}"), &mut text);
            }
            Status::NotTried { because } => {
                problem(plan, planned, &format!("not tried, because {because} failed"), &mut text);
            }
            Status::Stopped => left += 1,
        }
    }
    if left > 0 {
        let _ = writeln!(text, "Stopped before {}.", count(left, "call", "calls"));
    }
    for mismatch in &outcome.verification.wrong {
        let _ = writeln!(text, "{} {}", paint(REMOVE, "not as planned:"), mismatch_words(plan, mismatch));
    }
    for unlisted in &outcome.verification.unlisted {
        let _ = writeln!(
            text,
            "{}  the site says that {} has {}, but does not list it, so every plan will ask for it again",
            unlisted.space,
            plan.name(&unlisted.principal),
            unlisted.permission
        );
    }
    let mut parts = vec![format!("{} made", count(done, "call", "calls"))];
    if already > 0 {
        parts.push(format!("{already} not needed any more"));
    }
    if outcome.verification.repairs > 0 {
        parts.push(format!("{} to put right what Confluence did unasked", outcome.verification.repairs));
    }
    let verified = count(outcome.verification.right, "object was", "objects were");
    let _ = writeln!(text, "{}. {verified} read again and found as planned.", list(&parts));
    if outcome.is_complete() {
        let _ = match unknown_words(plan) {
            None => writeln!(text, "{}", paint(ADD, "The site is as the policy says.")),
            Some(unknown) => writeln!(text, "What is known is as the policy says; {unknown}."),
        };
    } else {
        let _ = writeln!(
            text,
            "The site is not yet as the policy says. Running the same command again goes on from here."
        );
    }
    text
}

fn problem(plan: &Plan, planned: &PlannedCall, what: &str, text: &mut String) {
    let words = call_words(plan, &planned.call);
    let _ =
        writeln!(text, "{} {} {words}\n      {}", paint(REMOVE, "failed"), planned.id, paint(FAINT, what));
}

fn mismatch_words(plan: &Plan, mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Holding { space, principal, missing, unasked } => {
            let words = |permissions: &[crate::model::Permission]| {
                list(&permissions.iter().map(ToString::to_string).collect::<Vec<_>>())
            };
            let mut parts = Vec::new();
            if !missing.is_empty() {
                parts.push(format!("lacks {}", words(missing)));
            }
            if !unasked.is_empty() {
                parts.push(format!("also has {}", words(unasked)));
            }
            format!("{space}  {} {}", plan.name(principal), list(&parts))
        }
        Mismatch::Role { space, principal } => {
            format!("{space}  {} has another role than planned", plan.name(principal))
        }
        Mismatch::Page { space, content } => {
            format!("{space}  the lists of {} differ from the plan", page(plan, *content))
        }
        Mismatch::Hidden { space, content } => {
            format!("{space}  {} is hidden now, so its lists could not be checked", page(plan, *content))
        }
        Mismatch::Unread { space, why } => format!("{space}  could not be read again: {why}"),
    }
}

fn page(plan: &Plan, content: crate::model::ContentId) -> String {
    plan.pages.get(&content).map_or_else(|| format!("page {content}"), |page| page.path.clone())
}
