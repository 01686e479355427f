//! The content to which access may change: one goal for all pages about which the same lists decide.
//!
//! Below every page there may be something that was not read, such as a folder with no page in it, and it has no
//! list of its own that would be known to close. So what a page's own edit list decides about is a goal beside all
//! that the way to the page decides about, and not in its place.
//!
//! A page under something that was not read, such as a draft, may stand below any other. So it is a
//! goal once for each place that it may have below a page that calls touch, and the order suits all of them.
//! Whether the lists above an archived page count for it is not documented, so it is a goal with them and one without.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::model::{Audience, Content, ContentId, ContentKind, Known, PageList, Tree};

use super::space::{PageCalls, Space};

/// Content to which access may change, with all lists that decide about some ways to use it.
#[derive(Debug)]
pub(super) struct ContentGoal<'a> {
    pub(super) page: ContentId,
    pub(super) kind: ContentKind,
    /// Whether the edit list of the content is among the lists.
    pub(super) edit_list: bool,
    /// The lists that stay as they are.
    pub(super) still: Rc<BTreeSet<ByText<'a>>>,
    /// The lists that calls change, with what they say before.
    pub(super) moving: Vec<(ContentId, PageList, &'a Audience)>,
}

/// A list, the same as any other that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ByText<'a>(pub(super) &'a Audience);

/// The goals of a space.
#[derive(Debug, Default)]
pub(super) struct Goals<'a> {
    pub(super) all: Vec<ContentGoal<'a>>,
}

/// The view lists on the way to a page that do or will say something.
#[derive(Clone, Default)]
struct ListsAbove<'a> {
    still: Rc<BTreeSet<ByText<'a>>>,
    moving: Rc<BTreeMap<ContentId, &'a Audience>>,
}

/// What makes goals the same: posts take other permissions than the rest.
type Sameness<'a> = (Vec<(ContentId, PageList)>, Rc<BTreeSet<ByText<'a>>>, bool, bool);

impl<'a> Goals<'a> {
    /// One goal for each distinct set of lists: pages that share all lists share all conflicts. Only what
    /// stands at or below a page that calls touch is looked at, and each page once. `None` if there are more than `most`.
    pub(super) fn of(space: &Space<'a>, pages: &PageCalls<'_>, most: usize) -> Option<Self> {
        let Some(tree) = space.before.tree.as_ref().filter(|_| !pages.is_empty()) else {
            return Some(Self::default());
        };
        let mut found: BTreeMap<Sameness<'a>, ContentGoal<'a>> = BTreeMap::new();
        let mut seen: BTreeSet<ContentId> = BTreeSet::new();
        for top in pages.keys().filter_map(|page| tree.get(*page)) {
            let chain = tree.chain(top.id);
            if chain.ancestors.iter().any(|above| pages.contains_key(&above.id)) {
                continue;
            }
            let mut above = ListsAbove::default();
            for ancestor in chain.ancestors.iter().rev() {
                above = above.with(ancestor, pages);
            }
            let mut waiting = vec![(top, above)];
            while let Some((node, above)) = waiting.pop() {
                if !seen.insert(node.id) {
                    continue;
                }
                let here = above.with(node, pages);
                add(node, &here, pages, &mut found);
                if node.archived && pages.contains_key(&node.id) {
                    add(node, &ListsAbove::default().with(node, pages), pages, &mut found);
                }
                waiting.extend(tree.children(node.id).map(|child| (child, here.clone())));
            }
        }
        add_adrift(tree, pages, most, &mut found);
        (found.len() <= most).then(|| Self { all: found.into_values().collect() })
    }

    /// Every list that decides about a goal before anything is done.
    pub(super) fn audiences(&self) -> impl Iterator<Item = &'a Audience> + '_ {
        self.all.iter().flat_map(|goal| {
            let still = goal.still.iter().map(|list| list.0);
            still.chain(goal.moving.iter().map(|(.., audience)| *audience))
        })
    }

    /// The largest number of lists that stand before any content.
    pub(super) fn longest(&self) -> usize {
        self.all.iter().map(|goal| goal.still.len() + goal.moving.len()).max().unwrap_or(0)
    }
}

impl<'a> ListsAbove<'a> {
    fn with(mut self, node: &'a Content, pages: &PageCalls<'_>) -> Self {
        let Known::Known(own) = &node.restrictions else { return self };
        if pages.contains_key(&node.id) {
            Rc::make_mut(&mut self.moving).insert(node.id, &own.view);
        } else if !own.view.is_anyone() && !self.still.contains(&ByText(&own.view)) {
            Rc::make_mut(&mut self.still).insert(ByText(&own.view));
        }
        self
    }

