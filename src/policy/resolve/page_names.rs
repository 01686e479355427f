//! Which page a name means, and what is said of one that means none or several.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::meaning::{NameMeaning, WrittenName};
use super::page_hints;
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::{ContentId, LiveSpace, SpaceKey, Tree};
use crate::policy::lock::Identity;
use crate::policy::pages::{PageName, PageSelector, walk, with_space};

/// What a page that the site does not show by its number may be.
const NOT_SHOWN: &str =
    "it is a draft, in the trash, in another space, or not there at all, or this account may not view it";

impl Resolver<'_> {
    /// The page that a name means.
    pub(super) fn page(
        &mut self,
        name: &PageName,
        selector: &Spanned<PageSelector>,
        live: &LiveSpace,
        tree: &Tree,
    ) -> NameMeaning<ContentId> {
        self.page_of(self.lock.page(name, live, tree), name, selector, live, tree)
    }

    /// The same of a name that has been looked up.
    pub(super) fn page_of(
        &mut self,
        identity: Identity<ContentId>,
        name: &PageName,
        selector: &Spanned<PageSelector>,
        live: &LiveSpace,
        tree: &Tree,
    ) -> NameMeaning<ContentId> {
        let lock = self.lock;
        let key = &live.space.key;
        let known = lock.pages.get(key).and_then(|pages| pages.get(name));
        let named = WrittenName {
            kind: "page",
            accepted: with_space(self.policy.as_written(key), name),
            written: self.as_named(key, name),
            span: &selector.span,
            locked: known.map(|known| &known.span),
        };
        let called = |id: &ContentId| Some(tree.path(*id).raw().to_owned());
        self.meaning(&named, identity, &called, |this, bearers| match <[ContentId; 1]>::try_from(bearers) {
            Ok([page]) => Some(page),
            Err(none) if none.is_empty() => {
                this.unknown_page(selector, live, tree);
                None
            }
            Err(several) => {
                this.ambiguous_page(key, selector, &several.into_iter().collect(), tree);
                None
            }
        })
    }

    /// A page or a pattern as it is written where it is named.
    fn as_named(&self, key: &SpaceKey, name: &dyn Display) -> String {
        if self.is_question { with_space(self.policy.as_written(key), name) } else { name.to_string() }
    }

    pub(super) fn empty_pattern(&mut self, selector: &Spanned<PageSelector>) {
        self.report(
            Diagnostic::new(Code::EmptyGlob, format!("`{}` matches no page yet", selector.value))
                .at(&selector.span, "")
                .help(match selector.value {
                PageSelector::Labelled(_) => "it will apply to pages that get the label",
                PageSelector::Page(_) | PageSelector::Below { .. } => {
                    "it will apply to pages that are added there; for the page itself, write its path without the star"
                }
            }),
        );
    }

    fn unknown_page(&mut self, selector: &Spanned<PageSelector>, live: &LiveSpace, tree: &Tree) {
        let key = &live.space.key;
        let span = &selector.span;
        // A pattern of the whole space needs no page.
        let Some(name) = selector.value.anchor() else { return };
        let no_number = |id: &ContentId| {
            Diagnostic::new(
                Code::UnknownPage,
                format!("the space `{key}` shows no page with the number {id}"),
            )
            .at(span, "")
        };
        let near = page_hints::meant(&selector.value, self.policy.as_written(key), live, tree);
        let finding = match name {
            PageName::Id(id) => return self.report(no_number(id).help(NOT_SHOWN)),
            PageName::Path { below: Some(id), .. } if tree.get(*id).is_none() => {
                return self.report(no_number(id).help(NOT_SHOWN));
            }
            PageName::Blog(title) => Diagnostic::new(
                Code::UnknownPage,
                format!("the space `{key}` shows no blog post called `{title}`"),
            )
            .at(span, ""),
            PageName::Title(title) => Diagnostic::new(
                Code::UnknownPage,
                format!("the space `{key}` shows no page called `{title}`"),
            )
            .at(span, ""),
            PageName::Path { below, titles } => lost_way(&selector.value, (*below, titles), span, live, tree),
        };
        self.report(match near {
            Some(near) => finding.help(instead(&self.as_named(key, &near))),
            None if has_hidden_ancestors(tree) => finding.help(
                "some pages of this space stand below pages that are hidden from this account: name those by `id:`, \
                 or let the account view what is above them",
            ),
            None => finding.help(
                "check the title in Confluence: upper and lower case count, and drafts, what is in the trash, and what \
                 this account may not view do not show",
            ),
        });
    }

    fn ambiguous_page(
        &mut self,
        key: &SpaceKey,
        selector: &Spanned<PageSelector>,
        found: &BTreeSet<ContentId>,
        tree: &Tree,
    ) {
        const SHOWN: usize = 5;
        let named = |id: &ContentId| match &selector.value {
            PageSelector::Page(_) | PageSelector::Labelled(_) => PageSelector::Page(PageName::Id(*id)),
            PageSelector::Below { reach, .. } => {
                PageSelector::Below { anchor: Some(PageName::Id(*id)), reach: *reach }
            }
        };
        let mut candidates: Vec<String> = found
            .iter()
            .take(SHOWN)
            .map(|id| format!("`{}` (`{}`)", self.as_named(key, &named(id)), tree.label(*id).shown()))
            .collect();
        if found.len() > SHOWN {
            candidates.push(format!("{} more", found.len() - SHOWN));
        }
        self.report(
            Diagnostic::new(
                Code::AmbiguousPage,
                format!("`{}` could mean {} pages", selector.value, found.len()),
            )
            .at(&selector.span, "")
            .help(format!("write one of {}", candidates.join(", "))),
        );
    }
}

/// How far a path leads.
fn lost_way(
    selector: &PageSelector,
    (below, titles): (Option<ContentId>, &[String]),
    span: &Span,
    live: &LiveSpace,
    tree: &Tree,
) -> Diagnostic {
    let walk = walk(below, titles, live, tree);
    let missing = titles.get(walk.reached).map_or("", String::as_str);
    let label = match (walk.reached, below) {
        (0, None) => format!("no page called `{missing}` at the top of the space or below its homepage"),
        (0, Some(below)) => format!(
            "nothing below the page with this number is called `{missing}`; it is `{}`",
            tree.path(below).shown()
        ),
        (reached, below) => format!(
            "`{}` is there, but nothing below it is called `{missing}`",
            PageName::Path { below, titles: titles[..reached].to_vec() }
        ),
    };
    let key = &live.space.key;
    Diagnostic::new(Code::UnknownPage, format!("`{selector}` matches no page of the space `{key}`"))
        .at(span, label)
}

fn has_hidden_ancestors(tree: &Tree) -> bool {
    tree.iter().any(|page| tree.is_adrift(page))
}

/// Asks about a page that is nearly called so; the one that was written may be there and not show.
fn instead(near: &str) -> String {
    format!("did you mean `{near}`? Drafts, and what is in the trash, do not show")
}
