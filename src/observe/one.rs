//! One person and one page: what an answer about them depends on, whatever the size of the site.
//!
//! What is read is the site as far as it bears on them: a group has the person as its one member or has none, the tree of the
//! space is the page with what is above it. Such a [`Live`] answers questions about this person and this page, and no
//! others. Where something is not shown, contradicts itself or moves meanwhile, the functions here say so, and the
//! answer is to be had from what [`super::until_known`] reads instead: nothing is concluded from what is missing.

use std::collections::{BTreeMap, BTreeSet};

use tokio::join;

use super::needs::{ContentNeeds, ListingNeeds, Lists};
use super::progress::{Hook, Part, Progress};
use super::{anonymous, content, fulfil, people};
use crate::confluence::{Error, FoundContent, PlacedContent, Read, Sought};
use crate::model::{
    AccessClass, AccountId, Content, ContentId, ContentKind, Group, GroupId, Known, Live, LiveSpace, Parent,
    Principal, ProductAccess, Space, SpaceKey, SpaceRoleMode, Subject, Tree, Why,
};

/// One space with the rows of its grants, and the people in them beside some others. What roles give beyond the rows is
/// left to [`roles`]. Says whether the site shows the space.
pub async fn space<R: Read>(
    read: &R,
    live: &mut Live,
    key: &SpaceKey,
    accounts: impl IntoIterator<Item = AccountId>,
    hook: Hook<'_>,
) -> Result<bool, Error> {
    let listing = ListingNeeds { keys: BTreeSet::from([key.clone()]), ..ListingNeeds::default() };
    fulfil::listing(read, live, &listing).await?;
    let Some(listed) = live.listing.spaces.get(key).cloned() else { return Ok(false) };
    hook(Progress::Expect(Part::Grants, 1));
    // Rows show what roles give as well, so a yes needs no more.
    let (space, access) = fulfil::one_space(read, listed, SpaceRoleMode::PreRoles, hook).await?;
    let Some(access) = access else { return Ok(false) };
    let holders = access.holdings.keys().filter_map(Principal::account).cloned();
    let accounts = holders.chain(accounts).collect();
    live.spaces.insert(key.clone(), fulfil::live_space(space, access).into());
    people::look_up(read, live, accounts).await?;
    Ok(true)
}

/// Who has which role in a space, and what roles give, where the site has any.
pub async fn roles<R: Read>(read: &R, live: &mut Live, key: &SpaceKey, hook: Hook<'_>) -> Result<(), Error> {
    let Some(before) = live.spaces.get(key).filter(|_| live.site.mode.has_roles()) else { return Ok(()) };
    let space = before.space.clone();
    let (found, roles) = join!(fulfil::one_space(read, space, live.site.mode, hook), read.roles());
    live.roles = roles?.into_iter().map(|role| (role.id.clone(), role)).collect();
    if let (space, Some(access)) = found?
        && let Some(before) = live.space_mut(key)
    {
        let LiveSpace { holdings, expanded, foreign, .. } = fulfil::live_space(space, access);
        *before = LiveSpace { holdings, expanded, foreign, ..before.clone() };
    }
    live.learn_roles();
    Ok(())
}

/// The groups that a person is in, and which of them give access to the product. Says whether the site tells.
pub async fn person<R: Read>(read: &R, live: &mut Live, account: &AccountId) -> Result<bool, Error> {
    let (own, users) = join!(read.groups_of(account), read.groups_with(ProductAccess::User));
    let (Known::Known(own), Known::Known(users)) = (own?, users?) else { return Ok(false) };
    let is_in: BTreeSet<GroupId> = own.iter().map(|group| group.id.clone()).collect();
    let admins_count = || {
        let class = Principal::Class(AccessClass::AllProductAdmins);
        live.spaces.values().any(|space| space.holdings.contains_key(&class))
    };
    let mut access: BTreeMap<GroupId, ProductAccess> = BTreeMap::new();
    access.extend(users.iter().map(|group| (group.id.clone(), ProductAccess::User)));
    let mut rest = Known::Unknown(Why::NotRead);
    let mut admins = Vec::new();
    if admins_count() || !access.keys().any(|group| is_in.contains(group)) {
        let Known::Known(found) = read.groups_with(ProductAccess::Admin).await? else { return Ok(false) };
        access.extend(found.iter().map(|group| (group.id.clone(), ProductAccess::Admin)));
        (rest, admins) = (Known::Known(ProductAccess::None), found);
    }
    for group in own.into_iter().chain(users).chain(admins) {
        let members = is_in.contains(&group.id).then(|| account.clone());
        let access = access.get(&group.id).map_or(rest, |access| Known::Known(*access));
        let group = Group { members: Known::Known(members.into_iter().collect()), access, ..group };
        live.directory.groups.insert(group.id.clone(), group);
    }
    Ok(true)
}

