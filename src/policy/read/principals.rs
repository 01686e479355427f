//! The smallest words of the language: who, and what they are given.

use super::{Reader, hints, meant};
use crate::diagnostic::{Code, Diagnostic, Spanned, did_you_mean};
use crate::model::{AccessClass, AccountId, BuiltInRole, Permission, folded};
use crate::policy::ast::{Grantee, Named, Right, RoleName};
use crate::policy::yaml::{NodeKind, YamlNode};

const FORMS: &str = "write `group:NAME`, `user:ALIAS` or `user:ACCOUNT-ID`, `class:NAME`, or `anonymous`";

impl Reader {
    /// One principal.
    pub(super) fn who(&mut self, node: &YamlNode) -> Option<Spanned<Grantee>> {
        let Some(text) = node.scalar() else {
            let help = colon_with_space(node).unwrap_or_else(|| FORMS.to_owned());
            self.wrong_kind(node, "an entry of this list", "one principal", Some(help));
            return None;
        };
        let text = &*folded(text);
        let who = match text.split_once(':') {
            _ if text == "anonymous" => Some(Grantee::Anonymous),
            Some(("group", name)) if !name.trim().is_empty() && !is_several(text) => {
                Some(Grantee::Named(Named::Group(folded(name).into_owned())))
            }
            Some(("user", name)) if !name.trim().is_empty() && !is_several(text) => {
                self.user(name.trim(), node).map(|account| Grantee::Named(Named::User(account)))
            }
            Some(("class", name)) if !name.trim().is_empty() => {
                self.class(name.trim(), node).map(Grantee::Class)
            }
            Some(("set", name)) if !name.trim().is_empty() => {
                self.is_set_for_one(node, "this place is for one principal");
                None
            }
            _ => {
                let help = self.principal_help(text);
                self.report(
                    Diagnostic::new(Code::InvalidPrincipal, format!("`{text}` does not say who is meant"))
                        .at(&node.span, "")
                        .help(help),
                );
                None
            }
        };
        who.map(|who| Spanned::new(who, node.span.clone()))
    }

    fn user(&mut self, name: &str, node: &YamlNode) -> Option<AccountId> {
        if let Some(person) = self.policy.people.get(name) {
            return Some(person.account.value.clone());
        }
        if is_account_id(name) {
            return name.parse().ok();
        }
        let help = self.person_help(name);
        self.report(
            Diagnostic::new(
                Code::UnknownPerson,
                format!("`{name}` is neither defined under `people` nor an account id"),
            )
            .at(&node.span, "")
            .help(help),
        );
        None
    }

    /// What may be meant by a text after `user:` that is neither an alias nor an account id.
    fn person_help(&self, name: &str) -> String {
        if name.contains('*') {
            return "patterns are for `leave`: name each person here, or a group that they are in".to_owned();
        }
        if name == "anonymous" {
            return "visitors who are not signed in are `anonymous`, without `user:`".to_owned();
        }
        let near = || did_you_mean(name, self.policy.people.keys().map(String::as_str));
        if let Some(alias) = hints::alias(name, &self.policy).or_else(near) {
            return format!("did you mean `user:{alias}`?");
        }
        let bare = name.trim_start_matches('@');
        if hints::is_email(bare) {
            return format!(
                "people are known by account id: add a line under `people`, as in `NAME: {{account: ACCOUNT-ID, email: \
                 {bare}}}`, and write `user:NAME`"
            );
        }
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.len() < 20 && name.chars().all(is_word) {
            return format!("define `{name}` under `people`, as in `{name}: ACCOUNT-ID`");
        }
        "add a line under `people`, as in `NAME: ACCOUNT-ID`, and write `user:NAME`; the account id stands at the end of \
         the address of the person's profile page"
            .to_owned()
    }

    fn class(&mut self, name: &str, node: &YamlNode) -> Option<AccessClass> {
        if let Ok(class) = name.parse() {
            return Some(class);
        }
        let names = AccessClass::ALL.map(AccessClass::as_str);
        let help = match name {
            _ if name.contains('*') => "patterns are for `leave`: name the class here".to_owned(),
            "anonymous-users" | "anonymous" => "did you mean `anonymous`?".to_owned(),
            "everyone" | "everybody" | "all" | "licensed-users" | "users" | "all-users" => {
                "did you mean `class:all-licensed-users`?".to_owned()
            }
            _ => meant(did_you_mean(name, names).map(|name| format!("class:{name}")).as_deref())
                .unwrap_or_else(|| {
                    format!("the user classes are {}", names.map(|name| format!("`{name}`")).join(", "))
                }),
        };
        self.report(
            Diagnostic::new(Code::UnknownClass, format!("Confluence has no user class `{name}`"))
                .at(&node.span, "")
                .help(help),
        );
        None
    }

