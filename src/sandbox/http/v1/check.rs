//! `POST /content/{id}/permission/check` (API v1, checkContentPermission).

use serde_json::json;

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::space_permissions::text;
use crate::sandbox::world::{AccountId, Denial, GroupId, Refusal, Status, Subject, Verb};

pub(in crate::sandbox::http) fn check(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let id = ask.content_id()?;
    let body = ask.json()?;
    let kind = text(&body["subject"], "type", "subject.type")?;
    let identifier = text(&body["subject"], "identifier", "subject.identifier")?;
    let subject = match (kind, identifier) {
        ("user", "anonymous") => Subject::Anonymous,
        ("user", id) => Subject::User(AccountId::from(id)),
        ("group", id) => Subject::Group(GroupId::from(id)),
        (other, _) => {
            return Err(Failure::bad_request(format!("`{other}` is not a valid subject type: user, group")));
        }
    };
    let verb = match text(&body, "operation", "operation")? {
        "read" => Verb::Read,
        "update" => Verb::Update,
        "delete" => Verb::Delete,
        other => {
            return Err(Failure::bad_request(format!(
                "`{other}` is not a valid operation: read, update, delete"
            )));
        }
    };

    let world = ask.world();
    let own = ask.caller.subject();
    let admin = own.account().and_then(|me| world.user(me)).is_some_and(|me| me.confluence_admin);
    if subject.account() != own.account() && !admin {
        return Err(Failure::forbidden(
            "Confluence Administrator is required to check the permissions of others",
        ));
    }
    let known = match &subject {
        Subject::User(account) | Subject::WithKey(account) => world.user(account).is_some(),
        Subject::Group(group) => world.group(group).is_some(),
        Subject::Anonymous => true,
    };
    if !known {
        return Err(Failure::bad_request(format!("Unknown {kind}: {identifier}")));
    }
    // The answer is about the subject: content that the caller cannot see is checked all the same.
    let live =
        world.content(id).is_some_and(|content| !matches!(content.status, Status::Trashed | Status::Draft));
    if !live {
        return Err(Refusal::NoContent(id).into());
    }
    let answer = match world.allows(&subject, verb, id) {
        Ok(()) => json!({"hasPermission": true, "errors": [], "_links": {}}),
        Err(denial) => {
            let (key, message) = reason(&subject, denial);
            let error = json!({"translation": message, "args": [], "key": key});
            json!({"hasPermission": false, "errors": [error], "_links": {}})
        }
    };
    Ok(Answer::ok(answer))
}

/// The eight reasons that API v1 names (`PermissionCheckResponse`).
fn reason(subject: &Subject, denial: Denial) -> (&'static str, &'static str) {
    match (subject, denial) {
        (Subject::Anonymous, Denial::Site) => {
            ("permission.check.anonymous.site", "Anonymous users are not allowed to use Confluence")
        }
        (_, Denial::Site) => ("permission.check.user.site", "User is not allowed to use Confluence"),
        (Subject::User(_) | Subject::WithKey(_), Denial::Space) => {
            ("permission.check.user.space", "User does not have permission to the space")
        }
        (Subject::Group(_), Denial::Space) => {
            ("permission.check.group.space", "Group does not have permission to the space")
        }
        (Subject::Anonymous, Denial::Space) => {
            ("permission.check.anonymous.space", "Anonymous user does not have permission to the space")
        }
        (Subject::User(_) | Subject::WithKey(_), _) => {
            ("permission.check.user.content", "User does not have permission to the content")
        }
        (Subject::Group(_), _) => {
            ("permission.check.group.content", "Group does not have permission to the content")
        }
        (Subject::Anonymous, _) => {
            ("permission.check.anonymous.content", "Anonymous user does not have permission to the content")
        }
    }
}
