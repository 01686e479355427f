//! A Confluence site as a pure state machine: no I/O, no clock, no HTTP.
//!
//! [`World`] holds the site; [`World::perform`] carries out one [`Command`] for one [`Caller`] or gives a
//! typed [`Refusal`] and changes nothing; [`World::act`] makes a concurrent change, past the
//! API; [`access`] answers who may do what by straight evaluation. What a
//! refusal looks like on the wire is the business of `sandbox::http`, and how a world is written down that
//! of `sandbox::state`.

pub mod access;
mod command;
mod content;
mod directory;
mod foreign;
mod grants;
mod names;
mod object;
mod pair;
mod people;
mod quirks;
mod refusal;
mod restrictions;
mod role_words;
mod roles;
mod sight;

use std::collections::{BTreeMap, BTreeSet};

pub use access::{Denial, Verb};
pub use command::{Caller, Command, Outcome};
pub use content::{Content, Grant, Kind, ListKind, Lists, Space, SpaceStatus, SpaceType, Status};
pub use foreign::{Action, NotApplicable, Place};
pub use names::{
    AccountId, Class, ContentId, GrantId, GroupId, Principal, RoleId, SpaceId, SpaceKey, Subject,
};
pub use object::{Object, State};
pub use pair::Pair;
pub use people::{AccountStatus, AccountType, Edition, Group, GroupAccess, Role, RoleMode, Settings, User};
pub use quirks::{
    AnonymousRow, BadToken, Companions, DeletedGroupEntries, DeletedSubjects, DuplicateRows,
    EmptyRestriction, InactiveSubjects, LeftoverRows, Quirks, RoleRowDelete, RoleVocabulary, SelfRemoval,
    UnlistingNobody, UpdateWithoutRead,
};
pub use refusal::{Fault, Refusal};
pub use restrictions::Entry;
pub use role_words::RolePermission;
pub use roles::RoleEntry;
pub use sight::Row;

/// The first id of a permission row.
const FIRST_ROW: u64 = 98_304;

/// A Confluence site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Settings of the whole site.
    pub settings: Settings,
    /// Where undocumented behaviour is decided.
    pub quirks: Quirks,
    users: BTreeMap<AccountId, User>,
    groups: BTreeMap<GroupId, Group>,
    roles: BTreeMap<RoleId, Role>,
    spaces: BTreeMap<SpaceId, Space>,
    contents: BTreeMap<ContentId, Content>,
    // Indexes over the above.
    space_keys: BTreeMap<SpaceKey, SpaceId>,
    memberships: BTreeMap<AccountId, BTreeSet<GroupId>>,
    sign_ins: BTreeMap<String, AccountId>,
    next_row: u64,
}

impl World {
    /// A site without people, groups or spaces.
    pub fn new(settings: Settings, quirks: Quirks) -> Self {
        Self {
            settings,
            quirks,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            spaces: BTreeMap::new(),
            contents: BTreeMap::new(),
            space_keys: BTreeMap::new(),
            memberships: BTreeMap::new(),
            sign_ins: BTreeMap::new(),
            next_row: FIRST_ROW,
        }
    }

    /// Adds an account, or replaces the one with its id.
    pub fn add_user(&mut self, user: User) {
        self.sign_ins.insert(user.handle.clone(), user.account.clone());
        self.users.insert(user.account.clone(), user);
    }

    /// Adds a group, or replaces the one with its id.
    pub fn add_group(&mut self, group: Group) {
        for member in &group.members {
            self.memberships.entry(member.clone()).or_default().insert(group.id.clone());
        }
        self.groups.insert(group.id.clone(), group);
    }

    /// Adds a role, or replaces the one with its id.
    pub fn add_role(&mut self, role: Role) {
        self.roles.insert(role.id.clone(), role);
    }

    /// Removes a role, and its assignments with it (assumed: what becomes of them is not documented for API v2,
    /// deleteSpaceRole).
    pub fn remove_role(&mut self, id: &RoleId) {
        self.roles.remove(id);
        for space in self.spaces.values_mut() {
            space.assignments.retain(|_, role| role != id);
        }
    }

