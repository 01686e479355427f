//! Changing the lists of a page.
//!
//! A body has no way to name an open list: each list in it has at least one entry (OpenAPI v1,
//! `ContentRestrictionUpdate`), and whether PUT clears a list that its body leaves out is not documented. So one list
//! is opened in the first of these ways that works, each of which is made of documented requests:
//!
//! 1. PUT of the other list alone. The answer has both lists as they are now; if it does not show that the list is
//!    open, the page is asked.
//! 2. The entries of the list are taken away one by one, after PUT has made the other list what it is to be.
//! 3. PUT of the caller alone on both lists, then the caller is taken off the one, then PUT of the other. A site that
//!    refuses an editor who is on no view list refuses the steps of the second way where several editors are on the
//!    view list. Meanwhile the page is open to fewer accounts than before or after, and to none that has it neither
//!    before nor after; if a step fails, both lists are put back.

use http::Method;
use serde_json::{Value, json};

use super::Cloud;
use super::write::{done, gone_or};
use crate::confluence::WriteError;
use crate::confluence::address::Api;
use crate::confluence::answer::Response;
use crate::confluence::client::Failed;
use crate::confluence::complete::{RestrictionsByOperation, operation};
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::model::{Audience, ContentId, Known, PageList, Restrictions, Subject};

impl Cloud {
    /// Replaces both lists of a page.
    pub(super) async fn restrict(
        &self,
        content: ContentId,
        now: &Restrictions,
        after: &Restrictions,
    ) -> Result<(), WriteError> {
        if *after == Restrictions::OPEN {
            let id = content.to_string();
            let clear = Request::write(Method::DELETE, Api::V1, ["content", &id, "restriction"]);
            return done(self.client.send(&clear).await);
        }
        let put = self.put(content, after).await;
        let opened = PageList::ALL
            .into_iter()
            .find(|list| after.audience(*list).is_anyone() && !now.audience(*list).is_anyone());
        let Some(list) = opened else { return done(put) };
        match put {
            Ok(answer) if self.shows_open(&answer, list) => Ok(()),
            Ok(_) => self.open_one(content, list, after, None).await,
            // The list that is left out may stay, and not suit the other one.
            Err(Failed { error: refused @ Error::Rejected(_), .. }) => {
                self.open_one(content, list, after, Some(refused)).await
            }
            Err(failed) => Err(failed.into()),
        }
    }

    /// Opens one list in the second or third way. A failure is a plain refusal only where the first way was `refused`
    /// and the lists are still what they were.
    async fn open_one(
        &self,
        content: ContentId,
        list: PageList,
        after: &Restrictions,
        refused: Option<Error>,
    ) -> Result<(), WriteError> {
        let now = match self.direct_restrictions(content).await.map_err(WriteError::Ambiguous)? {
            Known::Known(now) => now,
            Known::Unknown(_) => {
                let why = format!("the lists of content {content} cannot be read any more");
                return Err(WriteError::Ambiguous(Error::Misuse(why)));
            }
        };
        let other = list.other();
        let suits = now.audience(other) == after.audience(other);
        // The other list comes first: what it is to keep out would be let in by the list that opens.
        let closed = suits || {
            let mut both = after.clone();
            *both.audience_mut(list) = now.audience(list).clone();
            accepted(self.put(content, &both).await)?
        };
        if closed && self.take_entries(content, list, &now).await? {
            return Ok(());
        }
        let by_caller = self.open_by_way_of_caller(content, list, after).await;
        if by_caller.is_err() {
            if let (Some(refused), Ok(Known::Known(still))) =
                (refused, self.direct_restrictions(content).await)
                && still == now
            {
                return Err(WriteError::Refused(refused));
            }
            // What can be done is done; the error says that the lists are to be looked at.
            drop(self.put(content, &now).await);
        }
        by_caller
    }

