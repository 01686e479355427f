//! `POST /users-bulk` (API v2, createBulkUserLookup): the only place that tells deactivated accounts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use crate::sandbox::world::{AccountId, Caller, SpaceType, World};

pub(in crate::sandbox::http) fn bulk(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    if ask.caller == Caller::Anonymous {
        return Err(Failure::not_found("Not permitted to view user profiles"));
    }
    let body = ask.json()?;
    let wrong = || Failure::bad_request("`accountIds` is required and must be an array of strings");
    let ids = body["accountIds"].as_array().ok_or_else(wrong)?;
    let ids: Option<BTreeSet<&str>> = ids.iter().map(Value::as_str).collect();
    let ids = ids.ok_or_else(wrong)?;
    if !(1..=250).contains(&ids.len()) {
        return Err(Failure::bad_request("`accountIds` takes 1 to 250 values"));
    }
    let world = ask.world();
    let shown: Vec<Value> =
        ids.into_iter().filter_map(|id| render(world, &ask.caller, &AccountId::from(id))).collect();
    Ok(Answer::ok(json!({"results": shown, "_links": {"base": world.settings.url}})))
}

/// Unknown accounts are left out.
fn render(world: &World, caller: &Caller, account: &AccountId) -> Option<Value> {
    let user = world.user(account)?;
    let own = caller.account() == Some(account);
    let email = user.email.as_deref().filter(|_| own || world.quirks.emails_visible).unwrap_or_default();
    // Newer keys leave the punctuation of the account id out.
    let plain: String = account.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    let personal = [account.as_str(), &plain].into_iter().find_map(|id| world.space_keyed(&format!("~{id}")));
    let personal = personal.filter(|space| space.kind == SpaceType::Personal);
    Some(json!({
        "displayName": user.name,
        "timeZone": null,
        "personalSpaceId": personal.map(|space| space.id.to_string()),
        "isExternalCollaborator": user.guest_of.is_some(),
        "accountStatus": user.status.id(),
        "accountId": account.as_str(),
        "email": email,
        "accountType": user.kind.id(),
        "publicName": user.name,
        "profilePicture": {"path": "/wiki/aa-avatar/default", "isDefault": true},
    }))
}
