//! What the author of a wrong word probably meant: words of Confluence's screen, of other tools and of everyday speech.
//!
//! Nothing here decides what a policy means; it makes help lines. What is proposed exists and can be written there.

use std::collections::BTreeSet;

use crate::diagnostic::did_you_mean;
use crate::model::{BuiltInRole, Permission};
use crate::policy::ast::Policy;

/// Keys that people write, and those that the language has for them; the first that stands in its place counts.
const KEYS: [(&[&str], &[&str]); 15] = [
    (
        &["user", "users", "member", "members", "account", "accounts", "persons"],
        &["people", "who", "account"],
    ),
    (&["id", "account-id", "accountid", "account_id"], &["account"]),
    (&["mail", "e-mail"], &["email"]),
    (
        &["permissions", "permission", "grants", "acl", "rights", "roles"],
        &["access", "permissions", "role", "can"],
    ),
    (&["read", "viewers", "readers", "viewer"], &["view"]),
    (&["write", "update", "editors", "editor", "writers"], &["edit"]),
    (&["admin", "admins"], &["administer", "required-admins"]),
    (&["restrictions", "restricted", "page"], &["pages"]),
    (&["till", "to", "end", "expires", "expiry", "expiration", "valid-until"], &["until"]),
    (&["reason", "comment", "because", "note", "description"], &["why"]),
    (&["extends", "inherits", "include", "inherit"], &["includes"]),
    (&["except", "exclude", "excluding", "without", "skip"], &["not"]),
    (&["principal", "principals", "subject", "subjects"], &["who"]),
    (&["allowed", "may", "allow"], &["can"]),
    (&["denied", "deny", "must-not", "forbidden"], &["cannot"]),
];

/// The key that was meant by one that is not known.
pub(in crate::policy) fn key<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let written = written.to_lowercase();
    let same = known.iter().copied().find(|key| same_words(key, &written));
    let other_word = || {
        let (_, ours) = KEYS.iter().find(|(theirs, _)| theirs.contains(&written.as_str()))?;
        ours.iter().find_map(|ours| known.iter().copied().find(|key| key == ours))
    };
    same.or_else(other_word).or_else(|| did_you_mean(&written, known.iter().copied()))
}

/// Words of the language that stand somewhere else.
pub(super) fn elsewhere(key: &str, known: &[&str]) -> Option<&'static str> {
    match key {
        "absent" | "replace" | "from" if known.contains(&"page-only") => {
            Some("it belongs in a rule, as in `rules: [{name: NAME, spaces: [KEY], absent: [user:NAME]}]`")
        }
        "also-view" | "also-edit" if known.contains(&"page-only") => {
            Some("it belongs to a page, under `pages`; `restricted-pages` joins all lists of the space")
        }
        _ => None,
    }
}

/// Why an entry of `absent` says neither until when nor why.
pub(in crate::policy) fn no_terms(written: &str, known: &[&str]) -> Option<&'static str> {
    if !known.contains(&"instead") {
        return None;
    }
    match key(written, &["until", "why"])? {
        "until" => Some(
            "what is absent has no end: to end access on a day, write `until` where it is given; to give it again, remove \
             this entry and declare it",
        ),
        _ => Some("the name of the rule gives the reason, and plans show it: one rule for each reason"),
    }
}

/// `max_removals` and `maxRemovals` are `max-removals`.
fn same_words(key: &str, written: &str) -> bool {
    let bare = |text: &str| text.replace(['-', '_', ' '], "");
    bare(key) == bare(written)
}

/// Credentials have no place in a policy, whatever they are called.
pub(super) fn is_credential(key: &str) -> bool {
    const WORDS: [&str; 8] =
        ["token", "api-token", "password", "username", "user", "email", "personal-token", "secret"];
    WORDS.iter().any(|word| same_words(word, &key.to_lowercase()))
}

/// Words for the built-in roles.
const ROLES: [(&[&str], BuiltInRole); 4] = [
    (&["read", "reader", "readonly", "readers", "viewers", "guest"], BuiltInRole::Viewer),
    (
        &["write", "writer", "editor", "edit", "contributor", "author", "member", "collaborators"],
        BuiltInRole::Collaborator,
    ),
    (&["moderator", "maintainer", "managers"], BuiltInRole::Manager),
    (
        &["owner", "administrator", "administer", "admins", "spaceadmin", "all", "full", "everything"],
        BuiltInRole::Admin,
    ),
];

