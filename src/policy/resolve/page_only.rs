//! Who sees only some pages of a space, and which.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::model::{ContentId, LiveSpace, PageOnly, Tree};
use crate::policy::ast::{Entry, SpaceDef};
use crate::policy::pages::{Matched, PageSelector, matched_content};

impl Resolver<'_> {
    pub(super) fn page_only(&mut self, space: &SpaceDef, live: &LiveSpace) -> Vec<PageOnly> {
        let Some(first) = space.page_only.first() else { return Vec::new() };
        let Some(tree) = &live.tree else {
            self.report(
                Diagnostic::new(
                    Code::UnreadPages,
                    format!("the pages of the space `{}` could not be read", space.key.value),
                )
                .at(&first.span, "needed here")
                .help("run again; if it stays like this, check that this account may view the space"),
            );
            return Vec::new();
        };
        let today = self.today;
        let mut entries = Vec::new();
        for entry in &space.page_only {
            let mut who = BTreeMap::new();
            for Entry { who: guest, .. } in entry.who.iter().filter(|guest| !guest.is_over(today)) {
                if let Some(subject) = self.subject(&guest.value, &guest.span) {
                    who.entry(subject).or_insert_with(|| guest.span.origin());
                }
            }
            let mut pages = BTreeSet::new();
            for selector in &entry.pages {
                pages.extend(self.named_content(space, selector, live, tree));
            }
            // The rest of the space stays closed for those whose time is over: they are not in it any more.
            if who.is_empty() {
                continue;
            }
            entries.push(PageOnly { origin: entry.span.origin(), who, pages });
        }
        entries
    }

    /// What a selector names, folders and their like included: guests see all that stands below `/X/**`.
    fn named_content(
        &mut self,
        space: &SpaceDef,
        selector: &Spanned<PageSelector>,
        live: &LiveSpace,
        tree: &Tree,
    ) -> BTreeSet<ContentId> {
        match matched_content(&selector.value, live, tree) {
            Matched::Exact(found) if found.len() == 1 => return found,
            Matched::Exact(found) | Matched::NoBase(found) if found.is_empty() => {
                self.unknown_page(space, selector, live, tree);
            }
            Matched::Exact(found) | Matched::NoBase(found) => self.ambiguous_page(selector, &found, tree),
            Matched::Below { reached, .. } => {
                if reached.is_empty() {
                    self.empty_pattern(selector);
                }
                return reached;
            }
        }
        BTreeSet::new()
    }
}
