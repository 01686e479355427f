//! Reading what a run needs, each thing once, side by side, with the same result every time.
//!
//! Each function adds to a [`Live`] what is not in it yet. What the site hides is written down as a
//! [`Gap`]; it is never left out silently.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::OptionFuture;
use tokio::join;

use super::error::Error;
use super::{Read, SpaceAccess, SpaceSelection, side_by_side};
use crate::model::{
    AccountId, ContentId, ContentKind, Directory, Gap, GroupId, Holding, Known, Listing, Live, LiveSpace,
    Principal, ProductAccess, Restrictions, Site, Space, SpaceKey, SpaceRoleMode, Subject, Tree, Why,
};

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    pub spaces: SpaceSelection,
    /// Accounts to look up beside those that the site itself names.
    pub accounts: BTreeSet<AccountId>,
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The caller is known.
    SignedIn,
    /// So many spaces have been found.
    Spaces(usize),
    /// The grants of one more space have been read.
    Access,
    /// The pages of one more space have been read.
    Tree,
    /// So many more pages have had their lists read.
    Restrictions(usize),
    /// The members of one more group have been read.
    Members,
}

/// Told about [`Progress`] while things are read.
pub type Hook<'a> = &'a (dyn Fn(Progress) + Sync);

/// For whoever does not want to know.
pub fn quiet(_: Progress) {}

/// The site, the spaces that were asked for and are visible, who may do what in them, all groups, the roles
/// where there are any, and the people who appear. Asking who the caller is comes before everything else.
pub async fn access<R: Read>(read: &R, needs: &Needs, hook: Hook<'_>) -> Result<Live, Error> {
    let site = read.site().await?;
    hook(Progress::SignedIn);
    gather(read, site, read.spaces(&needs.spaces), &needs.accounts, hook).await
}

/// Which spaces to read, where that is decided by what a list of spaces shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What to list.
    pub listed: SpaceSelection,
    /// And the spaces with these labels.
    pub labels: BTreeSet<String>,
    /// Accounts to look up beside those that the site itself names.
    pub accounts: BTreeSet<AccountId>,
}

/// [`access`] to spaces that are chosen from a list. The list stays in [`Live::listing`].
pub async fn chosen<R: Read>(
    read: &R,
    choice: &Choice,
    choose: &(dyn Fn(&Listing) -> BTreeSet<SpaceKey> + Sync),
    hook: Hook<'_>,
) -> Result<Live, Error> {
    let site = read.site().await?;
    hook(Progress::SignedIn);
    let listing = list(read, choice).await?;
    let keys = choose(&listing);
    let spaces = listing.spaces.values().filter(|space| keys.contains(&space.key)).cloned().collect();
    let mut live = gather(read, site, async { Ok(spaces) }, &choice.accounts, hook).await?;
    live.listing = listing;
    Ok(live)
}

async fn list<R: Read>(read: &R, choice: &Choice) -> Result<Listing, Error> {
    let spaces = read.spaces(&choice.listed).await?;
    let tasks: Vec<_> = choice
        .labels
        .iter()
        .map(|label| async move { Ok((label.clone(), read.spaces_labelled(label).await?)) })
        .collect();
    Ok(Listing {
        spaces: spaces.into_iter().map(|space| (space.key.clone(), space)).collect(),
        whole: choice.listed == SpaceSelection::All,
        labelled: side_by_side(tasks).await?.into_iter().collect(),
    })
}

async fn gather<R: Read>(
    read: &R,
    site: Site,
    found: impl Future<Output = Result<Vec<Space>, Error>>,
    also: &BTreeSet<AccountId>,
    hook: Hook<'_>,
) -> Result<Live, Error> {
    let roles: OptionFuture<_> = site.mode.has_roles().then(|| read.roles()).into();
    let spaces = async {
        let spaces = found.await?;
        hook(Progress::Spaces(spaces.len()));
        let tasks: Vec<_> = spaces.into_iter().map(|space| one_space(read, space, site.mode, hook)).collect();
        side_by_side(tasks).await
    };
    let (spaces, groups, roles) = join!(spaces, read.groups(), roles);
    let (spaces, groups, roles) = (spaces?, groups?, roles.transpose()?.unwrap_or_default());

    let mut live = Live {
        site,
        roles: roles.into_iter().map(|role| (role.id.clone(), role)).collect(),
        directory: Directory {
            people: BTreeMap::new(),
            groups: groups.into_iter().map(|group| (group.id.clone(), group)).collect(),
        },
        spaces: BTreeMap::new(),
        listing: Listing::default(),
        gaps: BTreeSet::new(),
    };
    for (space, access) in spaces.into_iter().flatten() {
        live.spaces.insert(space.key.clone(), live_space(space, access));
    }
    let seen = live.spaces.values().flat_map(|space| space.holdings.keys()).filter_map(|who| match who {
        Principal::User(account) => Some(account.clone()),
        _ => None,
    });
    let mut accounts: BTreeSet<AccountId> = seen.chain(also.iter().cloned()).collect();
    accounts.insert(live.site.caller.account.clone());
    people(read, &mut live, accounts).await?;
    Ok(live)
}

