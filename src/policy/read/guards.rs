//! The `guards` section.

use super::sets::{PrincipalPlace, named};
use super::{Reader, meant};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, did_you_mean};
use crate::model::{Forbidden, MaxRemovals};
use crate::policy::ast::{ForbidDef, Grantee, Named};
use crate::policy::keys;
use crate::policy::yaml::{NodeKind, YamlNode};

const EXCEPTED_ARE_USERS: &str = "`direct-users` is about users, so only users can be excepted";

const ADMINS: PrincipalPlace<Named> = PrincipalPlace {
    read: Reader::required_admin,
    takes: named,
    code: Code::InvalidPrincipal,
    holds: "required admins are people and groups",
};

const EXCEPTED: PrincipalPlace<Named> = PrincipalPlace {
    read: Reader::excepted_user,
    takes: user,
    code: Code::InvalidPrincipal,
    holds: EXCEPTED_ARE_USERS,
};

fn user(who: &Grantee) -> Option<Named> {
    named(who).filter(|named| matches!(named, Named::User(_)))
}

impl Reader {
    pub(super) fn guards(&mut self, node: &YamlNode) {
        if matches!(&node.kind, NodeKind::Map(pairs) if pairs.is_empty()) {
            self.report(
                Diagnostic::new(Code::EmptyEntry, "`guards` says nothing")
                    .at(&node.span, "")
                    .help("add a guard such as `min-admins: 2`, or remove the key; the defaults hold anyway"),
            );
        }
        for (key, node) in self.fields(node, "`guards`", keys::GUARDS).unwrap_or_default() {
            if let Some(first) = self.guard_before(key.value) {
                self.twice(&format!("the guard `{}`", key.value), &first, &key.span);
                continue;
            }
            let span = key.span;
            match key.value {
                "min-admins" => {
                    let limit = self.min_admins(node).map(|limit| Spanned::new(limit, span));
                    self.policy.guards.min_admins = limit;
                }
                "required-admins" => {
                    let admins = self.required_admins(node).map(|admins| Spanned::new(admins, span));
                    self.policy.guards.required_admins = admins;
                }
                "max-removals" => {
                    let limit = self.max_removals(node).map(|limit| Spanned::new(limit, span));
                    self.policy.guards.max_removals = limit;
                }
                _ => {
                    let forbidden = self.forbidden(node).map(|forbidden| Spanned::new(forbidden, span));
                    self.policy.guards.forbid = forbidden;
                }
            }
        }
    }

    /// Where a guard was set already.
    fn guard_before(&self, key: &str) -> Option<Span> {
        let guards = &self.policy.guards;
        match key {
            "min-admins" => guards.min_admins.as_ref().map(|guard| guard.span.clone()),
            "required-admins" => guards.required_admins.as_ref().map(|guard| guard.span.clone()),
            "max-removals" => guards.max_removals.as_ref().map(|guard| guard.span.clone()),
            _ => guards.forbid.as_ref().map(|guard| guard.span.clone()),
        }
    }

    /// A scalar, called what it should be where it is none.
    fn written(&mut self, node: &YamlNode, what: &str, wanted: &str) -> Option<Spanned<String>> {
        if node.scalar().is_none() {
            self.wrong_kind(node, what, wanted, None);
            return None;
        }
        self.text(node, what)
    }

    fn min_admins(&mut self, node: &YamlNode) -> Option<u32> {
        let text = self.written(node, "`min-admins`", "a number")?;
        let limit = text.value.parse().ok();
        if limit.is_none() {
            self.report(
                Diagnostic::new(
                    Code::InvalidValue,
                    format!("`{}` is not a number of administrators", text.value),
                )
                .at(&text.span, "")
                .help("write a whole number, as in `min-admins: 2`"),
            );
        }
        limit
    }

    fn max_removals(&mut self, node: &YamlNode) -> Option<MaxRemovals> {
        let text = self.written(node, "`max-removals`", "a share or a number")?;
        let (limit, help) = match text.value.trim().strip_suffix('%') {
            Some(share) => (
                share.trim_end().parse().ok().filter(|share| *share <= 100).map(MaxRemovals::Percent),
                "write a whole number of percent from 0 to 100, as in `max-removals: 25%`",
            ),
            None => (
                text.value.trim().parse().ok().map(MaxRemovals::Count),
                "write a share such as `25%`, or a whole number such as `40`",
            ),
        };
        if limit.is_none() {
            self.report(
                Diagnostic::new(Code::InvalidValue, format!("`{}` is not a limit for removals", text.value))
                    .at(&text.span, "")
                    .help(help),
            );
        }
        limit
    }

