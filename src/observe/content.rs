//! Reading the content of spaces: trees, blog posts, containers, and lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::join;

use super::needs::ContentNeeds;
use super::people;
use super::progress::{Hook, Part, Progress};
use crate::confluence::{Error, LISTS_AT_ONCE, Read, SPACES_AT_ONCE, concurrently};
use crate::model::{
    AccountId, Content, ContentId, ContentKind, Gap, Known, Live, LiveSpace, Missing, Parent, Restrictions,
    Space, SpaceKey, Subject, Tree, Why,
};

/// The content that is missing, without its lists; says whether any was.
pub(super) async fn contents<R: Read>(
    read: &R,
    live: &mut Live,
    needs: &BTreeMap<SpaceKey, ContentNeeds>,
    hook: Hook<'_>,
) -> Result<bool, Error> {
    let wanted: Vec<(&ContentNeeds, &LiveSpace)> =
        needs.iter().filter_map(|(key, wanted)| Some((wanted, live.space(key)?))).collect();
    let missing = |is_missing: &dyn Fn(&ContentNeeds, &LiveSpace) -> bool| -> Vec<Space> {
        let spaces = wanted.iter().filter(|(wanted, space)| is_missing(wanted, space));
        spaces.map(|(_, space)| space.space.clone()).collect()
    };
    let treeless = missing(&|_, space| space.tree.is_none());
    let postless = missing(&|wanted, space| wanted.blogposts && !space.read.blogposts);
    let containerless = missing(&|wanted, space| wanted.containers && !space.read.containers);
    if treeless.is_empty() && postless.is_empty() && containerless.is_empty() {
        return Ok(false);
    }
    let (trees, posts) = join!(trees(read, &treeless, hook), blogposts(read, &postless, hook));
    for (key, tree) in trees? {
        live.gaps.extend(doubted(&key, tree.iter()));
        let adrift = tree.iter().filter(|content| tree.is_adrift(content));
        live.gaps.extend(adrift.filter_map(|content| match content.parent {
            Parent::Content(hidden) => Some(Gap::Ancestor { space: key.clone(), content: hidden }),
            Parent::Space | Parent::Unknown => None,
        }));
        if let Some(space) = live.space_mut(&key) {
            space.tree = Some(tree);
        }
    }
    for (key, posts) in posts? {
        let Some(space) = live.spaces.get_mut(&key).map(Arc::make_mut) else { continue };
        space.read.blogposts = true;
        live.gaps.extend(doubted(&key, &posts));
        let Some(tree) = &mut space.tree else { continue };
        for post in posts {
            if tree.get(post.id).is_none() {
                tree.insert(post);
            }
        }
    }
    containers(read, live, &containerless).await?;
    Ok(true)
}

/// Content of which the site does not say where it stands, and whose lists are not asked for because of that.
fn doubted<'a>(key: &SpaceKey, content: impl IntoIterator<Item = &'a Content>) -> BTreeSet<Gap> {
    let gaps = content.into_iter().flat_map(|content| {
        let place = (content.parent == Parent::Unknown)
            .then(|| Gap::Place { space: key.clone(), content: content.id });
        let lists = match content.restrictions {
            Known::Unknown(why) if why != Why::NotRead => {
                Some(Gap::Restrictions { space: key.clone(), content: content.id, why })
            }
            Known::Unknown(_) | Known::Known(_) => None,
        };
        place.into_iter().chain(lists)
    });
    gaps.collect()
}

/// Up to this many spaces are read one by one: the pages of one list must be fetched in sequence, while the lists of
/// several spaces can be fetched concurrently.
const FEW: usize = 4;

/// Spaces that are read by one list each: at least as many lists as are worth reading side by side.
fn together(spaces: &[Space]) -> impl Iterator<Item = &[Space]> {
    let some = if spaces.len() > FEW { spaces } else { &[] };
    some.chunks(some.len().div_ceil(FEW).clamp(1, SPACES_AT_ONCE))
}

async fn trees<R: Read>(read: &R, spaces: &[Space], hook: Hook<'_>) -> Result<Vec<(SpaceKey, Tree)>, Error> {
    hook(Progress::Expect(Part::Pages, spaces.len()));
    let lists = together(spaces).map(|some| async move {
        let trees = read.trees(some).await?;
        hook(Progress::Read(Part::Pages, trees.len()));
        Ok(trees)
    });
    let mut found: BTreeMap<SpaceKey, Tree> =
        concurrently(lists.collect()).await?.into_iter().flatten().collect();
    let left = spaces.iter().filter(|space| !found.contains_key(&space.key));
    let tasks = left.map(|space| async move {
        let tree = read.tree(space).await?;
        hook(Progress::Read(Part::Pages, 1));
        Ok((space.key.clone(), tree))
    });
    let left = concurrently(tasks.collect()).await?;
    found.extend(left);
    Ok(found.into_iter().collect())
}

async fn blogposts<R: Read>(
    read: &R,
    spaces: &[Space],
    hook: Hook<'_>,
) -> Result<Vec<(SpaceKey, Vec<Content>)>, Error> {
    hook(Progress::Expect(Part::Blogposts, spaces.len()));
    let lists = together(spaces).map(|some| async move {
        let posts = read.blogposts_of(some).await?;
        hook(Progress::Read(Part::Blogposts, posts.len()));
        Ok(posts)
    });
    let mut found: BTreeMap<SpaceKey, Vec<Content>> =
        concurrently(lists.collect()).await?.into_iter().flatten().collect();
    let left = spaces.iter().filter(|space| !found.contains_key(&space.key));
    let tasks = left.map(|space| async move {
        let posts = read.blogposts(space).await?;
        hook(Progress::Read(Part::Blogposts, 1));
        Ok((space.key.clone(), posts))
    });
    let left = concurrently(tasks.collect()).await?;
    found.extend(left);
    Ok(found.into_iter().collect())
}

