//! The three kinds of object that writes change, and what one of them is at a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use super::{
    AccountId, Command, Content, ContentId, DeletedGroupEntries, Grant, GrantId, GroupId, Lists, Principal,
    RoleId, Space, SpaceId, Status, World,
};

/// Something that a write can change: the unit of the adversary's lag and of its log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The rows and role assignments of a space.
    Space(SpaceId),
    /// A page or another node, with its two lists.
    Content(ContentId),
    /// A group and its members.
    Group(GroupId),
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space(id) => write!(f, "space {id}"),
            Self::Content(id) => write!(f, "content {id}"),
            Self::Group(id) => write!(f, "group {id}"),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What an object was at a moment, as far as writes and other people can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There was no such object.
    Absent,
    /// A space.
    Space {
        /// The name that people see.
        name: String,
        /// Custom access, by row.
        rows: BTreeMap<GrantId, Grant>,
        /// One role per principal.
        assignments: BTreeMap<Principal, RoleId>,
    },
    /// A node of a tree.
    Content {
        /// Its space.
        space: SpaceId,
        /// The node above it.
        parent: Option<ContentId>,
        /// Its title.
        title: String,
        /// Current, archived, trashed or draft.
        status: Status,
        /// Its own restrictions.
        lists: Lists,
    },
    /// A group.
    Group {
        /// Its name.
        name: String,
        /// Its members.
        members: BTreeSet<AccountId>,
    },
}

impl State {
    fn of_space(space: &Space) -> Self {
        Self::Space {
            name: space.name.clone(),
            rows: space.grants.clone(),
            assignments: space.assignments.clone(),
        }
    }

    fn of_content(content: &Content) -> Self {
        Self::Content {
            space: content.space,
            parent: content.parent,
            title: content.title.clone(),
            status: content.status,
            lists: content.lists.clone(),
        }
    }
}

impl World {
    /// What an object is now.
    pub fn state_of(&self, object: &Object) -> State {
        let found = match object {
            Object::Space(id) => self.space(*id).map(State::of_space),
            Object::Content(id) => self.content(*id).map(State::of_content),
            Object::Group(id) => self
                .group(id)
                .map(|group| State::Group { name: group.name.clone(), members: group.members.clone() }),
        };
        found.unwrap_or(State::Absent)
    }

    /// What a write can change, its own object first.
    pub fn touched_by(&self, command: &Command) -> Vec<Object> {
        match command {
            Command::Grant { space, .. }
            | Command::Revoke { space, .. }
            | Command::AssignRoles { space, .. } => vec![Object::Space(*space)],
            Command::ReplaceRestrictions { content, .. }
            | Command::AddRestrictions { content, .. }
            | Command::ClearRestrictions { content }
            | Command::List { content, .. }
            | Command::Unlist { content, .. } => vec![Object::Content(*content)],
            Command::DeleteGroup { group } => self.touched_by_deletion(group),
            Command::AddMember { group, .. } | Command::RemoveMember { group, .. } => {
                vec![Object::Group(group.clone())]
            }
            Command::CreateRole { .. } | Command::CreateGroup { .. } => Vec::new(),
        }
    }

    /// A group that is deleted may take its rows and entries along; see [`DeletedGroupEntries`].
    pub(super) fn touched_by_deletion(&self, group: &GroupId) -> Vec<Object> {
        let mut touched = vec![Object::Group(group.clone())];
        if self.quirks.deleted_group_entries == DeletedGroupEntries::Emptied {
            let named = Principal::Group(group.clone());
            let held = |space: &&Space| {
                space.assignments.contains_key(&named)
                    || space.grants.values().any(|grant| grant.principal == named)
            };
            touched.extend(self.spaces().filter(held).map(|space| Object::Space(space.id)));
            let listed = |content: &&Content| {
                content.lists.read.contains(&named) || content.lists.update.contains(&named)
            };
            touched.extend(self.contents().filter(listed).map(|content| Object::Content(content.id)));
        }
        touched
    }
}
