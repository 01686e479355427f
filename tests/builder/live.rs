//! What a plan sees of a site: the pieces with what they mostly have, to be changed by struct update, and a builder.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use confperm::model::{
    AccountId, AccountKind, AccountStatus, Caller, Content, ContentKind, Edition, Flavor, GrantId, Group,
    GroupId, Holding, Known, Listing, Live, LiveSpace, Parent, Permission, Person, ProductAccess,
    Restrictions, Role, RoleId, RoleKind, Site, SiteText, Space, SpaceId, SpaceKey, SpaceKind, SpaceRoleMode,
    SpaceStatus, Tree, Truth, Why,
};

use super::ids::{self, audience, id, key, principal};

/// A site on Confluence Cloud of which all names were read, and nothing else. The caller is in no group.
pub(crate) fn site(mode: SpaceRoleMode, caller: AccountId) -> Live {
    let site = Site {
        flavor: Flavor::Cloud,
        base_url: "https://acme.atlassian.net/wiki".into(),
        cloud_id: None,
        edition: Edition::Standard,
        mode,
        anonymous_access: Known::Known(false),
        caller: Caller {
            name: caller.to_string().as_str().into(),
            account: caller,
            groups: Known::Known(BTreeSet::new()),
            administers_site: Truth::Unknown,
        },
    };
    Live { names_read: true, ..Live::of(site) }
}

/// An active person.
pub(crate) fn person(account: AccountId, name: impl Into<SiteText>) -> Person {
    Person {
        account,
        name: name.into(),
        email: None,
        kind: AccountKind::Human,
        status: AccountStatus::Active,
        guest: Known::Known(false),
    }
}

/// A group that was listed, and whose members were not read.
pub(crate) fn group(id: GroupId, name: impl Into<SiteText>) -> Group {
    Group {
        id,
        name: name.into(),
        members: Known::Unknown(Why::NotRead),
        access: Known::Unknown(Why::NotRead),
    }
}

/// A space that is in use, without a homepage.
pub(crate) fn listed(number: u64, key: SpaceKey) -> Space {
    Space {
        id: SpaceId::from_number(number),
        name: key.as_str().into(),
        key,
        kind: SpaceKind::Global,
        status: SpaceStatus::Current,
        homepage: None,
    }
}

/// A space for licensed people only, the tree of which was not read.
pub(crate) fn space(space: Space) -> LiveSpace {
    LiveSpace {
        unlicensed_access: Known::Known(false),
        unlisted_anonymous: Known::Known(false),
        ..LiveSpace::of(space)
    }
}

/// A page under another, or at the top of its space under 0, whose lists were not read.
pub(crate) fn page(number: u64, parent: u64, title: impl Into<SiteText>) -> Content {
    Content {
        archived: false,
        id: id(number),
        kind: ContentKind::Page,
        title: title.into(),
        parent: if parent == 0 { Parent::Space } else { Parent::Content(id(parent)) },
        restrictions: Known::Unknown(Why::NotRead),
    }
}

/// Single permissions, whose rows have no ids.
pub(crate) fn grants<'p>(permissions: impl IntoIterator<Item = &'p Permission>) -> Holding {
    Holding::Grants(permissions.into_iter().map(|permission| (*permission, BTreeSet::new())).collect())
}

/// Makes rows of grants, each with an id that no other has.
pub(crate) fn numbered_grants() -> impl FnMut(&[Permission]) -> Holding {
    let mut row = 0;
    move |permissions| {
        let rows = permissions.iter().map(|permission| {
            row += 1;
            (*permission, BTreeSet::from([GrantId::from_number(row)]))
        });
        Holding::Grants(rows.collect())
    }
}

/// A list of all spaces, as if it had been read with them.
pub(crate) fn listing(spaces: &BTreeMap<SpaceKey, Arc<LiveSpace>>) -> Listing {
    let spaces = spaces.iter().map(|(key, space)| (key.clone(), space.space.clone())).collect();
    Listing { spaces, whole: true, ..Listing::default() }
}

/// Puts a site together, piece by piece, in the words of a policy.
#[derive(Clone)]
pub(crate) struct LiveBuilder(pub(crate) Live);

impl LiveBuilder {
    /// A site with anonymous access and a group `users` that licenses its members.
    pub(crate) fn new() -> Self {
        let mut live = site(SpaceRoleMode::PreRoles, ids::account("ann"));
        live.names_read = false;
        live.site.edition = Edition::Premium;
        live.site.anonymous_access = Known::Known(true);
        Self(live).group("users", "").product("users", ProductAccess::User)
    }

    pub(crate) fn mode(mut self, mode: SpaceRoleMode) -> Self {
        self.0.site.mode = mode;
        self
    }

    pub(crate) fn anonymous(mut self, access: Known<bool>) -> Self {
        self.0.site.anonymous_access = access;
        self
    }

    /// Active people with a licence.
    pub(crate) fn people(mut self, names: &str) -> Self {
        for name in names.split_whitespace() {
            self = self.unlicensed(name).join("users", name);
        }
        self
    }

