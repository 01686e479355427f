//! Which entry decides about which page.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, did_you_mean};
use crate::model::{
    Audience, ContentId, DesiredPage, LiveSpace, Members, PageVerb, SpaceKey, Subject, Terms, Tree, Wanted,
};
use crate::policy::ast::{Entry, Listed, Named, PageEntry, SpaceDef};
use crate::policy::pages::{Matched, PageName, PageSelector, Reach, escape, in_tree, matched, walk};
use crate::policy::read::edit_without_view;

/// How specific an entry is about a page. The greatest decides, alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A pattern: the deeper its upper end the more specific, and `*` more than `**`.
    Below {
        depth: usize,
        children: bool,
    },
    Exact,
}

/// For each page the entry that decides.
type Winners = BTreeMap<ContentId, (Rank, usize)>;

impl Resolver<'_> {
    pub(super) fn pages(&mut self, space: &SpaceDef, live: &LiveSpace) -> BTreeMap<ContentId, DesiredPage> {
        let mut pages: BTreeMap<ContentId, DesiredPage> = BTreeMap::new();
        let Some(first) = space.pages.first() else { return pages };
        let Some(tree) = &live.tree else {
            self.unread_pages(&space.key.value, &first.pages.span);
            return pages;
        };
        let reached: Vec<_> =
            space.pages.iter().map(|entry| self.reached(space, entry, live, tree)).collect();
        let mut winners = BTreeMap::new();
        for verb in PageVerb::ALL {
            let won = self.winners(space, verb, &reached, tree);
            let audiences = self.audiences(space, verb);
            for (page, (_, entry)) in &won {
                let Some(wanted) = audiences.get(entry) else { continue };
                let page = pages.entry(*page).or_default();
                match verb {
                    PageVerb::View => page.view = Some(wanted.clone()),
                    PageVerb::Edit => page.edit = Some(wanted.clone()),
                }
            }
            winners.insert(verb, won);
        }
        self.editors_view(space, &pages, &winners, tree);
        pages
    }

    pub(super) fn unread_pages(&mut self, key: &SpaceKey, needed: &Span) {
        self.report(
            Diagnostic::new(Code::UnreadPages, format!("the pages of the space `{key}` could not be read"))
                .at(needed, "needed here")
                .help("run again; if it stays like this, check that this account may view the space"),
        );
    }

    /// The pages that an entry reaches.
    fn reached(
        &mut self,
        space: &SpaceDef,
        entry: &PageEntry,
        live: &LiveSpace,
        tree: &Tree,
    ) -> (Rank, BTreeSet<ContentId>) {
        let nothing = (Rank::Exact, BTreeSet::new());
        match matched(&entry.pages.value, live, tree) {
            Matched::Exact(found) if found.len() == 1 => (Rank::Exact, found),
            Matched::Exact(found) | Matched::NoBase(found) if found.is_empty() => {
                self.unknown_page(space, &entry.pages, live, tree);
                nothing
            }
            Matched::Exact(found) | Matched::NoBase(found) => {
                self.ambiguous_page(&entry.pages, &found, tree);
                nothing
            }
            Matched::Below { depth, reached } => {
                if reached.is_empty() {
                    self.empty_pattern(&entry.pages);
                }
                let children =
                    matches!(entry.pages.value, PageSelector::Below { reach: Reach::Children, .. });
                (Rank::Below { depth, children }, reached)
            }
        }
    }

    fn winners(
        &mut self,
        space: &SpaceDef,
        verb: PageVerb,
        reached: &[(Rank, BTreeSet<ContentId>)],
        tree: &Tree,
    ) -> Winners {
        let mut winners = Winners::new();
        let mut ties: BTreeMap<(usize, usize), ContentId> = BTreeMap::new();
        for (at, (rank, pages)) in reached.iter().enumerate() {
            if space.pages[at].listed(verb).is_none() {
                continue;
            }
            for page in pages {
                match winners.get(page) {
                    Some((best, first)) if best == rank => {
                        ties.entry((*first, at)).or_insert(*page);
                    }
                    Some((best, _)) if best > rank => {}
                    _ => {
                        winners.insert(*page, (*rank, at));
                    }
                }
            }
        }
        for ((first, second), page) in ties {
            let (first, second) = (&space.pages[first].pages, &space.pages[second].pages);
            self.report(
                Diagnostic::new(
                    Code::PageTwice,
                    format!("two entries say who may {} `{}`", verb.as_str(), tree.path(page).shown()),
                )
                .at(&second.span, "this one")
                .at(&first.span, "and this one")
                .help("both are equally specific, so neither goes first: put them together, or remove one"),
            );
        }
        winners
    }

    /// What each entry asks for, by its number.
    fn audiences(&mut self, space: &SpaceDef, verb: PageVerb) -> BTreeMap<usize, Wanted<Audience>> {
        let mut audiences = BTreeMap::new();
        for (at, entry) in space.pages.iter().enumerate() {
            let Some(listed) = entry.listed(verb) else { continue };
            let audience = match &listed.value {
                Listed::Anyone => Some(Audience::Anyone),
                Listed::Only(named) => {
                    let today = self.today;
                    let staying = named.iter().filter(|entry| !entry.is_over(today));
                    let subjects: Vec<Option<Subject>> =
                        staying.map(|entry| self.subject(&entry.who.value, &entry.who.span)).collect();
                    let members = Members::new(subjects.into_iter().flatten());
                    if members.is_none() {
                        self.nobody_left(named, &listed.span);
                    }
                    members.map(Audience::Only)
                }
            };
            if let Some(what) = audience {
                let terms = self.terms(listed.value.named());
                audiences.insert(at, Wanted { what, origin: listed.span.origin(), role: None, terms });
            }
        }
        audiences
    }

    /// Says that everybody on a list has left. It cannot be made empty: that would open the page.
    fn nobody_left(&mut self, named: &[Entry<Named>], span: &Span) {
        let mut staying = named.iter().filter(|entry| !entry.is_over(self.today)).peekable();
        let departed = |entry: &Entry<Named>| match &entry.who.value {
            Named::User(account) => self.departed(account).is_some(),
            Named::Group(_) => false,
        };
        if staying.peek().is_some() && staying.all(departed) {
            self.report(
                Diagnostic::new(Code::UnknownAccount, "the site no longer knows any principal on this list")
                    .at(span, "")
                    .help("name a principal that exists; without one, Confluence would open the page to everyone in the space"),
            );
        }
    }

    /// What is said of a whole list: what ended last, or else what ends first.
    fn terms(&self, named: &[Entry<Named>]) -> Terms {
        let over = named.iter().filter(|entry| entry.is_over(self.today));
        let last = over.max_by_key(|entry| entry.until.as_ref().map(|until| until.value));
        let ending = named.iter().filter(|entry| entry.until.is_some());
        let said = last.or_else(|| ending.min_by_key(|entry| entry.until.as_ref().map(|until| until.value)));
        said.map(|entry| entry.terms(self.today, None)).unwrap_or_default()
    }

    /// Whoever may edit a page must be among those who may view it, also where two entries decide. Within
    /// one entry that was checked when the policy was read.
    fn editors_view(
        &mut self,
        space: &SpaceDef,
        pages: &BTreeMap<ContentId, DesiredPage>,
        winners: &BTreeMap<PageVerb, Winners>,
        tree: &Tree,
    ) {
        let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (id, page) in pages {
            let winner = |verb| winners.get(&verb).and_then(|won| won.get(id)).map(|(_, entry)| *entry);
            let (Some(view), Some(edit)) = (winner(PageVerb::View), winner(PageVerb::Edit)) else { continue };
            let (Some(Audience::Only(viewers)), Some(editors)) = (
                page.view.as_ref().map(|wanted| &wanted.what),
                page.edit.as_ref().map(|wanted| &wanted.what),
            ) else {
                continue;
            };
            if view == edit
                || editors.subjects().all(|editor| viewers.contains(editor))
                || !told.insert((view, edit))
            {
                continue;
            }
            let (Some(viewing), Some(editing)) = (&space.pages[view].view, &space.pages[edit].edit) else {
                continue;
            };
            for editor in editing.value.named() {
                let editor = &editor.who;
                let Some(subject) = self.subject(&editor.value, &editor.span) else { continue };
                if !viewers.contains(&subject) {
                    let who = format!("`{}`", self.policy.show_named(&editor.value));
                    let path = format!("`{}`", tree.path(*id).shown());
                    self.report(edit_without_view(&who, &path, &editor.span, &viewing.span));
                }
            }
        }
    }

    pub(super) fn empty_pattern(&mut self, selector: &Spanned<PageSelector>) {
        self.report(
            Diagnostic::new(Code::EmptyGlob, format!("`{}` matches no page yet", selector.value))
                .at(&selector.span, "")
                .help("it will count for pages that are added there; for the page itself write its path without the star"),
        );
    }

    pub(super) fn unknown_page(
        &mut self,
        space: &SpaceDef,
        selector: &Spanned<PageSelector>,
        live: &LiveSpace,
        tree: &Tree,
    ) {
        let key = &space.key.value;
        let span = &selector.span;
        // A pattern of the whole space needs no page.
        let Some(name) = selector.value.anchor() else { return };
        let finding = match name {
            PageName::Id(id) => Diagnostic::new(
                Code::UnknownPage,
                format!("the space `{key}` shows no page with the number {id}"),
            )
            .at(span, "")
            .help("it is in another space, was deleted, or this account may not view it"),
            PageName::Blog(title) => {
                let titles = tree.iter().filter(|post| !in_tree(post)).map(|post| post.title.raw());
                let near = did_you_mean(title, titles).map(|near| format!("did you mean `blog:{near}`?"));
                Diagnostic::new(
                    Code::UnknownPage,
                    format!("the space `{key}` shows no blog post called `{title}`"),
                )
                .at(span, "")
                .maybe_help(near)
            }
            PageName::Title(title) => {
                let titles = tree.iter().filter(|page| in_tree(page)).map(|page| page.title.raw());
                let path = format!("/{title}").parse().ok().filter(
                    |path| matches!(matched(path, live, tree), Matched::Exact(found) if !found.is_empty()),
                );
                let near =
                    path.map(|path| path.to_string()).or_else(|| did_you_mean(title, titles).map(escape));
                Diagnostic::new(
                    Code::UnknownPage,
                    format!("the space `{key}` shows no page called `{title}`"),
                )
                .at(span, "")
                .maybe_help(near.map(|near| format!("did you mean `{near}`?")))
            }
            PageName::Path { below: Some(id), .. } if tree.get(*id).is_none() => Diagnostic::new(
                Code::UnknownPage,
                format!("the space `{key}` shows no page with the number {id}"),
            )
            .at(span, "")
            .help("it is in another space, was deleted, or this account may not view it"),
            PageName::Path { below, titles } => {
                lost_way(key.as_str(), &selector.value, (*below, titles), span, live, tree)
            }
        };
        let finding = match finding.help {
            Some(_) => finding,
            None if has_hidden_ancestors(tree) => finding.help(
                "some pages of this space stand below pages that are hidden from this account: name those by `id:`, \
                 or let the account view what is above them",
            ),
            None => finding.help(
                "check the title in Confluence: upper and lower case count, and pages that this account may not view \
                 do not show",
            ),
        };
        self.report(finding);
    }

    pub(super) fn ambiguous_page(
        &mut self,
        selector: &Spanned<PageSelector>,
        found: &BTreeSet<ContentId>,
        tree: &Tree,
    ) {
        const SHOWN: usize = 5;
        let named = |id: &ContentId| match &selector.value {
            PageSelector::Page(_) => PageSelector::Page(PageName::Id(*id)),
            PageSelector::Below { reach, .. } => {
                PageSelector::Below { anchor: Some(PageName::Id(*id)), reach: *reach }
            }
        };
        let mut candidates: Vec<String> = found
            .iter()
            .take(SHOWN)
            .map(|id| format!("`{}` (`{}`)", named(id), tree.path(*id).shown()))
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

/// How far a path leads, and what may have been meant from there on.
fn lost_way(
    key: &str,
    selector: &PageSelector,
    (below, titles): (Option<ContentId>, &[String]),
    span: &Span,
    live: &LiveSpace,
    tree: &Tree,
) -> Diagnostic {
    let walk = walk(below, titles, live, tree);
    let here: Vec<&str> = if walk.reached == 0 && below.is_none() {
        let home = live.space.homepage.into_iter().flat_map(|home| tree.children(home));
        tree.roots().chain(home).filter(|page| in_tree(page)).map(|page| page.title.raw()).collect()
    } else {
        walk.last.iter().flat_map(|page| tree.children(*page)).map(|page| page.title.raw()).collect()
    };
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
    let near = did_you_mean(missing, here).map(|near| {
        let mut meant = titles.to_vec();
        if let Some(part) = meant.get_mut(walk.reached) {
            near.clone_into(part);
        }
        let meant = match selector {
            PageSelector::Below { reach, .. } => {
                PageSelector::Below { anchor: Some(PageName::Path { below, titles: meant }), reach: *reach }
            }
            PageSelector::Page(_) => PageSelector::Page(PageName::Path { below, titles: meant }),
        };
        format!("did you mean `{meant}`?")
    });
    Diagnostic::new(Code::UnknownPage, format!("`{selector}` matches no page of the space `{key}`"))
        .at(span, label)
        .maybe_help(near)
}

fn has_hidden_ancestors(tree: &Tree) -> bool {
    tree.iter().any(|page| tree.is_adrift(page))
}
