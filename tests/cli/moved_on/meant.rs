//! What a policy means by its names, straight from its values and the sandbox's world: no code of `confperm::policy`,
//! `plan` or `access` is asked.

use std::collections::{BTreeMap, BTreeSet};

use confperm::sandbox::world::{
    Content, ContentId, Grant, GroupId, Kind, Lists, Pair, Principal, RoleId, SpaceId, Status, Subject, Verb,
    World,
};

use super::case::{CALLER, Declared, GUEST, Name, ORPHANED, PEOPLE, Reach, Selector, group, user};

/// What is asked of content.
const VERBS: [Verb; 3] = [Verb::Read, Verb::Update, Verb::Delete];

/// Who can do what to which content.
pub(super) type Access = BTreeSet<(&'static str, Verb, ContentId)>;

/// Who can do what; the caller has everything and is left out.
pub(super) fn access(world: &World) -> Access {
    let mut access = Access::new();
    for person in PEOPLE.into_iter().chain([GUEST]) {
        let Principal::User(account) = user(person) else { continue };
        let subject = Subject::User(account);
        for content in world.contents() {
            for verb in VERBS {
                if world.allows(&subject, verb, content.id).is_ok() {
                    access.insert((person, verb, content.id));
                }
            }
        }
    }
    access
}

/// Whether content is in the tree: archived content is, to those who count it.
pub(super) fn is_in_tree(content: &Content, archived: bool) -> bool {
    content.status == Status::Current || archived && content.status == Status::Archived
}

/// Which content bears a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearing {
    Current,
    /// Archived content as well.
    All,
    /// Archived content where no current content of that title is in its place, at each title of a path.
    CurrentFirst,
}

impl Bearing {
    fn of(self, named: Vec<&Content>) -> Vec<&Content> {
        let is_current = |content: &&Content| content.status == Status::Current;
        let only = match self {
            Self::Current => true,
            Self::All => false,
            Self::CurrentFirst => named.iter().any(is_current),
        };
        named.into_iter().filter(|content| !only || is_current(content)).collect()
    }
}

/// The pages that bear a name now, whatever it means.
pub(super) fn bearers(world: &World, space: SpaceId, written: &str, bearing: Bearing) -> BTreeSet<ContentId> {
    let here =
        |content: &&Content| content.space == space && is_in_tree(content, bearing != Bearing::Current);
    let titled = |title: &str, post: bool| -> BTreeSet<ContentId> {
        let is_meant =
            |content: &&Content| content.title == title && (content.kind == Kind::Blogpost) == post;
        let named = world.contents().filter(here).filter(is_meant).collect();
        bearing.of(named).into_iter().map(|content| content.id).collect()
    };
    if let Some(title) = written.strip_prefix("blog:") {
        return titled(title, true);
    }
    let tops = || world.space(space).map(|space| space.roots.clone()).unwrap_or_default();
    let follow = |start: Vec<ContentId>, path: &str| -> BTreeSet<ContentId> {
        let mut next = start;
        let mut found = BTreeSet::new();
        for title in path.split('/') {
            let contents = next.iter().map(|id| world.content(*id).unwrap());
            let named = contents.filter(|content| content.title == title).filter(here).collect();
            found = bearing.of(named).into_iter().map(|content| content.id).collect::<BTreeSet<_>>();
            next = found.iter().flat_map(|id| world.content(*id).unwrap().children.clone()).collect();
        }
        found
    };
    if let Some(rest) = written.strip_prefix("id:") {
        let (number, path) = rest.split_once('/').map_or((rest, None), |(number, path)| (number, Some(path)));
        let page = world.content(ContentId(number.parse().unwrap())).filter(here);
        return match (page, path) {
            (None, _) => BTreeSet::new(),
            (Some(page), None) => [page.id].into(),
            (Some(page), Some(path)) => follow(page.children.clone(), path),
        };
    }
    let Some(path) = written.strip_prefix('/') else { return titled(written, false) };
    let from_top = follow(tops(), path);
    if !from_top.is_empty() {
        return from_top;
    }
    let home = world.space(space).and_then(|space| space.homepage).and_then(|home| world.content(home));
    home.filter(here).map_or_else(BTreeSet::new, |home| follow(home.children.clone(), path))
}

/// What names mean, `None` for what means nothing any more.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    pub(super) pages: BTreeMap<(SpaceId, Name), Option<ContentId>>,
    /// By the group that the name was written for.
    pub(super) groups: BTreeMap<GroupId, Option<GroupId>>,
    /// By the name that a role has in the policy.
    pub(super) roles: BTreeMap<&'static str, Option<RoleId>>,
}

impl Meanings {
    pub(super) fn page(&self, space: SpaceId, name: &Name) -> Option<ContentId> {
        self.pages.get(&(space, name.clone())).copied().flatten()
    }

    fn principal(&self, who: &Principal) -> Option<Principal> {
        match who {
            Principal::Group(group) => self.groups.get(group).cloned().flatten().map(Principal::Group),
            other => Some(other.clone()),
        }
    }
}

