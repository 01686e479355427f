//! A small site in both forms, a change of it, and what every account can do in a state of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use confperm::model::{
    Audience, Call, Content, ContentId, Desired, DesiredHolding, DesiredPage, DesiredSpace, GrantId, Guards,
    Known, Live, Permission, Principal, RoleId, SpaceRoleMode, Subject, Tree, Why,
};
use confperm::sandbox::world::{self, Command, Pair, RoleEntry, World};

use crate::builder::desired::{authoritative, declared, origin, required, wanted};
use crate::builder::reading;
use crate::builder::sandbox::{self, pair, principal};
use crate::bystanders::{Bystanders, IN_BYSTANDER};
use crate::roles::{self, By};

pub(crate) const SPACE: world::SpaceId = world::SpaceId(1);
pub(crate) const ME: &str = "me";

/// A state of the one space: who holds what, and the lists of its pages, in page order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) rows: BTreeMap<&'static str, BTreeSet<Permission>>,
    pub(crate) pages: Vec<[BTreeSet<&'static str>; 2]>,
}

/// A site, and the state that it is to be brought to.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent, and drawn one by one")]
pub(crate) struct Case {
    /// What there is to give.
    pub(crate) permissions: [Permission; 4],
    /// By what it is given.
    pub(crate) by: By,
    /// What other groups there are whose members cannot be read.
    pub(crate) bystanders: Bystanders,
    /// Whether the first group is a required admin, which nothing may shut out.
    pub(crate) required: bool,
    /// Whether the caller is in the first group.
    pub(crate) mine: bool,
    /// Whether the permissions of this case are not its own, but those of that group.
    pub(crate) leaning: bool,
    /// What the caller may not do.
    pub(crate) lacks: Lacks,
    /// Whether the space is archived.
    pub(crate) archived: bool,
    /// Whether folders and their like can have lists.
    pub(crate) lists_for_folders: bool,
    /// Whether a page's edit list keeps people from deleting the page.
    pub(crate) edit_list_guards_delete: bool,
    /// Whether view lists above an archived page count for it.
    pub(crate) archived_inherit: bool,
    /// Whether the site shows each row twice.
    pub(crate) duplicate_rows: world::DuplicateRows,
    /// Whether some rows name more people than can be listed, in the place of the last group.
    pub(crate) wide: Option<Wide>,
    /// Whether the planner may know who is in which group.
    pub(crate) members_known: bool,
    /// The groups of each person, as bits.
    pub(crate) people: Vec<u8>,
    /// The parent of each page, an earlier one.
    pub(crate) parents: Vec<Option<usize>>,
    /// What each of them is: pages are not the only ones.
    pub(crate) sorts: Vec<Sort>,
    pub(crate) before: State,
    pub(crate) after: State,
}

/// What the account that runs a plan has not, apart from what a group gives it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lacks {
    pub(crate) administer: bool,
    pub(crate) restrict: bool,
    pub(crate) edit: bool,
    /// The pages whose edit lists do not name it, as bits. A list without other names names it all the same.
    pub(crate) edit_lists: u8,
}

impl Lacks {
    fn pair(self, pair: Pair) -> bool {
        match pair {
            Pair::AdministerSpace => self.administer,
            Pair::RestrictContent => self.restrict,
            Pair::CreatePage | Pair::UpdatePage => self.edit,
            _ => false,
        }
    }
}

/// A principal that stands for everyone, or for many. Its rows stay as they are: which accounts they cover is the question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    /// Whether the site lets in people who are not signed in.
    pub(crate) anonymous: bool,
    /// Whether rows of anonymous count for others only where the site does.
    pub(crate) rows_need_switch: bool,
}

/// What a piece of content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) kind: world::Kind,
    pub(crate) status: world::Status,
}

pub(crate) const PAGE: Sort = Sort { kind: world::Kind::Page, status: world::Status::Current };

impl Sort {
    fn is_container(self) -> bool {
        !matches!(self.kind, world::Kind::Page | world::Kind::Blogpost)
    }
}

pub(crate) const GROUPS: [&str; 3] = ["group:g0", "group:g1", "group:g2"];

impl Case {
    /// Whether the API has lists for this piece of content.
    pub(crate) fn has_lists(&self, page: usize) -> bool {
        self.lists_for_folders || !self.sorts[page].is_container()
    }

