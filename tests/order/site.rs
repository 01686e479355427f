//! A small site in both forms, a change of it, and what everybody can do in a state of it.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{
    AccessClass, Audience, BesidePages, Call, Caller, Content, ContentId, ContentKind, ContentReach, Desired,
    DesiredHolding, DesiredPage, DesiredSpace, Directory, Edition, Flavor, GrantId, Group, Guards, Holding,
    Joins, Kept, Known, Listing, Live, LiveSpace, Mode, Origin, Parent, Permission, Principal, Requested,
    Restrictions, RoleId, Site, Space, SpaceKind, SpaceRoleMode, SpaceStatus, StrayPermissions, Strength,
    Subject, Terms, Tree, Truth, UnlistedPages, Wanted, Why,
};
use confperm::sandbox::world::{self, Command, Pair, RoleEntry, World};
use proptest::prelude::*;

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

/// A site, and the state that it shall be brought to.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent, and drawn one by one")]
pub(crate) struct Case {
    /// What there is to give.
    pub(crate) permissions: [Permission; 4],
    /// By what it is given.
    pub(crate) by: By,
    /// What other groups there are whose members cannot be read.
    pub(crate) bystanders: Bystanders,
    /// Whether the first group is a required admin, whom nothing may shut out.
    pub(crate) required: bool,
    /// Whether whoever runs this is in the first group.
    pub(crate) mine: bool,
    /// Whether the permissions of this case are not its own, but those of that group.
    pub(crate) leaning: bool,
    /// What whoever runs this may not do.
    pub(crate) lacks: Lacks,
    /// Whether the space is archived.
    pub(crate) archived: bool,
    /// Whether folders and their like can have lists.
    pub(crate) lists_for_folders: bool,
    /// Whether a page's edit list keeps people from deleting the page.
    pub(crate) edit_list_guards_delete: bool,
    /// Whether view lists above an archived page count for it.
    pub(crate) archived_inherit: bool,
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
    /// The pages whose edit lists do not name it, as bits. A list that names nobody else names it all the same.
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

/// Sites with pages, and nothing else, whose caller may not do everything; permissions come alone, so that how a
/// site is after a plan does not depend on the calls that led there.
pub(crate) fn lacking() -> impl Strategy<Value = Case> {
    let rare = || proptest::bool::weighted(0.3);
    let lacks = (rare(), rare(), rare(), any::<u8>(), any::<u8>());
    (case_with(ALONE), rare(), any::<bool>(), lacks).prop_map(
        |(case, crowded, mine, (administer, restrict, edit, one, other))| {
            let lacks = Lacks { administer, restrict, edit, edit_lists: one & other };
            let bystanders = if crowded { Bystanders::Different } else { Bystanders::None };
            Case { bystanders, mine, lacks, ..case }
        },
    )
}

/// A principal that stands for everyone, or for many. Its rows stay as they are: whom they cover is the question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    /// Whether the site lets in people who are not signed in.
    anonymous: bool,
    /// Whether rows of anonymous count for others only where the site does.
    rows_need_switch: bool,
}

const WIDE: [&str; 3] = ["anonymous", "class:all-licensed-users", "class:authenticated-users"];

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

/// Mostly pages that everybody reaches through the tree, as on real sites.
fn sort() -> impl Strategy<Value = Sort> {
    use world::{Kind, Status};
    let of_kind = |kind| Just(Sort { kind, ..PAGE });
    let with_status = |status| Just(Sort { status, ..PAGE });
    prop_oneof![
        10 => Just(PAGE),
        2 => with_status(Status::Archived),
        1 => with_status(Status::Trashed),
        1 => with_status(Status::Draft),
        1 => of_kind(Kind::Folder),
        1 => of_kind(Kind::Whiteboard),
        1 => of_kind(Kind::Database),
        2 => of_kind(Kind::Blogpost),
    ]
}

/// What has lists on every site and is always read: pages, many of them archived, and blog posts.
pub(crate) fn listed() -> impl Strategy<Value = Sort> {
    prop_oneof![
        4 => Just(PAGE),
        3 => Just(Sort { status: world::Status::Archived, ..PAGE }),
        3 => Just(Sort { kind: world::Kind::Blogpost, ..PAGE }),
    ]
}

pub(crate) const GROUPS: [&str; 3] = ["group:g0", "group:g1", "group:g2"];

