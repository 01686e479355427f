//! Answers about access as JSON documents.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::access::{
    Explanation, Level, LevelReport, Need, Needed, Object, Outcome, Reason, Said, Verdict, Who,
};
use crate::model::{AccountId, AccountStatus, Principal};

use super::access::{Question, outside_words, remedy_words, verdict_word};
use super::access_words::{ShownNames as _, reason_words};
use super::json::all_seen;

/// The verdict alone.
pub fn verdict_as_json(verdict: &Verdict, question: &Question<'_>) -> String {
    write(&verdict_value(verdict, question))
}

/// The verdict with every level.
pub fn explanation_as_json(explanation: &Explanation, question: &Question<'_>) -> String {
    let mut value = verdict_value(&explanation.verdict, question);
    value["levels"] = levels(&explanation.levels, question);
    value["remedies"] =
        explanation.remedies.iter().map(|remedy| Value::from(remedy_words(remedy, question))).collect();
    value["outside"] = explanation.outside.iter().map(|way| Value::from(outside_words(way))).collect();
    write(&value)
}

/// All people who may.
pub fn who_as_json(who: &Who, question: &Question<'_>) -> String {
    let people = |accounts: &BTreeSet<AccountId>| -> Value {
        accounts.iter().map(|account| party(&Principal::User(account.clone()), question)).collect()
    };
    let mut value = asked(question);
    value["people"] = people(&who.people);
    value["parties"] = who.parties.iter().map(|principal| party(principal, question)).collect();
    value["perhaps"] = people(&who.perhaps);
    value["gates"] = who
        .gates
        .iter()
        .map(|gate| {
            let routes: Value = gate
                .routes
                .iter()
                .map(|through| {
                    let mut route = json!(through.route);
                    route["people"] = json!(through.people);
                    let said = question.origin(&through.route, gate.level, &gate.needed);
                    declared(&mut route, said);
                    route
                })
                .collect();
            json!({"level": level(gate.level, question), "needs": needed(&gate.needed), "routes": routes})
        })
        .collect();
    value["outside"] = who.outside.iter().map(|way| json!(way)).collect();
    value["dead"] = who
        .dead
        .iter()
        .map(|dead| {
            let status = match dead.status {
                AccountStatus::Inactive => "inactive",
                AccountStatus::Closed => "closed",
                AccountStatus::Active | AccountStatus::Unknown => "unknown",
            };
            let mut value = party(&Principal::User(dead.account.clone()), question);
            value["status"] = status.into();
            value["level"] = level(dead.level, question);
            value
        })
        .collect();
    value["incomplete"] = reasons(&who.incomplete, question);
    write(&value)
}

/// What was asked.
pub(super) fn asked(question: &Question<'_>) -> Value {
    let mut value = json!({
        "verb": question.verb.to_string(),
        "object": question.object_words(),
        "space": question.object.space(),
        "state": if question.planned { "planned" } else { "live" },
    });
    if let Object::Content(_, content) = question.object {
        value["content"] = json!(content);
    }
    if question.asker.is_some() {
        value["who"] = question.asker_words().into();
    }
    value
}

pub(super) fn verdict_value(verdict: &Verdict, question: &Question<'_>) -> Value {
    let mut value = asked(question);
    value["answer"] = verdict_word(verdict).into();
    match verdict {
        Verdict::Allowed => {}
        Verdict::Denied(at) => value["denied-at"] = level(*at, question),
        Verdict::Unknown(why) => value["because"] = reasons(why, question),
    }
    value
}

fn party(principal: &Principal, question: &Question<'_>) -> Value {
    json!({"principal": principal, "name": question.names.principal(principal)})
}

fn level(level: Level, question: &Question<'_>) -> Value {
    let kind = match level {
        Level::Site => "site",
        Level::Space => "space",
        Level::Ancestor(_) => "ancestor",
        Level::Content(_) => "content",
    };
    let mut value = json!({"level": kind, "name": question.level_words(level)});
    if let Some(content) = level.content() {
        value["content"] = json!(content);
    }
    value
}

fn reasons(reasons: &BTreeSet<Reason>, question: &Question<'_>) -> Value {
    let reason = |reason: &Reason| {
        let mut value = json!(reason);
        value["words"] = reason_words(reason, &question.names).into();
        value
    };
    reasons.iter().map(reason).collect()
}

fn levels(levels: &[LevelReport], question: &Question<'_>) -> Value {
    let one = |report: &LevelReport| {
        let mut value = level(report.level, question);
        value["outcome"] = outcome(report.outcome).into();
        value["needs"] = report.needs.iter().map(|each| need(each, report.level, question)).collect();
        value
    };
    levels.iter().map(one).collect()
}

/// The line behind a route, and the rule that it belongs to or that brought it here.
fn declared(route: &mut Value, said: Option<Said<'_>>) {
    route["declared"] = json!(said.map(|said| said.origin));
    if let Some(rule) = said.and_then(|said| said.terms.rule.as_ref()) {
        route["rule"] = json!(rule);
    }
}

fn need(need: &Need, at: Level, question: &Question<'_>) -> Value {
    let routes: Value = need
        .routes
        .iter()
        .map(|found| {
            let mut route = json!(found.route);
            declared(&mut route, question.origin(&found.route, at, &need.needed));
            if !found.doubts.is_empty() {
                route["because"] = reasons(&found.doubts, question);
            }
            route
        })
        .collect();
    let mut value =
        json!({"needs": needed(&need.needed), "outcome": outcome(need.outcome), "routes": routes});
    if !need.doubts.is_empty() {
        value["because"] = reasons(&need.doubts, question);
    }
    value
}

fn needed(needed: &Needed) -> Value {
    match needed {
        Needed::SignIn => "sign-in".into(),
        Needed::Permission { any_of } => json!(any_of),
        Needed::OnList(verb) => format!("{}-list", verb.as_str()).into(),
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Inherited => "inherited",
        Outcome::Denied => "denied",
        Outcome::Unknown => "unknown",
    }
}

/// Values of this module have text keys only, so writing them cannot fail.
pub(super) fn write(value: &Value) -> String {
    all_seen(&format!("{value:#}\n"))
}
