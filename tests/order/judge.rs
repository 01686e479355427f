//! The small site of a case in a few bits, so that all sequences of calls can be walked through. That it
//! behaves and lets people through as the sandbox's world does is a test of its own.
//!
//! What Confluence adds or takes away by itself cannot be avoided; it is fair if the very next call puts
//! it right. So a call and the one that puts its side effect right count as one step of two calls, and
//! what is the case in between is not looked at.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use confperm::model::Permission;
use confperm::sandbox::world::{Kind, Status, Verb};

use crate::site::{Case, GROUPS, State};

/// Empty lists are open.
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

/// What the kinds of people can do: the permissions, [`IN_GENERAL`] in the space, and [`ON_A_PAGE`] on each page.
pub(crate) type Profile = [People; 4 + IN_GENERAL + 4 * ON_A_PAGE];

/// Deleting, restricting, and holding one of the two permissions of which restricting needs one: where no list is
/// in the way.
const IN_GENERAL: usize = 3;

/// View, edit, delete with and without regard to the edit list, comment, attach, restrict; deleting for the author of
/// it; editing and restricting what stands below it.
const BY_ONE_WAY: usize = 11;

/// The same with the lists above, and without them where the page is archived.
const ON_A_PAGE: usize = 2 * BY_ONE_WAY;

pub(crate) struct Judge {
    parents: Vec<Option<usize>>,
    /// Which kinds there are.
    crowd: People,
    /// What comes along with each permission, as bits.
    companions: [u8; 4],
    /// For each page the permission that editing it needs.
    edit: Vec<Option<usize>>,
    rights: Rights,
    guards_delete: bool,
    archived_inherit: bool,
    archived: Vec<bool>,
    /// Which pages people get to at all; the lists of the others count for what is below them.
    current: Vec<bool>,
    /// Which of them have lists that can be changed.
    listed: Vec<bool>,
    before: Now,
    after: Now,
    /// For each group, how many calls its rows need at the least from each state.
    distance: [[u8; 16]; 3],
}

/// Where the permissions of the verbs stand among those of the case.
struct Rights {
    edit_page: Option<usize>,
    comment: Option<usize>,
    attach: Option<usize>,
    /// Of pages; of what one has made oneself; of posts.
    delete: [Option<usize>; 3],
    restrict: [Option<usize>; 2],
    blogpost: Vec<bool>,
}

const READ: u8 = 1;

impl Judge {
    pub(crate) fn of(case: &Case) -> Self {
        let place = |permission: &Permission| case.permissions.iter().position(|other| other == permission);
        let companions = case.permissions.map(|permission| {
            let companions = if case.companions() { permission.companions() } else { &[] };
            companions.iter().filter_map(place).fold(0, |bits, at| bits | 1 << at)
        });
        let edit = |blogpost: bool| match (case.companions(), blogpost) {
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
            edit: case.sorts.iter().map(|sort| place(&edit(sort.kind == Kind::Blogpost))).collect(),
            rights: Rights {
                edit_page: place(&edit(false)),
                comment: place(&Permission::CreateComment),
                attach: place(&Permission::CreateAttachment),
                delete: [Permission::DeletePage, Permission::DeleteOwn, Permission::DeleteBlogpost]
                    .map(|permission| place(&permission)),
                restrict: [Permission::RestrictContent, Permission::AdministerSpace]
                    .map(|permission| place(&permission)),
                blogpost: case.sorts.iter().map(|sort| sort.kind == Kind::Blogpost).collect(),
            },
            guards_delete: case.edit_list_guards_delete,
            archived_inherit: case.archived_inherit,
            archived: case.sorts.iter().map(|sort| sort.status == Status::Archived).collect(),
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

    /// The fewest calls to the rows at the end. Who keeps `read/space` cannot lose it on the way: an
    /// account in that group alone would be without it.
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
        let held: [People; 4] = std::array::from_fn(holders);
        let any = |of: &[Option<usize>]| of.iter().flatten().fold(0, |people, at| people | held[*at]);
        let Rights {
            edit_page,
            comment,
            attach,
            delete: [page_delete, own, post_delete],
            restrict,
            blogpost,
        } = &self.rights;
        let mut profile = [0; 4 + IN_GENERAL + 4 * ON_A_PAGE];
        profile[..4].copy_from_slice(&held);
        let restricts = any(restrict);
        let in_general = [any(&[*page_delete, *own]), restricts, restricts & any(&[*edit_page])];
        profile[4..4 + IN_GENERAL].copy_from_slice(&in_general);
        let mut way = [0; 4];
        for (page, parent) in self.parents.iter().enumerate() {
            let [view, edit] = now.pages[page].map(members);
            way[page] = view & parent.map_or(held[0], |parent| way[parent]);
            if !self.current[page] {
                continue;
            }
            let delete = if blogpost[page] { *post_delete } else { *page_delete };
            let edits = any(&[self.edit[page]]);
            let start = 4 + IN_GENERAL + page * ON_A_PAGE;
            let everything: [People; BY_ONE_WAY] = [
                People::MAX,
                edits & edit,
                any(&[delete]),
                any(&[delete]) & edit,
                any(&[*comment]),
                any(&[*attach]),
                edits & edit & restricts,
                // Its author.
                any(&[delete, *own]),
                any(&[delete, *own]) & edit,
                // What stands below it and was not found has no list of its own.
                edits,
                edits & restricts,
            ];
            let alone = if self.archived[page] { view & held[0] } else { way[page] };
            let ways = everything.map(|people| people & way[page]).into_iter();
            let ways = ways.chain(everything.map(|people| people & alone));
            for (bits, people) in profile[start..].iter_mut().zip(ways) {
                *bits = people;
            }
        }
        profile.map(|people| people & self.crowd)
    }

    /// Those of [`Self::profile`] that can be seen from outside: the permissions, and the verbs of the sandbox on
    /// each page, in their order.
    pub(crate) fn visible(&self, now: &Now) -> Vec<People> {
        let profile = self.profile(now);
        let mut visible = profile[..4].to_vec();
        for page in 0..self.parents.len() {
            let alone = self.archived[page] && !self.archived_inherit;
            let start = 4 + IN_GENERAL + page * ON_A_PAGE + if alone { BY_ONE_WAY } else { 0 };
            let delete = if self.guards_delete { 3 } else { 2 };
            visible.extend(Verb::ALL.map(|verb| {
                profile[start
                    + match verb {
                        Verb::Read => 0,
                        Verb::Update => 1,
                        Verb::Delete => delete,
                        Verb::Comment => 4,
                        Verb::Attach => 5,
                        Verb::Restrict => 6,
                    }]
            }));
        }
        visible
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

/// The kinds of people that a list lets through.
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