/// The site after a policy, were every name taken to mean what `meanings` says.
pub(super) fn carried_out(policy: &[Declared], meanings: &Meanings, world: &World) -> World {
    let mut after = world.clone();
    // No one may change anything in a space without an administrator.
    for space in policy.iter().filter(|space| space.id != ORPHANED.0) {
        rows(space, meanings, &mut after);
        replace(space, meanings, &mut after);
        for content in world.contents().filter(|content| content.space == space.id) {
            let won = LISTS.map(|verb| (verb, winner(space, verb, content, meanings, world)));
            let is_guarded = |verb| {
                !list(content, verb).is_empty() && may_be_lost(space, verb, content, policy, meanings, world)
            };
            let lists = &mut after.content_mut(content.id).unwrap().lists;
            if won.iter().all(|(_, won)| won.is_none()) {
                if space.opens_unlisted && is_in_tree(content, false) && !LISTS.into_iter().any(is_guarded) {
                    *lists = Lists::default();
                }
                continue;
            }
            for (verb, won) in won {
                let Some((rank, asked)) = won else { continue };
                let members: BTreeSet<Principal> =
                    asked.iter().filter_map(|who| meanings.principal(who)).collect();
                // A list that would be empty would be open; and what a lost entry may have asked for stays, unless
                // another names the page.
                // What is archived is opened by its own name only.
                let opens_archived = asked.is_empty() && content.status == Status::Archived && !rank.is_exact;
                let stays = members.is_empty() && !asked.is_empty()
                    || opens_archived
                    || !rank.is_exact && is_guarded(verb);
                match verb {
                    _ if stays => {}
                    Verb::Read => lists.read = members,
                    _ => lists.update = members,
                }
            }
        }
        absent(space, meanings, &mut after);
    }
    after
}

/// What rules take away, from rows and from all lists of the space.
fn absent(space: &Declared, meanings: &Meanings, world: &mut World) {
    let Some(gone) = space.rules.absent.as_ref().and_then(|who| meanings.principal(who)) else { return };
    let found = world.space_mut(space.id).unwrap();
    found.grants.retain(|_, grant| grant.principal != gone);
    found.assignments.remove(&gone);
    for content in contents(world, space.id) {
        let lists = &mut world.content_mut(content).unwrap().lists;
        lists.read.remove(&gone);
        lists.update.remove(&gone);
    }
}

/// What rules give to one in the place of another. Where one of them is gone, everything stays.
fn replace(space: &Declared, meanings: &Meanings, world: &mut World) {
    let Some(both) = &space.rules.replace else { return };
    let [Some(new), Some(old)] = both.each_ref().map(|who| meanings.principal(who)) else { return };
    let found = world.space(space.id).unwrap();
    let held: Vec<Pair> =
        found.grants.values().filter(|grant| grant.principal == old).map(|grant| grant.pair).collect();
    for pair in held {
        if !world.space(space.id).unwrap().holds(&new, pair) {
            world.add_grant(space.id, &Grant { principal: new.clone(), pair });
        }
    }
    let found = world.space(space.id).unwrap();
    let gives = |role: &RoleId| world.role(role).map(|role| role.permissions.len());
    let role =
        [&new, &old].into_iter().filter_map(|who| found.assignments.get(who)).max_by_key(|role| gives(role));
    let role = role.filter(|_| found.assignments.contains_key(&old)).cloned();
    let found = world.space_mut(space.id).unwrap();
    found.grants.retain(|_, grant| grant.principal != old);
    found.assignments.extend(role.map(|role| (new.clone(), role)));
    found.assignments.remove(&old);
    for content in contents(world, space.id) {
        let lists = &mut world.content_mut(content).unwrap().lists;
        for list in [&mut lists.read, &mut lists.update] {
            if list.remove(&old) {
                list.insert(new.clone());
            }
        }
    }
}

fn contents(world: &World, space: SpaceId) -> Vec<ContentId> {
    world.contents().filter(|content| content.space == space).map(|content| content.id).collect()
}

const LISTS: [Verb; 2] = [Verb::Read, Verb::Update];

fn list(content: &Content, verb: Verb) -> &BTreeSet<Principal> {
    if verb == Verb::Read { &content.lists.read } else { &content.lists.update }
}

/// Whether an entry whose name is lost may have asked for a list: a pattern of the space, or an entry of the space that
/// the page came from.
fn may_be_lost(
    space: &Declared,
    verb: Verb,
    content: &Content,
    policy: &[Declared],
    meanings: &Meanings,
    world: &World,
) -> bool {
    let is_lost = |space: &Declared, name: &Name| meanings.page(space.id, name).is_none();
    let own = space.pages.iter().filter(|entry| space.opens_unlisted || entry.list(verb).is_some());
    let mut own = own.filter(|entry| entry.pages.reach != Reach::Itself);
    if own.any(|entry| entry.pages.name.as_ref().is_some_and(|name| is_lost(space, name))) {
        return true;
    }
    let others = policy.iter().filter(|other| other.id != space.id);
    let mut lost = others.flat_map(|other| {
        let named =
            other.pages.iter().filter_map(|entry| Some((entry.pages.reach, entry.pages.name.as_ref()?)));
        named.filter(|(_, name)| is_lost(other, name))
    });
    lost.any(|(reach, name)| {
        let mut above = world.ancestors(content.id).map(|above| above.id);
        match reach {
            Reach::Itself => content.id == name.page,
            Reach::Children => above.next() == Some(name.page),
            Reach::All => above.any(|above| above == name.page),
        }
    })
}