/// Four permissions to play with: without companions, and with those of pages or of blog posts.
const ALONE: [Permission; 4] =
    [Permission::ReadSpace, Permission::CreatePage, Permission::CreateComment, Permission::DeletePage];
const OF_PAGES: [Permission; 4] =
    [Permission::ReadSpace, Permission::ExportContent, Permission::CreatePage, Permission::UpdatePage];
const OF_BLOGPOSTS: [Permission; 4] = [
    Permission::ReadSpace,
    Permission::ExportContent,
    Permission::CreateBlogpost,
    Permission::UpdateBlogpost,
];
/// What it takes to restrict, where editing alone does not do.
const OF_RESTRICTING: [Permission; 4] =
    [Permission::ReadSpace, Permission::CreatePage, Permission::RestrictContent, Permission::AdministerSpace];
const OF_FILES: [Permission; 4] =
    [Permission::ReadSpace, Permission::CreateAttachment, Permission::DeletePage, Permission::DeleteOwn];

/// Sites where a permission comes alone, and nothing above a page is hidden from the planner.
pub(crate) fn alone() -> impl Strategy<Value = Case> {
    sorted(single(), sort(), Hidden::AtTheEnds)
}

fn single() -> impl Strategy<Value = Case> {
    prop_oneof![2 => plain(), 1 => case_with(OF_RESTRICTING), 1 => case_with(OF_FILES)]
}

/// The same where permissions come and go with companions.
pub(crate) fn with_companions() -> impl Strategy<Value = Case> {
    sorted(companions(), sort(), Hidden::AtTheEnds)
}

/// Sites where rows of anonymous or of a class may cover what others lose, among people of all kinds.
pub(crate) fn with_classes() -> impl Strategy<Value = Case> {
    let wide = (proptest::sample::select(WIDE.to_vec()), any::<bool>(), any::<bool>());
    (single(), wide).prop_map(|(mut case, (who, anonymous, rows_need_switch))| {
        case.wide = Some(Wide { anonymous, rows_need_switch });
        let mut rows = case.before.rows.remove(GROUPS[2]).unwrap_or_default();
        case.after.rows.remove(GROUPS[2]);
        rows.remove(&Permission::AdministerSpace);
        if !rows.is_empty() {
            case.before.rows.insert(who, rows.clone());
            case.after.rows.insert(who, rows);
        }
        case
    })
}

fn companions() -> impl Strategy<Value = Case> {
    prop_oneof![2 => case_with(OF_PAGES), 1 => case_with(OF_BLOGPOSTS)]
}

/// Sites with pages, and nothing else, in them, where a permission comes alone.
pub(crate) fn plain() -> impl Strategy<Value = Case> {
    case_with(ALONE)
}

/// Sites with pages, and nothing else, in them.
pub(crate) fn of_pages() -> impl Strategy<Value = Case> {
    let bystanders = prop_oneof![
        5 => Just(Bystanders::None), 2 => Just(Bystanders::Alike), 3 => Just(Bystanders::Different),
    ];
    (prop_oneof![single(), companions()], bystanders, any::<bool>(), any::<bool>())
        .prop_map(|(case, bystanders, required, mine)| Case { bystanders, required, mine, ..case })
}

/// The same with archived pages and blog posts in them.
pub(crate) fn of_listed() -> impl Strategy<Value = Case> {
    sorted(of_pages(), listed(), Hidden::Anywhere)
}

/// Sites with all that there is, on which groups hold roles.
pub(crate) fn with_roles() -> impl Strategy<Value = Case> {
    let sets = prop_oneof![case_with(roles::OF_EDITING), case_with(roles::OF_RESTRICTING)];
    let switches = [any::<bool>(), any::<bool>(), any::<bool>()];
    (sorted(sets, sort(), Hidden::Anywhere), By::any_roles(), switches).prop_map(
        |(mut case, by, [required, mine, leaning])| {
            (case.by, case.required, case.mine, case.leaning) = (by, required, mine, leaning && mine);
            if case.leaning {
                case.before.rows.insert(GROUPS[0], case.permissions.into());
            }
            case
        },
    )
}

/// Sites with all that there is.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    (sorted(of_pages(), sort(), Hidden::Anywhere), any::<bool>(), any::<bool>()).prop_map(
        |(mut case, leaning, archived)| {
            (case.leaning, case.archived) = (leaning && case.mine, archived);
            if case.leaning {
                case.before.rows.insert(GROUPS[0], case.permissions.into());
            }
            case
        },
    )
}

