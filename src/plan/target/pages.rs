//! What the lists of pages are to be: declared ones, opened ones, and those that `page-only` needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccountKind, Audience, Content, ContentId, Declaration, DesiredPage, DesiredSpace, Known, Live,
    LiveSpace, Members, PageList, Principal, Restrictions, SpaceKey, Subject, Tree, UnlistedPages, Wanted,
};

use super::applied::holdings_applied;
use super::keep_reason::KeepReason;
use super::state::{TargetHolding, TargetPage, account_kind};
use super::unmanaged::KeptTally;
use crate::plan::change::ChangeReason;
use crate::plan::page_only::{self, Compiled, Ground};

pub(super) fn pages(
    key: &SpaceKey,
    desired_space: &DesiredSpace,
    space: &LiveSpace,
    live: &Live,
    kept: &mut KeptTally,
) -> BTreeMap<ContentId, TargetPage> {
    let Some(tree) = &space.tree else { return BTreeMap::new() };
    let of_space = desired_space;
    let mut pages: BTreeMap<ContentId, TargetPage> = desired_space
        .pages
        .iter()
        .filter_map(|(&id, desired)| {
            let Known::Known(now) = &tree.get(id)?.restrictions else { return None };
            Some((id, page((key, id), desired, of_space, now, live, kept)))
        })
        .collect();
    if let UnlistedPages::Open(origin) = &desired_space.unlisted {
        for content in unlisted(desired_space, tree) {
            if !desired_space.kept.lets_open(tree, content) {
                let left = PageList::ALL.map(|list| desired_space.kept.left_on(tree, content, list));
                kept.left(key, left.into_iter().flatten());
                continue;
            }
            let asked = Wanted::new((), Declaration::at(origin.clone()));
            let reasons = PageList::ALL.map(|list| (list, ChangeReason::of(&asked))).into();
            pages.insert(content, TargetPage { restrictions: Restrictions::OPEN, reasons });
        }
    }
    pages
}

/// Restricted content that no entry of `pages` reaches.
pub(super) fn unlisted(desired_space: &DesiredSpace, tree: &Tree) -> impl Iterator<Item = ContentId> {
    let restricted = |content: &&Content| matches!(&content.restrictions, Known::Known(lists) if *lists != Restrictions::OPEN);
    let unreached = tree.iter().filter(|content| !desired_space.pages.contains_key(&content.id));
    unreached.filter(restricted).map(|content| content.id)
}

/// Adds the lists that `page-only` needs.
pub(super) fn for_guests(
    key: &SpaceKey,
    desired_space: &DesiredSpace,
    space: &LiveSpace,
    holdings: &BTreeMap<Principal, TargetHolding>,
    pages: &mut BTreeMap<ContentId, TargetPage>,
    live: &Live,
    kept: &mut KeptTally,
) -> Compiled {
    if desired_space.page_only.is_empty() {
        return Compiled::default();
    }
    let after = holdings_applied(holdings, space, live.vocabulary());
    let ground = Ground { key, desired_space, before: space, holdings: &after, pages, live };
    let compiled = page_only::compile(ground);
    for ((id, list), (audience, reason)) in &compiled.lists {
        let Some(content) = space.tree.as_ref().and_then(|tree| tree.get(*id)) else { continue };
        let Known::Known(now) = &content.restrictions else { continue };
        let page = pages
            .entry(*id)
            .or_insert_with(|| TargetPage { restrictions: now.clone(), reasons: BTreeMap::new() });
        let beside = of_list(desired_space, *id, *list);
        *page.restrictions.audience_mut(*list) =
            with_kept((key, *id, *list), audience, now.audience(*list), live, kept, &beside);
        page.reasons.insert(*list, reason.clone());
    }
    compiled
}

fn page(
    (key, id): (&SpaceKey, ContentId),
    page: &DesiredPage,
    of_space: &DesiredSpace,
    now: &Restrictions,
    live: &Live,
    kept: &mut KeptTally,
) -> TargetPage {
    let mut restrictions = now.clone();
    let mut reasons = BTreeMap::new();
    for list in PageList::ALL {
        let Some(wanted) = page.audience(list) else { continue };
        reasons.insert(list, ChangeReason::of(wanted));
        let beside =
            Beside { undecided: of_space.kept.on(id, list).collect(), ..of_list(of_space, id, list) };
        *restrictions.audience_mut(list) =
            with_kept((key, id, list), &wanted.what, now.audience(list), live, kept, &beside);
    }
    TargetPage { restrictions, reasons }
}

