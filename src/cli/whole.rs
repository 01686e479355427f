//! Reads spaces from top to bottom, as `import` and `snapshot` need them, and shows how far it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::confluence::survey::{self, Needs, Progress};
use crate::confluence::{Cloud, Read as _, SpaceSelection};
use crate::diagnostic::did_you_mean;
use crate::model::{AccountId, ContentId, Live, SpaceKey, SpaceStatus};

use super::args::SpacesArgs;
use super::error::CliError;
use super::output::Output;

/// So many pages have their lists read before the next ones are looked at; a bound for what is under way.
const PAGES_AT_ONCE: usize = 2_000;

/// The spaces that the command line means.
pub(super) async fn chosen(site: &Cloud, args: &SpacesArgs) -> Result<BTreeSet<SpaceKey>, CliError> {
    if !args.all {
        if args.keys.is_empty() {
            return Err(CliError::usage(
                "nothing says which spaces to read",
                "name them with --space KEY, or write --all for every space that this account can see",
            ));
        }
        return Ok(args.keys.iter().cloned().collect());
    }
    let spaces = site.spaces(&SpaceSelection::All).await?;
    let wanted = spaces.into_iter().filter(|space| {
        (args.types.is_empty() || args.types.contains(&space.kind))
            && (args.include_archived || space.status != SpaceStatus::Archived)
    });
    let keys: BTreeSet<SpaceKey> = wanted.map(|space| space.key).collect();
    if keys.is_empty() {
        return Err(CliError::failed("there is no such space that this account can see")
            .with_hint("`confperm doctor` says who signs in; --include-archived reads archived spaces too"));
    }
    Ok(keys)
}

/// Everything about these spaces: who holds what, trees, blog posts, and all lists.
pub(super) async fn read(
    site: &Cloud,
    keys: BTreeSet<SpaceKey>,
    accounts: BTreeSet<AccountId>,
    out: &Output,
) -> Result<Live, CliError> {
    let meter = out.meter(keys.len(), "spaces");
    let needs = Needs { spaces: SpaceSelection::Keys(keys.clone()), accounts };
    let count = |progress: Progress| {
        if matches!(progress, Progress::Access | Progress::Tree) {
            meter.inc(1);
        }
    };
    let mut live = survey::access(site, &needs, &count).await?;
    meter.finish_and_clear();

    let meter = out.meter(keys.len(), "page trees");
    let count = |progress: Progress| {
        if progress == Progress::Tree {
            meter.inc(1);
        }
    };
    survey::trees(site, &mut live, &keys, &count).await?;
    survey::blogposts(site, &mut live, &keys).await?;
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
        survey::restrictions(site, &mut live, &wanted, &survey::quiet).await?;
        meter.inc(some.len() as u64);
    }
    meter.finish_and_clear();
    Ok(live)
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
