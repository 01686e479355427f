//! Changing a Cloud site. One [`WriteRequest`] is one HTTP request, but for the one case that Confluence leaves open:
//! how a single list of a page is emptied while the other stays ([`lists`](super::lists)).

use http::Method;
use serde_json::{Value, json};

use super::Cloud;
use super::lists::entry;
use crate::confluence::address::Api;
use crate::confluence::answer::Response;
use crate::confluence::client::Failed;
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::confluence::{Write, WriteError};
use crate::model::{
    ContentId, GrantId, PageList, Permission, Principal, RoleId, SpaceId, SpaceKey, Subject, WriteRequest,
};

impl Write for Cloud {
    async fn perform(&self, request: &WriteRequest) -> Result<(), WriteError> {
        match request {
            WriteRequest::Grant { space, principal, permission } => {
                self.grant(space, principal, *permission).await
            }
            WriteRequest::Revoke { space, row, .. } => self.revoke(space, *row).await,
            WriteRequest::AssignRoles { space_id, roles, .. } => self.assign(*space_id, roles.iter()).await,
            WriteRequest::Restrict { content, now, after, .. } => self.restrict(*content, now, after).await,
            WriteRequest::AddToList { content, list, subject, .. } => {
                self.add_to_list(*content, *list, subject).await
            }
        }
    }
}

impl Cloud {
    async fn grant(
        &self,
        space: &SpaceKey,
        principal: &Principal,
        permission: Permission,
    ) -> Result<(), WriteError> {
        let (kind, identifier) = match principal {
            Principal::Group(group) => ("group", group.as_str()),
            Principal::User(account) => ("user", account.as_str()),
            Principal::Anonymous => ("user", "anonymous"),
            Principal::Class(class) => {
                return misuse(format!(
                    "single permissions cannot be given to the class `{class}`, only roles"
                ));
            }
        };
        let (key, target) = permission.cloud_pair().split_once('/').unwrap_or_default();
        let request =
            Request::write(Method::POST, Api::V1, ["space", space.as_str(), "permission"]).body(json!({
                "subject": {"type": kind, "identifier": identifier},
                "operation": {"key": key, "target": target},
            }));
        match self.client.send(&request).await {
            Ok(_) => Ok(()),
            Err(Failed { error: Error::Rejected(refusal), .. })
                if refusal.message.as_deref().is_some_and(says_already_exists) =>
            {
                Err(WriteError::AlreadySo)
            }
            Err(failed) => Err(failed.into()),
        }
    }

    async fn revoke(&self, space: &SpaceKey, grant: GrantId) -> Result<(), WriteError> {
        let id = grant.to_string();
        let request = Request::write(Method::DELETE, Api::V1, ["space", space.as_str(), "permission", &id]);
        gone_or(self.client.send(&request).await)
    }

    /// One request for all of a space. Entries without `roleId` lose their role (OpenAPI v2,
    /// `setSpaceRoleAssignments`).
    async fn assign(
        &self,
        space: SpaceId,
        roles: impl Iterator<Item = (&Principal, &Option<RoleId>)>,
    ) -> Result<(), WriteError> {
        let entries: Vec<Value> = roles
            .map(|(principal, role)| {
                let (kind, id) = match principal {
                    Principal::User(account) => ("USER", account.as_str()),
                    Principal::Group(group) => ("GROUP", group.as_str()),
                    Principal::Class(class) => ("ACCESS_CLASS", class.as_str()),
                    Principal::Anonymous => ("ACCESS_CLASS", "anonymous-users"),
                };
                let principal = json!({"principalType": kind, "principalId": id});
                match role {
                    Some(role) => json!({"principal": principal, "roleId": role.as_str()}),
                    None => json!({"principal": principal}),
                }
            })
            .collect();
        if entries.is_empty() {
            return misuse("a change of roles without any role in it".to_owned());
        }
        let id = space.to_string();
        let request = Request::write(Method::POST, Api::V2, ["spaces", &id, "role-assignments"]);
        done(self.client.send(&request.body(Value::Array(entries))).await)
    }

    async fn add_to_list(
        &self,
        content: ContentId,
        list: PageList,
        subject: &Subject,
    ) -> Result<(), WriteError> {
        done(self.client.send(&entry(Method::PUT, content, list, subject)).await)
    }
}

/// "Permission already exists" (confluence.js, live), whatever stands around it.
fn says_already_exists(message: &str) -> bool {
    message.to_ascii_lowercase().contains("already exists")
}

pub(super) fn misuse(what: String) -> Result<(), WriteError> {
    Err(WriteError::Refused(Error::Misuse(what)))
}

pub(super) fn done(result: Result<Response, Failed>) -> Result<(), WriteError> {
    result.map(drop).map_err(WriteError::from)
}

/// The result of a DELETE of one thing: a 404 says that it is gone, or hidden.
pub(super) fn gone_or(result: Result<Response, Failed>) -> Result<(), WriteError> {
    match result {
        Err(Failed { error: error @ Error::NotFound(_), .. }) => Err(WriteError::Gone(error)),
        result => done(result),
    }
}

impl From<Failed> for WriteError {
    fn from(Failed { error, ambiguous }: Failed) -> Self {
        if ambiguous { Self::Ambiguous(error) } else { Self::Refused(error) }
    }
}
