//! Simulates the calls: whether each row and each list lets its principals through, in every state of a run.

use std::collections::{BTreeMap, BTreeSet};

use super::content::ListAt;
use super::people::People;
use super::space::{Space, Steps, calls_by_principal};
use crate::model::{Audience, Call, Holding, Known, LiveSpace, Permission, Principal, Truth, Vocabulary};
use crate::plan::numbered::Numbered;

/// A row or list that more calls change is treated as always present.
const MOST: usize = 8;

/// One combination of assumptions about what is unknown of a site. A plan must keep its promise under all of them.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, and all combinations are taken"
)]
pub(super) struct Assumptions {
    /// Whether permissions bring others along, and take them along.
    companions: bool,
    /// Whether what goes along and is given back by the next call is gone for that moment.
    momentary: bool,
    /// What becomes of a permission that stands twice.
    twins: Twins,
    /// Whether roles give what they may give.
    roles_give: bool,
    /// Whether everyone sees the space, past its grants.
    everyone_reads: bool,
}

/// What the deletion of one of two rows of a permission does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twins {
    /// It ends the permission, and all that goes along with it.
    Together,
    /// It ends nothing before the other one is deleted.
    Apart,
    /// It ends what goes along, and not the permission.
    ApartAfterOthers,
}

impl Twins {
    const ALL: [Self; 3] = [Self::Together, Self::Apart, Self::ApartAfterOthers];
}

impl Assumptions {
    /// The same for what the account that runs the plan needs: roles give what they may give, and what is given back is
    /// gone for a moment.
    pub(super) const fn of_caller(self) -> Self {
        Self { roles_give: true, momentary: true, ..self }
    }

    /// All that matter for a space.
    pub(super) fn all(space: &Space<'_>) -> Vec<Self> {
        let companions: &[bool] = match space.vocabulary {
            Vocabulary::Extended => &[true],
            Vocabulary::Documented => &[false, true],
        };
        let twice = space.before.holdings.values().any(|holding| match holding {
            Holding::Grants(rows) => rows.values().any(|rows| rows.len() > 1),
            Holding::Role(_) => false,
        });
        let doubtful = [space.before, space.after].into_iter().any(|state| {
            state.holdings.iter().any(|(who, holding)| {
                let may = |permission: &Permission| {
                    state.gives(who, *permission, &space.live.roles) == Truth::Unknown
                };
                matches!(holding, Holding::Role(_)) && Permission::ALL.iter().any(may)
            })
        });
        let both = |needed: bool| if needed { &[false, true][..] } else { &[false][..] };
        let mut all = Vec::new();
        for &companions in companions {
            for &twins in if twice { &Twins::ALL[..] } else { &[Twins::Together] } {
                for &roles_give in both(doubtful) {
                    let everyone_reads = space.before.unlicensed_access == Known::Known(true);
                    all.push(Self { companions, momentary: false, twins, roles_give, everyone_reads });
                }
            }
        }
        all
    }
}

/// Something that is open or closed, depending on which of a few calls are done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Table {
    pub(super) calls: Vec<usize>,
    /// By the set of calls that are done, as bits.
    open: Vec<bool>,
}

impl Table {
    /// Plays all states of these calls.
    fn of(calls: Vec<usize>, open: impl Fn(&dyn Fn(usize) -> bool) -> bool) -> Self {
        let calls = if calls.len() > MOST { Vec::new() } else { calls };
        let open = (0..1_usize << calls.len())
            .map(|state| {
                let done = |call: usize| {
                    calls.iter().position(|known| *known == call).is_some_and(|at| state >> at & 1 == 1)
                };
                open(&done)
            })
            .collect();
        Self { calls, open }
    }

    fn is(&self, open: bool) -> bool {
        self.open.iter().all(|value| *value == open)
    }

    pub(super) fn at(&self, done: impl Fn(usize) -> bool) -> bool {
        let state =
            self.calls.iter().enumerate().fold(0, |bits, (at, call)| bits | usize::from(done(*call)) << at);
        self.open[state]
    }
}

/// One condition of an access. What people have in common is known by its number, so that it is compared and played
/// through once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TimedGate {
    AlwaysOpen,
    NeverOpen,
    While(AnyOf),
}

/// At least one of several tables is open; holds the number of their set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AnyOf(usize);

/// All tables of a space and the sets of them on which something hangs, each once.
#[derive(Debug, Default)]
pub(super) struct Tables {
    each: Numbered<Table>,
    /// Each ascending.
    sets: Numbered<Vec<usize>>,
}

