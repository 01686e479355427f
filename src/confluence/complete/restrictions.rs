//! The lists of a page, in the three shapes in which v1 gives them: by key in a search, as a list of operations of
//! the page itself, and one operation alone.
//!
//! The danger here is to take a list for empty, since empty means open. So a list counts only if it is called what
//! was asked for, if both its halves are there and whole, if every entry has an id, and if a half without entries says
//! that it has none.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::list::{ListEntry, WireList};
use super::{Doubt, Scrutiny, Whole};
use crate::confluence::wire_id::optional_id;
use crate::model::{AccountId, GroupId, PageList, Subject};

/// The name of an operation on content in v1.
pub(crate) const fn operation(list: PageList) -> &'static str {
    match list {
        PageList::View => "read",
        PageList::Edit => "update",
    }
}

/// What an answer tells of one list.
#[derive(Debug)]
pub(crate) enum ListReading {
    Whole(BTreeSet<Subject>),
    /// There may be more entries than fitted, or the list is not in this answer.
    Partial,
    Doubtful(Doubt),
}

/// Both lists of a page, each under its key. What is missing was not expanded; it does not mean "open".
#[derive(Debug, Default, Hash, Deserialize)]
pub(crate) struct RestrictionLists {
    read: Option<RestrictionList>,
    update: Option<RestrictionList>,
}

/// The list of one operation.
#[derive(Debug, Hash, Deserialize)]
pub(crate) struct RestrictionList {
    operation: Option<String>,
    restrictions: Option<ListedSubjects>,
}

#[derive(Debug, Hash, Deserialize)]
struct ListedSubjects {
    user: Option<WireList<ListedUser>>,
    group: Option<WireList<ListedGroup>>,
}

#[derive(Debug, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedUser {
    #[serde(default, deserialize_with = "optional_id")]
    account_id: Option<AccountId>,
}

#[derive(Debug, Hash, Deserialize)]
struct ListedGroup {
    #[serde(default, deserialize_with = "optional_id")]
    id: Option<GroupId>,
}

/// The lists of a page as a list of operations.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct RestrictionsByOperation(WireList<RestrictionList>);

impl Whole for RestrictionsByOperation {}
impl Whole for RestrictionList {}

impl ListEntry for ListedUser {
    type Id = AccountId;

    fn id(&self) -> Option<AccountId> {
        self.account_id.clone()
    }
}

impl ListEntry for ListedGroup {
    type Id = GroupId;

    fn id(&self) -> Option<GroupId> {
        self.id.clone()
    }
}

impl ListEntry for RestrictionList {
    type Id = String;

    fn id(&self) -> Option<String> {
        self.operation.clone()
    }
}

impl RestrictionLists {
    /// What it tells of one list.
    pub(crate) fn reading(&mut self, list: PageList, scrutiny: Scrutiny) -> ListReading {
        let read = match list {
            PageList::View => self.read.take(),
            PageList::Edit => self.update.take(),
        };
        read.map_or(ListReading::Partial, |read| read.reading(list, scrutiny))
    }
}

impl RestrictionsByOperation {
    /// The lists by their operations, none of which is there twice.
    pub(crate) fn into_lists(self, scrutiny: Scrutiny) -> Result<RestrictionLists, Doubt> {
        let mut lists = RestrictionLists::default();
        for list in self.0.entries(scrutiny)? {
            match list.operation.as_deref() {
                Some("read") => lists.read = Some(list),
                Some("update") => lists.update = Some(list),
                _ => {}
            }
        }
        Ok(lists)
    }

    /// Whether it shows that nothing is left of a list. Anything less than the whole list shows nothing.
    pub(crate) fn shows_open(self, list: PageList, scrutiny: Scrutiny) -> bool {
        let reading = self.into_lists(scrutiny).map(|mut lists| lists.reading(list, scrutiny));
        matches!(reading, Ok(ListReading::Whole(subjects)) if subjects.is_empty())
    }
}

/// A page of one list, of which users and groups are paged together.
pub(crate) struct ListPage {
    pub(crate) subjects: Vec<Subject>,
    /// How far the next page is, if there may be one. `start` and `limit` count users and groups at once, so it
    /// begins where the shorter of the two full ones ends.
    pub(crate) step: Option<u64>,
}

