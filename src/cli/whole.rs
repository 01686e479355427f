//! Reads spaces from top to bottom, as `import` and `snapshot` need them, and shows how far it is.

use std::collections::{BTreeMap, BTreeSet};

use indicatif::ProgressBar;

use crate::confluence::survey::{self, Choice, Needs, Progress};
use crate::confluence::{Cloud, Read as _, SpaceSelection};
use crate::diagnostic::did_you_mean;
use crate::model::{AccountId, ContentId, Listing, Live, Space, SpaceKey, SpaceStatus};

use super::args::SpacesArgs;
use super::error::CliError;
use super::output::Output;

/// So many pages have their lists read before the next ones are looked at; a bound for what is under way.
const PAGES_AT_ONCE: usize = 2_000;

/// Everything about the spaces that the command line means: who holds what, trees, blog posts, and all lists.
/// Where all are meant, one list of them says which there are and is what they are read from.
pub(super) async fn chosen(
    site: &Cloud,
    args: &SpacesArgs,
    accounts: BTreeSet<AccountId>,
    out: &Output,
) -> Result<Live, CliError> {
    if !args.all {
        if args.keys.is_empty() {
            return Err(CliError::usage(
                "nothing says which spaces to read",
                "name them with --space KEY, or write --all for every space that this account can see",
            ));
        }
        let live = named(site, args.keys.iter().cloned().collect(), accounts, out).await?;
        all_there(site, &args.keys, &live).await?;
        return Ok(live);
    }
    let wanted = |space: &&Space| {
        (args.types.is_empty() || args.types.contains(&space.kind))
            && (args.include_archived || space.status != SpaceStatus::Archived)
    };
    let choose = |listing: &Listing| -> BTreeSet<SpaceKey> {
        listing.spaces.values().filter(wanted).map(|space| space.key.clone()).collect()
    };
    let choice = Choice { listed: SpaceSelection::All, labels: BTreeSet::new(), accounts };
    let meter = out.meter(0, "spaces");
    let mut live = survey::chosen(site, &choice, &choose, &|progress| counted(&meter, progress)).await?;
    meter.finish_and_clear();
    if live.spaces.is_empty() {
        return Err(CliError::failed("there is no such space that this account can see")
            .with_hint("`confperm doctor` says who signs in; --include-archived reads archived spaces too"));
    }
    contents(site, &mut live, out).await?;
    Ok(live)
}

/// Everything about these spaces, as far as they are there.
pub(super) async fn named(
    site: &Cloud,
    keys: BTreeSet<SpaceKey>,
    accounts: BTreeSet<AccountId>,
    out: &Output,
) -> Result<Live, CliError> {
    let meter = out.meter(keys.len(), "spaces");
    let needs = Needs { spaces: SpaceSelection::Keys(keys), accounts };
    let mut live = survey::access(site, &needs, &|progress| counted(&meter, progress)).await?;
    meter.finish_and_clear();
    contents(site, &mut live, out).await?;
    Ok(live)
}

fn counted(meter: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Spaces(number) => meter.set_length(number as u64),
        Progress::Access => meter.inc(1),
        Progress::SignedIn | Progress::Tree | Progress::Restrictions(_) | Progress::Members => {}
    }
}

/// Adds trees, blog posts and all lists.
async fn contents(site: &Cloud, live: &mut Live, out: &Output) -> Result<(), CliError> {
    let keys: BTreeSet<SpaceKey> = live.spaces.keys().cloned().collect();
    let meter = out.meter(keys.len(), "page trees");
    let count = |progress: Progress| {
        if progress == Progress::Tree {
            meter.inc(1);
        }
    };
    survey::trees(site, live, &keys, &count).await?;
    survey::blogposts(site, live, &keys).await?;
    meter.finish_and_clear();

    let pages: Vec<(SpaceKey, ContentId)> = live
        .spaces
        .iter()
        .flat_map(|(key, space)| {
            let pages = space.tree.iter().flat_map(|tree| tree.iter().map(|content| content.id));
            pages.map(|id| (key.clone(), id))
        })
        .collect();
    let meter = out.meter(pages.len(), "pages");
    for some in pages.chunks(PAGES_AT_ONCE) {
        let mut wanted: BTreeMap<SpaceKey, BTreeSet<ContentId>> = BTreeMap::new();
        for (key, id) in some {
            wanted.entry(key.clone()).or_default().insert(*id);
        }
        survey::restrictions(site, live, &wanted, &survey::quiet).await?;
        meter.inc(some.len() as u64);
    }
    meter.finish_and_clear();
    Ok(())
}

/// Says which of the spaces that were asked for by name are not there.
pub(super) async fn all_there(
    site: &Cloud,
    keys: impl IntoIterator<Item = &SpaceKey>,
    live: &Live,
) -> Result<(), CliError> {
    let missing: Vec<&SpaceKey> = keys.into_iter().filter(|key| !live.spaces.contains_key(*key)).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let visible = site.spaces(&SpaceSelection::All).await?;
    let near = did_you_mean(first.as_str(), visible.iter().map(|space| space.key.as_str()));
    let hint = near.map_or_else(
        || "it does not exist, or this account may not see it: ask an administrator of the space".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let missing: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
    let keys = if missing.len() == 1 { "the key" } else { "the keys" };
    let message = format!("the site shows no space with {keys} {}", missing.join(", "));
    Err(CliError::failed(message).with_hint(hint))
}
