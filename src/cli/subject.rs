//! From the words of a question to its parts: who, what, and on which page.

use std::collections::BTreeSet;

use camino::Utf8Path;

use crate::access::{Asker, ContentVerb, Verb};
use crate::confluence::Cloud;
use crate::diagnostic::{Code, Diagnostics, Span, Spanned, did_you_mean};
use crate::model::{
    AccessClass, AccountId, ContentId, Live, LiveSpace, Permission, SpaceKey, Subject, Tree, folded,
    harmless, is_same_name, visible,
};
use crate::policy::lock::Lock;
use crate::policy::{Grantee, Link, Lookup, Named, PageSelector, Policy};

use super::CliError;

/// What can be asked for by one word: what can be done to content, and two permissions in a space.
pub(super) fn words() -> Vec<(&'static str, Verb)> {
    let of_spaces = [("export", Permission::ExportSpace), ("administer", Permission::AdministerSpace)];
    let of_spaces = of_spaces.map(|(word, permission)| (word, Verb::Space(permission)));
    ContentVerb::ALL.into_iter().map(|verb| (verb.as_str(), Verb::On(verb))).chain(of_spaces).collect()
}

pub(super) fn verb(text: &str) -> Result<Verb, CliError> {
    let words = words();
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    if text.trim().is_empty() {
        let names = known.join(", ");
        return Err(CliError::usage(
            "nothing says what is to be done",
            format!("ask for one of {names}, or for a permission such as export/space"),
        ));
    }
    if let Some((_, verb)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*verb);
    }
    if let Ok(permission) = text.parse() {
        return Ok(Verb::Space(permission));
    }
    let names = known.iter().copied().chain(Permission::ALL.iter().map(|permission| permission.as_str()));
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
    pub(super) pages: Option<PageSelector>,
    /// The origin of the address, where the page was named by its address.
    pub(super) origin: Option<String>,
}

