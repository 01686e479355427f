//! Reading which pages have a label.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::needs::ContentNeeds;
use crate::confluence::{Error, Read, concurrently};
use crate::model::{ContentId, Gap, Known, Labelled, Live, PageLabel, SpaceId, SpaceKey, Tree, Why};

/// The labels that are missing, of spaces whose trees are known; says whether any were. What the site does not tell is
/// unknown, and a gap.
pub(super) async fn read<R: Read>(
    read: &R,
    live: &mut Live,
    needs: &BTreeMap<SpaceKey, ContentNeeds>,
) -> Result<bool, Error> {
    let mut wanted: Vec<(SpaceKey, SpaceId, PageLabel)> = Vec::new();
    for (key, needs) in needs {
        let Some(space) = live.spaces.get(key).filter(|space| space.tree.is_some()) else { continue };
        let unread = needs.labels.iter().filter(|label| !space.labelled.contains_key(*label));
        wanted.extend(unread.map(|label| (key.clone(), space.space.id, label.clone())));
    }
    if wanted.is_empty() {
        return Ok(false);
    }
    let numbers = read.page_labels().await?;
    let numbers = &numbers;
    let tasks = wanted.iter().map(|(_, space, label)| async move {
        match numbers {
            Known::Unknown(why) => Ok(Known::Unknown(*why)),
            Known::Known(numbers) => {
                let mut pages = BTreeSet::new();
                for number in numbers.get(label).into_iter().flatten() {
                    match read.pages_labelled(number, *space).await? {
                        Known::Known(some) => pages.extend(some),
                        Known::Unknown(why) => return Ok(Known::Unknown(why)),
                    }
                }
                Ok(Known::Known(pages))
            }
        }
    });
    let listed = concurrently(tasks.collect()).await?;
    let archived = archived_labels(read, live, &wanted, &listed).await?;
    for ((key, _, label), listed) in wanted.into_iter().zip(listed) {
        let Some(space) = live.spaces.get_mut(&key).map(Arc::make_mut) else { continue };
        let Some(tree) = &space.tree else { continue };
        let labelled = match listed {
            Known::Known(listed) => Known::Known(labelled(&label, listed, tree, &archived)),
            Known::Unknown(why) => Known::Unknown(why),
        };
        let gap = |content, why| Gap::Labels { space: key.clone(), label: label.clone(), content, why };
        match &labelled {
            Known::Known(known) => {
                live.gaps.extend(known.unknown.iter().map(|(content, why)| gap(Some(*content), *why)));
            }
            Known::Unknown(why) => drop(live.gaps.insert(gap(None, *why))),
        }
        space.labelled.insert(label, labelled);
    }
    Ok(true)
}

/// The labels of the archived pages that the lists of pages do not have. Whether these lists have archived pages is not
/// documented, so each is asked for by itself.
async fn archived_labels<R: Read>(
    read: &R,
    live: &Live,
    wanted: &[(SpaceKey, SpaceId, PageLabel)],
    listed: &[Known<BTreeSet<ContentId>>],
) -> Result<BTreeMap<ContentId, Known<BTreeSet<PageLabel>>>, Error> {
    let mut asked: BTreeSet<ContentId> = BTreeSet::new();
    for ((key, ..), listed) in wanted.iter().zip(listed) {
        let tree = live.spaces.get(key).and_then(|space| space.tree.as_ref());
        let (Some(tree), Known::Known(listed)) = (tree, listed) else { continue };
        let archived = tree.iter().filter(|content| content.archived).map(|content| content.id);
        asked.extend(archived.filter(|id| !listed.contains(id)));
    }
    let tasks = asked.into_iter().map(|id| async move { Ok((id, read.labels_now(id).await?)) });
    Ok(concurrently(tasks.collect()).await?.into_iter().collect())
}

fn labelled(
    label: &PageLabel,
    listed: BTreeSet<ContentId>,
    tree: &Tree,
    archived: &BTreeMap<ContentId, Known<BTreeSet<PageLabel>>>,
) -> Labelled {
    let mut labelled = Labelled::default();
    for id in listed {
        // Where a page stands is not known before it is in the tree.
        match tree.get(id) {
            Some(_) => drop(labelled.pages.insert(id)),
            None => drop(labelled.unknown.insert(id, Why::Contradictory)),
        }
    }
    for (id, labels) in archived.iter().filter(|(id, _)| tree.get(**id).is_some()) {
        match labels {
            Known::Known(labels) if labels.contains(label) => drop(labelled.pages.insert(*id)),
            Known::Unknown(why) if !labelled.pages.contains(id) => {
                labelled.unknown.insert(*id, *why);
            }
            Known::Known(_) | Known::Unknown(_) => {}
        }
    }
    labelled
}
