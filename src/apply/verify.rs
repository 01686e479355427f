//! Reads everything again that a plan touched, and puts right what Confluence did unasked.
//!
//! Side effects are the reason, for no document names them all: some sites add `export_content/space` to
//! every `read/space`, some do not; a role may or may not take the place of single permissions; a row may
//! have a twin. What was expected and is missing is added; what was to go and is still there, or came with
//! a permission of this plan, is removed; anything else that differs is somebody else's doing and is
//! reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::confluence::{Read, SpaceAccess, Write, WriteError};
use crate::model::{Call, ContentId, GrantId, Holding, Known, Permission, Principal, SpaceKey, Subject};
use crate::plan::{CallId, HoldingState, Object, Plan};

use super::outcome::{self, Mismatch, Verification};
use super::recorded::{Recorded, Unmade};
use super::settle::{access, same_lists};

/// A repair can have side effects of its own, but not for long.
const ROUNDS: usize = 3;

pub(super) async fn verify<S: Read + Write>(
    plan: &Plan,
    leftovers: &[Object],
    site: &Recorded<'_, S>,
    settled: &BTreeSet<CallId>,
) -> Verification {
    let finished = Finished::of(plan, settled);
    let mut verification = Verification::default();
    for key in plan.spaces.keys() {
        let left_over = leftovers.iter().filter_map(|object| HoldingObject::of(object, key));
        let left_over = left_over.filter(|object| !finished.holdings.contains(&(key, object.principal)));
        let holdings: Vec<HoldingObject<'_>> = finished.holdings(plan, key).chain(left_over).collect();
        if !holdings.is_empty() {
            verify_space(plan, key, &holdings, site, &mut verification).await;
        }
    }
    for object in &plan.objects {
        if let Object::Page { space, content, after, .. } = object
            && finished.pages.contains(&(space, *content))
        {
            let found = site.read().restrictions_now(*content).await;
            let caller = Subject::User(plan.site.caller.clone());
            match found {
                Ok(Known::Known(now)) if same_lists(&now, after, &caller) => verification.right += 1,
                Ok(Known::Known(_)) => {
                    verification.wrong.push(Mismatch::Page { space: space.clone(), content: *content });
                }
                Ok(Known::Unknown(_)) => {
                    verification.wrong.push(Mismatch::Hidden { space: space.clone(), content: *content });
                }
                Err(error) => {
                    verification.wrong.push(Mismatch::Unread { space: space.clone(), why: Box::new(error) });
                }
            }
        }
    }
    verification
}

/// Objects all of whose calls have been settled. The others are not expected to be right.
struct Finished<'a> {
    holdings: BTreeSet<(&'a SpaceKey, &'a Principal)>,
    pages: BTreeSet<(&'a SpaceKey, ContentId)>,
}

struct HoldingObject<'a> {
    principal: &'a Principal,
    before: &'a HoldingState,
    after: &'a HoldingState,
}

impl<'a> Finished<'a> {
    fn of(plan: &'a Plan, settled: &BTreeSet<CallId>) -> Self {
        let mut finished = Self { holdings: BTreeSet::new(), pages: BTreeSet::new() };
        let mut left: Self = Self { holdings: BTreeSet::new(), pages: BTreeSet::new() };
        for planned in &plan.calls {
            let side = if settled.contains(&planned.id) { &mut finished } else { &mut left };
            match &planned.call {
                Call::Grant { space, principal, .. } | Call::Revoke { space, principal, .. } => {
                    side.holdings.insert((space, principal));
                }
                Call::AssignRoles { space, roles, .. } => {
                    side.holdings.extend(roles.keys().map(|principal| (space, principal)));
                }
                Call::Restrict { space, content, .. } => {
                    side.pages.insert((space, *content));
                }
            }
        }
        finished.holdings.retain(|object| !left.holdings.contains(object));
        finished.pages.retain(|object| !left.pages.contains(object));
        finished
    }

    fn holdings(&self, plan: &'a Plan, key: &'a SpaceKey) -> impl Iterator<Item = HoldingObject<'a>> {
        let objects = plan.objects.iter().filter_map(|object| HoldingObject::of(object, key));
        objects.filter(|object| self.holdings.contains(&(key, object.principal)))
    }
}

