//! Finds the changes that the account running this lacks a permission for, before the first call is made.
//!
//! Rows need `administer/space`, roles that or `manage_users/space` (API v1, `addPermissionToSpace`; API v2,
//! `setSpaceRoleAssignments`). The lists of a page need the right to edit it, its own edit list included, and
//! `restrict_content/space` or `administer/space` (API v1, `updateRestrictions`; Atlassian, "Content restrictions").
//! A change that needs a permission which the account definitely lacks, and which no other change of the plan grants
//! it, is removed from the target, so that all later steps plan for the state that the site will really reach. Where
//! it is unknown whether the account has the permission, the change stays in and is attempted.
//!
//! The unit is what one call writes: one principal's holding in a space, or both lists of a page. [`dependents`]
//! decides whether the rest may go ahead without it.

mod dependents;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Audience, Directory, Holding, Known, Live, LiveSpace, Permission, Principal, Restrictions, Subject, Truth,
};

use super::change::Change;
use super::document::{Lacks, LeftOut, ObjectId};
use super::rights::{ROLES, ROWS, Rights, of_giving, of_lists};
use super::target::{Target, TargetHolding, deleted, is_sent_whole, unclear};

pub(super) use dependents::{WholeTarget, refusals};

/// The changes that the account may not make, whatever the order.
pub(super) fn left_out(target: &Target, changes: &[Change], live: &Live) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    for here in changes.chunk_by(|one, other| one.space() == other.space()) {
        if let Some(space) = live.spaces.get(here[0].space()) {
            in_space(target, here, space, live, &mut left_out);
        }
    }
    left_out
}

fn in_space(
    target: &Target,
    changes: &[Change],
    space: &LiveSpace,
    live: &Live,
    left_out: &mut Vec<LeftOut>,
) {
    let mut pieces: BTreeMap<ObjectId, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        pieces.entry(ObjectId::changed_by(change)).or_default().push(change);
    }
    let mut rights = Rights::of(space, live);
    let mut open: Vec<&ObjectId> = pieces.keys().collect();
    // One change may grant the account a permission that the next one needs.
    let impossible = loop {
        let lacks = |piece: &ObjectId| lacking(piece, target, &rights, space, live);
        let (waiting, possible): (Vec<_>, Vec<_>) =
            open.into_iter().map(|piece| (piece, lacks(piece))).partition(|(_, lacks)| lacks.is_some());
        if possible.is_empty() {
            break waiting;
        }
        possible.iter().flat_map(|(piece, _)| &pieces[*piece]).for_each(|change| rights.gain(change));
        open = waiting.into_iter().map(|(piece, _)| piece).collect();
    };
    for (piece, lacks) in impossible.into_iter().filter_map(|(piece, lacks)| Some((piece, lacks?))) {
        let ask = whom_to_ask(piece, &lacks, space, live);
        let left =
            |change: &&Change| LeftOut { change: (*change).clone(), lacks: lacks.clone(), ask: ask.clone() };
        left_out.extend(pieces[piece].iter().map(left));
    }
}

/// The permissions for a change that the account definitely lacks.
fn lacking(
    piece: &ObjectId,
    target: &Target,
    rights: &Rights<'_>,
    space: &LiveSpace,
    live: &Live,
) -> Option<Lacks> {
    let needed = match piece {
        ObjectId::Holding { principal, .. } => {
            let held = space.holdings.get(principal);
            let wanted = target.spaces.get(&space.space.key).and_then(|space| space.holdings.get(principal));
            let given = match wanted {
                Some(TargetHolding::Role(role, _)) => of_giving(role, live),
                _ => Vec::new(),
            };
            of_holding(held, wanted).into_iter().chain(given).collect()
        }
        ObjectId::Page { content, .. } => of_lists(*content, space, live),
    };
    let lacks = needed.into_iter().find(|any_of| rights.has(any_of) == Truth::No);
    if let Some(any_of) = lacks {
        return Some(Lacks::Permission { any_of: any_of.into_iter().collect() });
    }
    match piece {
        ObjectId::Page { content, .. } => {
            let Known::Known(lists) = &space.tree.as_ref()?.get(*content)?.restrictions else { return None };
            if rights.is_on(&lists.edit) == Truth::No {
                return Some(Lacks::EditList);
            }
            let page = target.spaces.get(&space.space.key)?.pages.get(content)?;
            unsendable(lists, &page.restrictions, live)
        }
        ObjectId::Holding { principal, .. } => {
            let wanted = target.spaces.get(&space.space.key)?.holdings.get(principal)?;
            let gives = matches!(wanted, TargetHolding::Grants(_) | TargetHolding::Role(..));
            (gives && is_missing(principal, live))
                .then(|| Lacks::Certainty { groups: BTreeSet::from([principal.clone()]) })
        }
    }
}