    /// What the author of a text that is no principal may have meant.
    fn principal_help(&self, text: &str) -> String {
        let meant = |form: &str| format!("did you mean `{form}`?");
        let straight = text.trim_matches(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']);
        if straight != text {
            return format!(
                "the quotes around it are those of a word processor: write `{straight}`, or straight quotes"
            );
        }
        if is_account_id(text) {
            return meant(&format!("user:{text}"));
        }
        match text.split_once(':') {
            _ if is_several(text) => {
                format!("write each principal as an entry of its own: `[{text}]`, without quotes around all of them")
            }
            Some((prefix, name)) => prefixed(prefix, name.trim()).unwrap_or_else(|| FORMS.to_owned()),
            None if text.is_empty() => FORMS.to_owned(),
            None if text.eq_ignore_ascii_case("anonymous") => meant("anonymous"),
            None if text.to_lowercase().parse::<AccessClass>().is_ok() => {
                meant(&format!("class:{}", text.to_lowercase()))
            }
            None if text == "anyone" => {
                "`anyone` is for the lists of pages; in a space, say who: a group, a person, a class or `anonymous`"
                    .to_owned()
            }
            None => self.bare_word_help(text),
        }
    }

    /// The same for a word without a prefix.
    fn bare_word_help(&self, text: &str) -> String {
        if let Some(help) = hints::everyone(text) {
            return help.to_owned();
        }
        if let Some(alias) = hints::alias(text, &self.policy) {
            return format!("did you mean `user:{alias}`?");
        }
        let bare = text.trim_start_matches('@');
        if hints::is_email(bare) {
            return self.person_help(bare);
        }
        if text.starts_with('@') {
            return format!(
                "`@` has no meaning here: write `group:{bare}` for a group, or `user:NAME` for a person who is defined under \
                 `people`"
            );
        }
        if ["guest", "guests", "nobody", "none", "no", "yes", "true", "false"].contains(&text) {
            return FORMS.to_owned();
        }
        if text.contains(' ') {
            return format!(
                "write `group:{text}` if that is a group; a person is defined under `people`, as in `NAME: ACCOUNT-ID`, and \
                 written `user:NAME`"
            );
        }
        match did_you_mean(text, ["anonymous"]) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("did you mean `group:{text}`?"),
        }
    }

    /// A person or a group, for the lists of pages.
    pub(super) fn named(&mut self, node: &YamlNode) -> Option<Spanned<Named>> {
        if node.scalar() == Some("anyone") {
            self.report(
                Diagnostic::new(Code::NotOnPages, "`anyone` is not allowed in a list")
                    .at(&node.span, "")
                    .help("write `view: anyone` or `edit: anyone` instead of the whole list"),
            );
            return None;
        }
        let who = self.who(node)?;
        match who.value {
            Grantee::Named(named) => Some(Spanned::new(named, who.span)),
            Grantee::Class(_) | Grantee::Anonymous => {
                self.report(
                    Diagnostic::new(Code::NotOnPages, "the lists of pages hold people and groups only")
                        .at(&who.span, "")
                        .help("name a group or a person; a page that everyone in the space may see or edit has `view: anyone` or `edit: anyone`"),
                );
                None
            }
        }
    }

    /// The left side of a line of `access`.
    pub(super) fn right(&mut self, key: &Spanned<String>) -> Option<Spanned<Right>> {
        let right = if key.value.contains('/') {
            Right::Permission(self.permission(key)?)
        } else {
            Right::Role(self.role_name(key)?)
        };
        Some(Spanned::new(right, key.span.clone()))
    }

    pub(super) fn role_name(&mut self, name: &Spanned<String>) -> Option<RoleName> {
        let text = &*folded(&name.value);
        if let Ok(role) = text.parse::<BuiltInRole>() {
            return Some(RoleName::BuiltIn(role));
        }
        if self.policy.roles.contains_key(text) {
            return Some(RoleName::Custom(text.to_owned()));
        }
        let help = hints::right(text, &self.policy).unwrap_or_else(|| {
            "define it under `roles`, or use `viewer`, `collaborator`, `manager`, `admin` or a permission such as \
             `create/page`"
                .to_owned()
        });
        self.report(
            Diagnostic::new(Code::UnknownRole, format!("there is no role `{text}`"))
                .at(&name.span, "")
                .help(help),
        );
        None
    }

