//! Who gains and who loses by a plan, and what in it is worth a look.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{
    Affected, AffectedParty, Certainty, Direction, Level, Lint, PageVerbs, Place, Reason, What,
};
use crate::model::{ContentId, Principal, SpaceKey};
use crate::plan::{Change, Plan, PlanEffect, PlanLint};

use super::access_words::{ShownNames as _, lint_words, reason_words};
use super::review::{ReviewPart, Section};
use super::style::{ADD, FAINT, HEADING, REMOVE, count, first_of, list, paint};
use crate::model::columns::{WIDEST, column, pad};

/// So many names stand in one line.
const NAMES: usize = 4;

/// The section "Who gains, who loses", losses first; nothing where no one does. Unless all is asked for, what is the
/// same in several spaces is one line.
pub(super) fn effects(plan: &Plan, all: bool) -> Option<Section> {
    let effects = &plan.effects;
    if effects.lines.is_empty() {
        return None;
    }
    let mut lines: Vec<EffectLine> = Vec::new();
    let mut same: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut sorted: Vec<&PlanEffect> = effects.lines.iter().collect();
    sorted.sort_by_key(|line| line.direction);
    for line in sorted {
        let key = (affected_words(&line.who, plan), change_words(line, plan));
        match same.get(&key) {
            Some(at) if !all => lines[*at].spaces.push(&line.space),
            _ => {
                same.insert(key.clone(), lines.len());
                lines.push(EffectLine { spaces: vec![&line.space], who: key.0, change: key.1 });
            }
        }
    }
    let who = column(lines.iter().map(|line| line.who.as_str()), WIDEST);
    let several = plan.spaces.len() > 1;
    let spaces: Vec<String> = lines.iter().map(EffectLine::spaces).collect();
    let keys = column(spaces.iter().map(String::as_str), usize::MAX);
    let lines = lines.iter().zip(spaces).map(|(line, words)| {
        let space = if several { pad(&words, keys) + "  " } else { String::new() };
        format!("{space}{}  {}", pad(&line.who, who), line.change)
    });
    let mut section =
        Section::new(ReviewPart::Effects, paint(HEADING, "Who gains, who loses"), lines.collect());
    let (treeless, others): (BTreeSet<&Reason>, BTreeSet<&Reason>) =
        effects.incomplete.iter().partition(|reason| matches!(reason, Reason::TreeNotRead { .. }));
    section.rest.extend(
        [pages_unread(&treeless), incomplete(&others, plan)]
            .into_iter()
            .flatten()
            .map(|line| paint(FAINT, &line)),
    );
    Some(section)
}

/// The same for the same, in some spaces.
struct EffectLine<'a> {
    spaces: Vec<&'a SpaceKey>,
    who: String,
    change: String,
}

impl EffectLine<'_> {
    fn spaces(&self) -> String {
        match self.spaces.as_slice() {
            [space] => space.to_string(),
            [one, other] => format!("{one}, {other}"),
            spaces => format!("{} spaces", spaces.len()),
        }
    }
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

/// The groups that would gain something and have more people than when the plan was made; `left` is what is left of it.
pub fn grown_groups(plan: &Plan, left: &Plan) -> Vec<String> {
    let sizes = |plan: &Plan| {
        let gains = plan.effects.lines.iter().filter(|line| line.direction == Direction::Gains);
        let mut sizes: BTreeMap<Principal, usize> = BTreeMap::new();
        for AffectedParty { party, of, .. } in gains.flat_map(|line| &line.who.parties).cloned() {
            let size = sizes.entry(party).or_default();
            *size = of.max(*size);
        }
        sizes
    };
    let then = sizes(plan);
    let grown = sizes(left).into_iter().filter_map(|(party, now)| {
        let then = *then.get(&party)?;
        let name = left.principal(&party);
        let people = count(now, "person", "people");
        (now > then).then(|| {
            format!("{name}: {people} would gain what it gains; when the plan was made, it had {then}")
        })
    });
    grown.collect()
}

fn party_words(party: &AffectedParty, plan: &Plan) -> String {
    let name = plan.principal(&party.party);
    if party.members == party.of { name } else { format!("{name} ({} of {})", party.members, party.of) }
}

/// What is not said of pages, since planning only needs them where something is taken away.
fn pages_unread(treeless: &BTreeSet<&Reason>) -> Option<String> {
    let keys: Vec<String> = treeless
        .iter()
        .filter_map(|reason| match reason {
            Reason::TreeNotRead { space } => Some(space.to_string()),
            _ => None,
        })
        .collect();
    let spaces = match keys.len() {
        0 => return None,
        1 | 2 => list(&keys),
        number => format!("{number} spaces"),
    };
    Some(format!(
        "The pages of {spaces} were not read, since nothing is taken away: access gained to a space includes each page \
         whose restrictions allow it."
    ))
}

