//! Answers about access.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::patterns::{PatternAnswers, PatternPeople};
use super::{DocumentBody, write};
use crate::access::{
    Dead, Explanation, FoundRoute, Level, LevelReport, Need, Needed, Outcome, Outside, Reason, Route,
    Through, Verdict, Who,
};
use crate::model::{
    AccountId, AccountStatus, ContentId, Declaration, Origin, Permission, Principal, SpaceKey,
};
use crate::render::access::{Question, outside_words, remedy_words};
use crate::render::access_words::{ShownNames as _, SiteNames, reason_words};

/// What was asked.
#[derive(Serialize, JsonSchema)]
pub(super) struct AskedDocument {
    verb: String,
    /// The space, the page or the pattern.
    pub(super) object: String,
    space: SpaceKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<ContentId>,
    state: AskedState,
    /// Whose access; none for a question about everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
}

impl AskedDocument {
    pub(super) fn of(question: &Question<'_>) -> Self {
        Self {
            verb: question.verb.to_string(),
            object: question.object_words(),
            space: question.object.space().clone(),
            content: question.object.content(),
            state: AskedState::of(question.planned),
            who: question.asker.map(|_| question.asker_words()),
        }
    }
}

/// The site as it is, or as the policy would make it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AskedState {
    Live,
    Planned,
}

impl AskedState {
    pub(super) const fn of(planned: bool) -> Self {
        if planned { Self::Planned } else { Self::Live }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnswerWord {
    Allowed,
    Denied,
    Unknown,
}

impl From<&Verdict> for AnswerWord {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Allowed => Self::Allowed,
            Verdict::Denied(_) => Self::Denied,
            Verdict::Unknown(_) => Self::Unknown,
        }
    }
}

/// Why something is not known, also in words.
#[derive(Serialize, JsonSchema)]
pub(super) struct ReasonDocument {
    #[serde(flatten)]
    reason: Reason,
    words: String,
}

pub(super) fn reasons<'r>(
    reasons: impl IntoIterator<Item = &'r Reason>,
    names: &SiteNames<'_>,
) -> Vec<ReasonDocument> {
    let document =
        |reason: &Reason| ReasonDocument { reason: reason.clone(), words: reason_words(reason, names) };
    reasons.into_iter().map(document).collect()
}

/// One answer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Answered {
    #[serde(flatten)]
    asked: AskedDocument,
    answer: AnswerWord,
    /// The outermost level that says no.
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_at: Option<LevelName>,
    /// Why the answer is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    because: Vec<ReasonDocument>,
}

impl Answered {
    pub(super) fn of(verdict: &Verdict, question: &Question<'_>) -> Self {
        let (denied_at, because) = match verdict {
            Verdict::Allowed => (None, Vec::new()),
            Verdict::Denied(at) => (Some(LevelName::of(*at, question)), Vec::new()),
            Verdict::Unknown(why) => (None, reasons(why, &question.names)),
        };
        Self { asked: AskedDocument::of(question), answer: verdict.into(), denied_at, because }
    }
}

/// Where access is decided.
#[derive(Serialize, JsonSchema)]
struct LevelName {
    level: LevelKind,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<ContentId>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum LevelKind {
    Site,
    Space,
    Ancestor,
    Content,
}

impl LevelName {
    fn of(level: Level, question: &Question<'_>) -> Self {
        let kind = match level {
            Level::Site => LevelKind::Site,
            Level::Space => LevelKind::Space,
            Level::Ancestor(_) => LevelKind::Ancestor,
            Level::Content(_) => LevelKind::Content,
        };
        Self { level: kind, name: question.level_words(level), content: level.content() }
    }
}

/// The answer about one object, or about each page of a pattern.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum CanDocument {
    One(Answered),
    Pattern(PatternAnswers),
}

impl DocumentBody for CanDocument {
    const KIND: &'static str = "can";
}

/// The verdict alone.
pub fn verdict_as_json(verdict: &Verdict, question: &Question<'_>) -> String {
    write(CanDocument::One(Answered::of(verdict, question)))
}

/// The verdict with every level.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExplainDocument {
    #[serde(flatten)]
    answered: Answered,
    /// From the outside in.
    levels: Vec<LevelDocument>,
    /// When the answer is no, what would make it yes; each does by itself.
    remedies: Vec<String>,
    /// Ways around the lists, of which the answer takes no account.
    outside: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct LevelDocument {
    #[serde(flatten)]
    level: LevelName,
    outcome: LevelOutcome,
    needs: Vec<NeedDocument>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum LevelOutcome {
    Allowed,
    /// The level asks for nothing of its own.
    Inherited,
    Denied,
    Unknown,
}

impl From<Outcome> for LevelOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allowed => Self::Allowed,
            Outcome::Inherited => Self::Inherited,
            Outcome::Denied => Self::Denied,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct NeedDocument {
    needs: NeededDocument,
    outcome: LevelOutcome,
    routes: Vec<RouteDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    because: Vec<ReasonDocument>,
}

/// What a level asks for: `sign-in`, `view-list`, `edit-list`, or one of several permissions.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum NeededDocument {
    Gate(String),
    OneOf(Vec<Permission>),
}

impl From<&Needed> for NeededDocument {
    fn from(needed: &Needed) -> Self {
        match needed {
            Needed::SignIn => Self::Gate("sign-in".to_owned()),
            Needed::Permission { any_of } => Self::OneOf(any_of.clone()),
            Needed::OnList(verb) => Self::Gate(format!("{}-list", verb.as_str())),
        }
    }
}

/// One way through a level, with the line of the policy behind it.
#[derive(Serialize, JsonSchema)]
struct RouteDocument {
    #[serde(flatten)]
    route: Route,
    declared: Option<Origin>,
    /// The rule that the line belongs to, or that brought it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    because: Vec<ReasonDocument>,
}

