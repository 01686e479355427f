//! Answers about the pages of a pattern: what holds for all of them, and where it is otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::access::{Reason, Tally, Verdict, Who};
use crate::model::{ContentId, Principal};

use super::access::{Question, verdict_word};
use super::access_words::{ShownNames as _, SiteNames, reason_words};
use super::style::{CHANGE, HEADING, count, paint};
use crate::model::columns::{column, pad};

/// So many pages or people are named one by one; the document has them all.
const SHOWN: usize = 50;

/// How many pages have which answer, and the pages with another answer than yes.
pub fn verdicts_as_text(
    answers: &[(Verdict, Vec<ContentId>)],
    written: &str,
    question: &Question<'_>,
) -> String {
    let all: usize = answers.iter().map(|(_, pages)| pages.len()).sum();
    let mut text = String::new();
    if all == 0 {
        let _ = writeln!(text, "no page: {written} matches none yet");
        return text;
    }
    let numbers: Vec<String> = ["allowed", "denied", "unknown"]
        .iter()
        .filter_map(|word| {
            let of = answers.iter().filter(|(verdict, _)| verdict_word(verdict) == *word);
            let number: usize = of.map(|(_, pages)| pages.len()).sum();
            (number > 0).then(|| format!("{word} on {number}"))
        })
        .collect();
    let _ = writeln!(text, "{} of {}", numbers.join(", "), count(all, "page", "pages"));
    let mut others: Vec<(String, &Verdict)> = answers
        .iter()
        .filter(|(verdict, _)| *verdict != Verdict::Allowed)
        .flat_map(|(verdict, pages)| pages.iter().map(move |page| (question.names.page(*page), verdict)))
        .collect();
    others.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (page, verdict) in others.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}  {page}", pad(verdict_word(verdict), "unknown".len()));
    }
    if others.len() > SHOWN {
        let _ = writeln!(text, "  and {} more", others.len() - SHOWN);
    }
    let reasons: BTreeSet<&Reason> = answers.iter().flat_map(|(verdict, _)| because(verdict)).collect();
    why_not_known(&reasons, &question.names, &mut text);
    text
}

pub(super) fn because(verdict: &Verdict) -> impl Iterator<Item = &Reason> {
    match verdict {
        Verdict::Unknown(reasons) => Some(reasons),
        Verdict::Allowed | Verdict::Denied(_) => None,
    }
    .into_iter()
    .flatten()
}

pub(super) fn why_not_known(reasons: &BTreeSet<&Reason>, names: &SiteNames<'_>, text: &mut String) {
    if reasons.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(HEADING, "Why something is not known"));
    for reason in reasons {
        let _ = writeln!(text, "  {} {}", paint(CHANGE, "!"), reason_words(reason, names));
    }
}

/// On how many pages each can.
pub(super) fn tallies(answers: &[(Who, Vec<ContentId>)]) -> BTreeMap<Principal, Tally> {
    let mut tallies: BTreeMap<Principal, Tally> = BTreeMap::new();
    for (who, pages) in answers {
        let people = who.people.iter().cloned().map(Principal::User);
        for principal in people.chain(who.parties.iter().cloned()) {
            tallies.entry(principal).or_default().surely += pages.len();
        }
        let people = who.perhaps.iter().cloned().map(Principal::User);
        for principal in people.chain(who.perhaps_parties.iter().cloned()) {
            tallies.entry(principal).or_default().perhaps += pages.len();
        }
    }
    tallies
}

/// Who may, with the number of pages, the most first.
pub fn who_of_pattern_as_text(
    answers: &[(Who, Vec<ContentId>)],
    written: &str,
    question: &Question<'_>,
) -> String {
    let all: usize = answers.iter().map(|(_, pages)| pages.len()).sum();
    let tallies = tallies(answers);
    let can = if question.planned { "will be able to" } else { "can" };
    let people = |surely: bool| {
        let counts = |(principal, tally): &(&Principal, &Tally)| {
            matches!(principal, Principal::User(_)) && (tally.surely > 0) == surely
        };
        tallies.iter().filter(counts).count()
    };
    let pages = count(all, "page", "pages");
    let mut text = String::new();
    let sure = count(people(true), "person", "people");
    let unknown = match people(false) {
        0 => String::new(),
        unknown => format!("; not known for {}", count(unknown, "other", "others")),
    };
    let heading = format!("{sure} {can} {} some of {pages} of {written}{unknown}", question.verb);
    let _ = writeln!(text, "{}", paint(HEADING, &heading));
    let mut rows: Vec<(&Principal, Tally)> =
        tallies.iter().map(|(principal, tally)| (principal, *tally)).collect();
    rows.sort_by_key(|(principal, tally)| (std::cmp::Reverse((tally.surely, tally.perhaps)), *principal));
    let names: Vec<String> = rows.iter().map(|(principal, _)| question.names.principal(principal)).collect();
    let width = column(names.iter().map(String::as_str), usize::MAX);
    for (name, (_, tally)) in names.iter().zip(&rows).take(SHOWN) {
        let number = match (tally.surely, tally.perhaps) {
            (surely, _) if surely == all => "all".to_owned(),
            (surely, 0) => surely.to_string(),
            (0, perhaps) if perhaps == all => "not known".to_owned(),
            (0, perhaps) => format!("not known on {perhaps}"),
            (surely, perhaps) => format!("{surely}, not known on {perhaps} more"),
        };
        let _ = writeln!(text, "  {}  {number}", pad(name, width));
    }
    if rows.len() > SHOWN {
        let _ = writeln!(text, "  and {} more", rows.len() - SHOWN);
    }
    let reasons: BTreeSet<&Reason> = answers.iter().flat_map(|(who, _)| &who.incomplete).collect();
    why_not_known(&reasons, &question.names, &mut text);
    text
}
