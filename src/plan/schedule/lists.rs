//! The lists of pages that calls change, as gates for many principals at once. Lists that one call changes from the same
//! to the same are alike: what is found at one of them is found at each, with another call.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ContentId, PageList};

use super::atoms::Singles;
use super::gates::Gate;
use super::goals::{ByText, Goals};
use super::literals::Literals;
use super::space::PageCalls;
use super::touched::Principals;

/// A list, by its page.
pub(super) type MovingListId = (ContentId, PageList);

/// The lists of a space that calls change.
pub(super) struct MovingLists<'a> {
    all: BTreeMap<MovingListId, MovingList<'a>>,
    /// For the first of those that are alike.
    literals: BTreeMap<MovingListId, Literals>,
    principals: &'a Principals,
    singles: &'a Singles,
}

struct MovingList<'a> {
    /// What it says at first, and after each call.
    says: Vec<ByText<'a>>,
    calls: Vec<usize>,
    /// The first that is like it.
    like: MovingListId,
}

impl<'a> MovingLists<'a> {
    pub(super) fn of(
        goals: &Goals<'a>,
        pages: &PageCalls<'a>,
        principals: &'a Principals,
        singles: &'a Singles,
    ) -> Self {
        let mut lists = Self { all: BTreeMap::new(), literals: BTreeMap::new(), principals, singles };
        let mut firsts: BTreeMap<Vec<ByText<'a>>, MovingListId> = BTreeMap::new();
        for &(page, list, at_first) in goals.all.iter().flat_map(|goal| &goal.moving) {
            let id = (page, list);
            if lists.all.contains_key(&id) {
                continue;
            }
            let of_page = pages.get(&page).map_or(&[][..], Vec::as_slice);
            let then = of_page.iter().map(|(_, lists)| lists.audience(list));
            let says: Vec<ByText<'a>> = std::iter::once(at_first).chain(then).map(ByText).collect();
            let calls: Vec<usize> = of_page.iter().map(|(call, _)| *call).collect();
            let like = if calls.len() == 1 { *firsts.entry(says.clone()).or_insert(id) } else { id };
            lists.all.insert(id, MovingList { says, calls, like });
            if like == id {
                let literals = lists.build(id);
                lists.literals.insert(id, literals);
            }
        }
        lists
    }

    /// The first list that is like this one.
    pub(super) fn like(&self, id: MovingListId) -> MovingListId {
        self.all[&id].like
    }

    pub(super) fn calls(&self, id: MovingListId) -> &[usize] {
        &self.all[&id].calls
    }

    /// The gate that a list is.
    pub(super) fn itself(&self, id: MovingListId) -> Cow<'_, Literals> {
        self.literals.get(&id).map_or_else(|| Cow::Owned(self.build(id)), Cow::Borrowed)
    }

    /// The same with the calls of the first that is like it.
    pub(super) fn alike(&self, id: MovingListId) -> &Literals {
        &self.literals[&self.like(id)]
    }

    fn build(&self, id: MovingListId) -> Literals {
        let Self { principals, singles, .. } = self;
        let MovingList { says, calls, .. } = &self.all[&id];
        let gate = |atom: &[usize]| {
            let passes: Vec<bool> = says.iter().map(|list| principals.passes(atom, list.0)).collect();
            Gate::of_list(id.0, &passes, calls)
        };
        let listed: BTreeSet<usize> = says
            .iter()
            .flat_map(|list| list.0.subjects())
            .filter_map(|subject| principals.place(&subject.clone().into()))
            .collect();
        let those: BTreeSet<usize> = listed.iter().flat_map(|place| &singles.at[*place]).copied().collect();
        let each = those.into_iter().map(|number| (number, gate(singles.atoms[number].places())));
        Literals::of(singles.atoms.len(), gate(&[]), each)
    }
}