/// Folders, whiteboards and their like that no page hangs under. What is in the tree already is not searched
/// for, so they come after it.
async fn containers<R: Read>(read: &R, live: &mut Live, spaces: &[Space]) -> Result<(), Error> {
    let known = spaces.iter().filter_map(|space| Some((space, live.spaces.get(&space.key)?.tree.as_ref()?)));
    let tasks = known
        .map(|(space, tree)| async move { Ok((space.key.clone(), read.containers(space, tree).await?)) });
    for (key, found) in concurrently(tasks.collect()).await? {
        let Some(space) = live.space_mut(&key) else { continue };
        space.read.containers = true;
        match (found, &mut space.tree) {
            (Known::Known(found), Some(tree)) => found.into_iter().for_each(|content| tree.insert(content)),
            (Known::Known(_), None) => {}
            (Known::Unknown(why), _) => drop(live.gaps.insert(Gap::Containers { space: key, why })),
        }
    }
    Ok(())
}

/// The lists that are missing; says whether any were. People on the lists are looked up.
pub(super) async fn lists<R: Read>(
    read: &R,
    live: &mut Live,
    needs: &BTreeMap<SpaceKey, ContentNeeds>,
    hook: Hook<'_>,
) -> Result<bool, Error> {
    let Some(accounts) = lists_alone(read, live, needs, hook).await? else { return Ok(false) };
    people::look_up(read, live, accounts).await?;
    Ok(true)
}

/// The lists that are missing, the batches filled across spaces, and the accounts on them; `None` if none were missing.
pub(super) async fn lists_alone<R: Read>(
    read: &R,
    live: &mut Live,
    needs: &BTreeMap<SpaceKey, ContentNeeds>,
    hook: Hook<'_>,
) -> Result<Option<BTreeSet<AccountId>>, Error> {
    let Unread { wanted, containers, archived } = unread(live, needs);
    if wanted.is_empty() {
        return Ok(None);
    }
    hook(Progress::Expect(Part::Lists, wanted.len()));
    let pages: Vec<ContentId> = wanted.keys().copied().filter(|id| !containers.contains(id)).collect();
    let archived = &archived;
    let batches = pages.chunks(LISTS_AT_ONCE).map(|batch| async move {
        let with_archived = batch.iter().any(|id| archived.contains(id));
        let found = read.restrictions(&batch.iter().copied().collect(), with_archived).await?;
        hook(Progress::Read(Part::Lists, batch.len()));
        Ok(found)
    });
    let one_by_one = containers.iter().map(|&id| async move {
        let lists = read.restrictions_now(id).await?;
        hook(Progress::Read(Part::Lists, 1));
        Ok((id, lists))
    });
    let (found, others) = join!(concurrently(batches.collect()), concurrently(one_by_one.collect()));
    let mut found: BTreeMap<ContentId, Known<Restrictions>> = found?.into_iter().flatten().collect();
    found.extend(others?);
    let mut accounts = BTreeSet::new();
    for (id, key) in wanted {
        let lists = found.remove(&id).unwrap_or(Known::Unknown(Why::Hidden));
        match &lists {
            Known::Known(lists) => accounts.extend(accounts_of(lists)),
            Known::Unknown(why) => {
                live.gaps.insert(Gap::Restrictions { space: key.clone(), content: id, why: *why });
            }
        }
        if let Some(tree) = live.space_mut(&key).and_then(|space| space.tree.as_mut()) {
            tree.set_restrictions(id, lists);
        }
    }
    Ok(Some(accounts))
}

struct Unread {
    wanted: BTreeMap<ContentId, SpaceKey>,
    /// Those of them that are neither pages nor blog posts. Whether a site keeps lists for folders and their like,
    /// only the lists themselves tell: a search shows empty ones in any case.
    containers: BTreeSet<ContentId>,
    archived: BTreeSet<ContentId>,
}

/// The content whose lists are wanted and have not been read; what is hidden above it is a gap.
fn unread(live: &mut Live, needs: &BTreeMap<SpaceKey, ContentNeeds>) -> Unread {
    let mut unread =
        Unread { wanted: BTreeMap::new(), containers: BTreeSet::new(), archived: BTreeSet::new() };
    let mut hidden = BTreeSet::new();
    for (key, needs) in needs {
        let Some(tree) = live.spaces.get(key).and_then(|space| space.tree.as_ref()) else { continue };
        for id in needs.lists.in_tree(tree) {
            let Some(content) = tree.get(id) else { continue };
            if content.restrictions == Known::Unknown(Why::NotRead) {
                unread.wanted.insert(id, key.clone());
                if content.archived {
                    unread.archived.insert(id);
                }
                if !matches!(content.kind, ContentKind::Page | ContentKind::Blogpost) {
                    unread.containers.insert(id);
                }
            }
            hidden.extend(tree.chain(id).missing.map(|missing| above(key.clone(), missing)));
        }
    }
    live.gaps.extend(hidden);
    unread
}

fn above(space: SpaceKey, missing: Missing) -> Gap {
    match missing {
        Missing::Ancestor(content) => Gap::Ancestor { space, content },
        Missing::ParentOf(content) => Gap::Place { space, content },
    }
}

fn accounts_of(lists: &Restrictions) -> impl Iterator<Item = AccountId> {
    lists.view.subjects().chain(lists.edit.subjects()).filter_map(|subject| match subject {
        Subject::User(account) => Some(account.clone()),
        Subject::Group(_) => None,
    })
}
