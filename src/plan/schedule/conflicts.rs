//! The states that must not occur, as conflicts between calls that are done and calls that are pending.
//!
//! What can be done to something is an access: a permission in the space, or one of the verbs on content. Each
//! access hangs on [gates](super::gates), for each atom; which states it must not come to follows from them alone.
//! Of the pages about which the same lists decide, one stands for all.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::ContentVerb;
use crate::model::{ContentId, Permission};

use super::super::actions::{Action, Actions};
use super::super::document::{Danger, EdgeReason, Endangered, Moment};
use super::barriers::Barriers;
use super::conflict::Conflict;
use super::gates::{Gate, State, forbid};
use super::goals::{ContentGoal, Goals};
use super::space::{Node, PageCalls, Space, page_calls};
use super::touched::{GrantAssumptions, Principals, Rows};

/// All conflicts of some nodes.
#[derive(Debug)]
pub(super) struct Conflicts {
    pub(super) all: Vec<Conflict>,
    /// The sets of calls that they name beside calls.
    pub(super) barriers: Barriers,
    /// How many questions it took to find them.
    pub(super) work: usize,
    /// Whether each of them is a state that an account would notice. If not, no order can be ruled out.
    pub(super) exact: bool,
}

/// `None` where there are too many people or pages to look at each.
pub(super) fn conflicts(space: &Space<'_>, nodes: &[Node]) -> Option<Conflicts> {
    let mut states: BTreeMap<State, (EdgeReason, Danger)> = BTreeMap::new();
    // Of those who would notice, the first is named, but an account that must be able to finish before others.
    let (rows, work) = visit(space, nodes, |state, forbidden| {
        if states.get(&state).is_none_or(|(known, _)| forbidden.reason < *known) {
            states.insert(state, (forbidden.reason, forbidden.witness()));
        }
    })?;
    let mut all: Vec<Conflict> = states
        .into_iter()
        .map(|(state, (reason, witness))| Conflict::of(state, reason, Some(witness)))
        .collect();
    all.extend(last_admin(&rows));
    Some(Conflicts { all, barriers: Barriers::default(), work, exact: true })
}

/// The people that the breaking of these conflicts hits, one for each thing that they would notice.
pub(super) fn hits<'c>(
    space: &Space<'_>,
    nodes: &[Node],
    broken: &'c [Conflict],
) -> Vec<(&'c Conflict, Danger)> {
    let wanted: BTreeMap<State, &Conflict> = broken
        .iter()
        .map(|conflict| (State { done: conflict.done.clone(), pending: conflict.pending.clone() }, conflict))
        .collect();
    let mut hits: BTreeMap<(&Conflict, Endangered), Danger> = BTreeMap::new();
    if !wanted.is_empty() {
        let seen = visit(space, nodes, |state, forbidden| {
            if let Some(conflict) = wanted.get(&state) {
                hits.entry((conflict, forbidden.what)).or_insert_with(|| forbidden.witness());
            }
        });
        // Where there are too many people to look at each, each conflict knows of one.
        if seen.is_none() {
            let known = |conflict: &'c Conflict| Some((conflict, conflict.witness.clone()?));
            return broken.iter().filter_map(known).collect();
        }
    }
    hits.into_iter().map(|((conflict, _), witness)| (conflict, witness)).collect()
}

/// A state that must not be, and one who would notice.
pub(super) struct ForbiddenState<'a> {
    reason: EdgeReason,
    what: Endangered,
    gates: &'a [&'a Gate],
    person: &'a Observer<'a>,
    principals: &'a Principals,
}

impl ForbiddenState<'_> {
    /// The pages on which it hangs that this state is forbidden, beside those that its calls are on: if one
    /// of their lists kept the person out, it would not be.
    pub(super) fn pages(&self) -> impl Iterator<Item = ContentId> {
        let all = if self.reason == EdgeReason::Leak { self.gates } else { &[] };
        all.iter().filter_map(|gate| gate.page)
    }

    fn witness(&self) -> Danger {
        let people = self.person.places.iter().map(|place| self.principals.all[*place].clone()).collect();
        Danger { people, what: self.what, moment: Moment::of(self.reason) }
    }
}

