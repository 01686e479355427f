//! From the words of a question to its parts: who, what, and on which page.

use crate::access::{Asker, Verb};
use crate::diagnostic::{Code, did_you_mean};
use crate::model::{
    AccessClass, AccountId, ContentId, ContentKind, Group, GroupNames, Live, LiveSpace, Permission, Shown,
    SpaceKey, Tree, harmless, visible,
};
use crate::policy::lock::{Identity, LOCK_FILE, Lock, ids_in_words};
use crate::policy::{Link, PageName, PageSelector, Policy};

use super::error::CliError;

/// What can be done with content, in the order of the help.
const VERBS: [(&str, Verb); 8] = [
    ("view", Verb::View),
    ("edit", Verb::Edit),
    ("comment", Verb::Comment),
    ("attach", Verb::Attach),
    ("delete", Verb::Delete),
    ("restrict", Verb::Restrict),
    ("export", Verb::Space(Permission::ExportSpace)),
    ("administer", Verb::Space(Permission::AdministerSpace)),
];

pub(super) fn verb(text: &str) -> Result<Verb, CliError> {
    if let Some((_, verb)) = VERBS.into_iter().find(|(name, _)| *name == text) {
        return Ok(verb);
    }
    if let Ok(permission) = text.parse() {
        return Ok(Verb::Space(permission));
    }
    let known = VERBS.map(|(name, _)| name);
    let names = known.into_iter().chain(Permission::ALL.iter().map(|permission| permission.as_str()));
    let hint = match (text, did_you_mean(text, names)) {
        ("delete/space", _) => {
            "\"Delete own\" is written delete_own/space, deleting the space delete_space/space".to_owned()
        }
        (_, Some(near)) => format!("did you mean `{near}`?"),
        (_, None) => format!("ask for one of {}, or for a permission such as export/space", known.join(", ")),
    };
    Err(CliError::usage(format!("`{}` is not something that can be done in Confluence", visible(text)), hint))
}

/// What a question is about, before the site has been asked.
pub(super) struct Topic {
    pub(super) key: SpaceKey,
    pub(super) page: Option<PageName>,
    /// The origin of the address, where the page was named by its address.
    pub(super) origin: Option<String>,
}

/// `KEY`, `KEY/Title/Title`, `KEY/id:123`, `KEY/blog:Title`, or the address of a page.
pub(super) fn object(text: &str) -> Result<Topic, CliError> {
    let form = "write a space (ENG) or a page with its space (ENG/Runbooks/On-call, ENG/id:1003)";
    if let Some(link) = Link::parse(text) {
        return match link {
            Ok(Link { origin, space: Some(key), page }) => {
                Ok(Topic { key, page: Some(page), origin: Some(origin) })
            }
            Ok(Link { page, .. }) => Err(CliError::usage(
                format!("`{}` does not say which space the page is in", visible(text)),
                format!("write `KEY/{page}`, with the key of the space"),
            )),
            Err(error) => Err(CliError::usage(format!("`{}`: {error}", visible(text)), error.help())),
        };
    }
    if text.starts_with("id:") {
        return Err(CliError::usage(format!("`{text}` does not say which space the page is in"), form));
    }
    let (key, path) = match text.split_once('/') {
        Some((key, path)) => (key, Some(path)),
        None => (text, None),
    };
    let key =
        key.parse().map_err(|error: crate::model::InvalidId| CliError::usage(error.to_string(), form))?;
    let Some(path) = path else { return Ok(Topic { key, page: None, origin: None }) };
    match PageSelector::in_space(path) {
        Ok(PageSelector::Below { .. }) => Err(CliError::usage(
            format!("`{}` means many pages", visible(text)),
            "ask about one page at a time",
        )),
        Ok(PageSelector::Page(page)) => Ok(Topic { key, page: Some(page), origin: None }),
        Err(error) => Err(CliError::usage(
            format!("`{}`: {}", visible(text), harmless(&error.to_string())),
            error.help(),
        )),
    }
}

/// Somebody as they were named, before the site has been asked.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Account(AccountId),
    Group(String),
    Anybody,
    Anonymous,
    /// Neither an alias nor an account id.
    Nobody(String),
}

