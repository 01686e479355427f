//! Whether a world came out as a plan says, without the client in between.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{Audience, Holding, Known, Permission, Principal, Restrictions, SpaceKey, Tree};
use confperm::plan::{HoldingState, Object, Planned};
use confperm::sandbox::world::{self, Caller, Pair, World};

/// Compares a world with what was planned, row by row.
pub(crate) fn as_planned(planned: &Planned, world: &World) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (key, space) in &planned.after.spaces {
        let found = world.space_keyed(key.as_str()).unwrap();
        let tolerated = tolerated(planned, key);
        let mut rows: BTreeMap<Principal, BTreeSet<Permission>> = BTreeMap::new();
        for grant in found.grants.values() {
            rows.entry(principal(&grant.principal)).or_default().insert(permission(grant.pair));
        }
        let roles: BTreeMap<Principal, &str> =
            found.assignments.iter().map(|(who, role)| (principal(who), role.0.as_str())).collect();
        let nothing = BTreeSet::new();
        let holders = rows.keys().chain(roles.keys()).chain(space.holdings.keys());
        for who in holders.collect::<BTreeSet<_>>() {
            let (role, mut want) = match space.holdings.get(who) {
                Some(Holding::Role(role)) => (Some(role.as_str()), BTreeSet::new()),
                Some(Holding::Grants(grants)) => (None, grants.keys().copied().collect()),
                None => (None, BTreeSet::new()),
            };
            let mut have = rows.get(who).unwrap_or(&nothing).clone();
            for permission in tolerated.get(who).into_iter().flatten() {
                have.remove(permission);
                want.remove(permission);
            }
            if have != want || roles.get(who).copied() != role {
                wrong.push(format!(
                    "{key} {who}: has {have:?} and the role {:?}, planned was {want:?} and {role:?}",
                    roles.get(who)
                ));
            }
        }
        for node in space.tree.iter().flat_map(Tree::iter) {
            let Known::Known(want) = &node.restrictions else { continue };
            let lists = &world.content(world::ContentId(node.id.number())).unwrap().lists;
            let have = Restrictions { view: audience(&lists.read), edit: audience(&lists.update) };
            let me = Principal::User(planned.plan.site.caller.clone());
            if but_for(&me, &have) != but_for(&me, want) {
                wrong.push(format!("{key} page {}: has {have:?}, planned was {want:?}", node.id));
            }
        }
        if !administers(world, planned, found.id) && administered(planned, key) {
            wrong.push(format!("{key}: the caller does not administer it any more"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn administers(world: &World, planned: &Planned, space: world::SpaceId) -> bool {
    let caller = Caller::User(planned.plan.site.caller.as_str().into());
    world.space_operations(&caller.subject(), space).contains(&Pair::AdministerSpace)
}

/// Whether the plan touches who may do what in the space; then the caller must have been its administrator.
fn administered(planned: &Planned, key: &SpaceKey) -> bool {
    planned.plan.objects.iter().any(|object| matches!(object, Object::Holding { space, .. } if space == key))
}

fn tolerated(planned: &Planned, key: &SpaceKey) -> BTreeMap<Principal, BTreeSet<Permission>> {
    let of = |object: &Object| match object {
        Object::Holding { space, principal, after: HoldingState::Grants { tolerated, .. }, .. }
            if space == key =>
        {
            Some((principal.clone(), tolerated.clone()))
        }
        Object::Holding { .. } | Object::Page { .. } => None,
    };
    planned.plan.objects.iter().filter_map(of).collect()
}

/// The lists without the caller, which a site may add by itself. A list of only the
/// caller stays a list.
fn but_for(me: &Principal, lists: &Restrictions) -> [Option<BTreeSet<Principal>>; 2] {
    [&lists.view, &lists.edit].map(|audience| match audience {
        Audience::Anyone => None,
        Audience::Only(_) => {
            Some(audience.subjects().cloned().map(Principal::from).filter(|who| who != me).collect())
        }
    })
}

fn audience(list: &BTreeSet<world::Principal>) -> Audience {
    Audience::from_site_list(list.iter().filter_map(|who| principal(who).subject()))
}

pub(crate) fn principal(who: &world::Principal) -> Principal {
    match who {
        world::Principal::Group(id) => Principal::Group(id.as_str().parse().unwrap()),
        world::Principal::User(id) => Principal::User(id.as_str().parse().unwrap()),
        world::Principal::Class(class) => Principal::Class(class.id().parse().unwrap()),
        world::Principal::Anonymous => Principal::Anonymous,
    }
}

pub(crate) fn permission(pair: Pair) -> Permission {
    Permission::from_cloud_pair(pair.key(), pair.target()).unwrap()
}
