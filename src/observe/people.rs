//! Reading the people behind principals: members, whether they can sign in, and their licences. No more than is
//! needed, and nothing twice.

use std::collections::BTreeSet;

use super::needs::NeededPeople;
use super::progress::{Hook, Part, Progress};
use crate::confluence::{Error, Read, concurrently};
use crate::model::{
    AccountId, AccountKind, AccountStatus, Gap, GroupId, Known, Live, ProductAccess, Subject, Why,
};

/// Members and accounts, and licences as far as they matter and are not known; says whether anything was read.
pub(super) async fn read<R: Read>(
    read: &R,
    live: &mut Live,
    wanted: &NeededPeople,
    hook: Hook<'_>,
) -> Result<bool, Error> {
    let mut grown = members(read, live, &wanted.groups, hook).await?;
    grown |= product_access(read, live).await?;
    let accounts = concerned(live, wanted);
    grown |= look_up(read, live, accounts.clone()).await?;
    let everyone = wanted.everyone && wanted.only.is_none();
    if everyone || wanted.product_admins || !licences_are_known(&accounts, live) {
        grown |= members(read, live, &licensing(live), hook).await?;
    }
    if everyone {
        let everyone = known_members(live, &licensing(live));
        grown |= look_up(read, live, everyone).await?;
    }
    Ok(grown)
}

/// Looks up accounts that have not been looked up yet; those that the site does not describe are gaps.
pub(super) async fn look_up<R: Read>(
    read: &R,
    live: &mut Live,
    mut accounts: BTreeSet<AccountId>,
) -> Result<bool, Error> {
    accounts.retain(|account| {
        let known = live.directory.people.contains_key(account);
        let is_missing = live.directory.missing.contains_key(&Subject::User(account.clone()));
        !known && !is_missing && !live.gaps.contains(&Gap::Account { account: account.clone() })
    });
    if accounts.is_empty() {
        return Ok(false);
    }
    let found = read.people(&accounts).await?;
    let unknown = accounts.into_iter().filter(|account| !found.contains_key(account));
    live.gaps.extend(unknown.map(|account| Gap::Account { account }));
    live.directory.people.extend(found);
    Ok(true)
}

/// The members of groups that are not known yet. Groups that the site does not list are passed over: asking for
/// the members of an unknown group gives an empty list. The members themselves are not looked up.
async fn members<R: Read>(
    read: &R,
    live: &mut Live,
    groups: &BTreeSet<GroupId>,
    hook: Hook<'_>,
) -> Result<bool, Error> {
    let unread: Vec<GroupId> = groups
        .iter()
        .filter_map(|id| live.directory.groups.get(id))
        .filter(|group| group.members == Known::Unknown(Why::NotRead))
        .map(|group| group.id.clone())
        .collect();
    if unread.is_empty() {
        return Ok(false);
    }
    hook(Progress::Expect(Part::Members, unread.len()));
    let tasks = unread.iter().map(|id| async move {
        let members = read.members(id).await?;
        hook(Progress::Read(Part::Members, 1));
        Ok((id.clone(), members))
    });
    for (id, members) in concurrently(tasks.collect()).await? {
        if let Known::Unknown(why) = members {
            live.gaps.insert(Gap::Members { group: id.clone(), why });
        }
        if let Some(group) = live.directory.groups.get_mut(&id) {
            group.members = members;
        }
    }
    Ok(true)
}

/// Which groups let people into Confluence, for all groups at once.
async fn product_access<R: Read>(read: &R, live: &mut Live) -> Result<bool, Error> {
    if live.directory.groups.values().all(|group| group.access != Known::Unknown(Why::NotRead)) {
        return Ok(false);
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
    Ok(true)
}

fn concerned(live: &Live, wanted: &NeededPeople) -> BTreeSet<AccountId> {
    match &wanted.only {
        Some(only) => only.clone(),
        None => {
            known_members(live, &wanted.groups).into_iter().chain(wanted.accounts.iter().cloned()).collect()
        }
    }
}

fn known_members(live: &Live, groups: &BTreeSet<GroupId>) -> BTreeSet<AccountId> {
    let known = groups.iter().filter_map(|group| live.directory.groups.get(group)?.members.as_ref().known());
    known.flatten().cloned().collect()
}

/// The groups that give access to the product.
fn licensing(live: &Live) -> BTreeSet<GroupId> {
    let gives = |access| matches!(access, Known::Known(ProductAccess::User | ProductAccess::Admin));
    live.directory.groups.values().filter(|group| gives(group.access)).map(|group| group.id.clone()).collect()
}

/// Whether the members of more groups would say nothing new about the licences of these accounts.
fn licences_are_known(accounts: &BTreeSet<AccountId>, live: &Live) -> bool {
    let licensed = known_members(live, &licensing(live));
    let never_licensed = |account: &AccountId| {
        live.directory.people.get(account).is_some_and(|person| {
            matches!(person.status, AccountStatus::Inactive | AccountStatus::Closed)
                || matches!(person.kind, AccountKind::App | AccountKind::Customer)
                || person.guest == Known::Known(true)
        })
    };
    accounts.iter().all(|account| licensed.contains(account) || never_licensed(account))
}
