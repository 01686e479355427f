//! Who joins lists that restrict content, once everything else has decided what the lists are.

use std::collections::{BTreeMap, BTreeSet};

use super::{ContentId, PageList, Subject, Wanted};

/// What the `also-view` and `also-edit` of one place come to. They open and close nothing: an open list stays open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    pub reach: JoinReach,
    /// By the list that they join. Editing needs viewing, so `also-edit` is among both.
    pub who: BTreeMap<PageList, BTreeMap<Subject, Wanted<()>>>,
}

/// The content whose restricted lists are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinReach {
    /// What an entry of `pages` means.
    Content(BTreeSet<ContentId>),
    /// All of the space: `restricted-pages`.
    Everything,
}

/// All of a space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joins(pub Vec<Join>);

impl Joins {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an entry of `pages` means this content.
    pub fn names(&self, content: ContentId) -> bool {
        self.0.iter().any(|join| matches!(&join.reach, JoinReach::Content(named) if named.contains(&content)))
    }

    /// Whether the lists of this content are joined, if they restrict it.
    pub fn reaches(&self, content: ContentId) -> bool {
        self.0.iter().any(|join| join.reach.has(content))
    }

    /// Those who are to be on a list if it restricts this content, and those whose time on it is over, each with the
    /// first place that says so. What goes on counts, where one place gives what has ended in another.
    pub fn on(&self, content: ContentId, list: PageList) -> BTreeMap<&Subject, &Wanted<()>> {
        let mut all: BTreeMap<&Subject, &Wanted<()>> = BTreeMap::new();
        let here = self.0.iter().filter(|join| join.reach.has(content));
        for (subject, wanted) in here.filter_map(|join| join.who.get(&list)).flatten() {
            let first = all.entry(subject).or_insert(wanted);
            if first.is_over() && !wanted.is_over() {
                *first = wanted;
            }
        }
        all
    }

    /// Those who are to be on a list if it restricts this content.
    pub fn onto(&self, content: ContentId, list: PageList) -> impl Iterator<Item = (&Subject, &Wanted<()>)> {
        self.on(content, list).into_iter().filter(|(_, wanted)| !wanted.is_over())
    }
}

impl JoinReach {
    /// Whether it surely means nothing that is there.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Content(named) if named.is_empty())
    }

    fn has(&self, content: ContentId) -> bool {
        match self {
            Self::Content(named) => named.contains(&content),
            Self::Everything => true,
        }
    }
}