/// Where members of groups could not be read, notes of this person what its own list of groups says. What is known of
/// others in these groups is then no more than before: such a site answers questions about this person alone.
pub async fn memberships<R: Read>(read: &R, live: &mut Live, account: &AccountId) -> Result<(), Error> {
    let is_unread = |group: &Group| matches!(group.members, Known::Unknown(_));
    if !live.directory.groups.values().any(is_unread) {
        return Ok(());
    }
    let Known::Known(own) = read.groups_of(account).await? else { return Ok(()) };
    let own: BTreeSet<GroupId> = own.into_iter().map(|group| group.id).collect();
    for group in live.directory.groups.values_mut().filter(|group| is_unread(group)) {
        let member = own.contains(&group.id).then(|| account.clone());
        group.members = Known::Known(member.into_iter().collect());
    }
    Ok(())
}

/// Notes that the person who is asked about is in none of the groups that rows and lists name beside those that
/// [`person`] has found: the list of a person's groups is whole.
pub fn in_no_other_group(live: &mut Live) {
    let mut named: BTreeSet<GroupId> = BTreeSet::new();
    for space in live.spaces.values() {
        named.extend(space.holdings.keys().filter_map(Principal::group).cloned());
        for content in space.tree.iter().flat_map(Tree::iter) {
            let Known::Known(lists) = &content.restrictions else { continue };
            named.extend(lists.view.subjects().chain(lists.edit.subjects()).filter_map(
                |entry| match entry {
                    Subject::Group(group) => Some(group.clone()),
                    Subject::User(_) => None,
                },
            ));
        }
    }
    for id in named {
        let other = || Group {
            name: id.as_str().into(),
            id: id.clone(),
            members: Known::Known(BTreeSet::new()),
            access: Known::Unknown(Why::NotRead),
        };
        live.directory.groups.entry(id.clone()).or_insert_with(other);
    }
}

/// Ways into the space that its lists leave out: rows of `anonymous`, and signs of Jira Service Management in the names
/// of groups. Says whether the site tells.
pub async fn unlisted<R: Read>(
    read: &R,
    live: &mut Live,
    key: &SpaceKey,
    service_desk: &str,
) -> Result<bool, Error> {
    if let Some(space) = live.space_mut(key) {
        space.unlisted_anonymous = Known::Unknown(Why::NotRead);
    }
    anonymous::rows(read, live, &BTreeSet::from([key.clone()])).await;
    let Known::Known(found) = read.groups_like(service_desk).await? else { return Ok(false) };
    for group in found {
        // One that a row names is there already, and only its name says that it is such a sign.
        let name = group.name.clone();
        let group = Group { members: Known::Known(BTreeSet::new()), ..group };
        live.directory.groups.entry(group.id.clone()).or_insert(group).name = name;
    }
    Ok(true)
}

/// Looks up the accounts on the lists of the chain, and some others.
pub async fn named<R: Read>(
    read: &R,
    live: &mut Live,
    key: &SpaceKey,
    shown: OnLists,
    others: impl IntoIterator<Item = AccountId>,
    hook: Hook<'_>,
) -> Result<(), Error> {
    let on_lists = if shown.0.is_some() {
        shown.0
    } else {
        let needs = ContentNeeds { lists: Lists::All, ..ContentNeeds::default() };
        content::lists_alone(read, live, &BTreeMap::from([(key.clone(), needs)]), hook).await?
    };
    people::look_up(read, live, on_lists.into_iter().flatten().chain(others).collect()).await?;
    Ok(())
}

