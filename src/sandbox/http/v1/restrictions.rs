//! `/content/{id}/restriction`, all verbs (API v1, "Content restrictions").

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::render::{self, Window};
use crate::sandbox::adversary::Facet;
use crate::sandbox::world::{
    AccountId, Command, Content, ContentId, Entry, GroupId, ListKind, Lists, Principal, Refusal,
};

pub(in crate::sandbox::http) fn get(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = content(ask)?;
    let lists = ask.lists_shown(Facet::Lists, content);
    Ok(Answer::ok(both(ask, content.id, lists, window(ask)?)))
}

pub(in crate::sandbox::http) fn replace(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = content(ask)?.id;
    let entries = entries(ask, content)?;
    write(ask, content, Command::ReplaceRestrictions { content, entries })
}

pub(in crate::sandbox::http) fn add(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = content(ask)?.id;
    let entries = entries(ask, content)?;
    write(ask, content, Command::AddRestrictions { content, entries })
}

pub(in crate::sandbox::http) fn clear(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = content(ask)?.id;
    write(ask, content, Command::ClearRestrictions { content })
}

pub(in crate::sandbox::http) fn by_operation(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = content(ask)?;
    let window = window(ask)?;
    let lists = (content.id, ask.lists_shown(Facet::Lists, content));
    let shown = ListKind::ALL.map(|list| {
        (list.id().to_owned(), render::restriction(ask.world(), &ask.caller, lists, list, window))
    });
    Ok(Answer::ok(Value::Object(Map::from_iter(shown))))
}

pub(in crate::sandbox::http) fn of_operation(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = content(ask)?;
    let list = operation(ask)?;
    let lists = (content.id, ask.lists_shown(Facet::Lists, content));
    Ok(Answer::ok(render::restriction(ask.world(), &ask.caller, lists, list, window(ask)?)))
}

pub(in crate::sandbox::http) fn group_is_listed(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    is_listed(ask, &group(ask))
}

pub(in crate::sandbox::http) fn list_group(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let principal = group(ask);
    list(ask, principal)
}

pub(in crate::sandbox::http) fn unlist_group(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let principal = group(ask);
    unlist(ask, principal)
}

pub(in crate::sandbox::http) fn user_is_listed(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    is_listed(ask, &user(ask)?)
}

pub(in crate::sandbox::http) fn list_user(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let principal = user(ask)?;
    list(ask, principal)
}

pub(in crate::sandbox::http) fn unlist_user(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let principal = user(ask)?;
    unlist(ask, principal)
}

/// Content that the caller sees and that can be restricted.
fn content<'a>(ask: &'a Ask<'_>) -> Result<&'a Content, Failure> {
    Ok(ask.world().restricted_content(&ask.caller, ask.content_id()?)?)
}

/// `start` and `limit` apply to users and groups alike.
fn window(ask: &Ask<'_>) -> Result<Window, Failure> {
    let limit =
        ask.query.number("limit", 100)?.min(200).min(ask.world().quirks.page_cap.unwrap_or(usize::MAX));
    Ok(Window { start: ask.query.number("start", 0)?, users: limit, groups: limit })
}

/// Both operations always come back; an empty list is an open operation (live: cjs).
fn both(ask: &Ask<'_>, content: ContentId, lists: &Lists, window: Window) -> Value {
    let shown = ListKind::ALL
        .map(|list| render::restriction(ask.world(), &ask.caller, (content, lists), list, window));
    let hash = format!("{lists:?}").bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
    json!({
        "results": shown,
        "start": window.start,
        "limit": window.users,
        "size": 2,
        "restrictionsHash": format!("{hash:016x}"),
        "_links": {
            "base": ask.world().settings.url,
            "context": "/wiki",
            "self": format!("{}/rest/api/content/{}/restriction", ask.world().settings.url, content),
        },
    })
}

/// Carries a write out and answers with what the lists are now, even when the caller has locked itself out.
fn write(ask: &mut Ask<'_>, id: ContentId, command: Command) -> Result<Answer, Failure> {
    ask.perform(command)?;
    let content = ask.world().content(id).ok_or(Refusal::NoContent(id))?;
    Ok(Answer::ok(both(ask, id, &content.lists, Window { start: 0, users: 100, groups: 100 })))
}

/// An operation that is neither `read` nor `update` is not found (API v1).
fn operation(ask: &Ask<'_>) -> Result<ListKind, Failure> {
    let text = ask.param(1);
    ListKind::from_id(text)
        .ok_or_else(|| Failure::not_found(format!("`{text}` is not a restriction operation")))
}

