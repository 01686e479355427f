//! Who joins lists: `also-view` and `also-edit`, in entries of `pages` and under `restricted-pages`.

use super::Reader;
use super::sets::ON_PAGES;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::PageList;
use crate::policy::ast::{Joining, ListItem, Named};
use crate::policy::keys;
use crate::policy::yaml::{NodeKind, YamlNode};

impl Reader {
    /// Reads the value of a key, if that says who joins lists.
    pub(super) fn joins(&mut self, joining: &mut Joining, key: &str, node: &YamlNode) -> bool {
        let Some(list) = PageList::ALL.into_iter().find(|list| Joining::key(*list) == key) else {
            return false;
        };
        let named = self.who_joins(list, node);
        match list {
            PageList::View => joining.view = named,
            PageList::Edit => joining.edit = named,
        }
        true
    }

    pub(super) fn restricted_pages(&mut self, node: &YamlNode) -> Joining {
        let mut joining = Joining::default();
        let Some(fields) = self.fields(node, "`restricted-pages`", keys::RESTRICTED) else { return joining };
        if matches!(&node.kind, NodeKind::Map(pairs) if pairs.is_empty()) {
            self.report(
                Diagnostic::new(Code::EmptyEntry, "`restricted-pages` adds no principal to any list")
                    .at(&node.span, "")
                    .help("add `also-view:` or `also-edit:` with a list, or remove the key"),
            );
        }
        for (key, node) in fields {
            self.joins(&mut joining, key.value, node);
        }
        joining
    }

    fn who_joins(&mut self, list: PageList, node: &YamlNode) -> Vec<ListItem<Named>> {
        let key = Joining::key(list);
        if matches!(&node.kind, NodeKind::Scalar(text, _) if text == "anyone") {
            self.report(
                Diagnostic::new(Code::InvalidValue, format!("`{key}` opens nothing"))
                    .at(&node.span, "")
                    .help(format!(
                        "name principals here, or write `{}: anyone` in an entry of `pages` to open a page",
                        list.as_str()
                    )),
            );
            return Vec::new();
        }
        let items = self.list(node, &format!("`{key}`"), "group:NAME").unwrap_or_default();
        let (named, _) =
            self.listed_entries(items, &ON_PAGES, |policy, named| format!("`{}`", policy.show_named(named)));
        named
    }
}
