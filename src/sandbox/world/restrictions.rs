//! Content restrictions: the six writes of v1, as one change of two lists.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::access::{Standing, Verb};
use super::{AccountStatus, DeletedSubjects, SpaceStatus, UnlistingNobody, UpdateWithoutRead, World};
use super::{
    Caller, ContentId, Edition, EmptyRestriction, Kind, ListKind, Lists, Principal, Refusal, SelfRemoval,
};

/// One operation of a restriction body, and the subjects it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "an operation and its subjects")]
pub struct Entry {
    pub list: ListKind,
    pub principals: BTreeSet<Principal>,
}

/// A change of the two lists of a node.
pub(super) enum Change<'c> {
    Replace(&'c [Entry]),
    Add(&'c [Entry]),
    Clear,
    List(ListKind, &'c Principal),
    Unlist(ListKind, &'c Principal),
}

impl World {
    /// Changes the restrictions of content.
    pub(super) fn restrict(
        &mut self,
        caller: &Caller,
        id: ContentId,
        change: &Change<'_>,
    ) -> Result<(), Refusal> {
        let old = &self.restrictable(caller, id)?.lists;
        let mut new = match change {
            Change::Replace(entries) => {
                self.check_entries(entries, old)?;
                let mut new =
                    if self.quirks.put_keeps_missing_operations { old.clone() } else { Lists::default() };
                for entry in *entries {
                    new.get_mut(entry.list).clone_from(&entry.principals);
                    if self.quirks.restriction_put_adds_caller
                        && !entry.principals.is_empty()
                        && let Some(me) = caller.account()
                    {
                        new.get_mut(entry.list).insert(Principal::User(me.clone()));
                    }
                }
                new
            }
            Change::Add(entries) => {
                self.check_entries(entries, old)?;
                let mut new = old.clone();
                for entry in *entries {
                    new.get_mut(entry.list).extend(entry.principals.iter().cloned());
                }
                new
            }
            Change::Clear => Lists::default(),
            Change::List(list, principal) => {
                self.check_known(principal)?;
                let mut new = old.clone();
                new.get_mut(*list).insert((*principal).clone());
                new
            }
            Change::Unlist(list, principal) => {
                let mut new = old.clone();
                if !new.get_mut(*list).remove(principal)
                    && self.quirks.unlisting_nobody == UnlistingNobody::NotFound
                {
                    return Err(Refusal::NotListed);
                }
                new
            }
        };
        if let Change::Replace(entries) | Change::Add(entries) = change
            && self.quirks.deleted_subjects == DeletedSubjects::Dropped
        {
            for entry in *entries {
                new.get_mut(entry.list).retain(|principal| self.is_alive(principal));
            }
        }
        self.check_lists(caller, &new)?;
        if let Some(content) = self.content_mut(id) {
            content.lists = new;
        }
        Ok(())
    }

    /// Content whose restrictions the caller may change.
    fn restrictable(&self, caller: &Caller, id: ContentId) -> Result<&super::Content, Refusal> {
        let content = self.restricted_content(caller, id)?;
        if self.settings.edition == Edition::Free
            || self.allows(&caller.subject(), Verb::Restrict, id).is_err()
        {
            return Err(Refusal::MayNotRestrict(id));
        }
        let archived = self.space(content.space).is_some_and(|space| space.status == SpaceStatus::Archived);
        if archived && !self.quirks.archived_spaces_writable {
            return Err(Refusal::ArchivedSpace);
        }
        if content.status == super::Status::Archived && !self.quirks.archived_pages_writable {
            return Err(Refusal::ArchivedContent);
        }
        Ok(content)
    }

    /// Content that the caller sees and that has restrictions at all. Comments and the like have none;
    /// whether folders, whiteboards, databases and embeds have is a switch.
    pub fn restricted_content(&self, caller: &Caller, id: ContentId) -> Result<&super::Content, Refusal> {
        let content = self.visible_content(caller, id)?;
        let has = matches!(content.kind, Kind::Page | Kind::Blogpost) || self.quirks.folders_restrictable;
        if has { Ok(content) } else { Err(Refusal::NoContent(id)) }
    }

    fn check_entries(&self, entries: &[Entry], old: &Lists) -> Result<(), Refusal> {
        if entries.is_empty() {
            return Err(Refusal::NoRestrictions);
        }
        let mut seen = BTreeSet::new();
        for entry in entries {
            if !seen.insert(entry.list) {
                return Err(Refusal::Twice(entry.list));
            }
            if entry.principals.is_empty() {
                match self.quirks.empty_restriction {
                    EmptyRestriction::Accepted => {}
                    EmptyRestriction::Refused => return Err(Refusal::NoSubjects),
                    EmptyRestriction::Failed => return Err(Refusal::Broken),
                }
            }
            entry.principals.iter().try_for_each(|principal| self.check_entry(principal, old))?;
        }
        Ok(())
    }

    /// An entry of a body. Deleting a group leaves its entries on lists (API v1, `getRestrictions`, `expand`), and
    /// whether they can be sent back is not documented.
    fn check_entry(&self, principal: &Principal, old: &Lists) -> Result<(), Refusal> {
        let is_listed = || old.read.contains(principal) || old.update.contains(principal);
        match self.quirks.deleted_subjects {
            _ if self.is_alive(principal) => self.check_known(principal),
            DeletedSubjects::Accepted | DeletedSubjects::Dropped if is_listed() => Ok(()),
            _ => Err(Refusal::UnknownPrincipal(principal.clone())),
        }
    }

    /// Whether the group or the account of an entry is there.
    fn is_alive(&self, principal: &Principal) -> bool {
        match principal {
            Principal::User(account) => {
                self.user(account).is_some_and(|user| user.status != AccountStatus::Closed)
            }
            Principal::Group(_) | Principal::Class(_) | Principal::Anonymous => self.knows(principal),
        }
    }

    /// Lists hold users and groups; anonymous and classes are refused.
    fn check_known(&self, principal: &Principal) -> Result<(), Refusal> {
        let listable = matches!(principal, Principal::User(_) | Principal::Group(_));
        if listable && self.takes(principal) {
            Ok(())
        } else {
            Err(Refusal::UnknownPrincipal(principal.clone()))
        }
    }

    fn check_lists(&self, caller: &Caller, new: &Lists) -> Result<(), Refusal> {
        if self.quirks.update_without_read == UpdateWithoutRead::Refused
            && let Some(blind) = new.update.iter().find(|principal| !self.covered(principal, &new.read))
        {
            return Err(Refusal::UpdateWithoutRead(blind.clone()));
        }
        if self.quirks.self_removal == SelfRemoval::Refused {
            let subject = caller.subject();
            let standing = Standing::of(self, &subject);
            if !standing.passes(&new.read) || !standing.passes(&new.update) {
                return Err(Refusal::OwnAccess);
            }
        }
        Ok(())
    }

    fn covered(&self, principal: &Principal, read: &BTreeSet<Principal>) -> bool {
        let by_group =
            |account| self.groups_of(account).any(|group| read.contains(&Principal::Group(group.id.clone())));
        read.is_empty()
            || read.contains(principal)
            || matches!(principal, Principal::User(account) if by_group(account))
    }
}
