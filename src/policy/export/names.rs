//! What people, groups and roles of a site are called in a policy: as the policy calls them already, or
//! else by names made of the site's own. A name does not change with what else is imported, unless two
//! things would have the same.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::words::{AccessWord, NamedBundle};
use crate::model::{
    AccountId, BuiltInRole, GroupId, Live, Permission, Principal, Role, RoleId, SpaceRoleMode,
};
use crate::policy::alias::slug;
use crate::policy::ast::{Policy, RoleName};
use crate::policy::roles::{Bundle, bundle};

/// As much of a display name as an alias takes.
/// As much of an id as tells two things of one name apart, as a rule.
const TAIL: usize = 6;

/// The names of those who stand in a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PolicyNames {
    people: BTreeMap<AccountId, PolicyName>,
    groups: BTreeMap<GroupId, PolicyName>,
}

/// A name, and whether the policy has yet to say what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PolicyName {
    text: String,
    new: bool,
}

impl PolicyNames {
    /// Names for these principals, beside those that a policy has already.
    pub(super) fn of(used: &BTreeSet<Principal>, policy: &Policy, live: &Live) -> Self {
        let accounts: Vec<&AccountId> = used.iter().filter_map(Principal::account).collect();
        let groups: Vec<&GroupId> = used.iter().filter_map(Principal::group).collect();
        Self { people: aliases(&accounts, policy, live), groups: group_names(&groups, policy, live) }
    }

    /// A principal as a line of the policy writes it.
    pub(super) fn show(&self, principal: &Principal) -> String {
        match principal {
            Principal::User(account) => {
                format!("user:{}", self.people.get(account).map_or(account.as_str(), |name| &name.text))
            }
            Principal::Group(group) => {
                format!("group:{}", self.groups.get(group).map_or(group.as_str(), |name| &name.text))
            }
            Principal::Class(_) | Principal::Anonymous => principal.to_string(),
        }
    }

    /// Aliases that the policy does not define yet, by alias.
    pub(super) fn new_people(&self) -> BTreeMap<String, AccountId> {
        new(&self.people)
    }

    /// Groups that have to be pinned, by the name they get.
    pub(super) fn new_pins(&self) -> BTreeMap<String, GroupId> {
        new(&self.groups)
    }
}

fn new<Id: Clone>(names: &BTreeMap<Id, PolicyName>) -> BTreeMap<String, Id> {
    names.iter().filter(|(_, name)| name.new).map(|(id, name)| (name.text.clone(), id.clone())).collect()
}

/// Short names for all people in the directory, as a policy without any people would give them.
pub fn handles(live: &Live) -> BTreeMap<AccountId, String> {
    let accounts: Vec<&AccountId> = live.directory.people.keys().collect();
    let names = aliases(&accounts, &Policy::default(), live);
    names.into_iter().map(|(account, name)| (account, name.text)).collect()
}

fn aliases(accounts: &[&AccountId], policy: &Policy, live: &Live) -> BTreeMap<AccountId, PolicyName> {
    let mut names = BTreeMap::new();
    for (alias, person) in policy.people.iter().rev() {
        names.insert(person.account.value.clone(), PolicyName { text: alias.clone(), new: false });
    }
    let taken: BTreeSet<String> = policy.people.keys().cloned().collect();
    let nameless: Vec<(&AccountId, String)> = accounts
        .iter()
        .filter(|account| !names.contains_key(**account))
        .map(|account| {
            let name = live.directory.people.get(*account).map(|person| person.name.raw());
            let alias = name.map(slug).filter(|alias| !alias.is_empty());
            (*account, alias.unwrap_or_else(|| "person".to_owned()))
        })
        .collect();
    let apart = apart(&nameless, taken, |name, tail| format!("{name}-{tail}"));
    names.extend(apart.into_iter().map(|(id, text)| (id.clone(), PolicyName { text, new: true })));
    names
}

