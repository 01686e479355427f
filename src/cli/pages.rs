//! Reading the pages that a policy decides about: those that it names; or all of a space, blog posts included,
//! where it says something about pages that it does not name.

use std::collections::{BTreeMap, BTreeSet};

use crate::confluence::survey::{self, Progress};
use crate::confluence::{Cloud, Error};
use crate::model::{Live, SpaceKey};
use crate::policy::{self, Context, Policy};

/// Gives the spaces whose blog posts were read, since a tree does not tell.
pub(super) async fn read(
    site: &Cloud,
    live: &mut Live,
    policy: &Policy,
    context: Context<'_>,
) -> Result<BTreeSet<SpaceKey>, Error> {
    let hook = |progress: Progress| tracing::debug!(?progress);
    let mut whole = policy::whole_spaces(policy, live, context);
    whole.extend(policy.space_keys().filter(|key| policy.decides_about_every_page(key)).cloned());
    let named = policy.space_keys().filter(|key| policy.wants_pages(key)).cloned();
    survey::trees(site, live, &named.chain(whole.iter().cloned()).collect(), &hook).await?;
    let with_posts: BTreeSet<SpaceKey> = live
        .spaces
        .values()
        .filter(|space| whole.contains(&space.space.key) || policy.wants_blogposts(space))
        .map(|space| space.space.key.clone())
        .collect();
    survey::blogposts(site, live, &with_posts).await?;
    survey::containers(site, live, &whole).await?;
    let pages: BTreeMap<SpaceKey, BTreeSet<_>> = live
        .spaces
        .iter()
        .map(|(key, space)| match &space.tree {
            Some(tree) if whole.contains(key) => (key.clone(), tree.iter().map(|node| node.id).collect()),
            _ => (key.clone(), policy::declared_pages(policy, space)),
        })
        .filter(|(_, pages)| !pages.is_empty())
        .collect();
    survey::restrictions(site, live, &pages, &hook).await?;
    Ok(with_posts)
}
