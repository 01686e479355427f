//! A small site in both forms, a change of it, and what everybody can do in a state of it.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{
    Audience, Call, Caller, Content, ContentId, ContentKind, Desired, DesiredHolding, DesiredPage,
    DesiredSpace, Directory, Edition, Flavor, GrantId, Group, Guards, Holding, Known, Listing, Live,
    LiveSpace, Mode, Origin, Parent, Permission, Principal, Restrictions, Site, Space, SpaceKind,
    SpaceRoleMode, SpaceStatus, Strength, Subject, Terms, Tree, UnlistedPages, Wanted, Why,
};
use confperm::sandbox::world::{self, Command, Pair, World};
use proptest::prelude::*;

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
    /// Whether there are so many groups that nobody may see into that the planner cannot look at everybody.
    pub(crate) crowded: bool,
    /// Whether the first group is a required admin, whom nothing may shut out.
    pub(crate) required: bool,
    /// Whether whoever runs this is in the first group.
    pub(crate) mine: bool,
    /// Whether the planner may know who is in which group.
    pub(crate) members_known: bool,
    /// The groups of each person, as bits.
    pub(crate) people: Vec<u8>,
    /// The parent of each page, an earlier one.
    pub(crate) parents: Vec<Option<usize>>,
    pub(crate) before: State,
    pub(crate) after: State,
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

/// Sites where a permission comes alone.
pub(crate) fn alone() -> impl Strategy<Value = Case> {
    case_with(ALONE)
}

