//! Makes one request and settles its outcome.
//!
//! A lost answer (a timeout, a 5xx, a reset connection) leaves open whether the request was carried out. The object
//! is read again: if it is as requested, the request was carried out; if it is as before, the request is repeated;
//! anything else is an error. A request is never repeated without that look. What is found here may lag behind; the
//! verification decides.

use crate::confluence::{Error, Read, SpaceAccess, Write, WriteError};
use crate::model::{AccountId, Audience, Holding, Known, Restrictions, SpaceKey, Subject, WriteRequest};
use crate::plan::{CallId, Plan};

use super::look::same_lists;
use super::outcome::{CallFailure, Status};
use super::recorded::{Recorded, Unmade};

/// How often a request is made whose answer gets lost each time.
const ATTEMPTS: usize = 3;

/// Makes a request and finds out what became of it.
pub(super) async fn perform<S: Read + Write>(
    plan: &Plan,
    serves: Option<CallId>,
    request: &WriteRequest,
    site: &Recorded<'_, S>,
) -> Status {
    let mut lost = None;
    for attempt in 1..=ATTEMPTS {
        let error = match site.perform(serves, request).await {
            Ok(()) => return Status::Done,
            // After a lost answer, "already exists" is the answer that was lost.
            Err(Unmade::Site(WriteError::AlreadySo)) if lost.is_some() => return Status::Done,
            // A row that is not there any more: whether the list agrees, the verification sees.
            Err(Unmade::Site(WriteError::AlreadySo | WriteError::Gone(_))) => return Status::AlreadySo,
            Err(Unmade::Site(WriteError::Ambiguous(error))) => error,
            Err(Unmade::Site(WriteError::Refused(error))) => {
                return Status::Failed(CallFailure::Site(Box::new(error)));
            }
            Err(Unmade::Journal(error)) => return Status::Failed(CallFailure::Journal(error)),
        };
        match standing(plan, request, site.read()).await {
            Ok(ObjectSeen::After) => return Status::Done,
            Ok(ObjectSeen::Before) if attempt < ATTEMPTS => {
                tracing::debug!(?request, "the request whose answer was lost was not carried out");
                lost = Some(error);
            }
            Ok(ObjectSeen::Neither) => return Status::Failed(CallFailure::Moved),
            Ok(ObjectSeen::Before) | Err(_) => return Status::Failed(CallFailure::Lost(Box::new(error))),
        }
    }
    Status::Failed(CallFailure::Moved)
}

/// How an object is, seen from one request.
enum ObjectSeen {
    Before,
    After,
    Neither,
}

async fn standing<S: Read>(plan: &Plan, request: &WriteRequest, site: &S) -> Result<ObjectSeen, Error> {
    let from = |done: bool| if done { ObjectSeen::After } else { ObjectSeen::Before };
    match request {
        WriteRequest::Grant { space, principal, permission } => {
            let now = read_rows(plan, site, space).await?;
            let held = now.holdings.get(principal);
            Ok(from(matches!(held, Some(Holding::Grants(held)) if held.contains_key(permission))))
        }
        WriteRequest::Revoke { space, principal, permission, row } => {
            let now = read_rows(plan, site, space).await?;
            let rows = match now.holdings.get(principal) {
                Some(Holding::Grants(held)) => held.get(permission),
                Some(Holding::Role(_)) | None => None,
            };
            Ok(from(!rows.is_some_and(|rows| rows.contains(row))))
        }
        WriteRequest::AssignRoles { space, roles, .. } => {
            let now = read_rows(plan, site, space).await?;
            let done = roles.iter().all(|(principal, role)| {
                let held = match now.holdings.get(principal) {
                    Some(Holding::Role(held)) => Some(held),
                    Some(Holding::Grants(_)) | None => None,
                };
                held == role.as_ref()
            });
            Ok(from(done))
        }
        WriteRequest::Restrict { content, now: before, after, .. } => {
            let me = me(&plan.site.caller);
            match site.restrictions_now(*content).await? {
                Known::Known(now) if same_lists(&now, after, &me) => Ok(ObjectSeen::After),
                Known::Known(now) if same_lists(&now, before, &me) => Ok(ObjectSeen::Before),
                Known::Known(_) | Known::Unknown(_) => Ok(ObjectSeen::Neither),
            }
        }
        WriteRequest::AddToList { content, list, subject, .. } => {
            match site.restrictions_now(*content).await? {
                Known::Known(now) => Ok(from(now.audience(*list).subjects().any(|entry| entry == subject))),
                Known::Unknown(_) => Ok(ObjectSeen::Neither),
            }
        }
    }
}

/// Who holds what in a space, read now.
pub(super) async fn read_rows<S: Read>(plan: &Plan, site: &S, key: &SpaceKey) -> Result<SpaceAccess, Error> {
    match plan.spaces.get(key) {
        Some(space) => site.access(space.id, plan.site.space_role_mode).await,
        None => Ok(SpaceAccess::default()),
    }
}

/// The lists of a page after a request about them, if it was carried out on what was read.
pub(super) fn lists_after(request: &WriteRequest, now: &Restrictions) -> Restrictions {
    match request {
        WriteRequest::Restrict { after, .. } => after.clone(),
        WriteRequest::AddToList { list, subject, .. } => {
            let mut lists = now.clone();
            if let Audience::Only(members) = lists.audience_mut(*list) {
                members.insert(subject.clone());
            }
            lists
        }
        WriteRequest::Grant { .. } | WriteRequest::Revoke { .. } | WriteRequest::AssignRoles { .. } => {
            now.clone()
        }
    }
}

/// The caller as an entry of a list.
pub(super) fn me(caller: &AccountId) -> Subject {
    Subject::User(caller.clone())
}
