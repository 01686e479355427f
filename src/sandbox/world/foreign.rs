//! What other people do to a site while a program works on it, as values.
//!
//! An [`Action`] is a change on Confluence's own screens or by the directory: no caller of the API makes
//! it, and the API's rules for callers do not apply. It leaves the world as a person could have left it: a
//! principal without `read/space` gets nothing else, and a page cannot be moved below itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    AccountId, ContentId, Grant, GroupId, Kind, ListKind, Object, Pair, Principal, RoleId, SpaceId, SpaceKey,
    Status, World,
};

/// A concurrent change, made by another person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are the objects concerned and what they become")]
pub enum Action {
    /// Adds one row. No companion comes along.
    Grant { space: SpaceId, principal: Principal, pair: Pair },
    /// Removes every row that gives the pair; with `read/space`, every row of the principal.
    Revoke { space: SpaceId, principal: Principal, pair: Pair },
    /// Assigns a role, or replaces the one that the principal has.
    AssignRole { space: SpaceId, principal: Principal, role: RoleId },
    /// Removes the role of a principal.
    RemoveRole { space: SpaceId, principal: Principal },
    /// Replaces one list; without principals it becomes open.
    SetList { content: ContentId, list: ListKind, principals: BTreeSet<Principal> },
    /// Adds an entry to a list. An open list becomes one that names this principal alone.
    AddToList { content: ContentId, list: ListKind, principal: Principal },
    /// Removes an entry from a list. A list that becomes empty is open.
    RemoveFromList { content: ContentId, list: ListKind, principal: Principal },
    /// Opens a list.
    ClearList { content: ContentId, list: ListKind },
    /// Gives a node another title.
    RenamePage { content: ContentId, title: String },
    /// Puts a label on a page or post, or takes it off.
    LabelPage { content: ContentId, label: String, on: bool },
    /// Gives a group another name; its id stays.
    RenameGroup { group: GroupId, name: String },
    /// Gives a space another name; key and id stay.
    RenameSpace { space: SpaceId, name: String },
    /// Gives a space another key; its id stays.
    ChangeSpaceKey { space: SpaceId, key: String },
    /// Moves a node and everything below it, as the last child of its new parent.
    MovePage { content: ContentId, to: Place },
    /// Archives a node.
    ArchivePage { content: ContentId },
    /// Moves a node to the trash; its children move up to its parent.
    DeletePage { content: ContentId },
    /// Adds a member to a group.
    AddMember { group: GroupId, account: AccountId },
    /// Removes a member from a group.
    RemoveMember { group: GroupId, account: AccountId },
    /// Deletes a group.
    DeleteGroup { group: GroupId },
}

/// Where a moved node goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Below another node, in that node's space.
    Below(ContentId),
    /// To the top of a space.
    Top(SpaceId),
}

/// Why an action had no effect. The world has not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplicable {
    /// The object, or one that the action names, does not exist.
    #[error("there is no {0}")]
    Missing(String),
    /// The state is already as the action would leave it.
    #[error("it is so already")]
    NoChange,
    /// A principal gets `read/space` before anything else.
    #[error("the principal has no read/space in the space")]
    ReadFirst,
    /// Classes and anonymous are on no list.
    #[error("lists hold users and groups only")]
    NotListable,
    /// The node would be below itself, or it is a blog post, which has no place in a tree.
    #[error("it cannot be moved there")]
    NoPlace,
    /// Only pages can be archived (OpenAPI v1, `POST /content/archive`; v2 has no such status of blog posts).
    #[error("only pages can be archived")]
    NoPage,
    /// Each key belongs to one space.
    #[error("another space has this key")]
    Taken,
    /// The site has no roles.
    #[error("the site has no roles")]
    NoRoles,
}

