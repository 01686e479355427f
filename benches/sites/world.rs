//! A site of any size, made in memory: everyone in one group that licenses, teams of ten, and in each space a team, a
//! homepage and pages below it, some of them for the team alone.

use std::collections::{BTreeMap, BTreeSet};

use confperm::sandbox::world::{
    AccountId, Content, ContentId, Edition, Grant, Group, GroupAccess, GroupId, Lists, Pair, Principal,
    Quirks, Role, RoleMode, Settings, Space, SpaceId, User, World,
};

use crate::builder::sandbox;

/// How much there is of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measures {
    pub(crate) spaces: u64,
    pub(crate) people: u64,
    pub(crate) teams: u64,
    /// In each space, the homepage included.
    pub(crate) pages: u64,
    pub(crate) mode: RoleMode,
}

/// The first person administers everything, and is the caller.
pub(crate) fn world(measures: Measures) -> World {
    let settings = Settings {
        edition: Edition::Premium,
        url: "https://acme.example/wiki".to_owned(),
        caller: Some(person(0)),
        ..sandbox::settings(measures.mode)
    };
    let mut world = World::new(settings, Quirks::default());
    (0..measures.people).for_each(|number| world.add_user(user(number)));
    world.add_group(group("everyone", (0..measures.people).map(person), Some(GroupAccess::User)));
    world.add_group(group("admins", [person(0)], Some(GroupAccess::Admin)));
    for team in 0..measures.teams {
        let members = (0..10).map(|member| person((team * 10 + member) % measures.people));
        world.add_group(group(&format!("team-{team}"), members, None));
    }
    if measures.mode != RoleMode::PreRoles {
        for (name, permissions) in [
            ("viewer", vec![Pair::ReadSpace]),
            ("admin", vec![Pair::ReadSpace, Pair::AdministerSpace, Pair::RestrictContent]),
        ] {
            world.add_role(Role { system: true, ..sandbox::role(name, permissions) });
        }
    }
    (0..measures.spaces).for_each(|number| space(&mut world, number, measures));
    world
}

pub(crate) fn person(number: u64) -> AccountId {
    AccountId::from(format!("u-{number:06}").as_str())
}

fn team(number: u64, measures: Measures) -> Principal {
    Principal::Group(GroupId::from(format!("g-team-{}", number % measures.teams).as_str()))
}

fn user(number: u64) -> User {
    User {
        handle: format!("p{number}"),
        name: format!("Person {number}"),
        email: Some(format!("p{number}@example.com")),
        confluence_admin: number == 0,
        ..sandbox::user(person(number))
    }
}

fn group(name: &str, members: impl IntoIterator<Item = AccountId>, access: Option<GroupAccess>) -> Group {
    Group { id: GroupId::from(format!("g-{name}").as_str()), access, ..sandbox::group(name, members) }
}

fn space(world: &mut World, number: u64, measures: Measures) {
    let id = SpaceId(1 + number);
    let home = 1 + number * measures.pages;
    let (admin, team) = (Principal::User(person(0)), team(number, measures));
    let assignments = match measures.mode {
        RoleMode::PreRoles => BTreeMap::new(),
        RoleMode::RolesTransition | RoleMode::Roles => {
            BTreeMap::from([(admin.clone(), "admin".into()), (team.clone(), "viewer".into())])
        }
    };
    world.add_space(Space {
        name: format!("Space {number}"),
        homepage: Some(ContentId(home)),
        assignments,
        ..sandbox::space(id, &format!("S{number}"))
    });
    if measures.mode == RoleMode::PreRoles {
        let of_team = [Pair::ReadSpace, Pair::CreatePage, Pair::CreateComment];
        for pair in [Pair::ReadSpace, Pair::CreatePage, Pair::RestrictContent, Pair::AdministerSpace] {
            world.add_grant(id, &Grant { principal: admin.clone(), pair });
        }
        for pair in of_team {
            world.add_grant(id, &Grant { principal: team.clone(), pair });
        }
    }
    for page in 0..measures.pages {
        // Each page below the homepage has nine below it.
        let above = (page > 0).then(|| ContentId(home + if page % 10 == 1 { 0 } else { page / 10 * 10 + 1 }));
        let above = above.filter(|above| above.0 < home + page).or((page > 0).then_some(ContentId(home)));
        let closed = page % 10 == 2;
        let lists = Lists {
            read: if closed { BTreeSet::from([admin.clone(), team.clone()]) } else { BTreeSet::new() },
            update: BTreeSet::new(),
        };
        world.add_content(Content {
            lists,
            ..sandbox::page(id, ContentId(home + page), above, format!("Page {page}"))
        });
    }
}
