//! How the drafts of a space are packed into calls: the fewest that there can be, or some of them split.
//!
//! A restriction that takes some people off a list and lets others on has lists in between. Where one call takes
//! several permissions (`read/space` takes all of them, others take their companions), one of these can be taken
//! first. Roles, which one call assigns together, can be assigned one principal at a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, GrantId, Holding, Permission, Principal, Restrictions};

use super::super::rights::may_be_callers_own;
use super::middle::{meet, middles};
use super::space::{Node, Space};

/// How a draft is split. What is done at the end of it is the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Split {
    /// By a call to these lists, and another from there.
    Through(Box<Restrictions>),
    /// These permissions are taken each by itself before the call that would take them along.
    Singly(BTreeSet<Permission>),
    /// These principals get their roles each by a call of its own.
    Roles(BTreeSet<Principal>),
}

/// How the drafts are packed: those that are split, by number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Packing(BTreeMap<usize, Split>);

impl Packing {
    /// The same with one draft in another way.
    pub(super) fn with(&self, draft: usize, split: Split) -> Self {
        let mut packing = self.clone();
        packing.0.insert(draft, split);
        packing
    }

    /// How many calls it takes more than one for each draft.
    pub(super) fn splits(&self) -> usize {
        let of = |split: &Split| match split {
            Split::Through(_) => 1,
            Split::Singly(permissions) => permissions.len(),
            Split::Roles(principals) => principals.len(),
        };
        self.0.values().map(of).sum()
    }

    /// The calls of a space; those of one draft stand together, in an order in which they can be made.
    pub(super) fn nodes(&self, space: &Space<'_>) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(space.drafts.len() + self.splits());
        for draft in 0..space.drafts.len() {
            match self.0.get(&draft) {
                None => nodes.push(node(space, draft)),
                Some(Split::Through(middle)) => nodes.extend(halves(space, draft, middle)),
                Some(Split::Singly(permissions)) => {
                    let rows = taken_along(space, draft).into_iter();
                    let single = rows.filter(|(permission, _)| permissions.contains(permission));
                    nodes.extend(single.map(|(permission, row)| taking(space, draft, permission, row)));
                    nodes.push(node(space, draft));
                }
                Some(Split::Roles(principals)) => nodes.extend(one_by_one(space, draft, principals)),
            }
        }
        nodes
    }

