//! Space roles (API v2, "Space Roles"): the mode, the catalogue, the roles and who has them.
//! A site in `pre-roles` mode answers 404 to all but the mode, and so does one whose
//! access to the beta has expired.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::super::paging;
use crate::sandbox::adversary::Facet;
use crate::sandbox::world::{
    AccountId, Class, Command, GroupId, Outcome, Pair, Principal, Refusal, Role, RoleEntry, RoleId, RoleMode,
    RolePermission, SpaceId, World,
};

/// Above this a body is refused with 413.
const MAX_BODY: usize = 5 * 1024 * 1024;

#[expect(clippy::unnecessary_wraps, reason = "the signature of the routing table")]
pub(in crate::sandbox::http) fn mode(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let mode = match ask.world().settings.mode {
        RoleMode::PreRoles => "PRE_ROLES",
        RoleMode::RolesTransition => "ROLES_TRANSITION",
        RoleMode::Roles => "ROLES",
    };
    let absent = ask.world().quirks.space_role_mode_absent;
    Ok(Answer::ok(if absent { json!({}) } else { json!({"mode": mode}) }))
}

/// The catalogue of what roles can hold, in the vocabulary of this site.
pub(in crate::sandbox::http) fn permissions(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    available(ask)?;
    let vocabulary = ask.world().quirks.role_vocabulary;
    let items: Vec<(u64, RolePermission)> = (1..).zip(vocabulary.catalogue()).collect();
    let view = vocabulary.id_of(Pair::ReadSpace);
    paging::v2(ask, &items, |RolePermission { id, label, .. }| {
        let required = if *id == view { vec![] } else { vec![view.as_str()] };
        Some(json!({
            "id": id, "displayName": label, "description": label, "requiredPermissionIds": required,
        }))
    })
}

pub(in crate::sandbox::http) fn list(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    available(ask)?;
    let world = ask.world();
    let kind = ask.query.one_of("role-type", &["SYSTEM", "CUSTOM"])?;
    let holder = holder(ask)?;
    let space = ask.query.ids("space-id", 1)?.and_then(|ids| ids.first().copied()).map(SpaceId);
    if let Some(space) = space {
        world.visible_space(&ask.caller, space)?;
    }
    // All roles are available in every space; with a principal, those that it holds there, or anywhere.
    let held: Option<BTreeSet<RoleId>> = holder.map(|holder| {
        let here = |id: &SpaceId| space.is_none_or(|space| space == *id);
        let spaces = world.spaces().filter(|space| here(&space.id));
        let seen = spaces.filter(|space| world.visible_space(&ask.caller, space.id).is_ok());
        seen.filter_map(|space| ask.space_shown(Facet::Roles, space).assignments.get(&holder).cloned())
            .collect()
    });
    let fits = |role: &&Role| {
        !role.disabled
            && kind.is_none_or(|kind| (kind == "SYSTEM") == role.system)
            && held.as_ref().is_none_or(|held| held.contains(&role.id))
    };
    let items: Vec<(u64, &Role)> = (1..).zip(world.roles().filter(fits)).collect();
    paging::v2(ask, &items, |role| Some(render(world, role)))
}

pub(in crate::sandbox::http) fn create(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    available(ask)?;
    let body = ask.json()?;
    let field = |name: &str| {
        let missing = || Failure::bad_request(format!("`{name}` is required and must be a string"));
        body[name].as_str().map(str::to_owned).ok_or_else(missing)
    };
    let wrong = || Failure::bad_request("`spacePermissions` is required and must be an array of strings");
    let permissions = body["spacePermissions"].as_array().ok_or_else(wrong)?.iter();
    let permissions: Option<_> = permissions.map(|id| id.as_str().map(str::to_owned)).collect();
    let command = Command::CreateRole {
        name: field("name")?,
        description: field("description")?,
        permissions: permissions.ok_or_else(wrong)?,
    };
    let made = match ask.perform(command)? {
        Outcome::RoleCreated(id) => ask.world().role(&id),
        Outcome::Granted(_) | Outcome::GroupCreated(_) | Outcome::Done => None,
    };
    let shown = made.map(|role| render(ask.world(), role)).unwrap_or_default();
    Ok(Answer::with(http::StatusCode::CREATED, shown))
}

pub(in crate::sandbox::http) fn get(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    available(ask)?;
    let id = RoleId::from(ask.param(0));
    let role = ask
        .world()
        .role(&id)
        .filter(|role| !role.disabled)
        .ok_or_else(|| Failure::not_found(format!("No role with id {id}")))?;
    let mut shown = render(ask.world(), role);
    shown["_links"] = json!({"base": ask.world().settings.url});
    Ok(Answer::ok(shown))
}