fn group(ask: &Ask<'_>) -> Principal {
    Principal::Group(GroupId::from(ask.param(2)))
}

fn user(ask: &Ask<'_>) -> Result<Principal, Failure> {
    Ok(Principal::User(AccountId::from(ask.query.need("accountId")?)))
}

fn is_listed(ask: &Ask<'_>, principal: &Principal) -> Result<Answer, Failure> {
    let content = content(ask)?;
    if ask.lists_shown(Facet::Lists, content).get(operation(ask)?).contains(principal) {
        Ok(Answer::empty(StatusCode::OK))
    } else {
        Err(Refusal::NotListed.into())
    }
}

fn list(ask: &mut Ask<'_>, principal: Principal) -> Result<Answer, Failure> {
    let (content, list) = (content(ask)?.id, operation(ask)?);
    ask.perform(Command::List { content, list, principal })?;
    Ok(Answer::empty(StatusCode::OK))
}

fn unlist(ask: &mut Ask<'_>, principal: Principal) -> Result<Answer, Failure> {
    let (content, list) = (content(ask)?.id, operation(ask)?);
    ask.perform(Command::Unlist { content, list, principal })?;
    Ok(Answer::empty(StatusCode::OK))
}

/// The body of PUT and POST: a bare array, or an object with `results`.
fn entries(ask: &Ask<'_>, content: ContentId) -> Result<Vec<Entry>, Failure> {
    let body = ask.json()?;
    let entries = match &body {
        Value::Array(entries) => entries,
        Value::Object(fields) => fields
            .get("results")
            .and_then(Value::as_array)
            .ok_or_else(|| Failure::bad_request("`results` is required and must be an array"))?,
        _ => {
            return Err(Failure::bad_request("The body must be an array of content restrictions"));
        }
    };
    entries.iter().map(|value| entry(value, content)).collect()
}

fn entry(value: &Value, content: ContentId) -> Result<Entry, Failure> {
    let operation =
        value["operation"].as_str().ok_or_else(|| Failure::bad_request("`operation` is required"))?;
    let list = ListKind::from_id(operation).ok_or_else(|| {
        Failure::bad_request(format!("Operation `{operation}` is not supported: read, update"))
    })?;
    let named = &value["content"]["id"];
    let other = named.as_str().map_or(named.as_u64(), |text| text.parse().ok());
    if !named.is_null() && other != Some(content.0) {
        return Err(Failure::bad_request("The content id in the body differs from the one in the path"));
    }
    let Some(subjects) = value["restrictions"].as_object() else {
        return Err(Refusal::NoSubjects.into());
    };
    let (users, groups) = (subjects.get("user"), subjects.get("group"));
    if users.is_none() && groups.is_none() {
        return Err(Refusal::NoSubjects.into());
    }
    if groups.and_then(Value::as_array).is_some_and(Vec::is_empty) {
        return Err(Failure::bad_request("`group` must have at least one item, or else be omitted"));
    }
    let mut principals = BTreeSet::new();
    for user in subjects_in(users, "user")? {
        let id = user["accountId"].as_str();
        let id = id.ok_or_else(|| {
            Failure::bad_request("A user must have an `accountId`; anonymous is not allowed")
        })?;
        if !matches!(user["type"].as_str(), Some("known" | "unknown" | "user")) {
            return Err(Failure::bad_request("The `type` of a user is required: known"));
        }
        principals.insert(Principal::User(AccountId::from(id)));
    }
    for group in subjects_in(groups, "group")? {
        let id = group["id"].as_str().ok_or_else(|| Failure::bad_request("A group must have an `id`"))?;
        if group["type"].as_str() != Some("group") {
            return Err(Failure::bad_request("The `type` of a group is required: group"));
        }
        principals.insert(Principal::Group(GroupId::from(id)));
    }
    Ok(Entry { list, principals })
}

/// A plain list, or an object with `results`.
fn subjects_in<'v>(value: Option<&'v Value>, name: &str) -> Result<&'v [Value], Failure> {
    let wrong = || Failure::bad_request(format!("`{name}` must be an array, or an object with `results`"));
    match value {
        None => Ok(&[]),
        Some(Value::Array(subjects)) => Ok(subjects),
        Some(value) => value["results"].as_array().map(Vec::as_slice).ok_or_else(wrong),
    }
}
