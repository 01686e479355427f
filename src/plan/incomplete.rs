//! What the policy declares and this plan cannot vouch for, because it was unknown when the plan was made.

use std::collections::BTreeSet;

use crate::model::{
    AccountId, AccountKind, ContentId, ContentKind, ContentReach, Desired, DesiredSpace, Gap, Holding, Live,
    LiveSpace, Mode, PageList, Permission, Principal, Subject, ToHold, Truth, Why,
};

use super::target::{KeepReason, Unmanaged};

/// Lists that the policy decides about and that could not be read, and entries that are not declared and stay
/// only because the site does not say whose they are. What else could not be seen is not the policy's concern.
pub(super) fn incomplete(desired: &Desired, live: &Live, unmanaged: &[Unmanaged]) -> BTreeSet<Gap> {
    let decides = |gap: &&Gap| is_declared(gap, desired, live);
    let kept = unmanaged.iter().filter(|kept| kept.reason == KeepReason::UnknownAccount).flat_map(|kept| {
        let (desired_space, space) = (desired.spaces.get(&kept.space), live.spaces.get(&kept.space));
        let accounts = kept.principals.iter().filter_map(|who| match who.parse() {
            Ok(Principal::User(account)) => Some(account),
            _ => None,
        });
        accounts.filter(move |account| match (desired_space, space) {
            (Some(desired_space), Some(space)) => {
                desired_space.mode == Mode::Authoritative || is_listed(account, desired_space, space)
            }
            _ => false,
        })
    });
    // The plan lists what stays of single permissions; that it stays is not as declared, and what is not declared of a
    // user class may stay unless a rule says `absent`.
    let is_asked = |kept: &Unmanaged, principal: &Principal| match kept.reason {
        KeepReason::RolesOnly => true,
        KeepReason::Class => {
            let holdings = desired.spaces.get(&kept.space).map(|desired_space| &desired_space.holdings);
            holdings.is_some_and(|holdings| matches!(holdings.get(principal), Some(ToHold::Nothing(_))))
        }
        _ => false,
    };
    let left_over = unmanaged.iter().flat_map(|kept| {
        let principals = kept.principals.iter().filter_map(|who| who.parse().ok());
        let principals = principals.filter(move |principal| is_asked(kept, principal));
        principals.map(|principal| Gap::SinglePermissions { space: kept.space.clone(), principal })
    });
    let accounts = kept.map(|account| Gap::Account { account });
    let known = live.gaps.iter().filter(decides).cloned().chain(accounts);
    known.chain(left_over).chain(beside_roles(desired, live)).collect()
}

/// What is held beside a role that surely does not give it, in spaces where what is not declared goes. The account that
/// runs this and apps keep what they have.
fn beside_roles<'a>(desired: &'a Desired, live: &'a Live) -> impl Iterator<Item = Gap> + 'a {
    let authoritative =
        desired.spaces.iter().filter(|(_, desired_space)| desired_space.mode == Mode::Authoritative);
    authoritative.filter_map(|(key, _)| live.spaces.get(key)).flat_map(move |space| {
        let holds_more = move |(who, rows): &(&Principal, &BTreeSet<Permission>)| {
            let Some(Holding::Role(role)) = space.holdings.get(*who) else { return false };
            let role = live.roles.get(role);
            role.is_some_and(|role| rows.iter().any(|permission| role.gives(*permission) == Truth::No))
        };
        let stays = |who: &Principal| match who {
            Principal::User(account) => {
                let kind = live.directory.people.get(account).map(|person| person.kind);
                *account == live.site.caller.account || kind == Some(AccountKind::App)
            }
            Principal::Group(_) | Principal::Class(_) | Principal::Anonymous => false,
        };
        let found = space.expanded.iter().filter(holds_more).filter(move |(who, _)| !stays(who));
        found
            .map(|(who, _)| Gap::SinglePermissions { space: space.space.key.clone(), principal: who.clone() })
    })
}

/// Whether what could not be seen is something that the policy decides about.
fn is_declared(gap: &Gap, desired: &Desired, live: &Live) -> bool {
    let Some((desired_space, space)) =
        gap.space().and_then(|key| Some((desired.spaces.get(key)?, live.spaces.get(key)?)))
    else {
        return false;
    };
    // Nothing is claimed of a paused space.
    if desired_space.mode == Mode::Paused {
        return false;
    }
    let has_guests = !desired_space.page_only.is_empty();
    match gap {
        Gap::Restrictions { content, why, .. } => {
            let entry = desired_space.pages.get(content);
            entry.is_some_and(|page| PageList::ALL.iter().any(|list| page.audience(*list).is_some()))
                || desired_space.joins.names(*content)
                || (desired_space.reach == ContentReach::Everything && !has_no_lists(*content, *why, space))
        }
        Gap::Labels { label, .. } => desired_space.labels.contains_key(label),
        // What a path or a pattern means may be this content, so whether it is as declared is not known.
        Gap::Place { .. } => desired_space.reach >= ContentReach::Path || has_guests,
        // What is hidden is content of the space, and where what is below it stands is not known.
        Gap::Ancestor { .. } => desired_space.reach >= ContentReach::Pattern || has_guests,
        // Patterns mean pages only.
        Gap::Containers { .. } => desired_space.reach == ContentReach::Everything,
        Gap::AnonymousRows { .. } => desired_space.decides_about(&Principal::Anonymous),
        // It may be a page that a path or a pattern means, or a permission that is not declared.
        Gap::Unreadable { .. } => {
            desired_space.mode == Mode::Authoritative
                || desired_space.reach >= ContentReach::Path
                || has_guests
        }
        Gap::Members { .. } | Gap::OwnGroups { .. } | Gap::SinglePermissions { .. } | Gap::Account { .. } => {
            false
        }
    }
}

/// Whether the site keeps no lists for this kind of content, as it does for folders where it says so.
fn has_no_lists(content: ContentId, why: Why, space: &LiveSpace) -> bool {
    let kind = space.tree.as_ref().and_then(|tree| tree.get(content)).map(|content| content.kind);
    why == Why::Hidden && kind.is_some_and(|kind| !matches!(kind, ContentKind::Page | ContentKind::Blogpost))
}

/// Whether an account is on a list that the policy decides about.
fn is_listed(account: &AccountId, desired_space: &DesiredSpace, space: &LiveSpace) -> bool {
    let subject = Subject::User(account.clone());
    desired_space.pages.iter().any(|(id, page)| {
        let lists = || space.tree.as_ref()?.get(*id)?.restrictions.as_ref().known();
        let Some(lists) = lists() else { return false };
        PageList::ALL.into_iter().any(|list| {
            page.audience(list).is_some() && lists.audience(list).subjects().any(|listed| *listed == subject)
        })
    })
}
