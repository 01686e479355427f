//! Compares the target with the live site, permission by permission and list by list.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::{Holding, Known, Live, LiveSpace, PageList, Permission, Principal, SpaceKey, Strength};

use super::change::{Change, ChangeAction, ChangeReason};
use super::target::{Target, TargetHolding, TargetSpace};

/// All differences: by space; in it principals, then pages.
pub(super) fn diff(target: &Target, live: &Live) -> Vec<Change> {
    let in_space = |(key, target): (&SpaceKey, &TargetSpace)| {
        let mut changes = Vec::new();
        let Some(space) = live.spaces.get(key) else { return changes };
        for (principal, holding) in &target.holdings {
            let given = || space.surely_gives(principal, &live.roles);
            holding_changes(key, principal, holding, (space.holdings.get(principal), &given), &mut changes);
        }
        page_changes(key, target, space, &mut changes);
        changes
    };
    let of_spaces: Vec<Vec<Change>> = target.spaces.par_iter().map(in_space).collect();
    of_spaces.into_iter().flatten().collect()
}

fn holding_changes(
    key: &SpaceKey,
    principal: &Principal,
    target: &TargetHolding,
    (live, given): (Option<&Holding>, &dyn Fn() -> BTreeSet<Permission>),
    changes: &mut Vec<Change>,
) {
    let nothing = BTreeMap::new();
    let (held, role) = match live {
        Some(Holding::Grants(grants)) => (grants, None),
        Some(Holding::Role(role)) => (&nothing, Some(role)),
        None => (&nothing, None),
    };
    let grant = |permission, verb, reason: &ChangeReason| Change::Grant {
        space: key.clone(),
        principal: principal.clone(),
        permission,
        verb,
        reason: reason.clone(),
    };
    let role_change = |after: Option<_>, reason: &ChangeReason| Change::Role {
        space: key.clone(),
        principal: principal.clone(),
        before: role.cloned(),
        after,
        reason: reason.clone(),
    };

    match target {
        TargetHolding::Nothing(reason) => {
            changes.extend(held.keys().map(|&permission| grant(permission, ChangeAction::Remove, reason)));
            if role.is_some() {
                changes.push(role_change(None, reason));
            }
        }
        TargetHolding::Grants(grants) => {
            if role.is_some() {
                // What is asked for takes its place, above all what it does not give.
                let given = given();
                let asked = target.singles(Strength::Required);
                let asked = asked.filter(|(_, reason)| matches!(reason, ChangeReason::Declared(_)));
                let asked = asked.min_by_key(|(permission, _)| given.contains(permission));
                let reason = asked.map_or(&ChangeReason::NotDeclared, |(_, reason)| reason);
                changes.push(role_change(None, reason));
            }
            let all: BTreeSet<Permission> = grants.keys().chain(held.keys()).copied().collect();
            for permission in all {
                match (grants.get(&permission), held.contains_key(&permission)) {
                    (Some((Strength::Required, reason)), false) => {
                        changes.push(grant(permission, ChangeAction::Add, reason));
                    }
                    (Some((Strength::Refused, reason)), true) => {
                        changes.push(grant(permission, ChangeAction::Remove, reason));
                    }
                    (None, true) => {
                        changes.push(grant(permission, ChangeAction::Remove, &ChangeReason::NotDeclared));
                    }
                    (Some((Strength::Required | Strength::Tolerated, _)), true) | (_, false) => {}
                }
            }
        }
        TargetHolding::Role(after, reason) => {
            changes.extend(held.keys().map(|&permission| grant(permission, ChangeAction::Remove, reason)));
            if role != Some(after) {
                changes.push(role_change(Some(after.clone()), reason));
            }
        }
    }
}

fn page_changes(key: &SpaceKey, target: &TargetSpace, space: &LiveSpace, changes: &mut Vec<Change>) {
    let Some(tree) = &space.tree else { return };
    for (&content, page) in &target.pages {
        let Some(Known::Known(now)) = tree.get(content).map(|node| node.restrictions.as_ref()) else {
            continue;
        };
        for list in PageList::ALL {
            let (before, after) = (now.audience(list), page.restrictions.audience(list));
            let Some(reason) = page.reasons.get(&list).filter(|_| before != after) else { continue };
            changes.push(Change::Audience {
                space: key.clone(),
                content,
                list,
                before: before.clone(),
                after: after.clone(),
                reason: reason.clone(),
            });
        }
    }
}