    pub(crate) fn unlicensed(mut self, name: &str) -> Self {
        let person = person(ids::account(name), name);
        self.0.directory.people.insert(person.account.clone(), person);
        self
    }

    pub(crate) fn guest(self, name: &str) -> Self {
        let mut world = self.unlicensed(name);
        world.person(name).guest = Known::Known(true);
        world
    }

    /// What the policy says: the space that a guest belongs to.
    pub(crate) fn home(mut self, guest: &str, space: &str) -> Self {
        self.0.guests.insert(ids::account(guest), key(space));
        self
    }

    pub(crate) fn app(self, name: &str) -> Self {
        let mut world = self.unlicensed(name);
        world.person(name).kind = AccountKind::App;
        world
    }

    pub(crate) fn status(mut self, name: &str, status: AccountStatus) -> Self {
        self.person(name).status = status;
        self
    }

    pub(crate) fn person(&mut self, name: &str) -> &mut Person {
        self.0.directory.people.get_mut(&ids::account(name)).unwrap()
    }

    pub(crate) fn group(mut self, name: &str, members: &str) -> Self {
        let group = Group {
            members: Known::Known(members.split_whitespace().map(ids::account).collect()),
            access: Known::Known(ProductAccess::None),
            ..group(ids::group(name), name)
        };
        self.0.directory.groups.insert(group.id.clone(), group);
        self
    }

    pub(crate) fn join(mut self, name: &str, member: &str) -> Self {
        let group = self.0.directory.groups.get_mut(&ids::group(name)).unwrap();
        if let Known::Known(members) = &mut group.members {
            members.insert(ids::account(member));
        }
        self
    }

    pub(crate) fn unreadable(mut self, name: &str) -> Self {
        self.0.directory.groups.get_mut(&ids::group(name)).unwrap().members = Known::Unknown(Why::Hidden);
        self
    }

    pub(crate) fn product(mut self, name: &str, access: ProductAccess) -> Self {
        self.0.directory.groups.get_mut(&ids::group(name)).unwrap().access = Known::Known(access);
        self
    }

    pub(crate) fn role(mut self, name: &str, kind: RoleKind, permissions: &str) -> Self {
        let id: RoleId = format!("role-{name}").parse().unwrap();
        let permissions = permissions.split_whitespace().map(str::to_owned).collect();
        self.0.roles.insert(id.clone(), Role::new(id, name.into(), kind, permissions));
        self.0.learn_roles();
        self
    }

    pub(crate) fn space(mut self, name: &str) -> Self {
        let number = 1 + self.0.spaces.len() as u64;
        let live = LiveSpace { tree: Some(Tree::default()), ..space(listed(number, key(name))) };
        self.0.spaces.insert(key(name), live.into());
        self
    }

    pub(crate) fn at(&mut self, space: &str) -> &mut LiveSpace {
        self.0.space_mut(&key(space)).unwrap()
    }

    pub(crate) fn grant(mut self, space: &str, who: &str, permissions: &str) -> Self {
        let granted =
            permissions.split_whitespace().map(|p| (p.parse::<Permission>().unwrap(), BTreeSet::new()));
        let holdings = &mut self.at(space).holdings;
        match holdings.entry(principal(who)).or_insert_with(|| Holding::Grants(BTreeMap::new())) {
            Holding::Grants(grants) => grants.extend(granted),
            Holding::Role(_) => panic!("holds a role"),
        }
        self
    }

    pub(crate) fn assign(mut self, space: &str, who: &str, role: &str) -> Self {
        let role = format!("role-{role}").parse().unwrap();
        self.at(space).holdings.insert(principal(who), Holding::Role(role));
        self
    }

    pub(crate) fn revoke(mut self, space: &str, who: &str) -> Self {
        self.at(space).holdings.remove(&principal(who)).unwrap();
        self
    }

    /// A page under another, or under the space for parent 0; empty lists are open.
    pub(crate) fn page(mut self, space: &str, page: u64, parent: u64, view: &str, edit: &str) -> Self {
        let content = Content {
            restrictions: Known::Known(Restrictions { view: audience(view), edit: audience(edit) }),
            ..self::page(page, parent, format!("P{page}"))
        };
        self.at(space).tree.as_mut().unwrap().insert(content);
        self
    }

    pub(crate) fn restrict(mut self, space: &str, page: u64, view: &str, edit: &str) -> Self {
        let lists = Restrictions { view: audience(view), edit: audience(edit) };
        self.at(space).tree.as_mut().unwrap().set_restrictions(id(page), Known::Known(lists));
        self
    }

    pub(crate) fn kind(mut self, space: &str, page: u64, kind: ContentKind) -> Self {
        let tree = self.at(space).tree.as_mut().unwrap();
        let content = Content { kind, ..tree.get(id(page)).unwrap().clone() };
        tree.insert(content);
        self
    }

    pub(crate) fn archive(mut self, space: &str, page: u64) -> Self {
        let tree = self.at(space).tree.as_mut().unwrap();
        let content = Content { archived: true, ..tree.get(id(page)).unwrap().clone() };
        tree.insert(content);
        self
    }
}
