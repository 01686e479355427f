//! The small site of a case in a few bits, so that all sequences of calls can be walked through. That it
//! behaves and lets people through as the sandbox's world does is a test of its own.
//!
//! What Confluence adds or takes away by itself cannot be avoided; it is fair if the very next call puts
//! it right. So a call and the one that puts its side effect right count as one step of two calls, and
//! what is the case in between is not looked at.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use confperm::model::Permission;
use confperm::sandbox::world::{Kind, Status};

use crate::site::{Case, GROUPS, Sort, State};

/// Lists that name nobody are open.
const OPEN: u8 = 8;

/// A state: for each group a bit for each permission, and for each page both lists, each a bit for each
/// group or [`OPEN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Now {
    rows: [u8; 3],
    pages: [[u8; 2]; 4],
}

/// A set of kinds of people: those in no group, in the first, in the second, in both, and so on.
type People = u8;

/// What the kinds of people can do: permissions, then view and edit of each page.
pub(crate) type Profile = [People; 12];

pub(crate) struct Judge {
    parents: Vec<Option<usize>>,
    /// Which kinds there are.
    crowd: People,
    /// What comes along with each permission, as bits.
    companions: [u8; 4],
    /// For each page the permission that editing it needs.
    edit: Vec<Option<usize>>,
    /// Which pages people get to at all; the lists of the others count for what is below them.
    current: Vec<bool>,
    /// Which of them have lists that can be changed.
    listed: Vec<bool>,
    before: Now,
    after: Now,
    /// For each group, how many calls its rows need at the least from each state.
    distance: [[u8; 16]; 3],
}

const READ: u8 = 1;

impl Judge {
    pub(crate) fn of(case: &Case) -> Self {
        let place = |permission: &Permission| case.permissions.iter().position(|other| other == permission);
        let companions = case.permissions.map(|permission| {
            let companions = if case.companions() { permission.companions() } else { &[] };
            companions.iter().filter_map(place).fold(0, |bits, at| bits | 1 << at)
        });
        let edit = |sort: &Sort| match (case.companions(), sort.kind == Kind::Blogpost) {
            (true, false) => Permission::UpdatePage,
            (true, true) => Permission::UpdateBlogpost,
            (false, false) => Permission::CreatePage,
            (false, true) => Permission::CreateBlogpost,
        };
        let current: Vec<bool> =
            case.sorts.iter().map(|sort| !matches!(sort.status, Status::Draft | Status::Trashed)).collect();
        let mut judge = Self {
            parents: case.parents.clone(),
            crowd: case.crowd().iter().fold(0, |crowd, kind| crowd | 1 << kind),
            companions,
            edit: case.sorts.iter().map(|sort| place(&edit(sort))).collect(),
            listed: (0..current.len()).map(|page| current[page] && case.has_lists(page)).collect(),
            current,
            before: now(case, &case.before),
            after: now(case, &case.after),
            distance: [[u8::MAX; 16]; 3],
        };
        for group in 0..3 {
            judge.distance[group] = judge.distances(judge.before.rows[group], judge.after.rows[group]);
        }
        judge
    }

    pub(crate) const fn start(&self) -> Now {
        self.before
    }

    /// What the rows of one group can become, each with the number of calls.
    fn row_steps(&self, rows: u8) -> Vec<(u8, u8)> {
        let mut steps = Vec::new();
        for permission in 0..4 {
            let (bit, companions) = (1 << permission, self.companions[permission]);
            if rows & bit == 0 {
                if bit == READ || rows & READ != 0 {
                    steps.push((rows | bit | companions, 1));
                    if companions & !rows != 0 {
                        steps.push((rows | bit, 2));
                    }
                }
            } else if bit == READ {
                steps.push((0, 1));
            } else {
                steps.push((rows & !bit & !companions, 1));
                if companions & rows != 0 {
                    steps.push((rows & !bit, 2));
                }
            }
        }
        steps
    }

    /// The fewest calls to the rows at the end. Who keeps `read/space` cannot lose it on the way: whoever
    /// is in that group alone would be without it.
    fn distances(&self, before: u8, after: u8) -> [u8; 16] {
        let keeps = before & after & READ;
        let mut distance = [u8::MAX; 16];
        distance[usize::from(after)] = 0;
        for _ in 0..16 {
            for rows in (0..16_u8).filter(|rows| rows & keeps == keeps) {
                for (there, calls) in self.row_steps(rows) {
                    if there & keeps == keeps && distance[usize::from(there)] != u8::MAX {
                        let by_there = distance[usize::from(there)] + calls;
                        let known = &mut distance[usize::from(rows)];
                        *known = by_there.min(*known);
                    }
                }
            }
        }
        distance
    }