/// A group goes by its own name where that says which one is meant; otherwise it is pinned to its id.
fn group_names(groups: &[&GroupId], policy: &Policy, live: &Live) -> BTreeMap<GroupId, PolicyName> {
    let mut names = BTreeMap::new();
    for (name, pin) in policy.groups.iter().rev() {
        names.insert(pin.id.value.clone(), PolicyName { text: name.clone(), new: false });
    }
    let mut bearers: BTreeMap<Cow<'_, str>, usize> = BTreeMap::new();
    for group in live.directory.groups.values() {
        *bearers.entry(group.name.folded()).or_default() += 1;
    }
    let mut taken: BTreeSet<String> = policy.groups.keys().cloned().collect();
    let mut unclear = Vec::new();
    for id in groups.iter().filter(|id| !names.contains_key(**id)).collect::<Vec<_>>() {
        let name = live.directory.groups.get(*id).map_or(Cow::Borrowed(""), |group| group.name.folded());
        if bearers.get(&name) == Some(&1) && !name.is_empty() && !taken.contains(&*name) {
            names.insert((*id).clone(), PolicyName { text: name.into_owned(), new: false });
        } else {
            unclear.push((*id, if name.is_empty() { "group".to_owned() } else { name.into_owned() }));
        }
    }
    // A pin must not take the name of any group, or it would mean that one elsewhere.
    taken.extend(bearers.keys().map(ToString::to_string));
    let apart = apart(&unclear, taken, |name, tail| format!("{name} ({tail})"));
    names.extend(apart.into_iter().map(|(id, text)| (id.clone(), PolicyName { text, new: true })));
    names
}

/// Gives each id a name of its own. Those that would share one, or want one that is taken, all get a part
/// of their id, so that none of them depends on the others' order.
fn apart<'a, Id: Ord + std::fmt::Display>(
    wanted: &[(&'a Id, String)],
    mut taken: BTreeSet<String>,
    with: impl Fn(&str, &str) -> String,
) -> BTreeMap<&'a Id, String> {
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, name) in wanted {
        *shared.entry(name).or_default() += 1;
    }
    let alone = |name: &str, taken: &BTreeSet<String>| shared.get(name) == Some(&1) && !taken.contains(name);
    let (clear, unclear): (Vec<_>, Vec<_>) = wanted.iter().partition(|(_, name)| alone(name, &taken));
    let mut names: BTreeMap<&Id, String> = clear.into_iter().map(|(id, name)| (*id, name.clone())).collect();
    taken.extend(names.values().cloned());
    for (id, name) in unclear {
        let digits: String = id.to_string().chars().filter(|c| c.is_alphanumeric()).collect();
        let mut length = TAIL;
        let mut full = with(name, tail(&digits, length));
        while !taken.insert(full.clone()) {
            length += 1;
            full = if length <= digits.len() {
                with(name, tail(&digits, length))
            } else {
                with(name, &format!("{digits}-{length}"))
            };
        }
        names.insert(id, full);
    }
    names
}

fn tail(text: &str, length: usize) -> &str {
    let start = text.char_indices().rev().nth(length.saturating_sub(1)).map_or(0, |(at, _)| at);
    &text[start..]
}

/// The space roles of a site, as a policy names them; and names for the permissions of the built-in roles
/// where the roles themselves would be assigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roles {
    site: BTreeMap<RoleId, RoleWord>,
    classic: BTreeMap<String, BuiltInRole>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoleWord {
    pub(super) word: AccessWord,
    pub(super) administers: bool,
    /// What the policy has yet to say about it.
    pub(super) definition: Option<RoleDraft>,
}

/// An entry of `roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RoleDraft {
    /// A role of the site.
    Site {
        name: String,
        /// As far as the words of the site are known; at least one.
        permissions: BTreeSet<Permission>,
        /// Words of the site that are not.
        unknown: BTreeSet<String>,
    },
    /// The permissions of a built-in role, one by one.
    Classic(BuiltInRole),
}

