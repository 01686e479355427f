//! The document of a plan, from what the steps of planning have found out.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccountId, Call, Content, ContentId, Desired, Fingerprint, Live, Principal, Requested, Restrictions,
    RoleId, Shown, Skipped, SpaceKey, Strength, Tree,
};

use super::administration::administration;
use super::change::Change;
use super::document::{
    Cost, FORMAT_VERSION, HoldingState, LeftOut, Object, Plan, PlanKind, PlanPage, PlanSite, PlanSpace,
    PlannedCall, Refusal, surroundings,
};
use super::effects::PlanEffects;
use super::guard::PlanGuards;
use super::incomplete::incomplete;
use super::lints::PlanLint;
use super::mentioned::Mentioned;
use super::page_only::Compiled;
use super::schedule::Schedule;
use super::target::{Target, TargetHolding, Unmanaged};

/// What the steps of planning have found out.
pub(super) struct Findings<'a> {
    pub(super) target: &'a Target,
    pub(super) unmanaged: Vec<Unmanaged>,
    pub(super) page_only: BTreeMap<SpaceKey, Compiled>,
    pub(super) changes: Vec<Change>,
    pub(super) left_out: Vec<LeftOut>,
    /// What is skipped beside what the policy's own names say.
    pub(super) skipped: BTreeSet<Skipped>,
    /// Why the changes must not be made without what is left out.
    pub(super) dependents: Vec<Refusal>,
    /// Calls that each object taken alone needs.
    pub(super) lower_bound: usize,
    pub(super) schedule: Schedule,
    pub(super) effects: PlanEffects,
    pub(super) lints: Vec<PlanLint>,
    pub(super) guards: PlanGuards,
}

/// Leaves the changes that a call serves those of the principals that it is about: roles may be assigned by several.
fn keep_own(call: &mut PlannedCall, changes: &[Change]) {
    let Call::AssignRoles { roles, .. } = &call.call else { return };
    call.covers.retain(|change| match &changes[*change] {
        Change::Grant { principal, .. } | Change::Role { principal, .. } => roles.contains_key(principal),
        Change::Audience { .. } => true,
    });
}

pub(super) fn assemble(desired: &Desired, live: &Live, after: &Live, findings: Findings<'_>) -> Plan {
    let Findings { target, unmanaged, page_only, changes, left_out, skipped, dependents, .. } = findings;
    let Findings { lower_bound, schedule, effects, lints, guards, .. } = findings;
    let Schedule { mut calls, splits, needed, bound, meanwhile, refusals: unordered } = schedule;
    for call in &mut calls {
        keep_own(call, &changes);
    }
    let exact = needed == splits && unordered.is_empty();
    let mut refusals = administration(live, after);
    refusals.extend(dependents);
    refusals.extend(unordered);
    let mut entries = Vec::new();
    for (space, Compiled { entries: found, problems, .. }) in page_only {
        entries.extend(found);
        let refused = |(origin, problem)| Refusal::PageOnly { space: space.clone(), origin, problem };
        refusals.extend(problems.into_iter().map(refused));
    }
    let objects = objects(target, live, &calls);
    let holders = holders_touched(&objects);
    let incomplete = incomplete(desired, live, &unmanaged);
    let conditional = calls.iter().filter(|call| call.conditional).count();
    let cost = Cost {
        calls: calls.len() - conditional,
        conditional,
        lower_bound: lower_bound + bound,
        splits,
        exact,
    };
    let mut plan = Plan {
        format_version: FORMAT_VERSION.to_owned(),
        kind: PlanKind::default(),
        hash: Fingerprint::default(),
        made_from: None,
        own_roles: BTreeMap::new(),
        site: PlanSite {
            flavor: live.site.flavor,
            base_url: live.site.base_url.clone(),
            cloud_id: live.site.cloud_id.clone(),
            edition: live.site.edition.clone(),
            space_role_mode: live.site.mode,
            caller: live.site.caller.account.clone(),
        },
        spaces: desired
            .spaces
            .iter()
            .filter_map(|(key, desired_space)| {
                let found = live.spaces.get(key)?;
                let (mode, origin) = (desired_space.mode, desired_space.origin.clone());
                let untouched = found.holdings.len() - holders.get(key).copied().unwrap_or_default();
                let (id, name) = (found.space.id, found.space.name.shown());
                Some((key.clone(), PlanSpace { id, name, mode, origin, untouched }))
            })
            .collect(),
        pages: BTreeMap::new(),
        names: BTreeMap::new(),
        display_names: BTreeMap::new(),
        roles: live.roles.values().map(|role| (role.id.clone(), role.name.shown())).collect(),
        role_contents: role_contents(&objects, live),
        requested: requested(&changes, desired),
        surroundings: surroundings(&changes, &objects, live),
        changes,
        calls,
        meanwhile,
        objects,
        effects,
        page_only: entries,
        lints,
        unmanaged,
        coverage: desired.coverage.clone(),
        unseen: live.gaps.clone(),
        incomplete,
        left_out,
        skipped: desired.skipped.iter().cloned().chain(skipped).collect(),
        refusals,
        guards,
        cost,
    };
    let mut mentioned = Mentioned::default();
    mentioned.collect(&plan, live);
    plan.display_names =
        mentioned.principals.iter().filter_map(|who| display_name(who, desired, live)).collect();
    plan.names =
        mentioned.principals.into_iter().map(|who| (who.clone(), name(&who, desired, live))).collect();
    plan.pages = mentioned
        .pages
        .into_iter()
        .filter_map(|(space, id)| page(&space, id, desired, [live, after]))
        .collect();
    plan.hash = plan.recomputed_hash();
    plan
}

