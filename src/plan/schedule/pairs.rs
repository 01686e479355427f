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
//! impossible, since it takes two permissions that come and go apart.
//!
//! Pairs are not looked at one by one. Of all principals through which a gate comes open, those that count for the same
//! beside another principal are taken together: "none of what gives it before all of what takes that" is one conflict
//! between two [barriers](super::barriers).

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;

use crate::model::{Audience, Permission, Principal, Subject};

use super::super::actions::{Action, Actions};
use super::super::document::{Danger, EdgeReason, Endangered, Moment};
use super::super::rights::may_be_callers_own;
use super::atoms::{Atom, Singles};
use super::barriers::{Barriers, Extreme};
use super::conflict::Conflict;
use super::conflicts::{Conflicts, last_admin};
use super::gates::{State, forbid};
use super::goals::Goals;
use super::lists::MovingLists;
use super::literals::{Alike, Literals};
use super::questions::{GateId, Noticed, SeenGates, SpaceGates};
use super::space::{Node, PageCalls, Space, page_calls};
use super::touched::{GrantAssumptions, Principals, Rows};

/// What one of `alone` does too early is not taken together with what other calls do, so that it can be accepted.
pub(super) fn pairs(space: &Space<'_>, nodes: &[Node], alone: &BTreeSet<usize>) -> Conflicts {
    let pages = page_calls(nodes);
    let goals = Goals::of(space, &pages, usize::MAX).unwrap_or_default();
    let principals = Principals::of(space, &pages, &goals);
    let actions = Actions::of(space.live.site.mode);
    let singles =
        space.group_index.singles(&principals.all, &named_for_now(space, &pages, &goals, &principals));
    let lists = MovingLists::of(&goals, &pages, &principals, &singles);
    let mut found = Finder::new(space, nodes.len(), &principals, &singles, alone);
    let mut admins = None;
    for assumptions in GrantAssumptions::all(space, &actions.permissions()) {
        let rows = Rows::of(space, nodes, &principals, assumptions);
        for permission in rows.changed_permissions() {
            let held = of_rows(&rows, &[permission], &singles);
            found.at_one(&held, &[]);
            let noticed = std::mem::take(&mut found.noticed);
            found.keep(noticed, Endangered::Permission(permission));
        }
        let of_needs: Vec<Literals> =
            actions.needs().iter().map(|any_of| of_rows(&rows, any_of, &singles)).collect();
        let mut seen = SeenGates::default();
        let gates = SpaceGates { needs: &of_needs, lists: &lists };
        let anywhere = actions.on.iter().flatten().filter(|action| !action.on_edit_list);
        let on_content = goals.all.iter().flat_map(|goal| {
            let actions = actions.on[Actions::kind(goal.kind)].iter();
            actions
                .filter(|action| action.on_edit_list == goal.edit_list)
                .map(move |action| (action, Some(goal)))
        });
        for (Action { verb, needs, .. }, goal) in anywhere.map(|action| (action, None)).chain(on_content) {
            let lists = goal.into_iter().flat_map(|goal| &goal.moving);
            let ids: Vec<GateId> = needs
                .iter()
                .map(|need| GateId::Rows(*need))
                .chain(lists.map(|(page, list, _)| GateId::List((*page, *list))))
                .filter(|id| !gates.alike(*id).is_open_to_all())
                .collect();
            if ids.iter().any(|id| gates.alike(*id).is_closed_to_all()) {
                continue;
            }
            let what = Endangered::of(*verb, goal.map(|goal| goal.page));
            let moving: Vec<GateId> = ids.iter().copied().filter(|id| gates.alike(*id).moves()).collect();
            for (place, &one) in moving.iter().enumerate() {
                for &other in &moving[place..] {
                    let is_beside = |id: &GateId| *id != one && *id != other;
                    let beside: Vec<GateId> = ids.iter().copied().filter(is_beside).collect();
                    let look = || found.at(&gates, [one, other], &beside);
                    if let Some(noticed) = seen.ask([one, other], &beside, &gates, look) {
                        found.keep(noticed, what);
                    }
                }
            }
        }
        admins.get_or_insert_with(|| last_admin(&rows));
    }
    let Finder { states, barriers, work, .. } = found;
    let mut all: Vec<Conflict> = states
        .into_iter()
        .map(|(state, (reason, witness))| Conflict::of(state, reason, Some(witness)))
        .collect();
    all.extend(admins.flatten());
    Conflicts { all, barriers, work, exact: false }
}

