//! The answer to "what can they see and do?": spaces, the widest access first, with what is different in each.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::access::{Asker, Exception, Reason, SpaceSurvey, Tally};
use crate::model::Truth;

use super::access::{asker_words, plain_route_words};
use super::access_words::{ShownNames as _, SiteNames};
use super::patterns::why_not_known;
use super::style::{FAINT, HEADING, count, list, paint};

/// So many pages of a space are named one by one; the document has them all.
const PAGES: usize = 20;

/// What was asked, and how things are called.
#[derive(Debug, Clone, Copy)]
pub struct SurveyQuestion<'a> {
    pub names: SiteNames<'a>,
    pub asker: &'a Asker,
    /// Whether this is about the site as it would be.
    pub planned: bool,
}

/// Space by space.
pub fn survey_as_text(surveys: &[SpaceSurvey], question: SurveyQuestion<'_>) -> String {
    let names = &question.names;
    let of = |view: Truth| surveys.iter().filter(move |survey| survey.view == view);
    let (seen, hidden) = (of(Truth::Yes).count(), of(Truth::No).count());
    let can = if question.planned { "will see" } else { "can see" };
    let mut text = String::new();
    let who = asker_words(question.asker, names);
    let of_all = count(surveys.len(), "space", "spaces");
    let _ = writeln!(text, "{}", paint(HEADING, &format!("{who} {can} {seen} of {of_all}")));
    for survey in of(Truth::Yes) {
        space(survey, names, &mut text);
    }
    if of(Truth::Unknown).next().is_some() {
        let _ = writeln!(text, "\n{}", paint(HEADING, "Not known"));
        for survey in of(Truth::Unknown) {
            space(survey, names, &mut text);
        }
    }
    let reasons: BTreeSet<&Reason> = surveys.iter().flat_map(|survey| &survey.reasons).collect();
    why_not_known(&reasons, names, &mut text);
    if hidden > 0 {
        let keys: Vec<String> = of(Truth::No).map(|survey| survey.space.to_string()).collect();
        let _ = writeln!(text, "\nNot visible: {}", list(&keys));
    }
    text
}

fn space(survey: &SpaceSurvey, names: &SiteNames<'_>, text: &mut String) {
    let live = names.live.spaces.get(&survey.space);
    let name = live.map(|space| space.space.name.shown().to_string()).unwrap_or_default();
    let heading = format!("{}  {name}", survey.space);
    let _ = writeln!(text, "\n{}  {}", paint(HEADING, heading.trim_end()), numbers(survey));
    let routes: BTreeSet<String> =
        survey.routes.iter().map(|route| plain_route_words(route, names)).collect();
    if !routes.is_empty() {
        let routes: Vec<String> = routes.into_iter().collect();
        let _ = writeln!(text, "  by {}", list(&routes));
    }
    for (answer, word) in [(Truth::Yes, "has"), (Truth::Unknown, "perhaps has")] {
        let held = survey.permissions.iter().filter(|(_, held)| **held == answer);
        let held: Vec<&str> = held.map(|(permission, _)| permission.as_str()).collect();
        if !held.is_empty() {
            let _ = writeln!(text, "  {word} {}", held.join(", "));
        }
    }
    for exception in survey.exceptions.iter().take(PAGES) {
        let below = match exception.below {
            0 => String::new(),
            below => format!(" and {below} below"),
        };
        let page = names.page(exception.content);
        let _ = writeln!(text, "  {page}{below}: {}", paint(FAINT, answers(exception)));
    }
    if survey.exceptions.len() > PAGES {
        let _ = writeln!(text, "  and {} more with answers of their own", survey.exceptions.len() - PAGES);
    }
}

/// `sees 14 of 20 pages, edits 3`.
fn numbers(survey: &SpaceSurvey) -> String {
    let perhaps = |tally: Tally| match tally.perhaps {
        0 => String::new(),
        more => format!(" and perhaps {more} more"),
    };
    let pages = count(survey.contents, "page", "pages");
    format!(
        "sees {}{} of {pages}, edits {}{}",
        survey.viewed.surely,
        perhaps(survey.viewed),
        survey.edited.surely,
        perhaps(survey.edited)
    )
}

const fn answers(exception: &Exception) -> &'static str {
    match (exception.view, exception.edit) {
        (Truth::No, _) => "not visible",
        (Truth::Unknown, _) => "not known whether it is visible",
        (Truth::Yes, Truth::Yes) => "can be edited",
        (Truth::Yes, Truth::Unknown) => "visible, not known whether it can be edited",
        (Truth::Yes, Truth::No) => "visible, cannot be edited",
    }
}