/// Sites where permissions come and go with companions.
pub(crate) fn with_companions() -> impl Strategy<Value = Case> {
    prop_oneof![2 => case_with(OF_PAGES), 1 => case_with(OF_BLOGPOSTS)]
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let crowded = proptest::bool::weighted(0.3);
    (prop_oneof![alone(), with_companions()], crowded, any::<bool>(), any::<bool>())
        .prop_map(|(case, crowded, required, mine)| Case { crowded, required, mine, ..case })
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
            crowded: false,
            required: false,
            mine: false,
            members_known,
            people,
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
    /// Whether Confluence adds and takes away permissions by itself.
    pub(crate) fn companions(&self) -> bool {
        self.permissions != ALONE
    }

    fn mode(&self) -> SpaceRoleMode {
        if self.companions() { SpaceRoleMode::RolesTransition } else { SpaceRoleMode::PreRoles }
    }

    /// People: those of the case; and, since a group may get new members at any time, somebody for each
    /// group alone; and where the planner does not know, somebody for each combination.
    pub(crate) fn crowd(&self) -> BTreeSet<u8> {
        let mut crowd: BTreeSet<u8> = self.people.iter().copied().chain([0, 1, 2, 4]).collect();
        if !self.members_known {
            crowd.extend(0..8);
        }
        crowd
    }

    pub(crate) fn world(&self) -> World {
        let settings = world::Settings {
            mode: match self.mode() {
                SpaceRoleMode::PreRoles => world::RoleMode::PreRoles,
                SpaceRoleMode::RolesTransition => world::RoleMode::RolesTransition,
                SpaceRoleMode::Roles => world::RoleMode::Roles,
            },
            edition: world::Edition::Standard,
            anonymous: false,
            unlicensed_access: false,
            url: "https://acme.atlassian.net/wiki".to_owned(),
            cloud_id: "cloud".to_owned(),
            caller: None,
        };
        let quirks = world::Quirks {
            companions: if self.companions() { world::Companions::Always } else { world::Companions::Never },
            ..world::Quirks::default()
        };
        let mut world = World::new(settings, quirks);
        world.add_user(user(ME));
        let mut members: [BTreeSet<world::AccountId>; 3] = Default::default();
        for groups in self.crowd() {
            let name = format!("p{groups}");
            world.add_user(user(&name));
            for (group, members) in members.iter_mut().enumerate() {
                if groups >> group & 1 == 1 {
                    members.insert(world::AccountId(name.clone()));
                }
            }
        }
        for (group, members) in members.into_iter().enumerate() {
            world.add_group(world::Group {
                id: world::GroupId(format!("g{group}")),
                name: format!("g{group}"),
                members,
                team: false,
                access: None,
            });
        }
        world.add_space(world::Space {
            id: SPACE,
            key: "ENG".into(),
            name: "Engineering".to_owned(),
            kind: world::SpaceType::Global,
            status: world::SpaceStatus::Current,
            labels: BTreeSet::new(),
            unlicensed_access: false,
            homepage: None,
            roots: Vec::new(),
            blogposts: Vec::new(),
            contents: BTreeSet::new(),
            grants: BTreeMap::new(),
            assignments: BTreeMap::new(),
        });
        let known = |pair: &&Pair| self.mode() != SpaceRoleMode::PreRoles || pair.is_documented();
        for &pair in Pair::ALL.iter().filter(known) {
            world.add_grant(SPACE, &world::Grant { principal: principal("user:me"), pair });
        }
        for (who, permissions) in &self.before.rows {
            for &permission in permissions {
                world.add_grant(SPACE, &world::Grant { principal: principal(who), pair: pair(permission) });
            }
        }
        for (page, parent) in self.parents.iter().enumerate() {
            let [read, update] = &self.before.pages[page];
            world.add_content(world::Content {
                id: world_page(page),
                space: SPACE,
                kind: world::Kind::Page,
                status: world::Status::Current,
                title: format!("Page {page}"),
                author: None,
                parent: parent.map(world_page),
                children: Vec::new(),
                lists: world::Lists {
                    read: read.iter().map(|who| principal(who)).collect(),
                    update: update.iter().map(|who| principal(who)).collect(),
                },
            });
        }
        world
    }

    /// Groups with access that stays as it is; so many that not all of their combinations can be looked at.
    fn bystanders(&self) -> impl Iterator<Item = Principal> {
        (0..if self.crowded { 40 } else { 0 }).map(|number| format!("group:x{number}").parse().unwrap())
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
        for (place, bystander) in self.bystanders().enumerate() {
            let row = GrantId::from_number(1_000_000 + place as u64);
            holdings.entry(bystander).or_default().insert(Permission::ReadSpace, BTreeSet::from([row]));
        }
        let mut tree = Tree::default();
        for content in world.contents() {
            let list = |names: &BTreeSet<world::Principal>| {
                Audience::from_site_list(names.iter().map(|who| model_principal(who).subject().unwrap()))
            };
            tree.insert(Content {
                id: ContentId::from_number(content.id.0),
                kind: ContentKind::Page,
                title: content.title.as_str().into(),
                parent: content
                    .parent
                    .map_or(Parent::Space, |parent| Parent::Content(ContentId::from_number(parent.0))),
                restrictions: Known::Known(Restrictions {
                    view: list(&content.lists.read),
                    edit: list(&content.lists.update),
                }),
            });
        }
        let groups = world.groups().map(|group| {
            let members = group.members.iter().map(|member| member.0.parse().unwrap()).collect();
            let id: confperm::model::GroupId = group.id.0.parse().unwrap();
            let members =
                if self.members_known { Known::Known(members) } else { Known::Unknown(Why::Hidden) };
            (
                id.clone(),
                Group { id, name: group.name.clone(), members, access: Known::Unknown(Why::NotRead) },
            )
        });
        Live {
            site: Site {
                flavor: Flavor::Cloud,
                base_url: world.settings.url.clone(),
                cloud_id: None,
                edition: Edition::Standard,
                mode: self.mode(),
                anonymous_access: Known::Known(false),
                caller: Caller {
                    account: ME.parse().unwrap(),
                    name: "Me".to_owned(),
                    groups: self.mine.then(|| "g0".parse().unwrap()).into_iter().collect(),
                },
            },
            roles: BTreeMap::new(),
            directory: Directory { people: BTreeMap::new(), groups: groups.collect() },
            spaces: BTreeMap::from([(
                "ENG".parse().unwrap(),
                LiveSpace {
                    space: Space {
                        id: "1".parse().unwrap(),
                        key: "ENG".parse().unwrap(),
                        name: "Engineering".to_owned(),
                        kind: SpaceKind::Global,
                        status: SpaceStatus::Current,
                        homepage: None,
                    },
                    holdings: holdings
                        .into_iter()
                        .map(|(who, grants)| (who, Holding::Grants(grants)))
                        .collect(),
                    foreign: BTreeSet::new(),
                    unlicensed_access: Known::Known(false),
                    tree: Some(tree),
                },
            )]),
            listing: Listing::default(),
            gaps: BTreeSet::new(),
        }
    }

    pub(crate) fn desired(&self) -> Desired {
        let holdings = self.after.rows.iter().map(|(who, permissions)| {
            let grants =
                permissions.iter().map(|&permission| (permission, wanted(Strength::Required))).collect();
            (who.parse().unwrap(), DesiredHolding::Grants(grants))
        });
        let pages = self.after.pages.iter().enumerate().map(|(page, lists)| {
            let list = |names: &BTreeSet<&str>| {
                let subjects = names.iter().map(|who| who.parse::<Subject>().unwrap());
                Some(wanted(Audience::from_site_list(subjects)))
            };
            (
                ContentId::from_number(world_page(page).0),
                DesiredPage { view: list(&lists[0]), edit: list(&lists[1]) },
            )
        });
        let bystanders = self.bystanders().map(|who| {
            let read = BTreeMap::from([(Permission::ReadSpace, wanted(Strength::Required))]);
            (who, DesiredHolding::Grants(read))
        });
        let space = DesiredSpace {
            mode: Mode::Authoritative,
            origin: origin(),
            holdings: holdings.chain(bystanders).collect(),
            pages: pages.collect(),
            unlisted: UnlistedPages::Leave,
            page_only: Vec::new(),
        };
        let required = self.required.then(|| (GROUPS[0].parse().unwrap(), origin()));
        let guards = Guards { required_admins: required.into_iter().collect(), ..Guards::default() };
        Desired { spaces: BTreeMap::from([("ENG".parse().unwrap(), space)]), guards, ..Desired::default() }
    }
}

