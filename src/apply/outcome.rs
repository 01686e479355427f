//! What became of a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::confluence;
use crate::model::{ContentId, Permission, Principal, SpaceKey};
use crate::plan::{CallId, Plan};

use super::change::ConcurrentChange;
use super::journal::JournalError;
use super::unverified::Unverified;

/// What became of every call, and what the site looks like now.
#[derive(Debug)]
pub struct ApplyOutcome {
    /// In the order of the plan.
    pub results: Vec<CallResult>,
    pub verification: Verification,
    /// What was written, or may have been, and was not seen: it stays on the list until a later run sees it.
    pub unverified: Vec<Unverified>,
}

/// What became of one call.
#[derive(Debug)]
pub struct CallResult {
    pub call: CallId,
    pub status: Status,
}

/// How a call ended.
#[derive(Debug)]
pub enum Status {
    Done,
    /// It was so already.
    AlreadySo,
    /// A companion that this call was to remove never appeared.
    NotNeeded,
    /// The object was changed by others after the plan was made, and left as it is.
    Skipped {
        changes: Vec<ConcurrentChange>,
        /// Whether the rest of the call, which still applied, was carried out.
        partly: bool,
    },
    Failed(CallFailure),
    /// A call that had to come first failed or was skipped.
    NotTried {
        because: CallId,
    },
    /// The run was stopped before its turn came.
    Stopped,
}

/// Why a call failed.
#[derive(Debug)]
pub enum CallFailure {
    /// The site refused it, or could not be reached.
    Site(Box<confluence::Error>),
    /// The answer was lost each time, and the object could not be read or is as before.
    Lost(Box<confluence::Error>),
    /// What is there could not be read, so nothing was written over it.
    Unread(Arc<confluence::Error>),
    /// The journal could not be written, so the request was not sent.
    Journal(JournalError),
    /// The answer was lost, and what is there now is neither the state before nor the state after.
    Moved,
    /// A companion that may have come along could not be looked for.
    Unseen,
    /// What this run wrote to the lists of the page before does not show, so nothing was written over it.
    ListsUnseen,
}

/// What was found when everything touched was read again.
#[derive(Debug, Default)]
pub struct Verification {
    /// Objects that are as planned.
    pub right: usize,
    /// Writes beyond the plan that put right what Confluence did unasked, or failed to do.
    pub repairs: usize,
    /// Permissions that the site says are there already, and does not list. A plan, which only knows what
    /// is listed, will ask for them every time.
    pub unlisted: Vec<UnlistedPermission>,
    pub wrong: Vec<Mismatch>,
}

/// A permission that is there by the site's own word only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnlistedPermission {
    pub space: SpaceKey,
    pub principal: Principal,
    pub permission: Permission,
}

/// An object that is not as planned.
#[derive(Debug)]
pub enum Mismatch {
    Holding {
        space: SpaceKey,
        principal: Principal,
        missing: Vec<Permission>,
        unasked: Vec<Permission>,
    },
    /// Permissions that others gave beside a role went with the single permissions from before the role.
    TakenAlong {
        space: SpaceKey,
        principal: Principal,
        permissions: Vec<Permission>,
    },
    Role {
        space: SpaceKey,
        principal: Principal,
    },
    Page {
        space: SpaceKey,
        content: ContentId,
    },
    /// It could not be read, so its state is unknown.
    Unread {
        space: SpaceKey,
        why: Box<confluence::Error>,
    },
    /// The caller cannot see the page any more.
    Hidden {
        space: SpaceKey,
        content: ContentId,
    },
    /// The caller cannot see the space any more in which an earlier run left this unverified.
    HiddenSpace {
        space: SpaceKey,
        principal: Principal,
    },
    /// The page was deleted, and so could not be checked. It is not looked for any more.
    Deleted {
        space: SpaceKey,
        content: ContentId,
    },
}

impl Status {
    /// Whether calls that depend on this one may start.
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Done | Self::AlreadySo | Self::NotNeeded => true,
            Self::Skipped { .. } | Self::Failed(_) | Self::NotTried { .. } | Self::Stopped => false,
        }
    }

    /// Whether the call changed the site, or may have.
    pub const fn may_have_written(&self) -> bool {
        match self {
            Self::Done | Self::Failed(CallFailure::Moved | CallFailure::Lost(_)) => true,
            Self::Skipped { partly, .. } => *partly,
            Self::AlreadySo | Self::NotNeeded | Self::Failed(_) | Self::NotTried { .. } | Self::Stopped => {
                false
            }
        }
    }
}

impl ApplyOutcome {
    /// Whether the site is as planned, as far as can be told.
    pub fn is_complete(&self) -> bool {
        self.results.iter().all(|result| result.status.is_settled())
            && self.verification.wrong.is_empty()
            && self.unverified.is_empty()
    }

