//! Small sites, written down in the words of a policy.

use std::collections::{BTreeMap, BTreeSet};

use confperm::access::{Asker, Engine, Object, Verb, Verdict};
use confperm::model::{
    AccountId, AccountKind, AccountStatus, Audience, Caller, Content, ContentId, ContentKind, Edition,
    Flavor, Group, GroupId, Holding, Known, Live, LiveSpace, Parent, Permission, Person, Principal,
    ProductAccess, Restrictions, Role, RoleId, RoleKind, Site, Space, SpaceId, SpaceKey, SpaceKind,
    SpaceRoleMode, SpaceStatus, Subject, Tree, Truth, Why,
};

#[derive(Clone)]
pub(crate) struct World(pub(crate) Live);

pub(crate) fn account(name: &str) -> AccountId {
    name.parse().unwrap()
}

pub(crate) fn group(name: &str) -> GroupId {
    name.parse().unwrap()
}

pub(crate) fn key(key: &str) -> SpaceKey {
    key.parse().unwrap()
}

pub(crate) const fn id(number: u64) -> ContentId {
    ContentId::from_number(number)
}

pub(crate) fn principal(text: &str) -> Principal {
    text.parse().unwrap()
}

fn audience(text: &str) -> Audience {
    Audience::from_site_list(text.split_whitespace().map(|subject| subject.parse::<Subject>().unwrap()))
}

/// `ENG` or `ENG/12`.
pub(crate) fn object(text: &str) -> Object {
    match text.split_once('/') {
        Some((space, content)) => Object::Content(key(space), content.parse().unwrap()),
        None => Object::Space(key(text)),
    }
}

/// `user:ann`, `group:eng` or `anonymous`.
pub(crate) fn asker(text: &str) -> Asker {
    match principal(text) {
        Principal::User(account) => Asker::Person(account),
        Principal::Group(group) => Asker::Group(group),
        Principal::Anonymous => Asker::Anonymous,
        Principal::Class(_) => panic!("a class does not ask"),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let site = Site {
            flavor: Flavor::Cloud,
            base_url: "https://acme.example".into(),
            cloud_id: None,
            edition: Edition::Premium,
            mode: SpaceRoleMode::PreRoles,
            anonymous_access: Known::Known(true),
            caller: Caller {
                account: account("ann"),
                name: "Ann".into(),
                groups: Known::Known(BTreeSet::new()),
                administers_site: Truth::Unknown,
            },
        };
        let live = Live::of(site);
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
        let person = Person {
            account: account(name),
            name: name.into(),
            email: None,
            kind: AccountKind::Human,
            status: AccountStatus::Active,
            guest: Known::Known(false),
        };
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
        self.0.guests.insert(account(guest), key(space));
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
        self.0.directory.people.get_mut(&account(name)).unwrap()
    }

    pub(crate) fn group(mut self, name: &str, members: &str) -> Self {
        let group = Group {
            id: group(name),
            name: name.into(),
            members: Known::Known(members.split_whitespace().map(account).collect()),
            access: Known::Known(ProductAccess::None),
        };
        self.0.directory.groups.insert(group.id.clone(), group);
        self
    }

    pub(crate) fn join(mut self, name: &str, member: &str) -> Self {
        let group = self.0.directory.groups.get_mut(&group(name)).unwrap();
        if let Known::Known(members) = &mut group.members {
            members.insert(account(member));
        }
        self
    }

    pub(crate) fn unreadable(mut self, name: &str) -> Self {
        self.0.directory.groups.get_mut(&group(name)).unwrap().members = Known::Unknown(Why::Hidden);
        self
    }

    pub(crate) fn product(mut self, name: &str, access: ProductAccess) -> Self {
        self.0.directory.groups.get_mut(&group(name)).unwrap().access = Known::Known(access);
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
        let space = Space {
            id: SpaceId::from_number(number),
            key: key(name),
            name: name.into(),
            kind: SpaceKind::Global,
            status: SpaceStatus::Current,
            homepage: None,
        };
        let live = LiveSpace {
            unlicensed_access: Known::Known(false),
            unlisted_anonymous: Known::Known(false),
            tree: Some(Tree::default()),
            ..LiveSpace::of(space)
        };
        self.0.spaces.insert(key(name), live);
        self
    }

    pub(crate) fn at(&mut self, space: &str) -> &mut LiveSpace {
        self.0.spaces.get_mut(&key(space)).unwrap()
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
            archived: false,
            id: id(page),
            kind: ContentKind::Page,
            title: format!("P{page}").into(),
            parent: if parent == 0 { Parent::Space } else { Parent::Content(id(parent)) },
            restrictions: Known::Known(Restrictions { view: audience(view), edit: audience(edit) }),
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

    pub(crate) fn can(&self, who: &str, verb: Verb, what: &str) -> Verdict {
        Engine::new(&self.0).can(&asker(who), verb, &object(what))
    }
}
