//! What the site shall be: the policy's wishes, and everything that is not ours to change.
//!
//! Apps, the caller's own access, and what an additive space does not mention are copied from the live
//! site into the target before anything is compared. Every such copy is counted with its reason.

mod applied;
mod deleted;
mod holdings;
mod pages;
mod unmanaged;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccountId, AccountKind, ContentId, Desired, Directory, Live, Mode, PageVerb, Permission, Principal,
    Restrictions, RoleId, Skipped, SpaceKey, UnlistedPages,
};

use super::change::Reason;
use super::page_only::Compiled;
pub(super) use deleted::{deleted, is_sent_whole, unclear};
use holdings::holdings;
use pages::{for_guests, pages, unlisted};
use unmanaged::Kept;
pub use unmanaged::{KeepReason, Unmanaged};

/// The state to reach, for everything that a plan may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub spaces: BTreeMap<SpaceKey, TargetSpace>,
}

/// The state to reach in one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSpace {
    /// Every principal that the plan decides about. One that is missing here stays as it is.
    pub holdings: BTreeMap<Principal, TargetHolding>,
    /// Every page that the plan decides about and whose lists could be read.
    pub pages: BTreeMap<ContentId, TargetPage>,
}

/// What a principal shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHolding {
    /// Nothing. The reason says why.
    Nothing(Reason),
    Grants {
        required: BTreeMap<Permission, Reason>,
        /// May be there: neither added nor removed.
        tolerated: BTreeSet<Permission>,
        /// Shall not be there, and why; what is in none of the three shall not be there either.
        refused: BTreeMap<Permission, Reason>,
    },
    Role(RoleId, Reason),
}

/// What the lists of a page shall be, and who asks for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPage {
    pub restrictions: Restrictions,
    pub reasons: BTreeMap<PageVerb, Reason>,
}

/// What shall be, and what was found on the way to it.
pub(super) struct Targeted {
    pub(super) target: Target,
    pub(super) unmanaged: Vec<Unmanaged>,
    pub(super) page_only: BTreeMap<SpaceKey, Compiled>,
    /// Accounts that the policy wants on lists and that are closed.
    pub(super) skipped: BTreeSet<Skipped>,
}

pub(super) fn target(desired: &Desired, live: &Live) -> Targeted {
    let mut kept = Kept::of(desired, live);
    let mut page_only = BTreeMap::new();
    let mut skipped = BTreeSet::new();
    let spaces = desired
        .spaces
        .iter()
        .filter(|(_, wish)| wish.mode != Mode::Paused)
        .filter_map(|(key, wish)| {
            let space = live.spaces.get(key)?;
            let holdings = holdings(key, wish, space, live, &mut kept);
            let mut pages = pages(key, wish, space, live, &mut kept);
            let compiled = for_guests(key, wish, space, &holdings, &mut pages, live, &mut kept);
            skipped.extend(deleted::leave_out(key, wish, space, &mut pages, desired, live));
            if let (UnlistedPages::Leave, Some(tree)) = (&wish.unlisted, &space.tree)
                && !(wish.pages.is_empty() && wish.page_only.is_empty())
            {
                kept.unlisted(
                    key,
                    unlisted(wish, tree).filter(|id| !compiled.relied_on.contains(id)).count(),
                );
            }
            page_only.insert(key.clone(), compiled);
            kept.foreign(key, space);
            Some((key.clone(), TargetSpace { holdings, pages }))
        })
        .collect();
    Targeted { target: Target { spaces }, unmanaged: kept.into_report(), page_only, skipped }
}

fn account_kind(account: &AccountId, directory: &Directory) -> Option<AccountKind> {
    directory.people.get(account).map(|person| person.kind)
}
