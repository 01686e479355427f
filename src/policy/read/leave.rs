//! `leave`, in spaces and in rules.

use super::Reader;
use super::sets::ANYWHERE;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::policy::leave::LeavePattern;
use crate::policy::yaml::Node;

impl Reader {
    pub(super) fn leave(&mut self, node: &Node) -> Vec<Spanned<LeavePattern>> {
        let items = self.list(node, "`leave`", "group:legacy-*").unwrap_or_default();
        let patterns: Vec<_> = items.iter().flat_map(|item| self.leave_patterns(item)).collect();
        self.repeated_principals(&patterns, |_, pattern| format!("`{pattern}`"));
        patterns
    }

    /// What an item means: several where it names a set.
    fn leave_patterns(&mut self, node: &Node) -> Vec<Spanned<LeavePattern>> {
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
            Some(_) | None => {
                let who = self.principals(node, &ANYWHERE).unwrap_or_default();
                return who.into_iter().map(|who| who.map(LeavePattern::One)).collect();
            }
        };
        vec![Spanned::new(pattern, node.span.clone())]
    }
}
