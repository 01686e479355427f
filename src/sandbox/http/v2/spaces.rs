//! `/spaces` (API v2, "Space", "Space Permissions"): all ids are strings.

use serde_json::{Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::super::paging;
use super::CREATED;
use crate::sandbox::adversary::Facet;
use crate::sandbox::world::access::Standing;
use crate::sandbox::world::{AnonymousRow, Principal, Row, Space, World};

pub(in crate::sandbox::http) fn list(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let types = [
        "global",
        "collaboration",
        "knowledge_base",
        "personal",
        "system",
        "onboarding",
        "xflow_sample_space",
    ];
    let kind = ask.query.one_of("type", &types)?;
    let status = ask.query.one_of("status", &["current", "archived", "trashed"])?;
    let sort = ask.query.one_of("sort", &["id", "-id", "key", "-key", "name", "-name"])?.unwrap_or("id");
    let ids = ask.query.ids("ids", 250)?;
    let keys = ask.query.all("keys");
    if keys.as_ref().is_some_and(|keys| keys.len() > 250) {
        return Err(Failure::bad_request("`keys` takes at most 250 values"));
    }
    let labels = ask.query.all("labels");
    let world = ask.world();
    let mut spaces: Vec<&Space> = match &keys {
        Some(keys) => keys.iter().filter_map(|key| world.space_keyed(key)).collect(),
        None => world.spaces().collect(),
    };
    spaces.retain(|space| {
        kind.is_none_or(|kind| kind == space.kind.id())
            && status.is_none_or(|status| status == space.status.id())
            && labels.as_ref().is_none_or(|labels| labels.iter().any(|label| space.labels.contains(*label)))
            && ids.as_ref().is_none_or(|ids| ids.contains(&space.id.0))
    });
    match sort.trim_start_matches('-') {
        "key" => spaces.sort_by(|a, b| a.key.cmp(&b.key)),
        "name" => spaces.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id))),
        _ => spaces.sort_by_key(|space| space.id),
    }
    spaces.dedup_by_key(|space| space.id);
    if sort.starts_with('-') {
        spaces.reverse();
    }
    let by_id = sort == "id";
    let items: Vec<(u64, &Space)> =
        (1..).zip(spaces).map(|(place, space)| (if by_id { space.id.0 } else { place }, space)).collect();
    let subject = ask.caller.subject();
    let standing = Standing::of(world, &subject);
    paging::v2(ask, &items, |space| (!standing.space_operations(space).is_empty()).then(|| render(space)))
}

pub(in crate::sandbox::http) fn get(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let space = ask.world().visible_space(&ask.caller, ask.space_id()?)?;
    let mut shown = render(space);
    if ask.query.flag("include-operations")? {
        shown["operations"] = super::included(space_operations(ask, space));
    }
    if ask.query.flag("include-permissions")? {
        shown["permissions"] = super::included(shown_rows(ask, space).into_iter().map(|(_, row)| row));
    }
    if ask.query.flag("include-labels")? {
        shown["labels"] = super::included(space.labels.iter().map(|label| space_label(label)));
    }
    if ask.query.flag("include-role-assignments")? {
        return Err(Failure::bad_request("include-role-assignments is only accepted for EAP sites"));
    }
    shown["_links"]["base"] = ask.world().settings.url.as_str().into();
    Ok(Answer::ok(shown))
}

/// The labels of a space, of the prefixes that spaces have.
pub(in crate::sandbox::http) fn labels(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let prefix = ask.query.one_of("prefix", &["my", "team"])?;
    let space = ask.world().visible_space(&ask.caller, ask.space_id()?)?;
    let labels: Vec<(u64, &String)> =
        (1..).zip(space.labels.iter().filter(|_| prefix != Some("my"))).collect();
    paging::v2(ask, &labels, |label| Some(space_label(label)))
}

fn space_label(label: &str) -> Value {
    json!({"id": label, "name": label, "prefix": "team"})
}

/// Custom access, what roles bring, and access classes, all in one list (live: folio).
pub(in crate::sandbox::http) fn permissions(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let space = ask.world().visible_space(&ask.caller, ask.space_id()?)?;
    let rows = shown_rows(ask, space);
    paging::v2(ask, &rows, |row| Some(row.clone()))
}

pub(in crate::sandbox::http) fn operations(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let space = ask.world().visible_space(&ask.caller, ask.space_id()?)?;
    Ok(Answer::ok(json!({"operations": space_operations(ask, space)})))
}

fn space_operations(ask: &Ask<'_>, space: &Space) -> Vec<Value> {
    let given = ask.world().space_operations(&ask.caller.subject(), space.id);
    given.into_iter().map(|pair| json!({"operation": pair.key(), "targetType": pair.target()})).collect()
}

fn shown_rows(ask: &Ask<'_>, space: &Space) -> Vec<(u64, Value)> {
    let world = ask.world();
    world
        .permission_rows(&ask.space_shown(Facet::Rows, space))
        .iter()
        .filter_map(|row| Some((row.id.0, render_row(world, row)?)))
        .collect()
}

fn render_row(world: &World, row: &Row) -> Option<Value> {
    let (kind, id) = match &row.principal {
        Principal::User(account) => ("user", account.as_str()),
        Principal::Group(group) => ("group", group.as_str()),
        Principal::Class(class) => ("access-class", class.id()),
        Principal::Anonymous => match world.quirks.anonymous_row {
            AnonymousRow::AccessClass => ("access-class", "anonymous-users"),
            AnonymousRow::User => ("user", "anonymous"),
            AnonymousRow::Omitted => return None,
        },
    };
    Some(json!({
        "id": row.id.to_string(),
        "principal": {"type": kind, "id": id},
        "operation": {"key": row.pair.key(), "targetType": row.pair.target()},
    }))
}

fn render(space: &Space) -> Value {
    json!({
        "id": space.id.to_string(),
        "key": space.key.as_str(),
        "name": space.name,
        "type": space.kind.id(),
        "status": space.status.id(),
        "authorId": "unknown",
        "currentActiveAlias": space.key.as_str(),
        "createdAt": CREATED,
        "homepageId": space.homepage.map(|home| home.to_string()),
        "description": null,
        "icon": null,
        "_links": {"webui": format!("/spaces/{}", space.key)},
    })
}
