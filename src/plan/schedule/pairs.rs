//! Conflicts for every account that there can be, where there are too many to look at each.
//!
//! In a state that leaks all gates of an access are open, though one of them is closed before and one after. Each of
//! these two is open through one principal, so what two principals let through at two gates is a leak already. In a
//! gap, one gate is closed that one principal opens before and another after. So pairs of principals, at one gate or
//! two, say it all, whatever the groups contain. They may ask for too much, since the other gates of the access could be
//! closed to both.
//!
//! To every conflict that comes of it there is an order: what closes lists, what gives, what takes, what opens lists,
//! once each list that does both goes through what it lets through before and after. Restricting alone can be
//! impossible, since it takes two permissions that come and go apart. Where even the pairs are too many, that order is
//! taken as it is ([`super::phases`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Verb;
use crate::model::{Audience, ContentId, PageVerb, Permission, Principal};

use super::super::document::EdgeReason;
use super::super::rights::may_be_caller;
use super::actions::Actions;
use super::conflicts::{Conflict, Conflicts, Goal, Witness, last_admin};
use super::gates::{Gate, State, forbid};
use super::goals::Goals;
use super::pages::{PageCalls, list, page_calls};
use super::space::{Node, Space};
use super::touched::{Principals, Reading, Rows};

/// So many pairs are looked at in one space, at most.
const MOST: usize = 20_000;

/// All conflicts of a space for every possible account, and how many pairs were looked at. `None` where they are too
/// many.
pub(super) fn pairs(space: &Space<'_>, nodes: &[Node]) -> Option<Conflicts> {
    let pages = page_calls(nodes);
    let goals = Goals::of(space, &pages);
    let principals = Principals::of(space, &pages, &goals);
    let actions = Actions::of(space.live.site.mode);
    if goals.all.len() > MOST {
        return None;
    }
    let lists = lists(&pages, &goals, &principals);
    let mut found = Pairs { space, principals: &principals, states: BTreeMap::new(), work: 0 };
    let mut admins = None;
    for reading in Reading::all(space, &actions.permissions()) {
        let rows = Rows::of(space, nodes, &principals, reading);
        for permission in rows.changed_permissions() {
            let held = Literals::of_rows(&rows, &[permission], &principals);
            found.at_one(&held, Goal { verb: Verb::Space(permission), page: None });
        }
        let needs: Vec<Literals> =
            actions.needs.iter().map(|any_of| Literals::of_rows(&rows, any_of, &principals)).collect();
        let mut seen: BTreeSet<[Id; 2]> = BTreeSet::new();
        let anywhere = actions.all().map(|(verb, places)| (verb, places, None));
        let on_content = goals.all.iter().flat_map(|goal| {
            actions
                .on(goal.kind, goal.edit_list)
                .iter()
                .map(move |(verb, places)| (*verb, places, Some(goal)))
        });
        for (verb, places, goal) in anywhere.chain(on_content) {
            let moving = goal.into_iter().flat_map(|goal| &goal.moving);
            let gates: Vec<(Id, &Literals)> = places
                .iter()
                .map(|place| (Id::Rows(*place), &needs[*place]))
                .chain(moving.filter_map(|(page, verb, _)| {
                    Some((Id::List(*page, *verb), lists.get(&(*page, *verb))?))
                }))
                .filter(|(_, literals)| literals.moves())
                .collect();
            let goal = Goal { verb, page: goal.map(|goal| goal.page) };
            for (place, (one_id, one)) in gates.iter().enumerate() {
                if found.work > MOST {
                    return None;
                }
                if seen.insert([*one_id, *one_id]) {
                    found.at_one(one, goal);
                }
                for (other_id, other) in &gates[place + 1..] {
                    if seen.insert([*one_id, *other_id]) {
                        found.at_two(one, other, goal);
                        found.at_two(other, one, goal);
                    }
                }
            }
        }
        admins.get_or_insert_with(|| last_admin(&rows));
    }
    let work = found.work;
    let of_people = found.states.into_iter();
    let mut all: Vec<Conflict> =
        of_people.map(|(state, (reason, witness))| Conflict::of(state, reason, Some(witness))).collect();
    all.extend(admins.flatten());
    (work <= MOST).then_some(Conflicts { all, work })
}

/// What tells gates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    /// By the place of the need among all.
    Rows(usize),
    List(ContentId, PageVerb),
}

/// A gate, by the principals through which it is open.
#[derive(Debug)]
struct Literals {
    /// For an account that is none of them.
    everyone: Gate,
    /// For the principals that find another.
    by_place: BTreeMap<usize, Gate>,
}

impl Literals {
    fn of(everyone: Gate, each: impl Iterator<Item = (usize, Gate)>) -> Self {
        let by_place = each.filter(|(_, gate)| *gate != everyone).collect();
        Self { everyone, by_place }
    }

    fn of_rows(rows: &Rows, any_of: &[Permission], principals: &Principals) -> Self {
        let each = (0..principals.all.len()).map(|place| (place, rows.gate(any_of, &[place])));
        Self::of(rows.gate(any_of, &[]), each)
    }

