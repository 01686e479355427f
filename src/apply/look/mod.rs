//! The look before each write: what is there now decides whether a call of the plan is written as planned,
//! written as far as it still applies, or skipped. Pure.
//!
//! | found | then |
//! |---|---|
//! | the state before the call, or an earlier one that the plan itself passes through | write |
//! | the state after the call, or a later one that the plan itself passes through | nothing to write |
//! | anything else: a concurrent change | leave it, report it, and skip what depends on it |
//!
//! [`rows`] does this for space permissions and roles, [`lists`] for the lists of pages, and [`objects`] for a whole plan
//! that was made before.

mod lists;
mod objects;
mod rows;

pub(super) use lists::{
    ListCall, PageStood, PlannedListStates, lets_in, look_at_lists, same_list, same_lists,
};
pub(super) use objects::{Course, lists_of};
pub(super) use rows::{HoldingStates, look_at_rows};

use crate::model::{Call, WriteRequest};

use super::change::ConcurrentChange;
use super::outcome::Status;

/// What is to be done about one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Look {
    /// What to send; nothing where everything is so already, or was changed by others.
    pub(super) request: Option<WriteRequest>,
    /// What was changed by others, and is left as it is.
    pub(super) changes: Vec<ConcurrentChange>,
}

impl Look {
    /// Without a look, as no apply does: what was planned, whatever is there now.
    pub(super) fn blind(call: &Call) -> Self {
        let request = match call.clone() {
            Call::Grant { space, principal, permission } => {
                Some(WriteRequest::Grant { space, principal, permission })
            }
            Call::Revoke { space, principal, permission, grant } => {
                grant.map(|row| WriteRequest::Revoke { space, principal, permission, row })
            }
            Call::AssignRoles { space, space_id, roles } => {
                Some(WriteRequest::AssignRoles { space, space_id, roles })
            }
            Call::Restrict { space, content, before, after } => {
                Some(WriteRequest::Restrict { space, content, now: before, after })
            }
        };
        Self { request, changes: Vec::new() }
    }

    /// What became of the call, with what became of its request if there was one.
    pub(super) fn status(self, request: Option<Status>) -> Status {
        let is_written = request.as_ref().is_some_and(Status::may_have_written);
        match request {
            Some(failed @ Status::Failed(_)) => failed,
            _ if !self.changes.is_empty() => Status::Skipped { changes: self.changes, partly: is_written },
            Some(status) => status,
            None => Status::AlreadySo,
        }
    }

    fn write(request: WriteRequest) -> Self {
        Self { request: Some(request), changes: Vec::new() }
    }

    fn changed(change: ConcurrentChange) -> Self {
        Self { request: None, changes: vec![change] }
    }
}
