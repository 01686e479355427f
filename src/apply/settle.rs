//! One call, until it is known what became of it.
//!
//! A lost answer (a time-out, a 5xx, a broken connection) may or may not have been carried out. Then the
//! object is read again: as planned means done, as before means once more, anything else is an error. A
//! call is never repeated without that look.

use crate::confluence::{Error, Read, SpaceAccess, Write, WriteError};
use crate::model::{
    Audience, Call, GrantId, Holding, Known, Members, Permission, Principal, Restrictions, Space, SpaceKey,
    SpaceKind, SpaceStatus, Subject,
};
use crate::plan::{Plan, PlannedCall};

use super::outcome::{Failure, Status};
use super::recorded::{Recorded, Unmade};

/// How often a call is made whose answer gets lost each time.
const ATTEMPTS: usize = 3;

/// Makes a call and finds out what became of it.
pub(super) async fn perform<S: Read + Write>(
    plan: &Plan,
    planned: &PlannedCall,
    site: &Recorded<'_, S>,
) -> Status {
    let serves = Some(planned.id);
    let call = match &planned.call {
        Call::Revoke { space, principal, permission, grant: None } => {
            match find_row(plan, site.read(), space, principal, *permission).await {
                Ok(Some(row)) => Call::Revoke {
                    space: space.clone(),
                    principal: principal.clone(),
                    permission: *permission,
                    grant: Some(row),
                },
                Ok(None) => return Status::NotNeeded,
                Err(error) => return Status::Failed(Failure::Site(Box::new(error))),
            }
        }
        call => call.clone(),
    };
    for _ in 1..ATTEMPTS {
        let lost = match site.perform(serves, &call).await {
            Ok(()) => return Status::Done,
            Err(Unmade::Site(WriteError::Gone(error))) => {
                // The row is not there. Somebody may have removed it, or put another in its place.
                return match standing(plan, &call, site.read()).await {
                    Ok(Standing::After) => Status::AlreadySo,
                    Ok(Standing::Before | Standing::Neither) => {
                        Status::Failed(Failure::Site(Box::new(error)))
                    }
                    Err(error) => Status::Failed(Failure::Site(Box::new(error))),
                };
            }
            Err(Unmade::Site(WriteError::Ambiguous(error))) => error,
            Err(unmade) => return unmade.status(),
        };
        match standing(plan, &call, site.read()).await {
            Ok(Standing::After) => return Status::Done,
            Ok(Standing::Before) => tracing::debug!(call = %planned.id, "the lost call was not carried out"),
            Ok(Standing::Neither) => return Status::Failed(Failure::Moved),
            Err(_) => return Status::Failed(Failure::Site(Box::new(lost))),
        }
    }
    match site.perform(serves, &call).await {
        Ok(()) => Status::Done,
        Err(unmade) => unmade.status(),
    }
}

impl Unmade {
    /// What became of the call, if this is the last word.
    fn status(self) -> Status {
        match self {
            Self::Journal(error) => Status::Failed(Failure::Journal(error)),
            Self::Site(WriteError::AlreadySo) => Status::AlreadySo,
            Self::Site(
                WriteError::Gone(error) | WriteError::Refused(error) | WriteError::Ambiguous(error),
            ) => Status::Failed(Failure::Site(Box::new(error))),
        }
    }
}

/// How an object stands, seen from one call.
enum Standing {
    Before,
    After,
    Neither,
}

async fn standing<S: Read>(plan: &Plan, call: &Call, site: &S) -> Result<Standing, Error> {
    let from = |done: bool| if done { Standing::After } else { Standing::Before };
    match call {
        Call::Grant { space, principal, permission } => {
            let row = find_row(plan, site, space, principal, *permission).await?;
            Ok(from(row.is_some()))
        }
        Call::Revoke { space, principal, permission, grant } => {
            let access = access(plan, site, space).await?;
            let there = match access.holdings.get(principal) {
                Some(Holding::Grants(grants)) => {
                    grants.get(permission).is_some_and(|rows| grant.is_none_or(|row| rows.contains(&row)))
                }
                Some(Holding::Role(_)) | None => false,
            };
            Ok(from(!there))
        }
        Call::AssignRoles { space, roles, .. } => {
            let access = access(plan, site, space).await?;
            let done = roles.iter().all(|(principal, role)| {
                let held = match access.holdings.get(principal) {
                    Some(Holding::Role(held)) => Some(held),
                    Some(Holding::Grants(_)) | None => None,
                };
                held == role.as_ref()
            });
            Ok(from(done))
        }
        Call::Restrict { content, before, after, .. } => {
            let caller = Subject::User(plan.site.caller.clone());
            match site.restrictions_now(*content).await? {
                Known::Known(now) if same_lists(&now, after, &caller) => Ok(Standing::After),
                Known::Known(now) if same_lists(&now, before, &caller) => Ok(Standing::Before),
                Known::Known(_) | Known::Unknown(_) => Ok(Standing::Neither),
            }
        }
    }
}

async fn find_row<S: Read>(
    plan: &Plan,
    site: &S,
    space: &SpaceKey,
    principal: &Principal,
    permission: Permission,
) -> Result<Option<GrantId>, Error> {
    let access = access(plan, site, space).await?;
    Ok(match access.holdings.get(principal) {
        Some(Holding::Grants(grants)) => grants.get(&permission).and_then(|rows| rows.first().copied()),
        Some(Holding::Role(_)) | None => None,
    })
}

/// Who holds what in a space, read now.
pub(super) async fn access<S: Read>(plan: &Plan, site: &S, key: &SpaceKey) -> Result<SpaceAccess, Error> {
    let Some(space) = plan.spaces.get(key) else { return Ok(SpaceAccess::default()) };
    let space = Space {
        id: space.id,
        key: key.clone(),
        name: space.name.clone(),
        kind: SpaceKind::Global,
        status: SpaceStatus::Current,
        homepage: None,
    };
    site.access(&space, plan.site.space_role_mode).await
}

/// Whether lists say the same, but for the caller's own entry, which a site may add by itself.
pub(super) fn same_lists(left: &Restrictions, right: &Restrictions, caller: &Subject) -> bool {
    same_audience(&left.view, &right.view, caller) && same_audience(&left.edit, &right.edit, caller)
}

fn same_audience(left: &Audience, right: &Audience, caller: &Subject) -> bool {
    match (left, right) {
        (Audience::Anyone, Audience::Anyone) => true,
        (Audience::Only(left), Audience::Only(right)) => {
            let others = |members: &Members| {
                members.iter().filter(|subject| *subject != caller).cloned().collect::<Vec<_>>()
            };
            others(left) == others(right)
        }
        (Audience::Anyone, Audience::Only(_)) | (Audience::Only(_), Audience::Anyone) => false,
    }
}
