//! What must hold after a run, judged by the sandbox's log and state.

use std::collections::{BTreeMap, BTreeSet};

use confperm::apply::{ApplyOutcome, Mismatch};
use confperm::model::{Audience, Call, PageList, Permission, Principal, SpaceKey};
use confperm::plan::{HoldingState, Object as Planned, Plan};
use confperm::sandbox::adversary::{Log, Written};
use confperm::sandbox::world::{self, Grant, GrantId, ListKind, Object, State, World};

use crate::as_planned::{permission, principal};

/// Rows, by whose they are and what they give.
type Rows = BTreeSet<(Principal, Permission)>;

/// What a run did to what it had not planned on.
#[derive(Default)]
pub(super) struct Overwritten {
    /// The documented race: changes that no look could show.
    pub(super) races: usize,
    /// Rows of others that went along with a row beside a role. A run must report them, or a later one if it is
    /// killed.
    pub(super) beside_roles: BTreeSet<(SpaceKey, Principal, Permission)>,
}

/// What a run overwrote. `planned_at` is the number of the last request before the apply.
pub(super) fn overwritten(plan: &Plan, planned_at: u64, writes: &[Written]) -> Result<Overwritten, String> {
    let mut overwritten = Overwritten::default();
    // What this run made of each object: a state in which it wrote nothing over.
    let mut own: BTreeMap<&Object, &State> = BTreeMap::new();
    for write in writes.iter().filter(|write| write.before != write.after) {
        let is_own = own.insert(&write.object, &write.after).is_some_and(|own| *own == *write.before);
        if is_own {
            continue;
        }
        // A look at what is there belongs to the apply; what planning read is no excuse.
        let is_race = !write.unseen.is_empty() && write.look.is_some_and(|look| look.request > planned_at);
        let found = match (&write.object, &*write.before, &*write.after) {
            (
                Object::Content(id),
                State::Content { lists: before, .. },
                State::Content { lists: after, .. },
            ) => [ListKind::Read, ListKind::Update].into_iter().find_map(|kind| {
                let (before, after) = (before.get(kind), after.get(kind));
                let is_foreign = before != after && !passes_through(plan, *id, kind, before);
                is_foreign.then(|| format!("page {} {kind:?}: {before:?} became {after:?}", id.0))
            }),
            (
                Object::Space(id),
                State::Space { rows: before, assignments: roles_before, .. },
                State::Space { rows: after, assignments: roles_after, .. },
            ) => {
                let (gone, known) = (&rows(before) - &rows(after), known_rows(plan, id.0));
                let (beside_roles, foreign): (Vec<_>, Vec<_>) =
                    gone.difference(&known).partition(|(who, _)| {
                        !is_race && roles_before.keys().any(|holder| principal(holder) == *who)
                    });
                let space = plan.spaces.iter().find(|(_, space)| space.id.to_string() == id.0.to_string());
                overwritten.beside_roles.extend(beside_roles.into_iter().filter_map(|(who, permission)| {
                    space.map(|(key, _)| (key.clone(), who.clone(), *permission))
                }));
                let roles = roles_before.iter().find(|(who, role)| {
                    roles_after.get(who) != Some(role)
                        && !knows_role(plan, id.0, &principal(who), role.0.as_str())
                });
                let lost = roles.map(|(who, role)| format!("space {}: {who:?} had {role:?}", id.0));
                lost.or_else(|| (!foreign.is_empty()).then(|| format!("space {}: gone {foreign:?}", id.0)))
            }
            _ => None,
        };
        let Some(found) = found else { continue };
        if !is_race {
            return Err(format!("{} {}: {found}", write.method, write.path));
        }
        overwritten.races += 1;
    }
    Ok(overwritten)
}

impl Overwritten {
    /// Takes off what a run reports.
    pub(super) fn is_reported_by(&mut self, outcome: &ApplyOutcome) {
        for wrong in &outcome.verification.wrong {
            if let Mismatch::TakenAlong { space, principal, permissions } = wrong {
                self.beside_roles.retain(|(key, who, permission)| {
                    (key, who) != (space, principal) || !permissions.contains(permission)
                });
            }
        }
    }
}

fn rows(rows: &BTreeMap<GrantId, Grant>) -> Rows {
    rows.values().map(|grant| (principal(&grant.principal), permission(grant.pair))).collect()
}

fn passes_through(
    plan: &Plan,
    page: world::ContentId,
    kind: ListKind,
    entries: &BTreeSet<world::Principal>,
) -> bool {
    let list = if kind == ListKind::Read { PageList::View } else { PageList::Edit };
    let me = Principal::User(plan.site.caller.clone());
    let others: BTreeSet<Principal> = entries.iter().map(principal).filter(|who| *who != me).collect();
    plan.calls.iter().any(|planned| match &planned.call {
        Call::Restrict { content, before, after, .. } if content.number() == page.0 => {
            [before, after].into_iter().any(|lists| match lists.audience(list) {
                Audience::Anyone => entries.is_empty(),
                Audience::Only(members) => {
                    let members = members.iter().cloned().map(Principal::from).filter(|who| *who != me);
                    !entries.is_empty() && others == members.collect()
                }
            })
        }
        _ => false,
    })
}

