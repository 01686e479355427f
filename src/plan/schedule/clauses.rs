//! The states that must not occur, as clauses over calls.
//!
//! Access to a goal (a permission in a space, the view of a page, the edit of a page) is a conjunction
//! of factors: that some row of the space names the person, that each list on the way lets them through.
//! Each factor is known before, after, and after each call that touches it. If somebody reaches the goal
//! neither before nor after, no state may have all factors true; if they reach it both before and after,
//! no state may have one of them false. If they gain or lose it, every state in between is fine.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Audience, ContentId, PageVerb, Permission, Principal};

use super::super::document::EdgeReason;
use super::goals::{Goals, PageGoal};
use super::touched::{PageCalls, Principals, Row, Rows, list, page_calls};
use super::{Node, Space};

/// So many questions "does this atom reach this goal" are asked of one space, at most.
pub(super) const MOST: usize = 400_000;

/// "Not all of `lasts` before any of `firsts`."
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Clause {
    pub(super) firsts: Vec<usize>,
    pub(super) lasts: Vec<usize>,
    pub(super) reason: EdgeReason,
    pub(super) witness: Option<Witness>,
}

/// Who would notice, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) struct Witness {
    pub(in crate::plan) principals: BTreeSet<Principal>,
    pub(in crate::plan) goal: Goal,
    /// Whether they would reach it for a moment, or fail to.
    pub(in crate::plan) leak: bool,
}

/// Something that people can reach or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Goal {
    Space(Permission),
    Page(ContentId, PageVerb),
}

impl Clause {
    pub(super) fn edge(first: usize, last: usize, reason: EdgeReason) -> Self {
        Self { firsts: vec![first], lasts: vec![last], reason, witness: None }
    }
}

/// All clauses of a space, and what it took to find them.
#[derive(Debug)]
pub(super) struct Clauses {
    pub(super) all: Vec<Clause>,
    /// How many questions were asked.
    pub(super) work: usize,
}

/// `None` where there are too many people or pages to look at each.
pub(super) fn clauses(space: &Space<'_>, nodes: &[Node]) -> Option<Clauses> {
    let mut states: BTreeMap<State, (EdgeReason, Witness)> = BTreeMap::new();
    // Of those who would notice, the first is named, but whoever must be able to finish before others.
    let (rows, work) = visit(space, nodes, |state, forbidden| {
        if states.get(&state).is_none_or(|(known, _)| forbidden.reason < *known) {
            states.insert(state, (forbidden.reason, forbidden.witness()));
        }
    })?;
    let mut all: Vec<Clause> =
        states.into_iter().map(|(state, (reason, witness))| state.forbidden(reason, Some(witness))).collect();
    all.extend(last_admin(&rows));
    Some(Clauses { all, work })
}

/// Whom the breaking of these clauses hits, one for each thing that they would notice.
pub(super) fn hits<'c>(
    space: &Space<'_>,
    nodes: &[Node],
    broken: &'c [Clause],
) -> Vec<(&'c Clause, Witness)> {
    let wanted: BTreeMap<State, &Clause> = broken
        .iter()
        .map(|clause| (State { done: clause.lasts.clone(), open: clause.firsts.clone() }, clause))
        .collect();
    let mut hits: BTreeMap<(&Clause, Goal), Witness> = BTreeMap::new();
    if !wanted.is_empty() {
        let _seen = visit(space, nodes, |state, forbidden| {
            if let Some(clause) = wanted.get(&state) {
                hits.entry((clause, forbidden.goal)).or_insert_with(|| forbidden.witness());
            }
        });
    }
    hits.into_iter().map(|((clause, _), witness)| (clause, witness)).collect()
}

/// A state that must not be, and one who would notice.
pub(super) struct Forbidden<'a> {
    reason: EdgeReason,
    goal: Goal,
    factors: &'a [Factor],
    person: &'a Person<'a>,
    principals: &'a Principals,
}

impl Forbidden<'_> {
    /// The pages on which it hangs that this state is forbidden, beside those that its calls are on: if one
    /// of their lists kept the person out, it would not be.
    pub(super) fn pages(&self) -> impl Iterator<Item = ContentId> {
        let all = if self.reason == EdgeReason::Leak { self.factors } else { &[] };
        all.iter().filter_map(|factor| factor.page)
    }

    fn witness(&self) -> Witness {
        let principals = self.person.places.iter().map(|place| self.principals.all[*place].clone()).collect();
        Witness { principals, goal: self.goal, leak: self.reason == EdgeReason::Leak }
    }
}