/// How many principals hold something in each space that the plan touches.
fn holders_touched(objects: &[Object]) -> BTreeMap<SpaceKey, usize> {
    let mut holders: BTreeMap<SpaceKey, usize> = BTreeMap::new();
    for object in objects {
        if let Object::Holding { space, before, .. } = object
            && *before != HoldingState::Nothing
        {
            *holders.entry(space.clone()).or_default() += 1;
        }
    }
    holders
}

/// What the roles give that are assigned or taken away.
fn role_contents(objects: &[Object], live: &Live) -> BTreeMap<RoleId, BTreeSet<String>> {
    let states = objects.iter().flat_map(|object| match object {
        Object::Holding { before, after, .. } => vec![before, after],
        Object::Page { .. } => Vec::new(),
    });
    let roles = states.filter_map(|state| match state {
        HoldingState::Role { role } => live.roles.get(role),
        HoldingState::Nothing | HoldingState::Grants { .. } => None,
    });
    roles.map(|role| (role.id.clone(), role.names.clone())).collect()
}

/// Who loses something by name, in the spaces that change.
fn requested(changes: &[Change], desired: &Desired) -> BTreeMap<SpaceKey, Requested> {
    let spaces: BTreeSet<&SpaceKey> = changes.iter().map(Change::space).collect();
    let requested =
        spaces.into_iter().filter_map(|key| Some((key.clone(), desired.spaces.get(key)?.requested.clone())));
    requested.filter(|(_, requested)| *requested != Requested::default()).collect()
}

fn name(principal: &Principal, desired: &Desired, live: &Live) -> Shown {
    Shown::of(&match principal {
        Principal::Group(id) => match live.directory.groups.get(id) {
            Some(group) => format!("group:{}", group.name.raw()),
            None => live.directory.name_of_missing(principal),
        },
        Principal::User(account) => {
            match (desired.aliases.get(account), live.directory.people.get(account)) {
                (Some(alias), _) => format!("user:{alias}"),
                (None, Some(person)) => format!("user:{account} ({})", person.name.raw()),
                (None, None) => live.directory.name_of_missing(principal),
            }
        }
        Principal::Class(_) | Principal::Anonymous => principal.to_string(),
    })
}