/// Shows every state that must not be, once for each atom that would notice, and says what it took.
pub(super) fn visit(
    space: &Space<'_>,
    nodes: &[Node],
    mut show: impl FnMut(State, &ForbiddenState<'_>),
) -> Option<(Rows, usize)> {
    let pages = page_calls(nodes);
    let goals = Goals::of(space, &pages, space.limits.questions)?;
    let principals = Principals::of(space, &pages, &goals);
    let actions = Actions::of(space.live.site.mode);
    let all = GrantAssumptions::all(space, &actions.permissions());
    let mut rows: Vec<Rows> =
        all.into_iter().map(|assumptions| Rows::of(space, nodes, &principals, assumptions)).collect();
    let changed: BTreeSet<Permission> = rows.iter().flat_map(Rows::changed_permissions).collect();
    let protected: BTreeSet<usize> = space.protected.iter().filter_map(|who| principals.place(who)).collect();
    let permissions = actions.permissions().union(&changed).copied().collect();
    let kinds = principals.kinds(&rows, &permissions, &protected);
    let of_each = (goals.all.len() + changed.len()).saturating_mul(rows.len());
    // To make an atom takes as much as twenty questions about it.
    let most = space.limits.questions / of_each.max(20);
    let atoms = space.group_index.atoms(
        &principals.all,
        &kinds,
        goals.longest() + actions.most_beside_reading(),
        space.live,
        most,
    )?;
    let work = atoms.len().saturating_mul(of_each);
    for atom in &atoms {
        let person = Observer {
            places: atom.places(),
            protected: atom.places().iter().any(|place| protected.contains(place)),
        };
        let mut lists_of: Vec<Option<Option<Vec<Gate>>>> = vec![None; goals.all.len()];
        for rows in &rows {
            let mut forbid = |what, gates: &[&Gate]| {
                forbid(gates, |state, leak| {
                    let reason = match (leak, person.protected) {
                        (true, _) => EdgeReason::Leak,
                        (false, true) => EdgeReason::Lockout,
                        (false, false) => EdgeReason::Gap,
                    };
                    show(
                        state,
                        &ForbiddenState { reason, what, gates, person: &person, principals: &principals },
                    );
                });
            };
            for &permission in &changed {
                let held = rows.gate(&[permission], person.places);
                forbid(Endangered::Permission(permission), &[&held]);
            }
            let gates: Vec<Gate> =
                actions.needs().iter().map(|any_of| rows.gate(any_of, person.places)).collect();
            let open = actions
                .on
                .each_ref()
                .map(|of_kind| [false, true].map(|edit_list| open_to(of_kind, edit_list, &gates)));
            // Content that no list is about, and what one of several permissions does.
            for (verb, gates) in open.iter().flat_map(|of_kind| &of_kind[0]) {
                let what = Endangered::of(*verb, None);
                forbid(what, gates);
                for gate in gates.iter().filter(|_| gates.len() > 1) {
                    forbid(what, std::slice::from_ref(gate));
                }
            }
            for (number, goal) in goals.all.iter().enumerate() {
                let open = &open[Actions::kind(goal.kind)][usize::from(goal.edit_list)];
                if open.is_empty() {
                    continue;
                }
                let lists = lists_of[number].get_or_insert_with(|| lists(goal, &person, &principals, &pages));
                let Some(lists) = lists.as_ref().filter(|lists| !lists.iter().all(Gate::is_always_open))
                else {
                    continue;
                };
                for (verb, gates) in open {
                    let gates: Vec<&Gate> = gates.iter().copied().chain(lists).collect();
                    forbid(Endangered::of(*verb, Some(goal.page)), &gates);
                }
            }
        }
    }
    let rows = rows.swap_remove(0);
    Some((rows, work))
}

/// What an atom may do to content of one kind, by the way to it alone or by its edit list as well, with the gates of the
/// space that decide about it: of actions that hang on the same gates, the first stands for all.
fn open_to<'g>(actions: &[Action], edit_list: bool, gates: &'g [Gate]) -> Vec<(ContentVerb, Vec<&'g Gate>)> {
    let mut open: Vec<(ContentVerb, Vec<&Gate>)> = Vec::new();
    for Action { verb, needs, .. } in actions.iter().filter(|action| action.on_edit_list == edit_list) {
        if needs.iter().any(|need| gates[*need].is_never_open()) {
            continue;
        }
        let moving = needs.iter().map(|need| &gates[*need]).filter(|gate| !gate.is_always_open());
        let moving: Vec<&Gate> = moving.collect();
        if open.iter().all(|(_, known)| *known != moving) {
            open.push((*verb, moving));
        }
    }
    open
}

/// An atom, seen from one space.
struct Observer<'a> {
    places: &'a [usize],
    protected: bool,
}

/// The lists that decide about a goal for an atom; `None` where one of them keeps it out all the time.
fn lists(
    goal: &ContentGoal<'_>,
    person: &Observer<'_>,
    principals: &Principals,
    pages: &PageCalls<'_>,
) -> Option<Vec<Gate>> {
    if goal.still.iter().any(|list| !principals.passes(person.places, list.0)) {
        return None;
    }
    let mut gates = Vec::with_capacity(goal.moving.len());
    for &(page, list, at_first) in &goal.moving {
        let calls = pages.get(&page)?;
        let lists = std::iter::once(at_first).chain(calls.iter().map(|(_, lists)| lists.audience(list)));
        let passes: Vec<bool> = lists.map(|list| principals.passes(person.places, list)).collect();
        let calls: Vec<usize> = calls.iter().map(|(call, _)| *call).collect();
        let gate = Gate::of_list(page, &passes, &calls);
        if gate.is_never_open() {
            return None;
        }
        gates.push(gate);
    }
    Some(gates)
}

/// Confluence refuses to remove the last administrator of a space (OpenAPI v1, `removePermission`), so a
/// new one comes first.
pub(super) fn last_admin(rows: &Rows) -> Option<Conflict> {
    let rows = rows.all(Permission::AdministerSpace);
    if rows.clone().any(|row| row.before && row.after) {
        return None;
    }
    let calls = |comes: bool| {
        let rows = rows.clone().filter(|row| row.after == comes && row.before != comes);
        rows.flat_map(|row| row.calls.iter().copied()).collect::<BTreeSet<usize>>().into_iter().collect()
    };
    let (pending, done): (Vec<usize>, Vec<usize>) = (calls(true), calls(false));
    let useful = !pending.is_empty()
        && !done.is_empty()
        && !pending.iter().any(|call| done.binary_search(call).is_ok());
    useful.then_some(Conflict { pending, done, reason: EdgeReason::Api, witness: None })
}