    /// Whether the client finds it: current and archived pages, blog posts, and what such pages hang under.
    pub(crate) fn is_read(&self, page: usize) -> bool {
        let sort = self.sorts[page];
        let mut children = (0..self.sorts.len()).filter(|child| self.parents[*child] == Some(page));
        if sort.is_container() {
            children.any(|child| self.is_read(child))
        } else {
            matches!(sort.status, world::Status::Current | world::Status::Archived)
        }
    }

    /// Whether Confluence adds and takes away permissions by itself.
    pub(crate) fn companions(&self) -> bool {
        self.permissions.contains(&Permission::ExportContent)
    }

    fn mode(&self) -> SpaceRoleMode {
        match self.by {
            By::Rows if !self.companions() => SpaceRoleMode::PreRoles,
            By::Rows | By::RolesBesideRows => SpaceRoleMode::RolesTransition,
            By::Roles => SpaceRoleMode::Roles,
        }
    }

    /// People: those of the case; and, since a group may get new members at any time, one account for each
    /// group alone; and where the planner does not know, one for each combination.
    pub(crate) fn crowd(&self) -> BTreeSet<u8> {
        let mut crowd: BTreeSet<u8> = self.people.iter().copied().chain([0, 1, 2, 4]).collect();
        if !self.members_known {
            crowd.extend(0..8);
        }
        if self.bystanders == Bystanders::Alike {
            crowd.extend(crowd.clone().into_iter().map(|groups| groups | IN_BYSTANDER));
        }
        crowd
    }

    fn settings(&self) -> world::Settings {
        let mode = match self.mode() {
            SpaceRoleMode::PreRoles => world::RoleMode::PreRoles,
            SpaceRoleMode::RolesTransition => world::RoleMode::RolesTransition,
            SpaceRoleMode::Roles => world::RoleMode::Roles,
        };
        world::Settings {
            anonymous: self.wide.is_some_and(|wide| wide.anonymous),
            unlicensed_access: self.wide.is_some(),
            ..sandbox::settings(mode)
        }
    }

    pub(crate) fn world(&self) -> World {
        let quirks = world::Quirks {
            companions: if self.companions() { world::Companions::Always } else { world::Companions::Never },
            folders_restrictable: self.lists_for_folders,
            update_list_guards_delete: self.edit_list_guards_delete,
            archived_pages_inherit: self.archived_inherit,
            duplicate_rows: self.duplicate_rows,
            anonymous_rows_need_site_switch: self.wide.is_some_and(|wide| wide.rows_need_switch),
            ..world::Quirks::default()
        };
        let mut world = World::new(self.settings(), quirks);
        world.add_user(sandbox::user(ME));
        let mut members: [BTreeSet<world::AccountId>; 4] = Default::default();
        if self.mine {
            members[0].insert(world::AccountId(ME.to_owned()));
        }
        for groups in self.crowd() {
            let name = format!("p{groups}");
            world.add_user(sandbox::user(name.as_str()));
            for (group, members) in members.iter_mut().enumerate() {
                if groups >> group & 1 == 1 {
                    members.insert(world::AccountId(name.clone()));
                }
            }
        }
        if self.wide.is_some() {
            let customer =
                world::User { licensed: false, kind: world::AccountType::Customer, ..sandbox::user("free") };
            let guest = sandbox::guest("guest", "ENG");
            members[0].insert(guest.account.clone());
            world.add_user(customer);
            world.add_user(guest);
        }
        let [first, second, third, bystander] = members;
        let mut groups = vec![("g0", first), ("g1", second), ("g2", third)];
        if self.bystanders == Bystanders::Alike {
            groups.push(("x0", bystander));
        }
        for (group, members) in groups {
            world.add_group(sandbox::group(group, members));
        }
        if self.by != By::Rows {
            roles::add_roles(self, &mut world);
        }
        world.add_space(world::Space {
            name: "Engineering".into(),
            status: if self.archived { world::SpaceStatus::Archived } else { world::SpaceStatus::Current },
            assignments: if self.by == By::Rows { BTreeMap::new() } else { roles::assignments(self) },
            ..sandbox::space(SPACE, "ENG")
        });
        for &pair in Pair::ALL.iter().filter(|pair| self.by != By::Roles && self.is_own(**pair)) {
            world.add_grant(SPACE, &world::Grant { principal: principal("user:me"), pair });
        }
        for (who, permissions) in self.before.rows.iter().filter(|_| self.by == By::Rows) {
            for &permission in permissions {
                world.add_grant(SPACE, &world::Grant { principal: principal(who), pair: pair(permission) });
            }
        }
        if self.bystanders == Bystanders::Alike {
            let read = world::Grant { principal: principal("group:x0"), pair: pair(Permission::ReadSpace) };
            world.add_grant(SPACE, &read);
        }
        for (page, parent) in self.parents.iter().enumerate() {
            let [read, update] = &self.before.pages[page];
            let is_left_out = self.lacks.edit_lists >> page & 1 == 1 && update.len() > 1;
            let on_update = |who: &&&str| !is_left_out || **who != "user:me";
            world.add_content(world::Content {
                kind: self.sorts[page].kind,
                status: self.sorts[page].status,
                lists: world::Lists {
                    read: read.iter().map(|who| principal(who)).collect(),
                    update: update.iter().filter(on_update).map(|who| principal(who)).collect(),
                },
                ..sandbox::page(SPACE, world_page(page), parent.map(world_page), format!("Page {page}"))
            });
        }
        world
    }