/// What the site calls a user who has an alias, and so is called by that.
fn display_name(principal: &Principal, desired: &Desired, live: &Live) -> Option<(AccountId, Shown)> {
    let Principal::User(account) = principal else { return None };
    desired.aliases.get(account)?;
    Some((account.clone(), live.directory.people.get(account)?.name.shown()))
}

fn page(
    space: &SpaceKey,
    id: ContentId,
    desired: &Desired,
    states: [&Live; 2],
) -> Option<(ContentId, PlanPage)> {
    let labels = desired.spaces.get(space).into_iter().flat_map(|desired_space| &desired_space.labels);
    let labels = labels.filter(|(_, pages)| pages.contains(&id)).map(|(label, _)| label.clone()).collect();
    let trees = states.map(|state| state.spaces.get(space).and_then(|space| space.tree.as_ref()));
    let tree = trees[0]?;
    let kind = tree.get(id)?.kind;
    let restricted = trees.into_iter().flatten().any(|tree| is_restricted(id, tree));
    Some((
        id,
        PlanPage {
            space: space.clone(),
            kind,
            path: tree.label(id).shown(),
            above: tree.above(id),
            archived: tree.is_archived(id),
            restricted,
            labels,
        },
    ))
}

/// Whether a view list stands, or may stand, between the space and the content.
fn is_restricted(id: ContentId, tree: &Tree) -> bool {
    let is_open =
        |content: &Content| content.restrictions.as_ref().known().is_some_and(|lists| lists.view.is_anyone());
    let chain = tree.chain(id);
    chain.missing.is_some() || !chain.ancestors.iter().copied().chain(tree.get(id)).all(is_open)
}

/// The state before and after of what the calls touch, in the order of the target.
fn objects(target: &Target, live: &Live, calls: &[PlannedCall]) -> Vec<Object> {
    let mut holdings: BTreeSet<(&SpaceKey, &Principal)> = BTreeSet::new();
    let mut pages: BTreeMap<(&SpaceKey, ContentId), &Restrictions> = BTreeMap::new();
    for PlannedCall { call, .. } in calls {
        match call {
            Call::Grant { space, principal, .. } | Call::Revoke { space, principal, .. } => {
                holdings.insert((space, principal));
            }
            Call::AssignRoles { space, roles, .. } => {
                holdings.extend(roles.keys().map(|principal| (space, principal)));
            }
            // The first of two halves is the one that knows the state before.
            Call::Restrict { space, content, before, .. } => {
                pages.entry((space, *content)).or_insert(before);
            }
        }
    }
    let mut objects = Vec::new();
    for (key, space_target) in &target.spaces {
        for (principal, holding) in &space_target.holdings {
            if holdings.contains(&(key, principal)) {
                let live = live.spaces.get(key).and_then(|space| space.holdings.get(principal));
                objects.push(Object::Holding {
                    space: key.clone(),
                    principal: principal.clone(),
                    before: HoldingState::of_live(live),
                    after: state_of(holding),
                });
            }
        }
        for (&content, page) in &space_target.pages {
            if let Some(&before) = pages.get(&(key, content)) {
                objects.push(Object::Page {
                    space: key.clone(),
                    content,
                    before: before.clone(),
                    after: page.restrictions.clone(),
                });
            }
        }
    }
    objects
}

/// What a principal is to hold.
fn state_of(holding: &TargetHolding) -> HoldingState {
    match holding {
        TargetHolding::Nothing(_) => HoldingState::Nothing,
        TargetHolding::Role(role, _) => HoldingState::Role { role: role.clone() },
        TargetHolding::Grants(_) => {
            let of = |strength| holding.singles(strength).map(|(permission, _)| permission).collect();
            HoldingState::Grants {
                permissions: of(Strength::Required),
                tolerated: of(Strength::Tolerated),
                rows: BTreeSet::new(),
            }
        }
    }
}