impl Tables {
    /// What is open as this table says.
    fn gate(&mut self, table: Table) -> TimedGate {
        if table.is(true) {
            return TimedGate::AlwaysOpen;
        }
        if table.is(false) {
            return TimedGate::NeverOpen;
        }
        let number = self.each.number(table);
        TimedGate::While(AnyOf(self.sets.number(vec![number])))
    }

    /// What is open while one of these is.
    fn any(&mut self, gates: impl Iterator<Item = TimedGate>) -> TimedGate {
        let mut sets = Vec::new();
        for gate in gates {
            match gate {
                TimedGate::AlwaysOpen => return TimedGate::AlwaysOpen,
                TimedGate::NeverOpen => {}
                TimedGate::While(set) => sets.push(set),
            }
        }
        if let [] | [_] = *sets {
            return sets.first().map_or(TimedGate::NeverOpen, |set| TimedGate::While(*set));
        }
        let mut tables: Vec<usize> = sets.iter().flat_map(|set| &self.sets.all()[set.0]).copied().collect();
        tables.sort_unstable();
        tables.dedup();
        TimedGate::While(AnyOf(self.sets.number(tables)))
    }

    /// The tables of a set.
    pub(super) fn of(&self, set: AnyOf) -> impl Iterator<Item = &Table> {
        self.sets.all()[set.0].iter().map(|number| &self.each.all()[*number])
    }
}

/// The rows of a space, for each of the principals that matter.
pub(super) struct GrantRows {
    rows: BTreeMap<usize, BTreeMap<Permission, TimedGate>>,
    everyone_reads: bool,
}

impl GrantRows {
    pub(super) fn of(
        space: &Space<'_>,
        assumptions: Assumptions,
        people: &People,
        tables: &mut Tables,
    ) -> Self {
        let calls = match space.steps {
            Steps::Calls(calls) => calls_by_principal(calls),
            Steps::Through(_) => BTreeMap::new(),
        };
        let places: BTreeSet<usize> = people.sets.iter().flatten().copied().collect();
        let mut rows = |place: usize| {
            let who = &people.principals[place];
            let mine = calls.get(who).map_or(&[][..], Vec::as_slice);
            let rows = rows(space, assumptions, who, mine).into_iter();
            (place, rows.map(|(permission, table)| (permission, tables.gate(table))).collect())
        };
        Self { rows: places.into_iter().map(&mut rows).collect(), everyone_reads: assumptions.everyone_reads }
    }

    /// That one of these permissions is held by one of these principals.
    pub(super) fn gate(&self, any_of: &[Permission], person: &[usize], tables: &mut Tables) -> TimedGate {
        if self.everyone_reads && any_of.contains(&Permission::ReadSpace) {
            return TimedGate::AlwaysOpen;
        }
        let held = person.iter().map(|place| &self.rows[place]);
        tables.any(held.flat_map(|held| any_of.iter().filter_map(|it| held.get(it).copied())))
    }

    /// The permissions that do not stay as they are, for one at least.
    pub(super) fn changed(&self) -> BTreeSet<Permission> {
        let rows = self.rows.values().flatten();
        rows.filter(|(_, gate)| matches!(gate, TimedGate::While(_)))
            .map(|(permission, _)| *permission)
            .collect()
    }
}

/// How a principal has a permission: by so many rows, and by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Held {
    rows: usize,
    by_role: bool,
}