/// The page trees of spaces that have none yet. Keys that are not in `live` are passed over.
pub async fn trees<R: Read>(
    read: &R,
    live: &mut Live,
    keys: &BTreeSet<SpaceKey>,
    hook: Hook<'_>,
) -> Result<(), Error> {
    let spaces: Vec<Space> = keys
        .iter()
        .filter_map(|key| live.spaces.get(key))
        .filter(|space| space.tree.is_none())
        .map(|space| space.space.clone())
        .collect();
    let tasks: Vec<_> = spaces
        .iter()
        .map(|space| async move {
            let tree = read.tree(space).await?;
            hook(Progress::Tree);
            Ok((space.key.clone(), tree))
        })
        .collect();
    for (key, tree) in side_by_side(tasks).await? {
        if let Some(space) = live.spaces.get_mut(&key) {
            space.tree = Some(tree);
        }
    }
    Ok(())
}

/// The blog posts of spaces, added to their trees. To be called once for a space, after [`trees`]: a tree
/// does not tell whether it has been.
pub async fn blogposts<R: Read>(read: &R, live: &mut Live, keys: &BTreeSet<SpaceKey>) -> Result<(), Error> {
    let spaces: Vec<Space> =
        keys.iter().filter_map(|key| live.spaces.get(key)).map(|space| space.space.clone()).collect();
    let tasks: Vec<_> = spaces
        .iter()
        .map(|space| async move { Ok((space.key.clone(), read.blogposts(space).await?)) })
        .collect();
    for (key, posts) in side_by_side(tasks).await? {
        if let Some(space) = live.spaces.get_mut(&key) {
            let tree = space.tree.get_or_insert_default();
            for post in posts {
                if tree.get(post.id).is_none() {
                    tree.insert(post);
                }
            }
        }
    }
    Ok(())
}

/// Folders, whiteboards and their like that no page hangs under, added to the trees of spaces. To be called
/// once for a space, after [`trees`].
pub async fn containers<R: Read>(read: &R, live: &mut Live, keys: &BTreeSet<SpaceKey>) -> Result<(), Error> {
    let known: Vec<(Space, Tree)> = keys
        .iter()
        .filter_map(|key| live.spaces.get(key))
        .filter_map(|space| Some((space.space.clone(), space.tree.clone()?)))
        .collect();
    let tasks: Vec<_> = known
        .iter()
        .map(|(space, tree)| async move { Ok((space.key.clone(), read.containers(space, tree).await?)) })
        .collect();
    for (key, found) in side_by_side(tasks).await? {
        match found {
            Known::Known(found) => {
                let tree = live.spaces.get_mut(&key).and_then(|space| space.tree.as_mut());
                if let Some(tree) = tree {
                    for content in found {
                        tree.insert(content);
                    }
                }
            }
            Known::Unknown(why) => {
                live.gaps.insert(Gap::Containers { space: key, why });
            }
        }
    }
    Ok(())
}

/// The lists of content that have not been read yet, the batches filled across spaces. Content that is not in
/// a tree is passed over; who appears in the lists is looked up.
pub async fn restrictions<R: Read>(
    read: &R,
    live: &mut Live,
    content: &BTreeMap<SpaceKey, BTreeSet<ContentId>>,
    hook: Hook<'_>,
) -> Result<(), Error> {
    let mut wanted: BTreeMap<ContentId, SpaceKey> = BTreeMap::new();
    let mut missing = BTreeSet::new();
    // Whether a site keeps lists for folders and their like, only the lists themselves tell: a search shows
    // empty ones in any case.
    let mut containers = BTreeSet::new();
    for (key, ids) in content {
        let Some(tree) = live.spaces.get(key).and_then(|space| space.tree.as_ref()) else { continue };
        for id in ids {
            let Some(node) = tree.get(*id) else { continue };
            if node.restrictions == Known::Unknown(Why::NotRead) {
                wanted.insert(*id, key.clone());
                if !matches!(node.kind, ContentKind::Page | ContentKind::Blogpost) {
                    containers.insert(*id);
                }
            }
            missing
                .extend(tree.chain(*id).missing.map(|content| Gap::Ancestor { space: key.clone(), content }));
        }
    }
    live.gaps.extend(missing);
    if wanted.is_empty() {
        return Ok(());
    }
    let pages = wanted.keys().copied().filter(|id| !containers.contains(id)).collect();
    let one_by_one = containers.iter().map(|&id| async move { Ok((id, read.restrictions_now(id).await?)) });
    let (found, others) = join!(read.restrictions(&pages), side_by_side(one_by_one.collect()));
    let mut found = found?;
    found.extend(others?);
    hook(Progress::Restrictions(wanted.len()));
    let mut accounts = BTreeSet::new();
    for (id, key) in wanted {
        let lists = found.get(&id).cloned().unwrap_or(Known::Unknown(Why::Hidden));
        match &lists {
            Known::Known(lists) => accounts.extend(accounts_of(lists)),
            Known::Unknown(why) => {
                live.gaps.insert(Gap::Restrictions { space: key.clone(), content: id, why: *why });
            }
        }
        if let Some(tree) = live.spaces.get_mut(&key).and_then(|space| space.tree.as_mut()) {
            tree.set_restrictions(id, lists);
        }
    }
    people(read, live, accounts).await
}

