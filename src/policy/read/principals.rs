//! The smallest words of the language: who, and what they are given.

use super::{Reader, meant};
use crate::diagnostic::{Code, Diagnostic, Spanned, did_you_mean};
use crate::model::{AccessClass, AccountId, BuiltInRole, Permission, folded};
use crate::policy::ast::{Named, Right, RoleName, Who};
use crate::policy::yaml::{Node, NodeKind};

const FORMS: &str = "write `group:NAME`, `user:ALIAS` or `user:ACCOUNT-ID`, `class:NAME`, or `anonymous`";

impl Reader {
    /// One principal.
    pub(super) fn who(&mut self, node: &Node) -> Option<Spanned<Who>> {
        let Some(text) = node.scalar() else {
            let help = colon_with_space(node).unwrap_or_else(|| FORMS.to_owned());
            self.wrong_kind(node, "an entry of this list", "one principal", Some(help));
            return None;
        };
        let text = &*folded(text);
        let who = match text.split_once(':') {
            _ if text == "anonymous" => Some(Who::Anonymous),
            Some(("group", name)) if !name.trim().is_empty() => {
                Some(Who::Named(Named::Group(folded(name).into_owned())))
            }
            Some(("user", name)) if !name.trim().is_empty() => {
                self.user(name.trim(), node).map(|account| Who::Named(Named::User(account)))
            }
            Some(("class", name)) if !name.trim().is_empty() => self.class(name.trim(), node).map(Who::Class),
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

    fn user(&mut self, name: &str, node: &Node) -> Option<AccountId> {
        if let Some(person) = self.policy.people.get(name) {
            return Some(person.account.value.clone());
        }
        if is_account_id(name) {
            return name.parse().ok();
        }
        let help = did_you_mean(name, self.policy.people.keys().map(String::as_str)).map_or_else(
            || format!("define `{name}` under `people`, or write the account id itself"),
            |alias| format!("did you mean `user:{alias}`?"),
        );
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

    fn class(&mut self, name: &str, node: &Node) -> Option<AccessClass> {
        if let Ok(class) = name.parse() {
            return Some(class);
        }
        let names = AccessClass::ALL.map(AccessClass::as_str);
        let help = match name {
            "anonymous-users" | "anonymous" => "did you mean `anonymous`?".to_owned(),
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
        if is_account_id(text) || self.policy.people.contains_key(text) {
            return meant(&format!("user:{text}"));
        }
        match text.split_once(':') {
            Some((prefix, name)) => match did_you_mean(prefix, ["group", "user", "class"]) {
                Some(prefix) if !name.trim().is_empty() => meant(&format!("{prefix}:{}", name.trim())),
                _ => FORMS.to_owned(),
            },
            None if text.trim().is_empty() => FORMS.to_owned(),
            None if text.parse::<AccessClass>().is_ok() => meant(&format!("class:{text}")),
            None if text == "anyone" => {
                "`anyone` is for the lists of pages; in a space, say who: a group, a person, a class or `anonymous`"
                    .to_owned()
            }
            None => match did_you_mean(text, ["anonymous"]) {
                Some(word) => meant(word),
                None => meant(&format!("group:{text}")),
            },
        }
    }

    /// A person or a group, for the lists of pages.
    pub(super) fn named(&mut self, node: &Node) -> Option<Spanned<Named>> {
        if node.scalar() == Some("anyone") {
            self.report(
                Diagnostic::new(Code::NotOnPages, "`anyone` cannot stand in a list")
                    .at(&node.span, "")
                    .help("write `view: anyone` or `edit: anyone` instead of the whole list"),
            );
            return None;
        }
        let who = self.who(node)?;
        match who.value {
            Who::Named(named) => Some(Spanned::new(named, who.span)),
            Who::Class(_) | Who::Anonymous => {
                self.report(
                    Diagnostic::new(Code::NotOnPages, "the lists of pages hold people and groups only")
                        .at(&who.span, "")
                        .help("name a group or a person; for everyone in the space write `anyone` instead of the list"),
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
        let built_in = BuiltInRole::ALL.map(BuiltInRole::as_str);
        let known = built_in.into_iter().chain(self.policy.roles.keys().map(String::as_str));
        let permission = || {
            Permission::ALL
                .iter()
                .map(|permission| permission.as_str())
                .find(|name| name.split('/').any(|part| part == text))
        };
        let help = meant(did_you_mean(text, known).or_else(permission)).unwrap_or_else(|| {
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
                .help(
                    "write `delete_own/space` for the column \"Delete own\", or `delete_space/space` for \
                     deleting the space itself",
                ),
            );
            return None;
        }
        let near = did_you_mean(text, Permission::ALL.iter().map(|permission| permission.as_str()))
            .and_then(|near| near.parse::<Permission>().ok());
        let help = near.map_or_else(
            || {
                "permissions are pairs such as `read/space` (\"View\") or `create/page` (\"Pages: add\"); \
                 `confperm schema policy` lists them all"
                    .to_owned()
            },
            |near| format!("did you mean `{near}` (\"{}\")?", near.label()),
        );
        self.report(
            Diagnostic::new(Code::UnknownPermission, format!("Confluence has no permission `{text}`"))
                .at(&name.span, "")
                .help(help),
        );
        None
    }
}

/// `group: name`, with a space, is a mapping to YAML.
pub(super) fn colon_with_space(node: &Node) -> Option<String> {
    let NodeKind::Map(pairs) = &node.kind else { return None };
    let [(key, value)] = pairs.as_slice() else { return None };
    let prefix = key.scalar().filter(|prefix| matches!(*prefix, "group" | "user" | "class"))?;
    Some(format!("write a list without a space after the colon: `[{prefix}:{}]`", value.scalar()?))
}

/// Whether a text has the form of an Atlassian account id: 24 hexadecimal digits, or digits, a colon and a
/// UUID.
pub(super) fn is_account_id(text: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.split_once(':') {
        None => text.len() == 24 && hex(text),
        Some((site, uuid)) => {
            let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
            !site.is_empty()
                && site.bytes().all(|byte| byte.is_ascii_digit())
                && lengths == [8, 4, 4, 4, 12]
                && uuid.split('-').all(hex)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_have_two_forms() {
        assert!(is_account_id("5b10ac8d82e05b22cc7d4ef5"));
        assert!(is_account_id("712020:9e1c1c1a-0c58-4a6c-8f0e-6a2f5f5f0001"));
        for text in ["ann", "5b10", "712020:", "x:9e1c1c1a-0c58-4a6c-8f0e-6a2f5f5f0001", ""] {
            assert!(!is_account_id(text), "{text}");
        }
    }
}