    /// Whether anything at all was written.
    pub fn has_written(&self) -> bool {
        self.verification.repairs > 0 || self.results.iter().any(|result| result.status.may_have_written())
    }

    /// What others changed while the plan was carried out.
    pub fn concurrent_changes(&self) -> impl Iterator<Item = &ConcurrentChange> {
        self.results.iter().flat_map(|result| match &result.status {
            Status::Skipped { changes, .. } => changes.as_slice(),
            _ => &[],
        })
    }

    /// Spaces whose objects were changed by others in the meantime, so that a new plan is due for them.
    pub fn moved_spaces(&self) -> BTreeSet<SpaceKey> {
        let skipped = self.concurrent_changes().map(ConcurrentChange::space);
        let wrong = self.verification.wrong.iter().filter_map(Mismatch::moved_space);
        skipped.chain(wrong).cloned().collect()
    }

    /// Whether all that is missing was changed by others, so that nothing failed here.
    pub fn only_moved(&self) -> bool {
        let moved = |result: &CallResult| match &result.status {
            Status::Failed(_) | Status::Stopped => false,
            Status::NotTried { because } => self
                .results
                .get(because.position())
                .is_some_and(|cause| matches!(cause.status, Status::Skipped { .. })),
            Status::Done | Status::AlreadySo | Status::NotNeeded | Status::Skipped { .. } => true,
        };
        self.results.iter().all(moved)
            && self.unverified.is_empty()
            && self.verification.wrong.iter().all(|wrong| wrong.moved_space().is_some())
    }
}

impl Mismatch {
    /// The space, where the object is readable and differs.
    const fn moved_space(&self) -> Option<&SpaceKey> {
        match self {
            Self::Holding { space, .. } | Self::Role { space, .. } | Self::Page { space, .. } => Some(space),
            Self::TakenAlong { .. }
            | Self::Unread { .. }
            | Self::Hidden { .. }
            | Self::HiddenSpace { .. }
            | Self::Deleted { .. } => None,
        }
    }
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(error) => error.fmt(f),
            Self::Lost(error) => write!(f, "the answer was lost, and the object does not show the change: {error}"),
            Self::Unread(error) => {
                write!(f, "what is there now could not be read, so nothing was written over it: {error}")
            }
            Self::Journal(error) => error.fmt(f),
            Self::Moved => f.write_str(
                "the answer was lost, and the object is now neither as before nor as planned; another administrator may have changed it",
            ),
            Self::ListsUnseen => f.write_str(
                "what this run wrote to the lists of the page before is not visible yet, so nothing was written over it",
            ),
            Self::Unseen => f.write_str(
                "the grant that may have brought this permission along is not visible yet, so it could not be looked for",
            ),
        }
    }
}

impl CallFailure {
    /// What to do next, if the site's answer says it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Site(error) | Self::Lost(error) => error.hint(),
            Self::Unread(error) => error.hint(),
            Self::Journal(_) | Self::Moved | Self::Unseen | Self::ListsUnseen => None,
        }
    }

    /// Whether the site says that the request itself is wrong: no answer that is lost, and no right that is missing.
    pub fn is_rejection(&self) -> bool {
        matches!(self, Self::Site(error) if matches!(**error, confluence::Error::Rejected(_)))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |permissions: &[Permission]| {
            permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Holding { space, principal, missing, unasked } => {
                write!(f, "{space} {principal}: missing [{}], unasked [{}]", names(missing), names(unasked))
            }
            Self::TakenAlong { space, principal, permissions } => {
                write!(f, "{space} {principal}: taken along [{}]", names(permissions))
            }
            Self::Role { space, principal } => write!(f, "{space} {principal}: another role"),
            Self::Page { space, content } => write!(f, "{space} page {content}: other lists"),
            Self::Unread { space, why } => write!(f, "{space}: not read: {why}"),
            Self::Hidden { space, content } => write!(f, "{space} page {content}: hidden"),
            Self::HiddenSpace { space, principal } => write!(f, "{space} {principal}: the space is hidden"),
            Self::Deleted { space, content } => write!(f, "{space} page {content}: deleted"),
        }
    }
}

/// Says of every call that was not started why not.
pub(super) fn leave_rest(plan: &Plan, results: &mut BTreeMap<CallId, Status>) {
    let mut culprits: BTreeMap<CallId, CallId> = BTreeMap::new();
    for call in &plan.calls {
        if let Some(status) = results.get(&call.id) {
            if !status.is_settled() {
                culprits.insert(call.id, call.id);
            }
            continue;
        }
        let culprit = call.after.iter().find_map(|edge| culprits.get(&edge.call)).copied();
        let status = match culprit {
            Some(because) => {
                culprits.insert(call.id, because);
                Status::NotTried { because }
            }
            None => Status::Stopped,
        };
        results.insert(call.id, status);
    }
}
