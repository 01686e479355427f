//! Mappings, lists and texts: whether a value is of the kind that belongs in its place.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::principals::colon_with_space;
use super::{Reader, hints, meant};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::folded;
use crate::policy::keys::{self, Key};
use crate::policy::yaml::{NodeKind, YamlNode};

const MERGE_KEY: &str = "<<";

const NO_BLANK: &str = "put a blank after the colon: without it, `key:value` is one word to YAML";

/// Whether a text looks like a key and its value that a blank would have parted.
fn no_blank_after_colon(text: &str) -> bool {
    text.split_once(':').is_some_and(|(key, value)| {
        !key.contains(char::is_whitespace) && !value.starts_with([' ', '/']) && !value.is_empty()
    })
}

impl YamlNode {
    pub(super) const fn is_null(&self) -> bool {
        matches!(self.kind, NodeKind::Null)
    }

    /// A scalar as it is written.
    pub(in crate::policy) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar(text, _) => Some(text),
            NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
        }
    }
}

impl Reader {
    /// The pairs of a mapping with fixed keys, each key once.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n YamlNode,
        what: &str,
        table: &'static [Key],
    ) -> Option<Vec<(Spanned<&'static str>, &'n YamlNode)>> {
        if let (NodeKind::List(_) | NodeKind::Scalar(..), Some(first)) =
            (&node.kind, keys::names(table).next())
        {
            let help = match node.scalar() {
                Some(text) if no_blank_after_colon(text) => NO_BLANK.to_owned(),
                _ => format!("write its keys below it, as in `{first}: …`"),
            };
            self.wrong_kind(node, what, "a mapping", Some(help));
            return None;
        }
        let entries = self.entries(node, what)?;
        let mut fields = Vec::new();
        for (key, value) in entries {
            match keys::names(table).find(|name| *name == key.value) {
                Some(name) => fields.push((Spanned::new(name, key.span), value)),
                None => self.unknown_key(&key, what, keys::names(table)),
            }
        }
        Some(fields)
    }

    pub(super) fn unknown_key(
        &mut self,
        key: &Spanned<String>,
        what: &str,
        known: impl Iterator<Item = &'static str>,
    ) {
        let known: Vec<&str> = known.collect();
        let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let help = if known.contains(&"url") && hints::is_credential(&key.value) {
            "credentials do not belong in a policy: `CONFLUENCE_USERNAME` and `CONFLUENCE_API_TOKEN` hold them; revoke a token \
             that was committed"
                .to_owned()
        } else if let Some(help) = hints::no_terms(&key.value, &known) {
            help.to_owned()
        } else if let Some(help) = hints::elsewhere(&key.value, &known) {
            help.to_owned()
        } else {
            meant(hints::key(&key.value, &known))
                .unwrap_or_else(|| format!("{what} can have {}", list.join(", ")))
        };
        self.report(
            Diagnostic::new(Code::UnknownKey, format!("{what} has no key `{}`", key.value))
                .at(&key.span, "")
                .help(help),
        );
    }

    /// The pairs of a mapping whose keys the author chooses. Of a repeated key the first one counts.
    pub(super) fn entries<'n>(
        &mut self,
        node: &'n YamlNode,
        what: &str,
    ) -> Option<Vec<(Spanned<String>, &'n YamlNode)>> {
        let NodeKind::Map(pairs) = &node.kind else {
            let help = match &node.kind {
                NodeKind::List(_) => "write `NAME:` for each instead of a list, and what belongs to it below",
                NodeKind::Scalar(text, _) if no_blank_after_colon(text) => NO_BLANK,
                _ => "write one `key: value` on each line below it",
            };
            self.wrong_kind(node, what, "a mapping", Some(help.to_owned()));
            return None;
        };
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for (key, value) in pairs {
            let Some(name) = key.scalar() else {
                self.report(
                    Diagnostic::new(Code::WrongType, format!("a key of {what} is {}", key.describe()))
                        .at(&key.span, "")
                        .help("keys are plain text; put quotes around names with special characters"),
                );
                continue;
            };
            // A merge key has been reported already.
            let name = folded(name);
            if name != MERGE_KEY && seen.insert(name.clone()) {
                entries.push((Spanned::new(name.into_owned(), key.span.clone()), value));
            }
        }
        Some(entries)
    }

    /// The items of a list that must not be empty. `item` is an example of one.
    pub(super) fn list<'n>(&mut self, node: &'n YamlNode, what: &str, item: &str) -> Option<&'n [YamlNode]> {
        match &node.kind {
            NodeKind::List(items) if items.is_empty() => {
                self.report(
                    Diagnostic::new(Code::EmptyList, format!("{what} is an empty list"))
                        .at(&node.span, "")
                        .help(format!("name at least one, as in `[{item}]`, or remove the key")),
                );
                None
            }
            NodeKind::List(items) => Some(items),
            NodeKind::Scalar(text, _) => {
                let help = format!("put it in brackets: `[{text}]`");
                self.wrong_kind(node, what, "a list", Some(help));
                None
            }
            NodeKind::Null | NodeKind::Map(_) => {
                let help =
                    colon_with_space(node).unwrap_or_else(|| format!("write a list, as in `[{item}]`"));
                self.wrong_kind(node, what, "a list", Some(help));
                None
            }
        }
    }

    /// A text, or a number taken as it is written.
    pub(super) fn text(&mut self, node: &YamlNode, what: &str) -> Option<Spanned<String>> {
        match node.scalar() {
            Some(text) if !text.trim().is_empty() => Some(Spanned::new(text.to_owned(), node.span.clone())),
            Some(_) => {
                self.report(
                    Diagnostic::new(Code::InvalidValue, format!("{what} is an empty text"))
                        .at(&node.span, "")
                        .help("write something between the quotes, or remove the key"),
                );
                None
            }
            None => {
                let help = match &node.kind {
                    NodeKind::List(items) if items.len() == 1 => items[0].scalar().map_or_else(
                        || "write one text".to_owned(),
                        |text| format!("write `{text}` without brackets"),
                    ),
                    _ => "write one text, on the line of the key".to_owned(),
                };
                self.wrong_kind(node, what, "text", Some(help));
                None
            }
        }
    }

    pub(super) fn wrong_kind(&mut self, node: &YamlNode, what: &str, wanted: &str, help: Option<String>) {
        let finding = if node.is_null() {
            Diagnostic::new(Code::NullValue, format!("{what} has no value"))
                .help(format!("write {wanted}, or remove the key"))
        } else {
            Diagnostic::new(
                Code::WrongType,
                format!("{what} should be {wanted}, but this is {}", node.describe()),
            )
        };
        self.report(finding.at(&node.span, "").maybe_help(help));
    }

    pub(super) fn missing(&mut self, key: &str, what: &str, at: &Span, help: impl Into<String>) {
        self.report(
            Diagnostic::new(Code::MissingKey, format!("{what} has no `{key}`")).at(at, "").help(help),
        );
    }

    /// Reports every key that stands twice in its mapping, with both places, and merge keys, anywhere in
    /// a file: also in parts that nothing else reads.
    pub(super) fn repeated_keys(&mut self, node: &YamlNode) {
        match &node.kind {
            NodeKind::Null | NodeKind::Scalar(..) => {}
            NodeKind::List(items) => items.iter().for_each(|item| self.repeated_keys(item)),
            NodeKind::Map(pairs) => {
                let mut first: BTreeMap<Cow<'_, str>, &Span> = BTreeMap::new();
                for (key, value) in pairs {
                    if let Some(name) = key.scalar().map(folded) {
                        if name == MERGE_KEY {
                            self.merge_key(&key.span);
                        } else if let Some(first) = first.get(&name) {
                            self.report(
                                Diagnostic::new(
                                    Code::DuplicateKey,
                                    format!("the key `{name}` is here twice"),
                                )
                                .at(&key.span, "here again")
                                .at(first, "first here")
                                .help("put both together under one key, or remove one"),
                            );
                        } else {
                            first.insert(name, &key.span);
                        }
                    }
                    self.repeated_keys(value);
                }
            }
        }
    }

    fn merge_key(&mut self, span: &Span) {
        self.report(
            Diagnostic::new(Code::MergeKey, "the merge key `<<` is not part of the policy language")
                .at(span, "")
                .help("write the entries out, or define a role that both places use"),
        );
    }
}