    /// Calls that are needed at the very least: one for each page that differs, and for each group what
    /// its rows need by themselves.
    pub(crate) fn at_least(&self, now: &Now) -> usize {
        let pages = now.pages.iter().zip(&self.after.pages).filter(|(now, after)| now != after).count();
        let rows = (0..3).map(|group| usize::from(self.distance[group][usize::from(now.rows[group])]));
        pages + rows.sum::<usize>()
    }

    /// Every state that one call leads to, or two of which the second puts right what the first did
    /// besides, with the number of calls.
    pub(crate) fn steps(&self, now: &Now) -> Vec<(Now, usize)> {
        let mut steps = Vec::new();
        for group in 0..3 {
            for (rows, calls) in self.row_steps(now.rows[group]) {
                let mut there = *now;
                there.rows[group] = rows;
                steps.push((there, usize::from(calls)));
            }
        }
        // A list that is open neither before nor after must not be open in between, safe or not.
        let may_open = |page: usize, list: usize| {
            self.before.pages[page][list] == OPEN || self.after.pages[page][list] == OPEN
        };
        let lists = |page, list| (0..OPEN).chain(may_open(page, list).then_some(OPEN));
        for page in (0..self.parents.len()).filter(|page| self.listed[*page]) {
            for view in lists(page, 0) {
                for edit in lists(page, 1) {
                    let mut there = *now;
                    there.pages[page] = [view, edit];
                    steps.push((there, 1));
                }
            }
        }
        steps
    }

    /// What people can do in a state.
    pub(crate) fn profile(&self, now: &Now) -> Profile {
        let holders = |permission: usize| {
            let held = (0..3).filter(|group| now.rows[*group] >> permission & 1 == 1);
            held.fold(0, |people, group| people | members(1 << group))
        };
        let mut profile = [0; 12];
        for (permission, people) in profile.iter_mut().take(4).enumerate() {
            *people = holders(permission);
        }
        let mut way = [0; 4];
        for (page, parent) in self.parents.iter().enumerate() {
            let [view, edit] = now.pages[page].map(members);
            way[page] = view & parent.map_or(profile[0], |parent| way[parent]);
            if self.current[page] {
                profile[4 + 2 * page] = way[page];
                profile[5 + 2 * page] = way[page] & edit & self.edit[page].map_or(0, |edit| profile[edit]);
            }
        }
        profile.map(|people| people & self.crowd)
    }

    /// The length of the shortest safe sequence, if it is at most `limit`.
    pub(crate) fn shortest(&self, limit: usize) -> Option<usize> {
        let (before, after) = (self.profile(&self.before), self.profile(&self.after));
        let mut known: HashMap<Now, usize> = HashMap::from([(self.before, 0)]);
        let mut waiting = BinaryHeap::from([Reverse((self.at_least(&self.before), self.before))]);
        while let Some(Reverse((_, now))) = waiting.pop() {
            let made = known[&now];
            if now == self.after {
                return Some(made);
            }
            for (there, calls) in self.steps(&now) {
                let made = made + calls;
                let total = made + self.at_least(&there);
                if total > limit || known.get(&there).is_some_and(|calls| *calls <= made) {
                    continue;
                }
                if between(&before, &self.profile(&there), &after) {
                    known.insert(there, made);
                    waiting.push(Reverse((total, there)));
                }
            }
        }
        None
    }
}

/// The kinds of people whom a list lets through.
fn members(list: u8) -> People {
    if list == OPEN {
        return People::MAX;
    }
    (0..8_u8).filter(|kind| kind & list != 0).fold(0, |people, kind| people | 1 << kind)
}

fn between(before: &Profile, now: &Profile, after: &Profile) -> bool {
    before.iter().zip(now).zip(after).all(|((before, now), after)| (now ^ before) & (now ^ after) == 0)
}

/// A state of a case in bits.
pub(crate) fn now(case: &Case, state: &State) -> Now {
    let rows = GROUPS.map(|group| {
        let held = state.rows.get(group).into_iter().flatten();
        let places = held.filter_map(|held| case.permissions.iter().position(|other| other == held));
        places.fold(0, |bits, at| bits | 1 << at)
    });
    let list = |names: &BTreeSet<&str>| {
        let listed = GROUPS.iter().enumerate().filter(|(_, group)| names.contains(*group));
        if names.is_empty() { OPEN } else { listed.fold(0, |bits, (at, _)| bits | 1 << at) }
    };
    let mut pages = [[OPEN; 2]; 4];
    for (page, lists) in pages.iter_mut().zip(&state.pages) {
        *page = [list(&lists[0]), list(&lists[1])];
    }
    Now { rows, pages }
}
