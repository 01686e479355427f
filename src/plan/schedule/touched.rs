//! What the calls of a space change, by the things that access looks at: rows, and lists of pages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{
    Audience, Call, Holding, Known, LiveSpace, Permission, Principal, RoleId, Subject, Truth, Vocabulary,
};

use super::gates::{Gate, Row};
use super::goals::Goals;
use super::space::{Node, PageCalls, Space};

/// What a principal has of a permission, by its role and by rows of its own. One may take the place of the other.
type BySource = [Row; 2];

/// By what a principal has a permission.
#[derive(Debug, Clone, Copy)]
enum HeldBy {
    Role,
    Rows,
}

/// Rows by the place of their principal among all that matter.
#[derive(Debug)]
pub(super) struct Rows {
    by_permission: BTreeMap<Permission, Vec<BySource>>,
    everyone: Everyone,
    /// See [`SearchLimits`](super::limits::SearchLimits).
    apart: usize,
}

/// The principals that matter in a space, in ascending order.
#[derive(Debug)]
pub(super) struct Principals {
    pub(super) all: Vec<Principal>,
    /// The places that each list names, none for an open one, by the address of the list: it is asked for
    /// far too often to be read each time.
    lists: HashMap<*const Audience, Option<Box<[usize]>>>,
}

impl Principals {
    pub(super) fn of(space: &Space<'_>, pages: &PageCalls<'_>, goals: &Goals<'_>) -> Self {
        let moving = pages.values().flatten().flat_map(|(_, lists)| [&lists.view, &lists.edit]);
        let audiences: Vec<&Audience> = goals.audiences().chain(moving).collect();
        let listed: BTreeSet<&Subject> = audiences.iter().flat_map(|list| list.subjects()).collect();
        let listed: Vec<Principal> = listed.into_iter().cloned().map(Principal::from).collect();
        let holders = space.before.holdings.keys().chain(space.after.holdings.keys());
        let mut principals = Self::without_lists(holders.chain(space.protected).chain(&listed));
        let Self { all, lists } = &mut principals;
        for audience in audiences {
            lists.entry(std::ptr::from_ref(audience)).or_insert_with(|| {
                let place = |subject: &Subject| all.binary_search(&subject.clone().into()).ok();
                let mut found: Box<[usize]> = audience.subjects().filter_map(place).collect();
                found.sort_unstable();
                (!audience.is_anyone()).then_some(found)
            });
        }
        principals
    }

    /// These alone, for what hangs on no list; ascending.
    pub(super) fn without_lists<'p>(principals: impl Iterator<Item = &'p Principal>) -> Self {
        let all: BTreeSet<&Principal> = principals.collect();
        Self { all: all.into_iter().cloned().collect(), lists: HashMap::new() }
    }

    pub(super) fn place(&self, principal: &Principal) -> Option<usize> {
        self.all.binary_search(principal).ok()
    }

    /// For each place a number, which principals share that count for the same: they hold the same of these
    /// permissions, no call changes that, they are on the same lists, and both or neither are set apart.
    pub(super) fn kinds(
        &self,
        rows: &[Rows],
        permissions: &BTreeSet<Permission>,
        set_apart: &BTreeSet<usize>,
    ) -> Vec<usize> {
        let mut listed: Vec<Vec<*const Audience>> = vec![Vec::new(); self.all.len()];
        for (&list, places) in &self.lists {
            for &place in places.iter().flatten() {
                listed[place].push(list);
            }
        }
        let mut kinds = HashMap::new();
        listed
            .into_iter()
            .enumerate()
            .map(|(place, mut lists)| {
                lists.sort_unstable();
                let held: Vec<Option<BTreeSet<Permission>>> =
                    rows.iter().map(|rows| rows.held_throughout(place, permissions)).collect();
                let moves = held.contains(&None).then_some(place);
                let next = kinds.len();
                *kinds.entry((held, moves, lists, set_apart.contains(&place))).or_insert(next)
            })
            .collect()
    }

    /// Whether a list lets people through who match the principals at these places.
    pub(super) fn passes(&self, atom: &[usize], audience: &Audience) -> bool {
        match self.lists.get(&std::ptr::from_ref(audience)) {
            Some(Some(members)) => atom.iter().any(|place| members.binary_search(place).is_ok()),
            Some(None) | None => audience.is_anyone(),
        }
    }
}

/// One combination of assumptions about what is not known of who is given what. Whatever access depends on it counts
/// under each. The check makes assumptions of its own (`plan::check::tables`), so that it can catch a mistake in these.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrantAssumptions<'a> {
    /// Whether roles give what they may give, and which of them is the exception, for which permission.
    roles_give: bool,
    except: Option<(&'a RoleId, Permission)>,
    everyone: Everyone,
}