    fn required_admins(&mut self, node: &YamlNode) -> Option<Vec<Spanned<Named>>> {
        let items = self.list(node, "`required-admins`", "group:NAME")?;
        let mut admins = Vec::new();
        for item in items {
            admins.extend(self.principals(item, &ADMINS).unwrap_or_default());
        }
        self.repeated_principals(&admins, |policy, named| format!("`{}`", policy.show_named(named)));
        Some(admins).filter(|admins| !admins.is_empty())
    }

    fn required_admin(&mut self, node: &YamlNode) -> Option<Spanned<Named>> {
        let who = self.who(node)?;
        if let Grantee::Named(named) = who.value {
            return Some(Spanned::new(named, who.span));
        }
        self.report(
            Diagnostic::new(Code::InvalidPrincipal, "required admins are people and groups")
                .at(&who.span, "")
                .help("name a group, as in `group:platform`, or a person"),
        );
        None
    }

    /// A list of words, or a mapping from each word to its exceptions.
    fn forbidden(&mut self, node: &YamlNode) -> Option<Vec<ForbidDef>> {
        let forbidden: Vec<ForbidDef> = if matches!(node.kind, NodeKind::Map(_)) {
            self.fields(node, "`forbid`", keys::FORBID)?
                .into_iter()
                .filter_map(|(word, exceptions)| self.with_exceptions(&word, exceptions))
                .collect()
        } else {
            let items = self.list(node, "`forbid`", "anonymous")?;
            let words: Vec<Spanned<Forbidden>> =
                items.iter().filter_map(|item| self.forbidden_word(item)).collect();
            self.repeated(&words, |_, word| format!("`{word}`"));
            let bare = |what| ForbidDef { what, except_spaces: Vec::new(), except: Vec::new() };
            words.into_iter().map(bare).collect()
        };
        Some(forbidden).filter(|forbidden| !forbidden.is_empty())
    }

    fn forbidden_word(&mut self, item: &YamlNode) -> Option<Spanned<Forbidden>> {
        let word = self.text(item, "an entry of `forbid`")?;
        if let Some(known) = Forbidden::ALL.into_iter().find(|known| known.as_str() == word.value) {
            return Some(Spanned::new(known, word.span));
        }
        let help = meant(did_you_mean(&word.value, Forbidden::ALL.map(Forbidden::as_str))).unwrap_or_else(|| {
            "`anonymous` forbids access for visitors who are not signed in, `direct-users` access that is given \
             to a person instead of a group"
                .to_owned()
        });
        self.report(
            Diagnostic::new(Code::InvalidValue, format!("`{}` cannot be forbidden", word.value))
                .at(&word.span, "")
                .help(help),
        );
        None
    }

    fn with_exceptions(&mut self, word: &Spanned<&'static str>, node: &YamlNode) -> Option<ForbidDef> {
        let what = Forbidden::ALL.into_iter().find(|known| known.as_str() == word.value)?;
        let table = match what {
            Forbidden::Anonymous => keys::FORBID_ANONYMOUS,
            Forbidden::DirectUsers => keys::FORBID_DIRECT_USERS,
        };
        if node.is_null() {
            self.wrong_kind(node, &format!("`{what}`"), "the exceptions, or `{}` for none", None);
            return None;
        }
        let what = Spanned::new(what, word.span.clone());
        let mut forbid = ForbidDef { what, except_spaces: Vec::new(), except: Vec::new() };
        for (key, node) in self.fields(node, &format!("`{}`", word.value), table)? {
            match key.value {
                "except-spaces" => forbid.except_spaces = self.key_patterns(node, "`except-spaces`")?,
                _ => forbid.except = self.excepted(node)?,
            }
        }
        Some(forbid)
    }

    /// The users that may be given access by name.
    fn excepted(&mut self, node: &YamlNode) -> Option<Vec<Spanned<Named>>> {
        let items = self.list(node, "`except`", "user:ALIAS")?;
        let read: Vec<_> = items.iter().filter_map(|item| self.principals(item, &EXCEPTED)).collect();
        let whole = read.len() == items.len();
        let users: Vec<Spanned<Named>> = read.into_iter().flatten().collect();
        self.repeated_principals(&users, |policy, named| format!("`{}`", policy.show_named(named)));
        whole.then_some(users)
    }

    fn excepted_user(&mut self, node: &YamlNode) -> Option<Spanned<Named>> {
        let who = self.who(node)?;
        if let Some(user) = user(&who.value) {
            return Some(Spanned::new(user, who.span));
        }
        self.report(
            Diagnostic::new(Code::InvalidPrincipal, EXCEPTED_ARE_USERS)
                .at(&who.span, "")
                .help("name a user, as in `user:ALIAS`, or remove the entry"),
        );
        None
    }
}