fn of_rows(rows: &Rows, any_of: &[Permission], singles: &Singles) -> Literals {
    let each = singles.atoms.iter().map(|atom| rows.gate(any_of, atom.places())).enumerate();
    Literals::of(singles.atoms.len(), rows.gate(any_of, &[]), each)
}

/// The places of those that hold nothing and are on no list, before or after.
fn named_for_now(
    space: &Space<'_>,
    pages: &PageCalls<'_>,
    goals: &Goals<'_>,
    principals: &Principals,
) -> BTreeSet<usize> {
    let lists =
        pages.values().filter_map(|calls| calls.last()).flat_map(|(_, lists)| [&lists.view, &lists.edit]);
    let listed: BTreeSet<&Subject> = goals.audiences().chain(lists).flat_map(Audience::subjects).collect();
    let lasts = |who: &Principal| {
        space.before.holdings.contains_key(who)
            || space.after.holdings.contains_key(who)
            || space.protected.contains(who)
            || who.subject().is_some_and(|subject| listed.contains(&subject))
    };
    (0..principals.all.len()).filter(|place| !lasts(&principals.all[*place])).collect()
}

/// The conflicts so far.
struct Finder<'a> {
    principals: &'a Principals,
    singles: &'a Singles,
    alone: &'a BTreeSet<usize>,
    /// For each account that must be able to finish, the principals that it may be.
    protected: Vec<RoaringBitmap>,
    states: BTreeMap<State, (EdgeReason, Danger)>,
    barriers: Barriers,
    /// What was noticed and not kept yet.
    noticed: Noticed,
    /// How many pairs of gates and principals were looked at.
    work: usize,
}

/// Calls on one side of conflicts, ascending, and one of the principals that they are about.
type Calls = (Vec<usize>, u32);

impl<'a> Finder<'a> {
    fn new(
        space: &'a Space<'a>,
        calls: usize,
        principals: &'a Principals,
        singles: &'a Singles,
        alone: &'a BTreeSet<usize>,
    ) -> Self {
        let caller = Principal::User(space.live.site.caller.account.clone());
        let may_be = |protected: &Principal| -> RoaringBitmap {
            let is = |who: &Principal| {
                if *protected == caller {
                    may_be_callers_own(who, space.live)
                } else {
                    space.group_index.may_be_one(who, protected)
                }
            };
            let is_all = |atom: &Atom| atom.places().iter().all(|place| is(&principals.all[*place]));
            (0..).zip(&singles.atoms).filter(|(_, atom)| is_all(atom)).map(|(number, _)| number).collect()
        };
        Self {
            principals,
            alone,
            singles,
            protected: space.protected.iter().map(may_be).collect(),
            states: BTreeMap::new(),
            noticed: Noticed::default(),
            barriers: Barriers::beside(calls),
            work: 0,
        }
    }

    /// Of those principals, the ones that an account can be beside this one that gets past all that is needed at some
    /// time, by itself or through yet another. One of the last does not count, since with it there is nothing to notice.
    fn with_needed(
        &self,
        place: u32,
        mut those: RoaringBitmap,
        needed: &[&Literals],
        last: &RoaringBitmap,
    ) -> RoaringBitmap {
        for literals in needed {
            let holders = &literals.holders;
            if holders.contains(place) {
                continue;
            }
            let others = (holders & &self.singles.beside[place as usize]) - last;
            let holds = |other: u32| {
                holders.contains(other) || !self.singles.beside[other as usize].is_disjoint(&others)
            };
            those = those.into_iter().filter(|other| holds(*other)).collect();
        }
        those
    }

