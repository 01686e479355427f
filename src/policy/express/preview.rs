//! A space as it is, for comparing two states of it: one entry stands on each line, and an open list is
//! written down too, so that differences are about entries.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{AccessWord, NamedBundle, words};
use crate::model::{
    Audience, BuiltInRole, ContentId, Holding, Known, LiveSpace, Mode, PageVerb, Principal, Role, RoleId,
    SiteText, Tree,
};
use crate::policy::yaml::YamlText;

/// How things are called.
pub struct PreviewNames<'a> {
    pub bundles: &'a [NamedBundle],
    pub roles: &'a BTreeMap<RoleId, Role>,
    pub name: &'a dyn Fn(&Principal) -> String,
}

impl std::fmt::Debug for PreviewNames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").field("bundles", &self.bundles).finish_non_exhaustive()
    }
}

/// One space as policy text. `holders` and `pages` say what to include.
pub fn space(
    space: &LiveSpace,
    mode: Mode,
    holders: &BTreeSet<Principal>,
    pages: &BTreeSet<ContentId>,
    words: &PreviewNames<'_>,
) -> String {
    let mut access: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (principal, holding) in space.holdings.iter().filter(|(principal, _)| holders.contains(principal)) {
        for word in holding_words(holding, words) {
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
    text.key(1, space.space.key.as_str(), None);
    text.entry(2, "mode", mode, None);
    // Without the others, an `access` whose only entry shown here goes would seem to go as a whole.
    let others = space.holdings.keys().filter(|principal| !holders.contains(principal)).count();
    if !access.is_empty() || (!holders.is_empty() && others > 0) {
        text.key(2, "access", None);
        if others > 0 {
            let principals = if others == 1 { "principal keeps" } else { "principals keep" };
            text.comment(&format!("{others} other {principals} access"), 3);
        }
    }
    for (word, who) in access {
        text.items(3, &word, who);
    }
    if let Some(tree) = &space.tree {
        write_pages(tree, pages, words, &mut text);
    }
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
    let Some(role) = words.roles.get(id) else { return id.to_string() };
    let built_in = BuiltInRole::ALL.into_iter().find(|built_in| role.name.is_called(built_in.site_name()));
    built_in.map_or_else(|| role.name.raw().to_owned(), |built_in| built_in.to_string())
}
fn write_pages(tree: &Tree, pages: &BTreeSet<ContentId>, words: &PreviewNames<'_>, text: &mut YamlText) {
    let mut entries: Vec<(SiteText, [&Audience; 2])> = pages
        .iter()
        .filter_map(|&id| match &tree.get(id)?.restrictions {
            Known::Known(lists) => Some((tree.label(id), [&lists.view, &lists.edit])),
            Known::Unknown(_) => None,
        })
        .collect();
    entries.sort();
    if !entries.is_empty() {
        text.key(2, "pages", None);
    }
    for (path, lists) in entries {
        text.key(3, path.raw(), None);
        for (verb, audience) in PageVerb::ALL.into_iter().zip(lists) {
            match audience {
                Audience::Anyone => text.entry(4, verb.as_str(), "anyone", None),
                Audience::Only(members) => {
                    let names: BTreeSet<String> =
                        members.iter().map(|subject| (words.name)(&subject.clone().into())).collect();
                    text.items(4, verb.as_str(), names);
                }
            }
        }
    }
}
