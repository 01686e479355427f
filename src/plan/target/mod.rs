//! What the site is to be: the policy's wishes, and everything that is not ours to change.
//!
//! Apps, the caller's own access, and what an additive space does not mention are copied from the live
//! site into the target before anything is compared. Every such copy is counted with its reason.

mod aim;
mod applied;
mod deleted;
mod holdings;
mod joins;
mod keep_reason;
mod pages;
mod state;
mod stays;
mod unmanaged;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Desired, Live, Mode, UnlistedPages};

pub use aim::Aim;
pub(super) use aim::leave_withheld;
pub(super) use deleted::{deleted, is_sent_whole, unclear};
use holdings::holdings;
use joins::{JoinContext, join};
pub use keep_reason::KeepReason;
use pages::{for_guests, pages, unlisted};
pub use state::{Target, TargetHolding, TargetPage, TargetSpace};
pub(super) use stays::Stays;
use unmanaged::KeptTally;
pub use unmanaged::Unmanaged;

/// What a policy asks for. Spaces that are paused have no target.
pub(super) fn target(desired: &Desired, live: &Live) -> Aim {
    let mut kept = KeptTally::of(desired, live);
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
            let joining = JoinContext { key, wish, space, compiled: &compiled, desired, live };
            skipped.extend(join(joining, &mut pages, &mut kept));
            skipped.extend(deleted::leave_out(key, wish, space, &mut pages, desired, live));
            if let (UnlistedPages::Leave, Some(tree)) = (&wish.unlisted, &space.tree)
                && !(wish.pages.is_empty() && wish.page_only.is_empty())
            {
                let unlisted = unlisted(wish, tree)
                    .filter(|id| !compiled.relied_on.contains(id) && !wish.joins.names(*id));
                let (archived, others): (Vec<_>, Vec<_>) =
                    unlisted.partition(|id| wish.kept.archived.contains(id));
                kept.pages(key, KeepReason::ArchivedPage, archived.len());
                kept.pages(key, KeepReason::UnlistedPage, others.len());
            }
            page_only.insert(key.clone(), compiled);
            kept.foreign(key, space);
            Some((key.clone(), TargetSpace { holdings, pages }))
        })
        .collect();
    let (unmanaged, stays) = kept.into_report();
    Aim { target: Target { spaces }, unmanaged, stays, page_only, skipped, withheld: BTreeSet::new() }
}
