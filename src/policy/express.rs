//! The other direction: a live space in the words of the policy language, in one canonical layout.
//!
//! Used to show a change as a difference between two policies. Roles are recognised, people and groups
//! have their names, and one entry stands on each line, so that differences are about entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::{
    Audience, BuiltInRole, ContentId, Holding, Known, LiveSpace, Mode, PageVerb, Permission, Principal, Role,
    RoleId, Tree,
};

use super::ast::{Policy, RoleName};
use super::roles::{Bundle, bundle};

/// A role of a policy with what it comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBundle {
    pub name: String,
    pub bundle: Bundle,
}

impl Policy {
    /// All roles that lines of this policy can name, the largest first.
    pub fn bundles(&self) -> Vec<NamedBundle> {
        let built_in = BuiltInRole::ALL.into_iter().map(RoleName::BuiltIn);
        let roles = built_in.chain(self.roles.keys().cloned().map(RoleName::Custom));
        let mut bundles: Vec<NamedBundle> = roles
            .map(|role| NamedBundle { name: role.as_str().to_owned(), bundle: bundle(&role, &self.roles) })
            .collect();
        bundles.sort_by_key(|named| std::cmp::Reverse(named.bundle.required.len()));
        bundles
    }
}

/// How things are called.
pub struct Words<'a> {
    pub bundles: &'a [NamedBundle],
    pub roles: &'a BTreeMap<RoleId, Role>,
    pub name: &'a dyn Fn(&Principal) -> String,
}

impl std::fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").field("bundles", &self.bundles).finish_non_exhaustive()
    }
}

/// One space as policy text. `holders` and `pages` say what to include.
pub fn space(
    space: &LiveSpace,
    mode: Mode,
    holders: &dyn Fn(&Principal) -> bool,
    pages: &BTreeSet<ContentId>,
    words: &Words<'_>,
) -> String {
    let mut access: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (principal, holding) in space.holdings.iter().filter(|(principal, _)| holders(principal)) {
        for word in holding_words(holding, words) {
            access.entry(word).or_default().insert((words.name)(principal));
        }
    }
    let mut text = String::new();
    let mode = match mode {
        Mode::Authoritative => "authoritative",
        Mode::Additive => "additive",
    };
    let _ = writeln!(text, "spaces:\n  {}:\n    mode: {mode}", scalar(space.space.key.as_str()));
    if !access.is_empty() {
        text.push_str("    access:\n");
    }
    for (word, who) in access {
        let _ = writeln!(text, "      {}:", scalar(&word));
        for who in who {
            let _ = writeln!(text, "        - {}", scalar(&who));
        }
    }
    if let Some(tree) = &space.tree {
        write_pages(tree, pages, words, &mut text);
    }
    text
}

/// The fewest words for what somebody holds: the largest role, further roles where they save words,
/// then single permissions.
fn holding_words(holding: &Holding, words: &Words<'_>) -> Vec<String> {
    let grants = match holding {
        Holding::Grants(grants) => grants,
        Holding::Role(id) => return vec![role_word(id, words)],
    };
    let mut left: BTreeSet<Permission> = grants.keys().copied().collect();
    let mut found = Vec::new();
    for NamedBundle { name, bundle } in words.bundles {
        let held = bundle.required.iter().all(|permission| grants.contains_key(permission));
        if held && bundle.required.intersection(&left).count() >= 2 {
            left.retain(|permission| {
                !bundle.required.contains(permission) && !bundle.tolerated.contains(permission)
            });
            found.push(name.clone());
        }
    }
    found.extend(left.iter().map(ToString::to_string));
    found
}

fn role_word(id: &RoleId, words: &Words<'_>) -> String {
    let Some(role) = words.roles.get(id) else { return id.to_string() };
    let built_in = BuiltInRole::ALL.into_iter().find(|built_in| built_in.site_name() == role.name);
    built_in.map_or_else(|| role.name.clone(), |built_in| built_in.to_string())
}

fn write_pages(tree: &Tree, pages: &BTreeSet<ContentId>, words: &Words<'_>, text: &mut String) {
    let mut entries: Vec<(String, [&Audience; 2])> = pages
        .iter()
        .filter_map(|&id| match &tree.get(id)?.restrictions {
            Known::Known(lists) => Some((tree.path(id), [&lists.view, &lists.edit])),
            Known::Unknown(_) => None,
        })
        .collect();
    entries.sort();
    if !entries.is_empty() {
        text.push_str("    pages:\n");
    }
    for (path, lists) in entries {
        let _ = writeln!(text, "      {}:", scalar(&path));
        for (verb, audience) in PageVerb::ALL.into_iter().zip(lists) {
            match audience {
                Audience::Anyone => {
                    let _ = writeln!(text, "        {}: anyone", verb.as_str());
                }
                Audience::Only(members) => {
                    let _ = writeln!(text, "        {}:", verb.as_str());
                    let names: BTreeSet<String> =
                        members.iter().map(|subject| (words.name)(&subject.clone().into())).collect();
                    for name in names {
                        let _ = writeln!(text, "          - {}", scalar(&name));
                    }
                }
            }
        }
    }
}

/// A text as a YAML scalar that every YAML reader takes for the same text.
pub fn scalar(text: &str) -> String {
    let plain_start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '~');
    let plain = plain_start
        && text.chars().all(|c| c.is_alphanumeric() || " _./:@~+()-".contains(c))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && text != "~"
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_quoted_when_a_reader_might_take_them_for_something_else() {
        for (text, expected) in [
            ("group:engineering", "group:engineering"),
            ("/Runbooks/On-call", "/Runbooks/On-call"),
            ("~5b10ac8d", "~5b10ac8d"),
            ("no", "\"no\""),
            ("~", "\"~\""),
            ("101", "\"101\""),
            ("/A: B", "\"/A: B\""),
            ("/A #1", "\"/A #1\""),
            ("/Say \"hi\"", "\"/Say \\\"hi\\\"\""),
        ] {
            assert_eq!(scalar(text), expected);
            let back: String = serde_yaml::from_str(&scalar(text)).unwrap();
            assert_eq!(back, text);
        }
    }
}
