//! What happens to a site between two runs: names move from thing to thing.

use std::collections::BTreeSet;

use confperm::sandbox::world::{
    AccountId, AccountStatus, Action, Content, ContentId, Group, GroupId, Kind, ListKind, Pair, Place,
    Principal, Role, RoleId, RoleMode, SpaceId, Status, World,
};

use super::case::{
    self, CALLER, Declared, GROUPS, LEAVERS, PEOPLE, ROLE_NAMES, ROW_HOLDERS, group, new_page, user,
};
use crate::worlds::Dice;

/// Changes a site as its people do, mostly where the policy has a name. What cannot be done is passed over.
pub(super) fn passes(dice: &mut Dice, world: &mut World, policy: &[Declared], keys_change: bool) {
    if keys_change && dice.one_in(2) {
        keys(dice, world);
    }
    if world.has_roles() && dice.one_in(2) {
        roles(dice, world);
    }
    for _ in 0..=dice.below(4) {
        match dice.below(10) {
            0..=5 => pages(dice, world, policy),
            6 | 7 => groups(dice, world),
            8 => others(dice, world),
            _ => access(dice, world),
        }
    }
    for _ in 0..3 {
        access(dice, world);
    }
}

/// A page that an entry names, or any page.
fn page(dice: &mut Dice, world: &World, policy: &[Declared]) -> ContentId {
    let named: Vec<ContentId> = policy
        .iter()
        .flat_map(Declared::names)
        .map(|name| name.page)
        .filter(|page| is_there(world, *page))
        .collect();
    let all: Vec<ContentId> =
        world.contents().map(|content| content.id).filter(|page| is_there(world, *page)).collect();
    if named.is_empty() || dice.one_in(4) { dice.pick(&all) } else { dice.pick(&named) }
}

fn is_there(world: &World, page: ContentId) -> bool {
    world.content(page).is_some_and(|content| content.status == Status::Current)
}

fn pages(dice: &mut Dice, world: &mut World, policy: &[Declared]) {
    let one = page(dice, world, policy);
    let content = world.content(one).unwrap();
    let (space, title, parent, kind) = (content.space, content.title.clone(), content.parent, content.kind);
    let titled: Vec<ContentId> = world
        .contents()
        .filter(|content| content.kind == kind && content.space == space)
        .map(|content| content.id)
        .collect();
    let other = dice.pick(&titled);
    match dice.below(9) {
        0 => rename(world, one, &fresh(world)),
        1 | 2 => swap(world, one, other),
        // Another page, in the same place or elsewhere, has the name from now on.
        3 => {
            rename(world, one, &fresh(world));
            rename(world, other, &title);
        }
        4 => {
            drop(world.act(&Action::DeletePage { content: one }));
            rename(world, other, &title);
        }
        5 => {
            match dice.below(3) {
                0 => rename(world, one, &fresh(world)),
                1 => drop(world.act(&Action::DeletePage { content: one })),
                _ => drop(world.act(&Action::ArchivePage { content: one })),
            }
            let above = parent.filter(|parent| is_there(world, *parent));
            if let Some(parent) = above.filter(|_| kind == Kind::Page) {
                let page = new_page(world, parent, &title);
                world.add_content(page);
            }
        }
        6 => {
            let to = page(dice, world, policy);
            let place =
                if dice.one_in(3) { Place::Top(SpaceId(1 + dice.below(3) as u64)) } else { Place::Below(to) };
            if world.content(to).is_some_and(|content| content.kind == Kind::Page) {
                drop(world.act(&Action::MovePage { content: one, to: place }));
            }
        }
        7 => drop(world.act(&Action::ArchivePage { content: one })),
        _ => drop(world.act(&Action::DeletePage { content: one })),
    }
}

fn fresh(world: &World) -> String {
    format!("New {}", world.contents().filter(|content| content.title.starts_with("New")).count())
}

fn rename(world: &mut World, content: ContentId, title: &str) {
    drop(world.act(&Action::RenamePage { content, title: title.to_owned() }));
}

fn swap(world: &mut World, one: ContentId, other: ContentId) {
    let titles =
        [one, other].map(|page| world.content(page).map(|content: &Content| content.title.clone()).unwrap());
    rename(world, one, &titles[1]);
    rename(world, other, &titles[0]);
}

/// A space gets another key; perhaps another space takes its old one over, and it that of the other.
fn keys(dice: &mut Dice, world: &mut World) {
    let [one, other] = [0, 1].map(|_| SpaceId(1 + dice.below(3) as u64));
    let key = |world: &World, space| world.space(space).map(|space| space.key.as_str().to_owned()).unwrap();
    let [first, second] = [one, other].map(|space| key(world, space));
    let mut change = |space, key: &str| {
        drop(world.act(&Action::ChangeSpaceKey { space, key: key.to_owned() }));
    };
    change(one, "NEW");
    if one != other && dice.one_in(2) {
        change(other, &first);
        if dice.one_in(2) {
            change(one, &second);
        }
    }
}

