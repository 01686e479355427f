//! A random site with lists, and a random policy about them: as values for the naive reading, and as the text and the
//! site that the real one gets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use confperm::model::{
    Audience, Content, ContentId, ContentKind, Known, Labelled, Live, Members, Permission, Principal,
    Restrictions, SpaceRoleMode, Subject, Tree, Why,
};
use proptest::prelude::*;

use crate::builder::live::{self, grants};
use crate::site::{ANN, BOT, site};

/// Who stands on lists. The account that runs this is on every one and is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// An insider, and one of those that edit.
    Sre,
    /// The other of these; whether it is an insider differs.
    Leads,
    Platform,
    Backup,
    /// Leaves, where a rule says so.
    Hr,
    /// A guest, where there are any.
    Partners,
    App,
}

pub(crate) const EACH: [Who; 7] =
    [Who::Sre, Who::Leads, Who::Platform, Who::Backup, Who::Hr, Who::Partners, Who::App];
const JOINERS: [Who; 5] = [Who::Sre, Who::Leads, Who::Platform, Who::Backup, Who::Partners];

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Sre => "group:sre",
            Self::Leads => "group:leads",
            Self::Platform => "group:platform",
            Self::Backup => "group:backup",
            Self::Hr => "group:hr",
            Self::Partners => "group:partners",
            Self::App => "",
        }
    }

    pub(crate) fn subject(self) -> Subject {
        match self {
            Self::App => format!("user:{BOT}").parse().unwrap(),
            _ => self.name().replace(':', ":g-").parse().unwrap(),
        }
    }
}

/// None where everyone may.
pub(crate) type List = Option<BTreeSet<Who>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Page,
    Archived,
    Post,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Selector {
    Exact(usize),
    /// Everything below a page or in the space, or only what stands directly below.
    Below {
        top: Option<usize>,
        children: bool,
    },
    /// The pages with one of [`LABELS`].
    Labelled(usize),
}

pub(crate) const LABELS: [&str; 2] = ["hot", "warm"];

/// Who joins, and whether the time is over.
pub(crate) type Joiners = BTreeMap<Who, bool>;

/// What an entry of `pages` says: each list set to a list or to `anyone`, and who joins.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) set: [Option<List>; 2],
    pub(crate) also: [Joiners; 2],
}

impl Entry {
    /// Takes out what an entry for a label must not say; says whether it sets a list.
    fn is_of_label(&mut self, guests: bool) -> bool {
        for set in &mut self.set {
            *set = set.take().filter(Option::is_some);
            if let (Some(Some(who)), true) = (set, guests) {
                who.remove(&Who::Partners);
            }
        }
        if guests {
            for also in &mut self.also {
                also.remove(&Who::Partners);
            }
        }
        self.set.iter().any(Option::is_some)
    }

    fn is_empty(&self) -> bool {
        self.set.iter().all(Option::is_none) && self.also.iter().all(Joiners::is_empty)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    Stays,
    Absent,
    Replaced,
    /// It stays by name.
    Left,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) parents: Vec<Option<usize>>,
    pub(crate) sorts: Vec<Sort>,
    pub(crate) lists: Vec<[List; 2]>,
    /// Which of [`LABELS`] each page has.
    pub(crate) labels: Vec<[bool; 2]>,
    pub(crate) entries: BTreeMap<Selector, Entry>,
    pub(crate) opens_unlisted: bool,
    /// By the space, and by a rule.
    pub(crate) restricted: [[Joiners; 2]; 2],
    pub(crate) hr: Leaves,
    /// The pages that guests see, where there are guests.
    pub(crate) guests: Option<BTreeSet<usize>>,
    pub(crate) leads_read: bool,
    /// Whether the members of no group could be read.
    pub(crate) are_members_unread: bool,
}

fn one_in(times: u32) -> impl Strategy<Value = bool> {
    proptest::bool::weighted(1.0 / f64::from(times))
}

fn some_of(who: &'static [Who]) -> impl Strategy<Value = BTreeSet<Who>> {
    proptest::sample::subsequence(who, 0..=who.len()).prop_map(|who| who.into_iter().collect())
}

fn list() -> impl Strategy<Value = List> {
    proptest::option::weighted(0.6, some_of(&EACH))
}

fn joiners() -> impl Strategy<Value = Joiners> {
    let who = proptest::collection::btree_map(proptest::sample::select(&JOINERS[..4]), one_in(4), 1..3);
    let guest = proptest::option::weighted(0.1, one_in(3));
    (proptest::option::weighted(0.5, who), guest).prop_map(|(who, guest)| {
        let mut who = who.unwrap_or_default();
        who.extend(guest.map(|over| (Who::Partners, over)));
        who
    })
}