/// The rows that a plan knows of: those that it found, and those that may come along with what it gives.
fn known_rows(plan: &Plan, space: u64) -> Rows {
    let mut known = Rows::new();
    for object in &plan.objects {
        let Planned::Holding { space: key, principal, before, after } = object else { continue };
        if plan.spaces.get(key).is_none_or(|found| found.id.to_string() != space.to_string()) {
            continue;
        }
        let (before, given) = (permissions(before), permissions(after));
        let brought = given.iter().flat_map(|permission| permission.may_bring()).copied();
        known.extend(
            before
                .iter()
                .copied()
                .chain(given.iter().copied())
                .chain(brought)
                .map(|permission| (principal.clone(), permission)),
        );
    }
    known
}

fn permissions(state: &HoldingState) -> BTreeSet<Permission> {
    match state {
        HoldingState::Grants { permissions, tolerated, .. } => permissions | tolerated,
        HoldingState::Nothing | HoldingState::Role { .. } => BTreeSet::new(),
    }
}

fn knows_role(plan: &Plan, space: u64, who: &Principal, role: &str) -> bool {
    plan.objects.iter().any(|object| match object {
        Planned::Holding { space: key, principal, before, after } => {
            let here = plan.spaces.get(key).is_some_and(|found| found.id.to_string() == space.to_string());
            let known = |state: &HoldingState| matches!(state, HoldingState::Role { role: known } if known.as_str() == role);
            here && principal == who && (known(before) || known(after))
        }
        Planned::Page { .. } => false,
    })
}

/// Whether the objects of a plan are as planned, but for those that others changed.
pub(super) fn done(plan: &Plan, world: &World, log: &Log) -> Result<(), String> {
    let touched: BTreeSet<&Object> =
        log.acts.iter().flat_map(|act| &act.changes).map(|change| &change.object).collect();
    for object in &plan.objects {
        match object {
            Planned::Holding { space, principal: who, after, .. } => {
                let Some(found) = world.space_keyed(space.as_str()) else { continue };
                if touched.contains(&Object::Space(found.id)) {
                    continue;
                }
                let held = rows(&found.grants);
                let held: BTreeSet<Permission> = held
                    .iter()
                    .filter(|(holder, _)| holder == who)
                    .map(|(_, permission)| *permission)
                    .collect();
                let right = match after {
                    HoldingState::Nothing => held.is_empty(),
                    HoldingState::Grants { permissions, tolerated, .. } => {
                        permissions.is_subset(&held) && held.is_subset(&(permissions | tolerated))
                    }
                    HoldingState::Role { role } => found
                        .assignments
                        .iter()
                        .any(|(holder, held)| principal(holder) == *who && held.0.as_str() == role.as_str()),
                };
                if !right {
                    return Err(format!("{space} {who}: holds {held:?}, planned was {after:?}"));
                }
            }
            Planned::Page { content, after, .. } => {
                let id = world::ContentId(content.number());
                if touched.contains(&Object::Content(id)) {
                    continue;
                }
                let me = Principal::User(plan.site.caller.clone());
                let lists = &world.content(id).unwrap().lists;
                for (kind, list) in [(ListKind::Read, PageList::View), (ListKind::Update, PageList::Edit)] {
                    let found: BTreeSet<Principal> =
                        lists.get(kind).iter().map(principal).filter(|who| *who != me).collect();
                    let wanted: BTreeSet<Principal> = after
                        .audience(list)
                        .subjects()
                        .cloned()
                        .map(Principal::from)
                        .filter(|who| *who != me)
                        .collect();
                    if found != wanted || lists.get(kind).is_empty() != after.audience(list).is_anyone() {
                        return Err(format!("page {content} {list:?}: {found:?}, planned was {wanted:?}"));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Rows of an additive space that are neither `known` nor given by others.
pub(super) fn stray(key: &str, mut known: Rows, world: &World, log: &Log) -> Rows {
    let Some(space) = world.space_keyed(key) else { return Rows::new() };
    for change in log.acts.iter().flat_map(|act| &act.changes) {
        if let (Object::Space(id), State::Space { rows: after, .. }) = (&change.object, &*change.after)
            && *id == space.id
        {
            let State::Space { rows: before, .. } = &*change.before else { continue };
            known.extend(&rows(after) - &rows(before));
        }
    }
    &rows(&space.grants) - &known
}

/// The rows of a space that a plan found or asks for.
pub(super) fn rows_in(plan: &Plan, key: &str) -> Rows {
    rows_of_plan(plan, key, |before, after| &before | &after)
}

/// The rows of a space that a plan adds.
pub(super) fn rows_given(plan: &Plan, key: &str) -> Rows {
    rows_of_plan(plan, key, |before, after| &after - &before)
}

fn rows_of_plan(
    plan: &Plan,
    key: &str,
    of: impl Fn(BTreeSet<Permission>, BTreeSet<Permission>) -> BTreeSet<Permission>,
) -> Rows {
    let holdings = plan.objects.iter().filter_map(|object| match object {
        Planned::Holding { space, principal, before, after } if space.as_str() == key => {
            Some((principal, of(permissions(before), permissions(after))))
        }
        _ => None,
    });
    holdings
        .flat_map(|(principal, held)| held.into_iter().map(|permission| (principal.clone(), permission)))
        .collect()
}

/// The rows of a space as they are.
pub(super) fn rows_of(world: &World, key: &str) -> Rows {
    world.space_keyed(key).map(|space| rows(&space.grants)).unwrap_or_default()
}