    /// Adds a space. Content comes with [`World::add_content`], rows with [`World::add_grant`].
    pub fn add_space(&mut self, space: Space) {
        self.space_keys.insert(space.key.clone(), space.id);
        self.spaces.insert(space.id, space);
    }

    /// Adds a node below its parent, which has to be there already, as the last of its siblings.
    pub fn add_content(&mut self, content: Content) {
        if let Some(space) = self.spaces.get_mut(&content.space) {
            space.contents.insert(content.id);
            match (content.kind, content.parent) {
                (Kind::Blogpost, _) => space.blogposts.push(content.id),
                (_, None) => space.roots.push(content.id),
                (_, Some(parent)) => {
                    if let Some(parent) = self.contents.get_mut(&parent) {
                        parent.children.push(content.id);
                    }
                }
            }
        }
        self.contents.insert(content.id, content);
    }

    /// Adds a row of custom access as it stands, without rules or companions.
    pub fn add_grant(&mut self, space: SpaceId, grant: &Grant) {
        self.insert_row(space, grant);
    }

    /// The accounts, by id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// The account with an id.
    pub fn user(&self, account: &AccountId) -> Option<&User> {
        self.users.get(account)
    }

    /// The account that the state file calls so.
    pub fn user_called(&self, handle: &str) -> Option<&User> {
        self.sign_ins.get(handle).and_then(|account| self.users.get(account))
    }

    /// The groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// The group with an id.
    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.groups.get(id)
    }

    /// The groups that an account is in.
    pub fn groups_of(&self, account: &AccountId) -> impl Iterator<Item = &Group> {
        self.memberships.get(account).into_iter().flatten().filter_map(|id| self.groups.get(id))
    }

    /// The roles, by id.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// The role with an id.
    pub fn role(&self, id: &RoleId) -> Option<&Role> {
        self.roles.get(id)
    }

    /// The spaces, by id.
    pub fn spaces(&self) -> impl Iterator<Item = &Space> {
        self.spaces.values()
    }

    /// The space with an id.
    pub fn space(&self, id: SpaceId) -> Option<&Space> {
        self.spaces.get(&id)
    }

    /// The space with an id, to change it behind the API's back.
    pub fn space_mut(&mut self, id: SpaceId) -> Option<&mut Space> {
        self.spaces.get_mut(&id)
    }

    /// The space with a key.
    pub fn space_keyed(&self, key: &str) -> Option<&Space> {
        self.space_keys.get(&SpaceKey::from(key)).and_then(|id| self.spaces.get(id))
    }

    /// All content, by id.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        self.contents.values()
    }

    /// The node with an id, whatever its status.
    pub fn content(&self, id: ContentId) -> Option<&Content> {
        self.contents.get(&id)
    }

    /// The node with an id, to change it behind the API's back. The tree is not to be changed through it.
    pub fn content_mut(&mut self, id: ContentId) -> Option<&mut Content> {
        self.contents.get_mut(&id)
    }

    /// The nodes above a node, the nearest first.
    pub fn ancestors(&self, id: ContentId) -> impl Iterator<Item = &Content> {
        let above = |content: &Content| content.parent.and_then(|parent| self.contents.get(&parent));
        std::iter::successors(self.contents.get(&id).and_then(above), move |content| above(content))
    }

    /// Whether the site has roles at all.
    pub fn has_roles(&self) -> bool {
        self.settings.mode != RoleMode::PreRoles
    }

    fn insert_row(&mut self, space: SpaceId, grant: &Grant) -> GrantId {
        let first = GrantId(self.next_row);
        let twins = if self.quirks.duplicate_rows == DuplicateRows::None { 1 } else { 2 };
        if let Some(space) = self.spaces.get_mut(&space) {
            for _ in 0..twins {
                space.grants.insert(GrantId(self.next_row), grant.clone());
                self.next_row += 1;
            }
        }
        first
    }
}