impl RouteDocument {
    fn of(route: &Route, said: Option<&Declaration>, because: Vec<ReasonDocument>) -> Self {
        let rule = said.and_then(|said| said.rule.clone());
        Self { route: route.clone(), declared: said.map(|said| said.origin.clone()), rule, because }
    }
}

impl DocumentBody for ExplainDocument {
    const KIND: &'static str = "explain";
}

/// The verdict with every level.
pub fn explanation_as_json(explanation: &Explanation, question: &Question<'_>) -> String {
    let remedies = explanation.remedies.iter().map(|remedy| remedy_words(remedy, question));
    write(ExplainDocument {
        answered: Answered::of(&explanation.verdict, question),
        levels: explanation.levels.iter().map(|report| level(report, question)).collect(),
        remedies: remedies.collect(),
        outside: explanation.outside.iter().map(outside_words).collect(),
    })
}

fn level(report: &LevelReport, question: &Question<'_>) -> LevelDocument {
    LevelDocument {
        level: LevelName::of(report.level, question),
        outcome: report.outcome.into(),
        needs: report.needs.iter().map(|need| need_document(need, report.level, question)).collect(),
    }
}

fn need_document(need: &Need, at: Level, question: &Question<'_>) -> NeedDocument {
    let route = |found: &FoundRoute| {
        let said = question.origin(&found.route, at, &need.needed);
        RouteDocument::of(&found.route, said, reasons(&found.doubts, &question.names))
    };
    NeedDocument {
        needs: (&need.needed).into(),
        outcome: need.outcome.into(),
        routes: need.routes.iter().map(route).collect(),
        because: reasons(&need.doubts, &question.names),
    }
}

/// Everyone who can do something to one object, or to the pages of a pattern.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum WhoDocument {
    One(WhoAnswer),
    Pattern(PatternPeople),
}

impl DocumentBody for WhoDocument {
    const KIND: &'static str = "who";
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct WhoAnswer {
    #[serde(flatten)]
    asked: AskedDocument,
    /// People who surely can.
    people: Vec<NamedPrincipal>,
    /// Groups, classes and `anonymous`: all their members can, also those that are not known.
    parties: Vec<NamedPrincipal>,
    /// People for which the answer is unknown.
    perhaps: Vec<NamedPrincipal>,
    /// Groups and others of whose members it is not known.
    perhaps_parties: Vec<NamedPrincipal>,
    /// What each level asks for, with the routes through it.
    gates: Vec<GateDocument>,
    /// Ways around the lists.
    outside: Vec<Outside>,
    /// Accounts that are named on the way and can do nothing any more.
    dead: Vec<DeadDocument>,
    /// Why there may be more people, or fewer.
    incomplete: Vec<ReasonDocument>,
}

/// A principal, and what it is called.
#[derive(Serialize, JsonSchema)]
pub(super) struct NamedPrincipal {
    principal: Principal,
    name: String,
}

impl NamedPrincipal {
    pub(super) fn of(principal: &Principal, names: &SiteNames<'_>) -> Self {
        Self { principal: principal.clone(), name: names.principal(principal) }
    }
}

#[derive(Serialize, JsonSchema)]
struct GateDocument {
    level: LevelName,
    needs: NeededDocument,
    routes: Vec<PeopleOnRoute>,
}

#[derive(Serialize, JsonSchema)]
struct PeopleOnRoute {
    #[serde(flatten)]
    route: RouteDocument,
    /// Those of the people who can or perhaps can, who have it.
    people: BTreeSet<AccountId>,
}

#[derive(Serialize, JsonSchema)]
struct DeadDocument {
    #[serde(flatten)]
    party: NamedPrincipal,
    status: DeadStatus,
    level: LevelName,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum DeadStatus {
    Inactive,
    Closed,
    Unknown,
}

/// All people who can.
pub fn who_as_json(who: &Who, question: &Question<'_>) -> String {
    let names = &question.names;
    let people = |accounts: &BTreeSet<AccountId>| -> Vec<NamedPrincipal> {
        accounts.iter().map(|account| NamedPrincipal::of(&Principal::User(account.clone()), names)).collect()
    };
    let parties = |principals: &BTreeSet<Principal>| -> Vec<NamedPrincipal> {
        principals.iter().map(|principal| NamedPrincipal::of(principal, names)).collect()
    };
    let gates = who.gates.iter().map(|gate| {
        let route = |through: &Through| {
            let said = question.origin(&through.route, gate.level, &gate.needed);
            let route = RouteDocument::of(&through.route, said, Vec::new());
            PeopleOnRoute { route, people: through.people.clone() }
        };
        GateDocument {
            level: LevelName::of(gate.level, question),
            needs: (&gate.needed).into(),
            routes: gate.routes.iter().map(route).collect(),
        }
    });
    let dead = |dead: &Dead| DeadDocument {
        party: NamedPrincipal::of(&Principal::User(dead.account.clone()), names),
        status: match dead.status {
            AccountStatus::Inactive => DeadStatus::Inactive,
            AccountStatus::Closed => DeadStatus::Closed,
            AccountStatus::Active | AccountStatus::Unknown => DeadStatus::Unknown,
        },
        level: LevelName::of(dead.level, question),
    };
    write(WhoDocument::One(WhoAnswer {
        asked: AskedDocument::of(question),
        people: people(&who.people),
        parties: parties(&who.parties),
        perhaps: people(&who.perhaps),
        perhaps_parties: parties(&who.perhaps_parties),
        gates: gates.collect(),
        outside: who.outside.clone(),
        dead: who.dead.iter().map(dead).collect(),
        incomplete: reasons(&who.incomplete, names),
    }))
}
