//! The writes a world knows, as values: what the faces ask for, and what is kept between runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::restrictions::Change;
use super::{
    AccountId, ContentId, Entry, GrantId, GroupId, ListKind, Pair, Principal, Refusal, RoleEntry, RoleId,
    SpaceId,
};
use super::{Subject, World};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caller {
    /// No account in particular.
    Anonymous,
    /// An account that has signed in.
    User(AccountId),
    /// The same, with a valid admin key: restriction lists do not count.
    WithKey(AccountId),
}

impl Caller {
    /// The caller as the subject of an access check.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Anonymous => Subject::Anonymous,
            Self::User(account) => Subject::User(account.clone()),
            Self::WithKey(account) => Subject::WithKey(account.clone()),
        }
    }

    /// The account that has signed in.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Anonymous => None,
            Self::User(account) | Self::WithKey(account) => Some(account),
        }
    }
}

/// A write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are the parts of the request")]
pub enum Command {
    /// v1 addPermissionToSpace.
    Grant { space: SpaceId, principal: Principal, pair: Pair },
    /// v1 removePermission.
    Revoke { space: SpaceId, row: GrantId },
    /// v1 updateRestrictions (PUT).
    ReplaceRestrictions { content: ContentId, entries: Vec<Entry> },
    /// v1 addRestrictions (POST).
    AddRestrictions { content: ContentId, entries: Vec<Entry> },
    /// v1 deleteRestrictions.
    ClearRestrictions { content: ContentId },
    /// v1 addUserToContentRestriction, addGroupToContentRestrictionByGroupId.
    List { content: ContentId, list: ListKind, principal: Principal },
    /// v1 removeUserFromContentRestriction, removeGroupFromContentRestriction.
    Unlist { content: ContentId, list: ListKind, principal: Principal },
    /// v2 setSpaceRoleAssignments.
    AssignRoles { space: SpaceId, entries: Vec<RoleEntry> },
    /// v2 createSpaceRole.
    CreateRole { name: String, description: String, permissions: BTreeSet<String> },
    /// v1 createGroup.
    CreateGroup { name: String },
    /// v1 removeGroupById.
    DeleteGroup { group: GroupId },
    /// v1 addUserToGroupByGroupId.
    AddMember { group: GroupId, account: AccountId },
    /// v1 removeMemberFromGroupByGroupId.
    RemoveMember { group: GroupId, account: AccountId },
}

/// What a write gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The id of the new row.
    Granted(GrantId),
    /// The id of the new group.
    GroupCreated(GroupId),
    /// The id of the new role.
    RoleCreated(RoleId),
    /// Nothing to tell.
    Done,
}

impl World {
    /// Carries out a write for a caller, whole or not at all.
    pub fn perform(&mut self, caller: &Caller, command: &Command) -> Result<Outcome, Refusal> {
        match command {
            Command::Grant { space, principal, pair } => {
                self.grant(caller, *space, principal, *pair).map(Outcome::Granted)
            }
            Command::Revoke { space, row } => self.revoke(caller, *space, *row).map(done),
            Command::ReplaceRestrictions { content, entries } => {
                self.restrict(caller, *content, &Change::Replace(entries)).map(done)
            }
            Command::AddRestrictions { content, entries } => {
                self.restrict(caller, *content, &Change::Add(entries)).map(done)
            }
            Command::ClearRestrictions { content } => {
                self.restrict(caller, *content, &Change::Clear).map(done)
            }
            Command::List { content, list, principal } => {
                self.restrict(caller, *content, &Change::List(*list, principal)).map(done)
            }
            Command::Unlist { content, list, principal } => {
                self.restrict(caller, *content, &Change::Unlist(*list, principal)).map(done)
            }
            Command::AssignRoles { space, entries } => self.assign_roles(caller, *space, entries).map(done),
            Command::CreateRole { name, description, permissions } => {
                self.create_role(caller, name, description, permissions).map(Outcome::RoleCreated)
            }
            Command::CreateGroup { name } => self.create_group(caller, name).map(Outcome::GroupCreated),
            Command::DeleteGroup { group } => self.delete_group(caller, group).map(done),
            Command::AddMember { group, account } => self.add_member(caller, group, account).map(done),
            Command::RemoveMember { group, account } => self.remove_member(caller, group, account).map(done),
        }
    }
}

fn done((): ()) -> Outcome {
    Outcome::Done
}