/// Those who edit are among those who view, so that no two entries contradict each other.
fn entry() -> impl Strategy<Value = Entry> {
    let view = some_of(&[Who::Platform, Who::Partners]).prop_map(|who| {
        let who = who.into_iter().chain([Who::Sre, Who::Leads]);
        Some(who.collect())
    });
    let edit = prop_oneof![Just([Who::Sre].as_slice()), Just([Who::Sre, Who::Leads].as_slice())];
    let edit = edit.prop_map(|who| Some(who.iter().copied().collect()));
    let set =
        |list: BoxedStrategy<List>| proptest::option::weighted(0.4, prop_oneof![1 => Just(None), 2 => list]);
    (set(view.boxed()), set(edit.boxed()), joiners(), joiners()).prop_map(
        |(view, edit, also_view, also_edit)| Entry { set: [view, edit], also: [also_view, also_edit] },
    )
}

fn selector(pages: usize) -> impl Strategy<Value = Selector> {
    prop_oneof![
        (0..LABELS.len()).prop_map(Selector::Labelled),
        (0..pages).prop_map(Selector::Exact),
        (proptest::option::weighted(0.7, 0..pages), any::<bool>())
            .prop_map(|(top, children)| Selector::Below { top, children }),
    ]
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let site = (1_usize..7).prop_flat_map(|pages| {
        let parents: Vec<_> = (0..pages).map(|page| proptest::option::of(0..page.max(1))).collect();
        let sort = prop_oneof![5 => Just(Sort::Page), 1 => Just(Sort::Archived), 1 => Just(Sort::Post)];
        let sorts = proptest::collection::vec(sort, pages);
        let lists = proptest::collection::vec((list(), list()).prop_map(|(view, edit)| [view, edit]), pages);
        let entries = proptest::collection::btree_map(selector(pages), entry(), 1..5);
        let guests = proptest::collection::btree_set(0..pages, 1..3);
        let labels = proptest::collection::vec(any::<[bool; 2]>(), pages);
        (parents, sorts, lists, labels, entries, proptest::option::weighted(0.3, guests))
    });
    let hr = proptest::sample::select(vec![Leaves::Stays, Leaves::Absent, Leaves::Replaced, Leaves::Left]);
    let restricted = || [joiners(), joiners()];
    let all = proptest::option::weighted(0.3, (restricted(), restricted()));
    let known = (any::<bool>(), one_in(3));
    (site, one_in(3), all, hr, known).prop_map(|(site, opens_unlisted, all, hr, known)| {
        let (leads_read, are_members_unread) = known;
        let (mut parents, sorts, lists, labels, entries, guests) = site;
        for page in 0..parents.len() {
            let is_below = |parent: &usize| *parent < page && sorts[*parent] != Sort::Post;
            parents[page] = parents[page].filter(|parent| is_below(parent) && sorts[page] != Sort::Post);
        }
        let mut entries = entries;
        let mut opens_unlisted = opens_unlisted;
        for (selector, entry) in &mut entries {
            if matches!(selector, Selector::Labelled(_)) {
                opens_unlisted &= !entry.is_of_label(guests.is_some());
            }
            if entry.is_empty() {
                entry.also[0].insert(Who::Sre, false);
            }
        }
        let none = || [Joiners::new(), Joiners::new()];
        let restricted = all.map_or_else(|| [none(), none()], |(space, rule)| [space, rule]);
        Case {
            parents,
            sorts,
            lists,
            labels,
            entries,
            opens_unlisted,
            restricted,
            hr,
            guests,
            leads_read,
            are_members_unread,
        }
    })
}

impl Case {
    pub(crate) fn id(page: usize) -> ContentId {
        ContentId::from_number(u64::try_from(page).unwrap() + 21)
    }

