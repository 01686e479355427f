//! What the guards of a policy say to a plan, as text.

use crate::model::{Forbidden, MaxRemovals, visible};
use crate::plan::{AdminStanding, Breach, GuardOutcome, GuardVerdict, Pairs, Plan, Removals, Taken};

use super::access_words::ShownNames as _;
use super::review::{Basis, ReviewPart, Section};
use super::style::{CHANGE, REMOVE, count, first_of, list, paint};

/// So many breaches of one guard are shown; the document has them all.
const BREACHES: usize = 10;

/// So many principals are named where a space loses too much.
const LOSERS: usize = 5;

/// What blocks the plan first; then what was overridden, and what is wrong in spaces that the plan does not
/// change. One line where all guards hold.
pub(super) fn guards(plan: &Plan, basis: Basis) -> Vec<Section> {
    let mut sections = blocked(plan, basis);
    for outcome in &plan.guards.outcomes {
        if let GuardVerdict::Overridden { why } = &outcome.verdict {
            let title = format!("Overridden {}, because \"{}\":", set_by(outcome), visible(why));
            sections.extend(breaches(plan, ReviewPart::Guards, &outcome.breaches, &paint(CHANGE, &title)));
        }
        let title = format!("Against {} already before this plan:", set_by(outcome));
        sections.extend(breaches(plan, ReviewPart::Guards, &outcome.elsewhere, &paint(CHANGE, &title)));
    }
    let hold: Vec<String> = plan
        .guards
        .outcomes
        .iter()
        .filter(|outcome| outcome.verdict == GuardVerdict::Holds)
        .map(|outcome| outcome.guard.to_string())
        .collect();
    if !hold.is_empty() && !plan.is_empty() {
        let verb = if hold.len() == 1 { "holds" } else { "hold" };
        let removals = removals_words(plan.guards.removals);
        let sentence = format!("Guards: {} {verb}{removals}.", list(&hold));
        sections.push(Section::new(ReviewPart::Guards, sentence, Vec::new()));
    }
    sections
}

/// Every guard that blocks the plan, and what to do about it.
pub(super) fn blocked(plan: &Plan, basis: Basis) -> Vec<Section> {
    let mut sections: Vec<Section> =
        plan.guards.blocked().filter_map(|outcome| blocked_by(plan, outcome)).collect();
    if !sections.is_empty() {
        sections.push(Section::new(ReviewPart::Blocked, way_out(plan.guards.blocked(), basis), Vec::new()));
    }
    sections
}

/// What one guard holds against the plan.
pub(super) fn blocked_by(plan: &Plan, outcome: &GuardOutcome) -> Option<Section> {
    let title = format!("Blocked by {}:", set_by(outcome));
    breaches(plan, ReviewPart::Blocked, &outcome.breaches, &paint(REMOVE, &title))
}

/// What to do about guards that block a plan. What an undo gives and takes, no line of the policy says.
pub(super) fn way_out<'a>(blocking: impl IntoIterator<Item = &'a GuardOutcome>, basis: Basis) -> String {
    let flags: Vec<String> =
        blocking.into_iter().map(|outcome| format!("--override {}", outcome.guard)).collect();
    let all_the_same = if basis.is_declared() {
        "Change the policy; or, to apply this plan all the same,"
    } else {
        "To take the run back all the same,"
    };
    format!("{all_the_same} pass {} --why TEXT.", flags.join(" "))
}

fn breaches(plan: &Plan, part: ReviewPart, breaches: &[Breach], title: &str) -> Option<Section> {
    let mut lines: Vec<String> =
        breaches.iter().take(BREACHES).map(|breach| breach_words(plan, breach)).collect();
    if breaches.len() > BREACHES {
        lines.push(format!("and {} more", breaches.len() - BREACHES));
    }
    (!lines.is_empty()).then(|| Section::new(part, title, lines))
}

/// The name of a guard, and where it has its limit from, if it has one.
fn set_by(outcome: &GuardOutcome) -> String {
    match (&outcome.limit, outcome.origins.first()) {
        (Some(_), None) => format!("{} (the default)", outcome.guard),
        (Some(_), Some(origin)) => format!("{} ({origin})", outcome.guard),
        (None, _) => outcome.guard.to_string(),
    }
}

