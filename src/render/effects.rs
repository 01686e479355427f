//! Who gains and who loses by a plan, and what in it is worth a look.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::access::{Affected, AffectedParty, Certainty, Direction, Level, PageVerbs, Place, Reason, What};
use crate::model::SpaceKey;
use crate::plan::{Plan, PlanEffect, PlanLint};

use super::access_words::{Names as _, lint_words, reason_words};
use super::style::{ADD, CHANGE, FAINT, HEADING, REMOVE, count, list, paint};

/// So many names stand in one line.
const NAMES: usize = 4;
/// So many of what is worth a look are shown; the document has them all.
const LINTS: usize = 20;

/// The section "Who gains, who loses"; nothing where nobody does.
pub(super) fn who_gains_who_loses(plan: &Plan, text: &mut String) {
    let effects = &plan.effects;
    if effects.lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(HEADING, "Who gains, who loses"));
    let who: Vec<String> = effects.lines.iter().map(|line| affected_words(&line.who, plan)).collect();
    let column = who.iter().map(|who| who.chars().count()).filter(|width| *width <= 44).max().unwrap_or(0);
    let several = plan.spaces.len() > 1;
    let keys = effects.lines.iter().map(|line| line.space.as_str().len()).max().unwrap_or(0);
    for (line, who) in effects.lines.iter().zip(who) {
        let space = if several { format!("{:keys$}  ", line.space) } else { String::new() };
        let pad = " ".repeat(column.saturating_sub(who.chars().count()));
        let _ = writeln!(text, "  {space}{who}{pad}  {}", change_words(line, plan));
    }
    if !effects.incomplete.is_empty() {
        let _ = writeln!(text, "  {}", paint(FAINT, &incomplete(&effects.incomplete, plan)));
    }
    text.push('\n');
}

fn change_words(line: &PlanEffect, plan: &Plan) -> String {
    let (style, verb) = match line.direction {
        Direction::Gains if is_one(&line.who) => (ADD, "gains"),
        Direction::Gains => (ADD, "gain"),
        Direction::Loses if is_one(&line.who) => (REMOVE, "loses"),
        Direction::Loses => (REMOVE, "lose"),
    };
    let perhaps = match line.certainty {
        Certainty::Sure => "",
        Certainty::Perhaps => "perhaps ",
    };
    let what = match &line.what {
        What::Space => "the space".to_owned(),
        What::Permissions { permissions } => {
            let names: Vec<String> = permissions.iter().map(ToString::to_string).collect();
            if names.len() > NAMES {
                format!("{} and {} more permissions", names[..NAMES - 1].join(", "), names.len() + 1 - NAMES)
            } else {
                list(&names)
            }
        }
        What::Pages { verbs, place, pages } => {
            format!("{} {}", verbs_words(*verbs), place_words(*place, *pages, plan))
        }
    };
    format!("{perhaps}{} {what}", paint(style, verb))
}

/// Whether one name stands for all of them.
fn is_one(who: &Affected) -> bool {
    who.parties.len() + who.people.len() == 1
}

const fn verbs_words(verbs: PageVerbs) -> &'static str {
    match verbs {
        PageVerbs::View => "view of",
        PageVerbs::Edit => "edit of",
        PageVerbs::ViewAndEdit => "view and edit of",
    }
}

fn place_words(place: Place, pages: usize, plan: &Plan) -> String {
    match place {
        Place::Space => format!("{} in the space", count(pages, "page", "pages")),
        Place::From { content } if pages == 1 => plan.page(content),
        Place::From { content } => {
            format!("{} and {} below it", plan.page(content), count(pages - 1, "page", "pages"))
        }
        Place::Under { content } => format!("{} under {}", count(pages, "page", "pages"), plan.page(content)),
    }
}

fn affected_words(who: &Affected, plan: &Plan) -> String {
    let mut names: Vec<String> = who.parties.iter().map(|party| party_words(party, plan)).collect();
    let people: Vec<String> = who.people.iter().map(|account| plan.person(account)).collect();
    let room = NAMES.saturating_sub(names.len()).max(1);
    if people.len() > room + 1 {
        names.extend_from_slice(&people[..room]);
        names.push(format!("{} more people", people.len() - room));
    } else {
        names.extend(people);
    }
    list(&names)
}

fn party_words(party: &AffectedParty, plan: &Plan) -> String {
    let name = plan.principal(&party.party);
    if party.members == party.of { name } else { format!("{name} ({} of {})", party.members, party.of) }
}

/// One line, however much could not be read.
fn incomplete(reasons: &std::collections::BTreeSet<Reason>, plan: &Plan) -> String {
    let mut parts: Vec<String> = reasons.iter().take(2).map(|reason| reason_words(reason, plan)).collect();
    if reasons.len() > parts.len() {
        parts.push(format!("{} more reasons", reasons.len() - parts.len()));
    }
    format!("There may be more: {}.", list(&parts))
}

/// The section "Worth a look"; nothing where nothing is.
pub(super) fn worth_a_look(plan: &Plan, text: &mut String) {
    if plan.lints.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(HEADING, "Worth a look"));
    // What the policy asks for comes before what was there.
    let mut lints: Vec<&PlanLint> = plan.lints.iter().collect();
    lints.sort_by_key(|lint| lint.origin.is_none());
    for lint in lints.iter().take(LINTS) {
        let _ = writeln!(text, "  {}", lint_line(lint, plan));
    }
    if lints.len() > LINTS {
        let mut rest: BTreeMap<&SpaceKey, usize> = BTreeMap::new();
        for lint in &lints[LINTS..] {
            *rest.entry(&lint.space).or_default() += 1;
        }
        let rest: Vec<String> =
            rest.into_iter().map(|(space, number)| format!("{number} in {space}")).collect();
        let _ = writeln!(text, "  and {} more: {}", lints.len() - LINTS, list(&rest));
    }
    text.push('\n');
}

fn lint_line(lint: &PlanLint, plan: &Plan) -> String {
    let place = lint.content.map_or_else(String::new, |content| format!(" {}", plan.page(content)));
    let who: Vec<String> = lint.about.iter().map(|who| plan.principal(who)).collect();
    let at = match lint.level {
        Some(Level::Ancestor(page)) => format!(" ({})", plan.page(page)),
        Some(Level::Site | Level::Space | Level::Content(_)) | None => String::new(),
    };
    let origin = lint.origin.as_ref().map_or_else(|| "not declared".to_owned(), ToString::to_string);
    let who = if who.is_empty() { String::new() } else { format!("{}: ", list(&who)) };
    format!(
        "{} {}{place}  {who}{}{at}  {}",
        paint(CHANGE, "!"),
        lint.space,
        lint_words(lint.code),
        paint(FAINT, &format!("{origin}  {}", lint.code.code()))
    )
}
