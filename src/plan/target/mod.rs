//! What the site is to be: the policy's declarations, and everything that is not ours to change.
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

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::model::{Desired, DesiredSpace, Live, LiveSpace, Mode, Skipped, SpaceKey, UnlistedPages};
use crate::plan::page_only::Compiled;

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

/// What a policy asks for. Spaces that are paused have no target. The others do not influence each other, so they are
/// looked at on all cores; what comes of it is put together in their order.
pub(super) fn target(desired: &Desired, live: &Live) -> Aim {
    let mut kept = KeptTally::of(desired, live);
    let active = desired.spaces.iter().filter(|(_, desired_space)| desired_space.mode != Mode::Paused);
    let spaces: Vec<(&SpaceKey, &DesiredSpace, &LiveSpace)> =
        active.filter_map(|(key, desired_space)| Some((key, desired_space, live.space(key)?))).collect();
    let found: Vec<SpaceAim> = spaces
        .par_iter()
        .map(|&(key, desired_space, space)| {
            in_space((key, desired_space, space), desired, live, kept.of_none())
        })
        .collect();
    let mut aim = Aim::default();
    for ((key, ..), SpaceAim { target, compiled, skipped, kept: here }) in spaces.into_iter().zip(found) {
        aim.target.spaces.insert(key.clone(), target);
        aim.page_only.insert(key.clone(), compiled);
        aim.skipped.extend(skipped);
        kept.extend(here);
    }
    (aim.unmanaged, aim.stays) = kept.into_report();
    aim
}

/// The part of one space.
struct SpaceAim {
    target: TargetSpace,
    compiled: Compiled,
    skipped: BTreeSet<Skipped>,
    kept: KeptTally,
}

fn in_space(
    (key, desired_space, space): (&SpaceKey, &DesiredSpace, &LiveSpace),
    desired: &Desired,
    live: &Live,
    mut kept: KeptTally,
) -> SpaceAim {
    let holdings = holdings(key, desired_space, space, live, &mut kept);
    let mut pages = pages(key, desired_space, space, live, &mut kept);
    let compiled = for_guests(key, desired_space, space, &holdings, &mut pages, live, &mut kept);
    let joining = JoinContext { key, desired_space, space, compiled: &compiled, desired, live };
    let mut skipped = join(joining, &mut pages, &mut kept);
    skipped.extend(deleted::leave_out(key, desired_space, space, &mut pages, desired, live));
    if let (UnlistedPages::Leave, Some(tree)) = (&desired_space.unlisted, &space.tree)
        && !(desired_space.pages.is_empty() && desired_space.page_only.is_empty())
    {
        let unlisted = unlisted(desired_space, tree)
            .filter(|id| !compiled.relied_on.contains(id) && !desired_space.joins.names(*id));
        let (archived, others): (Vec<_>, Vec<_>) =
            unlisted.partition(|id| desired_space.kept.archived.contains(id));
        kept.pages(key, KeepReason::ArchivedPage, archived.len());
        kept.pages(key, KeepReason::UnlistedPage, others.len());
    }
    kept.foreign(key, space);
    SpaceAim { target: TargetSpace { holdings, pages }, compiled, skipped, kept }
}
