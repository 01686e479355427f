//! The spaces that a command line chooses to be copied, as `import` and `snapshot` need them.

use std::collections::BTreeSet;

use crate::confluence::{Cloud, Read as _, SpaceSelection};
use crate::diagnostic::{Code, near_key};
use crate::model::{Live, Space, SpaceKey, SpaceStatus};
use crate::observe::{Chosen, ListingNeeds, Needs};
use crate::policy::Policy;
use crate::policy::lock::Lock;

use super::args::SpacesArgs;
use super::keys;
use super::{CliError, Failure, SiteReading};

/// Which spaces the command line means, with the keys that they have on the site.
pub(super) async fn by(
    args: &SpacesArgs,
    lock: &Lock,
    reading: SiteReading<'_>,
    live: &mut Live,
) -> Result<Chosen, CliError> {
    if args.all {
        return Ok(every(args));
    }
    if args.keys.is_empty() {
        return Err(CliError::usage(
            "nothing says which spaces to read",
            "name them with --space KEY, or write --all for every space that this account can see",
        ));
    }
    Ok(Chosen::Keys(keys::on_site(&args.keys, lock, reading, live).await?))
}

/// All spaces, as far as the command line wants them.
fn every(args: &SpacesArgs) -> Chosen {
    Chosen::Every { kinds: args.types.iter().cloned().collect(), archived: args.include_archived }
}

/// Those of all spaces that have no entry in a policy.
pub(super) async fn missing(
    args: &SpacesArgs,
    policy: &Policy,
    lock: &Lock,
    reading: SiteReading<'_>,
    live: &mut Live,
) -> Result<BTreeSet<SpaceKey>, CliError> {
    let listing = || ListingNeeds { all: true, ..ListingNeeds::default() };
    reading.until_known(live, |_| Needs { listing: listing(), ..Needs::default() }).await?;
    let named = policy.on_site(lock, &live.listing).policy;
    let every = every(args);
    let missing = live
        .listing
        .spaces
        .values()
        .filter(|space| every.includes(space) && !named.spaces.contains_key(&space.key))
        .map(|space| space.key.clone());
    Ok(missing.collect())
}

/// How many of all spaces are left out because they are archived, beside those that the policy has.
pub(super) fn archived_left_out(args: &SpacesArgs, policy: &Policy, live: &Live) -> usize {
    if args.include_archived {
        return 0;
    }
    let is_left_out = |space: &&Space| {
        let is_wanted = args.types.is_empty() || args.types.contains(&space.kind);
        space.status == SpaceStatus::Archived && is_wanted && !policy.spaces.contains_key(&space.key)
    };
    live.listing.spaces.values().filter(is_left_out).count()
}

/// Makes sure that what was chosen is there.
pub(super) async fn found(site: &Cloud, chosen: &Chosen, live: &Live) -> Result<(), CliError> {
    match chosen {
        Chosen::Keys(keys) => all_visible(site, keys, live).await,
        Chosen::Every { .. } if live.spaces.is_empty() => {
            Err(CliError::failed(Failure::NoSpaces, "there is no such space that this account can see")
                .with_hint(
                    "`confperm doctor` says who signs in; --include-archived reads archived spaces too",
                ))
        }
        Chosen::Every { .. } => Ok(()),
    }
}

/// Names the spaces that were asked for by key and are not there.
pub(super) async fn all_visible(
    site: &Cloud,
    keys: impl IntoIterator<Item = &SpaceKey>,
    live: &Live,
) -> Result<(), CliError> {
    let missing: Vec<&SpaceKey> = keys.into_iter().filter(|key| !live.spaces.contains_key(*key)).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let visible = site.spaces(&SpaceSelection::All).await?;
    let near = near_key(first.as_str(), visible.iter().map(|space| space.key.as_str()));
    let hint = near.map_or_else(
        || "it does not exist, or this account may not see it: ask an administrator of the space".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let missing: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
    let keys = if missing.len() == 1 { "the key" } else { "the keys" };
    let message = format!("the site shows no space with {keys} {}", missing.join(", "));
    Err(CliError::failed(Code::UnknownSpace, message).with_hint(hint))
}
