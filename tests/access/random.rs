//! Random small sites, and ways to see less of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use confperm::model::{
    AccessClass, AccountStatus, Content, ContentKind, Known, Live, Parent, Permission, Principal,
    ProductAccess, RoleKind, SpaceRoleMode, SpaceStatus, Tree, Why,
};

use crate::naive::role_name;
use crate::world::{LiveBuilder, id, principal};

/// Steele, Lea and Flood's `SplitMix64`: enough, and the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

pub(crate) const PEOPLE: [&str; 6] = ["ann", "bob", "cai", "dan", "eve", "fay"];
pub(crate) const GROUPS: [&str; 3] = ["a", "b", "c"];
pub(crate) const PAGES: u64 = 7;

const PERMISSIONS: [&str; 11] = [
    "read/space",
    "create/page",
    "update/page",
    "create/blogpost",
    "update/blogpost",
    "create/comment",
    "delete/page",
    "delete_own/space",
    "restrict_content/space",
    "export/space",
    "administer/space",
];

/// A site of which everything is known.
pub(crate) fn world(dice: &mut Dice) -> LiveBuilder {
    let mut world = LiveBuilder::new();
    for name in PEOPLE {
        world = match dice.below(9) {
            0 => world.unlicensed(name),
            1 if dice.one_in(3) => world.guest(name),
            1 if dice.one_in(2) => world.guest(name).home(name, "OTHER"),
            1 => world.guest(name).home(name, "ENG"),
            2 => world.app(name),
            3 => world.people(name).status(name, AccountStatus::Inactive),
            _ => world.people(name),
        };
    }
    for name in GROUPS {
        let members: Vec<&str> = PEOPLE.into_iter().filter(|_| dice.one_in(3)).collect();
        world = world.group(name, &members.join(" "));
        // Guests have a product role of their own.
        let guests = members.iter().any(|name| world.person(name).guest == Known::Known(true));
        if dice.one_in(4) && !guests {
            world = world.product(name, *dice.pick(&[ProductAccess::User, ProductAccess::Admin]));
        }
    }
    let mode = *dice.pick(&[SpaceRoleMode::PreRoles, SpaceRoleMode::RolesTransition, SpaceRoleMode::Roles]);
    world = world.mode(mode).anonymous(Known::Known(dice.one_in(2))).space("ENG");
    for role in ["Small", "Large"] {
        let permissions: Vec<&str> =
            some_permissions(dice).into_iter().map(|name| role_name(name.parse().unwrap())).collect();
        world = world.role(role, RoleKind::Custom, &permissions.join(" "));
    }
    for _ in 0..=dice.below(5) {
        world = grant(world, dice);
    }
    if dice.one_in(4) {
        world.at("ENG").unlicensed_access =
            *dice.pick(&[Known::Known(true), Known::Unknown(Why::NoApi), Known::Unknown(Why::NoApi)]);
    }
    if dice.one_in(6) && !world.at("ENG").holdings.contains_key(&Principal::Anonymous) {
        world.at("ENG").unlisted_anonymous = *dice.pick(&[Known::Known(true), Known::Unknown(Why::NoApi)]);
    }
    if dice.one_in(10) {
        world.at("ENG").space.status = SpaceStatus::Archived;
    }
    for page in 1..=PAGES {
        let parent = if page == 1 || dice.one_in(4) { 0 } else { 1 + dice.below(page - 1) };
        let (view, edit) = (list(dice), list(dice));
        world = world.page("ENG", page, parent, &view, &edit);
        if parent == 0 && dice.one_in(3) {
            world = world.kind("ENG", page, ContentKind::Blogpost);
        } else if dice.one_in(5) {
            world = world.archive("ENG", page);
        }
    }
    world
}

/// The same site with a few changes to grants and lists.
pub(crate) fn changed(before: &LiveBuilder, dice: &mut Dice) -> LiveBuilder {
    let mut world = before.clone();
    for _ in 0..=dice.below(3) {
        match dice.below(3) {
            0 => world = grant(world, dice),
            1 => {
                let held: Vec<Principal> = world.at("ENG").holdings.keys().cloned().collect();
                if !held.is_empty() {
                    let gone = dice.pick(&held).clone();
                    world.at("ENG").holdings.remove(&gone);
                }
            }
            _ => {
                let (page, view, edit) = (1 + dice.below(PAGES), list(dice), list(dice));
                world = world.restrict("ENG", page, &view, &edit);
            }
        }
    }
    world
}