    /// Of `ones`, those that an account can be beside one of the others that are alike, if it gets past all that is needed
    /// at some time; and two such principals.
    fn met(
        &self,
        ones: RoaringBitmap,
        alike: &Alike,
        needed: &[&Literals],
        last: &RoaringBitmap,
    ) -> Option<(RoaringBitmap, [u32; 2])> {
        let others = &alike.those;
        // Together they get past all of it, with nothing else.
        let mut sure = ones.clone();
        for literals in needed.iter().filter(|literals| !literals.holders.is_superset(others)) {
            sure &= &literals.holders;
        }
        let unsure = ones - &sure;
        let beside = |place: u32| &self.singles.beside[place as usize];
        let mut met = &sure & others;
        let left = sure - &met;
        if others.len() < left.len() {
            let mut near = RoaringBitmap::new();
            others.iter().for_each(|other| near |= beside(other) & &left);
            met |= near;
        } else {
            met.extend(left.into_iter().filter(|one| !others.is_disjoint(beside(*one))));
        }
        let reaches = |one: u32, other: u32| {
            !self.with_needed(other, RoaringBitmap::from_iter([one]), needed, last).is_empty()
        };
        let partner = |one: u32| (others & beside(one)).into_iter().find(|other| reaches(one, *other));
        met.extend(unsure.into_iter().filter(|one| partner(*one).is_some()));
        let one = met.min()?;
        let other = partner(one)?;
        Some((met, [one, other]))
    }

    /// What an account can notice at these gates, which may be one, if it gets past the others.
    fn at(&mut self, gates: &SpaceGates<'_>, [one, other]: [GateId; 2], beside: &[GateId]) -> Noticed {
        let needed: Vec<&Literals> = beside.iter().map(|id| gates.alike(*id)).collect();
        if one == other {
            self.at_one(&gates.itself(one), &needed);
        } else {
            self.at_two(&gates.itself(one), &gates.itself(other), &needed);
        }
        std::mem::take(&mut self.noticed)
    }

    /// What an account can notice at one gate, if it gets past what is needed beside it.
    fn at_one(&mut self, literals: &Literals, needed: &[&Literals]) {
        let last = &literals.always;
        // Who simply comes or goes notices nothing alone.
        let odd = &literals.moving - (&literals.closed.comes | &literals.closed.goes);
        for place in &odd {
            if self.with_needed(place, RoaringBitmap::from_iter([place]), needed, last).is_empty() {
                continue;
            }
            let gate = literals.at(place);
            forbid(&[gate], |state, leak| self.note(state, leak, [place, place]));
        }
        // Who loses it before others get it.
        let comes = &literals.closed.comes;
        if !comes.is_empty() {
            let mut going: Vec<Alike> = literals.closed.going().collect();
            for by in needed.iter().map(|literals| &literals.holders).chain(&self.protected) {
                going = Alike::split(going, by);
            }
            for alike in going {
                self.noticed.work += 1;
                let mut protected = RoaringBitmap::new();
                for (those, _) in
                    self.protected.iter().zip(&alike.within[needed.len()..]).filter(|(_, within)| **within)
                {
                    protected |= those;
                }
                for (reason, ones) in
                    [(EdgeReason::Lockout, comes & &protected), (EdgeReason::Gap, comes - &protected)]
                {
                    if let Some((met, [one, other])) = self.met(ones, &alike, needed, last) {
                        let pending = (literals.closed.calls(&met), one);
                        self.no_first_before_last(reason, &(alike.calls.clone(), other), &pending);
                    }
                }
            }
        }
        // What does not simply come or go, one by one.
        for one in &odd {
            let others = &literals.moving & &self.singles.beside[one as usize];
            for other in self.with_needed(one, others, needed, last) {
                self.noticed.work += 1;
                let (gate, other_gate) = (literals.at(one), literals.at(other));
                let is_seen = odd.contains(other) && other <= one;
                if !is_seen && gate.is_between(other_gate) {
                    gate.both(false, other_gate).for_each(|state| self.note(state, false, [one, other]));
                }
            }
        }
    }

    /// What an account can notice that passes one gate through the first and the other through the second of two
    /// principals.
    fn at_two(&mut self, literals: &Literals, others: &Literals, needed: &[&Literals]) {
        // The many are looked at together for each of the few that are alike.
        let is_first = literals.open.kinds() <= others.open.kinds();
        let (few, many) = if is_first { (literals, others) } else { (others, literals) };
        let mut alike = few.alike();
        // Through those that are past the other gate all the time an account needs no second.
        for alike in &mut alike {
            alike.those -= &many.always;
        }
        alike.retain(|alike| !alike.those.is_empty());
        let within = [&many.before, &few.before, &many.after, &few.after];
        for by in within.into_iter().chain(needed.iter().map(|literals| &literals.holders)) {
            alike = Alike::split(alike, by);
        }
        for alike in alike {
            self.at_two_alike(&alike, [many, few], needed);
        }
    }

