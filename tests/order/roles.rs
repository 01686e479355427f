//! Sites on which groups hold roles: one for each set of permissions that a case can give.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{Permission, Role, RoleId, RoleKind};
use confperm::sandbox::world::{self, Pair, World};
use proptest::prelude::*;

use crate::builder::sandbox::{pair, principal, role};
use crate::site::Case;

/// What gives access to the space of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Single permissions.
    Rows,
    /// Roles, on a site that has single permissions too: the caller holds some.
    RolesBesideRows,
    /// Roles alone.
    Roles,
}

/// What roles on such sites give.
pub(crate) const OF_EDITING: [Permission; 4] =
    [Permission::ReadSpace, Permission::UpdatePage, Permission::CreateComment, Permission::DeletePage];
pub(crate) const OF_RESTRICTING: [Permission; 4] =
    [Permission::ReadSpace, Permission::UpdatePage, Permission::RestrictContent, Permission::AdministerSpace];

impl By {
    pub(crate) fn any_roles() -> impl Strategy<Value = Self> {
        prop_oneof![Just(Self::RolesBesideRows), Just(Self::Roles)]
    }
}

/// The role that gives exactly these permissions.
pub(crate) fn role_of(case: &Case, permissions: &BTreeSet<Permission>) -> String {
    let places = case.permissions.iter().enumerate().filter(|(_, it)| permissions.contains(it));
    format!("role-{}", places.fold(0, |bits, (place, _)| bits | 1_u8 << place))
}

/// The role of the account that runs this, where it holds no single permissions.
const OWN: &str = "role-own";

/// All roles of a site, each with what it gives.
fn catalogue(case: &Case) -> BTreeMap<String, BTreeSet<Pair>> {
    let sets = (0_u8..16).map(|bits| {
        let given = case.permissions.iter().enumerate().filter(move |(place, _)| bits >> place & 1 == 1);
        given.map(|(_, permission)| *permission).collect::<BTreeSet<Permission>>()
    });
    let roles = sets.filter(|set| set.contains(&Permission::ReadSpace));
    let mut roles: BTreeMap<String, BTreeSet<Pair>> =
        roles.map(|set| (role_of(case, &set), set.into_iter().map(pair).collect())).collect();
    roles.insert(OWN.to_owned(), Pair::ALL.iter().copied().filter(|pair| case.is_own(*pair)).collect());
    roles
}

/// Adds the roles of a case to a world, and who holds them.
pub(crate) fn add_roles(case: &Case, world: &mut World) {
    for (id, permissions) in catalogue(case) {
        world.add_role(role(&id, permissions));
    }
}

/// Who holds which role at first.
pub(crate) fn assignments(case: &Case) -> BTreeMap<world::Principal, world::RoleId> {
    let held = case.before.rows.iter();
    let mut roles: BTreeMap<world::Principal, world::RoleId> =
        held.map(|(who, held)| (principal(who), role_of(case, held).as_str().into())).collect();
    if case.by == By::Roles {
        roles.insert(principal("user:me"), OWN.into());
    }
    roles
}

/// The roles of a site as they would have been read.
pub(crate) fn read(case: &Case) -> BTreeMap<RoleId, Role> {
    let read = |(id, pairs): (String, BTreeSet<Pair>)| {
        let names = pairs.iter().map(|pair| format!("{}/{}", pair.key(), pair.target())).collect();
        let id: RoleId = id.parse().unwrap();
        (id.clone(), Role::new(id, id_text(&pairs).into(), RoleKind::Custom, names))
    };
    catalogue(case).into_iter().map(read).collect()
}

fn id_text(pairs: &BTreeSet<Pair>) -> String {
    format!("{} permissions", pairs.len())
}