/// Shows every state that must not be, once for everybody who would notice, and says what it took.
pub(super) fn visit(
    space: &Space<'_>,
    nodes: &[Node],
    mut show: impl FnMut(State, &Forbidden<'_>),
) -> Option<(Rows, usize)> {
    let pages = page_calls(nodes);
    let goals = Goals::of(space, &pages);
    let principals = Principals::of(space, &pages, &goals);
    let rows = Rows::of(space, nodes, &principals);
    let atoms = space.crowd.atoms(&principals.all, goals.longest() + 2, space.live)?;
    let changed: Vec<Permission> = rows.changed_permissions().collect();
    let work = atoms.len().saturating_mul(goals.all.len() + changed.len());
    if work > MOST {
        return None;
    }
    let asked: BTreeSet<Permission> =
        goals.all.iter().filter_map(|goal| goal.edit).chain([Permission::ReadSpace]).collect();
    let protected: BTreeSet<usize> =
        space.protected.principals().iter().filter_map(|who| principals.place(who)).collect();
    for atom in &atoms {
        let person = Person {
            places: atom.places(),
            protected: atom.places().iter().any(|place| protected.contains(place)),
        };
        let mut forbid = |goal, factors: &[Factor]| {
            forbidden(factors, |state, leak| {
                let reason = match (leak, person.protected) {
                    (true, _) => EdgeReason::Leak,
                    (false, true) => EdgeReason::Lockout,
                    (false, false) => EdgeReason::Gap,
                };
                show(state, &Forbidden { reason, goal, factors, person: &person, principals: &principals });
            });
        };
        for &permission in &changed {
            forbid(Goal::Space(permission), &[union(&rows, &person, permission)]);
        }
        let held: BTreeMap<Permission, Factor> =
            asked.iter().map(|&permission| (permission, union(&rows, &person, permission))).collect();
        for goal in &goals.all {
            if let Some(factors) = factors(goal, &person, &held, &principals, &pages) {
                forbid(Goal::Page(goal.page, goal.verb), &factors);
            }
        }
    }
    Some((rows, work))
}

/// An atom, seen from one space.
struct Person<'a> {
    places: &'a [usize],
    protected: bool,
}

/// A partial state: these calls done, those not. Both ascending.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct State {
    pub(super) done: Vec<usize>,
    pub(super) open: Vec<usize>,
}

impl State {
    /// That it must not be.
    pub(super) fn forbidden(self, reason: EdgeReason, witness: Option<Witness>) -> Clause {
        Clause { firsts: self.open, lasts: self.done, reason, witness }
    }

    /// Both at once, unless they contradict each other.
    fn and(&self, other: &Self) -> Option<Self> {
        let both = |one: &[usize], other: &[usize]| {
            let mut both: Vec<usize> = one.iter().chain(other).copied().collect();
            both.sort_unstable();
            both.dedup();
            both
        };
        let (done, open) = (both(&self.done, &other.done), both(&self.open, &other.open));
        let contradiction = done.iter().any(|call| open.binary_search(call).is_ok());
        (!contradiction).then_some(Self { done, open })
    }
}

/// One condition of a goal, for one atom.
#[derive(Clone)]
struct Factor {
    before: bool,
    after: bool,
    /// The states in which it is true, and those in which it is false.
    when: [Vec<State>; 2],
    /// The page whose list it is about.
    page: Option<ContentId>,
}

impl Factor {
    fn constant(value: bool) -> Self {
        let mut when = [Vec::new(), Vec::new()];
        when[usize::from(!value)].push(State::default());
        Self { before: value, after: value, when, page: None }
    }

    const fn is_never_true(&self) -> bool {
        self.when[0].is_empty()
    }

    fn states(&self, value: bool) -> &[State] {
        &self.when[usize::from(!value)]
    }
}

