//! Which content of a tree a name or a pattern means.

use std::collections::BTreeSet;

use super::{Depth, PageName, PageSelector};
use crate::model::{Content, ContentId, ContentKind, Known, LiveSpace, Tree};

/// What a selector means in one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matched {
    /// Exactly these; more than one is ambiguous, none is a mistake.
    Exact(BTreeSet<ContentId>),
    /// A pattern whose upper end was found: what it reaches, and how deep that end stands.
    Below { depth: usize, reached: BTreeSet<ContentId> },
    /// A pattern whose upper end was not found, or more than once.
    NoBase(BTreeSet<ContentId>),
}

/// Which content of a tree a selector means, for an entry of `pages`.
///
/// Whether other content than pages can be restricted is not documented. A pattern walks through it and passes
/// it over; an entry that means it names it.
pub fn matched(selector: &PageSelector, space: &LiveSpace, tree: &Tree) -> Matched {
    match matched_content(selector, space, tree) {
        Matched::Below { depth, mut reached } => {
            reached.retain(|id| is_page(*id, tree));
            Matched::Below { depth, reached }
        }
        matched @ (Matched::Exact(_) | Matched::NoBase(_)) => matched,
    }
}

/// Which content of a tree a selector means, folders and their like included.
fn matched_content(selector: &PageSelector, space: &LiveSpace, tree: &Tree) -> Matched {
    match selector {
        PageSelector::Page(name) => Matched::Exact(bearers(name, space, tree)),
        PageSelector::Labelled(label) => match space.labelled.get(label) {
            Some(Known::Known(labelled)) => Matched::Below { depth: 0, reached: labelled.pages.clone() },
            Some(Known::Unknown(_)) | None => Matched::NoBase(BTreeSet::new()),
        },
        PageSelector::Below { anchor: None, reach } => {
            Matched::Below { depth: 0, reached: below(None, *reach, tree) }
        }
        PageSelector::Below { anchor: Some(anchor), reach } => {
            let found = bearers(anchor, space, tree);
            match found.first() {
                Some(top) if found.len() == 1 => Matched::Below {
                    depth: tree.chain(*top).ancestors.len() + 1,
                    reached: below(Some(*top), *reach, tree),
                },
                _ => Matched::NoBase(found),
            }
        }
    }
}

/// The content that bears a name.
pub(crate) fn bearers(name: &PageName, space: &LiveSpace, tree: &Tree) -> BTreeSet<ContentId> {
    match name {
        PageName::Id(id) => tree.get(*id).map(|page| page.id).into_iter().collect(),
        PageName::Title(title) => {
            let named = tree.iter().filter(|page| is_named(page, title) && in_tree(page)).collect();
            current_first(named).into_iter().map(|page| page.id).collect()
        }
        PageName::Blog(title) => {
            tree.iter().filter(|post| is_named(post, title) && !in_tree(post)).map(|post| post.id).collect()
        }
        PageName::Path { below, titles } => walk(*below, titles, space, tree).found,
    }
}

/// What stands below a page, or in the space.
pub(crate) fn below(top: Option<ContentId>, reach: Depth, tree: &Tree) -> BTreeSet<ContentId> {
    let below: Vec<&Content> = match (top, reach) {
        (Some(top), Depth::All) => tree.descendants(top),
        (Some(top), Depth::Children) => tree.children(top).collect(),
        // Also pages whose parents are hidden: they are pages of the space all the same. What may stand
        // anywhere may stand below a more specific entry, so no pattern reaches it.
        (None, Depth::All) => tree.iter().filter(|content| tree.is_placed(content.id)).collect(),
        (None, Depth::Children) => tree.roots().collect(),
    };
    below.into_iter().filter(|content| in_tree(content)).map(|content| content.id).collect()
}

/// Whether content is a page, which patterns mean; folders and their like are not known to have lists.
pub(crate) fn is_page(id: ContentId, tree: &Tree) -> bool {
    tree.get(id).is_some_and(|content| content.kind == ContentKind::Page)
}

/// How far a path of titles leads.
pub(crate) struct PathMatch {
    pub(crate) found: BTreeSet<ContentId>,
    /// The longest part of the path that exists, and where it leads.
    pub(crate) reached: usize,
    pub(crate) last: BTreeSet<ContentId>,
}

/// Follows a path from below a page; or from the top of the space, and if that leads nowhere from below the homepage.
pub(crate) fn walk(below: Option<ContentId>, titles: &[String], space: &LiveSpace, tree: &Tree) -> PathMatch {
    if let Some(below) = below {
        let walk = follow(titles, tree.children(below).collect(), tree);
        let last = if walk.reached == 0 { BTreeSet::from([below]) } else { walk.last };
        return PathMatch { last, ..walk };
    }
    let from_top = follow(titles, tree.roots().collect(), tree);
    let home = match space.space.homepage {
        Some(home) if from_top.found.is_empty() => home,
        _ => return from_top,
    };
    let below_home = follow(titles, tree.children(home).collect(), tree);
    if below_home.found.is_empty() && below_home.reached <= from_top.reached && from_top.reached > 0 {
        from_top
    } else if below_home.reached == 0 {
        PathMatch { last: BTreeSet::from([home]), ..below_home }
    } else {
        below_home
    }
}

fn follow(titles: &[String], start: Vec<&Content>, tree: &Tree) -> PathMatch {
    let mut here = start;
    let mut last = BTreeSet::new();
    for (reached, title) in titles.iter().enumerate() {
        let next: Vec<&Content> =
            here.into_iter().filter(|page| is_named(page, title) && in_tree(page)).collect();
        let next = current_first(next);
        if next.is_empty() {
            return PathMatch { found: BTreeSet::new(), reached, last };
        }
        last = next.iter().map(|page| page.id).collect();
        here = next.into_iter().flat_map(|page| tree.children(page.id)).collect();
    }
    PathMatch { found: last.clone(), reached: titles.len(), last }
}

/// Content of one title means what is current, where anything of that title is: a page that takes the place of an
/// archived one often bears its title.
fn current_first(named: Vec<&Content>) -> Vec<&Content> {
    if named.iter().any(|content| !content.archived) {
        named.into_iter().filter(|content| !content.archived).collect()
    } else {
        named
    }
}

fn is_named(page: &Content, title: &str) -> bool {
    page.title.is_called(title)
}

/// Blog posts stand beside the tree; they are named by `blog:TITLE` or by id.
pub(crate) fn in_tree(content: &Content) -> bool {
    content.kind != ContentKind::Blogpost
}