async fn verify_space<S: Read + Write>(
    plan: &Plan,
    key: &SpaceKey,
    holdings: &[HoldingObject<'_>],
    site: &Recorded<'_, S>,
    verification: &mut Verification,
) {
    let mut unlisted = Unlisted::new();
    for round in 0..ROUNDS {
        let now = match access(plan, site.read(), key).await {
            Ok(now) => now,
            Err(error) => {
                let why = Box::new(error);
                verification.wrong.push(Mismatch::Unread { space: key.clone(), why });
                return;
            }
        };
        let differences = holdings.iter().map(|holding| (holding, holding.difference(&now, &unlisted)));
        let repairs: Vec<Call> = if round + 1 < ROUNDS {
            differences.clone().flat_map(|(holding, difference)| holding.repairs(key, difference)).collect()
        } else {
            Vec::new()
        };
        if repairs.is_empty() {
            for (holding, difference) in differences {
                match holding.mismatch(key, difference) {
                    None => verification.right += 1,
                    Some(mismatch) => verification.wrong.push(mismatch),
                }
            }
            break;
        }
        for call in &repairs {
            match (site.perform(None, call).await, call) {
                (Ok(()), _) => verification.repairs += 1,
                // What is there already and still not in the list is something that the site does not list.
                (Err(Unmade::Site(WriteError::AlreadySo)), Call::Grant { principal, permission, .. }) => {
                    unlisted.insert((principal.clone(), *permission));
                }
                // Whatever else came of it, the next round sees.
                (Err(_), _) => {}
            }
        }
    }
    let unlisted = unlisted.into_iter();
    verification.unlisted.extend(unlisted.map(|(principal, permission)| outcome::Unlisted {
        space: key.clone(),
        principal,
        permission,
    }));
}

/// What the site says is there and does not list.
type Unlisted = BTreeSet<(Principal, Permission)>;

/// How a holding differs from what was planned.
#[derive(Default)]
struct Difference {
    role: bool,
    missing: Vec<Permission>,
    unasked: BTreeMap<Permission, BTreeSet<GrantId>>,
}

impl<'a> HoldingObject<'a> {
    /// The object, if it is what somebody holds in this space.
    fn of(object: &'a Object, key: &SpaceKey) -> Option<Self> {
        match object {
            Object::Holding { space, principal, before, after } if space == key => {
                Some(Self { principal, before, after })
            }
            Object::Holding { .. } | Object::Page { .. } => None,
        }
    }

    fn difference(&self, now: &SpaceAccess, unlisted: &Unlisted) -> Difference {
        let nothing = BTreeMap::new();
        let (role, held) = match now.holdings.get(self.principal) {
            Some(Holding::Role(role)) => (Some(role), &nothing),
            Some(Holding::Grants(grants)) => (None, grants),
            None => (None, &nothing),
        };
        let (wanted, required, tolerated) = match self.after {
            HoldingState::Nothing => (None, &BTreeSet::new(), &BTreeSet::new()),
            HoldingState::Role { role } => (Some(role), &BTreeSet::new(), &BTreeSet::new()),
            HoldingState::Grants { permissions, tolerated, .. } => (None, permissions, tolerated),
        };
        if role != wanted {
            return Difference { role: true, ..Difference::default() };
        }
        if role.is_some() {
            return Difference { unasked: self.left_beside_role(now), ..Difference::default() };
        }
        let there = |permission: &Permission| {
            held.contains_key(permission) || unlisted.contains(&(self.principal.clone(), *permission))
        };
        Difference {
            role: false,
            missing: required.iter().filter(|permission| !there(permission)).copied().collect(),
            unasked: held
                .iter()
                .filter(|(permission, _)| !required.contains(permission) && !tolerated.contains(permission))
                .map(|(&permission, rows)| (permission, rows.clone()))
                .collect(),
        }
    }

    /// Rows from before that the assignment of a role did not take away.
    fn left_beside_role(&self, now: &SpaceAccess) -> BTreeMap<Permission, BTreeSet<GrantId>> {
        let HoldingState::Grants { rows: before, .. } = self.before else { return BTreeMap::new() };
        let beside = now.beside_roles.get(self.principal).into_iter().flatten();
        beside
            .map(|(&permission, rows)| (permission, rows.intersection(before).copied().collect()))
            .filter(|(_, rows): &(Permission, BTreeSet<GrantId>)| !rows.is_empty())
            .collect()
    }

    /// Calls that put right what came or stayed away against expectation.
    fn repairs(&self, key: &SpaceKey, difference: Difference) -> Vec<Call> {
        let Difference { missing, mut unasked, .. } = difference;
        let (space, principal) = (key, self.principal);
        let mut calls: Vec<Call> = missing
            .into_iter()
            .map(|permission| Call::Grant { space: space.clone(), principal: principal.clone(), permission })
            .collect();
        unasked.retain(|permission, _| self.is_ours(*permission));
        // `read/space` takes everything else along; what is left then is for the next round.
        if let Some(rows) = unasked.remove(&Permission::ReadSpace) {
            unasked = BTreeMap::from([(Permission::ReadSpace, rows)]);
        }
        let rows = unasked
            .into_iter()
            .flat_map(|(permission, rows)| rows.into_iter().map(move |row| (permission, row)));
        calls.extend(rows.map(|(permission, row)| Call::Revoke {
            space: space.clone(),
            principal: principal.clone(),
            permission,
            grant: Some(row),
        }));
        calls
    }

    /// Whether a surplus permission is this plan's doing. It is somebody else's where the plan gave this
    /// principal nothing that could have brought it, and it was not there before.
    fn is_ours(&self, permission: Permission) -> bool {
        let HoldingState::Grants { permissions: before, .. } = self.before else { return true };
        let gave = match self.after {
            HoldingState::Grants { permissions, .. } => !permissions.is_subset(before),
            HoldingState::Nothing | HoldingState::Role { .. } => false,
        };
        gave || before.contains(&permission)
    }

    fn mismatch(&self, key: &SpaceKey, difference: Difference) -> Option<Mismatch> {
        let (space, principal) = (key.clone(), self.principal.clone());
        let Difference { role, missing, unasked } = difference;
        if role {
            return Some(Mismatch::Role { space, principal });
        }
        let right = missing.is_empty() && unasked.is_empty();
        let unasked = unasked.into_keys().collect();
        (!right).then_some(Mismatch::Holding { space, principal, missing, unasked })
    }
}
