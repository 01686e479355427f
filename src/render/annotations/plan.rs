//! A plan as annotations: why it must not be applied, what it opens and removes, what it does not cover, and the other
//! changes, each at the line of the policy that asks for it.

use std::collections::BTreeMap;

use anstream::adapter::strip_str;

use crate::model::Origin;
use crate::plan::{Breach, GuardOutcome, LeftOut, Plan, Refusal};

use super::super::review::{Basis, Review, ReviewPart, RowKind, Section, View};
use super::super::titles::{Titles, with_titles};
use super::super::{effects, guards, left_out, skipped, text};
use super::{Annotation, AnnotationLevel};

/// The title of what a plan does not cover.
const INCOMPLETE: &str = "incomplete";

/// Errors are what makes the command fail: what blocks the plan, and what it does not cover unless the view says that
/// this is accepted. What opens and removes access is a warning, before what is worth a look.
pub fn plan_as_annotations(plan: &Plan, view: &View, titles: Titles) -> Vec<Annotation> {
    let (plan, _) = with_titles(plan, titles);
    let mut annotations: Vec<Annotation> =
        plan.refusals.iter().map(|refusal| of_refusal(&plan, refusal)).collect();
    annotations.extend(plan.guards.blocked().map(|outcome| of_guard(&plan, outcome, view.basis)));
    annotations.extend(of_rows(&plan, view));
    let level = if view.accepts_incomplete { AnnotationLevel::Warning } else { AnnotationLevel::Error };
    annotations.extend(not_covered(&plan, level));
    annotations.extend(effects::shown_lints(&plan, view.all).into_iter().map(|lint| {
        let words = plain(&effects::lint_line(lint, &plan));
        Annotation::of(AnnotationLevel::Warning, Some(&lint.code.as_str()), lint.origin.as_ref(), &words)
    }));
    annotations
}

/// Styles are for terminals.
pub(super) fn plain(text: &str) -> String {
    strip_str(text).to_string()
}

/// At the line that names the guests, or else at that of the space.
fn of_refusal(plan: &Plan, refusal: &Refusal) -> Annotation {
    let at = match refusal {
        Refusal::PageOnly { origin, .. } => Some(origin),
        other => plan.spaces.get(other.space()).map(|space| &space.origin),
    };
    Annotation::of(AnnotationLevel::Error, Some(&refusal.code()), at, &text::refusal_words(plan, refusal))
}

/// At the line that breaks the guard, or else at that of the guard itself.
fn of_guard(plan: &Plan, outcome: &GuardOutcome, basis: Basis) -> Annotation {
    let culprit = outcome.breaches.iter().find_map(|breach| match breach {
        Breach::NotAdmin { origin, .. }
        | Breach::LostAdmin { origin, .. }
        | Breach::CutOff { origin, .. }
        | Breach::Forbidden { origin, .. } => Some(origin),
        Breach::FewAdmins { .. } | Breach::TooManyRemovals { .. } | Breach::Stripped { .. } => None,
    });
    let at = culprit.or_else(|| outcome.origins.first());
    let mut lines: Vec<String> = guards::blocked_by(plan, outcome).iter().flat_map(lines_of).collect();
    lines.push(guards::way_out([outcome], basis));
    Annotation::of(AnnotationLevel::Error, Some(&outcome.guard), at, &lines.join("\n"))
}

fn lines_of(section: &Section) -> Vec<String> {
    [&section.heading].into_iter().chain(&section.lines).map(|line| plain(line)).collect()
}

/// What was not known, what the account may not change, and the entries whose names mean something else by now.
fn not_covered(plan: &Plan, level: AnnotationLevel) -> Vec<Annotation> {
    let unknown = text::unseen(plan).into_iter().filter(|section| section.part == ReviewPart::Incomplete);
    let left_out_at = plan.left_out.iter().find_map(|LeftOut { change, .. }| change.reason().origin());
    let sections = unknown.map(|section| (section, None));
    let sections = sections.chain(left_out::left_out(plan).map(move |section| (section, left_out_at)));
    let of = |at: Option<&Origin>, words: &str| Annotation::of(level, Some(&INCOMPLETE), at, words);
    let mut annotations: Vec<Annotation> =
        sections.map(|(section, at)| of(at, &lines_of(&section).join("\n"))).collect();
    annotations.extend(
        plan.skipped.iter().zip(skipped::lines(plan)).map(|(entry, line)| of(Some(&entry.origin), &line)),
    );
    annotations
}

/// The changes, those of one line of the policy together.
fn of_rows(plan: &Plan, view: &View) -> Vec<Annotation> {
    let review = Review::of(plan, view);
    let rows = review.opened.iter().chain(&review.several).chain(review.spaces.values().flatten());
    let mut together: BTreeMap<(RowGroup, Option<&Origin>), Vec<String>> = BTreeMap::new();
    for row in rows {
        let group = match row.kind {
            RowKind::Opened => RowGroup::Opened,
            RowKind::Removed => RowGroup::Removed,
            RowKind::Restricted | RowKind::Changed | RowKind::Added => RowGroup::Other,
        };
        let space = if row.spaces.len() == 1 { row.spaces[0].as_str() } else { "" };
        let words = format!("{space} {} {}  {}", row.kind.sign(), review.what(row), row.who_words());
        together.entry((group, row.origin)).or_default().push(plain(words.trim()));
    }
    let annotation = |((group, origin), lines): ((RowGroup, Option<&Origin>), Vec<String>)| {
        let (level, title) = match group {
            RowGroup::Opened => (AnnotationLevel::Warning, "Opened"),
            RowGroup::Removed => (AnnotationLevel::Warning, "Removed"),
            RowGroup::Other => (AnnotationLevel::Notice, "Changed"),
        };
        let title = title.to_owned();
        Annotation { level, at: origin.cloned(), column: None, title, message: lines.join("\n") }
    };
    together.into_iter().map(annotation).collect()
}

/// What is opened comes before what is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RowGroup {
    Opened,
    Removed,
    Other,
}
