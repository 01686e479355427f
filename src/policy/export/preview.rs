//! A space as it is, for comparing two states of it: one entry stands on each line, and an open list is
//! written down too, so that differences are about entries.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{AccessWord, NamedBundle, words};
use crate::model::{
    Audience, BuiltInRole, Holding, Mode, PageList, Principal, Restrictions, RoleId, Shown, SpaceKey,
    is_same_name,
};
use crate::policy::yaml::YamlText;

/// How things are called.
pub struct PreviewNames<'a> {
    pub bundles: &'a [NamedBundle],
    pub roles: &'a BTreeMap<RoleId, Shown>,
    pub name: &'a dyn Fn(&Principal) -> String,
}

impl std::fmt::Debug for PreviewNames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").field("bundles", &self.bundles).finish_non_exhaustive()
    }
}

/// What is to be seen of a space: some principals with what they hold, and some pages by their paths.
#[derive(Debug)]
pub struct PreviewSpace<'a> {
    pub key: &'a SpaceKey,
    pub mode: Mode,
    pub holdings: Vec<(&'a Principal, Option<Holding>)>,
    /// How many more principals hold something.
    pub others: usize,
    pub pages: Vec<(&'a Shown, &'a Restrictions)>,
}

/// One space as policy text.
pub fn space(space: PreviewSpace<'_>, words: &PreviewNames<'_>) -> String {
    let PreviewSpace { key, mode, holdings, others, pages } = space;
    let shows_access = !holdings.is_empty();
    let mut access: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (principal, holding) in holdings {
        for word in holding.iter().flat_map(|holding| holding_words(holding, words)) {
            access.entry(word).or_default().insert((words.name)(principal));
        }
    }
    let mut text = YamlText::default();
    let mode = match mode {
        Mode::Authoritative => "authoritative",
        Mode::Additive => "additive",
        Mode::Paused => "paused",
    };
    text.key(0, "spaces", None);
    text.key(1, key.as_str(), None);
    text.entry(2, "mode", mode, None);
    // Without the others, an `access` whose only entry shown here goes would seem to go as a whole.
    if !access.is_empty() || (shows_access && others > 0) {
        text.key(2, "access", None);
        if others > 0 {
            let principals = if others == 1 { "principal keeps" } else { "principals keep" };
            text.comment(&format!("{others} other {principals} access"), 3);
        }
    }
    for (word, who) in access {
        text.items(3, &word, who);
    }
    write_pages(pages, words, &mut text);
    text.into_string()
}

fn holding_words(holding: &Holding, names: &PreviewNames<'_>) -> Vec<String> {
    match holding {
        Holding::Grants(grants) => {
            let found = words(&grants.keys().copied().collect(), names.bundles);
            found.iter().map(AccessWord::as_str).map(str::to_owned).collect()
        }
        Holding::Role(id) => vec![role_word(id, names)],
    }
}

fn role_word(id: &RoleId, words: &PreviewNames<'_>) -> String {
    let Some(name) = words.roles.get(id) else { return id.to_string() };
    let mut built_in = BuiltInRole::ALL.into_iter();
    let built_in = built_in.find(|built_in| is_same_name(name.as_str(), built_in.site_name()));
    built_in.map_or_else(|| name.to_string(), |built_in| built_in.to_string())
}

fn write_pages(mut pages: Vec<(&Shown, &Restrictions)>, words: &PreviewNames<'_>, text: &mut YamlText) {
    pages.sort();
    if !pages.is_empty() {
        text.key(2, "pages", None);
    }
    for (path, lists) in pages {
        text.key(3, path.as_str(), None);
        for (list, audience) in PageList::ALL.into_iter().map(|list| (list, lists.audience(list))) {
            match audience {
                Audience::Anyone => text.entry(4, list.as_str(), "anyone", None),
                Audience::Only(members) => {
                    let names: BTreeSet<String> =
                        members.iter().map(|subject| (words.name)(&subject.clone().into())).collect();
                    text.items(4, list.as_str(), names);
                }
            }
        }
    }
}