/// One line, however much could not be read.
fn incomplete(reasons: &BTreeSet<&Reason>, plan: &Plan) -> Option<String> {
    let mut parts: Vec<String> = reasons.iter().take(2).map(|reason| reason_words(reason, plan)).collect();
    if reasons.len() > parts.len() {
        parts.push(format!("{} more reasons", reasons.len() - parts.len()));
    }
    (!parts.is_empty()).then(|| format!("There may be more: {}.", list(&parts)))
}

/// So many principals of one finding are named; the document has them all.
const NAMED: usize = 5;

/// The section "Worth a look"; nothing where nothing is. What was so before and has nothing to do with the plan is
/// counted, unless all is asked for.
pub(super) fn lints(plan: &Plan, all: bool) -> Option<Section> {
    if plan.lints.is_empty() {
        return None;
    }
    let (shown, old) = by_age(plan, all);
    let lines = shown.into_iter().map(|lint| lint_line(lint, plan)).collect();
    let mut section = Section::new(ReviewPart::Lints, paint(HEADING, "Worth a look"), lines);
    if !old.is_empty() {
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        for lint in &old {
            *codes.entry(lint.code.as_str()).or_default() += 1;
        }
        let codes: Vec<String> = codes.into_iter().map(|(code, number)| format!("{number} {code}")).collect();
        let before = if section.lines.is_empty() { "" } else { "and " };
        section.rest.push(format!(
            "{before}{} on what this plan does not change: {}; `--all` shows each",
            count(old.len(), "older finding", "older findings"),
            list(&codes)
        ));
    }
    Some(section)
}

/// What is worth a look about the changes of this plan, or about anything if all is asked for.
pub(super) fn shown_lints(plan: &Plan, all: bool) -> Vec<&PlanLint> {
    by_age(plan, all).0
}

/// What is shown one by one, and what is only counted, since it is not about anything that changes.
fn by_age(plan: &Plan, all: bool) -> (Vec<&PlanLint>, Vec<&PlanLint>) {
    let touched = TouchedByPlan::by(plan);
    let (mut shown, old): (Vec<&PlanLint>, Vec<&PlanLint>) =
        plan.lints.iter().partition(|lint| all || touched.concerns(lint));
    // What the policy asks for comes before what was there.
    shown.sort_by_key(|lint| lint.origin.is_none());
    (shown, old)
}

/// What a plan changes.
struct TouchedByPlan<'a> {
    pages: BTreeSet<ContentId>,
    holders: BTreeSet<(&'a SpaceKey, &'a Principal)>,
}

impl<'a> TouchedByPlan<'a> {
    fn by(plan: &'a Plan) -> Self {
        let mut touched = Self { pages: BTreeSet::new(), holders: BTreeSet::new() };
        for change in &plan.changes {
            match change {
                Change::Grant { space, principal, .. } | Change::Role { space, principal, .. } => {
                    touched.holders.insert((space, principal));
                }
                Change::Audience { content, .. } => {
                    touched.pages.insert(*content);
                }
            }
        }
        touched
    }

    /// Whether a lint is about something that changes; about guests and ends it always is, since their entry says that it
    /// holds.
    fn concerns(&self, lint: &PlanLint) -> bool {
        let is_changed = |content: ContentId| self.pages.contains(&content);
        matches!(
            lint.code,
            Lint::SeenByGuests
                | Lint::GuestInside
                | Lint::GuestListed
                | Lint::NotRestrictable
                | Lint::EndedReadStays
        ) || lint.content.is_some_and(is_changed)
            || lint.level.and_then(Level::content).is_some_and(is_changed)
            || lint.about.iter().any(|who| self.holders.contains(&(&lint.space, who)))
    }
}

pub(super) fn lint_line(lint: &PlanLint, plan: &Plan) -> String {
    let place = lint.content.map_or_else(String::new, |content| format!(" {}", plan.page(content)));
    let who = first_of(lint.about.iter().map(|who| plan.principal(who)), NAMED);
    let at = match lint.level {
        Some(Level::Ancestor(page)) => format!(" ({})", plan.page(page)),
        Some(Level::Site | Level::Space | Level::Content(_)) | None => String::new(),
    };
    let origin = lint.origin.as_ref().map_or_else(|| "not declared".to_owned(), ToString::to_string);
    let who = if who.is_empty() { who } else { who + ": " };
    format!(
        "{}{place}  {who}{}{at}  {}",
        lint.space,
        lint_words(lint.code),
        paint(FAINT, &format!("{origin}  {}", lint.code.as_str()))
    )
}
