//! A site as a state file of the sandbox, so that a change can be rehearsed on it.
//!
//! Of people it holds names and account ids, which policies need, and no e-mail address: each account gets an
//! invented one to sign in with. What the API does not show, and what a state file cannot hold, is noted.

mod pages;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::{
    AccountId, AccountKind, AccountStatus, ContentId, ContentKind, Edition, GroupId, Holding, Known, Live,
    LiveSpace, Person, Principal, ProductAccess, RoleId, RoleKind, SpaceKey, SpaceKind, SpaceRoleMode,
    SpaceStatus, Tree,
};
use crate::policy::as_yaml;
use crate::policy::export::handles;

use super::style::count;

/// A state file, and what is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub text: String,
    pub notes: Vec<String>,
}

/// Writes down a site as far as it was read.
pub fn snapshot(live: &Live) -> Result<Snapshot, serde_yaml::Error> {
    let mut writer = Writer { live, names: FileNames::of(live), notes: Notes::default() };
    let file = writer.file();
    let notes = writer.notes.told();
    let mut text = String::from(
        "# Written by `confperm snapshot`: a site as far as permissions go, for `confperm sandbox`. Each\n\
         # user signs in with the address here, which is invented, and the token token-NAME.\n",
    );
    for note in &notes {
        let _ = writeln!(text, "# Not as on the site: {note}");
    }
    text.push_str(&as_yaml(&serde_yaml::to_value(&file)?));
    Ok(Snapshot { text, notes })
}

/// What could not be written down, in numbers.
#[derive(Debug, Default)]
struct Notes {
    foreign: usize,
    members: BTreeSet<GroupId>,
    guests: usize,
    renamed: usize,
    role_words: BTreeSet<String>,
    role_names: usize,
    unknown_roles: usize,
    kinds: BTreeSet<SpaceKey>,
    lists: usize,
    unplaced: usize,
    hidden: usize,
    homepages: usize,
}

impl Notes {
    fn told(&self) -> Vec<String> {
        let numbers = [
            (
                self.members.len(),
                "group",
                "groups",
                "whose members could not be read; in the copy they have none",
            ),
            (self.lists, "page", "pages", "whose restrictions could not be read; in the copy they have none"),
            (
                self.unplaced,
                "page",
                "pages",
                "whose place the site does not say; in the copy they are at the top of their space",
            ),
            (
                self.hidden,
                "parent page",
                "parent pages",
                "hidden from this account, in the trash, or a draft; in the copy each is archived, without restrictions",
            ),
            (self.foreign, "row", "rows", "of kinds that this version does not know; the copy lacks them"),
            (
                self.renamed,
                "group",
                "groups",
                "with a name that another group has too; in the copy the id is part of the name",
            ),
            (
                self.role_names,
                "space role",
                "space roles",
                "with a name that another one has too; in the copy the id is part of the name",
            ),
            (
                self.unknown_roles,
                "role assignment",
                "role assignments",
                "of roles that the site does not list; the copy lacks them",
            ),
            (
                self.role_words.len(),
                "permission",
                "permissions",
                "of space roles that the sandbox does not know; the copy lacks them",
            ),
            (
                self.guests,
                "guest",
                "guests",
                "whose space the site does not say; in the copy they have no licence",
            ),
            (
                self.kinds.len(),
                "space",
                "spaces",
                "of a kind or status that the sandbox does not know; in the copy they are global and current",
            ),
            (
                self.homepages,
                "space",
                "spaces",
                "without a homepage; in the copy the first page is the homepage",
            ),
        ];
        let told = numbers.into_iter().filter(|(number, ..)| *number > 0);
        told.map(|(number, one, many, what)| format!("{} {what}", count(number, one, many))).collect()
    }
}

/// What the file calls people, groups and roles.
struct FileNames {
    people: BTreeMap<AccountId, String>,
    groups: BTreeMap<GroupId, String>,
    roles: BTreeMap<RoleId, String>,
}

impl FileNames {
    fn of(live: &Live) -> Self {
        let groups =
            live.directory.groups.values().map(|group| (group.id.clone(), group.name.raw().to_owned()));
        let roles = live.roles.values().map(|role| (role.id.clone(), role.name.raw().to_owned()));
        Self { people: handles(live), groups: apart(groups), roles: apart(roles) }
    }

    fn principal(&self, principal: &Principal) -> String {
        match principal {
            Principal::User(id) => {
                self.people.get(id).map_or_else(|| format!("account-id:{id}"), |name| format!("user:{name}"))
            }
            Principal::Group(id) => {
                self.groups.get(id).map_or_else(|| format!("group-id:{id}"), |name| format!("group:{name}"))
            }
            Principal::Class(_) | Principal::Anonymous => principal.to_string(),
        }
    }
}