    /// Takes the entries of one list away one by one; says whether the site let it.
    async fn take_entries(
        &self,
        content: ContentId,
        list: PageList,
        now: &Restrictions,
    ) -> Result<bool, WriteError> {
        let mut entries: Vec<&Subject> = now.audience(list).subjects().collect();
        // The caller must see the page until the end: whatever carries the caller's own view goes last. Before
        // that comes who is on the other list, since a site may refuse an editor that cannot view.
        let other = now.audience(list.other());
        entries.sort_by_key(|subject| {
            (self.carries_caller(subject), other.subjects().any(|each| each == *subject))
        });
        for subject in entries {
            if !self.take_entry(content, list, subject).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn open_by_way_of_caller(
        &self,
        content: ContentId,
        list: PageList,
        after: &Restrictions,
    ) -> Result<(), WriteError> {
        let Some(caller) = self.caller.get() else {
            return Err(WriteError::Ambiguous(Error::Misuse(
                "the account of the caller has not been asked for".to_owned(),
            )));
        };
        let me = Subject::User(caller.account.clone());
        let alone = Audience::from_site_list([me.clone()]);
        let both = Restrictions { view: alone.clone(), edit: alone };
        let step = |result: Result<Response, Failed>| {
            result.map(drop).map_err(|failed| WriteError::Ambiguous(failed.error))
        };
        step(self.put(content, &both).await)?;
        step(self.client.send(&entry(Method::DELETE, content, list, &me)).await)?;
        step(self.put(content, after).await)
    }

    /// Whether the site let an entry be taken off, or had it no more.
    async fn take_entry(
        &self,
        content: ContentId,
        list: PageList,
        subject: &Subject,
    ) -> Result<bool, WriteError> {
        match gone_or(self.client.send(&entry(Method::DELETE, content, list, subject)).await) {
            Ok(()) | Err(WriteError::AlreadySo | WriteError::Gone(_)) => Ok(true),
            Err(WriteError::Refused(Error::Rejected(_))) => Ok(false),
            Err(WriteError::Refused(error) | WriteError::Ambiguous(error)) => {
                Err(WriteError::Ambiguous(error))
            }
        }
    }

    async fn put(&self, content: ContentId, lists: &Restrictions) -> Result<Response, Failed> {
        let id = content.to_string();
        let put = Request::write(Method::PUT, Api::V1, ["content", &id, "restriction"]).body(body(lists));
        self.client.send(&put).await
    }

    /// Whether the answer to a write shows that nothing is left of a list.
    fn shows_open(&self, answer: &Response, list: PageList) -> bool {
        answer.json::<RestrictionsByOperation>().is_ok_and(|lists| lists.shows_open(list, self.scrutiny))
    }

    fn carries_caller(&self, subject: &Subject) -> u8 {
        match (self.caller.get(), subject) {
            (Some(caller), Subject::User(account)) if *account == caller.account => 2,
            (Some(caller), Subject::Group(group)) if caller.is_in(group).unwrap_or(true) => 1,
            _ => 0,
        }
    }
}

/// Whether a site took a request; an error if that is not certain.
fn accepted(result: Result<Response, Failed>) -> Result<bool, WriteError> {
    match result {
        Ok(_) => Ok(true),
        Err(Failed { error: Error::Rejected(_), ambiguous: false }) => Ok(false),
        Err(failed) => Err(WriteError::Ambiguous(failed.error)),
    }
}

/// A request about one entry of one list (OpenAPI v1, `addUserToContentRestriction` and its like).
pub(super) fn entry(method: Method, content: ContentId, list: PageList, subject: &Subject) -> Request {
    let id = content.to_string();
    let path = ["content", id.as_str(), "restriction", "byOperation", operation(list)];
    match subject {
        Subject::User(account) => {
            Request::write(method, Api::V1, path.into_iter().chain(["user"])).query("accountId", account)
        }
        Subject::Group(group) => {
            Request::write(method, Api::V1, path.into_iter().chain(["byGroupId", group.as_str()]))
        }
    }
}

/// The body of a PUT: the lists that have entries.
fn body(after: &Restrictions) -> Value {
    let lists = PageList::ALL.into_iter().filter_map(|list| {
        let restrictions = match after.audience(list) {
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
        Some(json!({"operation": operation(list), "restrictions": restrictions}))
    });
    lists.collect()
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
            body(&after).to_string(),
            r#"[{"operation":"update","restrictions":{"group":[{"id":"g1","type":"group"}]}}]"#
        );
    }
}
