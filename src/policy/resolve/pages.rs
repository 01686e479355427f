//! Which entry decides about which page.

use std::collections::{BTreeMap, BTreeSet};

use super::meaning::NameMeaning;
use super::resolver::{Resolver, Stray};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{
    Audience, Content, ContentId, DesiredPage, Joins, Kept, KeptList, Known, LiveSpace, Missing, PageLabel,
    PageList, Parent, Shown, SiteText, SkipReason, Skipped, SkippedPart, SpaceKey, Tree,
};
use crate::policy::ast::{Listed, PageEntry, SpaceDef, UnlistedDef};
use crate::policy::pages::{Depth, PageSelector, below, is_page};
use crate::policy::read::edit_without_view;

/// How specific an entry is about a page. The greatest goes first, alone; of two that are alike, the one that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A label. Who may edit a page can set it, so it decides only where no path does.
    Labelled,
    /// A pattern: the deeper its upper end the more specific, and `*` more than `**`.
    Below {
        depth: usize,
        children: bool,
        decides: bool,
    },
    Exact {
        decides: bool,
    },
}

impl Rank {
    /// Whether the entry names the page.
    const fn is_exact(self) -> bool {
        matches!(self, Self::Exact { .. })
    }

    /// Whether the entry says what becomes of the page; if not, the page stays as it is.
    pub(super) const fn decides(self) -> bool {
        match self {
            Self::Labelled => true,
            Self::Below { decides, .. } | Self::Exact { decides } => decides,
        }
    }
}

/// The pages that an entry reaches.
#[derive(Debug, Default)]
pub(super) struct Reached {
    pub(super) ranked: Vec<(Rank, BTreeSet<ContentId>)>,
    /// Pages that bear the name of the entry and are not meant by it. They stay as they are, where no entry
    /// names them: who reads the policy takes the entry for theirs.
    also_named: BTreeSet<ContentId>,
    /// A pattern whose page is lost, so that not all pages below it are known any more.
    is_lost_pattern: bool,
    /// Those that still are: the page is only hidden.
    hidden_below: BTreeSet<ContentId>,
}

/// The pages about whose lists a label decides, or whose lists it lets principals join.
pub(super) type MeantByLabel = BTreeMap<PageLabel, BTreeSet<ContentId>>;

/// For each page the entry that goes first.
type Winners = BTreeMap<ContentId, (Rank, usize)>;

