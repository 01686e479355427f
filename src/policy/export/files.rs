//! The texts of the files of an imported policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::draft::SpaceDraft;
use super::names::{PolicyNames, RoleDraft, Roles};
use super::pages::PageDraft;
use super::people::is_inactive;
use super::people_file::{self, NewEntry, NewSection};
use super::words::AccessWord;
use crate::diagnostic::Sources;
use crate::model::{AccountId, AccountKind, GroupId, Live, Mode, Principal, SpaceKey, SpaceStatus};
use crate::policy::alias::slug;
use crate::policy::ast::Policy;
use crate::policy::format::format;
use crate::policy::yaml::YamlText;

/// What the language is, and where the site is.
pub fn head(site: &str) -> String {
    let mut text = YamlText::default();
    text.append("version: 1\n");
    text.gap();
    text.key(0, "site", None);
    text.entry(1, "url", site, None);
    text.into_string()
}

/// A file for each space, and one for the people of all; the latter is one of the sources, if these have it, with
/// what is new added. A new policy, which says where its site is, has its roles in a file of their own; to one that
/// is there already, each space brings those that are new.
pub fn compose(
    drafts: &[SpaceDraft],
    places: &BTreeMap<SpaceKey, Utf8PathBuf>,
    policy: &Policy,
    sources: &Sources,
    live: &Live,
    site: Option<&str>,
) -> BTreeMap<Utf8PathBuf, String> {
    let mut pen = FileWriter::new(drafts, policy, live);
    let people = pen.hand_over_people(policy, sources);
    let mut files: BTreeMap<Utf8PathBuf, String> = BTreeMap::new();
    if let Some(site) = site {
        files.insert("confperm.yaml".into(), head(site));
        let roles = pen.define_roles(drafts);
        if !roles.is_empty() {
            files.insert("roles.yaml".into(), roles);
        }
    }
    for draft in drafts {
        if let Some(place) = places.get(&draft.space.key) {
            files.insert(place.clone(), title(draft) + &pen.whole(std::slice::from_ref(draft)));
        }
    }
    for (path, text) in &mut files {
        *text = canonical(path, text);
    }
    files.extend(people);
    files
}

/// Where the files of these spaces go. None of these sources is in the way if they are to be avoided.
pub fn places(drafts: &[SpaceDraft], avoided: Option<&Sources>) -> BTreeMap<SpaceKey, Utf8PathBuf> {
    let avoided = avoided.into_iter().flat_map(Sources::iter).map(|(path, _)| &**path);
    super::places::places(drafts.iter().map(|draft| &draft.space), avoided)
}

/// The layout that `fmt` gives, so that a file is not changed by it afterwards.
fn canonical(path: &Utf8Path, text: &str) -> String {
    format(&Arc::from(path), text).unwrap_or_else(|_| text.to_owned())
}

/// Everything in one text. Only one draft may be there: a file has one section of spaces.
pub fn in_one(drafts: &[SpaceDraft], policy: &Policy, live: &Live, site: Option<&str>) -> String {
    let mut sections = Vec::from_iter(site.map(head));
    sections.push(FileWriter::new(drafts, policy, live).whole(drafts));
    let titles: String = drafts.iter().map(title).collect();
    canonical(Utf8Path::new("policy.yaml"), &(titles + &join(&sections)))
}

/// Writes drafts down. What a name means is defined once, in whichever text needs it first.
#[derive(Debug)]
struct FileWriter<'a> {
    people: BTreeMap<String, AccountId>,
    pins: BTreeMap<String, GroupId>,
    names: PolicyNames,
    roles: Roles,
    defined_roles: BTreeSet<String>,
    live: &'a Live,
}

impl<'a> FileWriter<'a> {
    /// A writer that has a name for every principal in these drafts.
    fn new(drafts: &[SpaceDraft], policy: &Policy, live: &'a Live) -> Self {
        let names = PolicyNames::of(&drafts.iter().flat_map(principals).collect(), policy, live);
        Self {
            people: names.new_people(),
            pins: names.new_pins(),
            names,
            roles: Roles::of(policy, live),
            defined_roles: BTreeSet::new(),
            live,
        }
    }

