//! Reads the next kind of thing that is needed and not known yet.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::OptionFuture;
use tokio::join;

use super::needs::{ListingNeeds, Needs, SiteLists};
use super::progress::{Hook, Part, Progress};
use super::{anonymous, content, labels, missing, people};
use crate::confluence::{Error, Read, SpaceAccess, SpaceSelection, concurrently};
use crate::model::{AccountId, Group, Holding, Live, LiveSpace, Principal, Role, Space, SpaceRoleMode};

/// Reads the first kind of thing that is missing, side by side; says whether anything was. What comes later may
/// depend on it, so the needs are to be worked out again. What the site hides is written down as a gap and is
/// not missing any more.
pub(super) async fn fulfil<R: Read>(
    read: &R,
    live: &mut Live,
    needs: &Needs,
    hook: Hook<'_>,
) -> Result<bool, Error> {
    if listing(read, live, &needs.listing).await?
        || grants(read, live, needs, hook).await?
        || content::contents(read, live, &needs.content, hook).await?
        || labels::read(read, live, &needs.content).await?
        || content::lists(read, live, &needs.content, hook).await?
        || missing::look_up(read, live).await?
        || anonymous::rows(read, live, &needs.anonymous).await
    {
        return Ok(true);
    }
    match &needs.people {
        Some(wanted) => people::read(read, live, wanted, hook).await,
        None => Ok(false),
    }
}

/// The lists of spaces.
pub(super) async fn listing<R: Read>(read: &R, live: &mut Live, needs: &ListingNeeds) -> Result<bool, Error> {
    let missing = needs.missing(live);
    if missing == ListingNeeds::default() {
        return Ok(false);
    }
    let ListingNeeds { all, keys, ids, labels } = missing;
    let selections = [
        all.then_some(SpaceSelection::All),
        (!all && !keys.is_empty()).then(|| SpaceSelection::Keys(keys.clone())),
        (!all && !ids.is_empty()).then(|| SpaceSelection::Ids(ids.clone())),
    ];
    let spaces = selections.iter().flatten().map(|selection| read.spaces(selection)).collect();
    let labelled =
        labels.iter().map(|label| async move { Ok((label.clone(), read.spaces_labelled(label).await?)) });
    let (spaces, labelled) = join!(concurrently(spaces), concurrently(labelled.collect()));
    let spaces = spaces?.into_iter().flatten();
    live.listing.spaces.extend(spaces.map(|space| (space.key.clone(), space)));
    live.listing.whole |= all;
    live.listing.asked.extend(keys);
    live.listing.asked_ids.extend(ids);
    live.listing.labelled.extend(labelled?);
    Ok(true)
}

/// Who may do what in spaces, all groups, the roles where there are any, and the people who appear.
async fn grants<R: Read>(read: &R, live: &mut Live, needs: &Needs, hook: Hook<'_>) -> Result<bool, Error> {
    let unread: Vec<Space> = needs
        .spaces
        .iter()
        .filter(|key| !live.spaces.contains_key(*key))
        .filter_map(|key| live.listing.spaces.get(key).cloned())
        .collect();
    let mut accounts: BTreeSet<AccountId> = needs.accounts.clone();
    accounts.insert(live.site.caller.account.clone());
    if unread.is_empty() && needs.site_lists == SiteLists::Later {
        return Ok(false);
    }
    if unread.is_empty() && live.names_read {
        return people::look_up(read, live, accounts).await;
    }
    hook(Progress::Expect(Part::Grants, unread.len()));
    let mode = live.site.mode;
    let tasks = unread.into_iter().map(|space| one_space(read, space, mode, hook)).collect();
    let (spaces, names) = join!(concurrently(tasks), names(read, live));
    for (space, access) in spaces? {
        match access {
            Some(access) => {
                accounts.extend(access.holdings.keys().filter_map(Principal::account).cloned());
                live.spaces.insert(space.key.clone(), live_space(space, access).into());
            }
            None => drop(live.listing.spaces.remove(&space.key)),
        }
    }
    if let Some((groups, roles)) = names? {
        live.directory.groups.extend(groups.into_iter().map(|group| (group.id.clone(), group)));
        live.roles.extend(roles.into_iter().map(|role| (role.id.clone(), role)));
        live.names_read = true;
    }
    live.learn_roles();
    people::look_up(read, live, accounts).await?;
    Ok(true)
}

/// All groups and roles, if they have not been read.
async fn names<R: Read>(read: &R, live: &Live) -> Result<Option<(Vec<Group>, Vec<Role>)>, Error> {
    if live.names_read {
        return Ok(None);
    }
    let roles: OptionFuture<_> = live.site.mode.has_roles().then(|| read.roles()).into();
    let (groups, roles) = join!(read.groups(), roles);
    Ok(Some((groups?, roles.transpose()?.unwrap_or_default())))
}

/// A space that was listed and then answers 404 is gone only if a list says so too.
pub(super) async fn one_space<R: Read>(
    read: &R,
    space: Space,
    mode: SpaceRoleMode,
    hook: Hook<'_>,
) -> Result<(Space, Option<SpaceAccess>), Error> {
    let result = read.access(space.id, mode).await;
    hook(Progress::Read(Part::Grants, 1));
    match result {
        Ok(access) => Ok((space, Some(access))),
        Err(error @ Error::NotFound(_)) => {
            let again = read.spaces(&SpaceSelection::Keys(BTreeSet::from([space.key.clone()]))).await?;
            if again.is_empty() { Ok((space, None)) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

pub(super) fn live_space(space: Space, access: SpaceAccess) -> LiveSpace {
    let nothing = Holding::Grants(BTreeMap::new());
    LiveSpace {
        holdings: access.holdings.into_iter().filter(|(_, holding)| *holding != nothing).collect(),
        expanded: access
            .beside_roles
            .into_iter()
            .map(|(who, rows)| (who, rows.into_keys().collect()))
            .collect(),
        foreign: access.foreign,
        ..LiveSpace::of(space)
    }
}