impl Resolver<'_> {
    /// What entries make of pages, and who joins the lists of those that they reach.
    pub(super) fn pages(
        &mut self,
        space: &SpaceDef,
        live: &LiveSpace,
        kept: &mut Kept,
    ) -> (BTreeMap<ContentId, DesiredPage>, Joins, MeantByLabel) {
        let mut pages: BTreeMap<ContentId, DesiredPage> = BTreeMap::new();
        let Some(first) = space.pages.first() else { return (pages, Joins::default(), MeantByLabel::new()) };
        let Some(tree) = &live.tree else {
            self.unread_pages(&space.key.value, &first.pages.span);
            return (pages, Joins::default(), MeantByLabel::new());
        };
        let reached: Vec<Reached> =
            space.pages.iter().map(|entry| self.reached(space, entry, live, tree)).collect();
        let guarded = self.guarded(space, &reached, tree);
        let mut winners = BTreeMap::new();
        for list in PageList::ALL {
            let won = self.winners(space, list, &reached, tree, kept);
            let audiences = self.audiences(space, list);
            for (page, (rank, entry)) in &won {
                let of_page = (*page, list);
                if guarded.contains(&of_page) && !rank.is_exact() {
                    kept.lists.insert(of_page, KeptList::All);
                    continue;
                }
                let Some(asked) = audiences.get(entry).filter(|_| rank.decides()) else {
                    kept.lists.insert(of_page, KeptList::All);
                    continue;
                };
                let Some(wanted) = &asked.wanted else {
                    if asked.stays {
                        kept.lists.insert(of_page, KeptList::All);
                    }
                    continue;
                };
                if !asked.undecided.is_empty() {
                    kept.lists.insert(of_page, KeptList::Subjects(asked.undecided.clone()));
                }
                let page = pages.entry(*page).or_default();
                match list {
                    PageList::View => page.view = Some(wanted.clone()),
                    PageList::Edit => page.edit = Some(wanted.clone()),
                }
            }
            winners.insert(list, won);
        }
        if space.unlisted.as_ref().is_some_and(|unlisted| unlisted.value == UnlistedDef::Open) {
            let undecided = guarded.into_iter().filter(|(page, _)| !pages.contains_key(page));
            kept.lists.extend(undecided.map(|list| (list, KeptList::All)));
        }
        self.also_named(space, &winners, &reached);
        self.editors_view(space, &mut pages, &winners, tree, kept);
        let joins = self.joins_of_entries(space, &reached);
        let meant = meant_by_label(space, &winners, &reached);
        (pages, joins, meant)
    }

    pub(super) fn unread_pages(&mut self, key: &SpaceKey, needed: &Span) {
        self.report(
            Diagnostic::new(Code::UnreadPages, format!("the pages of the space `{key}` could not be read"))
                .at(needed, "needed here")
                .help("run again; if it stays like this, check that this account may view the space"),
        );
    }

    /// The lists that a lost entry may have asked for, so that no wider entry is to decide about them: those that are
    /// restricted in all of the space, where the page of a pattern is lost, since what stood below it may stand
    /// anywhere now; all that surely stand below it still; and those that are restricted of pages that came from
    /// another space, whose entry means them.
    fn guarded(&self, space: &SpaceDef, reached: &[Reached], tree: &Tree) -> BTreeSet<(ContentId, PageList)> {
        let opens = space.unlisted.is_some();
        let came = self.came_from_elsewhere(&space.key.value, tree);
        let mut guarded = BTreeSet::new();
        for list in PageList::ALL {
            let entries = space.pages.iter().zip(reached).filter(|(_, reached)| reached.is_lost_pattern);
            let lost: Vec<&Reached> = entries
                .filter(|(entry, _)| entry.decides() && (opens || entry.listed(list).is_some()))
                .map(|(_, reached)| reached)
                .collect();
            if lost.is_empty() && came.is_empty() {
                continue;
            }
            let restricted = tree.iter().map(|content| content.id).filter(|id| !is_open(*id, list, tree));
            let stays = restricted.filter(|id| !lost.is_empty() || came.contains(id));
            guarded.extend(stays.map(|id| (id, list)));
            let below = lost.iter().flat_map(|lost| &lost.hidden_below);
            guarded.extend(below.map(|id| (*id, list)));
        }
        guarded
    }

    /// The pages of a space that an entry of another space means, by what the lock knows.
    fn came_from_elsewhere(&self, key: &SpaceKey, tree: &Tree) -> BTreeSet<ContentId> {
        let mut came = BTreeSet::new();
        let here = self.strays.iter().filter(|stray| stray.from != key && tree.get(stray.page).is_some());
        for Stray { page, selector, .. } in here {
            match selector {
                PageSelector::Page(_) => drop(came.insert(*page)),
                PageSelector::Below { reach, .. } => came.extend(below(Some(*page), *reach, tree)),
                PageSelector::Labelled(_) => {}
            }
        }
        came
    }

    /// The pages that an entry reaches.
    fn reached(&mut self, space: &SpaceDef, entry: &PageEntry, live: &LiveSpace, tree: &Tree) -> Reached {
        let (anchor, reach) = match &entry.pages.value {
            PageSelector::Page(name) => (Some(name), None),
            PageSelector::Below { anchor, reach } => (anchor.as_ref(), Some(*reach)),
            PageSelector::Labelled(label) => return self.labelled(entry, label, live, tree),
        };
        let ranked = |top: Option<ContentId>, decides: bool| match (reach, top) {
            (None, top) => (Rank::Exact { decides }, top.into_iter().collect()),
            (Some(reach), top) => {
                let depth = top.map_or(0, |top| tree.chain(top).ancestors.len() + 1);
                let children = reach == Depth::Children;
                let pages = below(top, reach, tree).into_iter().filter(|id| is_page(*id, tree)).collect();
                (Rank::Below { depth, children, decides }, pages)
            }
        };
        let Some(name) = anchor else {
            return Reached { ranked: vec![self.not_empty(entry, ranked(None, true))], ..Reached::default() };
        };
        let identity = self.lock.page(name, live, tree);
        let others = identity.others().iter().filter(|_| reach.is_none());
        let also_named = others.copied().collect();
        match self.page_of(identity, name, &entry.pages, live, tree) {
            NameMeaning::Is(page) => {
                let ranked = vec![self.not_empty(entry, ranked(Some(page), true))];
                Reached { ranked, also_named, ..Reached::default() }
            }
            NameMeaning::Lost(lost) => {
                self.skip(Some(&space.key.value), SkippedPart::Page, &lost, &entry.pages.span);
                let ranked = lost.by.iter().map(|other| ranked(Some(*other), false)).collect();
                let is_below = |content: &&Content| {
                    let above = tree.chain(content.id).missing == Some(Missing::Ancestor(lost.was));
                    above && (reach == Some(Depth::All) || content.parent == Parent::Content(lost.was))
                };
                let hidden_below = match reach {
                    Some(_) => tree.iter().filter(is_below).map(|content| content.id).collect(),
                    None => BTreeSet::new(),
                };
                Reached { ranked, is_lost_pattern: reach.is_some(), hidden_below, ..Reached::default() }
            }
            NameMeaning::Invalid => Reached::default(),
        }
    }

    /// The pages that have a label, as far as the site tells. What it does not is a gap, and stays as it is.
    fn labelled(&mut self, entry: &PageEntry, label: &PageLabel, live: &LiveSpace, tree: &Tree) -> Reached {
        let Some(Known::Known(labelled)) = live.labelled.get(label) else { return Reached::default() };
        let pages = labelled.pages.iter().copied().filter(|id| is_page(*id, tree)).collect();
        Reached { ranked: vec![self.not_empty(entry, (Rank::Labelled, pages))], ..Reached::default() }
    }

    fn not_empty(
        &mut self,
        entry: &PageEntry,
        (rank, pages): (Rank, BTreeSet<ContentId>),
    ) -> (Rank, BTreeSet<ContentId>) {
        if pages.is_empty() {
            self.empty_pattern(&entry.pages);
        }
        (rank, pages)
    }

    fn winners(
        &mut self,
        space: &SpaceDef,
        list: PageList,
        reached: &[Reached],
        tree: &Tree,
        kept: &mut Kept,
    ) -> Winners {
        let mut winners = Winners::new();
        let mut ties: BTreeMap<(usize, usize), BTreeSet<ContentId>> = BTreeMap::new();
        for (at, entry) in reached.iter().enumerate() {
            if space.pages[at].listed(list).is_none() {
                continue;
            }
            let also = (Rank::Exact { decides: false }, &entry.also_named);
            let ranked = entry.ranked.iter().map(|(rank, pages)| (*rank, pages)).chain([also]);
            // What is archived is opened by its own name only: a pattern means what people work with.
            let opens = space.pages[at].listed(list).is_some_and(|listed| listed.value == Listed::Anyone);
            let skips = |rank: Rank, page: &ContentId| {
                opens && !matches!(rank, Rank::Exact { .. }) && tree.is_archived(*page)
            };
            let named = ranked.flat_map(|(rank, pages)| pages.iter().map(move |page| (rank, page)));
            for (rank, page) in named {
                if skips(rank, page) {
                    kept.archived.insert(*page);
                    continue;
                }
                // What stays as it is stays closed; another entry may close what is open.
                if !rank.decides() && is_open(*page, list, tree) {
                    continue;
                }
                match winners.get(page) {
                    Some((best, first)) if *best == rank => {
                        if rank.decides() {
                            ties.entry((*first, at)).or_default().insert(*page);
                        }
                    }
                    Some((best, _)) if *best > rank => {}
                    _ => {
                        winners.insert(*page, (rank, at));
                    }
                }
            }
        }
        for ((first, second), pages) in ties {
            let Some(page) = pages.first() else { continue };
            if let PageSelector::Labelled(other) = &space.pages[second].pages.value {
                // A path that comes later in the file goes before both.
                let is_decided =
                    |page: &ContentId| winners.get(page).is_some_and(|(rank, _)| *rank != Rank::Labelled);
                for page in pages.iter().filter(|page| !is_decided(page)).collect::<Vec<_>>() {
                    winners.remove(page);
                    kept.lists.insert((*page, list), KeptList::All);
                    self.two_labels(space, &space.pages[first].pages.span, other, &tree.path(*page));
                }
                continue;
            }
            let (first, second) = (&space.pages[first].pages, &space.pages[second].pages);
            self.report(
                Diagnostic::new(
                    Code::PageTwice,
                    format!("two entries say who may {} `{}`", list.as_str(), tree.path(*page).shown()),
                )
                .at(&second.span, "this one")
                .at(&first.span, "and this one")
                .help("both are equally specific, so neither takes precedence: put them together, or remove one"),
            );
        }
        winners
    }

    /// Who may edit a page can give it a second label, so that ends no run: the list stays as it is.
    fn two_labels(&mut self, space: &SpaceDef, first: &Span, other: &PageLabel, path: &SiteText) {
        self.skipped.insert(Skipped {
            space: Some(space.key.value.clone()),
            part: SkippedPart::Lists,
            name: Shown::of(path.raw()),
            reason: SkipReason::TwoLabels { other: other.clone() },
            origin: first.origin(),
        });
    }

    /// Lists the pages that stay as they are for the name that they bear, where another entry, or `unlisted-pages`,
    /// would decide about them.
    fn also_named(&mut self, space: &SpaceDef, winners: &BTreeMap<PageList, Winners>, reached: &[Reached]) {
        let opens = space.unlisted.as_ref().is_some_and(|unlisted| unlisted.value == UnlistedDef::Open);
        for (at, entry) in reached.iter().enumerate() {
            let stays = |page: &&ContentId| {
                let won = winners.iter().any(
                    |(_, won)| matches!(won.get(page), Some((rank, by)) if *by == at && !rank.decides()),
                );
                let is_decided = || {
                    let mut others = reached.iter().flat_map(|other| &other.ranked);
                    others.any(|(rank, pages)| rank.decides() && pages.contains(page))
                };
                won && (opens || is_decided())
            };
            let by: BTreeSet<String> =
                entry.also_named.iter().filter(stays).map(ToString::to_string).collect();
            if !by.is_empty() {
                let selector = &space.pages[at].pages;
                self.skipped.insert(Skipped {
                    space: Some(space.key.value.clone()),
                    part: SkippedPart::Page,
                    name: Shown::of(&selector.value.to_string()),
                    reason: SkipReason::AlsoNamed { by },
                    origin: selector.span.origin(),
                });
            }
        }
    }

    /// Who may edit a page by one entry has to be able to view it by another. Where the entries themselves say that they
    /// meet, the policy is wrong; where they meet because of where a page stands, that page is skipped.
    fn editors_view(
        &mut self,
        space: &SpaceDef,
        pages: &mut BTreeMap<ContentId, DesiredPage>,
        winners: &BTreeMap<PageList, Winners>,
        tree: &Tree,
        kept: &mut Kept,
    ) {
        let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut skipped = Vec::new();
        for (id, page) in &*pages {
            let winner = |list| winners.get(&list).and_then(|won| won.get(id)).map(|(_, entry)| *entry);
            let (Some(view), Some(edit)) = (winner(PageList::View), winner(PageList::Edit)) else { continue };
            let (Some(Audience::Only(viewers)), Some(editors)) = (
                page.view.as_ref().map(|wanted| &wanted.what),
                page.edit.as_ref().map(|wanted| &wanted.what),
            ) else {
                continue;
            };
            if view == edit || editors.subjects().all(|editor| viewers.contains(editor)) {
                continue;
            }
            let [viewed, edited] = [view, edit].map(|entry| &space.pages[entry].pages.value);
            let is_of_policy = viewed.surely_covers(edited) || edited.surely_covers(viewed);
            if !told.insert((view, edit)) && is_of_policy {
                continue;
            }
            let (Some(viewing), Some(editing)) = (&space.pages[view].view, &space.pages[edit].edit) else {
                continue;
            };
            for editor in editing.value.named() {
                let editor = &editor.who;
                let Some(subject) = self.subject(&editor.value, &editor.span).known() else { continue };
                if viewers.contains(&subject) {
                    continue;
                }
                let shown = self.policy.show_named(&editor.value);
                let path = tree.path(*id);
                if is_of_policy {
                    let (who, path) = (format!("`{shown}`"), format!("`{}`", path.shown()));
                    self.report(edit_without_view(&who, &path, &editor.span, &viewing.span));
                    continue;
                }
                // Who may edit a page can give it a label, so that one takes no list from another entry.
                let is_labelled =
                    |entry: &usize| matches!(space.pages[*entry].pages.value, PageSelector::Labelled(_));
                let (part, lists) = match [view, edit].each_ref().map(is_labelled) {
                    [true, false] => (SkippedPart::Labelled, vec![PageList::View]),
                    [false, true] => (SkippedPart::Labelled, vec![PageList::Edit]),
                    [true, true] | [false, false] => (SkippedPart::Lists, PageList::ALL.to_vec()),
                };
                self.entries_meet(&shown, &path, part, [&editor.span, &viewing.span]);
                let editor = Shown::of(&shown);
                self.skipped.insert(Skipped {
                    space: Some(space.key.value.clone()),
                    part,
                    name: Shown::of(path.raw()),
                    reason: SkipReason::Contradictory { editor, viewers: viewing.span.origin() },
                    origin: space.pages[edit].pages.span.origin(),
                });
                skipped.extend(lists.into_iter().map(|list| (*id, list)));
            }
        }
        for (id, list) in skipped {
            if let Some(page) = pages.get_mut(&id) {
                let wanted = match list {
                    PageList::View => &mut page.view,
                    PageList::Edit => &mut page.edit,
                };
                *wanted = None;
                if page.view.is_none() && page.edit.is_none() {
                    pages.remove(&id);
                }
            }
            kept.lists.insert((id, list), KeptList::All);
        }
    }

    fn entries_meet(
        &mut self,
        who: &str,
        path: &SiteText,
        part: SkippedPart,
        [editing, viewing]: [&Span; 2],
    ) {
        let path = path.shown();
        let stays = if part == SkippedPart::Labelled {
            "the label sets no list of the page"
        } else {
            "the page is skipped and stays as it is"
        };
        self.report(
            Diagnostic::new(
                Code::EntriesMeet,
                format!(
                    "where `{path}` stands, `{who}` could edit it by one entry and not view it by another"
                ),
            )
            .at(editing, "may edit")
            .at(viewing, "not in this list")
            .help(format!("{stays}; add an entry for it, move it, or add `{who}` to `view` as well")),
        );
    }
}

fn meant_by_label(
    space: &SpaceDef,
    winners: &BTreeMap<PageList, Winners>,
    reached: &[Reached],
) -> MeantByLabel {
    let mut meant = MeantByLabel::new();
    for (at, (entry, reached)) in space.pages.iter().zip(reached).enumerate() {
        let PageSelector::Labelled(label) = &entry.pages.value else { continue };
        let pages = reached.ranked.iter().flat_map(|(_, pages)| pages).copied();
        let wins =
            |page: &ContentId| winners.values().any(|won| won.get(page).is_some_and(|(_, by)| *by == at));
        meant
            .entry(label.clone())
            .or_default()
            .extend(pages.filter(|page| !entry.also.is_empty() || wins(page)));
    }
    meant
}

/// Whether a list is surely open.
fn is_open(page: ContentId, list: PageList, tree: &Tree) -> bool {
    let content = tree.get(page);
    content.is_some_and(
        |content| matches!(&content.restrictions, Known::Known(lists) if lists.audience(list).is_anyone()),
    )
}