/// Keys of a mapping have to differ. The first by id keeps the name.
fn apart<Id: Ord + Clone + std::fmt::Display>(
    names: impl Iterator<Item = (Id, String)>,
) -> BTreeMap<Id, String> {
    let mut taken = BTreeSet::new();
    names
        .map(|(id, name)| {
            let free = !name.is_empty() && taken.insert(name.clone());
            let name = if free { name } else { format!("{name} ({id})") };
            (id, name)
        })
        .collect()
}

struct Writer<'a> {
    live: &'a Live,
    names: FileNames,
    notes: Notes,
}

impl Writer<'_> {
    fn file(&mut self) -> shape::File {
        let live = self.live;
        let site = &live.site;
        let anonymous = match site.anonymous_access {
            Known::Known(anonymous) => anonymous,
            // No API tells. A site that grants something to visitors probably lets them in.
            Known::Unknown(_) => {
                live.spaces.values().any(|space| space.holdings.contains_key(&Principal::Anonymous))
            }
        };
        shape::File {
            kind: "confluence-sandbox",
            version: 1,
            site: shape::SiteState {
                flavor: "cloud",
                space_role_mode: match site.mode {
                    SpaceRoleMode::PreRoles => "pre-roles",
                    SpaceRoleMode::RolesTransition => "roles-transition",
                    SpaceRoleMode::Roles => "roles",
                },
                edition: match site.edition {
                    Edition::Free => "free",
                    Edition::Standard | Edition::Other(_) => "standard",
                    Edition::Premium => "premium",
                    Edition::Enterprise => "enterprise",
                },
                anonymous,
                url: site.base_url.raw().into(),
                cloud_id: site.cloud_id.clone(),
                caller: self.names.people.get(&site.caller.account).cloned().unwrap_or_default(),
            },
            users: self.users(),
            groups: self.groups(),
            roles: self.roles(),
            spaces: live
                .spaces
                .iter()
                .map(|(key, space)| (key.to_string(), self.space(key, space)))
                .collect(),
            quirks: shape::Quirks { folders_restrictable: folders_have_lists(live) },
        }
    }

    fn users(&mut self) -> BTreeMap<String, shape::UserState> {
        let live = self.live;
        let admins = self.members(|access| access == ProductAccess::Admin).unwrap_or_default();
        let licensed = self.members(|access| access != ProductAccess::None);
        let mut users = BTreeMap::new();
        for (account, handle) in &self.names.people {
            let Some(person) = live.directory.people.get(account) else { continue };
            let home = live.guests.get(account).map(ToString::to_string);
            let guest =
                person.guest == Known::Known(true) || (home.is_some() && person.guest != Known::Known(false));
            let guest_of = if guest { home.or_else(|| self.only_space(account)) } else { None };
            self.notes.guests += usize::from(guest && guest_of.is_none());
            let unlicensed = person.kind == AccountKind::Human
                && *account != live.site.caller.account
                && guest_of.is_none()
                && (guest || licensed.as_ref().is_some_and(|licensed| !licensed.contains(account)));
            let user = user(person, handle);
            users.insert(
                handle.clone(),
                shape::UserState {
                    confluence_admin: admins.contains(account),
                    guest_of,
                    licensed: unlicensed.then_some(false),
                    ..user
                },
            );
        }
        users
    }

    /// The members of the groups that let people in this way; `None` if they do not all show.
    fn members(&self, counts: impl Fn(ProductAccess) -> bool) -> Option<BTreeSet<AccountId>> {
        let mut members = BTreeSet::new();
        let mut any = false;
        for group in self.live.directory.groups.values() {
            match (group.access, &group.members) {
                (Known::Known(access), _) if !counts(access) => {}
                (Known::Known(_), Known::Known(some)) => {
                    any = true;
                    members.extend(some.iter().cloned());
                }
                (Known::Unknown(_), _) | (Known::Known(_), Known::Unknown(_)) => return None,
            }
        }
        any.then_some(members)
    }

    /// A guest has one space; it is the one where the guest stands.
    fn only_space(&self, account: &AccountId) -> Option<String> {
        let mine = |principal: &Principal| match principal {
            Principal::User(id) => id == account,
            Principal::Group(id) => self.live.directory.groups.get(id).is_some_and(
                |group| matches!(&group.members, Known::Known(members) if members.contains(account)),
            ),
            Principal::Class(_) | Principal::Anonymous => false,
        };
        let mut spaces = self.live.spaces.iter().filter(|(_, space)| space.holdings.keys().any(mine));
        match (spaces.next(), spaces.next()) {
            (Some((key, _)), None) => Some(key.to_string()),
            _ => None,
        }
    }

    fn groups(&mut self) -> BTreeMap<String, shape::GroupState> {
        let mut groups = BTreeMap::new();
        for group in self.live.directory.groups.values() {
            let name = self.names.groups.get(&group.id).cloned().unwrap_or_default();
            self.notes.renamed += usize::from(group.name.raw() != name.as_str());
            let members = match &group.members {
                Known::Known(members) => {
                    members.iter().filter_map(|member| self.names.people.get(member).cloned()).collect()
                }
                Known::Unknown(_) => {
                    self.notes.members.insert(group.id.clone());
                    Vec::new()
                }
            };
            let access = match group.access {
                Known::Known(ProductAccess::User) => Some("user"),
                Known::Known(ProductAccess::Admin) => Some("admin"),
                Known::Known(ProductAccess::None) | Known::Unknown(_) => None,
            };
            groups.insert(name, shape::GroupState { id: group.id.to_string(), members, access });
        }
        groups
    }

    fn roles(&mut self) -> BTreeMap<String, shape::RoleState> {
        let mut roles = BTreeMap::new();
        for role in self.live.roles.values() {
            let name = self.names.roles.get(&role.id).cloned().unwrap_or_default();
            self.notes.role_names += usize::from(role.name.raw() != name.as_str());
            if role.exactly().is_none() {
                self.notes.role_words.extend(role.unrecognised().cloned());
            }
            let role = shape::RoleState {
                id: role.id.to_string(),
                kind: match role.kind {
                    RoleKind::System => "system",
                    RoleKind::Custom => "custom",
                },
                permissions: role.surely_gives().iter().map(|given| given.cloud_pair()).collect(),
            };
            roles.insert(name, role);
        }
        roles
    }

    fn space(&mut self, key: &SpaceKey, space: &LiveSpace) -> shape::SpaceState {
        let mut permissions: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        let mut role_assignments: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (principal, holding) in &space.holdings {
            let name = self.names.principal(principal);
            match holding {
                Holding::Grants(grants) => {
                    for permission in grants.keys() {
                        permissions.entry(permission.cloud_pair()).or_default().push(name.clone());
                    }
                }
                Holding::Role(role) => match self.names.roles.get(role) {
                    Some(role) => role_assignments.entry(role.into()).or_default().push(name),
                    None => self.notes.unknown_roles += 1,
                },
            }
        }
        self.notes.foreign += space.foreign.len();
        let kind = match &space.space.kind {
            SpaceKind::Global => "global",
            SpaceKind::Personal => "personal",
            SpaceKind::Collaboration => "collaboration",
            SpaceKind::KnowledgeBase => "knowledge_base",
            SpaceKind::Other(_) => {
                self.notes.kinds.insert(key.clone());
                "global"
            }
        };
        let status = match &space.space.status {
            SpaceStatus::Current => "current",
            SpaceStatus::Archived => "archived",
            SpaceStatus::Other(_) => {
                self.notes.kinds.insert(key.clone());
                "current"
            }
        };
        let (pages, blogposts) = self.pages(space);
        let first = pages.iter().find(|node| node.kind.is_none()).map(|node| node.id);
        let homepage = space.space.homepage.map(ContentId::number);
        let is_there = |home: &u64| {
            space.tree.as_ref().is_some_and(|tree| tree.iter().any(|content| content.id.number() == *home))
        };
        self.notes.homepages += usize::from(homepage.is_none() && first.is_some());
        shape::SpaceState {
            id: space.space.id.number(),
            name: space.space.name.raw().into(),
            kind,
            status,
            homepage: homepage.filter(|home| Some(*home) != first).filter(is_there),
            permissions,
            role_assignments,
            pages,
            blogposts,
        }
    }
}

fn user(person: &Person, handle: &str) -> shape::UserState {
    // Letters of any script make a name; an address takes fewer.
    let local: String = handle.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let unusual = if local == handle { String::new() } else { format!("-{}", person.account) };
    let local: String = format!("{local}{unusual}")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    shape::UserState {
        account_id: person.account.to_string(),
        name: person.name.raw().into(),
        email: format!("{local}@example.com"),
        status: match person.status {
            AccountStatus::Active | AccountStatus::Unknown => None,
            AccountStatus::Inactive => Some("inactive"),
            AccountStatus::Closed => Some("closed"),
        },
        kind: match person.kind {
            AccountKind::Human | AccountKind::Unknown => None,
            AccountKind::App => Some("app"),
            AccountKind::Customer => Some("customer"),
        },
        confluence_admin: false,
        guest_of: None,
        licensed: None,
    }
}

/// Whether the site has restrictions for folders and their like, as far as one could be asked.
fn folders_have_lists(live: &Live) -> bool {
    let content = live.spaces.values().flat_map(|space| &space.tree).flat_map(Tree::iter);
    content
        .filter(|content| !matches!(content.kind, ContentKind::Page | ContentKind::Blogpost))
        .any(|content| matches!(content.restrictions, Known::Known(_)))
}
