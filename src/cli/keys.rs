//! Which spaces the keys of a command line mean: the keys that spaces have, and those that they had when the lock was
//! written, or a run was made.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Live, SpaceId, SpaceKey};
use crate::observe::{ListingNeeds, Needs, SiteLists};
use crate::policy::lock::{LOCK_FILE, Lock, TwoSpaces};

use super::{CliError, SiteReading};

/// The keys under which the site has the spaces that these keys mean. Only keys that the lock knows are looked up; the
/// site has all others as they are, or not at all.
pub(super) async fn on_site(
    keys: impl IntoIterator<Item = &SpaceKey>,
    lock: &Lock,
    reading: SiteReading<'_>,
    live: &mut Live,
) -> Result<BTreeSet<SpaceKey>, CliError> {
    let keys: BTreeSet<&SpaceKey> = keys.into_iter().collect();
    let remembered: Vec<(&SpaceKey, SpaceId)> =
        keys.iter().filter_map(|key| Some((*key, lock.space_id(key)?))).collect();
    look_up(&remembered, reading, live).await?;
    let meant = keys.into_iter().map(|key| {
        lock.space_asked_for(key, &live.listing).cloned().map_err(|two| ambiguous(key, &two, lock))
    });
    meant.collect()
}

/// The keys that spaces have now, by their ids; those that the site does not show are missing.
pub(super) async fn of_now(
    remembered: &[(&SpaceKey, SpaceId)],
    reading: SiteReading<'_>,
    live: &mut Live,
) -> Result<BTreeMap<SpaceId, SpaceKey>, CliError> {
    look_up(remembered, reading, live).await?;
    let ids: BTreeSet<SpaceId> = remembered.iter().map(|(_, id)| *id).collect();
    let there = live.listing.spaces.values().filter(|space| ids.contains(&space.id));
    Ok(there.map(|space| (space.id, space.key.clone())).collect())
}

/// Lists the spaces that had these keys, by their ids where their keys are others now.
async fn look_up(
    remembered: &[(&SpaceKey, SpaceId)],
    reading: SiteReading<'_>,
    live: &mut Live,
) -> Result<(), CliError> {
    let needs = |live: &Live| {
        let listing = &live.listing;
        let is_there = |id: &SpaceId| listing.spaces.values().any(|space| space.id == *id);
        let asked = remembered.iter().filter(|(key, _)| listing.asked.contains(*key)).map(|(_, id)| *id);
        let listing = ListingNeeds {
            keys: remembered.iter().map(|(key, _)| (*key).clone()).collect(),
            ids: asked.filter(|id| !is_there(id)).collect(),
            ..ListingNeeds::default()
        };
        Needs { listing, site_lists: SiteLists::Later, ..Needs::default() }
    };
    if !remembered.is_empty() {
        reading.until_known(live, needs).await?;
    }
    Ok(())
}

/// Names both spaces, and how to write each of them.
fn ambiguous(key: &SpaceKey, two: &TwoSpaces, lock: &Lock) -> CliError {
    let TwoSpaces { remembered, now, bearer, written } = two;
    let first = match now {
        Some(now) => format!("has the key {now} now"),
        None => "is gone".to_owned(),
    };
    let message = format!(
        "`{key}` could mean two spaces: id {remembered}, which had the key when {LOCK_FILE} was written and {first}, \
         and id {bearer}, which has it now"
    );
    let renames =
        "`confperm fmt --renames` writes the keys that spaces have now into the policy; then it means one";
    let other_way = now.as_ref().filter(|now| lock.space_id(now).is_none()).map(|now| (now, remembered));
    let help = match (other_way, written) {
        (Some((now, id)), _) => format!("write `{now}` for id {id}; {renames}"),
        (None, Some(written)) if now.is_none() => {
            format!("write `{written}`, as the policy calls it, for id {bearer}")
        }
        (None, _) => renames.to_owned(),
    };
    CliError::usage(message, help)
}