pub(in crate::sandbox::http) fn assignments(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    available(ask)?;
    let world = ask.world();
    let space = world.visible_space(&ask.caller, ask.space_id()?)?;
    let space = ask.space_shown(Facet::Roles, space);
    let kind = ask.query.one_of("role-type", &["SYSTEM", "CUSTOM"])?;
    let role = ask.query.get("role-id");
    let holder = holder(ask)?;
    let fits = |who: &Principal, id: &RoleId| {
        role.is_none_or(|wanted| wanted == id.as_str())
            && holder.as_ref().is_none_or(|holder| holder == who)
            && kind.is_none_or(|kind| world.role(id).is_some_and(|role| (kind == "SYSTEM") == role.system))
    };
    let held = space.assignments.iter().filter(|(who, role)| fits(who, role));
    let items: Vec<(u64, Value)> = (1..).zip(held.map(|(who, role)| assignment(who, Some(role)))).collect();
    paging::v2(ask, &items, |shown| Some(shown.clone()))
}

/// An upsert per entry; an entry without `roleId` takes the principal's role away. Whole or not at all.
pub(in crate::sandbox::http) fn assign(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    available(ask)?;
    let space = ask.space_id()?;
    if ask.body.bytes.len() > MAX_BODY {
        return Err(Failure::other(http::StatusCode::PAYLOAD_TOO_LARGE, "The request is over 5 MB"));
    }
    ask.world().visible_space(&ask.caller, space)?;
    let body = ask.json()?;
    let entries = body
        .as_array()
        .ok_or_else(|| Failure::bad_request("The body must be an array of role assignments"))?;
    let entries = entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let echo: Vec<Value> =
        entries.iter().map(|entry| assignment(&entry.principal, entry.role.as_ref())).collect();
    ask.perform(Command::AssignRoles { space, entries })?;
    Ok(Answer::ok(json!({"results": echo, "_links": {"base": ask.world().settings.url}})))
}

fn entry(value: &Value) -> Result<RoleEntry, Failure> {
    let principal = &value["principal"];
    let (Some(kind), Some(id)) = (principal["principalType"].as_str(), principal["principalId"].as_str())
    else {
        return Err(Failure::bad_request(
            "`principal.principalType` and `principal.principalId` are required",
        ));
    };
    let role = match value.get("roleId") {
        None => None,
        Some(Value::String(role)) => Some(RoleId::from(role.as_str())),
        Some(_) => {
            return Err(Failure::bad_request("`roleId` must be a string; omit it to remove an assignment"));
        }
    };
    Ok(RoleEntry { principal: read_principal(kind, id)?, role })
}

fn read_principal(kind: &str, id: &str) -> Result<Principal, Failure> {
    let unknown = || Failure::bad_request(format!("`{id}` is not a valid principal of type {kind}"));
    match kind {
        "USER" => Ok(Principal::User(AccountId::from(id))),
        "GROUP" => Ok(Principal::Group(GroupId::from(id))),
        "ACCESS_CLASS" if id == "anonymous-users" => Ok(Principal::Anonymous),
        "ACCESS_CLASS" => Class::from_id(id).map(Principal::Class).ok_or_else(unknown),
        _ => Err(unknown()),
    }
}

/// `principal-type` and `principal-id`: both, or neither.
fn holder(ask: &Ask<'_>) -> Result<Option<Principal>, Failure> {
    match (ask.query.get("principal-type"), ask.query.get("principal-id")) {
        (None, None) => Ok(None),
        (Some(kind), Some(id)) => read_principal(kind, id).map(Some),
        _ => Err(Failure::bad_request("principal-type and principal-id must be given together")),
    }
}

fn assignment(who: &Principal, role: Option<&RoleId>) -> Value {
    let (kind, id) = match who {
        Principal::User(account) => ("USER", account.as_str()),
        Principal::Group(group) => ("GROUP", group.as_str()),
        Principal::Class(class) => ("ACCESS_CLASS", class.id()),
        Principal::Anonymous => ("ACCESS_CLASS", "anonymous-users"),
    };
    let mut shown = json!({"principal": {"principalType": kind, "principalId": id}});
    if let Some(role) = role {
        shown["roleId"] = role.as_str().into();
    }
    shown
}

fn render(world: &World, role: &Role) -> Value {
    json!({
        "id": role.id.as_str(),
        "type": if role.system { "SYSTEM" } else { "CUSTOM" },
        "name": role.name,
        "description": role.description,
        "spacePermissions": world.quirks.role_vocabulary.ids_of(role),
    })
}

fn available(ask: &Ask<'_>) -> Result<(), Failure> {
    let world = ask.world();
    let available = world.has_roles() && !world.quirks.roles_beta_expired;
    if available { Ok(()) } else { Err(Refusal::NoRoles.into()) }
}
