//! What the guests of `page-only` see beyond their pages: now, until the plan closes it, and for good, because
//! a guest is more than a guest.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Lint;
use crate::model::{
    Content, ContentId, Desired, Known, Live, LiveSpace, Permission, Principal, SpaceKey, Subject, Tree,
    Truth,
};

use super::accounts::people;
use super::lints::PlanLint;
use super::page_only::{Compiled, Guest, guests, lets_through, tops};

pub(super) fn lints(
    desired: &Desired,
    before: &Live,
    after: &Live,
    compiled: &BTreeMap<SpaceKey, Compiled>,
) -> Vec<PlanLint> {
    let mut lints = Vec::new();
    for (key, desired_space) in
        desired.spaces.iter().filter(|(_, desired_space)| !desired_space.page_only.is_empty())
    {
        let (Some(was), Some(is)) = (before.spaces.get(key), after.spaces.get(key)) else { continue };
        let Some(tree) = &was.tree else { continue };
        let guests = guests(desired_space, tree);
        seen_now(key, &guests, (was, tree), before, &mut lints);
        more_than_guests(key, &guests, is, after, &mut lints);
        let folders = compiled.get(key).into_iter().flat_map(|compiled| &compiled.open_folders);
        lints.extend(folders.map(|folder| PlanLint {
            space: key.clone(),
            content: Some(*folder),
            code: Lint::NotRestrictable,
            about: guests.keys().cloned().map(Principal::from).collect(),
            level: None,
            origin: desired_space.page_only.first().map(|entry| entry.origin.clone()),
        }));
    }
    lints
}

/// Pages that guests see at this moment and should not: the topmost of each branch. That is how a new page at
/// the top of the space shows, until a plan closes it.
fn seen_now(
    key: &SpaceKey,
    guests: &BTreeMap<Subject, Guest>,
    (space, tree): (&LiveSpace, &Tree),
    live: &Live,
    lints: &mut Vec<PlanLint>,
) {
    let is_inside = |guest: &&Subject| {
        space.gives(&(*guest).clone().into(), Permission::ReadSpace, &live.roles) != Truth::No
    };
    let inside: BTreeSet<&Subject> = guests.keys().filter(is_inside).collect();
    let mut waiting: Vec<(&Content, BTreeSet<&Subject>)> =
        tops(tree).map(|top| (top, inside.clone())).collect();
    while let Some((content, reaching)) = waiting.pop() {
        // What is not known is told elsewhere.
        let Some(lists) = content.restrictions.as_ref().known() else { continue };
        let through = reaching.into_iter().filter(|guest| lets_through(&lists.view, guest));
        let (wanted, unwanted): (BTreeSet<&Subject>, BTreeSet<&Subject>) =
            through.partition(|guest| guests[*guest].sees.contains(&content.id));
        if let Some(first) = unwanted.first() {
            lints.push(PlanLint {
                space: key.clone(),
                content: Some(content.id),
                code: Lint::SeenByGuests,
                about: unwanted.iter().map(|guest| Principal::from((*guest).clone())).collect(),
                level: None,
                origin: Some(guests[*first].origin.clone()),
            });
        }
        if !wanted.is_empty() {
            waiting.extend(tree.children(content.id).map(|child| (child, wanted.clone())));
        }
    }
}

/// People who are guests and something else: an insider, or on the list of a page that is not for guests.
fn more_than_guests(
    key: &SpaceKey,
    guests: &BTreeMap<Subject, Guest>,
    space: &LiveSpace,
    live: &Live,
    lints: &mut Vec<PlanLint>,
) {
    let people = |subject: &Subject| people(subject, &live.directory);
    let shared = |guest: &Subject, other: &Principal| {
        let other = other.subject().filter(|other| !guests.contains_key(other));
        other.is_some_and(|other| !people(guest).is_disjoint(&people(&other)))
    };
    let mut found: BTreeMap<(Option<ContentId>, &Subject), BTreeSet<Principal>> = BTreeMap::new();
    let mut insiders: BTreeSet<&Principal> = BTreeSet::new();
    for principal in space.holdings.keys() {
        if space.gives(principal, Permission::ReadSpace, &live.roles) != Truth::No {
            insiders.insert(principal);
            for guest in guests.keys().filter(|guest| shared(guest, principal)) {
                found.entry((None, guest)).or_default().insert(principal.clone());
            }
        }
    }
    for content in space.tree.iter().flat_map(Tree::iter) {
        let Known::Known(lists) = &content.restrictions else { continue };
        for listed in lists.view.subjects().cloned().map(Principal::from) {
            for (guest, is) in guests {
                if !is.sees.contains(&content.id) && !insiders.contains(&listed) && shared(guest, &listed) {
                    found.entry((Some(content.id), guest)).or_default().insert(listed.clone());
                }
            }
        }
    }
    lints.extend(found.into_iter().map(|((content, guest), mut about)| {
        about.insert(guest.clone().into());
        PlanLint {
            space: key.clone(),
            content,
            code: if content.is_none() { Lint::GuestInside } else { Lint::GuestListed },
            about,
            level: None,
            origin: Some(guests[guest].origin.clone()),
        }
    }));
}