/// What one principal holds, state by state.
fn rows(
    space: &Space<'_>,
    assumptions: Assumptions,
    who: &Principal,
    mine: &[usize],
) -> BTreeMap<Permission, Table> {
    let given = |state: &LiveSpace| {
        let roles = &space.live.roles;
        if assumptions.roles_give { state.may_give(who, roles) } else { state.surely_gives(who, roles) }
    };
    let (given_before, given_after) = (given(space.before), given(space.after));
    let calls = match space.steps {
        Steps::Calls(calls) => calls,
        Steps::Through(state) => {
            let given = [given_before, given(state), given_after];
            let of = |permission: &Permission| {
                let states = given.each_ref().map(|given| given.contains(permission));
                let steps =
                    if states[0] == states[1] && states[1] == states[2] { vec![] } else { vec![0, 1] };
                Table::of(steps, |done| states[usize::from(done(0)) + usize::from(done(1))])
            };
            return given.iter().flatten().map(|permission| (*permission, of(permission))).collect();
        }
    };
    let rows_of = |permission| match space.before.holdings.get(who) {
        // A row whose id is not known is one all the same.
        Some(Holding::Grants(rows)) => rows.get(&permission).map_or(0, |ids| ids.len().max(1)),
        Some(Holding::Role(_)) | None => 0,
    };
    let mut rows = BTreeMap::new();
    for &permission in given_before.union(&given_after) {
        let before = given_before.contains(&permission);
        let after = given_after.contains(&permission);
        let has_role = matches!(space.before.holdings.get(who), Some(Holding::Role(_)));
        let held = Held { rows: rows_of(permission), by_role: has_role && before };
        let with = |held: Held, rows: usize| Held { rows, ..held };
        let step = |held: Held, call: &Call, is_last: bool| match call {
            Call::Grant { permission: given, .. } if *given == permission => with(held, held.rows.max(1)),
            Call::Grant { permission: given, .. } if given.companions().contains(&permission) => {
                // An unwanted companion is removed by the next call, and the plan reports it.
                if assumptions.companions && after { with(held, held.rows.max(1)) } else { held }
            }
            // It takes away what an earlier call brings along, beside what there is.
            Call::Revoke { grant: None, .. } => held,
            Call::Revoke { permission: taken, .. } if *taken == permission => {
                with(held, if assumptions.twins == Twins::Together { 0 } else { held.rows.saturating_sub(1) })
            }
            Call::Revoke { .. } if !is_last && assumptions.twins == Twins::Apart => held,
            Call::Revoke { permission: Permission::ReadSpace, .. } => with(held, 0),
            Call::Revoke { permission: taken, .. } if taken.companions().contains(&permission) => {
                // A companion that is wanted is granted again by the next call, and the plan reports it.
                if assumptions.companions && (assumptions.momentary || !after) { with(held, 0) } else { held }
            }
            // A role takes the place of rows.
            Call::AssignRoles { roles, .. } => match roles.get(who) {
                Some(Some(_)) => Held { rows: 0, by_role: after },
                Some(None) => Held { by_role: false, ..held },
                None => held,
            },
            Call::Grant { .. } | Call::Revoke { .. } | Call::Restrict { .. } => held,
        };
        // Of the calls, those that make a difference somewhere.
        let matter = |number: &&usize| {
            let call = &calls[**number].call;
            let states =
                (0..=held.rows.max(1)).flat_map(|rows| [false, true].map(|by_role| Held { rows, by_role }));
            states.into_iter().any(|held| step(held, call, true) != held)
        };
        let movers: Vec<usize> = mine.iter().filter(matter).copied().collect();
        let table = Table::of(movers.clone(), |done| {
            let mut revoked = BTreeMap::new();
            let held = movers.iter().filter(|number| done(**number)).fold(held, |held, number| {
                let call = &calls[*number].call;
                let is_last = match call {
                    Call::Revoke { permission, .. } => {
                        let revoked: &mut usize = revoked.entry(*permission).or_default();
                        *revoked += 1;
                        *revoked >= rows_of(*permission)
                    }
                    Call::Grant { .. } | Call::AssignRoles { .. } | Call::Restrict { .. } => true,
                };
                step(held, call, is_last)
            });
            held.by_role || held.rows > 0
        });
        rows.insert(permission, table);
    }
    rows
}

/// A list, and what the calls make of it: by the places of those who are on it; none where it is open.
pub(super) struct ListTables {
    before: Option<BTreeSet<usize>>,
    then: Vec<(usize, Option<BTreeSet<usize>>)>,
}

impl ListTables {
    pub(super) fn of(list: &ListAt<'_>, principals: &[Principal]) -> Self {
        let places = |audience: &Audience| match audience {
            Audience::Anyone => None,
            Audience::Only(_) => {
                let subjects = audience.subjects().cloned().map(Principal::from);
                Some(subjects.filter_map(|who| principals.binary_search(&who).ok()).collect())
            }
        };
        let then = list.then.iter().map(|(call, audience)| (*call, places(audience))).collect();
        Self { before: places(list.before), then }
    }

    /// That the list lets a person through.
    pub(super) fn gate(&self, person: &[usize], tables: &mut Tables) -> TimedGate {
        let lets_through = |list: &Option<BTreeSet<usize>>| {
            list.as_ref().is_none_or(|list| person.iter().any(|place| list.contains(place)))
        };
        let before = lets_through(&self.before);
        let then: Vec<(usize, bool)> =
            self.then.iter().map(|(call, list)| (*call, lets_through(list))).collect();
        let calls = then.iter().map(|(call, _)| *call).collect();
        tables.gate(Table::of(calls, |done| {
            then.iter().rev().find(|(call, _)| done(*call)).map_or(before, |(_, open)| *open)
        }))
    }
}