    /// The ways to split one thing more off a draft, the likeliest first.
    pub(super) fn one_more(&self, space: &Space<'_>, draft: usize) -> Vec<Split> {
        let split = self.0.get(&draft);
        match (&space.drafts[draft].call, split) {
            (Call::Restrict { before, after, .. }, None) => middles(space, before, after)
                .into_iter()
                .map(|middle| Split::Through(middle.into()))
                .collect(),
            (Call::Revoke { .. }, None | Some(Split::Singly(_))) => {
                let known = match split {
                    Some(Split::Singly(permissions)) => permissions.clone(),
                    _ => BTreeSet::new(),
                };
                let mut more: Vec<Permission> =
                    taken_along(space, draft).into_iter().map(|(permission, _)| permission).collect();
                more.dedup();
                let more = more.into_iter().filter(|permission| !known.contains(permission));
                more.map(|one| Split::Singly(known.iter().copied().chain([one]).collect())).collect()
            }
            (Call::AssignRoles { roles, .. }, None | Some(Split::Roles(_))) => {
                let known = match split {
                    Some(Split::Roles(principals)) => principals.clone(),
                    _ => BTreeSet::new(),
                };
                let mut more: Vec<&Principal> = roles.keys().filter(|who| !known.contains(*who)).collect();
                if more.len() < 2 {
                    return Vec::new();
                }
                more.sort_by_key(|who| !may_be_callers_own(who, space.live));
                more.into_iter()
                    .map(|one| Split::Roles(known.iter().chain([one]).cloned().collect()))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Each of these drafts of one kind split as far as it can be, in the way that is safe for most people; `None` if there
    /// is nothing left to split. Pages go first, then permissions, and roles last.
    pub(super) fn split_all(&self, space: &Space<'_>, drafts: &BTreeSet<usize>) -> Option<Self> {
        let turn = |draft: usize| match space.drafts[draft].call {
            Call::Restrict { .. } => 0,
            Call::Revoke { .. } => 1,
            Call::AssignRoles { .. } | Call::Grant { .. } => 2,
        };
        (0..=2).find_map(|now| {
            let mut packing = self.clone();
            for &draft in drafts.iter().filter(|draft| turn(**draft) == now) {
                // Lists that were split stay as they are.
                let is_page_done = matches!(packing.0.get(&draft), Some(Split::Through(_)));
                if let Some(split) = split_whole(space, draft).filter(|_| !is_page_done) {
                    packing.0.insert(draft, split);
                }
            }
            (packing != *self).then_some(packing)
        })
    }
}

/// How a draft is split as far as it can be.
fn split_whole(space: &Space<'_>, draft: usize) -> Option<Split> {
    match &space.drafts[draft].call {
        Call::Restrict { before, after, .. } => {
            let middle = meet(space, before, after);
            (middle != *before && middle != *after).then(|| Split::Through(middle.into()))
        }
        Call::Revoke { .. } => {
            let all: BTreeSet<Permission> =
                taken_along(space, draft).into_iter().map(|(permission, _)| permission).collect();
            (!all.is_empty()).then_some(Split::Singly(all))
        }
        Call::AssignRoles { roles, .. } => {
            (roles.len() > 1).then(|| Split::Roles(roles.keys().cloned().collect()))
        }
        Call::Grant { .. } => None,
    }
}

pub(super) fn node(space: &Space<'_>, draft: usize) -> Node {
    Node { draft, call: space.drafts[draft].call.clone() }
}

/// Whether there is any way to split a draft.
pub(super) fn can_be_split(space: &Space<'_>, draft: usize) -> bool {
    !Packing::default().one_more(space, draft).is_empty()
}

fn halves(space: &Space<'_>, draft: usize, middle: &Restrictions) -> Vec<Node> {
    let Call::Restrict { space: key, content, before, after } = &space.drafts[draft].call else {
        return vec![node(space, draft)];
    };
    let restrict = |before: &Restrictions, after: &Restrictions| {
        let (before, after) = (before.clone(), after.clone());
        Node { draft, call: Call::Restrict { space: key.clone(), content: *content, before, after } }
    };
    vec![restrict(before, middle), restrict(middle, after)]
}

/// A call for each of these principals, and one for all others.
fn one_by_one(space: &Space<'_>, draft: usize, principals: &BTreeSet<Principal>) -> Vec<Node> {
    let Call::AssignRoles { space: key, space_id, roles } = &space.drafts[draft].call else {
        return vec![node(space, draft)];
    };
    let assign = |some: BTreeMap<Principal, _>| Node {
        draft,
        call: Call::AssignRoles { space: key.clone(), space_id: *space_id, roles: some },
    };
    let (single, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
        roles.clone().into_iter().partition(|(who, _)| principals.contains(who));
    let single = single.into_iter().map(|one| assign(BTreeMap::from([one])));
    single.chain((!rest.is_empty()).then(|| assign(rest))).collect()
}

/// What a call takes beside the permission that it names, with each row of it; what takes others along after these.
/// Of the calls that take one permission, which a site may show twice, the first one does.
pub(super) fn taken_along(space: &Space<'_>, draft: usize) -> Vec<(Permission, GrantId)> {
    let Call::Revoke { principal, permission: named, grant, .. } = &space.drafts[draft].call else {
        return Vec::new();
    };
    let Some(Holding::Grants(held)) = space.before.holdings.get(principal) else { return Vec::new() };
    if held.get(named).is_some_and(|rows| rows.first() != grant.as_ref()) {
        return Vec::new();
    }
    let goes_along = |other: Permission| match *named {
        Permission::ReadSpace => other != Permission::ReadSpace,
        producer => producer.companions().contains(&other),
    };
    let stays = |other: Permission| match space.after.holdings.get(principal) {
        Some(Holding::Grants(after)) => after.contains_key(&other),
        Some(Holding::Role(_)) | None => false,
    };
    let mut taken: Vec<(Permission, GrantId)> = held
        .iter()
        .filter(|(other, _)| goes_along(**other) && !stays(**other))
        .flat_map(|(&permission, rows)| rows.iter().map(move |row| (permission, *row)))
        .collect();
    taken.sort_by_key(|(permission, _)| !permission.companions().is_empty());
    taken
}

/// The call that takes another permission than a draft names, and else is like it.
fn taking(space: &Space<'_>, draft: usize, permission: Permission, row: GrantId) -> Node {
    let mut taking = node(space, draft);
    if let Call::Revoke { permission: taken, grant, .. } = &mut taking.call {
        *taken = permission;
        *grant = Some(row);
    }
    taking
}