    /// What stands in either.
    fn and(mut self, other: &Self) -> Self {
        Rc::make_mut(&mut self.still).extend(other.still.iter().copied());
        Rc::make_mut(&mut self.moving).extend(other.moving.iter().map(|(&page, &list)| (page, list)));
        self
    }
}

/// A place below a page that calls touch.
struct PossiblePlace<'a> {
    above: ListsAbove<'a>,
    nodes: BTreeSet<ContentId>,
    /// What it stands below that is adrift itself.
    adrift: Option<&'a Content>,
}

/// What is adrift may stand below each page that calls touch, and, where that one is adrift itself, below another as
/// well. Where no list of its own changes, nothing more can be noticed there than at that page.
fn add_adrift<'a>(
    tree: &'a Tree,
    pages: &PageCalls<'_>,
    most: usize,
    found: &mut BTreeMap<Sameness<'a>, ContentGoal<'a>>,
) {
    let place = |page: &ContentId| {
        let chain = tree.chain(*page);
        let nodes = || chain.ancestors.iter().rev().copied().chain(tree.get(*page));
        PossiblePlace {
            above: nodes().fold(ListsAbove::default(), |above, node| above.with(node, pages)),
            nodes: nodes().map(|node| node.id).collect(),
            adrift: chain.missing.and_then(|_| nodes().next()),
        }
    };
    // Blog posts hang under nothing, and nothing under them.
    let may_hold = |page: &&ContentId| tree.get(**page).is_none_or(|node| node.kind != ContentKind::Blogpost);
    let places: Vec<PossiblePlace<'_>> = pages.keys().filter(may_hold).map(place).collect();
    let tops: BTreeMap<ContentId, &Content> =
        places.iter().filter_map(|place| place.adrift).map(|top| (top.id, top)).collect();
    for top in tops.into_values() {
        // Nothing stands below itself.
        let elsewhere = || places.iter().filter(|place| !place.nodes.contains(&top.id));
        for place in elsewhere() {
            let higher = elsewhere()
                .filter(|_| place.adrift.is_some())
                .map(|other| other.above.clone().and(&place.above));
            for above in std::iter::once(place.above.clone()).chain(higher) {
                let mut waiting = vec![(top, above, false)];
                while let Some((node, above, is_touched)) = waiting.pop() {
                    if found.len() > most {
                        return;
                    }
                    let here = above.with(node, pages);
                    let is_touched = is_touched || pages.contains_key(&node.id);
                    if is_touched {
                        add(node, &here, pages, found);
                    }
                    waiting.extend(tree.children(node.id).map(|child| (child, here.clone(), is_touched)));
                }
            }
        }
    }
}

fn add<'a>(
    node: &'a Content,
    views: &ListsAbove<'a>,
    pages: &PageCalls<'_>,
    found: &mut BTreeMap<Sameness<'a>, ContentGoal<'a>>,
) {
    let moving: Vec<(ContentId, PageList, &Audience)> =
        views.moving.iter().map(|(&page, &audience)| (page, PageList::View, audience)).collect();
    let mut goal =
        |edit_list, moving: Vec<(ContentId, PageList, &'a Audience)>, still: &Rc<BTreeSet<ByText<'a>>>| {
            let names = moving.iter().map(|&(page, list, _)| (page, list)).collect();
            let sameness = (names, Rc::clone(still), edit_list, node.kind == ContentKind::Blogpost);
            let still = Rc::clone(still);
            found.entry(sameness).or_insert(ContentGoal {
                page: node.id,
                kind: node.kind,
                edit_list,
                still,
                moving,
            });
        };
    if let Known::Known(own) = &node.restrictions {
        let calls = pages.get(&node.id).map_or(&[][..], Vec::as_slice);
        if calls.iter().any(|(_, lists)| lists.edit != own.edit) {
            let edits = moving.iter().copied().chain([(node.id, PageList::Edit, &own.edit)]).collect();
            goal(true, edits, &views.still);
        } else if !own.edit.is_anyone() {
            let mut still = Rc::clone(&views.still);
            if !still.contains(&ByText(&own.edit)) {
                Rc::make_mut(&mut still).insert(ByText(&own.edit));
            }
            goal(true, moving.clone(), &still);
        }
    }
    goal(false, moving, &views.still);
}