/// What decides about a page for somebody; `None` where one thing keeps them out all the time.
fn factors(
    goal: &PageGoal<'_>,
    person: &Person<'_>,
    held: &BTreeMap<Permission, Factor>,
    principals: &Principals,
    pages: &PageCalls<'_>,
) -> Option<Vec<Factor>> {
    let rows: Vec<&Factor> = std::iter::once(Permission::ReadSpace)
        .chain(goal.edit)
        .filter_map(|permission| held.get(&permission))
        .collect();
    if rows.iter().any(|row| row.is_never_true())
        || goal.still.iter().any(|list| !principals.passes(person.places, list.0))
    {
        return None;
    }
    let mut factors: Vec<Factor> = rows.into_iter().cloned().collect();
    for &(page, verb, before) in &goal.moving {
        let factor =
            Factor { page: Some(page), ..moving(principals, person, before, verb, pages.get(&page)?) };
        if factor.is_never_true() {
            return None;
        }
        factors.push(factor);
    }
    Some(factors)
}

/// That some row for a permission names the person.
fn union(rows: &Rows, person: &Person<'_>, permission: Permission) -> Factor {
    let (mut adds, mut removes): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut before, mut after) = (false, false);
    for row in rows.naming(permission, person.places) {
        before |= row.before;
        after |= row.after;
        match (row.before, row.after) {
            (true, true) => return Factor::constant(true),
            (true, false) => removes.extend(row.removes),
            (false, true) => adds.extend(row.adds),
            (false, false) => {}
        }
    }
    if !before && !after {
        return Factor::constant(false);
    }
    for calls in [&mut adds, &mut removes] {
        calls.sort_unstable();
        calls.dedup();
    }
    let on = adds
        .iter()
        .map(|&add| State { done: vec![add], open: Vec::new() })
        .chain(removes.iter().map(|&remove| State { done: Vec::new(), open: vec![remove] }))
        .collect();
    // Gone is what all removals have taken and no addition has given.
    let contradiction = adds.iter().any(|add| removes.binary_search(add).is_ok());
    let off = if contradiction { Vec::new() } else { vec![State { done: removes, open: adds }] };
    Factor { before, after, when: [on, off], page: None }
}

/// That a list of a page lets the person through.
fn moving(
    principals: &Principals,
    person: &Person<'_>,
    before: &Audience,
    verb: PageVerb,
    calls: &[(usize, [&Audience; 2])],
) -> Factor {
    let mut values = vec![principals.passes(person.places, before)];
    values.extend(calls.iter().map(|(_, lists)| principals.passes(person.places, list(lists, verb))));
    if values.iter().all(|value| *value == values[0]) {
        return Factor::constant(values[0]);
    }
    let mut when = [Vec::new(), Vec::new()];
    for (position, value) in values.iter().enumerate() {
        let done = position.checked_sub(1).map(|last| calls[last].0).into_iter().collect();
        let open = calls.get(position).map(|(next, _)| *next).into_iter().collect();
        when[usize::from(!value)].push(State { done, open });
    }
    Factor { before: values[0], after: values[values.len() - 1], when, page: None }
}

/// The states that these factors must not come to, each with whether it is a leak.
fn forbidden(factors: &[Factor], mut show: impl FnMut(State, bool)) {
    let before = factors.iter().all(|factor| factor.before);
    let after = factors.iter().all(|factor| factor.after);
    match (before, after) {
        (true, true) => {
            for state in factors.iter().flat_map(|factor| factor.states(false)) {
                show(state.clone(), false);
            }
        }
        (false, false) => {
            let mut states = vec![State::default()];
            for factor in factors {
                states = states
                    .iter()
                    .flat_map(|state| factor.states(true).iter().filter_map(|more| state.and(more)))
                    .collect();
            }
            for state in states {
                show(state, true);
            }
        }
        (true, false) | (false, true) => {}
    }
}

/// Confluence refuses to remove the last administrator of a space (OpenAPI v1, `removePermission`), so a
/// new one comes first.
pub(super) fn last_admin(rows: &Rows) -> Option<Clause> {
    let rows: &[Row] = rows.all(Permission::AdministerSpace);
    if rows.iter().any(|row| row.before && row.after) {
        return None;
    }
    let sorted = |calls: BTreeSet<usize>| calls.into_iter().collect::<Vec<_>>();
    let firsts = sorted(rows.iter().filter_map(|row| row.adds).collect());
    let lasts = sorted(rows.iter().filter_map(|row| row.removes).collect());
    let useful = !firsts.is_empty()
        && !lasts.is_empty()
        && !firsts.iter().any(|call| lasts.binary_search(call).is_ok());
    useful.then_some(Clause { firsts, lasts, reason: EdgeReason::Api, witness: None })
}