/// The members of groups that are not known yet. Groups that the site does not list are passed over: asking
/// for the members of an unknown group gives an empty list. The members themselves are not looked up.
pub async fn members<R: Read>(
    read: &R,
    live: &mut Live,
    groups: &BTreeSet<GroupId>,
    hook: Hook<'_>,
) -> Result<(), Error> {
    let unread: Vec<GroupId> = groups
        .iter()
        .filter_map(|id| live.directory.groups.get(id))
        .filter(|group| group.members == Known::Unknown(Why::NotRead))
        .map(|group| group.id.clone())
        .collect();
    let tasks: Vec<_> = unread
        .iter()
        .map(|id| async move {
            let members = read.members(id).await?;
            hook(Progress::Members);
            Ok((id.clone(), members))
        })
        .collect();
    for (id, members) in side_by_side(tasks).await? {
        if let Known::Unknown(why) = members {
            live.gaps.insert(Gap::Members { group: id.clone(), why });
        }
        if let Some(group) = live.directory.groups.get_mut(&id) {
            group.members = members;
        }
    }
    Ok(())
}

/// Which groups let people into Confluence, for all groups at once.
pub async fn product_access<R: Read>(read: &R, live: &mut Live) -> Result<(), Error> {
    if live.directory.groups.values().all(|group| group.access != Known::Unknown(Why::NotRead)) {
        return Ok(());
    }
    let access = read.product_access().await?;
    for group in live.directory.groups.values_mut() {
        group.access = match &access {
            Known::Known(access) => {
                Known::Known(access.get(&group.id).copied().unwrap_or(ProductAccess::None))
            }
            Known::Unknown(why) => Known::Unknown(*why),
        };
    }
    Ok(())
}

/// Looks up accounts that have not been looked up yet; those that the site does not describe are gaps.
pub async fn people<R: Read>(
    read: &R,
    live: &mut Live,
    mut accounts: BTreeSet<AccountId>,
) -> Result<(), Error> {
    accounts.retain(|account| {
        let known = live.directory.people.contains_key(account);
        !known && !live.gaps.contains(&Gap::Account { account: account.clone() })
    });
    if accounts.is_empty() {
        return Ok(());
    }
    let found = read.people(&accounts).await?;
    let unknown = accounts.into_iter().filter(|account| !found.contains_key(account));
    live.gaps.extend(unknown.map(|account| Gap::Account { account }));
    live.directory.people.extend(found);
    Ok(())
}

/// A space that was listed and then answers 404 is gone only if a list says so too.
async fn one_space<R: Read>(
    read: &R,
    space: Space,
    mode: SpaceRoleMode,
    hook: Hook<'_>,
) -> Result<Option<(Space, SpaceAccess)>, Error> {
    let result = read.access(&space, mode).await;
    hook(Progress::Access);
    match result {
        Ok(access) => Ok(Some((space, access))),
        Err(error @ Error::NotFound(_)) => {
            let again = read.spaces(&SpaceSelection::Keys(BTreeSet::from([space.key]))).await?;
            if again.is_empty() { Ok(None) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

fn live_space(space: Space, access: SpaceAccess) -> LiveSpace {
    LiveSpace {
        space,
        holdings: access
            .holdings
            .into_iter()
            .filter(|(_, holding)| *holding != Holding::Grants(BTreeMap::new()))
            .collect(),
        foreign: access.foreign,
        unlicensed_access: Known::Unknown(Why::NoApi),
        tree: None,
    }
}

fn accounts_of(lists: &Restrictions) -> impl Iterator<Item = AccountId> {
    lists.view.subjects().chain(lists.edit.subjects()).filter_map(|subject| match subject {
        Subject::User(account) => Some(account.clone()),
        Subject::Group(_) => None,
    })
}
