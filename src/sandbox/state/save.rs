//! From a world to the layout of a state file.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{self, File, Map, Node};
use crate::sandbox::world::{
    AccountId, AccountType, Content, ContentId, GroupId, Kind, Principal, RoleId, Space, User, World,
};

pub(super) fn save(world: &World) -> File {
    let settings = &world.settings;
    let names = Names::of(world);
    File {
        kind: shape::KIND.to_owned(),
        version: shape::VERSION,
        site: shape::Site {
            flavor: shape::Flavor::Cloud,
            space_role_mode: settings.mode,
            edition: settings.edition,
            anonymous: settings.anonymous,
            unlicensed_access: settings.unlicensed_access,
            url: settings.url.clone(),
            cloud_id: Some(settings.cloud_id.clone()),
            caller: settings.caller.as_ref().and_then(|account| names.users.get(account)).cloned(),
        },
        users: Map(world.users().map(|user| (user.handle.clone(), save_user(user))).collect()),
        groups: Map(world
            .groups()
            .map(|group| {
                (
                    names.groups[&group.id].clone(),
                    shape::Group {
                        id: group.id.0.clone(),
                        members: names.handles(&group.members),
                        team: group.team,
                        access: group.access,
                    },
                )
            })
            .collect()),
        roles: Map(world
            .roles()
            .map(|role| {
                (
                    names.roles[&role.id].clone(),
                    shape::Role {
                        id: role.id.0.clone(),
                        kind: if role.system { shape::RoleKind::System } else { shape::RoleKind::Custom },
                        description: role.description.clone(),
                        disabled: role.disabled,
                        permissions: role.permissions.iter().copied().collect(),
                    },
                )
            })
            .collect()),
        spaces: Map(world
            .spaces()
            .map(|space| (space.key.0.clone(), save_space(world, &names, space)))
            .collect()),
        quirks: world.quirks.clone(),
        adversary: None,
    }
}

fn save_user(user: &User) -> shape::User {
    let usual = user.kind == AccountType::Atlassian && user.guest_of.is_none();
    shape::User {
        account_id: user.account.0.clone(),
        name: Some(user.name.clone()),
        email: user.email.clone(),
        status: user.status,
        kind: user.kind,
        confluence_admin: user.confluence_admin,
        jsm_project_admin: user.jsm_project_admin,
        guest_of: user.guest_of.as_ref().map(|key| key.0.clone()),
        licensed: (user.licensed != usual).then_some(user.licensed),
        token_scopes: user.token_scopes.clone(),
    }
}

fn save_space(world: &World, names: &Names, space: &Space) -> shape::Space {
    let mut permissions: BTreeMap<String, BTreeSet<&Principal>> = BTreeMap::new();
    for grant in space.grants.values() {
        permissions.entry(grant.pair.to_string()).or_default().insert(&grant.principal);
    }
    let mut role_assignments: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (principal, role) in &space.assignments {
        if let Some(role) = names.roles.get(role) {
            role_assignments.entry(role.clone()).or_default().push(names.principal(principal));
        }
    }
    let first_page =
        space.roots.iter().find(|id| world.content(**id).is_some_and(|node| node.kind == Kind::Page));
    shape::Space {
        id: space.id.0,
        name: space.name.clone(),
        kind: space.kind,
        status: space.status,
        labels: space.labels.clone(),
        unlicensed_access: space.unlicensed_access,
        homepage: space.homepage.filter(|home| Some(home) != first_page).map(|home| home.0),
        permissions: Map(permissions
            .into_iter()
            .map(|(pair, holders)| {
                (pair, holders.into_iter().map(|holder| names.principal(holder)).collect())
            })
            .collect()),
        role_assignments: Map(role_assignments),
        pages: save_nodes(world, names, &space.roots),
        blogposts: save_nodes(world, names, &space.blogposts),
    }
}

fn save_nodes(world: &World, names: &Names, ids: &[ContentId]) -> Vec<Node> {
    ids.iter().filter_map(|id| world.content(*id)).map(|content| save_node(world, names, content)).collect()
}

fn save_node(world: &World, names: &Names, content: &Content) -> Node {
    Node {
        id: content.id.0,
        title: content.title.clone(),
        kind: Some(content.kind).filter(|kind| !matches!(kind, Kind::Page | Kind::Blogpost)),
        status: content.status,
        labels: content.labels.clone(),
        author: content.author.as_ref().map(|account| {
            names.users.get(account).cloned().unwrap_or_else(|| format!("account-id:{account}"))
        }),
        view: content.lists.read.iter().map(|entry| names.principal(entry)).collect(),
        edit: content.lists.update.iter().map(|entry| names.principal(entry)).collect(),
        children: save_nodes(world, names, &content.children),
    }
}

/// What the file calls accounts, groups and roles. Two of one name are told apart by their ids.
struct Names {
    users: BTreeMap<AccountId, String>,
    groups: BTreeMap<GroupId, String>,
    roles: BTreeMap<RoleId, String>,
}

impl Names {
    fn of(world: &World) -> Self {
        Self {
            users: world.users().map(|user| (user.account.clone(), user.handle.clone())).collect(),
            groups: apart(world.groups().map(|group| (group.id.clone(), group.name.clone()))),
            roles: apart(world.roles().map(|role| (role.id.clone(), role.name.clone()))),
        }
    }

    fn handles(&self, accounts: &BTreeSet<AccountId>) -> Vec<String> {
        accounts.iter().filter_map(|account| self.users.get(account)).cloned().collect()
    }

    fn principal(&self, principal: &Principal) -> String {
        match principal {
            Principal::User(id) => {
                self.users.get(id).map_or_else(|| format!("account-id:{id}"), |name| format!("user:{name}"))
            }
            Principal::Group(id) => {
                self.groups.get(id).map_or_else(|| format!("group-id:{id}"), |name| format!("group:{name}"))
            }
            Principal::Class(class) => format!("class:{}", class.id()),
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }
}

fn apart<Id: Ord + Clone + std::fmt::Display>(
    names: impl Iterator<Item = (Id, String)>,
) -> BTreeMap<Id, String> {
    let mut taken = BTreeSet::new();
    names
        .map(|(id, name)| {
            let name = if taken.insert(name.clone()) { name } else { format!("{name} ({id})") };
            (id, name)
        })
        .collect()
}
