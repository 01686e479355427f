//! Entries of groups and accounts that do not exist any more, on lists of pages.
//!
//! Deleting a group leaves its entries on lists (OpenAPI v1, `expand` of `getRestrictions`), and whether a PUT may send
//! them back is not documented: a site may refuse the whole list, or drop them, which opens a list that had no others.
//! They let no account in, so whatever else changes a list writes it without them, as long as another entry remains.
//! Where none does, or where it is not sure that what is missing is deleted, [`super::super::account`] leaves the page
//! as it is. One more entry on a list goes by a request that sends no other, so there they stay.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Absence, Audience, ContentId, Desired, DesiredSpace, Directory, Known, Live, LiveSpace, Members,
    PageList, Restrictions, Shown, SkipReason, Skipped, SkippedPart, SpaceKey, Subject,
};

use super::TargetPage;
use crate::plan::change::ChangeReason;

/// Takes what is deleted out of the lists that change. Gives the accounts among it that the policy asks for.
pub(super) fn leave_out(
    key: &SpaceKey,
    desired_space: &DesiredSpace,
    space: &LiveSpace,
    pages: &mut BTreeMap<ContentId, TargetPage>,
    desired: &Desired,
    live: &Live,
) -> BTreeSet<Skipped> {
    let mut skipped = BTreeSet::new();
    for (&id, page) in pages {
        let content = space.tree.as_ref().and_then(|tree| tree.get(id));
        let Some(Known::Known(now)) = content.map(|content| &content.restrictions) else { continue };
        let whole = is_sent_whole(now, &page.restrictions);
        for list in PageList::ALL {
            let wanted = desired_space.pages.get(&id).and_then(|page| page.audience(list));
            let is_listed = |subject: &Subject| now.audience(list).subjects().any(|listed| listed == subject);
            let mut entries = deleted(page.restrictions.audience(list), &live.directory);
            entries.retain(|subject| whole || !is_listed(subject));
            let Some(rest) = without(page.restrictions.audience(list), &entries) else { continue };
            *page.restrictions.audience_mut(list) = rest;
            page.reasons.entry(list).or_insert(ChangeReason::Deleted);
            let listed = wanted
                .into_iter()
                .flat_map(|wanted| wanted.what.subjects().map(move |subject| (subject, wanted.origin())));
            let joined =
                desired_space.joins.onto(id, list).map(|(subject, wanted)| (subject, wanted.origin()));
            let asked_for = listed.chain(joined).filter(|(subject, _)| entries.contains(*subject));
            skipped.extend(asked_for.filter_map(|(subject, origin)| {
                Some(Skipped {
                    space: Some(key.clone()),
                    part: SkippedPart::Principal,
                    name: name(subject, desired)?,
                    reason: SkipReason::Closed,
                    origin: origin.clone(),
                })
            }));
        }
    }
    skipped
}

/// Whether getting from lists to lists takes a request that has all entries of both.
pub(in crate::plan) fn is_sent_whole(now: &Restrictions, after: &Restrictions) -> bool {
    now != after && *after != Restrictions::OPEN && now.only_addition(after).is_none()
}

/// The entries that surely do not exist any more.
pub(in crate::plan) fn deleted(list: &Audience, directory: &Directory) -> BTreeSet<Subject> {
    list.subjects().filter(|subject| directory.is_deleted(subject)).cloned().collect()
}

/// The groups on a list of which it is not sure whether they exist. An account that the site does not describe may be
/// an app's, which lists have always kept.
pub(in crate::plan) fn unclear(list: &Audience, directory: &Directory) -> BTreeSet<Subject> {
    let is_unclear = |subject: &&Subject| {
        matches!(subject, Subject::Group(_)) && directory.missing.get(subject) == Some(&Absence::Unclear)
    };
    list.subjects().filter(is_unclear).cloned().collect()
}

/// A list without some of its entries, if that is another list and not an open one.
fn without(list: &Audience, entries: &BTreeSet<Subject>) -> Option<Audience> {
    if entries.is_empty() {
        return None;
    }
    Members::new(list.subjects().filter(|subject| !entries.contains(subject)).cloned()).map(Audience::Only)
}

/// What the policy calls an account that it names; what else it asks for is on lists that it extends or shortens.
fn name(subject: &Subject, desired: &Desired) -> Option<Shown> {
    let Subject::User(account) = subject else { return None };
    let named = desired.named.contains(account);
    named.then(|| {
        Shown::of(&format!("user:{}", desired.aliases.get(account).map_or(account.as_str(), String::as_str)))
    })
}
