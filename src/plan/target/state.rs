//! The state that a plan is to reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccountId, AccountKind, ContentId, Directory, PageList, Permission, Principal, Restrictions, RoleId,
    SpaceKey,
};
use crate::plan::change::ChangeReason;

/// The state to reach, for everything that a plan may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    pub spaces: BTreeMap<SpaceKey, TargetSpace>,
}

/// The state to reach in one space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetSpace {
    /// Every principal that the plan decides about. One that is missing here stays as it is.
    pub holdings: BTreeMap<Principal, TargetHolding>,
    /// Every page that the plan decides about and whose lists could be read.
    pub pages: BTreeMap<ContentId, TargetPage>,
}

/// What a principal is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHolding {
    /// Nothing. The reason says why.
    Nothing(ChangeReason),
    Grants {
        required: BTreeMap<Permission, ChangeReason>,
        /// May be there: neither added nor removed.
        tolerated: BTreeSet<Permission>,
        /// Must not be there, and why; what is in none of the three must not be there either.
        refused: BTreeMap<Permission, ChangeReason>,
    },
    Role(RoleId, ChangeReason),
}

/// What the lists of a page are to be, and who asks for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPage {
    pub restrictions: Restrictions,
    pub reasons: BTreeMap<PageList, ChangeReason>,
}

pub(super) fn account_kind(account: &AccountId, directory: &Directory) -> Option<AccountKind> {
    directory.people.get(account).map(|person| person.kind)
}
