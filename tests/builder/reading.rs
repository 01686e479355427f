//! A sandbox as a plan sees it, read in full and without a server between the two. Tests take away afterwards what a
//! client could not have read.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{
    AccountId, AccountKind, AccountStatus, Audience, Content, ContentKind, Directory, Edition, GrantId,
    Group, Holding, Known, Live, LiveSpace, Permission, Person, Principal, ProductAccess, Restrictions, Role,
    RoleId, RoleKind, Space, SpaceKind, SpaceRoleMode, SpaceStatus, Tree,
};
use confperm::sandbox::world::{self, Pair, World};

use super::ids::{account, group, id, key};
use super::live;

/// Everything that a world says of itself, to a caller who is in the groups that list them.
pub(crate) fn live(world: &World, caller: AccountId) -> Live {
    let mode = match world.settings.mode {
        world::RoleMode::PreRoles => SpaceRoleMode::PreRoles,
        world::RoleMode::RolesTransition => SpaceRoleMode::RolesTransition,
        world::RoleMode::Roles => SpaceRoleMode::Roles,
    };
    let mut live = live::site(mode, caller);
    live.site.base_url = world.settings.url.as_str().into();
    live.site.edition = match world.settings.edition {
        world::Edition::Free => Edition::Free,
        world::Edition::Standard => Edition::Standard,
        world::Edition::Premium => Edition::Premium,
        world::Edition::Enterprise => Edition::Enterprise,
    };
    live.site.anonymous_access = Known::Known(world.settings.anonymous);
    live.roles = world.roles().map(|role| role_of(world, role)).map(|role| (role.id.clone(), role)).collect();
    live.directory = Directory {
        people: world.users().map(person).map(|person| (person.account.clone(), person)).collect(),
        groups: world.groups().map(group_of).map(|group| (group.id.clone(), group)).collect(),
        missing: BTreeMap::new(),
    };
    live.spaces = world
        .spaces()
        .map(|space| space_of(world, space))
        .map(|it| (it.space.key.clone(), it.into()))
        .collect();
    live
}

pub(crate) fn principal(who: &world::Principal) -> Principal {
    match who {
        world::Principal::User(name) => Principal::User(account(name.as_str())),
        world::Principal::Group(name) => Principal::Group(group(name.as_str())),
        world::Principal::Class(class) => Principal::Class(class.id().parse().unwrap()),
        world::Principal::Anonymous => Principal::Anonymous,
    }
}

pub(crate) fn permission(pair: Pair) -> Permission {
    Permission::from_cloud_pair(pair.key(), pair.target()).unwrap()
}

fn person(user: &world::User) -> Person {
    Person {
        kind: match user.kind {
            world::AccountType::Atlassian => AccountKind::Human,
            world::AccountType::App => AccountKind::App,
            world::AccountType::Customer => AccountKind::Customer,
        },
        status: match user.status {
            world::AccountStatus::Active => AccountStatus::Active,
            world::AccountStatus::Inactive => AccountStatus::Inactive,
            world::AccountStatus::Closed => AccountStatus::Closed,
        },
        guest: Known::Known(user.guest_of.is_some()),
        ..live::person(account(user.account.as_str()), user.name.as_str())
    }
}

fn group_of(listed: &world::Group) -> Group {
    let members = listed.members.iter().map(|member| account(member.as_str())).collect();
    let access = match listed.access {
        Some(world::GroupAccess::Admin) => ProductAccess::Admin,
        Some(world::GroupAccess::User) => ProductAccess::User,
        Some(world::GroupAccess::SiteAdmin) | None => ProductAccess::None,
    };
    Group {
        members: Known::Known(members),
        access: Known::Known(access),
        ..live::group(group(listed.id.as_str()), listed.name.as_str())
    }
}

fn role_of(world: &World, role: &world::Role) -> Role {
    let id: RoleId = role.id.as_str().parse().unwrap();
    let names = world.quirks.role_vocabulary.ids_of(role).into_iter().collect();
    Role::new(id, role.name.as_str().into(), RoleKind::Custom, names)
}

fn space_of(world: &World, space: &world::Space) -> LiveSpace {
    let mut holdings: BTreeMap<Principal, Holding> = BTreeMap::new();
    for (row, grant) in &space.grants {
        let held = holdings.entry(principal(&grant.principal));
        if let Holding::Grants(grants) = held.or_insert_with(|| Holding::Grants(BTreeMap::new())) {
            grants.entry(permission(grant.pair)).or_default().insert(GrantId::from_number(row.0));
        }
    }
    let mut expanded = BTreeMap::new();
    for (who, role) in &space.assignments {
        // Rows of v2 show what a role gives in pairs, whatever roles call it.
        let pairs = world.role(role).unwrap().permissions.iter();
        let rows: BTreeSet<Permission> = pairs.map(|pair| permission(*pair)).collect();
        expanded.insert(principal(who), rows);
        holdings.insert(principal(who), Holding::Role(role.as_str().parse().unwrap()));
    }
    let mut tree = Tree::default();
    for content in world.contents().filter(|content| content.space == space.id) {
        tree.insert(content_of(content));
    }
    let listed = Space {
        name: space.name.as_str().into(),
        kind: match space.kind {
            world::SpaceType::Personal => SpaceKind::Personal,
            _ => SpaceKind::Global,
        },
        status: match space.status {
            world::SpaceStatus::Archived => SpaceStatus::Archived,
            _ => SpaceStatus::Current,
        },
        homepage: space.homepage.map(|page| id(page.0)),
        ..live::listed(space.id.0, key(space.key.as_str()))
    };
    LiveSpace { holdings, expanded, tree: Some(tree), ..live::space(listed) }
}

fn content_of(content: &world::Content) -> Content {
    Content {
        archived: content.status == world::Status::Archived,
        kind: match content.kind {
            world::Kind::Page => ContentKind::Page,
            world::Kind::Blogpost => ContentKind::Blogpost,
            world::Kind::Folder => ContentKind::Folder,
            world::Kind::Whiteboard => ContentKind::Whiteboard,
            world::Kind::Database => ContentKind::Database,
            world::Kind::Embed => ContentKind::Embed,
        },
        restrictions: Known::Known(Restrictions {
            view: audience(&content.lists.read),
            edit: audience(&content.lists.update),
        }),
        ..live::page(content.id.0, content.parent.map_or(0, |parent| parent.0), content.title.as_str())
    }
}

fn audience(list: &BTreeSet<world::Principal>) -> Audience {
    Audience::from_site_list(list.iter().map(|who| principal(who).subject().unwrap()))
}