/// `KEY`, `KEY/Title/Title`, `KEY/id:123`, `KEY/blog:Title`, or the address of a page.
pub(super) fn object(text: &str) -> Result<Topic, CliError> {
    let form = "write a space (ENG) or a page with its space (ENG/Runbooks/On-call, ENG/id:1003)";
    if text.trim().is_empty() {
        return Err(CliError::usage("nothing says where", form));
    }
    if let Some(link) = Link::parse(text) {
        return match link {
            Ok(Link { origin, space: Some(key), page }) => {
                Ok(Topic { key, pages: Some(PageSelector::Page(page)), origin: Some(origin) })
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
    let Some(path) = path else { return Ok(Topic { key, pages: None, origin: None }) };
    match PageSelector::in_space(path) {
        Ok(pages) => Ok(Topic { key, pages: Some(pages), origin: None }),
        Err(error) => Err(CliError::usage(
            format!("`{}`: {}", visible(text), harmless(&error.to_string())),
            error.help(),
        )),
    }
}

/// Whose access a question is about, before the site has been asked.
#[derive(Debug, Clone)]
pub(super) enum Questioned {
    Principal(Grantee),
    /// Neither an alias nor an account id.
    Unknown(String),
}

pub(super) fn questioned(text: &str, policy: &Policy) -> Result<Questioned, CliError> {
    let class = AccessClass::AllLicensedUsers;
    let who = "name an alias, an e-mail address, a name or an account id; group:NAME, class:all-licensed-users or anonymous";
    if text.trim().is_empty() {
        return Err(CliError::usage("nothing says whose access is asked about", who));
    }
    match text.split_once(':') {
        Some(("user" | "group" | "set" | "class", name)) if name.trim().is_empty() => {
            Err(CliError::usage(format!("`{}` lacks a name", visible(text)), who))
        }
        Some(("set", name)) => Err(set(name, policy)),
        _ if text == "anonymous" => Ok(Questioned::Principal(Grantee::Anonymous)),
        Some(("group", name)) => {
            Ok(Questioned::Principal(Grantee::Named(Named::Group(folded(name).into_owned()))))
        }
        Some(("class", name)) if name == class.as_str() => Ok(Questioned::Principal(Grantee::Class(class))),
        Some(("class", _)) => Err(CliError::usage(
            format!("`{text}`: the members of this class can do different things, so there is no one answer"),
            "ask about a person, a group, class:all-licensed-users or anonymous",
        )),
        Some(("user", name)) => person(name, policy),
        _ => person(text, policy),
    }
}

/// The members of a set may have different answers, so each is a question of its own.
fn set(name: &str, policy: &Policy) -> CliError {
    let known = policy.sets.defined.keys().map(String::as_str);
    if !policy.sets.defined.contains_key(name) {
        let near = did_you_mean(name, known).map(|near| format!("did you mean `set:{}`?", visible(near)));
        let hint = near.unwrap_or_else(|| "ask about a person or a group".to_owned());
        let message = format!("the policy has no `set:{}`", visible(name));
        return CliError::usage(message, hint);
    }
    let members: Vec<String> =
        policy.sets.members(name).into_iter().map(|(who, _)| policy.show(who)).collect();
    CliError::usage(
        format!("`set:{}` is a list, and its members may have different answers", visible(name)),
        format!("ask about each of them: {}", members.join(", ")),
    )
}

fn person(name: &str, policy: &Policy) -> Result<Questioned, CliError> {
    let account = |account| Questioned::Principal(Grantee::Named(Named::User(account)));
    match policy.people_called(name).as_slice() {
        [(_, person)] => return Ok(account(person.account.value.clone())),
        [] => {}
        several => {
            return Err(not_one(name, several.iter().map(|(alias, person)| (*alias, &person.account.value))));
        }
    }
    // Whatever looks like an account id is looked up; the site knows better which ones there are.
    let like_an_id =
        name.len() >= 8 && name.contains(|c: char| c.is_ascii_digit()) && !name.contains(['@', ' ']);
    Ok(match name.parse() {
        Ok(id) if like_an_id => account(id),
        Ok(_) | Err(_) => Questioned::Unknown(name.to_owned()),
    })
}

/// A person that the policy does not know, by the name that the site shows.
pub(super) async fn by_name(questioned: Questioned, site: &Cloud) -> Result<Questioned, CliError> {
    let Questioned::Unknown(name) = questioned else { return Ok(questioned) };
    let found = site.people_called(&name).await?;
    let mut accounts = found.iter();
    match (accounts.next(), accounts.next()) {
        (Some((account, _)), None) => Ok(Questioned::Principal(Grantee::Named(Named::User(account.clone())))),
        (None, _) => Ok(Questioned::Unknown(name)),
        (Some(_), Some(_)) => {
            Err(not_one(&name, found.iter().map(|(account, called)| (called.as_str(), account))))
        }
    }
}

/// A name that several people go by.
fn not_one<'n>(name: &str, people: impl Iterator<Item = (&'n str, &'n AccountId)>) -> CliError {
    let people: Vec<String> = people
        .map(|(called, account)| format!("{} ({})", visible(account.as_str()), visible(called)))
        .collect();
    let message = format!("`{}` could mean {} people", visible(name), people.len());
    CliError::failed(Code::UnknownPerson, message)
        .with_hint(format!("ask about one of {}", people.join(", ")))
}

/// Who that is on the site.
pub(super) fn asker(
    asks: &Questioned,
    policy: &Policy,
    live: &Live,
    lookup: &mut Lookup<'_>,
) -> Result<Asker, CliError> {
    match asks {
        Questioned::Principal(Grantee::Named(named)) => {
            let subject = lookup.subject(named, &nowhere()).map_err(|findings| failed(&findings))?;
            Ok(asker_of(subject))
        }
        Questioned::Principal(Grantee::Anonymous) => Ok(Asker::Anonymous),
        Questioned::Principal(Grantee::Class(_)) => Ok(Asker::Stranger),
        Questioned::Unknown(name) => Err(unknown_person(name, policy, live)),
    }
}

/// A person or a group as one who does something.
pub(super) fn asker_of(subject: Subject) -> Asker {
    match subject {
        Subject::User(account) => Asker::Person(account),
        Subject::Group(group) => Asker::Group(group),
    }
}

fn unknown_person(name: &str, policy: &Policy, live: &Live) -> CliError {
    let bare = name.trim_start_matches('@');
    let groups = live.directory.groups.values().map(|group| group.name.raw());
    let group = groups.clone().find(|group| is_same_name(group, bare)).or_else(|| did_you_mean(bare, groups));
    let near = did_you_mean(bare, policy.people.keys().map(String::as_str)).map(str::to_owned);
    let near = near.or_else(|| group.map(|group| format!("group:{group}")));
    let hint = near.map_or_else(
        || "the account id is at the end of the address of the person's profile page".to_owned(),
        |near| format!("did you mean `{}`?", visible(&near)),
    );
    let why = "this is neither an alias or an e-mail address under `people` in the policy, nor a name on the site, nor an \
               account id";
    CliError::failed(Code::UnknownPerson, format!("`{}`: {why}", visible(name))).with_hint(hint)
}

/// The pages that are meant: one by its name, or those of a pattern, which may be none.
pub(super) fn pages(
    selector: &PageSelector,
    space: &LiveSpace,
    tree: &Tree,
    lock: &Lock,
    lookup: &mut Lookup<'_>,
) -> Result<BTreeSet<ContentId>, CliError> {
    let Some(name) = selector.anchor() else { return Ok(lock.reached(selector, space, tree)) };
    let spanned = Spanned::new(selector.clone(), nowhere());
    let named = lookup.page(name, &spanned, space, tree).map_err(|findings| failed(&findings))?;
    Ok(match selector {
        PageSelector::Page(_) => BTreeSet::from([named]),
        PageSelector::Below { .. } | PageSelector::Labelled(_) => lock.reached(selector, space, tree),
    })
}

/// The place of a name that stands in no file.
fn nowhere() -> Span {
    Span::start_of(&Utf8Path::new("").into())
}

/// What is said of such a name: of the finding the words, without its place.
fn failed(findings: &Diagnostics) -> CliError {
    let Some(finding) = findings.iter().next() else {
        return CliError::defect("a name means nothing, and nothing says why");
    };
    let label = finding.labels.first().map(|label| label.text.as_str()).filter(|text| !text.is_empty());
    let message = match label {
        Some(label) => format!("{}: {label}", finding.message),
        None => finding.message.clone(),
    };
    let error = CliError::failed(finding.code, harmless(&message));
    match &finding.help {
        Some(help) => error.with_hint(harmless(help)),
        None => error,
    }
}