    /// The file of the people, with all people of the spaces, who are then not defined elsewhere. Nothing, if
    /// there are none or the file takes none: then each space defines its own.
    fn hand_over_people(&mut self, policy: &Policy, sources: &Sources) -> Option<(Utf8PathBuf, String)> {
        let sections = self.sections(|_| true);
        let place = people_file::people_file(policy, sources);
        let text = match sources.get(&place) {
            _ if sections.is_empty() => None,
            Some(there) => people_file::added(&place, there, &sections),
            None => Some(canonical(&place, &people_file::as_text(&sections))),
        }?;
        self.people.clear();
        self.pins.clear();
        Some((place, text))
    }

    /// The people in these drafts and the groups whose names are not clear, as far as they have not been
    /// defined; empty if there are none.
    fn define_people(&mut self, drafts: &[SpaceDraft]) -> String {
        let used: BTreeSet<Principal> = drafts.iter().flat_map(principals).collect();
        let text = people_file::as_text(&self.sections(|principal| used.contains(principal)));
        self.people.retain(|_, account| !used.contains(&Principal::User(account.clone())));
        self.pins.retain(|_, group| !used.contains(&Principal::Group(group.clone())));
        text
    }

    /// What is still to be defined of the people and groups that are wanted.
    fn sections(&self, wanted: impl Fn(&Principal) -> bool) -> Vec<NewSection> {
        let people = self.people.iter().filter(|(_, account)| wanted(&Principal::User((*account).clone())));
        let people = people.map(|(alias, account)| NewEntry {
            key: alias.clone(),
            value: account.as_str().to_owned(),
            comment: about(alias, account, self.live),
        });
        let pins = self.pins.iter().filter(|(_, group)| wanted(&Principal::Group((*group).clone())));
        let pins = pins.map(|(name, group)| NewEntry {
            key: name.clone(),
            value: group.as_str().to_owned(),
            comment: None,
        });
        let sections = [
            NewSection { name: "people", entries: people.collect() },
            NewSection { name: "groups", entries: pins.collect() },
        ];
        sections.into_iter().filter(|section| !section.entries.is_empty()).collect()
    }

    /// The roles of the site in these drafts, as far as they have not been defined; empty if there are none.
    fn define_roles(&mut self, drafts: &[SpaceDraft]) -> String {
        let used: BTreeSet<&AccessWord> = drafts.iter().flat_map(|draft| draft.access.keys()).collect();
        let mut text = YamlText::default();
        let mut definitions = self.roles.definitions(&used);
        definitions.retain(|name, _| self.defined_roles.insert((*name).to_owned()));
        if !definitions.is_empty() {
            text.key(0, "roles", None);
        }
        for (name, role) in definitions {
            match role {
                RoleDraft::Classic(built_in) => {
                    let note =
                        format!("a bundle of single permissions; `{built_in}` alone assigns the space role");
                    text.key(1, name, Some(&note));
                    text.list(2, "includes", &[built_in.to_string()]);
                }
                RoleDraft::Site { name: site_role, permissions, unknown } => {
                    text.key(1, name, None);
                    if !unknown.is_empty() {
                        let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
                        text.comment(&format!("also, in the words of the site: {}", unknown.join(", ")), 2);
                    }
                    let permissions: Vec<String> = permissions.iter().map(ToString::to_string).collect();
                    text.list(2, "permissions", &permissions);
                    text.entry(2, "site-role", &site_role, None);
                }
            }
        }
        text.into_string()
    }

    /// Spaces, after what their names need to be defined.
    fn whole(&mut self, drafts: &[SpaceDraft]) -> String {
        let mut sections = vec![self.define_people(drafts), self.define_roles(drafts)];
        sections.extend(drafts.iter().map(|draft| self.space(draft)));
        join(&sections)
    }

