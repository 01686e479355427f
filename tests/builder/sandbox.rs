//! The pieces of a sandbox with what they mostly have, to be changed by struct update.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::Permission;
use confperm::sandbox::world::{
    AccountId, AccountStatus, AccountType, Class, Content, ContentId, Edition, Group, Kind, Lists, Pair,
    Principal, Role, RoleMode, Settings, Space, SpaceId, SpaceStatus, SpaceType, Status, User,
};

/// A site for licensed people only.
pub(crate) fn settings(mode: RoleMode) -> Settings {
    Settings {
        mode,
        edition: Edition::Standard,
        anonymous: false,
        unlicensed_access: false,
        url: "https://acme.atlassian.net/wiki".to_owned(),
        cloud_id: "cloud".to_owned(),
        caller: None,
    }
}

/// An active person with a licence.
pub(crate) fn user(account: impl Into<AccountId>) -> User {
    let account = account.into();
    User {
        handle: account.as_str().to_owned(),
        name: account.as_str().to_owned(),
        account,
        email: None,
        status: AccountStatus::Active,
        kind: AccountType::Atlassian,
        licensed: true,
        confluence_admin: false,
        guest_of: None,
        jsm_project_admin: false,
        token_scopes: None,
    }
}

/// A guest of one space.
pub(crate) fn guest(account: &str, space: &str) -> User {
    User { licensed: false, guest_of: Some(space.into()), ..user(account) }
}

/// A group that gives no licence.
pub(crate) fn group(name: &str, members: impl IntoIterator<Item = AccountId>) -> Group {
    Group {
        id: name.into(),
        name: name.to_owned(),
        members: members.into_iter().collect(),
        team: false,
        access: None,
    }
}

/// A role of the site's own making.
pub(crate) fn role(name: &str, permissions: impl IntoIterator<Item = Pair>) -> Role {
    Role {
        id: name.into(),
        name: name.to_owned(),
        system: false,
        description: String::new(),
        permissions: permissions.into_iter().collect(),
        disabled: false,
        made_of: None,
    }
}

/// A space with nothing in it.
pub(crate) fn space(id: SpaceId, key: &str) -> Space {
    Space {
        id,
        key: key.into(),
        name: key.to_owned(),
        kind: SpaceType::Global,
        status: SpaceStatus::Current,
        labels: BTreeSet::new(),
        unlicensed_access: false,
        homepage: None,
        roots: Vec::new(),
        blogposts: Vec::new(),
        contents: BTreeSet::new(),
        grants: BTreeMap::new(),
        assignments: BTreeMap::new(),
    }
}

/// A page without lists of its own, at the top of its space where it has no parent.
pub(crate) fn page(space: SpaceId, id: ContentId, parent: Option<ContentId>, title: String) -> Content {
    Content {
        id,
        space,
        kind: Kind::Page,
        status: Status::Current,
        title,
        labels: BTreeSet::new(),
        author: None,
        parent,
        children: Vec::new(),
        lists: Lists::default(),
    }
}

/// `user:ann`, `group:eng`, `class:all-licensed-users` or `anonymous`.
pub(crate) fn principal(text: &str) -> Principal {
    match text.split_once(':') {
        Some(("group", id)) => Principal::Group(id.into()),
        Some(("user", id)) => Principal::User(id.into()),
        Some(("class", id)) => Principal::Class(*Class::ALL.iter().find(|class| class.id() == id).unwrap()),
        None if text == "anonymous" => Principal::Anonymous,
        _ => panic!("{text} is no principal"),
    }
}

/// What a permission is called on the wire.
pub(crate) fn pair(permission: Permission) -> Pair {
    let (key, target) = permission.cloud_pair().split_once('/').unwrap();
    *Pair::ALL.iter().find(|pair| pair.key() == key && pair.target() == target).unwrap()
}