    pub(super) fn permission(&mut self, name: &Spanned<String>) -> Option<Permission> {
        let text = name.value.as_str();
        if let Ok(permission) = text.parse() {
            return Some(permission);
        }
        if text == "delete/space" {
            self.report(
                Diagnostic::new(
                    Code::DeleteSpacePermission,
                    "`delete/space` could mean deleting one's own content or deleting the space",
                )
                .at(&name.span, "")
                .help(hints::DELETE_SPACE),
            );
            return None;
        }
        let near = || did_you_mean(text, Permission::ALL.iter().map(|permission| permission.as_str()));
        let near = || near().and_then(|near| near.parse::<Permission>().ok());
        let help = hints::by_label(text)
            .or_else(|| near().map(|near| format!("did you mean `{near}` (\"{}\")?", near.label())))
            .unwrap_or_else(|| {
                "permissions are pairs such as `read/space` (\"View\") or `create/page` (\"Pages: add\"); \
                 `confperm schema policy` lists them all"
                    .to_owned()
            });
        self.report(
            Diagnostic::new(Code::UnknownPermission, format!("Confluence has no permission `{text}`"))
                .at(&name.span, "")
                .help(help),
        );
        None
    }
}

/// `group: name`, with a space, is a mapping to YAML.
pub(super) fn colon_with_space(node: &YamlNode) -> Option<String> {
    let NodeKind::Map(pairs) = &node.kind else { return None };
    let [(key, value)] = pairs.as_slice() else { return None };
    let prefix = key.scalar().filter(|prefix| matches!(*prefix, "group" | "user" | "class"))?;
    Some(format!("write a list without a space after the colon: `[{prefix}:{}]`", value.scalar()?))
}

/// Whether a text holds several principals with commas between them.
fn is_several(text: &str) -> bool {
    let mut parts = text.split(',').map(str::trim);
    let is_one = |part: &str| ["group:", "user:", "class:"].iter().any(|prefix| part.starts_with(prefix));
    text.contains(',') && parts.all(is_one)
}

/// A principal under the prefix that was meant.
fn prefixed(prefix: &str, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let prefix = match prefix.to_lowercase().as_str() {
        "team" | "teams" | "grp" => "group",
        "person" | "people" | "account" | "accountid" | "member" => "user",
        "role" => {
            return Some(format!(
                "a role is given, it does not receive: write `{name}: [group:NAME]`, or name the group that has the role"
            ));
        }
        _ => did_you_mean(prefix, ["group", "user", "class", "set"])?,
    };
    Some(format!("did you mean `{prefix}:{name}`?"))
}

/// Whether a text has the form of an Atlassian account id: 24 hexadecimal digits, or a word and one or more UUIDs with
/// colons between them. The word is a number for people (`557058:…`, `712020:…`), `qm` for customers of a portal, `ug` for
/// users that a directory provides.
pub(super) fn is_account_id(text: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = |text: &str| {
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && text.split('-').all(hex)
    };
    match text.split_once(':') {
        None => text.len() == 24 && hex(text),
        Some((word, uuids)) => {
            (2..=12).contains(&word.len())
                && !matches!(word, "group" | "user" | "class" | "role" | "set")
                && word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
                && uuids.split(':').all(is_uuid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_have_several_forms() {
        const UUID: &str = "9e1c1c1a-0c58-4a6c-8f0e-6a2f5f5f0001";
        assert!(is_account_id("5b10ac8d82e05b22cc7d4ef5"));
        for word in ["712020", "557058", "70121", "ug", "qm"] {
            assert!(is_account_id(&format!("{word}:{UUID}")), "{word}");
        }
        assert!(is_account_id(&format!("qm:{UUID}:{UUID}")));
        let odd = [format!("x:{UUID}"), format!("group:{UUID}"), format!("qm:{UUID}:"), format!("QM:{UUID}")];
        for text in ["ann", "5b10", "712020:", ""].into_iter().chain(odd.iter().map(String::as_str)) {
            assert!(!is_account_id(text), "{text}");
        }
    }
}
