//! Lists and chains of lists as sets of principals, each distinct one made once and shared.
//!
//! A page is seen by those that all the view lists from its own to the topmost let through. Most pages of a
//! site have no list, and those that have one share it with many; so pages carry the number of a chain,
//! and the sets grow with the distinct chains alone.

use std::collections::{BTreeSet, HashMap};

use super::engine::Engine;
use super::gates::{ListState, lists_above_may_not_count};
use super::reach::Reach;
use crate::model::{Content, ContentId, Members, PageList, Tree};

/// A distinct list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ListId(u32);

/// A distinct set of lists that all must let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ChainId(u32);

impl ListId {
    pub(super) const OPEN: Self = Self(0);
    /// A list that could not be read, or a hidden ancestor: perhaps everyone, surely none.
    const UNREAD: Self = Self(1);
}

impl ChainId {
    pub(super) const OPEN: Self = Self(0);
}

/// The distinct lists and chains met so far.
#[derive(Debug)]
pub(super) struct Chains<'e, 'a> {
    engine: &'e Engine<'a>,
    by_members: HashMap<&'a Members, ListId>,
    /// `None` lets everyone through.
    lists: Vec<Option<Reach>>,
    by_lists: HashMap<BTreeSet<ListId>, ChainId>,
    steps: HashMap<(ChainId, ListId), ChainId>,
    /// The same lists above an archived page, where it is not documented whether they count.
    doubted: HashMap<ListId, ListId>,
    sets: Vec<(BTreeSet<ListId>, Option<Reach>)>,
}

impl<'e, 'a> Chains<'e, 'a> {
    pub(super) fn new(engine: &'e Engine<'a>) -> Self {
        Self {
            engine,
            by_members: HashMap::new(),
            lists: vec![None, Some(engine.everyone().doubted())],
            by_lists: HashMap::from([(BTreeSet::new(), ChainId::OPEN)]),
            steps: HashMap::new(),
            doubted: HashMap::new(),
            sets: vec![(BTreeSet::new(), None)],
        }
    }

    /// The number of a page's own list.
    pub(super) fn list(&mut self, content: &'a Content, list: PageList) -> ListId {
        match ListState::of(content, list) {
            ListState::Unread(_) => ListId::UNREAD,
            ListState::Open => ListId::OPEN,
            ListState::Only(members) => self.intern(members),
        }
    }

    fn intern(&mut self, members: &'a Members) -> ListId {
        if let Some(list) = self.by_members.get(members) {
            return *list;
        }
        let list = ListId(number(self.lists.len()));
        self.lists.push(Some(self.engine.listed(members)));
        self.by_members.insert(members, list);
        list
    }

    /// The chain of a page with this list under a chain.
    fn below(&mut self, chain: ChainId, list: ListId) -> ChainId {
        if list == ListId::OPEN || self.sets[index(chain.0)].0.contains(&list) {
            return chain;
        }
        if let Some(step) = self.steps.get(&(chain, list)) {
            return *step;
        }
        let (lists, reach) = &self.sets[index(chain.0)];
        let lists: BTreeSet<ListId> = lists.iter().copied().chain([list]).collect();
        let next = if let Some(next) = self.by_lists.get(&lists) {
            *next
        } else {
            let reach = both(reach.as_ref(), self.lists[index(list.0)].as_ref());
            let next = ChainId(number(self.sets.len()));
            self.by_lists.insert(lists.clone(), next);
            self.sets.push((lists, reach));
            next
        };
        self.steps.insert((chain, list), next);
        next
    }

    /// The chain of an archived page under a chain: its lists let through the people they name, and perhaps all others.
    fn perhaps(&mut self, chain: ChainId) -> ChainId {
        let lists: Vec<ListId> = self.sets[index(chain.0)].0.iter().copied().collect();
        lists.into_iter().fold(ChainId::OPEN, |chain, list| {
            let doubted = self.doubted(list);
            self.below(chain, doubted)
        })
    }

    fn doubted(&mut self, list: ListId) -> ListId {
        if let Some(doubted) = self.doubted.get(&list) {
            return *doubted;
        }
        let doubted = ListId(number(self.lists.len()));
        let mut reach = self.lists[index(list.0)].clone().unwrap_or_default();
        reach.or(&self.everyone().doubted());
        self.lists.push(Some(reach));
        self.doubted.insert(list, doubted);
        doubted
    }

    /// The chain of each row of a layout.
    pub(super) fn of(&mut self, layout: &Layout<'a>) -> Vec<ChainId> {
        let mut chains: Vec<ChainId> = Vec::with_capacity(layout.rows.len());
        // In the end, since what is below counts all lists above.
        let mut archived = Vec::new();
        for row in &layout.rows {
            let above = match row.parent {
                Above::Space => ChainId::OPEN,
                Above::Row(parent) => chains[parent],
                Above::Hidden => self.below(ChainId::OPEN, ListId::UNREAD),
            };
            let own = self.list(row.content, PageList::View);
            chains.push(self.below(above, own));
            if lists_above_may_not_count(row.content).is_some() {
                let above = self.perhaps(above);
                archived.push((chains.len() - 1, self.below(above, own)));
            }
        }
        for (row, chain) in archived {
            chains[row] = chain;
        }
        chains
    }

    /// Those of a set that the chain lets through.
    pub(super) fn through(&self, chain: ChainId, reach: &Reach) -> Reach {
        self.sets[index(chain.0)].1.as_ref().map_or_else(|| reach.clone(), |only| reach.and(only))
    }

