//! Changing a Cloud site. One [`WriteRequest`] is one HTTP request, but for the one case that Confluence leaves open: how
//! a single list of a page is emptied while the other stays.

use http::Method;
use serde_json::{Value, json};

use super::Cloud;
use crate::confluence::address::Api;
use crate::confluence::answer::Answer;
use crate::confluence::client::Failed;
use crate::confluence::complete::{Operations, operation};
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::confluence::{Write, WriteError};
use crate::model::{
    Audience, ContentId, GrantId, Known, PageVerb, Permission, Principal, Restrictions, RoleId, SpaceId,
    SpaceKey, Subject, WriteRequest,
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

    async fn restrict(
        &self,
        content: ContentId,
        now: &Restrictions,
        after: &Restrictions,
    ) -> Result<(), WriteError> {
        let id = content.to_string();
        let path = ["content", id.as_str(), "restriction"];
        if *after == Restrictions::OPEN {
            return done(self.client.send(&Request::write(Method::DELETE, Api::V1, path)).await);
        }
        let put = Request::write(Method::PUT, Api::V1, path).body(lists(after));
        let answer = self.client.send(&put).await?;
        let opened = PageVerb::ALL
            .into_iter()
            .find(|verb| after.audience(*verb).is_anyone() && !now.audience(*verb).is_anyone());
        match opened {
            // A body has no way to name an open list (OpenAPI v1, ContentRestrictionUpdate), and whether
            // leaving a list out clears it is not documented. The answer has both lists as they are now.
            Some(verb) if !self.shows_open(&answer, verb) => self.clear(content, verb).await,
            _ => Ok(()),
        }
    }

    /// Takes the entries of one list away one by one, so that nothing else is opened on the way. From here
    /// on something has been changed already, so no failure is a plain refusal.
    async fn clear(&self, content: ContentId, verb: PageVerb) -> Result<(), WriteError> {
        let now = match self.direct_restrictions(content).await.map_err(WriteError::Ambiguous)? {
            Known::Known(now) => now,
            Known::Unknown(_) => {
                let why = format!("the lists of content {content} cannot be seen any more");
                return Err(WriteError::Ambiguous(Error::Misuse(why)));
            }
        };
        let mut entries: Vec<&Subject> = now.audience(verb).subjects().collect();
        // The caller must see the page until the end: whatever carries the caller's own view goes last. Before
        // that comes who is on the other list, since a site may refuse an editor that cannot view.
        let other = match verb {
            PageVerb::View => &now.edit,
            PageVerb::Edit => &now.view,
        };
        entries.sort_by_key(|subject| {
            (self.carries_caller(subject), other.subjects().any(|each| each == *subject))
        });
        for subject in entries {
            let request = entry(Method::DELETE, content, verb, subject);
            match gone_or(self.client.send(&request).await) {
                Ok(()) | Err(WriteError::AlreadySo | WriteError::Gone(_)) => {}
                Err(WriteError::Refused(error) | WriteError::Ambiguous(error)) => {
                    return Err(WriteError::Ambiguous(error));
                }
            }
        }
        Ok(())
    }

    async fn add_to_list(
        &self,
        content: ContentId,
        verb: PageVerb,
        subject: &Subject,
    ) -> Result<(), WriteError> {
        done(self.client.send(&entry(Method::PUT, content, verb, subject)).await)
    }

    /// Whether the answer to a write shows that nothing is left of a list.
    fn shows_open(&self, answer: &Answer, verb: PageVerb) -> bool {
        answer.json::<Operations>().is_ok_and(|lists| lists.shows_open(verb, self.scrutiny))
    }

    fn carries_caller(&self, subject: &Subject) -> u8 {
        match (self.caller.get(), subject) {
            (Some(caller), Subject::User(account)) if *account == caller.account => 2,
            (Some(caller), Subject::Group(group)) if caller.is_in(group).unwrap_or(true) => 1,
            _ => 0,
        }
    }
}

/// A request about one entry of one list (OpenAPI v1, `addUserToContentRestriction` and its like).
fn entry(method: Method, content: ContentId, verb: PageVerb, subject: &Subject) -> Request {
    let id = content.to_string();
    let list = ["content", id.as_str(), "restriction", "byOperation", operation(verb)];
    match subject {
        Subject::User(account) => {
            Request::write(method, Api::V1, list.into_iter().chain(["user"])).query("accountId", account)
        }
        Subject::Group(group) => {
            Request::write(method, Api::V1, list.into_iter().chain(["byGroupId", group.as_str()]))
        }
    }
}

/// The body of a PUT: the lists that have entries.
fn lists(after: &Restrictions) -> Value {
    let lists = PageVerb::ALL.into_iter().filter_map(|verb| {
        let restrictions = match after.audience(verb) {
            Audience::Only(members) => {
                let (mut users, mut groups) = (Vec::new(), Vec::new());
                for subject in members.iter() {
                    match subject {
                        Subject::User(account) => {
                            users.push(json!({"type": "known", "accountId": account.as_str()}));
                        }
                        Subject::Group(group) => groups.push(json!({"type": "group", "id": group.as_str()})),
                    }
                }
                // A `group` array has at least one item or is left out (OpenAPI v1, ContentRestrictionUpdate).
                let mut restrictions = serde_json::Map::new();
                if !users.is_empty() {
                    restrictions.insert("user".to_owned(), Value::Array(users));
                }
                if !groups.is_empty() {
                    restrictions.insert("group".to_owned(), Value::Array(groups));
                }
                Value::Object(restrictions)
            }
            Audience::Anyone => return None,
        };
        Some(json!({"operation": operation(verb), "restrictions": restrictions}))
    });
    lists.collect()
}

/// "Permission already exists" (confluence.js, live), whatever stands around it.
fn says_already_exists(message: &str) -> bool {
    message.to_ascii_lowercase().contains("already exists")
}

fn misuse(what: String) -> Result<(), WriteError> {
    Err(WriteError::Refused(Error::Misuse(what)))
}

fn done(result: Result<Answer, Failed>) -> Result<(), WriteError> {
    result.map(drop).map_err(WriteError::from)
}

/// The result of a DELETE of one thing: a 404 says that it is gone, or hidden.
fn gone_or(result: Result<Answer, Failed>) -> Result<(), WriteError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Members;

    fn only(subjects: &[&str]) -> Audience {
        Audience::Only(Members::new(subjects.iter().map(|text| text.parse().unwrap())).unwrap())
    }

    #[test]
    fn an_open_list_is_not_mentioned() {
        let after = Restrictions { view: Audience::Anyone, edit: only(&["group:g1"]) };
        assert_eq!(
            lists(&after).to_string(),
            r#"[{"operation":"update","restrictions":{"group":[{"id":"g1","type":"group"}]}}]"#
        );
    }
}
