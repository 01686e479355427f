//! From the layout of a state file to a world: names become ids, and everything has to fit together.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::StateError;
use super::shape::{self, File, Node};
use crate::sandbox::world::{
    AccountId, AccountStatus, AccountType, Class, Content, ContentId, Grant, Group, GroupId, Kind, Lists,
    Pair, Principal, Role, RoleId, RoleMode, Settings, Space, SpaceId, SpaceKey, Status, User, World,
};

pub(super) fn load(file: File) -> Result<World, StateError> {
    check_head(&file)?;
    let names = Names::of(&file)?;
    let caller = match &file.site.caller {
        Some(handle) => Some(names.account("site.caller", handle)?),
        None => usual_caller(&file),
    };
    let settings = Settings {
        mode: file.site.space_role_mode,
        edition: file.site.edition,
        anonymous: file.site.anonymous,
        unlicensed_access: file.site.unlicensed_access,
        url: file.site.url.trim_end_matches('/').to_owned(),
        cloud_id: file.site.cloud_id.clone().unwrap_or_else(|| derived_cloud_id(&file)),
        caller,
    };
    let mut world = World::new(settings, file.quirks);

    for (handle, user) in file.users.0 {
        if let Some(space) = &user.guest_of
            && !file.spaces.0.contains_key(space)
        {
            return Err(sense(format!("users.{handle}.guest-of"), format!("there is no space `{space}`")));
        }
        world.add_user(load_user(handle, user));
    }
    for (name, group) in file.groups.0 {
        let place = format!("groups.{name}.members");
        let members =
            group.members.iter().map(|handle| names.account(&place, handle)).collect::<Result<_, _>>()?;
        world.add_group(Group {
            id: GroupId(group.id),
            name,
            members,
            team: group.team,
            access: group.access,
        });
    }
    for (name, role) in file.roles.0 {
        world.add_role(Role {
            id: RoleId(role.id),
            name,
            system: role.kind == shape::RoleKind::System,
            description: role.description,
            disabled: role.disabled,
            permissions: role.permissions.into_iter().collect(),
            made_of: None,
        });
    }
    for (key, space) in file.spaces.0 {
        load_space(&mut world, &names, key, space)?;
    }
    Ok(world)
}

fn check_head(file: &File) -> Result<(), StateError> {
    if file.kind != shape::KIND {
        return Err(sense("kind", format!("is `{}`, and has to be `{}`", file.kind, shape::KIND)));
    }
    if file.version != shape::VERSION {
        return Err(sense(
            "version",
            format!("is {}, and this program reads {}", file.version, shape::VERSION),
        ));
    }
    if !file.site.url.starts_with("http://") && !file.site.url.starts_with("https://") {
        return Err(sense("site.url", "has to begin with https://"));
    }
    Ok(())
}