    /// The same with a page below each page that was not read: it has no lists, so those above are all that guards it.
    pub(crate) fn world_with_unread(&self) -> World {
        let mut world = self.world();
        for page in (0..self.parents.len()).filter(|page| self.sorts[*page].kind == world::Kind::Page) {
            let below = world::ContentId(UNREAD + page as u64);
            let title = format!("Below page {page}");
            world.add_content(sandbox::page(SPACE, below, Some(world_page(page)), title));
        }
        world
    }

    /// Whether the account that runs this has a permission by itself.
    pub(crate) fn is_own(&self, permission: Pair) -> bool {
        let of_group = || self.permissions[1..].iter().any(|it| pair(*it) == permission);
        (self.mode() != SpaceRoleMode::PreRoles || permission.is_documented())
            && !(self.leaning && of_group())
            && !self.lacks.pair(permission)
    }

    /// The site as it would have been read: without content that is not listed, and of groups as much as the case says.
    pub(crate) fn live(&self, world: &World) -> Live {
        let mut live = reading::live(world, ME.parse().unwrap());
        live.site.caller.name = "Me".into();
        live.site.caller.groups =
            Known::Known(self.mine.then(|| "g0".parse().unwrap()).into_iter().collect());
        live.directory.people.clear();
        for group in live.directory.groups.values_mut() {
            group.access = Known::Unknown(Why::NotRead);
            if !self.members_known || !group.id.as_str().starts_with('g') {
                group.members = Known::Unknown(Why::Hidden);
            }
        }
        live.roles = if self.by == By::Rows { BTreeMap::new() } else { roles::read(self) };
        let space = Arc::make_mut(live.spaces.values_mut().next().unwrap());
        self.bystanders.add_rows(&mut space.holdings);
        space.expanded.clear();
        let all = space.tree.take().unwrap();
        let mut tree = Tree::default();
        for page in (0..self.parents.len()).filter(|page| self.is_read(*page)) {
            let content = all.get(ContentId::from_number(world_page(page).0)).unwrap().clone();
            let shown = self.has_lists(page);
            let restrictions = if shown { content.restrictions } else { Known::Unknown(Why::Hidden) };
            tree.insert(Content { restrictions, ..content });
        }
        space.tree = Some(tree);
        live
    }

    pub(crate) fn desired(&self) -> Desired {
        let holdings = self.after.rows.iter().map(|(who, permissions)| {
            if self.by != By::Rows {
                let role = roles::role_of(self, permissions).parse().unwrap();
                return (who.parse().unwrap(), DesiredHolding::Role(role, declared()));
            }
            (who.parse().unwrap(), required(permissions))
        });
        let read = |page: &usize| self.is_read(*page) && self.has_lists(*page);
        let pages =
            self.after.pages.iter().enumerate().filter(|(page, _)| read(page)).map(|(page, lists)| {
                let list = |names: &BTreeSet<&str>| {
                    let subjects = names.iter().map(|who| who.parse::<Subject>().unwrap());
                    Some(wanted(Audience::from_site_list(subjects)))
                };
                (
                    ContentId::from_number(world_page(page).0),
                    DesiredPage { view: list(&lists[0]), edit: list(&lists[1]) },
                )
            });
        let bystanders = self.bystanders.of().map(|(who, held)| (who, required(&held)));
        let space = DesiredSpace {
            holdings: holdings.chain(bystanders).collect(),
            pages: pages.collect(),
            ..authoritative()
        };
        let admins = self.required.then(|| (GROUPS[0].parse().unwrap(), origin()));
        let guards = Guards { required_admins: admins.into_iter().collect(), ..Guards::default() };
        Desired { spaces: BTreeMap::from([("ENG".parse().unwrap(), space)]), guards, ..Desired::default() }
    }
}