impl Action {
    /// The object that the action is about.
    pub fn object(&self) -> Object {
        match self {
            Self::Grant { space, .. }
            | Self::Revoke { space, .. }
            | Self::AssignRole { space, .. }
            | Self::RemoveRole { space, .. }
            | Self::RenameSpace { space, .. }
            | Self::ChangeSpaceKey { space, .. } => Object::Space(*space),
            Self::SetList { content, .. }
            | Self::AddToList { content, .. }
            | Self::RemoveFromList { content, .. }
            | Self::ClearList { content, .. }
            | Self::RenamePage { content, .. }
            | Self::LabelPage { content, .. }
            | Self::MovePage { content, .. }
            | Self::ArchivePage { content }
            | Self::DeletePage { content } => Object::Content(*content),
            Self::RenameGroup { group, .. }
            | Self::AddMember { group, .. }
            | Self::RemoveMember { group, .. }
            | Self::DeleteGroup { group } => Object::Group(group.clone()),
        }
    }
}

impl World {
    /// Everything whose state an action changes, its own object first.
    pub fn touched_by_action(&self, action: &Action) -> Vec<Object> {
        match action {
            Action::DeleteGroup { group } => self.touched_by_deletion(group),
            Action::DeletePage { content } => {
                let children = self.content(*content).into_iter().flat_map(|content| &content.children);
                [*content].iter().chain(children).copied().map(Object::Content).collect()
            }
            Action::MovePage { content, .. } => {
                self.subtree(*content).into_iter().map(Object::Content).collect()
            }
            other => vec![other.object()],
        }
    }

    /// Carries out a concurrent change, whole or not at all.
    pub fn act(&mut self, action: &Action) -> Result<(), NotApplicable> {
        match action {
            Action::Grant { space, principal, pair } => self.add_row(*space, principal, *pair),
            Action::Revoke { space, principal, pair } => self.remove_rows(*space, principal, *pair),
            Action::AssignRole { space, principal, role } => self.give_role(*space, principal, Some(role)),
            Action::RemoveRole { space, principal } => self.give_role(*space, principal, None),
            Action::SetList { content, list, principals } => {
                self.change_list(*content, *list, principals, |entries| entries.clone_from(principals))
            }
            Action::AddToList { content, list, principal } => {
                self.change_list(*content, *list, [principal], |entries| {
                    entries.insert(principal.clone());
                })
            }
            Action::RemoveFromList { content, list, principal } => {
                self.change_list(*content, *list, [], |entries| {
                    entries.remove(principal);
                })
            }
            Action::ClearList { content, list } => self.change_list(*content, *list, [], BTreeSet::clear),
            Action::RenamePage { content, title } => {
                let content = self.contents.get_mut(content).ok_or_else(|| missing(&action.object()))?;
                replace(&mut content.title, title.clone())
            }
            Action::LabelPage { content, label, on } => self.label_page(*content, label, *on),
            Action::RenameGroup { group, name } => {
                let group = self.groups.get_mut(group).ok_or_else(|| missing(&action.object()))?;
                replace(&mut group.name, name.clone())
            }
            Action::RenameSpace { space, name } => {
                let space = self.space_mut(*space).ok_or_else(|| missing(&action.object()))?;
                replace(&mut space.name, name.clone())
            }
            Action::ChangeSpaceKey { space, key } => {
                if self.space_keyed(key).is_some_and(|other| other.id != *space) {
                    return Err(NotApplicable::Taken);
                }
                let changed = self.space_mut(*space).ok_or_else(|| missing(&action.object()))?;
                let old = changed.key.clone();
                replace(&mut changed.key, SpaceKey::from(key.as_str()))?;
                self.space_keys.remove(&old);
                self.space_keys.insert(SpaceKey::from(key.as_str()), *space);
                // A guest is one of the space and not of its key.
                let guests = self.users.values_mut().filter(|user| user.guest_of.as_ref() == Some(&old));
                guests.for_each(|user| user.guest_of = Some(SpaceKey::from(key.as_str())));
                Ok(())
            }
            Action::MovePage { content, to } => self.move_page(*content, *to),
            Action::ArchivePage { content } => {
                if self.content(*content).is_some_and(|content| content.kind != Kind::Page) {
                    return Err(NotApplicable::NoPage);
                }
                self.change_status(*content, Status::Archived)
            }
            Action::DeletePage { content } => self.trash(*content),
            Action::AddMember { group, account } => self.set_member(group, account, true),
            Action::RemoveMember { group, account } => self.set_member(group, account, false),
            Action::DeleteGroup { group } => self.forget_group(group).map_err(|_| missing(&action.object())),
        }
    }