    /// The same for principals that are alike at the gate of the few and at what is needed.
    fn at_two_alike(&mut self, alike: &Alike, [many, few]: [&Literals; 2], needed: &[&Literals]) {
        self.noticed.work += 1;
        // Those through which an account would have access together with one of these.
        let with = |is_open: [bool; 2], at_many: &RoaringBitmap, at_few: &RoaringBitmap| match is_open {
            [true, true] => None,
            [true, false] => Some(at_few.clone()),
            [false, true] => Some(at_many.clone()),
            [false, false] => Some(at_many & at_few),
        };
        let &[many_before, few_before, many_after, few_after, ..] = &alike.within[..] else { return };
        let before = with([many_before, few_before], &many.before, &few.before);
        let after = with([many_after, few_after], &many.after, &few.after);
        let Some((before, after)) = before.zip(after) else { return };
        let ones = &many.moving - before - after - &few.always;
        let (simple, last) = match alike.comes {
            Some(true) => (&ones & &many.open.goes, &few.before | &many.after),
            Some(false) => (&ones & &many.open.comes, &many.before | &few.after),
            None => (RoaringBitmap::new(), RoaringBitmap::new()),
        };
        let odd = ones - &simple;
        // All that one of them opens is pending, or done, against all that the others open.
        if let Some((met, [one, other])) = self.met(simple, alike, needed, &last) {
            let (of_few, of_many) = ((alike.calls.clone(), other), (many.open.calls(&met), one));
            let (done, pending) =
                if alike.comes == Some(true) { (of_few, of_many) } else { (of_many, of_few) };
            self.no_first_before_last(EdgeReason::Leak, &done, &pending);
        }
        let last = &many.always | &few.always;
        for other in alike.those.iter().filter(|_| !odd.is_empty()) {
            for one in self.with_needed(other, &odd & &self.singles.beside[other as usize], needed, &last) {
                self.noticed.work += 1;
                many.at(one).both(true, few.at(other)).for_each(|state| self.note(state, true, [one, other]));
            }
        }
    }

    /// None of the first calls before all of the others, but for a call that is among both.
    fn no_first_before_last(&mut self, reason: EdgeReason, (done, one): &Calls, (pending, other): &Calls) {
        let is_in = |calls: &[usize], call: &usize| calls.binary_search(call).is_ok();
        let is_alone =
            |call: &usize| is_in(pending, call) || (reason == EdgeReason::Gap && self.alone.contains(call));
        let (alone, together): (Vec<usize>, Vec<usize>) = done.iter().copied().partition(is_alone);
        let sets = alone.into_iter().map(|call| vec![call]).chain([together]);
        for done in sets.filter(|set| !set.is_empty()).collect::<Vec<_>>() {
            let others: Vec<usize> = pending.iter().copied().filter(|call| !is_in(&done, call)).collect();
            if others.is_empty() {
                continue;
            }
            let done = vec![self.barriers.number(Extreme::First, done)];
            let pending = vec![self.barriers.number(Extreme::Last, others)];
            let state = State { done, pending };
            self.noticed.states.push((state, reason, [*one, *other]));
        }
    }

    fn note(&mut self, state: State, leak: bool, by: [u32; 2]) {
        let is_protected = || self.protected.iter().any(|those| by.iter().all(|one| those.contains(*one)));
        let reason = match leak {
            true => EdgeReason::Leak,
            false if is_protected() => EdgeReason::Lockout,
            false => EdgeReason::Gap,
        };
        self.noticed.states.push((state, reason, by));
    }

    fn keep(&mut self, noticed: Noticed, what: Endangered) {
        self.work += noticed.work;
        for (state, reason, by) in noticed.states {
            if self.states.get(&state).is_some_and(|(known, _)| *known <= reason) {
                continue;
            }
            // Who an account is says which groups it is in.
            let name = |number: u32| {
                let places = self.singles.atoms[number as usize].places().iter();
                let mut all = places.map(|place| &self.principals.all[*place]);
                let account = all.clone().find(|who| matches!(who, Principal::User(_)));
                account.or_else(|| all.next()).cloned()
            };
            let people = by.into_iter().filter_map(name).collect();
            let witness = Danger { people, what, moment: Moment::of(reason) };
            self.states.insert(state, (reason, witness));
        }
    }
}