/// What a caller who is not shown everything sees of the site.
pub(crate) fn hidden(world: &LiveBuilder, dice: &mut Dice) -> Live {
    let mut live = world.0.clone();
    for group in live.directory.groups.values_mut() {
        if dice.one_in(5) {
            group.members = Known::Unknown(Why::Hidden);
        }
        // One group keeps its access, or every account would be taken to be licensed.
        if dice.one_in(5) && group.name.raw() != "users" {
            group.access = Known::Unknown(Why::Hidden);
        }
    }
    for name in PEOPLE {
        let account = name.parse().unwrap();
        match dice.below(8) {
            0 => drop(live.directory.people.remove(&account)),
            1 => live.directory.people.get_mut(&account).unwrap().guest = Known::Unknown(Why::NoApi),
            2 => live.directory.people.get_mut(&account).unwrap().status = AccountStatus::Unknown,
            _ => {}
        }
    }
    if dice.one_in(4) {
        live.site.anonymous_access = Known::Unknown(Why::NoApi);
    }
    // Only the service desk opens a space, and this is its sign.
    let desk = Principal::Class(AccessClass::JsmProjectAdmins);
    for space in live.spaces.values_mut().map(Arc::make_mut) {
        if dice.one_in(4)
            && (space.holdings.contains_key(&desk) || space.unlicensed_access == Known::Known(false))
        {
            space.unlicensed_access = Known::Unknown(Why::NoApi);
        }
        if dice.one_in(4) {
            space.holdings.remove(&Principal::Anonymous);
            space.unlisted_anonymous = Known::Unknown(Why::NoApi);
        }
    }
    live.guests.retain(|_, _| dice.one_in(2));
    for role in live.roles.values_mut() {
        if dice.one_in(4) {
            role.names = BTreeSet::from(["words/nobody-knows".to_owned()]);
        }
    }
    live.learn_roles();
    for space in live.spaces.values_mut().map(Arc::make_mut) {
        let mut tree = Tree::default();
        for content in space.tree.take().iter().flat_map(Tree::iter) {
            if dice.one_in(8) {
                continue;
            }
            let unread = dice.one_in(8);
            let restrictions =
                if unread { Known::Unknown(Why::Hidden) } else { content.restrictions.clone() };
            tree.insert(Content { restrictions, ..content.clone() });
        }
        space.tree = Some(tree);
    }
    live
}

fn grant(mut world: LiveBuilder, dice: &mut Dice) -> LiveBuilder {
    let who = *dice.pick(&[
        "user:ann",
        "user:bob",
        "user:cai",
        "user:dan",
        "group:a",
        "group:a",
        "group:b",
        "group:b",
        "group:c",
        "group:users",
        "anonymous",
        "class:all-licensed-users",
        "class:all-product-admins",
        "class:authenticated-users",
        "class:jsm-project-admins",
    ]);
    world.at("ENG").holdings.remove(&principal(who));
    if dice.one_in(4) {
        let role = *dice.pick(&["Small", "Large"]);
        return world.assign("ENG", who, role);
    }
    let permissions = some_permissions(dice);
    world.grant("ENG", who, &permissions.join(" "))
}

fn some_permissions(dice: &mut Dice) -> Vec<&'static str> {
    let mut permissions: Vec<&str> = PERMISSIONS.into_iter().filter(|_| dice.one_in(2)).collect();
    if dice.below(8) > 0 {
        permissions.push("read/space");
    }
    if permissions.is_empty() {
        permissions.push(Permission::CreateComment.as_str());
    }
    permissions
}

fn list(dice: &mut Dice) -> String {
    if dice.below(5) < 3 {
        return String::new();
    }
    let subjects = ["user:ann", "user:bob", "user:cai", "user:eve", "group:a", "group:b", "group:users"];
    let some: Vec<&str> = subjects.into_iter().filter(|_| dice.one_in(3)).collect();
    some.join(" ")
}

#[test]
fn hiding_leaves_parents_behind() {
    // Pages whose parent is hidden must occur, or the property says little.
    let mut dice = Dice(1);
    let orphans = (0..50).any(|_| {
        let world = world(&mut dice);
        let live = hidden(&world, &mut dice);
        let tree = live.spaces.values().next().unwrap().tree.as_ref().unwrap();
        let orphan = |content: &Content| matches!(content.parent, Parent::Content(parent) if tree.get(parent).is_none());
        (1..=PAGES).filter_map(|page| tree.get(id(page))).any(orphan)
    });
    assert!(orphans);
}