pub(super) fn named(text: &str, policy: &Policy) -> Result<Named, CliError> {
    match text.split_once(':') {
        _ if text == "anonymous" => Ok(Named::Anonymous),
        Some(("group", name)) if !name.is_empty() => Ok(Named::Group(name.to_owned())),
        Some(("class", name)) if name == AccessClass::AllLicensedUsers.as_str() => Ok(Named::Anybody),
        Some(("class", _)) => Err(CliError::usage(
            format!("`{text}`: the members of this class can do different things, so there is no one answer"),
            "ask about a person, a group, class:all-licensed-users or anonymous",
        )),
        Some(("user", name)) => Ok(person(name, policy)),
        _ => Ok(person(text, policy)),
    }
}

fn person(name: &str, policy: &Policy) -> Named {
    let by_email = |text: &str| policy.people.values().find(|person| person.email.as_deref() == Some(text));
    if let Some(person) = policy.people.get(name).or_else(|| by_email(name)) {
        return Named::Account(person.account.value.clone());
    }
    // Whatever looks like an account id is looked up; the site knows better which ones there are.
    let like_an_id = name.len() >= 8 && name.contains(|c: char| c.is_ascii_digit());
    match name.parse() {
        Ok(account) if like_an_id => Named::Account(account),
        Ok(_) | Err(_) => Named::Nobody(name.to_owned()),
    }
}

/// Who that is on the site.
pub(super) fn asker(named: &Named, policy: &Policy, live: &Live, lock: &Lock) -> Result<Asker, CliError> {
    match named {
        Named::Anonymous => Ok(Asker::Anonymous),
        Named::Anybody => Ok(Asker::Stranger { groups: std::collections::BTreeSet::new() }),
        Named::Group(name) => Ok(Asker::Group(group(name, policy, live, lock)?.id.clone())),
        Named::Account(account) if live.directory.people.contains_key(account) => {
            Ok(Asker::Person(account.clone()))
        }
        Named::Account(account) => {
            let why = "the site does not know this account";
            Err(unknown_person(Code::UnknownAccount, account.as_str(), why, policy, live))
        }
        Named::Nobody(name) => Err(unknown_person(
            Code::UnknownPerson,
            name,
            "this is neither an alias under `people` in the policy nor an account id",
            policy,
            live,
        )),
    }
}

fn unknown_person(code: Code, name: &str, why: &str, policy: &Policy, live: &Live) -> CliError {
    let groups: Vec<String> =
        live.directory.groups.values().map(|group| format!("group:{}", group.name.raw())).collect();
    let same = groups.iter().find(|group| group.strip_prefix("group:") == Some(name)).map(String::as_str);
    let near = same.or_else(|| did_you_mean(name, policy.people.keys().map(String::as_str)));
    let hint = near.map_or_else(
        || "the account id stands at the end of the address of the person's profile page".to_owned(),
        |near| format!("did you mean `{}`?", visible(near)),
    );
    CliError::failed(code, format!("`{}`: {why}", visible(name))).with_hint(hint)
}

/// Why a name does not mean one thing of the site.
#[derive(Debug)]
pub(super) struct Unmeant {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: String,
}

impl From<Unmeant> for CliError {
    fn from(error: Unmeant) -> Self {
        Self::failed(error.code, error.message).with_hint(error.help)
    }
}

/// A group by the name it is pinned under, the name that the lock remembers, its name on the site, or its id.
pub(super) fn group<'a>(
    name: &str,
    policy: &Policy,
    live: &'a Live,
    lock: &'a Lock,
) -> Result<&'a Group, Unmeant> {
    let groups = &live.directory.groups;
    if let Some(group) = policy.groups.get(name).and_then(|pin| groups.get(&pin.id.value)) {
        return Ok(group);
    }
    let names = live.directory.group_names();
    let identity = lock.group(name, names.bearers(name), &live.directory);
    if let Some(group) = identity.meant().and_then(|id| groups.get(id)) {
        return Ok(group);
    }
    if let Some(lost) = lost(&identity, "group", &format!("group:{}", visible(name))) {
        return Err(lost);
    }
    let Identity::New(bearers) = identity else { return Err(Unmeant::unknown_group(name, &names)) };
    if bearers.is_empty() {
        return Err(Unmeant::unknown_group(name, &names));
    }
    let ids: Vec<String> = bearers.iter().map(|id| format!("group:{id}")).collect();
    Err(Unmeant {
        code: Code::AmbiguousGroup,
        message: format!("the site has {} groups called `{}`", bearers.len(), visible(name)),
        help: format!("name one by its id: {}", ids.join(", ")),
    })
}

