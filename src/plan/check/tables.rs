//! Whether rows and lists are open, state by state: what the calls do is done here, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{ListAt, Place};
use super::{Space, Steps};
use crate::model::{Call, Holding, Known, LiveSpace, Permission, Principal, Truth, Vocabulary};

/// A row or a list that more calls change is taken for one that is always there.
const MOST: usize = 8;

/// What is not known of a site, taken in one way.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, and all combinations are taken"
)]
pub(super) struct Reading {
    /// Whether permissions bring others along, and take them along.
    companions: bool,
    /// Whether a permission that stands twice goes with the first of its rows.
    linked: bool,
    /// Whether roles give what they may give.
    roles_give: bool,
    /// Whether everyone sees the space, past its grants.
    everyone_reads: bool,
}

impl Reading {
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
            for &linked in both(twice) {
                for &roles_give in both(doubtful) {
                    let everyone_reads = space.before.unlicensed_access == Known::Known(true);
                    all.push(Self { companions, linked, roles_give, everyone_reads });
                }
            }
        }
        all
    }
}

/// Something that is open or closed, depending on which of a few calls are done.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    calls: Vec<usize>,
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

    fn at(&self, done: impl Fn(usize) -> bool) -> bool {
        let state =
            self.calls.iter().enumerate().fold(0, |bits, (at, call)| bits | usize::from(done(*call)) << at);
        self.open[state]
    }
}

/// One condition of an access: it is open while one of these is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gate(Vec<Table>);

impl Gate {
    fn constant(open: bool) -> Self {
        Self(vec![Table { calls: Vec::new(), open: vec![open] }])
    }

    fn of(tables: impl Iterator<Item = Table>) -> Self {
        let tables: BTreeMap<_, _> = tables
            .filter(|table| !table.is(false))
            .map(|table| ((table.calls.clone(), table.open.clone()), table))
            .collect();
        if tables.values().any(|table| table.is(true)) {
            return Self::constant(true);
        }
        Self(tables.into_values().collect())
    }

    pub(super) fn is_always_open(&self) -> bool {
        self.0.iter().any(|table| table.is(true))
    }

    pub(super) fn is_never_open(&self) -> bool {
        self.0.iter().all(|table| table.is(false))
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(|table| table.calls.iter().copied())
    }

    pub(super) fn is_open(&self, done: impl Fn(usize) -> bool) -> bool {
        self.0.iter().any(|table| table.at(&done))
    }
}

/// The rows of a space, for each of the principals that matter.
pub(super) struct Rows {
    rows: Vec<BTreeMap<Permission, Table>>,
    everyone_reads: bool,
}

impl Rows {
    pub(super) fn of(space: &Space<'_>, reading: Reading, principals: &[Principal]) -> Self {
        let rows = principals.iter().map(|who| rows(space, reading, who)).collect();
        Self { rows, everyone_reads: reading.everyone_reads }
    }

    /// That one of these permissions is held by one of these principals.
    pub(super) fn gate(&self, any_of: &[Permission], person: &[usize]) -> Gate {
        if self.everyone_reads && any_of.contains(&Permission::ReadSpace) {
            return Gate::constant(true);
        }
        let tables = person.iter().flat_map(|place| any_of.iter().filter_map(|it| self.rows[*place].get(it)));
        Gate::of(tables.cloned())
    }

    /// The permissions whose rows change.
    pub(super) fn changed(&self) -> BTreeSet<Permission> {
        let changed = |rows: &BTreeMap<Permission, Table>| {
            rows.iter().filter(|(_, table)| !table.calls.is_empty()).map(|(it, _)| *it).collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(changed).collect()
    }
}

/// How a principal has a permission: by so many rows, and by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Held {
    rows: usize,
    by_role: bool,
}

