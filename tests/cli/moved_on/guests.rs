//! What `page-only` means for the pages of a space and for their lists, from the sandbox's world alone.

use std::collections::BTreeSet;

use confperm::sandbox::world::{AccountStatus, ContentId, Pair, Principal, SpaceId, Status, Verb, World};

use super::case::{CALLER, Declared, group};
use super::meant::{Meanings, is_in_tree, rank, winner};

/// What the guests of a space may see of it: the pages that are named, what stands below `/**`, and what is above them.
pub(super) fn see(space: &Declared, meanings: &Meanings, world: &World) -> BTreeSet<ContentId> {
    let here = world.contents().filter(|content| content.space == space.id && is_in_tree(content, true));
    let named = here.filter(|content| {
        space.guests.iter().any(|selector| rank(selector, space.id, content, meanings, world).is_some())
    });
    named
        .flat_map(|content| [content.id].into_iter().chain(world.ancestors(content.id).map(|above| above.id)))
        .collect()
}

/// Puts in order the view lists that are taken for lists of `page-only`, the one case in which a list that no entry
/// names lets others in: it names all who see the space before the run, or all who do after it, and of all others only
/// guests and the account that runs confperm, whether or
/// not a rule takes others off it. From then on it names those who see the space after it.
pub(super) fn followed(
    space: &Declared,
    meanings: &Meanings,
    sees: &BTreeSet<ContentId>,
    [before, after]: [&World; 2],
    ideal: &mut World,
) {
    let [now, then] = [before, after].map(|world| insiders(world, space.id));
    if space.guests.is_empty() || now == then || then.is_empty() {
        return;
    }
    for content in before.contents().filter(|content| content.space == space.id) {
        // Lists count where guests would get: not below what is closed to them.
        let mut above = before.ancestors(content.id);
        let is_reached = above.all(|above| sees.contains(&above.id)) || content.status == Status::Archived;
        let is_declared = winner(space, Verb::Read, content, meanings, before).is_some();
        if !is_reached || is_declared || !is_in_tree(content, true) {
            continue;
        }
        // As it was, or as rules leave it.
        let list = &mut ideal.content_mut(content.id).unwrap().lists.read;
        let is_taken = [&content.lists.read, list].into_iter().any(|list| {
            let named: BTreeSet<_> = list.iter().filter(|who| !is_apart(who)).cloned().collect();
            let names_all = now.is_subset(&named) || then.is_subset(&named);
            !named.is_empty() && names_all && named.iter().all(|who| now.contains(who) || then.contains(who))
        });
        if is_taken {
            let apart: BTreeSet<_> = list.iter().filter(|who| is_apart(who)).cloned().collect();
            *list = apart.union(&then).cloned().collect();
        }
    }
}

/// Guests, and the account that runs confperm: they may be on any list.
fn is_apart(who: &Principal) -> bool {
    *who == group("ext") || *who == Principal::User(CALLER.into())
}

/// All others that see a space, by a row or by a role.
fn insiders(world: &World, space: SpaceId) -> BTreeSet<Principal> {
    let space = world.space(space).unwrap();
    let rows = space.grants.values().filter(|grant| grant.pair == Pair::ReadSpace);
    let roles = space
        .assignments
        .iter()
        .filter(|(_, role)| world.role(role).is_some_and(|role| role.permissions.contains(&Pair::ReadSpace)));
    let all = rows.map(|grant| &grant.principal).chain(roles.map(|(who, _)| who));
    all.filter(|who| !is_apart(who) && !is_closed(world, who)).cloned().collect()
}

fn is_closed(world: &World, who: &Principal) -> bool {
    let Principal::User(account) = who else { return false };
    world.user(account).is_some_and(|user| user.status == AccountStatus::Closed)
}
