//! `also-view` and `also-edit`: who joins the lists that are to be there once all else is settled, and who leaves them
//! because the time they were given is over.
//!
//! Nothing is added to a list that is to be open. A list that the plan does not change otherwise is extended like
//! any other; one that could not be read is not written.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccountKind, Audience, ContentId, Desired, DesiredSpace, Known, Live, LiveSpace, Members, PageList,
    Shown, SkipReason, Skipped, SkippedPart, SpaceKey, Subject, Wanted,
};

use super::TargetPage;
use super::keep_reason::KeepReason;
use super::state::account_kind;
use super::unmanaged::KeptTally;
use crate::plan::change::ChangeReason;
use crate::plan::page_only::Compiled;

/// What joining needs to know of a space.
#[derive(Clone, Copy)]
pub(super) struct JoinContext<'a> {
    pub(super) key: &'a SpaceKey,
    pub(super) desired_space: &'a DesiredSpace,
    pub(super) space: &'a LiveSpace,
    pub(super) compiled: &'a Compiled,
    pub(super) desired: &'a Desired,
    pub(super) live: &'a Live,
}

/// Adds those who join to the lists of a target, and takes off those whose time is over. Gives the lists that stay
/// because they would be empty.
pub(super) fn join(
    joining: JoinContext<'_>,
    pages: &mut BTreeMap<ContentId, TargetPage>,
    kept: &mut KeptTally,
) -> BTreeSet<Skipped> {
    let JoinContext { desired_space, space, .. } = joining;
    let mut skipped = BTreeSet::new();
    let Some(tree) = space.tree.as_ref().filter(|_| !desired_space.joins.is_empty()) else { return skipped };
    for content in tree.iter().filter(|content| desired_space.joins.reaches(content.id)) {
        let id = content.id;
        let Known::Known(now) = &content.restrictions else { continue };
        for list in PageList::ALL {
            let audience = pages.get(&id).map_or(now, |page| &page.restrictions).audience(list);
            let Audience::Only(members) = audience else { continue };
            let mut new: BTreeSet<Subject> = members.as_set().clone();
            let mut first: Option<&Wanted<()>> = None;
            for (subject, wanted) in desired_space.joins.on(id, list) {
                // A run for one team leaves entries that other files ask for as they are, on the list or not.
                let is_there = || now.audience(list).subjects().any(|listed| listed == subject);
                if joining.is_of_others(wanted) && (wanted.is_over() || !is_there()) {
                    continue;
                }
                let changes = if wanted.is_over() {
                    joining.leaves(id, list, subject, kept) && new.remove(subject)
                } else {
                    new.insert(subject.clone())
                };
                first = first.or(changes.then_some(wanted));
            }
            let Some(first) = first else { continue };
            let Some(new) = Members::new(new) else {
                skipped.insert(joining.last_on_list(members, first));
                continue;
            };
            let alone = audience == now.audience(list);
            let page = pages
                .entry(id)
                .or_insert_with(|| TargetPage { restrictions: now.clone(), reasons: BTreeMap::new() });
            *page.restrictions.audience_mut(list) = Audience::Only(new);
            if alone || !page.reasons.contains_key(&list) {
                page.reasons.insert(list, ChangeReason::of(first));
            }
        }
    }
    skipped
}

impl JoinContext<'_> {
    /// Whether a run for one team leaves a line to others.
    fn is_of_others(&self, wanted: &Wanted<()>) -> bool {
        self.desired.share.as_ref().is_some_and(|share| !share.files.contains(&*wanted.origin().file))
    }

    /// Whether a subject whose time is over is taken off a list: not where an entry or `page-only` says who is on it, and
    /// not where it is for the subject itself to go.
    fn leaves(&self, id: ContentId, list: PageList, subject: &Subject, kept: &mut KeptTally) -> bool {
        let declared = self.desired_space.pages.get(&id).and_then(|page| page.audience(list));
        let by_page_only = self.compiled.stay.get(&(id, list));
        let stays = declared.is_some_and(|wanted| wanted.by.rule.is_none())
            || by_page_only.is_some_and(|stay| stay.contains(subject));
        if stays {
            return false;
        }
        if self.desired_space.kept.leaves(subject) {
            kept.left(self.key, [subject]);
            return false;
        }
        let Subject::User(account) = subject else { return true };
        let reason = match account_kind(account, &self.live.directory) {
            _ if *account == self.live.site.caller.account => KeepReason::Caller,
            Some(AccountKind::App) => KeepReason::App,
            Some(AccountKind::Human | AccountKind::Customer | AccountKind::Unknown) | None => return true,
        };
        kept.add(self.key, reason, &subject.clone().into(), 1);
        false
    }

    fn last_on_list(&self, members: &Members, wanted: &Wanted<()>) -> Skipped {
        let names = members.iter().map(|subject| name(subject, self.desired, self.live)).collect::<Vec<_>>();
        Skipped {
            space: Some(self.key.clone()),
            part: SkippedPart::List,
            name: Shown::of(&names.join(", ")),
            reason: SkipReason::Last,
            origin: wanted.origin().clone(),
        }
    }
}

/// What the policy calls a subject, as far as its id tells.
pub(super) fn name(subject: &Subject, desired: &Desired, live: &Live) -> String {
    match subject {
        Subject::User(account) => {
            format!("user:{}", desired.aliases.get(account).map_or(account.as_str(), String::as_str))
        }
        Subject::Group(id) => {
            let group = live.directory.groups.get(id);
            format!("group:{}", group.map_or(id.as_str(), |group| group.name.raw()))
        }
    }
}