/// What one principal holds, state by state.
fn rows(space: &Space<'_>, reading: Reading, who: &Principal) -> BTreeMap<Permission, Table> {
    let gives = |state: &LiveSpace, permission: Permission| {
        // What anonymous holds administers no space.
        let void = *who == Principal::Anonymous && permission == Permission::AdministerSpace;
        !void
            && match state.gives(who, permission, &space.live.roles) {
                Truth::Yes => true,
                Truth::No => false,
                Truth::Unknown => reading.roles_give,
            }
    };
    let calls = match space.steps {
        Steps::Calls(calls) => calls,
        Steps::Through(state) => {
            let of = |permission: &Permission| {
                let states = [space.before, state, space.after].map(|state| gives(state, *permission));
                let steps =
                    if states[0] == states[1] && states[1] == states[2] { vec![] } else { vec![0, 1] };
                Table::of(steps, |done| states[usize::from(done(0)) + usize::from(done(1))])
            };
            return Permission::ALL
                .iter()
                .map(|it| (*it, of(it)))
                .filter(|(_, table)| !table.is(false))
                .collect();
        }
    };
    let mine: Vec<usize> = (0..calls.len())
        .filter(|number| match &calls[*number].call {
            Call::Grant { principal, .. } | Call::Revoke { principal, .. } => principal == who,
            Call::AssignRoles { roles, .. } => roles.contains_key(who),
            Call::Restrict { .. } => false,
        })
        .collect();
    let mut rows = BTreeMap::new();
    for &permission in Permission::ALL {
        let (before, after) = (gives(space.before, permission), gives(space.after, permission));
        if !before && !after {
            continue;
        }
        let held = match space.before.holdings.get(who) {
            Some(Holding::Grants(rows)) => {
                Held { rows: rows.get(&permission).map_or(0, BTreeSet::len), by_role: false }
            }
            Some(Holding::Role(_)) => Held { rows: 0, by_role: before },
            None => Held::default(),
        };
        let with = |held: Held, rows: usize| Held { rows, ..held };
        let step = |held: Held, call: &Call| match call {
            Call::Grant { permission: given, .. } if *given == permission => with(held, held.rows.max(1)),
            Call::Grant { permission: given, .. } if given.companions().contains(&permission) => {
                // What is not wanted is taken away by the next call, and told.
                if reading.companions && after { with(held, held.rows.max(1)) } else { held }
            }
            // It takes away what an earlier call brings along, beside what there is.
            Call::Revoke { grant: None, .. } => held,
            Call::Revoke { permission: taken, .. } if *taken == permission => {
                with(held, if reading.linked { 0 } else { held.rows.saturating_sub(1) })
            }
            Call::Revoke { permission: Permission::ReadSpace, .. } => with(held, 0),
            Call::Revoke { permission: taken, .. } if taken.companions().contains(&permission) => {
                // What is wanted is given back by the next call, and told.
                if reading.companions && !after { with(held, 0) } else { held }
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
            states.into_iter().any(|held| step(held, call) != held)
        };
        let movers: Vec<usize> = mine.iter().filter(matter).copied().collect();
        let table = Table::of(movers.clone(), |done| {
            let done = movers.iter().filter(|number| done(**number));
            let held = done.fold(held, |held, number| step(held, &calls[*number].call));
            held.by_role || held.rows > 0
        });
        rows.insert(permission, table);
    }
    rows
}

/// The lists that decide about content, for one person.
pub(super) struct Lists {
    views: Vec<Gate>,
    edit: Option<Gate>,
}

impl Lists {
    pub(super) fn of(place: &Place<'_>, person: &[usize], principals: &[Principal]) -> Self {
        let gate = |list: &ListAt<'_>| {
            let lets_through = |audience: &crate::model::Audience| {
                let subject = |place: &usize| principals[*place].subject();
                audience.is_anyone()
                    || person
                        .iter()
                        .filter_map(subject)
                        .any(|who| audience.subjects().any(|listed| *listed == who))
            };
            let calls: Vec<usize> = list.then.iter().map(|(call, _)| *call).collect();
            let table = Table::of(calls, |done| {
                let last = list.then.iter().rev().find(|(call, _)| done(*call));
                lets_through(last.map_or(list.before, |(_, audience)| audience))
            });
            Gate::of(std::iter::once(table))
        };
        Self { views: place.views.iter().map(gate).collect(), edit: place.edit.as_ref().map(gate) }
    }

    /// Whether the way to the content is ever open.
    pub(super) fn may_let_through(&self) -> bool {
        self.views.iter().all(|gate| !gate.is_never_open())
    }

    pub(super) fn gates(&self, on_edit_list: bool) -> impl Iterator<Item = &Gate> {
        self.views.iter().chain(self.edit.iter().filter(move |_| on_edit_list))
    }
}
