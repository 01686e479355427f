//! What one asker can see and do.

use schemars::JsonSchema;
use serde::Serialize;

use super::access::{AnswerWord, AskedState, ReasonDocument, reasons};
use super::{DocumentBody, write};
use crate::access::{Exception, Route, SpaceSurvey, Tally};
use crate::model::{ContentId, Permission, SiteText, SpaceKey, Truth};
use crate::render::access::{asker_words, plain_route_words};
use crate::render::access_words::{ShownNames as _, SiteNames};
use crate::render::survey::SurveyQuestion;

#[derive(Serialize, JsonSchema)]
pub(super) struct WhatDocument {
    who: String,
    state: AskedState,
    /// The widest access first.
    spaces: Vec<SpaceDocument>,
}

#[derive(Serialize, JsonSchema)]
struct SpaceDocument {
    space: SpaceKey,
    name: Option<SiteText>,
    /// Whether content that no list restricts is visible.
    view: AnswerWord,
    /// Whether pages that no list restricts can be edited.
    edit: AnswerWord,
    permissions: Vec<HeldPermission>,
    /// The ways in which the space lets the asker in.
    routes: Vec<WayIn>,
    contents: Contents,
    /// Content with other answers than content without lists.
    exceptions: Vec<ExceptionDocument>,
    /// Why answers are not known.
    because: Vec<ReasonDocument>,
}

#[derive(Serialize, JsonSchema)]
struct HeldPermission {
    permission: Permission,
    /// The label of Confluence's screen.
    label: &'static str,
    answer: AnswerWord,
}

#[derive(Serialize, JsonSchema)]
struct WayIn {
    #[serde(flatten)]
    route: Route,
    words: String,
}

/// How many pages and posts.
#[derive(Serialize, JsonSchema)]
struct Contents {
    all: usize,
    view: TallyDocument,
    edit: TallyDocument,
}

#[derive(Serialize, JsonSchema)]
struct TallyDocument {
    allowed: usize,
    unknown: usize,
}

impl From<Tally> for TallyDocument {
    fn from(tally: Tally) -> Self {
        Self { allowed: tally.surely, unknown: tally.perhaps }
    }
}

#[derive(Serialize, JsonSchema)]
struct ExceptionDocument {
    content: ContentId,
    path: String,
    /// How much of what is below it has the same answers.
    below: usize,
    view: AnswerWord,
    edit: AnswerWord,
}

impl DocumentBody for WhatDocument {
    const KIND: &'static str = "what";
}

/// Space by space.
pub fn survey_as_json(surveys: &[SpaceSurvey], question: SurveyQuestion<'_>) -> String {
    write(WhatDocument {
        who: asker_words(question.asker, &question.names),
        state: AskedState::of(question.planned),
        spaces: surveys.iter().map(|survey| space(survey, &question.names)).collect(),
    })
}

fn space(survey: &SpaceSurvey, names: &SiteNames<'_>) -> SpaceDocument {
    let permission = |(permission, held): (&Permission, &Truth)| HeldPermission {
        permission: *permission,
        label: permission.label(),
        answer: answer(*held),
    };
    let route = |route: &Route| WayIn { route: route.clone(), words: plain_route_words(route, names) };
    let exception = |exception: &Exception| ExceptionDocument {
        content: exception.content,
        path: names.page(exception.content),
        below: exception.below,
        view: answer(exception.view),
        edit: answer(exception.edit),
    };
    SpaceDocument {
        space: survey.space.clone(),
        name: names.live.spaces.get(&survey.space).map(|space| space.space.name.clone()),
        view: answer(survey.view),
        edit: answer(survey.edit),
        permissions: survey.permissions.iter().map(permission).collect(),
        routes: survey.routes.iter().map(route).collect(),
        contents: Contents { all: survey.contents, view: survey.viewed.into(), edit: survey.edited.into() },
        exceptions: survey.exceptions.iter().map(exception).collect(),
        because: reasons(&survey.reasons, names),
    }
}

const fn answer(truth: Truth) -> AnswerWord {
    match truth {
        Truth::Yes => AnswerWord::Allowed,
        Truth::Unknown => AnswerWord::Unknown,
        Truth::No => AnswerWord::Denied,
    }
}