/// What may have been meant by a word that is no role: a role, or a permission by its label or another spelling.
pub(super) fn right(written: &str, policy: &Policy) -> Option<String> {
    let asked = || format!("did you mean `{}`?", written.to_lowercase());
    let built_in = BuiltInRole::ALL.map(BuiltInRole::as_str);
    let custom = || policy.roles.keys().map(String::as_str);
    let lower = written.to_lowercase();
    if let Some(role) = built_in.into_iter().chain(custom()).find(|role| role.to_lowercase() == lower) {
        return Some(if role == lower { asked() } else { format!("did you mean `{role}`?") });
    }
    if let Some(permission) = by_label(written) {
        return Some(permission);
    }
    let bare = lower.replace(['-', '_', ' '], "");
    if let Some((_, role)) = ROLES.iter().find(|(words, _)| words.contains(&bare.as_str())) {
        let alone = match role {
            BuiltInRole::Viewer => " for the role, or `read/space` for viewing alone",
            BuiltInRole::Admin => " for the role, or `administer/space` for administering alone",
            BuiltInRole::Collaborator | BuiltInRole::Manager => "",
        };
        return Some(format!("did you mean `{role}`{alone}?"));
    }
    if ["group:", "user:", "class:"].iter().any(|prefix| lower.starts_with(prefix)) || lower == "anonymous" {
        return Some(format!(
            "write it the other way round, with what is given first: `viewer: [{written}]`"
        ));
    }
    if let Some(role) = did_you_mean(written, built_in.into_iter().chain(custom())) {
        return Some(format!("did you mean `{role}`?"));
    }
    let part = |permission: &&Permission| permission.as_str().split('/').any(|part| part == lower);
    let permission = Permission::ALL.iter().find(part)?;
    Some(format!("did you mean `{permission}` (\"{}\")?", permission.label()))
}

/// A permission by the label of its column, or by its words in another order: "Pages: add", "add page", `space/read`.
pub(super) fn by_label(written: &str) -> Option<String> {
    let asked = words(written);
    if asked.is_empty() {
        return None;
    }
    if asked == words("delete space") {
        return Some(DELETE_SPACE.to_owned());
    }
    let is_meant =
        |permission: &&Permission| words(permission.label()) == asked || words(permission.as_str()) == asked;
    let permission = Permission::ALL.iter().find(is_meant)?;
    Some(format!("did you mean `{permission}` (\"{}\")?", permission.label()))
}

pub(super) const DELETE_SPACE: &str = "write `delete_own/space` for the column \"Delete own\", or \
                                       `delete_space/space` for deleting the space itself";

/// The words of a label without what varies: case, order, plural, punctuation.
fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    let singular = |word: String| word.strip_suffix('s').map_or_else(|| word.clone(), str::to_owned);
    words.map(singular).filter(|word| !word.is_empty() && !matches!(word.as_str(), "and" | "the")).collect()
}

/// What is said of a word for all people.
pub(super) fn everyone(written: &str) -> Option<&'static str> {
    const ALL: [&str; 11] = [
        "everyone",
        "everybody",
        "all",
        "allusers",
        "*",
        "allmembers",
        "loggedin",
        "loggedinusers",
        "users",
        "authenticated",
        "licensedusers",
    ];
    let bare = written.to_lowercase().replace(['-', '_', ' '], "");
    if ALL.contains(&bare.as_str()) {
        Some(
            "for all users with a licence write the group that gives the licence, as in \
             `group:confluence-users-NAME`, or `class:all-licensed-users` on a site with space roles; \
             for visitors who are not signed in, `anonymous`",
        )
    } else if matches!(bare.as_str(), "public" | "anonymoususers" | "anon" | "notsignedin" | "world") {
        Some("did you mean `anonymous`? These are visitors who are not signed in")
    } else {
        None
    }
}

/// The alias of the one person that a text may mean.
pub(super) fn alias<'p>(written: &str, policy: &'p Policy) -> Option<&'p str> {
    match policy.people_called(written.trim_start_matches('@')).as_slice() {
        [(alias, _)] => Some(alias),
        _ => None,
    }
}

/// Whether a text is an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains('@') && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_screen_lead_to_permissions() {
        for permission in Permission::ALL {
            let help = by_label(permission.label()).unwrap();
            assert!(help.contains(&format!("`{permission}`")), "{permission}: {help}");
        }
        for (written, permission) in
            [("add page", "create/page"), ("space/read", "read/space"), ("Edit pages", "update/page")]
        {
            assert!(by_label(written).unwrap().contains(&format!("`{permission}`")), "{written}");
        }
        assert!(by_label("space delete").unwrap().contains("delete_own/space"));
    }

    #[test]
    fn words_of_other_tools_lead_to_keys() {
        assert_eq!(key("users", &["people", "groups"]), Some("people"));
        assert_eq!(key("max_removals", &["min-admins", "max-removals"]), Some("max-removals"));
        assert_eq!(key("read", &["view", "edit"]), Some("view"));
        assert_eq!(key("zebra", &["view", "edit"]), None);
    }
}
