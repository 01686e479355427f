//! Many pages, few lines.

use std::collections::{BTreeMap, HashMap};

use roaring::RoaringBitmap;

use super::Place;
use super::delta::PartitionRefinement;
use super::people::{PeopleId, PeopleSets};
use crate::access::chains::{Above, Layout};

/// Pages with everything below them that changes alike: rows of a layout, in order, the first above the
/// others.
pub(super) type Top = Vec<usize>;

/// Pages of one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) place: Place,
    pub(super) rows: Vec<usize>,
}

/// Pages to which something happens, each with its class, and the people concerned on the pages of a class.
#[derive(Default)]
pub(super) struct TouchedPages {
    rows: Vec<(usize, usize)>,
    people: HashMap<usize, RoaringBitmap>,
}

impl TouchedPages {
    /// Each class must come once.
    pub(super) fn add(&mut self, class: usize, rows: &[usize], people: RoaringBitmap) {
        if !people.is_empty() {
            self.rows.extend(rows.iter().map(|row| (*row, class)));
            self.people.insert(class, people);
        }
    }
}

/// What of a page class happens to all, to some, or to none of some people.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HowMany {
    All,
    Some,
    None,
}

/// People, and the classes of what happens to them.
type AlikeBelow = (PeopleId, Vec<usize>);

/// The pages above a page to which something happens, as far as they matter for the people.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct PathId(usize);

/// The tops of touched pages, found from the pages and not from the people: to most people the same happens, and what
/// happens to few differs from page to page.
struct Tops<'t> {
    people: HashMap<usize, RoaringBitmap>,
    sets: &'t mut PeopleSets,
    /// Those concerned on each path.
    paths: Vec<RoaringBitmap>,
    steps: HashMap<(PathId, usize), PathId>,
    first: HashMap<(PathId, usize), Option<PeopleId>>,
    shares: HashMap<(PeopleId, usize), HowMany>,
    /// The parts of people by the classes that happen to some of them.
    parts: HashMap<(PeopleId, Vec<usize>), Vec<AlikeBelow>>,
}

/// For each set of people the pages that change for all of them, each with those below it that do too. A page takes up
/// what is below it.
pub(super) fn tops(
    TouchedPages { mut rows, people }: TouchedPages,
    layout: &Layout<'_>,
    sets: &mut PeopleSets,
) -> BTreeMap<PeopleId, Vec<Top>> {
    rows.sort_unstable();
    let mut tops = Tops {
        people,
        sets,
        paths: vec![RoaringBitmap::new()],
        steps: HashMap::new(),
        first: HashMap::new(),
        shares: HashMap::new(),
        parts: HashMap::new(),
    };
    let mut found: BTreeMap<PeopleId, Vec<Top>> = BTreeMap::new();
    let mut above: Vec<(usize, PathId)> = Vec::new();
    for (nth, &(row, class)) in rows.iter().enumerate() {
        let end = layout.rows[row].end;
        let below = &rows[nth + 1..];
        let below = &below[..below.partition_point(|(row, _)| *row < end)];
        while above.last().is_some_and(|(end, _)| *end <= row) {
            above.pop();
        }
        let path = above.last().map_or(PathId(0), |(_, path)| *path);
        if !below.is_empty() {
            above.push((end, tops.step(path, class)));
        }
        if let Some(people) = tops.first(path, class) {
            for (people, top) in tops.with_below((row, class), people, below) {
                found.entry(people).or_default().push(top);
            }
        }
    }
    found
}

impl Tops<'_> {
    /// The path to what is below a page.
    fn step(&mut self, path: PathId, class: usize) -> PathId {
        *self.steps.entry((path, class)).or_insert_with(|| {
            let more = &self.people[&class];
            if more.is_subset(&self.paths[path.0]) {
                return path;
            }
            self.paths.push(&self.paths[path.0] | more);
            PathId(self.paths.len() - 1)
        })
    }

    /// Those concerned here and by nothing above.
    fn first(&mut self, path: PathId, class: usize) -> Option<PeopleId> {
        *self
            .first
            .entry((path, class))
            .or_insert_with(|| self.sets.find(&self.people[&class] - &self.paths[path.0]))
    }

    /// These people, told apart by what happens below the page, with the pages.
    fn with_below(
        &mut self,
        (row, class): (usize, usize),
        people: PeopleId,
        below: &[(usize, usize)],
    ) -> Vec<(PeopleId, Top)> {
        let mut top = vec![row];
        let mut of_some: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &(row, class) in below {
            match self.share(people, class) {
                HowMany::All => top.push(row),
                HowMany::Some => of_some.entry(class).or_default().push(row),
                HowMany::None => {}
            }
        }
        if of_some.is_empty() {
            return vec![(people, top)];
        }
        let parts = self.parts(people, class, of_some.keys().copied().collect());
        let of_part = |(people, classes): &AlikeBelow| {
            let rows = classes.iter().filter_map(|class| of_some.get(class)).flatten();
            let mut top: Top = top.iter().chain(rows).copied().collect();
            top.sort_unstable();
            (*people, top)
        };
        parts.iter().map(of_part).collect()
    }

    fn share(&mut self, people: PeopleId, class: usize) -> HowMany {
        *self.shares.entry((people, class)).or_insert_with(|| {
            let people = self.sets.parties(people);
            match people.intersection_len(&self.people[&class]) {
                0 => HowMany::None,
                all if all == people.len() => HowMany::All,
                _ => HowMany::Some,
            }
        })
    }

    /// People of one class, told apart by others.
    fn parts(&mut self, people: PeopleId, class: usize, by: Vec<usize>) -> &[AlikeBelow] {
        let Self { people: of_class, sets, parts, .. } = self;
        parts.entry((people, by)).or_insert_with_key(|(people, by)| {
            let mut refinement = PartitionRefinement::new();
            let people = sets.parties(*people).clone();
            refinement.mark(&class, &people);
            for class in by {
                refinement.mark(class, &(&of_class[class] & &people));
            }
            let parts = refinement.classes().into_iter();
            parts.filter_map(|(people, classes)| Some((sets.find(people)?, classes))).collect()
        })
    }
}