/// Who holds what by rows and by roles. A principal has one role or rows, so either takes the place of the other.
fn rows(space: &Declared, meanings: &Meanings, world: &mut World) {
    let ext = group("ext");
    let mut held: BTreeSet<(&Principal, Pair)> = BTreeSet::new();
    if !space.by_roles {
        held.extend(space.given().map(|(pair, who)| (who, pair)));
    }
    let mut roles = space.roles();
    roles.extend(space.guest_role().map(|role| (&ext, role)));
    if !space.guests.is_empty() && !space.has_roles {
        held.insert((&ext, Pair::ReadSpace));
    }
    // Who is to have a role that is lost stays as it is.
    let lost = roles.iter().filter(|(_, role)| meanings.roles[*role].is_none());
    let mut stay: BTreeSet<Principal> = lost.filter_map(|(who, _)| meanings.principal(who)).collect();
    stay.insert(Principal::User(CALLER.into()));
    if !space.additive {
        let found = world.space_mut(space.id).unwrap();
        found.grants.retain(|_, grant| stay.contains(&grant.principal));
        found.assignments.retain(|who, _| stay.contains(who));
    }
    let of = |world: &World, role: &RoleId| {
        world.role(role).map(|role| role.permissions.clone()).unwrap_or_default()
    };
    let mut asked: BTreeMap<Principal, BTreeSet<Pair>> = BTreeMap::new();
    for (who, pair) in held {
        if let Some(principal) = meanings.principal(who) {
            asked.entry(principal).or_default().insert(pair);
        }
    }
    for (principal, mut pairs) in asked {
        let found = world.space(space.id).unwrap();
        if let Some(role) = found.assignments.get(&principal).filter(|_| space.additive) {
            // In an additive space a role that gives as much stays, and otherwise what it gave does.
            let gave = of(world, role);
            if pairs.iter().all(|pair| gave.contains(pair)) {
                continue;
            }
            pairs.extend(gave);
        }
        world.space_mut(space.id).unwrap().assignments.remove(&principal);
        for pair in pairs {
            if !world.space(space.id).unwrap().holds(&principal, pair) {
                world.add_grant(space.id, &Grant { principal: principal.clone(), pair });
            }
        }
    }
    for (who, role) in roles {
        let Some((principal, role)) = meanings.principal(who).zip(meanings.roles[role].clone()) else {
            continue;
        };
        // In an additive space a role that gives as much and more stays.
        let held = world.space(space.id).unwrap().assignments.get(&principal);
        if space.additive && held.is_some_and(|held| of(world, held).is_superset(&of(world, &role))) {
            continue;
        }
        let found = world.space_mut(space.id).unwrap();
        found.grants.retain(|_, grant| grant.principal != principal);
        found.assignments.insert(principal, role);
    }
}

/// The list that the most specific entry asks for.
pub(super) fn winner<'p>(
    space: &'p Declared,
    verb: Verb,
    content: &Content,
    meanings: &Meanings,
    world: &World,
) -> Option<(Rank, &'p BTreeSet<Principal>)> {
    let ranked = space.pages.iter().filter_map(|entry| {
        let list = entry.list(verb)?;
        Some((rank(&entry.pages, space.id, content, meanings, world)?, list))
    });
    ranked.max_by_key(|(rank, _)| *rank)
}

/// How specific an entry is. The greatest decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    is_exact: bool,
    depth: usize,
    is_of_children: bool,
}

/// How specific a selector is about content that it means.
pub(super) fn rank(
    selector: &Selector,
    space: SpaceId,
    content: &Content,
    meanings: &Meanings,
    world: &World,
) -> Option<Rank> {
    let of = |is_exact, depth, is_of_children| Rank { is_exact, depth, is_of_children };
    let Some(name) = &selector.name else {
        return (content.kind == Kind::Page).then_some(of(false, 0, false));
    };
    let meant = meanings.page(space, name)?;
    let above: Vec<ContentId> = world.ancestors(content.id).map(|above| above.id).collect();
    let depth = world.ancestors(meant).count() + 1;
    match selector.reach {
        Reach::Itself => (content.id == meant).then_some(of(true, 0, false)),
        Reach::Children => (above.first() == Some(&meant)).then_some(of(false, depth, true)),
        Reach::All => above.contains(&meant).then_some(of(false, depth, false)),
    }
}
