//! `leave`, in spaces and in rules.

use super::Reader;
use super::sets::ANYWHERE;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::policy::leave::LeavePattern;
use crate::policy::yaml::{NodeKind, YamlNode};

impl Reader {
    pub(super) fn leave(&mut self, node: &YamlNode) -> Vec<Spanned<LeavePattern>> {
        if let Some(word) = node.scalar().filter(|word| means_all(word)) {
            self.leaves_everything(word.trim(), node);
            return Vec::new();
        }
        let items = self.list(node, "`leave`", "group:legacy-*").unwrap_or_default();
        let patterns: Vec<_> = items.iter().flat_map(|item| self.leave_patterns(item)).collect();
        self.repeated_principals(&patterns, |_, pattern| format!("`{pattern}`"));
        patterns
    }

    /// What would leave everything as it is has a word of its own.
    fn leaves_everything(&mut self, word: &str, node: &YamlNode) {
        self.report(
            Diagnostic::new(Code::InvalidPrincipal, format!("`{word}` would leave everything as it is"))
                .at(&node.span, "")
                .help(
                    "`mode: additive` leaves what is not declared, and `mode: paused` changes nothing; to leave principals \
                     of a kind, write `group:*`, `user:*`, `class:*` or `anonymous`",
                ),
        );
    }

    /// Whether an item has a principal under `who`, as entries of other lists may; that is reported.
    fn is_long_entry(&mut self, node: &YamlNode) -> bool {
        let NodeKind::Map(pairs) = &node.kind else { return false };
        let who = pairs.iter().find(|(key, _)| key.scalar() == Some("who")).and_then(|(_, who)| who.scalar());
        let Some(who) = who else { return false };
        let help =
            format!("write `{who}` alone: what is left as it is has no end, and a comment can say why it is");
        self.wrong_kind(node, "an entry of `leave`", "one principal", Some(help));
        true
    }

    /// What an item means: several where it names a set.
    fn leave_patterns(&mut self, node: &YamlNode) -> Vec<Spanned<LeavePattern>> {
        let written = node.scalar().map(str::trim).and_then(|text| text.split_once(':'));
        let pattern = match written {
            Some(("group", name)) if name.contains(['*', '?']) => {
                LeavePattern::Groups(name.trim().to_owned())
            }
            Some(("user", name)) if name.trim() == "*" => LeavePattern::Users,
            Some(("class", name)) if name.trim() == "*" => LeavePattern::Classes,
            Some((kind @ ("user" | "class"), name)) if name.contains(['*', '?']) => {
                self.report(
                    Diagnostic::new(Code::InvalidPrincipal, format!("`{kind}:` takes no pattern but `*`"))
                        .at(&node.span, "")
                        .help(format!(
                            "write `{kind}:*` for all of them, or name each; the names of groups take `*` and `?`"
                        )),
                );
                return Vec::new();
            }
            None if node.scalar().is_some_and(means_all) => {
                self.leaves_everything(node.scalar().unwrap_or_default().trim(), node);
                return Vec::new();
            }
            Some(_) | None => {
                if self.is_long_entry(node) {
                    return Vec::new();
                }
                let who = self.principals(node, &ANYWHERE).unwrap_or_default();
                return who.into_iter().map(|who| who.map(LeavePattern::of)).collect();
            }
        };
        vec![Spanned::new(pattern, node.span.clone())]
    }
}

/// Whether a word means every principal.
fn means_all(word: &str) -> bool {
    matches!(word.trim(), "*" | "**" | "all" | "any" | "anyone" | "everyone" | "everybody" | "everything")
}
