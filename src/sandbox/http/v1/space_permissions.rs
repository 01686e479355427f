//! `POST` and `DELETE /space/{spaceKey}/permission` (API v1: addPermissionToSpace, removePermission).

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use crate::sandbox::world::{AccountId, Command, GrantId, GroupId, Outcome, Pair, Principal, SpaceId};

pub(in crate::sandbox::http) fn add(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let space = space(ask)?;
    let body = ask.json()?;
    let subject = &body["subject"];
    let (kind, identifier) =
        (text(subject, "type", "subject.type")?, text(subject, "identifier", "subject.identifier")?);
    let principal = match kind {
        "user" if identifier == "anonymous" => Principal::Anonymous,
        "user" => Principal::User(AccountId::from(identifier)),
        // A name is accepted where the id is meant.
        "group" => {
            let named = ask.world().groups().find(|group| group.name == identifier);
            Principal::Group(named.map_or_else(|| GroupId::from(identifier), |group| group.id.clone()))
        }
        other => {
            return Err(Failure::bad_request(format!("`{other}` is not a valid subject type: user, group")));
        }
    };
    let operation = &body["operation"];
    let (key, target) =
        (text(operation, "key", "operation.key")?, text(operation, "target", "operation.target")?);
    let pair = Pair::find(key, target).ok_or_else(|| {
        Failure::bad_request(format!(
            "The combination of operation `{key}` and target `{target}` is not valid"
        ))
    })?;
    let Outcome::Granted(id) = ask.perform(Command::Grant { space, principal, pair })? else {
        return Ok(Answer::empty(StatusCode::OK));
    };
    Ok(Answer::ok(json!({
        "id": id.0,
        "subject": {"type": kind, "identifier": identifier},
        "operation": {"key": key, "target": target},
        "_links": {},
    })))
}

pub(in crate::sandbox::http) fn remove(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let space = space(ask)?;
    let row = ask.number(1).map(GrantId)?;
    ask.perform(Command::Revoke { space, row })?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn space(ask: &Ask<'_>) -> Result<SpaceId, Failure> {
    Ok(ask.world().visible_space_keyed(&ask.caller, ask.param(0))?.id)
}

/// A text that the body has to hold.
pub(super) fn text<'v>(value: &'v Value, field: &str, name: &str) -> Result<&'v str, Failure> {
    let missing = || Failure::bad_request(format!("`{name}` is required and must be a string"));
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(missing)
}
