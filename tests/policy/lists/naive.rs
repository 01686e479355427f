//! What `docs/pages.md` says becomes of the lists of a page, read word by word: page after page, list after list, and
//! nothing shared with the code that is judged.

use std::collections::BTreeSet;

use super::case::{Case, Entry, Joiners, Leaves, List, Selector, Sort, Who};

/// The lists of all pages, or that the policy contradicts itself about a guest.
pub(crate) fn lists(case: &Case) -> Result<Vec<[List; 2]>, Contradictory> {
    let reading = Reading { case };
    let settled: Vec<[Settled; 2]> = (0..case.parents.len()).map(|page| reading.settled(page)).collect();
    let guests = reading.guests(&settled)?;
    let mut all = Vec::new();
    for (page, lists) in guests.into_iter().enumerate() {
        let mut joined = Vec::new();
        for (list, settled) in lists.into_iter().enumerate() {
            joined.push(reading.joined(page, list, settled)?);
        }
        all.push(<[List; 2]>::try_from(joined).unwrap());
    }
    Ok(all)
}

#[derive(Debug)]
pub(crate) struct Contradictory;

/// The pages of which two labels set the same list, and nothing else does.
pub(crate) fn undecided(case: &Case) -> BTreeSet<usize> {
    let reading = Reading { case };
    let lists = (0..case.parents.len()).flat_map(|page| [(page, 0), (page, 1)]);
    let undecided = lists.filter(|(page, list)| {
        let by_label =
            reading.entries(*page).filter(|(selector, _)| matches!(selector, Selector::Labelled(_)));
        reading.set(*page, *list).is_none()
            && by_label.filter(|(_, entry)| entry.set[*list].is_some()).count() > 1
    });
    undecided.map(|(page, _)| page).collect()
}

/// A list before anyone joins it, and whether an entry of `pages` set it or it is one of those that guests need.
#[derive(Debug, Clone)]
struct Settled {
    list: List,
    declared: bool,
    /// By a label, which gives way to `page-only`.
    by_label: bool,
    /// Whose place on it is not that of a joiner.
    stay: BTreeSet<Who>,
}

struct Reading<'c> {
    case: &'c Case,
}

const VIEW: usize = 0;