/// What may be given to everyone beside what the site lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Everyone {
    Nothing,
    /// Jira Service Management can open a space to every signed-in person.
    Reads,
    /// A site may leave out what `anonymous` holds.
    HoldsAll,
}

impl<'a> GrantAssumptions<'a> {
    /// Roles give all that they may give.
    pub(super) const MOST: Self = Self { roles_give: true, except: None, everyone: Everyone::Nothing };

    /// All that matter for these permissions.
    pub(super) fn all(space: &Space<'a>, permissions: &BTreeSet<Permission>) -> Vec<Self> {
        let before = space.before;
        let desk = space.group_index.service_desk;
        let mut everyone = match (before.unlicensed_access, desk) {
            (Known::Known(true), _) => vec![Everyone::Reads],
            (Known::Unknown(_), true) => vec![Everyone::Nothing, Everyone::Reads],
            (Known::Known(false), _) | (Known::Unknown(_), false) => vec![Everyone::Nothing],
        };
        match before.unlisted_anonymous {
            Known::Known(false) => {}
            // Whether that counts for people who are signed in is another question.
            Known::Known(true) => everyone.extend([Everyone::Reads, Everyone::HoldsAll]),
            Known::Unknown(_) => everyone.push(Everyone::HoldsAll),
        }
        let mut unknown: BTreeSet<(&RoleId, Permission)> = BTreeSet::new();
        for state in [before, space.after] {
            for (principal, holding) in &state.holdings {
                let Holding::Role(role) = holding else { continue };
                let gives = |permission: &&Permission| {
                    state.gives(principal, **permission, &space.live.roles) == Truth::Unknown
                };
                unknown.extend(permissions.iter().filter(gives).map(|permission| (role, *permission)));
            }
        }
        let mut roles = vec![(false, None)];
        if !unknown.is_empty() {
            roles.push((true, None));
        }
        if unknown.len() > 1 && unknown.len() <= space.limits.walked {
            roles.extend(
                [false, true].into_iter().flat_map(|gives| unknown.iter().map(move |it| (gives, Some(*it)))),
            );
        }
        let with =
            |everyone| roles.iter().map(move |&(roles_give, except)| Self { roles_give, except, everyone });
        everyone.into_iter().flat_map(with).collect()
    }

    /// What a principal is given by what it holds in a state.
    fn given(self, state: &LiveSpace, principal: &Principal, space: &Space<'_>) -> BTreeSet<Permission> {
        let roles = &space.live.roles;
        let mut given = state.surely_gives(principal, roles);
        if let Some(Holding::Role(held)) = state.holdings.get(principal) {
            let is_exception = |permission: &Permission| self.except == Some((held, *permission));
            let perhaps = state.may_give(principal, roles).into_iter().filter(|it| !given.contains(it));
            let perhaps: Vec<Permission> =
                perhaps.filter(|permission| self.roles_give != is_exception(permission)).collect();
            given.extend(perhaps);
        }
        given
    }
}

impl Rows {
    pub(super) fn of(
        space: &Space<'_>,
        nodes: &[Node],
        principals: &Principals,
        assumptions: GrantAssumptions<'_>,
    ) -> Self {
        let mut rows = Self {
            by_permission: BTreeMap::new(),
            everyone: assumptions.everyone,
            apart: space.limits.apart,
        };
        let count = principals.all.len();
        for (state, is_after) in [(space.before, false), (space.after, true)] {
            for (principal, holding) in &state.holdings {
                let Some(place) = principals.place(principal) else { continue };
                let source = match holding {
                    Holding::Role(_) => HeldBy::Role,
                    Holding::Grants(_) => HeldBy::Rows,
                };
                for permission in assumptions.given(state, principal, space) {
                    let of_permission = rows.by_permission.entry(permission);
                    let row = &mut of_permission.or_insert_with(|| vec![BySource::default(); count])[place]
                        [source as usize];
                    if is_after { row.after = true } else { row.before = true }
                }
            }
        }
        let is_certain = space.group_index.vocabulary == Vocabulary::Extended;
        for how in [How::Itself, How::ByProducer, How::ByReading] {
            // What puts a side effect right changes nothing that anyone was promised.
            let promised = |node: &Node| space.drafts[node.draft].undoes.is_none();
            for (number, node) in nodes.iter().enumerate().filter(|(_, node)| promised(node)) {
                rows.touch(number, &node.call, how, is_certain, principals);
            }
            for row in rows.by_permission.values_mut().flatten().flatten() {
                row.is_explained = !row.calls.is_empty();
            }
        }
        rows
    }

