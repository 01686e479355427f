//! The content to which a plan may change access, and the lists that decide about each piece of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::space::{Space, Steps};
use crate::model::{
    Audience, Call, Content, ContentId, ContentKind, Known, LiveSpace, PageList, Restrictions, Tree,
};
use crate::plan::numbered::Numbered;

/// Content below more pages than this, where it is not known which, is looked at below these.
const PLACES: usize = 16;

/// A list, and what the calls make of it, in the order of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ListAt<'a> {
    pub(super) before: &'a Audience,
    pub(super) then: Vec<(usize, &'a Audience)>,
}

impl<'a> ListAt<'a> {
    /// All that the list ever is.
    pub(super) fn audiences(&self) -> impl Iterator<Item = &'a Audience> + '_ {
        std::iter::once(self.before).chain(self.then.iter().map(|(_, audience)| *audience))
    }
}

/// Content, with the lists on the way to it that are or will be closed to some, and its edit list if it is; both by
/// their numbers.
#[derive(Debug)]
pub(super) struct GatedPlace<'a> {
    pub(super) content: &'a Content,
    pub(super) views: Vec<usize>,
    pub(super) edit: Option<usize>,
}

/// Each piece of content at or below a page that a plan touches, once for each set of lists.
#[derive(Debug, Default)]
pub(super) struct Places<'a> {
    pub(super) places: Vec<GatedPlace<'a>>,
    pub(super) lists: Numbered<ListAt<'a>>,
}

/// The calls on pages.
struct Touched<'a>(BTreeMap<ContentId, Vec<(usize, &'a Restrictions)>>);

impl<'a> Touched<'a> {
    fn of(space: &Space<'a>) -> Self {
        let mut touched: BTreeMap<ContentId, Vec<(usize, &'a Restrictions)>> = BTreeMap::new();
        match space.steps {
            Steps::Calls(calls) => {
                for (number, planned) in calls.iter().enumerate() {
                    if let Call::Restrict { content, after, .. } = &planned.call {
                        touched.entry(*content).or_default().push((number, after));
                    }
                }
            }
            Steps::Through(state) => {
                let nodes = |state: &'a LiveSpace| state.tree.as_ref().into_iter().flat_map(Tree::iter);
                for (number, state) in [state, space.after].into_iter().enumerate() {
                    for node in nodes(state) {
                        if let Known::Known(lists) = &node.restrictions {
                            touched.entry(node.id).or_default().push((number, lists));
                        }
                    }
                }
                let was = |page: &ContentId| Some(&space.before.tree.as_ref()?.get(*page)?.restrictions);
                touched.retain(|page, then| match was(page) {
                    Some(Known::Known(was)) => then.iter().any(|(_, lists)| *lists != was),
                    Some(Known::Unknown(_)) | None => false,
                });
            }
        }
        Self(touched)
    }

    /// A list of a page, unless it is open and stays open, or was not read: then it opens nothing.
    fn list(&self, node: &'a Content, list: PageList) -> Option<ListAt<'a>> {
        let Known::Known(own) = &node.restrictions else { return None };
        let calls = self.0.get(&node.id).map_or(&[][..], Vec::as_slice);
        let at = ListAt {
            before: own.audience(list),
            then: calls.iter().map(|(number, lists)| (*number, lists.audience(list))).collect(),
        };
        let says_something = !at.before.is_anyone() || at.then.iter().any(|(_, then)| !then.is_anyone());
        says_something.then_some(at)
    }
}

/// What a plan can change access to.
pub(super) fn places<'a>(space: &Space<'a>) -> Places<'a> {
    let touched = Touched::of(space);
    let Some(tree) = space.before.tree.as_ref().filter(|_| !touched.0.is_empty()) else {
        return Places::default();
    };
    let mut found = ContentWalk { touched: &touched, tree, places: Places::default(), known: HashSet::new() };
    let mut seen = BTreeSet::new();
    for page in touched.0.keys() {
        let above = tree.chain(*page);
        if !above.ancestors.iter().any(|node| touched.0.contains_key(&node.id)) {
            let way = above.ancestors.first().map_or_else(Vec::new, |parent| found.down_to(parent.id));
            found.walk(*page, &way, &mut seen);
        }
    }
    // What hangs under something unseen may hang under any of them; blog posts hang under nothing, and nothing under them.
    let is_post = |page: &ContentId| tree.get(*page).is_some_and(|node| node.kind == ContentKind::Blogpost);
    for top in tree.adrift().filter(|top| top.kind != ContentKind::Blogpost) {
        for page in
            touched.0.keys().filter(|page| !is_post(page)).filter(|page| **page != top.id).take(PLACES)
        {
            if tree.chain(*page).ancestors.iter().all(|node| node.id != top.id) {
                let way = found.down_to(*page);
                found.walk(top.id, &way, &mut BTreeSet::new());
            }
        }
    }
    found.places
}

struct ContentWalk<'f, 'a> {
    touched: &'f Touched<'a>,
    tree: &'a Tree,
    places: Places<'a>,
    known: HashSet<(Vec<usize>, Option<usize>, bool)>,
}

impl<'a> ContentWalk<'_, 'a> {
    fn list(&mut self, node: &'a Content, list: PageList) -> Option<usize> {
        Some(self.places.lists.number(self.touched.list(node, list)?))
    }

    /// The view lists from the top down to a page, with its own.
    fn down_to(&mut self, page: ContentId) -> Vec<usize> {
        let chain = self.tree.chain(page);
        let nodes: Vec<&Content> = chain.ancestors.iter().rev().copied().chain(self.tree.get(page)).collect();
        nodes.into_iter().filter_map(|node| self.list(node, PageList::View)).collect()
    }

    fn walk(&mut self, top: ContentId, above: &[usize], seen: &mut BTreeSet<ContentId>) {
        let mut waiting: Vec<(ContentId, Vec<usize>)> = vec![(top, above.to_vec())];
        while let Some((id, mut way)) = waiting.pop() {
            let Some(node) = self.tree.get(id).filter(|_| seen.insert(id)) else { continue };
            let own = self.list(node, PageList::View);
            let edit = self.list(node, PageList::Edit);
            way.extend(own.filter(|list| !way.contains(list)));
            self.place(node, way.clone(), edit);
            // Whether lists above an archived page count for it is not documented.
            if node.archived && self.touched.0.contains_key(&id) {
                self.place(node, Vec::from_iter(own), edit);
            }
            waiting.extend(self.tree.children(id).map(|child| (child.id, way.clone())));
        }
    }

    fn place(&mut self, content: &'a Content, views: Vec<usize>, edit: Option<usize>) {
        if self.known.insert((views.clone(), edit, content.kind == ContentKind::Blogpost)) {
            self.places.places.push(GatedPlace { content, views, edit });
        }
    }
}