    fn add_row(&mut self, id: SpaceId, principal: &Principal, pair: Pair) -> Result<(), NotApplicable> {
        self.check_exists(principal)?;
        let space = self.space(id).ok_or_else(|| missing(&Object::Space(id)))?;
        if space.holds(principal, pair) {
            return Err(NotApplicable::NoChange);
        }
        if pair != Pair::ReadSpace && !space.holds(principal, Pair::ReadSpace) {
            return Err(NotApplicable::ReadFirst);
        }
        self.add_grant(id, &Grant { principal: principal.clone(), pair });
        Ok(())
    }

    fn remove_rows(&mut self, id: SpaceId, principal: &Principal, pair: Pair) -> Result<(), NotApplicable> {
        let space = self.space_mut(id).ok_or_else(|| missing(&Object::Space(id)))?;
        if !space.holds(principal, pair) {
            return Err(NotApplicable::NoChange);
        }
        space.grants.retain(|_, grant| {
            grant.principal != *principal || (grant.pair != pair && pair != Pair::ReadSpace)
        });
        Ok(())
    }

    fn give_role(
        &mut self,
        id: SpaceId,
        principal: &Principal,
        role: Option<&RoleId>,
    ) -> Result<(), NotApplicable> {
        if !self.has_roles() {
            return Err(NotApplicable::NoRoles);
        }
        if let Some(role) = role {
            self.check_exists(principal)?;
            self.role(role).ok_or_else(|| NotApplicable::Missing(format!("role {role}")))?;
        }
        let space = self.space_mut(id).ok_or_else(|| missing(&Object::Space(id)))?;
        if space.assignments.get(principal) == role {
            return Err(NotApplicable::NoChange);
        }
        match role {
            Some(role) => drop(space.assignments.insert(principal.clone(), role.clone())),
            None => drop(space.assignments.remove(principal)),
        }
        Ok(())
    }