fn breach_words(plan: &Plan, breach: &Breach) -> String {
    match breach {
        Breach::FewAdmins { space, before, counted, needed, admins } => {
            let who: Vec<String> = admins
                .iter()
                .map(|(who, standing)| format!("{}{}", plan.name(who), standing_words(*standing)))
                .collect();
            let who = if who.is_empty() { String::new() } else { format!(": {}", list(&who)) };
            let was = if before == counted { String::new() } else { format!(", {before} before this plan") };
            if *counted == 0 {
                return format!("{space}  no active administrator, {needed} needed{was}{who}");
            }
            let counted = count(*counted, "active administrator", "active administrators");
            format!("{space}  {counted}, {needed} needed{was}{who}")
        }
        Breach::NotAdmin { space, who, origin, perhaps } => {
            let not = if *perhaps {
                "may or may not administer the space: that depends on what could not be read"
            } else {
                "does not administer the space"
            };
            format!("{space}  {} {not}  {origin}", plan.name(who))
        }
        Breach::LostAdmin { space, name, origin, losers } => {
            let losers: Vec<String> = losers.iter().map(|who| plan.name(who).to_string()).collect();
            format!(
                "{space}  {} would no longer administer the space, while {name}, which should, means nothing  {origin}",
                list(&losers)
            )
        }
        Breach::CutOff { space, content, who, origin } => {
            let page = plan.page(*content);
            format!("{space}  {page} would be closed to {}  {origin}", plan.name(who))
        }
        Breach::TooManyRemovals { what, pairs, limit } => {
            let limit = match limit {
                MaxRemovals::Percent(share) => format!("{share}%"),
                MaxRemovals::Count(most) => most.to_string(),
            };
            format!("{}; the limit is {limit}", taken_words(*what, *pairs))
        }
        Breach::Stripped { space, what, pairs, who } => {
            let named = who.iter().map(|who| plan.name(who).to_string());
            format!("{space}  {}: {}", taken_words(*what, *pairs), first_of(named, LOSERS))
        }
        Breach::Forbidden { what: Forbidden::Anonymous, space, origin, .. } => {
            format!("{space}  visitors who are not signed in are given access  {origin}")
        }
        Breach::Forbidden { what: Forbidden::DirectUsers, space, who, origin } => {
            format!("{space}  {} is given access by name  {origin}", plan.name(who))
        }
    }
}

const fn standing_words(standing: AdminStanding) -> &'static str {
    match standing {
        AdminStanding::Counts => "",
        AdminStanding::Unread => " (could not be read, does not count)",
        AdminStanding::Guest => " (a guest, does not count)",
        AdminStanding::Unlicensed => " (no licence, does not count)",
        AdminStanding::App => " (an app, does not count)",
        AdminStanding::CannotSignIn => " (cannot sign in, does not count)",
        AdminStanding::NoActiveMember => " (no active member, does not count)",
    }
}

/// What is taken away of how much.
fn taken_words(what: Taken, Pairs { removed, of }: Pairs) -> String {
    let all = |one, many| count(of, one, many);
    match what {
        Taken::Access => {
            let verb = if removed == 1 { "loses" } else { "lose" };
            format!("{removed} of {} {verb} access", all("principal", "principals"))
        }
        Taken::Entries => {
            let verb = if removed == 1 { "is removed" } else { "are removed" };
            format!("{removed} of {} {verb}", all("entry on page lists", "entries on page lists"))
        }
        Taken::Both => {
            format!("{removed} of {} are removed", all("grant and list entry", "grants and list entries"))
        }
    }
}

/// What counts for `max-removals`, in brackets. A principal counts once for each space.
fn removals_words(removals: Removals) -> String {
    let both = [(Taken::Access, removals.access), (Taken::Entries, removals.entries)];
    let taken: Vec<String> = both
        .into_iter()
        .filter(|(_, pairs)| pairs.removed > 0)
        .map(|(what, pairs)| taken_words(what, pairs))
        .collect();
    if taken.is_empty() { String::new() } else { format!(" ({})", taken.join(", ")) }
}