    /// Those of a set that the list lets through.
    pub(super) fn on(&self, list: ListId, reach: &Reach) -> Reach {
        self.lists[index(list.0)].as_ref().map_or_else(|| reach.clone(), |only| reach.and(only))
    }

    pub(super) const fn engine(&self) -> &'e Engine<'a> {
        self.engine
    }

    /// All parties there are.
    pub(super) fn everyone(&self) -> Reach {
        self.lists[index(ListId::UNREAD.0)].as_ref().map(|reach| Reach::sure(reach.any())).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn distinct(&self) -> usize {
        self.sets.len()
    }
}

fn both(one: Option<&Reach>, other: Option<&Reach>) -> Option<Reach> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.and(other)),
        (Some(only), None) | (None, Some(only)) => Some(only.clone()),
        (None, None) => None,
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn index(number: u32) -> usize {
    number as usize
}

/// A page tree written down in order, each page before what is below it, so that a subtree is a range.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) rows: Vec<ContentRow<'a>>,
}

#[derive(Debug)]
pub(super) struct ContentRow<'a> {
    pub(super) content: &'a Content,
    pub(super) parent: Above,
    /// The row after the last one below this.
    pub(super) end: usize,
}

/// What stands directly above a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Above {
    Space,
    Row(usize),
    /// Content that is not in the tree.
    Hidden,
}

impl<'a> Layout<'a> {
    pub(super) fn of(tree: &'a Tree) -> Self {
        let mut layout = Self { rows: Vec::with_capacity(tree.iter().len()) };
        let mut placed: BTreeSet<ContentId> = BTreeSet::new();
        for root in tree.roots() {
            layout.place(tree, root, Above::Space, &mut placed);
        }
        for content in tree.iter().filter(|content| tree.is_adrift(content)) {
            layout.place(tree, content, Above::Hidden, &mut placed);
        }
        // What is left runs in a circle.
        if placed.len() < tree.iter().len() {
            for content in tree.iter() {
                layout.place(tree, content, Above::Hidden, &mut placed);
            }
        }
        layout
    }

    fn place(&mut self, tree: &'a Tree, top: &'a Content, above: Above, placed: &mut BTreeSet<ContentId>) {
        let mut waiting = vec![(top, above)];
        let first = self.rows.len();
        while let Some((content, parent)) = waiting.pop() {
            if !placed.insert(content.id) {
                continue;
            }
            let row = self.rows.len();
            self.rows.push(ContentRow { content, parent, end: row + 1 });
            let from = waiting.len();
            waiting.extend(tree.children(content.id).map(|child| (child, Above::Row(row))));
            waiting[from..].reverse();
        }
        for row in (first..self.rows.len()).rev() {
            if let Above::Row(parent) = self.rows[row].parent {
                self.rows[parent].end = self.rows[parent].end.max(self.rows[row].end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Parent;

    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{
        Audience, Caller, ContentKind, Edition, Flavor, Known, Live, Restrictions, Site, SpaceRoleMode, Truth,
    };

    fn empty_site() -> Live {
        let caller = Caller {
            account: "me".parse().unwrap(),
            name: "".into(),
            groups: Known::Known(BTreeSet::new()),
            administers_site: Truth::Unknown,
        };
        let site = Site {
            flavor: Flavor::Cloud,
            base_url: "".into(),
            cloud_id: None,
            edition: Edition::Standard,
            mode: SpaceRoleMode::PreRoles,
            anonymous_access: Known::Known(false),
            caller,
        };
        Live::of(site)
    }

    /// Pages as (number, parent, view list).
    fn tree(pages: &[(u64, u64, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (page, parent, view) in pages {
            let subjects = view.split_whitespace().map(|subject| subject.parse().unwrap());
            tree.insert(Content {
                archived: false,
                id: ContentId::from_number(*page),
                kind: ContentKind::Page,
                title: "P".into(),
                parent: match parent {
                    0 => Parent::Space,
                    parent => Parent::Content(ContentId::from_number(*parent)),
                },
                restrictions: Known::Known(Restrictions {
                    view: Audience::from_site_list(subjects),
                    edit: Audience::Anyone,
                }),
            });
        }
        tree
    }

    #[test]
    fn pages_that_demand_the_same_share_a_chain() {
        let live = empty_site();
        let engine = Engine::new(&live);
        let mut chains = Chains::new(&engine);
        let tree = tree(&[
            (1, 0, "user:a"),
            (2, 1, ""),
            (3, 1, "user:b"),
            (4, 3, "user:a"),
            (5, 0, "user:b"),
            (6, 5, "user:a"),
            (7, 0, ""),
        ]);
        let layout = Layout::of(&tree);
        let of: BTreeMap<u64, ChainId> =
            layout.rows.iter().map(|row| row.content.id.number()).zip(chains.of(&layout)).collect();
        assert_eq!(of[&1], of[&2], "inherited");
        assert_eq!(of[&3], of[&4], "repeated");
        assert_eq!(of[&3], of[&6], "in another order");
        assert_eq!(of[&7], ChainId::OPEN);
        assert_eq!(chains.distinct(), 4);
    }

    #[test]
    fn a_subtree_is_a_range_and_a_circle_ends() {
        let tree =
            tree(&[(1, 0, ""), (2, 1, ""), (3, 2, ""), (4, 1, ""), (5, 99, ""), (6, 7, ""), (7, 6, "")]);
        let rows: Vec<(u64, usize)> =
            Layout::of(&tree).rows.iter().map(|row| (row.content.id.number(), row.end)).collect();
        assert_eq!(rows, [(1, 4), (2, 3), (3, 3), (4, 4), (5, 5), (6, 7), (7, 7)]);
    }
}