/// What keeps the lists of a page from being sent, if that takes a call with all their entries.
fn unsendable(now: &Restrictions, after: &Restrictions, live: &Live) -> Option<Lacks> {
    if !is_sent_whole(now, after) {
        return None;
    }
    let of = |found: fn(&Audience, &Directory) -> BTreeSet<Subject>| {
        let lists = [&after.view, &after.edit].into_iter();
        let all = lists.flat_map(|list| found(list, &live.directory)).map(Principal::from);
        all.collect::<BTreeSet<Principal>>()
    };
    let (deleted, groups) = (of(deleted), of(unclear));
    if !deleted.is_empty() {
        return Some(Lacks::LivingEntry { deleted });
    }
    (!groups.is_empty()).then_some(Lacks::Certainty { groups })
}

/// Whether a principal is a group that the site does not list, deleted or not.
fn is_missing(principal: &Principal, live: &Live) -> bool {
    matches!(principal, Principal::Group(_))
        && principal.subject().is_some_and(|subject| live.directory.missing.contains_key(&subject))
}

/// What bringing a principal from one holding to another needs: single permissions are written one by one, also
/// those whose place a role takes, since a site may keep them beside it (what becomes of them is not documented).
fn of_holding(held: Option<&Holding>, wanted: Option<&TargetHolding>) -> Vec<Vec<Permission>> {
    let assigns = matches!(held, Some(Holding::Role(_))) || matches!(wanted, Some(TargetHolding::Role(..)));
    let writes_rows =
        matches!(held, Some(Holding::Grants(_))) || matches!(wanted, Some(TargetHolding::Grants(_)));
    let roles = assigns.then(|| ROLES.to_vec());
    roles.into_iter().chain(writes_rows.then(|| ROWS.to_vec())).collect()
}

fn whom_to_ask(piece: &ObjectId, lacks: &Lacks, space: &LiveSpace, live: &Live) -> BTreeSet<Principal> {
    match (piece, lacks) {
        (ObjectId::Page { content, .. }, Lacks::EditList) => {
            let content = space.tree.as_ref().and_then(|tree| tree.get(*content));
            let lists = content.and_then(|content| content.restrictions.as_ref().known());
            lists.into_iter().flat_map(|lists| lists.edit.subjects()).cloned().map(Principal::from).collect()
        }
        (ObjectId::Page { .. } | ObjectId::Holding { .. }, _) => {
            let administers =
                |who: &&Principal| space.gives(who, Permission::AdministerSpace, &live.roles) == Truth::Yes;
            space.holdings.keys().filter(administers).cloned().collect()
        }
    }
}

/// Takes changes out of a target: what they would write stays as it is.
pub(super) fn leave_out(target: &mut Target, left_out: &[LeftOut]) {
    for LeftOut { change, .. } in left_out {
        let Some(space) = target.spaces.get_mut(change.space()) else { continue };
        match ObjectId::changed_by(change) {
            ObjectId::Holding { principal, .. } => drop(space.holdings.remove(&principal)),
            ObjectId::Page { content, .. } => drop(space.pages.remove(&content)),
        }
    }
}