    fn change_list<'p>(
        &mut self,
        id: ContentId,
        list: ListKind,
        added: impl IntoIterator<Item = &'p Principal>,
        change: impl FnOnce(&mut BTreeSet<Principal>),
    ) -> Result<(), NotApplicable> {
        for principal in added {
            if !matches!(principal, Principal::User(_) | Principal::Group(_)) {
                return Err(NotApplicable::NotListable);
            }
            self.check_exists(principal)?;
        }
        let content = self.live(id)?;
        let mut entries = content.lists.get(list).clone();
        change(&mut entries);
        let content = self.content_mut(id).ok_or_else(|| missing(&Object::Content(id)))?;
        replace(content.lists.get_mut(list), entries)
    }

    fn label_page(&mut self, id: ContentId, label: &str, on: bool) -> Result<(), NotApplicable> {
        let content = self.contents.get_mut(&id).ok_or_else(|| missing(&Object::Content(id)))?;
        let has_changed =
            if on { content.labels.insert(label.to_owned()) } else { content.labels.remove(label) };
        if has_changed { Ok(()) } else { Err(NotApplicable::NoChange) }
    }

    fn move_page(&mut self, id: ContentId, to: Place) -> Result<(), NotApplicable> {
        let content = self.live(id)?;
        let (parent, space) = match to {
            Place::Below(parent) => (Some(parent), self.live(parent)?.space),
            Place::Top(space) => (None, space),
        };
        if self.space(space).is_none() {
            return Err(missing(&Object::Space(space)));
        }
        if content.parent == parent && content.space == space {
            return Err(NotApplicable::NoChange);
        }
        let moved = self.subtree(id);
        if content.kind == Kind::Blogpost || parent.is_some_and(|parent| moved.contains(&parent)) {
            return Err(NotApplicable::NoPlace);
        }
        let old = content.space;
        self.detach(id);
        for id in moved {
            if let Some(space) = self.spaces.get_mut(&old) {
                space.contents.remove(&id);
            }
            if let Some(space) = self.spaces.get_mut(&space) {
                space.contents.insert(id);
            }
            if let Some(content) = self.contents.get_mut(&id) {
                content.space = space;
            }
        }
        self.attach(id, parent);
        Ok(())
    }

    fn trash(&mut self, id: ContentId) -> Result<(), NotApplicable> {
        self.change_status(id, Status::Trashed)?;
        let parent = self.content(id).and_then(|content| content.parent);
        let children = self.content(id).map(|content| content.children.clone()).unwrap_or_default();
        for child in children {
            self.detach(child);
            self.attach(child, parent);
        }
        Ok(())
    }

    fn change_status(&mut self, id: ContentId, status: Status) -> Result<(), NotApplicable> {
        self.live(id)?;
        let content = self.content_mut(id).ok_or_else(|| missing(&Object::Content(id)))?;
        replace(&mut content.status, status)
    }

    fn set_member(&mut self, id: &GroupId, account: &AccountId, member: bool) -> Result<(), NotApplicable> {
        self.check_exists(&Principal::User(account.clone()))?;
        let group = self.group(id).ok_or_else(|| missing(&Object::Group(id.clone())))?;
        if group.members.contains(account) == member {
            return Err(NotApplicable::NoChange);
        }
        self.change_member(id, account, member);
        Ok(())
    }

    /// Content that is in a tree: neither trashed nor a draft.
    fn live(&self, id: ContentId) -> Result<&super::Content, NotApplicable> {
        let live = |content: &&super::Content| !matches!(content.status, Status::Trashed | Status::Draft);
        self.content(id).filter(live).ok_or_else(|| missing(&Object::Content(id)))
    }

    fn check_exists(&self, principal: &Principal) -> Result<(), NotApplicable> {
        if self.knows(principal) { Ok(()) } else { Err(NotApplicable::Missing(principal.to_string())) }
    }

    /// A node and everything below it.
    fn subtree(&self, id: ContentId) -> Vec<ContentId> {
        let mut found = vec![id];
        let mut next = 0;
        while let Some(id) = found.get(next) {
            let children = self.content(*id).map(|content| content.children.clone()).unwrap_or_default();
            found.extend(children);
            next += 1;
        }
        found
    }

    /// Takes a node out of its parent's children, or out of the top of its space.
    fn detach(&mut self, id: ContentId) {
        let Some((parent, space)) = self.content(id).map(|content| (content.parent, content.space)) else {
            return;
        };
        let siblings = match parent {
            Some(parent) => self.contents.get_mut(&parent).map(|parent| &mut parent.children),
            None => self.spaces.get_mut(&space).map(|space| &mut space.roots),
        };
        if let Some(siblings) = siblings {
            siblings.retain(|sibling| *sibling != id);
        }
    }

    /// Makes a node the last child of a parent, or the last at the top of its space.
    fn attach(&mut self, id: ContentId, parent: Option<ContentId>) {
        let Some(content) = self.contents.get_mut(&id) else { return };
        content.parent = parent;
        let space = content.space;
        let siblings = match parent {
            Some(parent) => self.contents.get_mut(&parent).map(|parent| &mut parent.children),
            None => self.spaces.get_mut(&space).map(|space| &mut space.roots),
        };
        if let Some(siblings) = siblings {
            siblings.push(id);
        }
    }
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> Result<(), NotApplicable> {
    if *place == value {
        return Err(NotApplicable::NoChange);
    }
    *place = value;
    Ok(())
}

fn missing(object: &Object) -> NotApplicable {
    NotApplicable::Missing(object.to_string())
}