/// Where there may be content that the planner does not get to see: drafts, and what is in the trash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Anywhere,
    AtTheEnds,
}

fn sorted(
    cases: impl Strategy<Value = Case>,
    sort: impl Strategy<Value = Sort>,
    hidden: Hidden,
) -> impl Strategy<Value = Case> {
    let sorts = proptest::collection::vec(sort, 4);
    let switches = [any::<bool>(), any::<bool>(), any::<bool>()];
    (cases, sorts, switches).prop_map(move |(mut case, sorts, [for_folders, guards, inherit])| {
        (case.lists_for_folders, case.edit_list_guards_delete) = (for_folders, guards);
        case.archived_inherit = inherit;
        case.sorts = sorts.into_iter().take(case.parents.len()).collect();
        for page in 0..case.sorts.len() {
            let has_children = case.parents.contains(&Some(page));
            if hidden == Hidden::AtTheEnds && has_children && case.sorts[page].status != PAGE.status {
                case.sorts[page] = PAGE;
            }
            // Blog posts stand beside the tree.
            if case.sorts[page].kind == world::Kind::Blogpost {
                case.parents[page] = None;
                for parent in &mut case.parents {
                    *parent = parent.filter(|parent| *parent != page);
                }
            }
        }
        for page in 0..case.sorts.len() {
            if !case.has_lists(page) {
                case.before.pages[page] = Default::default();
            }
            if !(case.has_lists(page) && case.is_read(page)) {
                case.after.pages[page].clone_from(&case.before.pages[page]);
            }
        }
        case
    })
}

fn case_with(permissions: [Permission; 4]) -> impl Strategy<Value = Case> {
    (any::<bool>(), 0_usize..=4)
        .prop_flat_map(move |(members_known, pages)| {
            let parents: Vec<_> = (0..pages)
                .map(|page| {
                    prop_oneof![
                        Just(None),
                        (0..page.max(1)).prop_map(move |parent| (parent < page).then_some(parent))
                    ]
                })
                .collect();
            let people = proptest::collection::vec(0_u8..8, 0..4);
            let state = || state(permissions, pages);
            (Just(members_known), people, parents, state(), state())
        })
        .prop_map(move |(members_known, people, parents, before, after)| Case {
            permissions,
            by: By::Rows,
            bystanders: Bystanders::None,
            required: false,
            mine: false,
            leaning: false,
            lacks: Lacks::default(),
            archived: false,
            lists_for_folders: true,
            edit_list_guards_delete: false,
            archived_inherit: true,
            wide: None,
            members_known,
            people,
            sorts: vec![PAGE; parents.len()],
            parents,
            before,
            after,
        })
}

fn state(permissions: [Permission; 4], pages: usize) -> impl Strategy<Value = State> {
    let holding = proptest::option::of(proptest::collection::btree_set(
        proptest::sample::select(permissions[1..].to_vec()),
        0..=3,
    ));
    let list = prop_oneof![
        2 => Just(BTreeSet::new()),
        3 => proptest::collection::btree_set(proptest::sample::select(GROUPS.to_vec()), 0..=2),
    ];
    let rows = proptest::collection::vec(holding, 3);
    let lists = proptest::collection::vec([list.clone(), list], pages);
    (rows, lists).prop_map(|(rows, lists)| State {
        rows: GROUPS
            .into_iter()
            .zip(rows)
            .filter_map(|(group, holding)| {
                let mut permissions = holding?;
                permissions.insert(Permission::ReadSpace);
                Some((group, permissions))
            })
            .collect(),
        pages: lists
            .into_iter()
            // Whoever restricts a page is on its lists; an empty one is open.
            .map(|lists| lists.map(|list| if list.is_empty() { list } else { with_me(list) }))
            .collect(),
    })
}

fn with_me(mut list: BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    list.insert("user:me");
    list
}

impl Case {
    /// Whether the API has lists for this piece of content.
    pub(crate) fn has_lists(&self, page: usize) -> bool {
        self.lists_for_folders || !self.sorts[page].is_container()
    }

