//! The state that a plan is to reach.

use std::collections::BTreeMap;

use crate::model::{
    AccountId, AccountKind, ContentId, Directory, PageList, Principal, Restrictions, SpaceKey, ToHold,
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

/// What a principal is to hold, as a plan reaches it: of single permissions, those of which nothing is said must not be
/// there either.
pub type TargetHolding = ToHold<ChangeReason>;

/// What the lists of a page are to be, and who asks for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPage {
    pub restrictions: Restrictions,
    pub reasons: BTreeMap<PageList, ChangeReason>,
}

pub(super) fn account_kind(account: &AccountId, directory: &Directory) -> Option<AccountKind> {
    directory.people.get(account).map(|person| person.kind)
}