impl RestrictionList {
    /// A page of the list that was asked for.
    pub(crate) fn into_page(self, list: PageList, scrutiny: Scrutiny) -> Result<ListPage, Doubt> {
        let asked = operation(list);
        let doubt = (self.operation.as_deref() != Some(asked))
            .then(|| Doubt::Operation { asked, found: self.operation.clone() });
        if let Some(doubt) = scrutiny.unless_off(doubt) {
            return Err(doubt);
        }
        let Some(ListedSubjects { user: Some(users), group: Some(groups) }) = self.restrictions else {
            return Err(Doubt::Half);
        };
        let doubt = (users.is_silent() || groups.is_silent()).then_some(Doubt::NoSize);
        if let Some(doubt) = scrutiny.unless_off(doubt) {
            return Err(doubt);
        }
        let full = |more: bool, here: u64| (more && here > 0).then_some(here);
        let ends = [full(users.may_have_more(), users.shows()), full(groups.may_have_more(), groups.shows())];
        let accounts = users.entries(scrutiny)?.into_iter().filter_map(|user| user.account_id);
        let groups = groups.entries(scrutiny)?.into_iter().filter_map(|group| group.id);
        Ok(ListPage {
            subjects: accounts.map(Subject::User).chain(groups.map(Subject::Group)).collect(),
            step: ends.into_iter().flatten().min(),
        })
    }

    fn reading(self, list: PageList, scrutiny: Scrutiny) -> ListReading {
        let Some(ListedSubjects { user: Some(users), group: Some(groups) }) = &self.restrictions else {
            return ListReading::Partial;
        };
        let more = users.may_have_more() || groups.may_have_more();
        match self.into_page(list, scrutiny) {
            Err(doubt) => ListReading::Doubtful(doubt),
            Ok(_) if more => ListReading::Partial,
            Ok(page) => ListReading::Whole(page.subjects.into_iter().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn side(entries: &Value, size: usize) -> Value {
        json!({"results": entries, "start": 0, "limit": 100, "size": size})
    }

    fn list(operation: &str, users: &Value, size: usize) -> Value {
        json!({"operation": operation, "restrictions": {"user": side(users, size), "group": side(&json!([]), 0)}})
    }

    /// A list whose users come without their number.
    fn silent(users: &Value) -> Value {
        json!({"operation": "read", "restrictions": {"user": {"results": users, "limit": 100}, "group": side(&json!([]), 0)}})
    }

    fn read(answer: Value) -> String {
        let operations: RestrictionsByOperation = serde_json::from_value(answer).unwrap();
        let lists = operations.into_lists(Scrutiny::FULL);
        match lists.map(|mut lists| lists.reading(PageList::View, Scrutiny::FULL)) {
            Ok(ListReading::Whole(subjects)) => format!("{} entries", subjects.len()),
            Ok(ListReading::Partial) => "partial".to_owned(),
            Ok(ListReading::Doubtful(doubt)) | Err(doubt) => doubt.to_string(),
        }
    }

    #[test]
    fn only_a_whole_list_that_is_called_what_was_asked_for_counts() {
        let ann = json!([{"accountId": "ann"}]);
        let two = json!([{"accountId": "ann"}, {"accountId": "ann"}]);
        let update = list("update", &ann, 1);
        for (answer, said) in [
            (json!({"results": [list("read", &ann, 1), update], "size": 2}), "1 entries"),
            (json!({"results": [update], "size": 1}), "partial"),
            (json!({"results": [list("read", &json!([]), 1), update]}), "it claims 1 entries and shows 0"),
            (json!({"results": [list("read", &two, 2), update]}), "`ann` is in it twice"),
            (json!({"results": [list("read", &json!([{}]), 1), update]}), "an entry has no id"),
            (json!({"results": [update, update]}), "`update` is in it twice"),
            (json!({"results": [list("read", &ann, 1)], "size": 2}), "it claims 2 entries and shows 1"),
            (json!({"results": [{"restrictions": {}}], "size": 1}), "an entry has no id"),
            (json!({"results": [{"operation": "read", "restrictions": {"user": side(&ann, 1)}}]}), "partial"),
            (json!({"results": [silent(&ann), update]}), "1 entries"),
            (
                json!({"results": [silent(&json!([])), update]}),
                "it shows no entry and does not say how many it has",
            ),
        ] {
            assert_eq!(read(answer.clone()), said, "{answer}");
        }
    }

    #[test]
    fn a_list_under_the_key_of_another_operation_is_doubted() {
        let mut lists: RestrictionLists =
            serde_json::from_value(json!({"read": list("update", &json!([]), 0)})).unwrap();
        let ListReading::Doubtful(doubt) = lists.reading(PageList::View, Scrutiny::FULL) else { panic!() };
        assert_eq!(doubt.to_string(), "the list of `read` calls itself `update`");
    }
}