    /// One space; nothing, if it declares nothing.
    fn space(&self, draft: &SpaceDraft) -> String {
        let mut text = YamlText::default();
        if draft.says_nothing() {
            return text.into_string();
        }
        text.key(0, "spaces", None);
        text.key(1, draft.space.key.as_str(), None);
        match draft.mode {
            Mode::Authoritative => text.entry(2, "mode", "authoritative", None),
            Mode::Paused => text.entry(2, "mode", "paused", None),
            Mode::Additive => text.entry(
                2,
                "mode",
                "additive",
                Some("an authoritative space would lose something that a policy cannot express"),
            ),
        }
        if !draft.access.is_empty() {
            text.key(2, "access", None);
        }
        for (word, who) in &draft.access {
            text.list(3, word.as_str(), &self.list(who.iter().cloned()));
        }
        if !draft.pages.is_empty() {
            text.key(2, "pages", None);
        }
        for page in &draft.pages {
            self.page(page, &mut text);
        }
        text.into_string()
    }

    fn page(&self, page: &PageDraft, text: &mut YamlText) {
        text.key(3, &page.selector.to_string(), page.path.as_deref());
        for (verb, list) in [("view", &page.view), ("edit", &page.edit)] {
            if let Some(list) = list {
                text.list(4, verb, &self.list(list.iter().cloned().map(Principal::from)));
            }
        }
    }

    /// Groups before all others, people last.
    fn list(&self, who: impl Iterator<Item = Principal>) -> Vec<String> {
        let rank = |principal: &Principal| match principal {
            Principal::Group(_) => 0,
            Principal::Class(_) => 1,
            Principal::Anonymous => 2,
            Principal::User(_) => 3,
        };
        let mut list: Vec<(i32, String)> =
            who.map(|principal| (rank(&principal), self.names.show(&principal))).collect();
        list.sort();
        list.into_iter().map(|(_, name)| name).collect()
    }
}

/// What stands above a space: its name, and the remarks with everything that they are about.
fn title(draft: &SpaceDraft) -> String {
    let mut text = YamlText::default();
    let archived = if draft.space.status == SpaceStatus::Archived { " (archived)" } else { "" };
    text.comment(&format!("{}{archived}", draft.space.name.raw()), 0);
    for (remark, about) in draft.remarks.iter() {
        text.comment("", 0);
        text.comment(&format!("{}:", capitalised(remark.sentence())), 0);
        for (about, count) in about {
            let times = if *count > 1 { format!(" ({count})") } else { String::new() };
            text.comment(&format!("- {about}{times}"), 0);
        }
    }
    if draft.says_nothing() {
        text.comment("", 0);
        text.comment("Nothing else is there to be declared.", 0);
    }
    text.into_string()
}

/// Sections of one file, an empty line between them; those that are empty are left out.
fn join(sections: &[String]) -> String {
    let sections: Vec<&str> = sections.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    sections.join("\n")
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn principals(draft: &SpaceDraft) -> impl Iterator<Item = Principal> {
    let on_pages = draft.pages.iter().flat_map(PageDraft::subjects).cloned().map(Principal::from);
    draft.access.values().flatten().cloned().chain(on_pages)
}

/// What an alias does not tell of a person.
fn about(alias: &str, account: &AccountId, live: &Live) -> Option<String> {
    let person = live.directory.people.get(account)?;
    let name = person.name.raw();
    let told = name.to_lowercase() == alias.replace('-', " ") && slug(name) == alias;
    let state = if is_inactive(&Principal::User(account.clone()), live) {
        Some("deactivated")
    } else {
        match person.kind {
            AccountKind::App => Some("app"),
            AccountKind::Customer => Some("customer"),
            AccountKind::Human | AccountKind::Unknown => None,
        }
    };
    match (told, state) {
        (true, None) => None,
        (true, Some(state)) => Some(state.to_owned()),
        (false, None) => Some(name.to_owned()),
        (false, Some(state)) => Some(format!("{name} ({state})")),
    }
}
