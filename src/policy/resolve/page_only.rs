//! Who sees only some pages of a space, and which.

use std::collections::{BTreeMap, BTreeSet};

use super::meaning::NameMeaning;
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::model::{ContentId, LiveSpace, PageOnly, SkippedPart, SpaceKey, Tree};
use crate::policy::ast::{ListItem, SpaceDef};
use crate::policy::pages::{PageSelector, below};

impl Resolver<'_> {
    /// Who sees only some pages; `None` if a name that is needed for it is lost, and with it the whole space.
    pub(super) fn page_only(&mut self, space: &SpaceDef, live: &LiveSpace) -> Option<Vec<PageOnly>> {
        let Some(first) = space.page_only.first() else { return Some(Vec::new()) };
        let Some(tree) = &live.tree else {
            self.report(
                Diagnostic::new(
                    Code::UnreadPages,
                    format!("the pages of the space `{}` could not be read", space.key.value),
                )
                .at(&first.span, "needed here")
                .help("run again; if it stays like this, check that this account may view the space"),
            );
            return Some(Vec::new());
        };
        let (today, key) = (self.today, &space.key.value);
        let mut entries = Vec::new();
        let mut lost_any = false;
        for entry in &space.page_only {
            let mut who = BTreeMap::new();
            for ListItem { who: guest, .. } in entry.who.iter().filter(|guest| !guest.is_over(today)) {
                match self.subject(&guest.value, &guest.span) {
                    NameMeaning::Is(subject) => {
                        who.entry(subject).or_insert_with(|| guest.span.origin());
                    }
                    NameMeaning::Lost(lost) => {
                        lost_any = true;
                        self.skip(Some(key), SkippedPart::Space, &lost, &guest.span);
                    }
                    NameMeaning::Invalid => {}
                }
            }
            let mut pages = BTreeSet::new();
            for selector in &entry.pages {
                match self.named_content(key, selector, live, tree) {
                    Some(named) => pages.extend(named),
                    None => lost_any = true,
                }
            }
            // The rest of the space stays closed for those whose time is over: they are not in it any more.
            if who.is_empty() {
                continue;
            }
            entries.push(PageOnly { origin: entry.span.origin(), who, pages });
        }
        (!lost_any).then_some(entries)
    }

    /// What a selector names, folders and their like included: guests see all that stands below `/X/**`. `None` if what
    /// it names is lost.
    fn named_content(
        &mut self,
        key: &SpaceKey,
        selector: &Spanned<PageSelector>,
        live: &LiveSpace,
        tree: &Tree,
    ) -> Option<BTreeSet<ContentId>> {
        let (anchor, reach) = match &selector.value {
            PageSelector::Page(name) => (Some(name), None),
            PageSelector::Below { anchor, reach } => (anchor.as_ref(), Some(*reach)),
            // A policy that says so is refused when it is read.
            PageSelector::Labelled(_) => return Some(BTreeSet::new()),
        };
        let top = match anchor.map(|name| self.page(name, selector, live, tree)) {
            None => None,
            Some(NameMeaning::Is(id)) => Some(id),
            Some(NameMeaning::Invalid) => return Some(BTreeSet::new()),
            Some(NameMeaning::Lost(lost)) => {
                self.skip(Some(key), SkippedPart::Space, &lost, &selector.span);
                return None;
            }
        };
        let Some(reach) = reach else { return Some(top.into_iter().collect()) };
        let reached = below(top, reach, tree);
        if reached.is_empty() {
            self.empty_pattern(selector);
        }
        Some(reached)
    }
}