/// The tree of a space as far as it stands above one page, without lists. Says whether the site shows it without a
/// contradiction: exactly one page of that name, and a chain from it to the top of the space; and with it the accounts
/// on the lists of the chain, where the search has shown them.
pub async fn page<R: Read>(
    read: &R,
    live: &mut Live,
    key: &SpaceKey,
    sought: Sought<'_>,
) -> Result<Option<OnLists>, Error> {
    let Some(space) = live.spaces.get(key).map(|space| space.space.clone()) else { return Ok(None) };
    let Some(mut found) = read.search_one(&space, sought).await? else { return Ok(None) };
    let on_lists = found.on_lists.take();
    let of: BTreeSet<ContentId> = found.above.keys().copied().chain([found.id]).collect();
    let Some(tree) = chain(read, &space, found).await? else { return Ok(None) };
    let is_chain = tree.iter().all(|content| of.contains(&content.id));
    if let Some(space) = live.space_mut(key) {
        space.tree = Some(tree);
    }
    Ok(Some(OnLists(on_lists.filter(|_| is_chain))))
}

/// The accounts on the lists of a chain, where a search has shown them.
#[derive(Debug, Default)]
pub struct OnLists(pub Option<BTreeSet<AccountId>>);

/// The lists of the chain. Says whether each page still stands where it stood before they were read.
pub async fn lists<R: Read>(
    read: &R,
    live: &mut Live,
    key: &SpaceKey,
    hook: Hook<'_>,
) -> Result<bool, Error> {
    let needs = ContentNeeds { lists: Lists::All, ..ContentNeeds::default() };
    content::lists_alone(read, live, &BTreeMap::from([(key.clone(), needs)]), hook).await?;
    let Some(space) = live.spaces.get(key) else { return Ok(false) };
    let Some(tree) = &space.tree else { return Ok(false) };
    let wanted = tree.iter().map(|content| (content.id, content.kind)).collect();
    let Some(now) = read.content_by_id(&space.space, &wanted).await? else { return Ok(false) };
    let place = |content: &Content| (content.id, content.parent, content.archived, content.title.clone());
    Ok(now.iter().map(|now| place(&now.content)).eq(tree.iter().map(place)))
}

/// Pages that no search has shown above one, and that are asked for one after the other.
const STEPS: usize = 8;

/// The content that was found and what is above it, if it leads to the top of the space. What is archived has left the
/// tree, and which page a name means depends on others then.
async fn chain<R: Read>(read: &R, space: &Space, found: FoundContent) -> Result<Option<Tree>, Error> {
    let FoundContent { id, kind, above, on_lists: _ } = found;
    if !matches!(kind, ContentKind::Page | ContentKind::Blogpost) {
        // Which folders are looked at at all depends on the pages below them.
        return Ok(None);
    }
    let mut known: BTreeMap<ContentId, PlacedContent> = BTreeMap::new();
    let mut wanted = above;
    wanted.insert(id, kind);
    for _ in 0..STEPS {
        let Some(content) = read.content_by_id(space, &wanted).await? else { return Ok(None) };
        known.extend(content.into_iter().map(|placed| (placed.content.id, placed)));
        let mut tree = Tree::default();
        let mut at = known.get(&id);
        wanted = BTreeMap::new();
        while let Some(PlacedContent { content, parent_kind }) = at {
            if content.archived || tree.get(content.id).is_some() {
                return Ok(None);
            }
            tree.insert(content.clone());
            at = match content.parent {
                Parent::Space => return Ok(Some(tree)),
                Parent::Unknown => return Ok(None),
                Parent::Content(parent) => {
                    let Some(kind) = parent_kind else { return Ok(None) };
                    wanted.insert(parent, *kind);
                    known.get(&parent).inspect(|_| wanted.clear())
                }
            };
        }
    }
    Ok(None)
}