    /// Notes which calls make a row appear or disappear in one way. What a call names goes before what it brings or
    /// takes along, unless it is not certain that it does.
    fn touch(&mut self, number: usize, call: &Call, how: How, is_certain: bool, principals: &Principals) {
        match call {
            Call::Grant { principal, permission, .. } | Call::Revoke { principal, permission, .. } => {
                let Some(place) = principals.place(principal) else { return };
                let goes = matches!(call, Call::Revoke { .. });
                let (permissions, unless_explained) = match how {
                    How::Itself => (vec![*permission], false),
                    How::ByProducer => (permission.companions().to_vec(), is_certain),
                    How::ByReading if goes && *permission == Permission::ReadSpace => {
                        (self.by_permission.keys().copied().collect(), true)
                    }
                    How::ByReading => return,
                };
                for permission in permissions {
                    self.note(permission, (place, HeldBy::Rows), number, goes, unless_explained);
                }
            }
            Call::AssignRoles { roles, .. } if how == How::Itself => {
                let places =
                    roles.iter().filter_map(|(who, role)| Some((principals.place(who)?, role.is_some())));
                let places: Vec<(usize, bool)> = places.collect();
                for permission in self.by_permission.keys().copied().collect::<Vec<_>>() {
                    for &(place, is_assigned) in &places {
                        self.note(permission, (place, HeldBy::Role), number, false, false);
                        self.note(permission, (place, HeldBy::Role), number, true, false);
                        // A role takes the place of rows.
                        if is_assigned {
                            self.note(permission, (place, HeldBy::Rows), number, true, false);
                        }
                    }
                }
            }
            Call::AssignRoles { .. } | Call::Restrict { .. } => {}
        }
    }

    fn note(
        &mut self,
        permission: Permission,
        (place, source): (usize, HeldBy),
        call: usize,
        goes: bool,
        unless_explained: bool,
    ) {
        let of_permission = self.by_permission.get_mut(&permission);
        let Some(row) =
            of_permission.and_then(|rows| rows.get_mut(place)).map(|rows| &mut rows[source as usize])
        else {
            return;
        };
        let changes = if goes { row.before && !row.after } else { !row.before && row.after };
        let counts = !unless_explained || !row.is_explained;
        if changes && counts && !row.calls.contains(&call) {
            row.calls.push(call);
        }
    }

    /// The rows for a permission that name one of the principals at these places.
    fn naming<'r>(&'r self, permission: Permission, atom: &'r [usize]) -> impl Iterator<Item = &'r Row> {
        self.by_permission
            .get(&permission)
            .into_iter()
            .flat_map(move |rows| atom.iter().filter_map(|place| rows.get(*place)).flatten())
    }

    /// That an atom holds one of these permissions.
    pub(super) fn gate(&self, any_of: &[Permission], atom: &[usize]) -> Gate {
        let is_everyones = match self.everyone {
            Everyone::Nothing => false,
            Everyone::Reads => any_of.contains(&Permission::ReadSpace),
            Everyone::HoldsAll => any_of.iter().any(|permission| Principal::Anonymous.can_use(*permission)),
        };
        if is_everyones {
            return Gate::constant(true);
        }
        Gate::of_rows(any_of.iter().flat_map(|permission| self.naming(*permission, atom)), self.apart)
    }

    /// What the principal at a place has of these permissions, if no call changes it.
    fn held_throughout(
        &self,
        place: usize,
        permissions: &BTreeSet<Permission>,
    ) -> Option<BTreeSet<Permission>> {
        let mut held = BTreeSet::new();
        for &permission in permissions {
            for row in self.naming(permission, &[place]) {
                if row.before != row.after {
                    return None;
                }
                if row.before {
                    held.insert(permission);
                }
            }
        }
        Some(held)
    }

    pub(super) fn all(&self, permission: Permission) -> impl Iterator<Item = &Row> + Clone {
        self.by_permission.get(&permission).into_iter().flatten().flatten()
    }

    pub(super) fn changed_permissions(&self) -> impl Iterator<Item = Permission> {
        let changed = |rows: &Vec<BySource>| rows.iter().flatten().any(|row| row.before != row.after);
        self.by_permission.iter().filter(move |(_, rows)| changed(rows)).map(|(&permission, _)| permission)
    }
}

/// How a call comes to change a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It names it.
    Itself,
    /// It names a permission that brings this one along, or takes it along.
    ByProducer,
    /// It deletes `read/space`, with which all others of the principal go.
    ByReading,
}