/// The number of the first page that was not read.
const UNREAD: u64 = 9000;

fn world_page(page: usize) -> world::ContentId {
    world::ContentId(1000 + page as u64)
}

/// Carries out one call, as the client would over HTTP.
pub(crate) fn perform(world: &mut World, call: &Call) {
    attempt(world, call).unwrap_or_else(|refusal| panic!("{call:?}: {refusal:?}"));
}

/// The same, which the world may refuse.
pub(crate) fn attempt(world: &mut World, call: &Call) -> Result<(), world::Refusal> {
    let command = match call {
        // With which of two rows a companion goes, is not known, so it may be there to be granted again.
        Call::Grant { principal: who, permission, .. }
            if world.quirks.duplicate_rows != world::DuplicateRows::None
                && world.space(SPACE).unwrap().holds(&principal(&who.to_string()), pair(*permission)) =>
        {
            return Ok(());
        }
        Call::Grant { principal: who, permission, .. } => {
            Command::Grant { space: SPACE, principal: principal(&who.to_string()), pair: pair(*permission) }
        }
        Call::Revoke { principal: who, permission, grant, .. } => {
            let caller = world::Caller::User(ME.into());
            // There may be nothing to do. Of what came along, all rows go.
            while let Some(row) = row_of(world, who, *permission, *grant) {
                world.perform(&caller, &Command::Revoke { space: SPACE, row })?;
            }
            return Ok(());
        }
        Call::Restrict { content, after, .. } => {
            let content = world::ContentId(content.number());
            let names =
                |audience: &Audience| audience.subjects().map(|who| principal(&who.to_string())).collect();
            restrict(content, names(&after.view), names(&after.edit))
        }
        Call::AssignRoles { roles, .. } => {
            let entry = |(who, role): (&Principal, &Option<RoleId>)| RoleEntry {
                principal: principal(&who.to_string()),
                role: role.as_ref().map(|role| role.to_string().as_str().into()),
            };
            Command::AssignRoles { space: SPACE, entries: roles.iter().map(entry).collect() }
        }
    };
    let caller = world::Caller::User(ME.into());
    world.perform(&caller, &command).map(drop)
}

fn row_of(
    world: &World,
    who: &Principal,
    permission: Permission,
    grant: Option<GrantId>,
) -> Option<world::GrantId> {
    let space = world.space(SPACE).unwrap();
    match grant {
        Some(row) => Some(world::GrantId(row.number())).filter(|row| space.grants.contains_key(row)),
        None => space.row(&principal(&who.to_string()), pair(permission)),
    }
}

pub(crate) fn restrict(
    content: world::ContentId,
    read: BTreeSet<world::Principal>,
    update: BTreeSet<world::Principal>,
) -> Command {
    if read.is_empty() && update.is_empty() {
        return Command::ClearRestrictions { content };
    }
    let entry = |list, principals| world::Entry { list, principals };
    Command::ReplaceRestrictions {
        content,
        entries: vec![entry(world::ListKind::Read, read), entry(world::ListKind::Update, update)],
    }
}

/// What every account can do: a bit for each person, and each permission of the case or verb of a page.
pub(crate) fn profile(case: &Case, world: &World) -> Vec<bool> {
    let mut bits = Vec::new();
    let people = world.users().map(|user| world::Subject::User(user.account.clone()));
    // Who is not signed in matters where there may be something for them.
    let visitor = case.wide.map(|_| world::Subject::Anonymous);
    for subject in people.chain(visitor) {
        let operations = world.space_operations(&subject, SPACE);
        bits.extend(case.permissions.iter().map(|permission| operations.contains(&pair(*permission))));
        for content in world.contents() {
            bits.extend(world::Verb::ALL.map(|verb| world.allows(&subject, verb, content.id).is_ok()));
        }
    }
    bits
}

/// Whether a state lies between two others.
pub(crate) fn between(before: &[bool], now: &[bool], after: &[bool]) -> bool {
    before.iter().zip(now).zip(after).all(|((before, now), after)| now == before || now == after)
}
