//! v1 JSON of users, groups and restriction lists (API v1: `User`, `Group`, `ContentRestriction`).

use serde_json::{Value, json};

use crate::sandbox::world::{
    AccountId, AccountStatus, AccountType, Caller, ContentId, Group, GroupId, ListKind, Lists, Principal,
    User, World,
};

/// A user, as the caller gets to see it.
pub(super) fn user(world: &World, caller: &Caller, user: &User) -> Value {
    let own = caller.account() == Some(&user.account);
    let email = user.email.as_deref().filter(|_| own || world.quirks.emails_visible).unwrap_or_default();
    // The v1 enum has no word for customers.
    let kind = if user.kind == AccountType::App { "app" } else { "atlassian" };
    let guest = user.guest_of.is_some();
    json!({
        "type": if user.status == AccountStatus::Closed { "unknown" } else { "known" },
        "accountId": user.account.as_str(),
        "accountType": kind,
        "email": email,
        "publicName": user.name,
        "displayName": user.name,
        "profilePicture": {"path": "/wiki/aa-avatar/default", "width": 48, "height": 48, "isDefault": true},
        "isExternalCollaborator": guest,
        "isGuest": guest,
        "_expandable": {"operations": "", "details": "", "personalSpace": ""},
        "_links": {"self": format!("{}/rest/api/user?accountId={}", world.settings.url, user.account)},
    })
}

/// What a user may do on the whole site (API v1, `operations` of a user).
pub(super) fn site_operations(user: &User) -> Value {
    let active = user.status == AccountStatus::Active;
    let held = [("use", active && user.licensed), ("administer", active && user.confluence_admin)];
    held.into_iter()
        .filter(|(_, held)| *held)
        .map(|(operation, _)| json!({"operation": operation, "targetType": "application"}))
        .collect()
}

/// A list entry that is no account of this site.
fn unknown_user(account: &AccountId) -> Value {
    json!({
        "type": "unknown", "accountId": account.as_str(), "accountType": "", "email": "",
        "publicName": "Former user", "displayName": "Former user", "_expandable": {}, "_links": {},
    })
}

pub(super) fn anonymous() -> Value {
    json!({
        "type": "anonymous",
        "profilePicture": {"path": "/wiki/images/icons/profilepics/anonymous.svg", "width": 48, "height": 48, "isDefault": true},
        "displayName": "Anonymous",
        "_expandable": {"operations": ""},
        "_links": {},
    })
}

pub(super) fn group(world: &World, group: &Group) -> Value {
    let (usage, managed) =
        if group.team { ("TEAM_COLLABORATION", "TEAM_MEMBERS") } else { ("USERBASE_GROUP", "ADMINS") };
    json!({
        "type": "group",
        "name": group.name,
        "id": group.id.as_str(),
        "usageType": usage,
        "managedBy": managed,
        "_links": {"self": format!("{}/rest/api/group/by-id?id={}", world.settings.url, group.id)},
    })
}

/// A group that is in a list and was deleted.
fn unknown_group(id: &GroupId) -> Value {
    json!({"type": "group", "name": "", "id": id.as_str(), "_links": {}})
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) users: usize,
    pub(super) groups: usize,
}

/// The list of an operation of some content, out of its two lists.
pub(super) fn restriction(
    world: &World,
    caller: &Caller,
    (content, lists): (ContentId, &Lists),
    list: ListKind,
    window: Window,
) -> Value {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for principal in lists.get(list) {
        match principal {
            Principal::User(account) => {
                users.push(
                    world
                        .user(account)
                        .map_or_else(|| unknown_user(account), |found| user(world, caller, found)),
                );
            }
            Principal::Group(id) => {
                groups.push(world.group(id).map_or_else(|| unknown_group(id), |found| group(world, found)));
            }
            Principal::Class(_) | Principal::Anonymous => {}
        }
    }
    let cut = |items: Vec<Value>, limit: usize| {
        let shown: Vec<Value> = items.into_iter().skip(window.start).take(limit).collect();
        json!({"size": shown.len(), "results": shown, "start": window.start, "limit": limit})
    };
    let here = format!("/rest/api/content/{}/restriction/byOperation/{}", content, list.id());
    json!({
        "operation": list.id(),
        "restrictions": {
            "user": cut(users, window.users),
            "group": cut(groups, window.groups),
            "_expandable": {},
        },
        "_expandable": {"content": format!("/rest/api/content/{content}")},
        "_links": {"self": format!("{}{here}", world.settings.url)},
    })
}