/// Those who may be on a list beside what it is set to.
struct Beside<'a> {
    /// About these nothing is decided.
    undecided: BTreeSet<&'a Subject>,
    /// These join it afterwards.
    joined: BTreeSet<&'a Subject>,
    /// Some of these are left as they are.
    of_space: &'a crate::model::Kept,
}

fn of_list(desired_space: &DesiredSpace, id: ContentId, list: PageList) -> Beside<'_> {
    let joined = desired_space.joins.onto(id, list).map(|(subject, _)| subject).collect();
    Beside { undecided: BTreeSet::new(), joined, of_space: &desired_space.kept }
}

/// A declared list, with the apps that are on the live one and the subjects about which nothing is decided, and with
/// the caller.
///
/// Confluence's own dialog always lists the account that restricts a page; the API does not, and a caller that
/// leaves itself out cannot see the page any more. Whether a PUT adds the caller by itself is not documented, so the
/// caller's entry is neither required nor removed.
fn with_kept(
    (key, id, list): (&SpaceKey, ContentId, PageList),
    wanted: &Audience,
    now: &Audience,
    live: &Live,
    kept: &mut KeptTally,
    beside: &Beside<'_>,
) -> Audience {
    let left: Vec<&Subject> = now.subjects().filter(|subject| beside.of_space.leaves(subject)).collect();
    let Audience::Only(members) = wanted else {
        if left.is_empty() {
            return Audience::Anyone;
        }
        // Opening the list would remove them, and keeping only them would remove the others.
        kept.left(key, left);
        return now.clone();
    };
    let mut members = members.clone();
    let caller = Subject::User(live.site.caller.account.clone());
    for subject in now.subjects() {
        if beside.undecided.contains(subject) {
            // What is deleted stays only as long as the list is not written.
            if members.insert(subject.clone()) && !live.directory.is_deleted(subject) {
                kept.add(key, KeepReason::Skipped, &subject.clone().into(), 1);
            }
            continue;
        }
        if beside.of_space.leaves(subject) {
            if members.insert(subject.clone()) {
                kept.left(key, [subject]);
            }
            continue;
        }
        let Subject::User(account) = subject else { continue };
        let reason = match account_kind(account, &live.directory) {
            Some(AccountKind::App) => KeepReason::App,
            // The site describes the account and leaves out what it is, or does not describe it: it may be an app's.
            Some(AccountKind::Unknown) => KeepReason::UnknownAccount,
            None if kept.strangers.contains(account) => KeepReason::UnknownAccount,
            Some(AccountKind::Human | AccountKind::Customer) | None => continue,
        };
        if *subject != caller && members.insert(subject.clone()) {
            kept.add(key, reason, &subject.clone().into(), 1);
            if reason == KeepReason::UnknownAccount {
                kept.stays.entry(key, (id, list), subject);
            }
        }
    }
    // What is as declared is not written, so the caller need not be on it.
    let is_so = |now: &Members| {
        let others = now.iter().filter(|subject| !members.contains(subject));
        members.iter().all(|subject| now.contains(subject))
            && others.into_iter().all(|it| beside.joined.contains(it))
    };
    if matches!(now, Audience::Only(now) if is_so(now)) {
        return now.clone();
    }
    let listed = now.subjects().any(|subject| *subject == caller)
        || !members.iter().any(|subject| is_group_of_caller(subject, live));
    if listed && members.insert(caller.clone()) {
        kept.add(key, KeepReason::Caller, &caller.into(), 1);
    }
    Audience::Only(members)
}

/// Whether the caller is surely on a list through this entry.
fn is_group_of_caller(subject: &Subject, live: &Live) -> bool {
    matches!(subject, Subject::Group(group) if live.site.caller.is_in(group) == Some(true))
}