/// Siblings become one line under their parent; pages at the top of the space, and those whose parent is
/// hidden, one line for the space.
pub(super) fn siblings(tops: &[Top], layout: &Layout<'_>) -> Vec<Fold> {
    let mut by_parent: BTreeMap<Above, Vec<&Top>> = BTreeMap::new();
    for top in tops {
        by_parent.entry(layout.rows[top[0]].parent).or_default().push(top);
    }
    let mut folds: Vec<Fold> = by_parent
        .into_iter()
        .map(|(parent, tops)| {
            let place = match (parent, tops.as_slice()) {
                (_, [only]) => Place::From { content: layout.rows[only[0]].content.id },
                (Above::Row(parent), _) => Place::Under { content: layout.rows[parent].content.id },
                (Above::Space | Above::Hidden, _) => Place::Space,
            };
            Fold { place, rows: tops.into_iter().flatten().copied().collect() }
        })
        .collect();
    folds.sort_by_key(|fold| fold.rows.first().copied());
    folds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Audience, Content, ContentId, ContentKind, Known, Parent, Restrictions, Tree};

    const ROWS: usize = 9;

    /// Pages below each other; the parent of each is one before it, or the space.
    fn tree(parents: &[usize]) -> Tree {
        let mut tree = Tree::default();
        for (page, parent) in (1_u64..).zip(parents) {
            let parent = *parent as u64 % page;
            tree.insert(Content {
                archived: false,
                id: ContentId::from_number(page),
                kind: ContentKind::Page,
                title: "P".into(),
                parent: if parent == 0 {
                    Parent::Space
                } else {
                    Parent::Content(ContentId::from_number(parent))
                },
                restrictions: Known::Known(Restrictions { view: Audience::Anyone, edit: Audience::Anyone }),
            });
        }
        tree
    }

    /// The tops of one person.
    fn of_person(rows: &[usize], layout: &Layout<'_>) -> Vec<Top> {
        let mut tops: Vec<Top> = Vec::new();
        for &row in rows {
            match tops.last_mut() {
                Some(top) if row < layout.rows[top[0]].end => top.push(row),
                _ => tops.push(vec![row]),
            }
        }
        tops
    }

    proptest! {
        #[test]
        fn tops_are_those_of_each_person(
            parents in proptest::collection::vec(0..ROWS, ROWS),
            classes in proptest::collection::vec(0..5_usize, ROWS),
            people in proptest::collection::vec(proptest::collection::btree_set(0..6_u32, 0..6), 5),
        ) {
            let tree = tree(&parents);
            let layout = Layout::of(&tree);
            let mut touched = TouchedPages::default();
            for (class, people) in people.iter().enumerate() {
                let rows: Vec<usize> = (0..ROWS).filter(|row| classes[*row] == class).collect();
                touched.add(class, &rows, people.iter().collect());
            }
            let mut sets = PeopleSets::default();
            let found: BTreeMap<Vec<u32>, Vec<Top>> = tops(touched, &layout, &mut sets)
                .into_iter()
                .map(|(id, tops)| (sets.parties(id).iter().collect(), tops))
                .collect();

            let mut by_top: BTreeMap<Top, Vec<u32>> = BTreeMap::new();
            for person in 0..6 {
                let rows: Vec<usize> = (0..ROWS).filter(|row| people[classes[*row]].contains(&person)).collect();
                for top in of_person(&rows, &layout) {
                    by_top.entry(top).or_default().push(person);
                }
            }
            let mut expected: BTreeMap<Vec<u32>, Vec<Top>> = BTreeMap::new();
            for (top, people) in by_top {
                expected.entry(people).or_default().push(top);
            }
            prop_assert_eq!(found, expected);
        }
    }
}