    /// The policy as people would write it.
    pub(crate) fn text(&self) -> String {
        let mut text = "spaces:\n  ENG:\n    mode: additive\n    pages:\n".to_owned();
        let (labels, places): (Vec<_>, Vec<_>) =
            self.entries.iter().partition(|(selector, _)| matches!(selector, Selector::Labelled(_)));
        let is_first = self.parents.len().is_multiple_of(2);
        let [first, last] = if is_first { [labels, places] } else { [places, labels] };
        for (selector, entry) in first.into_iter().chain(last) {
            let mut says: Vec<String> = Vec::new();
            for (word, set) in ["view", "edit"].into_iter().zip(&entry.set) {
                says.extend(set.as_ref().map(|list| match list {
                    None => format!("{word}: anyone"),
                    Some(who) => {
                        let who: Vec<&str> = who.iter().map(|who| who.name()).collect();
                        format!("{word}: [{}]", who.join(", "))
                    }
                }));
            }
            says.extend(also(&entry.also));
            writeln!(text, "      {}: {{{}}}", selector.text(), says.join(", ")).unwrap();
        }
        if self.opens_unlisted {
            text.push_str("    unlisted-pages: open\n");
        }
        let [by_space, by_rule] = self.restricted.each_ref().map(|joiners| also(joiners).join(", "));
        if !by_space.is_empty() {
            writeln!(text, "    restricted-pages: {{{by_space}}}").unwrap();
        }
        if let Some(pages) = &self.guests {
            let pages: Vec<String> = pages.iter().map(|page| format!("id:{}", Self::id(*page))).collect();
            writeln!(text, "    page-only: [{{who: [group:partners], pages: [{}]}}]", pages.join(", "))
                .unwrap();
        }
        if self.hr == Leaves::Left {
            text.push_str("    leave: [group:hr]\n");
        }
        if matches!(self.hr, Leaves::Absent | Leaves::Replaced) || !by_rule.is_empty() {
            text.push_str("rules:\n");
        }
        if !by_rule.is_empty() {
            writeln!(text, "  - {{name: all, spaces: [ENG], restricted-pages: {{{by_rule}}}}}").unwrap();
        }
        match self.hr {
            Leaves::Stays | Leaves::Left => {}
            Leaves::Absent => text.push_str("  - {name: gone, spaces: [ENG], absent: [group:hr]}\n"),
            Leaves::Replaced => {
                text.push_str("  - {name: gone, spaces: [ENG], replace: {group:hr: group:platform}}\n");
            }
        }
        text
    }

    /// The site of the case.
    pub(crate) fn live(&self) -> Live {
        let mut live = site(SpaceRoleMode::PreRoles);
        for name in ["backup", "partners"] {
            let group = live::group(format!("g-{name}").parse().unwrap(), name);
            live.directory.groups.insert(group.id.clone(), group);
        }
        for group in live.directory.groups.values_mut() {
            group.members = if self.are_members_unread {
                Known::Unknown(Why::Hidden)
            } else {
                Known::Known(BTreeSet::new())
            };
        }
        let space = live.space_mut(&"ENG".parse().unwrap()).unwrap();
        let own = [Permission::ReadSpace, Permission::CreatePage, Permission::UpdatePage]
            .into_iter()
            .chain([Permission::CreateBlogpost, Permission::UpdateBlogpost])
            .chain([Permission::RestrictContent, Permission::AdministerSpace]);
        space.holdings.insert(format!("user:{ANN}").parse().unwrap(), grants(&own.collect::<Vec<_>>()));
        if self.leads_read {
            let leads: Principal = "group:g-leads".parse().unwrap();
            space.holdings.insert(leads, grants(&[Permission::ReadSpace]));
        }
        let mut tree = Tree::default();
        for page in 0..self.parents.len() {
            let sort = self.sorts[page];
            let [view, edit] = self.lists[page].each_ref().map(audience);
            tree.insert(Content {
                archived: sort == Sort::Archived,
                kind: if sort == Sort::Post { ContentKind::Blogpost } else { ContentKind::Page },
                restrictions: Known::Known(Restrictions { view, edit }),
                ..live::page(
                    Self::id(page).number(),
                    self.parents[page].map_or(0, |parent| Self::id(parent).number()),
                    format!("P{page}"),
                )
            });
        }
        for (number, label) in LABELS.into_iter().enumerate() {
            let has = |page: &usize| self.labels[*page][number] && self.sorts[*page] != Sort::Post;
            let pages = (0..self.parents.len()).filter(has).map(Self::id).collect();
            let labelled = Known::Known(Labelled { pages, unknown: BTreeMap::new() });
            space.labelled.insert(label.parse().unwrap(), labelled);
        }
        space.space.homepage = None;
        space.tree = Some(tree);
        space.read.blogposts = true;
        space.read.containers = true;
        live
    }
}

fn audience(list: &List) -> Audience {
    let Some(who) = list else { return Audience::Anyone };
    let own = [format!("user:{ANN}").parse().unwrap()];
    Members::new(who.iter().map(|who| who.subject()).chain(own)).map_or(Audience::Anyone, Audience::Only)
}

fn also(joiners: &[Joiners; 2]) -> Vec<String> {
    let line = |(word, joiners): (&str, &Joiners)| {
        let who = joiners.iter().map(|(who, over)| match over {
            true => format!("{{who: {}, until: 2026-11-20}}", who.name()),
            false => who.name().to_owned(),
        });
        let who: Vec<String> = who.collect();
        (!who.is_empty()).then(|| format!("{word}: [{}]", who.join(", ")))
    };
    ["also-view", "also-edit"].into_iter().zip(joiners).filter_map(line).collect()
}

impl Selector {
    fn text(self) -> String {
        match self {
            Self::Exact(page) => format!("id:{}", Case::id(page)),
            Self::Below { top, children } => {
                let top = top.map(|top| format!("id:{}", Case::id(top))).unwrap_or_default();
                format!("{top}/{}", if children { "*" } else { "**" })
            }
            Self::Labelled(label) => format!("label:{}", LABELS[label]),
        }
    }
}