fn groups(dice: &mut Dice, world: &mut World) {
    let [one, other] = [0, 1].map(|_| GroupId(format!("g-{}", dice.pick(&GROUPS))));
    let name = |world: &World, id: &GroupId| world.group(id).map(|group| group.name.clone());
    let Some(first) = name(world, &one) else { return };
    let rename = |world: &mut World, group: &GroupId, name: &str| {
        drop(world.act(&Action::RenameGroup { group: group.clone(), name: name.to_owned() }));
    };
    match dice.below(5) {
        0 => rename(world, &one, &format!("{first}-2")),
        1 => {
            if let Some(second) = name(world, &other) {
                rename(world, &one, &second);
                rename(world, &other, &first);
            }
        }
        2 => {
            rename(world, &one, &format!("{first}-2"));
            rename(world, &other, &first);
        }
        3 => drop(world.act(&Action::DeleteGroup { group: one })),
        _ => {
            drop(world.act(&Action::DeleteGroup { group: one.clone() }));
            let members: BTreeSet<AccountId> =
                dice.some(&PEOPLE, 2).iter().map(|name| format!("u-{name}").as_str().into()).collect();
            let id = GroupId(format!("{one}-again"));
            world.add_group(Group { id, name: first, members, team: false, access: None });
        }
    }
}

/// A role gets another name, perhaps that of another role, which gets the old one; or it is deleted, and perhaps
/// another is made under its name.
fn roles(dice: &mut Dice, world: &mut World) {
    let names = ROLE_NAMES.map(|(name, _)| RoleId(format!("r-{name}")));
    let [one, other] = [0, 1].map(|_| world.role(&names[dice.below(names.len())]).unwrap().clone());
    let (first, second) = (one.name.clone(), other.name.clone());
    match dice.below(4) {
        0 if one.id != other.id => {
            world.add_role(Role { name: first, ..other });
            world.add_role(Role { name: second, ..one });
        }
        0 | 1 => world.add_role(Role { name: format!("{first} 2"), ..one }),
        choice => {
            if one.id != other.id && dice.one_in(2) {
                hand_over(world, &one.id, &other.id);
            }
            world.remove_role(&one.id);
            if choice == 2 {
                world.add_role(Role { id: RoleId(format!("{}-again", one.id.0)), ..one });
            }
        }
    }
}

/// Those who have a role get another one.
fn hand_over(world: &mut World, from: &RoleId, to: &RoleId) {
    let spaces = (1..=3).map(SpaceId).filter_map(|space| world.space(space));
    let held =
        spaces.flat_map(|space| space.assignments.iter().map(|(who, role)| (space.id, who.clone(), role)));
    let holders: Vec<_> =
        held.filter(|(_, _, role)| *role == from).map(|(space, who, _)| (space, who)).collect();
    for (space, principal) in holders {
        drop(world.act(&Action::AssignRole { space, principal, role: to.clone() }));
    }
}

/// What names do not depend on, and the account of a person who left.
fn others(dice: &mut Dice, world: &mut World) {
    if dice.one_in(2) {
        let space = SpaceId(1 + dice.below(3) as u64);
        drop(world.act(&Action::RenameSpace { space, name: "Renamed".to_owned() }));
        return;
    }
    let account = AccountId(format!("u-{}", dice.pick(&PEOPLE)));
    let mut user = world.user(&account).unwrap().clone();
    user.status = if dice.one_in(2) { AccountStatus::Inactive } else { AccountStatus::Closed };
    world.add_user(user);
}

/// Work for the next run: access that the policy does not mean.
fn access(dice: &mut Dice, world: &mut World) {
    let space = SpaceId(1 + dice.below(3) as u64);
    let principal = if dice.one_in(4) { user(dice.pick(&LEAVERS)) } else { group(dice.pick(&GROUPS)) };
    let pages: Vec<ContentId> =
        world.contents().filter(|content| content.space == space).map(|content| content.id).collect();
    if pages.is_empty() {
        return;
    }
    let content = dice.pick(&pages);
    let list = if dice.one_in(2) { ListKind::Read } else { ListKind::Update };
    let may_have_role = match world.settings.mode {
        RoleMode::PreRoles => false,
        RoleMode::RolesTransition => !ROW_HOLDERS.contains(&case::written(&principal).as_str()),
        RoleMode::Roles => true,
    };
    let by_role = may_have_role && (world.settings.mode == RoleMode::Roles || dice.one_in(2));
    let withdraw = [
        Action::Revoke { space, principal: principal.clone(), pair: Pair::ReadSpace },
        Action::RemoveRole { space, principal: principal.clone() },
    ];
    let action = match dice.below(4) {
        0 if by_role => {
            drop(world.act(&withdraw[0]));
            let role = RoleId(dice.pick(&["r-editor", "r-viewer"]).to_owned());
            Action::AssignRole { space, principal, role }
        }
        0 => {
            drop(world.act(&withdraw[1]));
            Action::Grant { space, principal, pair: Pair::ReadSpace }
        }
        1 => {
            for action in &withdraw {
                drop(world.act(action));
            }
            return;
        }
        2 => Action::ClearList { content, list },
        _ => {
            let caller = Principal::User(CALLER.into());
            let is_there = match &principal {
                Principal::Group(group) => world.group(group).is_some(),
                _ => true,
            };
            let principals = is_there.then_some(principal).into_iter().chain([caller]).collect();
            Action::SetList { content, list, principals }
        }
    };
    drop(world.act(&action));
}
