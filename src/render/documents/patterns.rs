//! Answers about the pages of a pattern.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::access::{
    AnswerWord, AskedDocument, CanDocument, NamedPrincipal, ReasonDocument, WhoDocument, reasons,
};
use super::write;
use crate::access::{Reason, Verdict, Who};
use crate::model::ContentId;
use crate::render::access::Question;
use crate::render::access_words::ShownNames as _;
use crate::render::patterns::{because, tallies};

/// The answer for each page.
#[derive(Serialize, JsonSchema)]
pub(super) struct PatternAnswers {
    #[serde(flatten)]
    asked: AskedDocument,
    answer: CommonAnswer,
    pages: Vec<PageAnswer>,
}

/// What is so on all pages; `unknown` where there is none.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum CommonAnswer {
    Mixed,
    #[serde(untagged)]
    All(AnswerWord),
}

#[derive(Serialize, JsonSchema)]
struct PageAnswer {
    content: ContentId,
    path: String,
    answer: AnswerWord,
    /// Why the answer is not known.
    because: Vec<ReasonDocument>,
}

/// The answers as a document.
pub fn verdicts_as_json(
    answers: &[(Verdict, Vec<ContentId>)],
    written: &str,
    question: &Question<'_>,
) -> String {
    let mut pages: Vec<(ContentId, &Verdict)> =
        answers.iter().flat_map(|(verdict, pages)| pages.iter().map(move |page| (*page, verdict))).collect();
    pages.sort_by_key(|(page, _)| *page);
    let kinds: BTreeSet<AnswerWord> = pages.iter().map(|(_, verdict)| AnswerWord::from(*verdict)).collect();
    let answer = match kinds.first() {
        Some(answer) if kinds.len() == 1 => CommonAnswer::All(*answer),
        Some(_) => CommonAnswer::Mixed,
        None => CommonAnswer::All(AnswerWord::Unknown),
    };
    let page = |(content, verdict): (ContentId, &Verdict)| PageAnswer {
        content,
        path: question.names.page(content),
        answer: verdict.into(),
        because: reasons(because(verdict), &question.names),
    };
    write(CanDocument::Pattern(PatternAnswers {
        asked: asked(written, question),
        answer,
        pages: pages.into_iter().map(page).collect(),
    }))
}

/// On how many pages each can.
#[derive(Serialize, JsonSchema)]
pub(super) struct PatternPeople {
    #[serde(flatten)]
    asked: AskedDocument,
    /// How many pages the pattern has.
    pages: usize,
    principals: Vec<PagesOfPrincipal>,
    /// Why there may be more people, or fewer.
    incomplete: Vec<ReasonDocument>,
}

#[derive(Serialize, JsonSchema)]
struct PagesOfPrincipal {
    #[serde(flatten)]
    party: NamedPrincipal,
    /// On how many pages it surely can.
    allowed: usize,
    /// On how many others it is not known.
    unknown: usize,
}

/// Who can, as a document.
pub fn who_of_pattern_as_json(
    answers: &[(Who, Vec<ContentId>)],
    written: &str,
    question: &Question<'_>,
) -> String {
    let incomplete: BTreeSet<&Reason> = answers.iter().flat_map(|(who, _)| &who.incomplete).collect();
    let principals = tallies(answers).into_iter().map(|(principal, tally)| PagesOfPrincipal {
        party: NamedPrincipal::of(&principal, &question.names),
        allowed: tally.surely,
        unknown: tally.perhaps,
    });
    write(WhoDocument::Pattern(PatternPeople {
        asked: asked(written, question),
        pages: answers.iter().map(|(_, pages)| pages.len()).sum(),
        principals: principals.collect(),
        incomplete: reasons(incomplete, &question.names),
    }))
}

fn asked(written: &str, question: &Question<'_>) -> AskedDocument {
    let mut asked = AskedDocument::of(question);
    written.clone_into(&mut asked.object);
    asked
}