impl Roles {
    pub(super) fn of(policy: &Policy, live: &Live) -> Self {
        if live.site.mode == SpaceRoleMode::PreRoles {
            return Self::default();
        }
        // A policy knows roles by name, and of two with one name neither.
        let shared = |role: &Role| {
            live.roles.values().filter(|other| other.name.is_called(role.name.raw())).count() > 1
        };
        let mut taken: BTreeSet<String> = policy.roles.keys().cloned().collect();
        taken.extend(BuiltInRole::ALL.map(|role| role.as_str().to_owned()));
        let classic: BTreeMap<String, BuiltInRole> = BuiltInRole::ALL
            .into_iter()
            .map(|role| (format!("classic-{role}"), role))
            .filter(|(name, _)| taken.insert(name.clone()))
            .collect();
        let roles = live.roles.values().filter(|role| !shared(role));
        let site = roles.map(|role| (role.id.clone(), role_word(role, policy, &mut taken))).collect();
        Self { site, classic }
    }

    pub(super) fn get(&self, id: &RoleId) -> Option<&RoleWord> {
        self.site.get(id)
    }

    /// Roles that may stand for single permissions beside those of the policy.
    pub(super) fn classic(&self) -> impl Iterator<Item = NamedBundle> {
        self.classic.iter().map(|(name, role)| NamedBundle {
            name: RoleName::Custom(name.clone()),
            bundle: Bundle::built_in(*role),
        })
    }

    /// Definitions that the policy needs to use these words.
    pub(super) fn definitions(&self, used: &BTreeSet<&AccessWord>) -> BTreeMap<&str, RoleDraft> {
        let site = self.site.values().filter(|role| used.contains(&role.word));
        let site = site.filter_map(|role| Some((role.word.as_str(), role.definition.clone()?)));
        let classic =
            self.classic.iter().filter(|(name, _)| used.contains(&AccessWord::Role((*name).clone())));
        let classic = classic.map(|(name, role)| (name.as_str(), RoleDraft::Classic(*role)));
        site.chain(classic).collect()
    }
}

fn role_word(role: &Role, policy: &Policy, taken: &mut BTreeSet<String>) -> RoleWord {
    if let Some(built_in) =
        BuiltInRole::ALL.into_iter().find(|built_in| role.name.is_called(built_in.site_name()))
    {
        let administers = built_in.permissions().contains(&Permission::AdministerSpace);
        return RoleWord { word: AccessWord::BuiltIn(Reverse(built_in)), administers, definition: None };
    }
    let means = |site_role: &str| role.name.is_called(site_role);
    let defined = policy
        .roles
        .iter()
        .find(|(_, defined)| defined.site_role.as_ref().is_some_and(|site_role| means(&site_role.value)));
    if let Some((name, _)) = defined {
        let required = bundle(&RoleName::Custom(name.clone()), &policy.roles).required;
        let administers = required.contains(&Permission::AdministerSpace);
        return RoleWord { word: AccessWord::Role(name.clone()), administers, definition: None };
    }
    let short =
        Some(slug(role.name.raw())).filter(|slug| !slug.is_empty()).unwrap_or_else(|| "role".to_owned());
    let mut name = short.clone();
    let mut number = 1;
    while !taken.insert(name.clone()) {
        number += 1;
        name = format!("{short}-{number}");
    }
    let mut permissions = role.surely_gives().clone();
    // Every role of Confluence lets people view.
    permissions.insert(Permission::ReadSpace);
    let administers = permissions.contains(&Permission::AdministerSpace);
    let unknown = match role.exactly() {
        Some(_) => BTreeSet::new(),
        None => role.unrecognised().cloned().collect(),
    };
    let definition = RoleDraft::Site { name: role.name.folded().into_owned(), permissions, unknown };
    RoleWord { word: AccessWord::Role(name), administers, definition: Some(definition) }
}
