//! What a label must not decide. Who may edit a page can set its labels and remove them, so neither must open it.

use super::Reader;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::PageList;
use crate::policy::ast::{ListItem, Listed, Named, PageEntry, PageOnlyEntry, UnlistedDef};
use crate::policy::pages::{Depth, PageSelector};

impl Reader {
    /// Reports what a page would be opened by that gets a label, or loses it.
    pub(super) fn labels_open_nothing(
        &mut self,
        pages: &[PageEntry],
        unlisted: Option<&Spanned<UnlistedDef>>,
    ) {
        let is_label = |entry: &&PageEntry| matches!(entry.pages.value, PageSelector::Labelled(_));
        for entry in pages.iter().filter(is_label) {
            let lists = PageList::ALL.into_iter().filter_map(|list| Some((list, entry.listed(list)?)));
            for (list, listed) in lists.filter(|(_, listed)| listed.value == Listed::Anyone) {
                self.opened_by_label(
                    format!("`{}` would open every page that gets the label", entry.pages.value),
                    &listed.span,
                    &format!(
                        "who may edit a page can set its labels: write `{}: anyone` beside the path or the number of the \
                         pages that are open",
                        list.as_str()
                    ),
                );
            }
        }
        self.labels_outranked(pages);
        let first = pages.iter().filter(is_label).find(|entry| entry.decides());
        let opens = unlisted.filter(|unlisted| unlisted.value == UnlistedDef::Open);
        if let (Some(entry), Some(opens)) = (first, opens) {
            let message = format!(
                "`unlisted-pages: open` would open a page that loses the label of `{}`",
                entry.pages.value
            );
            self.report(
                Diagnostic::new(Code::LabelOpens, message)
                    .at(&opens.span, "opens pages that no entry names")
                    .at(&entry.pages.span, "names them as long as they have the label")
                    .help("who may edit a page can remove its labels: name the pages by their paths or numbers, or write \
                           `unlisted-pages: leave`"),
            );
        }
    }

    /// A path goes before a label, so beside a pattern of the whole space a label has nothing to say.
    fn labels_outranked(&mut self, pages: &[PageEntry]) {
        let all = PageSelector::Below { anchor: None, reach: Depth::All };
        for list in PageList::ALL {
            let whole = pages.iter().filter(|entry| entry.pages.value == all).find_map(|it| it.listed(list));
            let Some(whole) = whole else { continue };
            for entry in pages.iter().filter(|it| matches!(it.pages.value, PageSelector::Labelled(_))) {
                let Some(listed) = entry.listed(list) else { continue };
                let message = format!("`{}` of `{}` decides about no page", list.as_str(), entry.pages.value);
                self.report(
                    Diagnostic::new(Code::LabelOutranked, message)
                        .at(&listed.span, "")
                        .at(&whole.span, "decides about every page of the space, and paths go before labels")
                        .help("narrow the pattern, or name the pages by their paths"),
                );
            }
        }
    }

    /// Reports those who are limited to some pages, and would be on the list of every page with a label.
    pub(super) fn labels_name_no_guests(&mut self, pages: &[PageEntry], page_only: &[PageOnlyEntry]) {
        let guests: Vec<&ListItem<Named>> = page_only.iter().flat_map(|entry| &entry.who).collect();
        for entry in pages.iter().filter(|it| matches!(it.pages.value, PageSelector::Labelled(_))) {
            let lists = PageList::ALL.into_iter().filter_map(|list| entry.listed(list));
            let set = lists.flat_map(|listed| listed.value.named());
            for named in set.chain(&entry.also.view).chain(&entry.also.edit) {
                let Some(guest) = guests.iter().find(|guest| guest.who.value == named.who.value) else {
                    continue;
                };
                let who = self.policy.show_named(&named.who.value);
                self.report(
                    Diagnostic::new(
                        Code::LabelOpens,
                        format!("`{}` would show `{who}` every page that gets the label", entry.pages.value),
                    )
                    .at(&named.who.span, "on the list of every page with the label")
                    .at(&guest.who.span, "to see the pages of this entry only")
                    .help("anyone who may edit a page can set its labels: take it off one of the two"),
                );
            }
        }
    }

    /// Whether guests are let onto pages by their names.
    pub(super) fn is_no_label(&mut self, page: &Spanned<PageSelector>) -> bool {
        let is_label = matches!(page.value, PageSelector::Labelled(_));
        if is_label {
            self.opened_by_label(
                format!("`{}` would show guests every page that gets the label", page.value),
                &page.span,
                "who may edit a page can set its labels: name the pages by their paths or numbers",
            );
        }
        !is_label
    }

    fn opened_by_label(&mut self, message: String, span: &Span, help: &str) {
        self.report(Diagnostic::new(Code::LabelOpens, message).at(span, "").help(help));
    }
}