fn wanted<T>(what: T) -> Wanted<T> {
    Wanted { what, origin: origin(), role: None, terms: Terms::default() }
}

fn origin() -> Origin {
    Origin { file: "eng.yaml".into(), line: 1 }
}

fn user(name: &str) -> world::User {
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

fn world_page(page: usize) -> world::ContentId {
    world::ContentId(1000 + page as u64)
}

pub(crate) fn principal(who: &str) -> world::Principal {
    match who.split_once(':') {
        Some(("group", id)) => world::Principal::Group(id.into()),
        Some(("user", id)) => world::Principal::User(id.into()),
        _ => panic!("{who}"),
    }
}

fn model_principal(who: &world::Principal) -> Principal {
    match who {
        world::Principal::Group(id) => Principal::Group(id.0.parse().unwrap()),
        world::Principal::User(id) => Principal::User(id.0.parse().unwrap()),
        world::Principal::Class(_) | world::Principal::Anonymous => panic!("{who:?}"),
    }
}

pub(crate) fn pair(permission: Permission) -> Pair {
    let (key, target) = permission.cloud_pair().split_once('/').unwrap();
    *Pair::ALL.iter().find(|pair| pair.key() == key && pair.target() == target).unwrap()
}

/// Carries out one call, as the client would over HTTP. `None` where there was nothing to do.
pub(crate) fn perform(world: &mut World, call: &Call) -> Option<()> {
    let command = match call {
        Call::Grant { principal: who, permission, .. } => {
            Command::Grant { space: SPACE, principal: principal(&who.to_string()), pair: pair(*permission) }
        }
        Call::Revoke { principal: who, permission, grant, .. } => {
            let found = world.space(SPACE).unwrap().row(&principal(&who.to_string()), pair(*permission))?;
            let row = grant.map_or(found, |row| world::GrantId(row.number()));
            Command::Revoke { space: SPACE, row }
        }
        Call::Restrict { content, after, .. } => {
            let content = world::ContentId(content.number());
            let names =
                |audience: &Audience| audience.subjects().map(|who| principal(&who.to_string())).collect();
            restrict(content, names(&after.view), names(&after.edit))
        }
        Call::AssignRoles { .. } => panic!("these sites have no roles"),
    };
    let caller = world::Caller::User(ME.into());
    world.perform(&caller, &command).unwrap_or_else(|refusal| panic!("{call:?}: {refusal:?}"));
    Some(())
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

/// What everybody can do: a bit for each person and thing.
pub(crate) fn profile(case: &Case, world: &World) -> Vec<bool> {
    let mut bits = Vec::new();
    for user in world.users() {
        let subject = world::Subject::User(user.account.clone());
        let operations = world.space_operations(&subject, SPACE);
        bits.extend(case.permissions.iter().map(|permission| operations.contains(&pair(*permission))));
        for content in world.contents() {
            bits.push(world.allows(&subject, world::Verb::Read, content.id).is_ok());
            bits.push(world.allows(&subject, world::Verb::Update, content.id).is_ok());
        }
    }
    bits
}

/// Whether a state lies between two others.
pub(crate) fn between(before: &[bool], now: &[bool], after: &[bool]) -> bool {
    before.iter().zip(now).zip(after).all(|((before, now), after)| now == before || now == after)
}