/// What to say of a name whose thing is gone.
fn lost<T: std::fmt::Display>(identity: &Identity<T>, kind: &str, name: &str) -> Option<Unmeant> {
    match identity {
        Identity::Taken { was, by } => Some(Unmeant {
            code: Code::TakenName,
            message: format!(
                "`{name}` now names another {kind} ({}); the {kind} that {LOCK_FILE} remembers (id {was}) is gone",
                ids_in_words(by)
            ),
            help: format!("if the new {kind} is meant, run `confperm lock --accept '{name}'`"),
        }),
        Identity::Gone { was } => Some(Unmeant {
            code: Code::GoneName,
            message: format!(
                "`{name}`: the {kind} that {LOCK_FILE} remembers (id {was}) is gone, or hidden from this account"
            ),
            help: "name another one, or remove it from the policy if it is not needed any more".to_owned(),
        }),
        Identity::New(_) | Identity::Same(_) | Identity::Renamed(_) | Identity::Replaced { .. } => None,
    }
}

impl Unmeant {
    fn unknown_group(name: &str, names: &GroupNames<'_>) -> Self {
        let near = did_you_mean(name, names.all());
        Self {
            code: Code::UnknownGroup,
            message: format!("the site has no group `{}`", visible(name)),
            help: near.map_or_else(
                || "upper and lower case count".to_owned(),
                |near| format!("did you mean `group:{}`?", visible(near)),
            ),
        }
    }
}

/// The one page that is meant.
pub(super) fn page(
    name: &PageName,
    space: &LiveSpace,
    tree: &Tree,
    lock: &Lock,
) -> Result<ContentId, Unmeant> {
    let key = &space.space.key;
    let shown = Shown::of(&name.to_string());
    let identity = lock.page(name, space, tree);
    if let Some(id) = identity.meant() {
        return Ok(*id);
    }
    let slash = if shown.as_str().starts_with('/') { "" } else { "/" };
    if let Some(lost) = lost(&identity, "page", &format!("{key}{slash}{shown}")) {
        return Err(lost);
    }
    if let Identity::New(found) = &identity
        && !found.is_empty()
    {
        let ids: Vec<String> = found.iter().map(|id| format!("{key}/id:{id}")).collect();
        return Err(Unmeant {
            code: Code::AmbiguousPage,
            message: format!("`{shown}` could mean {} pages of {key}", found.len()),
            help: format!("name one by its number: {}", ids.join(", ")),
        });
    }
    Err(Unmeant {
        code: Code::UnknownPage,
        message: match name {
            PageName::Id(id) => {
                format!("the space {key} shows no page with the number {id} to this account")
            }
            _ => format!("the space {key} shows no page `{shown}` to this account"),
        },
        help: nearest(name, space, tree).map_or_else(
            || "it is a draft, in the trash, or not there at all, or this account may not view it; nothing can be said about it".to_owned(),
            |near| {
                let near = visible(&near);
                format!("did you mean `{key}{near}`? Drafts, and what is in the trash, do not show")
            },
        ),
    })
}

fn nearest(name: &PageName, space: &LiveSpace, tree: &Tree) -> Option<String> {
    let PageName::Path { below: None, .. } = name else { return None };
    let home = space.space.homepage.map(|home| tree.path(home));
    let paths: Vec<String> = tree
        .iter()
        .filter(|content| content.kind != ContentKind::Blogpost)
        .flat_map(|content| {
            let path = tree.path(content.id);
            let below_home =
                home.as_ref().and_then(|home| path.raw().strip_prefix(home.raw())).map(str::to_owned);
            [Some(path.raw().to_owned()), below_home]
        })
        .flatten()
        .collect();
    did_you_mean(&name.to_string(), paths.iter().map(String::as_str)).map(str::to_owned)
}
