//! What the calls of a space change, by the things that access looks at: rows, and lists of pages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Audience, Call, ContentId, PageVerb, Permission, Principal, Subject};

use super::goals::Goals;
use super::{Node, Space};

/// A row of the space that is there before, after, or both.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row {
    pub(super) before: bool,
    pub(super) after: bool,
    pub(super) adds: Option<usize>,
    pub(super) removes: Option<usize>,
}

/// The calls on a page in their order, each with the lists that it leaves behind.
pub(super) type PageCalls<'a> = BTreeMap<ContentId, Vec<(usize, [&'a Audience; 2])>>;

pub(super) fn page_calls(nodes: &[Node]) -> PageCalls<'_> {
    let mut pages: PageCalls<'_> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        if let Call::Restrict { content, after, .. } = &node.call {
            pages.entry(*content).or_default().push((number, [&after.view, &after.edit]));
        }
    }
    pages
}

/// The one of both lists that a verb asks for.
pub(super) const fn list<'a>(lists: &[&'a Audience; 2], verb: PageVerb) -> &'a Audience {
    match verb {
        PageVerb::View => lists[0],
        PageVerb::Edit => lists[1],
    }
}

/// Rows by permission and by the place of their principal among all that matter.
#[derive(Debug)]
pub(super) struct Rows {
    rows: BTreeMap<Permission, Vec<Row>>,
}

/// The principals that matter in a space, in ascending order.
#[derive(Debug)]
pub(super) struct Principals {
    pub(super) all: Vec<Principal>,
    places: HashMap<Principal, usize>,
    /// The places that each list names, none for an open one, by the address of the list: it is asked for
    /// far too often to be read each time.
    lists: HashMap<*const Audience, Option<Box<[usize]>>>,
}

impl Principals {
    pub(super) fn of(space: &Space<'_>, pages: &PageCalls<'_>, goals: &Goals<'_>) -> Self {
        let holders = space.before.holdings.keys().chain(space.after.holdings.keys());
        let mut all: BTreeSet<&Principal> = holders.collect();
        all.extend(space.protected.principals());
        let moving = pages.values().flatten().flat_map(|(_, lists)| *lists);
        let audiences: Vec<&Audience> = goals.audiences().chain(moving).collect();
        let listed: BTreeSet<&Subject> = audiences.iter().flat_map(|list| list.subjects()).collect();
        let listed: BTreeSet<Principal> = listed.into_iter().cloned().map(Principal::from).collect();
        all.extend(&listed);
        let all: Vec<Principal> = all.into_iter().cloned().collect();
        let places: HashMap<Principal, usize> =
            all.iter().enumerate().map(|(place, who)| (who.clone(), place)).collect();
        let mut lists = HashMap::new();
        for audience in audiences {
            lists.entry(std::ptr::from_ref(audience)).or_insert_with(|| {
                let place = |subject: &Subject| places.get(&subject.clone().into()).copied();
                let mut found: Box<[usize]> = audience.subjects().filter_map(place).collect();
                found.sort_unstable();
                (!audience.is_anyone()).then_some(found)
            });
        }
        Self { all, places, lists }
    }

    pub(super) fn place(&self, principal: &Principal) -> Option<usize> {
        self.places.get(principal).copied()
    }

    /// Whether a list lets people through who match the principals at these places.
    pub(super) fn passes(&self, atom: &[usize], audience: &Audience) -> bool {
        match self.lists.get(&std::ptr::from_ref(audience)) {
            Some(Some(members)) => atom.iter().any(|place| members.binary_search(place).is_ok()),
            Some(None) | None => audience.is_anyone(),
        }
    }
}

impl Rows {
    pub(super) fn of(space: &Space<'_>, nodes: &[Node], principals: &Principals) -> Self {
        let mut rows = Self { rows: BTreeMap::new() };
        let count = principals.all.len();
        for (state, is_after) in [(space.before, false), (space.after, true)] {
            for principal in state.holdings.keys() {
                let Some(place) = principals.place(principal) else { continue };
                for permission in state.surely_gives(principal, &space.live.roles) {
                    let row = &mut rows.rows.entry(permission).or_insert_with(|| vec![Row::default(); count])
                        [place];
                    if is_after { row.after = true } else { row.before = true }
                }
            }
        }
        for (number, node) in nodes.iter().enumerate() {
            rows.touch(number, &node.call, principals);
        }
        rows
    }

    /// Notes which call makes a row appear or disappear.
    fn touch(&mut self, number: usize, call: &Call, principals: &Principals) {
        let with_companions = |permission: Permission| {
            std::iter::once(permission).chain(permission.companions().iter().copied())
        };
        match call {
            Call::Grant { principal, permission, .. } => {
                let Some(place) = principals.place(principal) else { return };
                for permission in with_companions(*permission) {
                    self.adds(permission, place, number);
                }
            }
            Call::Revoke { principal, permission, .. } => {
                let Some(place) = principals.place(principal) else { return };
                let taken: Vec<Permission> = match permission {
                    Permission::ReadSpace => self.rows.keys().copied().collect(),
                    other => with_companions(*other).collect(),
                };
                for permission in taken {
                    self.removes(permission, place, number);
                }
            }
            Call::AssignRoles { roles, .. } => {
                let places: Vec<usize> = roles.keys().filter_map(|who| principals.place(who)).collect();
                let all: Vec<Permission> = self.rows.keys().copied().collect();
                for permission in all {
                    for &place in &places {
                        self.adds(permission, place, number);
                        self.removes(permission, place, number);
                    }
                }
            }
            Call::Restrict { .. } => {}
        }
    }

    fn adds(&mut self, permission: Permission, place: usize, number: usize) {
        if let Some(row) = self.row(permission, place).filter(|row| !row.before && row.after) {
            row.adds.get_or_insert(number);
        }
    }

    fn removes(&mut self, permission: Permission, place: usize, number: usize) {
        if let Some(row) = self.row(permission, place).filter(|row| row.before && !row.after) {
            row.removes.get_or_insert(number);
        }
    }

    fn row(&mut self, permission: Permission, place: usize) -> Option<&mut Row> {
        self.rows.get_mut(&permission)?.get_mut(place)
    }

    /// The rows for a permission that name one of the principals at these places.
    pub(super) fn naming<'r>(
        &'r self,
        permission: Permission,
        atom: &'r [usize],
    ) -> impl Iterator<Item = &'r Row> {
        self.rows
            .get(&permission)
            .into_iter()
            .flat_map(move |rows| atom.iter().filter_map(|place| rows.get(*place)))
    }

    pub(super) fn all(&self, permission: Permission) -> &[Row] {
        self.rows.get(&permission).map_or(&[], Vec::as_slice)
    }

    pub(super) fn changed_permissions(&self) -> impl Iterator<Item = Permission> {
        let changed = |rows: &Vec<Row>| rows.iter().any(|row| row.before != row.after);
        self.rows.iter().filter(move |(_, rows)| changed(rows)).map(|(&permission, _)| permission)
    }
}