    fn at(&self, place: Option<usize>) -> &Gate {
        place.and_then(|place| self.by_place.get(&place)).unwrap_or(&self.everyone)
    }

    /// Whether it changes for any account.
    fn moves(&self) -> bool {
        self.moving().next().is_some()
    }

    /// Those for which it changes, `None` for an account that is none of the others.
    fn moving(&self) -> impl Iterator<Item = (Option<usize>, &Gate)> {
        let each = self.by_place.iter().map(|(place, gate)| (Some(*place), gate));
        std::iter::once((None, &self.everyone)).chain(each).filter(|(_, gate)| gate.moves())
    }
}

/// The lists that calls change.
fn lists(
    pages: &PageCalls<'_>,
    goals: &Goals<'_>,
    principals: &Principals,
) -> BTreeMap<(ContentId, PageVerb), Literals> {
    let moving = goals.all.iter().flat_map(|goal| &goal.moving);
    let mut lists = BTreeMap::new();
    for &(page, verb, at_first) in moving {
        let Some(calls) = pages.get(&page) else { continue };
        lists.entry((page, verb)).or_insert_with(|| {
            let values: Vec<&Audience> =
                std::iter::once(at_first).chain(calls.iter().map(|(_, lists)| list(lists, verb))).collect();
            let calls: Vec<usize> = calls.iter().map(|(call, _)| *call).collect();
            let gate = |atom: &[usize]| {
                let passes: Vec<bool> = values.iter().map(|list| principals.passes(atom, list)).collect();
                Gate::of_list(page, &passes, &calls)
            };
            let listed: BTreeSet<usize> = values
                .iter()
                .flat_map(|list| list.subjects())
                .filter_map(|subject| principals.place(&subject.clone().into()))
                .collect();
            Literals::of(gate(&[]), listed.into_iter().map(|place| (place, gate(&[place]))))
        });
    }
    lists
}

/// The conflicts so far.
struct Pairs<'a> {
    space: &'a Space<'a>,
    principals: &'a Principals,
    states: BTreeMap<State, (EdgeReason, Witness)>,
    work: usize,
}

impl Pairs<'_> {
    /// What an account can notice at one gate.
    fn at_one(&mut self, literals: &Literals, goal: Goal) {
        let moving: Vec<(Option<usize>, &Gate)> = literals.moving().collect();
        for (number, &(one, gate)) in moving.iter().enumerate() {
            forbid(&[gate], |state, leak| self.note(state, leak, [one, one], goal));
            for &(other, other_gate) in &moving[number + 1..] {
                self.work += 1;
                if self.work > MOST {
                    return;
                }
                if gate.is_between(other_gate) && self.may_be_one(one, other) {
                    gate.both(false, other_gate)
                        .for_each(|state| self.note(state, false, [one, other], goal));
                }
            }
        }
    }

    /// What an account can notice that passes one gate through the first and the other through the second of two
    /// principals.
    fn at_two(&mut self, literals: &Literals, others: &Literals, goal: Goal) {
        for (one, gate) in literals.moving() {
            for (other, other_gate) in others.moving() {
                self.work += 1;
                if self.work > MOST {
                    return;
                }
                let (beside, other_beside) = (literals.at(other), others.at(one));
                if beside.is_always_open() || other_beside.is_always_open() {
                    continue;
                }
                let is_open =
                    |at: fn(&Gate) -> bool| (at(gate) || at(beside)) && (at(other_gate) || at(other_beside));
                if !is_open(Gate::is_open_before)
                    && !is_open(Gate::is_open_after)
                    && self.may_be_one(one, other)
                {
                    gate.both(true, other_gate).for_each(|state| self.note(state, true, [one, other], goal));
                }
            }
        }
    }

    fn note(&mut self, state: State, leak: bool, places: [Option<usize>; 2], goal: Goal) {
        let reason = match leak {
            true => EdgeReason::Leak,
            false if self.may_be_protected(places) => EdgeReason::Lockout,
            false => EdgeReason::Gap,
        };
        if self.states.get(&state).is_none_or(|(known, _)| reason < *known) {
            let places = places.into_iter().flatten();
            let principals = places.map(|place| self.principals.all[place].clone()).collect();
            self.states.insert(state, (reason, Witness { principals, goal, leak }));
        }
    }

    /// Whether an account may be both.
    fn may_be_one(&self, one: Option<usize>, other: Option<usize>) -> bool {
        let (Some(one), Some(other)) = (one, other) else { return true };
        one == other || self.space.crowd.may_be_one(&self.principals.all[one], &self.principals.all[other])
    }

    /// Whether someone who must be able to finish may be all of these.
    fn may_be_protected(&self, places: [Option<usize>; 2]) -> bool {
        let caller = Principal::User(self.space.live.site.caller.account.clone());
        let principals = || places.iter().flatten().map(|place| &self.principals.all[*place]);
        self.space.protected.principals().iter().any(|protected| {
            let mut all = principals();
            if *protected == caller {
                all.all(|who| may_be_caller(who, self.space.live))
            } else {
                all.all(|who| who == protected || self.space.crowd.may_be_one(who, protected))
            }
        })
    }
}
