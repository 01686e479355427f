//! What became of a plan.

use std::fmt;

use crate::confluence;
use crate::model::{ContentId, Permission, Principal, SpaceKey};
use crate::plan::CallId;

use super::journal::JournalError;

/// What became of every call, and what the site looks like now.
#[derive(Debug)]
pub struct Outcome {
    /// In the order of the plan.
    pub results: Vec<CallResult>,
    pub verification: Verification,
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
    /// Somebody else had done it already.
    AlreadySo,
    /// A companion that this call was to remove never appeared.
    NotNeeded,
    Failed(Failure),
    /// A call that had to come first failed.
    NotTried {
        because: CallId,
    },
    /// The run was stopped before its turn came.
    Stopped,
}

/// Why a call failed.
#[derive(Debug)]
pub enum Failure {
    /// The site refused it, or could not be reached.
    Site(Box<confluence::Error>),
    /// The journal could not be written, so the request was not sent.
    Journal(JournalError),
    /// The answer was lost, and what is there now is neither the state before nor the state after.
    Moved,
}

/// What was found when everything touched was read again.
#[derive(Debug, Default)]
pub struct Verification {
    /// Objects that are as planned.
    pub right: usize,
    /// Calls beyond the plan that put right what Confluence did unasked, or failed to do.
    pub repairs: usize,
    /// Permissions that the site says are there already, and does not list. A plan, which only knows what
    /// is listed, will ask for them every time.
    pub unlisted: Vec<Unlisted>,
    pub wrong: Vec<Mismatch>,
}

/// A permission that is there by the site's own word only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
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
    Role {
        space: SpaceKey,
        principal: Principal,
    },
    Page {
        space: SpaceKey,
        content: ContentId,
    },
    /// It could not be read, so nobody knows.
    Unread {
        space: SpaceKey,
        why: Box<confluence::Error>,
    },
    /// The caller cannot see the page any more.
    Hidden {
        space: SpaceKey,
        content: ContentId,
    },
}

impl Status {
    /// Whether calls that depend on this one may start.
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Done | Self::AlreadySo | Self::NotNeeded => true,
            Self::Failed(_) | Self::NotTried { .. } | Self::Stopped => false,
        }
    }
}

impl Outcome {
    /// Whether the site is as planned.
    pub fn is_complete(&self) -> bool {
        self.results.iter().all(|result| result.status.is_settled()) && self.verification.wrong.is_empty()
    }

    /// Whether anything at all was written.
    pub fn has_written(&self) -> bool {
        self.verification.repairs > 0
            || self.results.iter().any(|result| matches!(result.status, Status::Done))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::Moved => f.write_str(
                "the answer was lost, and the object is now neither as before nor as planned; somebody else may have changed it",
            ),
        }
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
            Self::Role { space, principal } => write!(f, "{space} {principal}: another role"),
            Self::Page { space, content } => write!(f, "{space} page {content}: other lists"),
            Self::Unread { space, why } => write!(f, "{space}: not read: {why}"),
            Self::Hidden { space, content } => write!(f, "{space} page {content}: hidden"),
        }
    }
}