impl Reading<'_> {
    fn above(&self, page: usize) -> Vec<usize> {
        std::iter::successors(self.case.parents[page], |above| self.case.parents[*above]).collect()
    }

    /// Patterns mean pages, archived ones too; only an entry that names a post means it.
    fn means(&self, selector: Selector, page: usize) -> bool {
        let is_page = self.case.sorts[page] != Sort::Post;
        match selector {
            Selector::Exact(named) => named == page,
            Selector::Below { top: None, children: false } => is_page,
            Selector::Below { top, children: true } => is_page && self.case.parents[page] == top,
            Selector::Below { top: Some(top), children: false } => self.above(page).contains(&top),
            Selector::Labelled(label) => is_page && self.case.labels[page][label],
        }
    }

    /// "An exact page beats a pattern, and a deeper pattern beats a shallower one." A label stands behind all of them.
    fn specificity(&self, selector: Selector) -> (bool, usize, bool) {
        match selector {
            Selector::Exact(_) => (true, 0, false),
            Selector::Below { top, children } => {
                (false, top.map_or(0, |top| self.above(top).len() + 1), children)
            }
            Selector::Labelled(_) => unreachable!("labels are no places in the tree"),
        }
    }

    /// What the most specific entry sets a list to. What is archived is opened only by an entry that names it.
    fn set(&self, page: usize, list: usize) -> Option<List> {
        let opens_archived = |selector: Selector, set: &List| {
            set.is_none()
                && self.case.sorts[page] == Sort::Archived
                && !matches!(selector, Selector::Exact(_))
        };
        let about =
            self.entries(page).filter_map(|(selector, entry)| Some((selector, entry.set[list].clone()?)));
        let about = about.filter(|(selector, set)| !opens_archived(*selector, set));
        let about = about.filter(|(selector, _)| !matches!(selector, Selector::Labelled(_)));
        about.max_by_key(|(selector, _)| self.specificity(*selector)).map(|(_, set)| set)
    }

    /// "A label decides only about pages that no path, number or pattern sets the same list for", and two of them decide
    /// nothing.
    fn set_by_label(&self, page: usize, list: usize) -> Option<List> {
        let by_label = |entry: &(Selector, &Entry)| matches!(entry.0, Selector::Labelled(_));
        let sets = self.entries(page).filter(by_label).filter_map(|(_, entry)| entry.set[list].clone());
        let sets: Vec<List> = sets.collect();
        <[List; 1]>::try_from(sets).ok().map(|[set]| set)
    }

    fn entries(&self, page: usize) -> impl Iterator<Item = (Selector, &Entry)> {
        let entries = self.case.entries.iter().map(|(selector, entry)| (*selector, entry));
        entries.filter(move |(selector, _)| self.means(*selector, page))
    }

    /// What entries, `absent`, `replace` and `unlisted-pages` make of the lists of a page.
    fn settled(&self, page: usize) -> [Settled; 2] {
        let set = [0, 1].map(|list| {
            let by_place = self.set(page, list);
            let by_label = self.set_by_label(page, list).filter(|_| by_place.is_none());
            (by_label.is_some(), by_place.or(by_label))
        });
        let is_listed = set.iter().any(|(_, set)| set.is_some());
        let is_left = self.case.lists[page].iter().any(|list| self.leaves(list));
        let is_opened = !is_listed && !is_left && self.case.sorts[page] != Sort::Archived;
        let opens = self.case.opens_unlisted && is_opened;
        let mut number = 0..;
        set.map(|(by_label, set)| {
            let now = &self.case.lists[page][number.next().unwrap()];
            let declared = set.is_some();
            let list = match set {
                // To open the list would take those off it who are left as they are.
                Some(None) if self.leaves(now) => now.clone(),
                Some(set) => self.with_kept(set, now),
                None if opens => None,
                None => now.clone().map(|who| self.without_hr(who)),
            };
            Settled { list, declared, by_label, stay: BTreeSet::new() }
        })
    }

    /// Whether one who is left as it is is on a list.
    fn leaves(&self, list: &List) -> bool {
        self.case.hr == Leaves::Left && list.iter().flatten().any(|who| *who == Who::Hr)
    }

    /// Apps manage themselves, and some are left as they are: those that are on a list stay on it.
    fn with_kept(&self, new: List, now: &List) -> List {
        let stays = |who: &Who| *who == Who::App || (*who == Who::Hr && self.case.hr == Leaves::Left);
        let kept = now.iter().flatten().copied().filter(stays);
        new.map(|new| new.into_iter().chain(kept).collect())
    }

    fn without_hr(&self, mut who: BTreeSet<Who>) -> BTreeSet<Who> {
        if matches!(self.case.hr, Leaves::Absent | Leaves::Replaced)
            && who.remove(&Who::Hr)
            && self.case.hr == Leaves::Replaced
        {
            who.insert(Who::Platform);
        }
        who
    }

    fn insiders(&self) -> BTreeSet<Who> {
        let leads = self.case.leads_read.then_some(Who::Leads);
        [Who::Sre, Who::App].into_iter().chain(leads).collect()
    }

    /// What `page-only` makes of the view lists.
    fn guests(&self, settled: &[[Settled; 2]]) -> Result<Vec<[Settled; 2]>, Contradictory> {
        let mut all = settled.to_vec();
        let Some(named) = &self.case.guests else { return Ok(all) };
        let seen: BTreeSet<usize> =
            named.iter().flat_map(|page| self.above(*page)).chain(named.iter().copied()).collect();
        // Parents come first.
        let mut others: Vec<Option<BTreeSet<Who>>> = vec![None; all.len()];
        for page in 0..all.len() {
            let above = self.case.parents[page];
            let is_top = above.is_none_or(|above| seen.contains(&above));
            let is_archived = self.case.sorts[page] == Sort::Archived;
            if !is_top && !is_archived {
                continue;
            }
            // What is archived and hangs below what is closed is closed by a list of its own to all but the insiders.
            let way = above.filter(|_| is_top).and_then(|above| others[above].clone());
            let now = &self.case.lists[page][VIEW];
            let Settled { list, declared, by_label, .. } = all[page][VIEW].clone();
            let new = match (&list, seen.contains(&page)) {
                (None, true) => None,
                (Some(who), true) => Some(who.iter().copied().chain([Who::Partners]).collect()),
                (None, false) => self.with_kept(Some(way.clone().unwrap_or_else(|| self.insiders())), now),
                (Some(who), false) => Some(who.iter().copied().filter(|who| *who != Who::Partners).collect()),
            };
            if new != list && declared && !by_label {
                return Err(Contradictory);
            }
            let joins = self.joining(page, VIEW);
            let (mut stay, insiders) = (BTreeSet::new(), self.insiders());
            if let Some(who) = &new {
                let plain: BTreeSet<Who> = who
                    .iter()
                    .copied()
                    .filter(|who| {
                        *who != Who::Partners && (insiders.contains(who) || !joins.contains_key(who))
                    })
                    .collect();
                // Lists that name all insiders go on to do so, and guests are on those of their pages.
                if plain == insiders {
                    stay.extend(insiders);
                }
                stay.extend(seen.contains(&page).then_some(Who::Partners));
            }
            others[page] = match &new {
                None => way,
                Some(who) => {
                    // Those whose time is over go, so what is below does not stay with them.
                    let goes = |who: &Who| !declared && joins.get(who) == Some(&true) && !stay.contains(who);
                    let joined = joins.iter().filter(|(_, over)| !**over).map(|(who, _)| *who);
                    Some(
                        who.iter()
                            .copied()
                            .filter(|who| !goes(who))
                            .chain(joined)
                            .filter(|who| *who != Who::Partners)
                            .collect(),
                    )
                }
            };
            all[page][VIEW] = Settled { list: new, declared, by_label, stay };
        }
        Ok(all)
    }

    /// Who joins a list, and whether the time is over: never where another place gives it on.
    fn joining(&self, page: usize, list: usize) -> Joiners {
        let mut all = Joiners::new();
        let everywhere = self.case.restricted.iter();
        let here = self.entries(page).map(|(_, entry)| &entry.also).chain(everywhere);
        for also in here {
            // Editing needs view.
            let lists = if list == VIEW { vec![&also[0], &also[1]] } else { vec![&also[1]] };
            for (who, over) in lists.into_iter().flatten() {
                let known = all.entry(*who).or_insert(*over);
                *known = *known && *over;
            }
        }
        all
    }

    fn joined(&self, page: usize, list: usize, settled: Settled) -> Result<List, Contradictory> {
        let Some(mut who) = settled.list else { return Ok(None) };
        let sees = self
            .case
            .guests
            .as_ref()
            .map(|named| named.iter().any(|named| *named == page || self.above(*named).contains(&page)));
        for (joiner, over) in self.joining(page, list) {
            if !over {
                if joiner == Who::Partners && sees == Some(false) && list == VIEW {
                    return Err(Contradictory);
                }
                who.insert(joiner);
            } else if !settled.declared && !settled.stay.contains(&joiner) {
                who.remove(&joiner);
            }
        }
        Ok(Some(who))
    }
}