    /// Whether the client finds it: current and archived pages, blog posts, and what such pages hang under.
    fn is_read(&self, page: usize) -> bool {
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

    /// People: those of the case; and, since a group may get new members at any time, somebody for each
    /// group alone; and where the planner does not know, somebody for each combination.
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
        world::Settings {
            mode: match self.mode() {
                SpaceRoleMode::PreRoles => world::RoleMode::PreRoles,
                SpaceRoleMode::RolesTransition => world::RoleMode::RolesTransition,
                SpaceRoleMode::Roles => world::RoleMode::Roles,
            },
            edition: world::Edition::Standard,
            anonymous: self.wide.is_some_and(|wide| wide.anonymous),
            unlicensed_access: self.wide.is_some(),
            url: "https://acme.atlassian.net/wiki".to_owned(),
            cloud_id: "cloud".to_owned(),
            caller: None,
        }
    }

    pub(crate) fn world(&self) -> World {
        let quirks = world::Quirks {
            companions: if self.companions() { world::Companions::Always } else { world::Companions::Never },
            folders_restrictable: self.lists_for_folders,
            update_list_guards_delete: self.edit_list_guards_delete,
            archived_pages_inherit: self.archived_inherit,
            anonymous_rows_need_site_switch: self.wide.is_some_and(|wide| wide.rows_need_switch),
            ..world::Quirks::default()
        };
        let mut world = World::new(self.settings(), quirks);
        world.add_user(user(ME));
        let mut members: [BTreeSet<world::AccountId>; 4] = Default::default();
        if self.mine {
            members[0].insert(world::AccountId(ME.to_owned()));
        }
        for groups in self.crowd() {
            let name = format!("p{groups}");
            world.add_user(user(&name));
            for (group, members) in members.iter_mut().enumerate() {
                if groups >> group & 1 == 1 {
                    members.insert(world::AccountId(name.clone()));
                }
            }
        }
        if self.wide.is_some() {
            let customer =
                world::User { licensed: false, kind: world::AccountType::Customer, ..user("free") };
            let guest = world::User { licensed: false, guest_of: Some("ENG".into()), ..user("guest") };
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
            world.add_group(world::Group {
                id: world::GroupId(group.to_owned()),
                name: group.to_owned(),
                members,
                team: false,
                access: None,
            });
        }
        if self.by != By::Rows {
            roles::add_roles(self, &mut world);
        }
        world.add_space(world::Space {
            id: SPACE,
            key: "ENG".into(),
            name: "Engineering".into(),
            kind: world::SpaceType::Global,
            status: if self.archived { world::SpaceStatus::Archived } else { world::SpaceStatus::Current },
            labels: BTreeSet::new(),
            unlicensed_access: false,
            homepage: None,
            roots: Vec::new(),
            blogposts: Vec::new(),
            contents: BTreeSet::new(),
            grants: BTreeMap::new(),
            assignments: if self.by == By::Rows { BTreeMap::new() } else { roles::assignments(self) },
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
                id: world_page(page),
                space: SPACE,
                kind: self.sorts[page].kind,
                status: self.sorts[page].status,
                title: format!("Page {page}"),
                labels: [].into(),
                author: None,
                parent: parent.map(world_page),
                children: Vec::new(),
                lists: world::Lists {
                    read: read.iter().map(|who| principal(who)).collect(),
                    update: update.iter().filter(on_update).map(|who| principal(who)).collect(),
                },
            });
        }
        world
    }

    /// The same with a page below each page that was not read: it has no lists, so those above are all that guards it.
    pub(crate) fn world_with_unread(&self) -> World {
        let mut world = self.world();
        for page in (0..self.parents.len()).filter(|page| self.sorts[*page].kind == world::Kind::Page) {
            world.add_content(world::Content {
                id: world::ContentId(UNREAD + page as u64),
                space: SPACE,
                kind: world::Kind::Page,
                status: world::Status::Current,
                title: format!("Below page {page}"),
                labels: [].into(),
                author: None,
                parent: Some(world_page(page)),
                children: Vec::new(),
                lists: world::Lists::default(),
            });
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

    /// The site as it would have been read.
    pub(crate) fn live(&self, world: &World) -> Live {
        let space = world.space(SPACE).unwrap();
        let mut holdings: BTreeMap<Principal, BTreeMap<Permission, BTreeSet<GrantId>>> = BTreeMap::new();
        for (row, grant) in &space.grants {
            let permission = Permission::from_cloud_pair(grant.pair.key(), grant.pair.target()).unwrap();
            let rows = holdings.entry(model_principal(&grant.principal)).or_default();
            rows.entry(permission).or_default().insert(GrantId::from_number(row.0));
        }
        self.bystanders.add_rows(&mut holdings);
        let assigned = space
            .assignments
            .iter()
            .map(|(who, role)| (model_principal(who), Holding::Role(role.0.parse().unwrap())));
        let mut tree = Tree::default();
        for (page, content) in world.contents().enumerate().filter(|(page, _)| self.is_read(*page)) {
            let list = |names: &BTreeSet<world::Principal>| {
                Audience::from_site_list(names.iter().map(|who| model_principal(who).subject().unwrap()))
            };
            tree.insert(Content {
                archived: content.status == world::Status::Archived,
                id: ContentId::from_number(content.id.0),
                kind: match content.kind {
                    world::Kind::Page => ContentKind::Page,
                    world::Kind::Blogpost => ContentKind::Blogpost,
                    world::Kind::Folder => ContentKind::Folder,
                    world::Kind::Whiteboard => ContentKind::Whiteboard,
                    world::Kind::Database => ContentKind::Database,
                    world::Kind::Embed => ContentKind::Embed,
                },
                title: content.title.as_str().into(),
                parent: content
                    .parent
                    .map_or(Parent::Space, |parent| Parent::Content(ContentId::from_number(parent.0))),
                restrictions: if self.has_lists(page) {
                    Known::Known(Restrictions {
                        view: list(&content.lists.read),
                        edit: list(&content.lists.update),
                    })
                } else {
                    Known::Unknown(Why::Hidden)
                },
            });
        }
        let groups = world.groups().map(|group| {
            let members = group.members.iter().map(|member| member.0.parse().unwrap()).collect();
            let id: confperm::model::GroupId = group.id.0.parse().unwrap();
            let known = self.members_known && group.name.starts_with('g');
            let members = if known { Known::Known(members) } else { Known::Unknown(Why::Hidden) };
            (
                id.clone(),
                Group { id, name: group.name.clone().into(), members, access: Known::Unknown(Why::NotRead) },
            )
        });
        Live {
            site: Site {
                flavor: Flavor::Cloud,
                base_url: world.settings.url.clone().into(),
                cloud_id: None,
                edition: Edition::Standard,
                mode: self.mode(),
                anonymous_access: Known::Known(world.settings.anonymous),
                caller: Caller {
                    account: ME.parse().unwrap(),
                    name: "Me".into(),
                    groups: Known::Known(self.mine.then(|| "g0".parse().unwrap()).into_iter().collect()),
                    administers_site: Truth::Unknown,
                },
            },
            names_read: true,
            roles: if self.by == By::Rows { BTreeMap::new() } else { roles::read(self) },
            directory: Directory { groups: groups.collect(), ..Directory::default() },
            spaces: BTreeMap::from([(
                "ENG".parse().unwrap(),
                LiveSpace {
                    expanded: BTreeMap::new(),
                    space: Space {
                        id: "1".parse().unwrap(),
                        key: "ENG".parse().unwrap(),
                        name: "Engineering".into(),
                        kind: SpaceKind::Global,
                        status: if self.archived { SpaceStatus::Archived } else { SpaceStatus::Current },
                        homepage: None,
                    },
                    holdings: holdings
                        .into_iter()
                        .map(|(who, grants)| (who, Holding::Grants(grants)))
                        .chain(assigned)
                        .collect(),
                    foreign: BTreeSet::new(),
                    unlicensed_access: Known::Known(false),
                    unlisted_anonymous: Known::Known(false),
                    tree: Some(tree),
                    read: BesidePages::default(),
                    labelled: std::collections::BTreeMap::new(),
                },
            )]),
            listing: Listing::default(),
            stray: StrayPermissions::default(),
            guests: BTreeMap::new(),
            gaps: BTreeSet::new(),
        }
    }

    pub(crate) fn desired(&self) -> Desired {
        let holdings = self.after.rows.iter().map(|(who, permissions)| {
            if self.by != By::Rows {
                let role = roles::role_of(self, permissions).parse().unwrap();
                return (who.parse().unwrap(), DesiredHolding::Role(wanted(role)));
            }
            let grants =
                permissions.iter().map(|&permission| (permission, wanted(Strength::Required))).collect();
            (who.parse().unwrap(), DesiredHolding::Grants(grants))
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
        let bystanders = self.bystanders.of().map(|(who, held)| {
            let held = held.into_iter().map(|permission| (permission, wanted(Strength::Required)));
            (who, DesiredHolding::Grants(held.collect()))
        });
        let space = DesiredSpace {
            labels: std::collections::BTreeMap::new(),
            requested: Requested::default(),
            watched: BTreeMap::new(),
            kept: Kept::default(),
            mode: Mode::Authoritative,
            origin: origin(),
            holdings: holdings.chain(bystanders).collect(),
            pages: pages.collect(),
            joins: Joins::default(),
            reach: ContentReach::Named,
            unlisted: UnlistedPages::Leave,
            page_only: Vec::new(),
        };
        let required = self.required.then(|| (GROUPS[0].parse().unwrap(), origin()));
        let guards = Guards { required_admins: required.into_iter().collect(), ..Guards::default() };
        Desired { spaces: BTreeMap::from([("ENG".parse().unwrap(), space)]), guards, ..Desired::default() }
    }
}

pub(crate) fn wanted<T>(what: T) -> Wanted<T> {
    Wanted { what, origin: origin(), role: None, terms: Terms::default() }
}

fn origin() -> Origin {
    Origin { file: "eng.yaml".into(), line: 1 }
}

pub(crate) fn user(name: &str) -> world::User {
    world::User {
        handle: name.to_owned(),
        account: world::AccountId(name.to_owned()),
        name: name.to_owned(),
        email: None,
        status: world::AccountStatus::Active,
        kind: world::AccountType::Atlassian,
        licensed: true,
        confluence_admin: false,
        guest_of: None,
        jsm_project_admin: false,
        token_scopes: Option::default(),
    }
}

/// The number of the first page that was not read.
const UNREAD: u64 = 9000;

fn world_page(page: usize) -> world::ContentId {
    world::ContentId(1000 + page as u64)
}

pub(crate) fn principal(who: &str) -> world::Principal {
    match who.split_once(':') {
        Some(("group", id)) => world::Principal::Group(id.into()),
        Some(("user", id)) => world::Principal::User(id.into()),
        Some(("class", "all-licensed-users")) => world::Principal::Class(world::Class::AllLicensedUsers),
        Some(("class", "authenticated-users")) => world::Principal::Class(world::Class::AuthenticatedUsers),
        None => world::Principal::Anonymous,
        Some(_) => panic!("{who}"),
    }
}

fn model_principal(who: &world::Principal) -> Principal {
    match who {
        world::Principal::Group(id) => Principal::Group(id.0.parse().unwrap()),
        world::Principal::User(id) => Principal::User(id.0.parse().unwrap()),
        world::Principal::Class(world::Class::AllLicensedUsers) => {
            Principal::Class(AccessClass::AllLicensedUsers)
        }
        world::Principal::Class(world::Class::AuthenticatedUsers) => {
            Principal::Class(AccessClass::AuthenticatedUsers)
        }
        world::Principal::Class(_) => panic!("{who:?}"),
        world::Principal::Anonymous => Principal::Anonymous,
    }
}

pub(crate) fn pair(permission: Permission) -> Pair {
    let (key, target) = permission.cloud_pair().split_once('/').unwrap();
    *Pair::ALL.iter().find(|pair| pair.key() == key && pair.target() == target).unwrap()
}

/// Carries out one call, as the client would over HTTP.
pub(crate) fn perform(world: &mut World, call: &Call) {
    attempt(world, call).unwrap_or_else(|refusal| panic!("{call:?}: {refusal:?}"));
}

/// The same, which the world may refuse.
pub(crate) fn attempt(world: &mut World, call: &Call) -> Result<(), world::Refusal> {
    let command = match call {
        Call::Grant { principal: who, permission, .. } => {
            Command::Grant { space: SPACE, principal: principal(&who.to_string()), pair: pair(*permission) }
        }
        Call::Revoke { principal: who, permission, grant, .. } => {
            let found = world.space(SPACE).unwrap().row(&principal(&who.to_string()), pair(*permission));
            // There may be nothing to do.
            let Some(found) = found else { return Ok(()) };
            let row = grant.map_or(found, |row| world::GrantId(row.number()));
            Command::Revoke { space: SPACE, row }
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

/// What everybody can do: a bit for each person, and each permission of the case or verb of a page.
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