/// A cloud id for a site that was not given one: the same whenever the file is read, and another one for other
/// sites. Names may change, as they do on a real site.
fn derived_cloud_id(file: &File) -> String {
    let mut ids: Vec<u64> = file.spaces.0.values().map(|space| space.id).collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(file.site.url.trim_end_matches('/'));
    for id in ids {
        hash.update(id.to_be_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let hex = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let hex = format!("{hex:032x}");
    // The layout of a UUID of version 8, whose bits are the maker's own (RFC 9562).
    format!("{}-{}-8{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// Without `site.caller`, the first active Confluence admin signs in, or else the first active person.
fn usual_caller(file: &File) -> Option<AccountId> {
    let people = || file.users.0.values().filter(|user| user.status == AccountStatus::Active);
    let first = people().find(|user| user.confluence_admin).or_else(|| people().next())?;
    Some(AccountId(first.account_id.clone()))
}

fn load_user(handle: String, user: shape::User) -> User {
    User {
        account: AccountId(user.account_id),
        name: user.name.unwrap_or_else(|| handle.clone()),
        handle,
        email: user.email,
        status: user.status,
        kind: user.kind,
        confluence_admin: user.confluence_admin,
        jsm_project_admin: user.jsm_project_admin,
        licensed: user.licensed.unwrap_or(user.kind == AccountType::Atlassian && user.guest_of.is_none()),
        guest_of: user.guest_of.map(SpaceKey),
        token_scopes: user.token_scopes,
    }
}

fn load_space(world: &mut World, names: &Names, key: String, space: shape::Space) -> Result<(), StateError> {
    let place = format!("spaces.{key}");
    let id = SpaceId(space.id);
    if world.space(id).is_some() {
        return Err(sense(format!("{place}.id"), format!("another space has the id {id}")));
    }
    let mut assignments = BTreeMap::new();
    for (role, holders) in &space.role_assignments.0 {
        let place = format!("{place}.role-assignments.{role}");
        if world.settings.mode == RoleMode::PreRoles {
            return Err(sense(place, "a site in `pre-roles` mode has no role assignments"));
        }
        let role = names.role(&place, role)?;
        for holder in holders {
            let principal = names.principal(&place, holder)?;
            if assignments.insert(principal, role.clone()).is_some() {
                return Err(sense(place, format!("`{holder}` has another role, and can have one only")));
            }
        }
    }
    let first_page = space.pages.iter().find(|node| node.kind.is_none_or(|kind| kind == Kind::Page));
    world.add_space(Space {
        id,
        key: SpaceKey(key),
        name: space.name,
        kind: space.kind,
        status: space.status,
        labels: space.labels,
        unlicensed_access: space.unlicensed_access,
        homepage: space.homepage.or(first_page.map(|page| page.id)).map(ContentId),
        roots: Vec::new(),
        blogposts: Vec::new(),
        contents: BTreeSet::new(),
        grants: BTreeMap::new(),
        assignments,
    });
    load_grants(world, names, id, &place, &space.permissions.0)?;
    load_nodes(world, names, id, None, space.pages, &format!("{place}.pages"))?;
    for post in space.blogposts {
        let place = format!("{place}.blogposts.{}", post.id);
        if post.kind.is_some_and(|kind| kind != Kind::Blogpost) || !post.children.is_empty() {
            return Err(sense(place, "a blog post has no other type and no children"));
        }
        if post.status == Status::Archived {
            return Err(sense(place, "only pages can be archived"));
        }
        load_node(world, names, id, None, Node { kind: Some(Kind::Blogpost), ..post }, &place)?;
    }
    match space.homepage {
        Some(home) if world.content(ContentId(home)).is_none_or(|content| content.space != id) => {
            Err(sense(format!("{place}.homepage"), format!("the space has no page {home}")))
        }
        _ => Ok(()),
    }
}

/// Adds the rows of a space in an order that does not depend on how the file is laid out.
fn load_grants(
    world: &mut World,
    names: &Names,
    space: SpaceId,
    place: &str,
    permissions: &BTreeMap<String, Vec<String>>,
) -> Result<(), StateError> {
    let mut grants = BTreeSet::new();
    for (pair, holders) in permissions {
        let place = format!("{place}.permissions.{pair}");
        let pair =
            Pair::parse(pair).ok_or_else(|| sense(&place, "is not a permission, such as `read/space`"))?;
        for holder in holders {
            let principal = names.principal(&place, holder)?;
            if !grants.insert((pair, principal)) {
                return Err(sense(place, format!("`{holder}` is given twice")));
            }
        }
    }
    for (pair, principal) in grants {
        world.add_grant(space, &Grant { principal, pair });
    }
    Ok(())
}

fn load_nodes(
    world: &mut World,
    names: &Names,
    space: SpaceId,
    parent: Option<ContentId>,
    nodes: Vec<Node>,
    place: &str,
) -> Result<(), StateError> {
    for mut node in nodes {
        let place = format!("{place}.{}", node.id);
        if node.kind == Some(Kind::Blogpost) {
            return Err(sense(place, "blog posts belong under `blogposts`"));
        }
        let children = std::mem::take(&mut node.children);
        let id = load_node(world, names, space, parent, node, &place)?;
        load_nodes(world, names, space, Some(id), children, &place)?;
    }
    Ok(())
}

fn load_node(
    world: &mut World,
    names: &Names,
    space: SpaceId,
    parent: Option<ContentId>,
    node: Node,
    place: &str,
) -> Result<ContentId, StateError> {
    let id = ContentId(node.id);
    if world.content(id).is_some() {
        return Err(sense(place, format!("the id {id} is used twice")));
    }
    let list = |kind: &str, entries: &[String]| -> Result<BTreeSet<Principal>, StateError> {
        let place = format!("{place}.{kind}");
        let listable = |principal| match principal {
            Principal::User(_) | Principal::Group(_) => Ok(principal),
            Principal::Class(_) | Principal::Anonymous => Err(sense(&place, "holds users and groups only")),
        };
        entries.iter().map(|entry| names.principal(&place, entry).and_then(listable)).collect()
    };
    let lists = Lists { read: list("view", &node.view)?, update: list("edit", &node.edit)? };
    let author = node.author.map(|author| names.author(&format!("{place}.author"), &author)).transpose()?;
    world.add_content(Content {
        id,
        space,
        kind: node.kind.unwrap_or(Kind::Page),
        status: node.status,
        title: node.title,
        labels: node.labels,
        author,
        parent,
        children: Vec::new(),
        lists,
    });
    Ok(id)
}

/// What the names in a file stand for.
pub(super) struct Names {
    users: BTreeMap<String, AccountId>,
    groups: BTreeMap<String, GroupId>,
    roles: BTreeMap<String, RoleId>,
}

impl Names {
    fn of(file: &File) -> Result<Self, StateError> {
        let users =
            file.users.0.iter().map(|(name, user)| (name.clone(), AccountId(user.account_id.clone())));
        let groups = file.groups.0.iter().map(|(name, group)| (name.clone(), GroupId(group.id.clone())));
        let roles = file.roles.0.iter().map(|(name, role)| (name.clone(), RoleId(role.id.clone())));
        Ok(Self {
            users: distinct("users", users)?,
            groups: distinct("groups", groups)?,
            roles: distinct("roles", roles)?,
        })
    }

    /// What the names in a file stand for, given the site that was made of it.
    pub(super) fn of_world(world: &World) -> Self {
        Self {
            users: world.users().map(|user| (user.handle.clone(), user.account.clone())).collect(),
            groups: world.groups().map(|group| (group.name.clone(), group.id.clone())).collect(),
            roles: world.roles().map(|role| (role.name.clone(), role.id.clone())).collect(),
        }
    }

    pub(super) fn role(&self, place: &str, name: &str) -> Result<RoleId, StateError> {
        let found = self.roles.get(name).cloned();
        found.ok_or_else(|| sense(place, format!("there is no `{name}` under `roles`")))
    }

    pub(super) fn account(&self, place: &str, handle: &str) -> Result<AccountId, StateError> {
        let found = self.users.get(handle).cloned();
        found.ok_or_else(|| sense(place, format!("there is no `{handle}` under `users`")))
    }

    /// `ann`, or `account-id:ID` of an account that is not in the file.
    fn author(&self, place: &str, text: &str) -> Result<AccountId, StateError> {
        text.strip_prefix("account-id:")
            .map_or_else(|| self.account(place, text), |id| Ok(AccountId::from(id)))
    }

    pub(super) fn principal(&self, place: &str, text: &str) -> Result<Principal, StateError> {
        let Some((kind, name)) = text.split_once(':') else {
            return if text == "anonymous" {
                Ok(Principal::Anonymous)
            } else {
                Err(sense(
                    place,
                    format!("`{text}` is not a principal: write `group:{text}` or `user:{text}`"),
                ))
            };
        };
        match kind {
            "user" => self.account(place, name).map(Principal::User),
            "group" => self
                .groups
                .get(name)
                .map(|id| Principal::Group(id.clone()))
                .ok_or_else(|| sense(place, format!("there is no `{name}` under `groups`"))),
            "class" => Class::from_id(name)
                .map(Principal::Class)
                .ok_or_else(|| sense(place, format!("there is no class `{name}`"))),
            // For entries that outlive the account or the group.
            "account-id" => Ok(Principal::User(AccountId::from(name))),
            "group-id" => Ok(Principal::Group(GroupId::from(name))),
            _ => Err(sense(place, format!("`{text}` is not a principal: `{kind}:` is unknown"))),
        }
    }
}

fn distinct<Id: Ord + Clone + std::fmt::Display>(
    place: &str,
    ids: impl Iterator<Item = (String, Id)>,
) -> Result<BTreeMap<String, Id>, StateError> {
    let mut seen = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (name, id) in ids {
        if !seen.insert(id.clone()) {
            return Err(sense(format!("{place}.{name}"), format!("the id {id} is used twice")));
        }
        names.insert(name, id);
    }
    Ok(names)
}

pub(super) fn sense(place: impl Into<String>, problem: impl Into<String>) -> StateError {
    StateError::Sense { place: place.into(), problem: problem.into() }
}
