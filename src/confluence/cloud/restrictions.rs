//! The lists of Cloud's pages: many at once through the content search, one by one where that is not enough.
//!
//! The danger here is to take a list for empty, since empty means open. So a list counts only if both its
//! halves were in the answer, whole, and every entry had an id; anything less is read again in full, and what
//! then is still not clear is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures_util::TryStreamExt as _;
use serde::Deserialize;

use super::read::operation;
use super::wire::{BothLists, Found, OffsetList, OneList, Sides, V1Group, V1User};
use super::{Cloud, if_shown};
use crate::confluence::address::Api;
use crate::confluence::answer::Answer;
use crate::confluence::error::Error;
use crate::confluence::page::{self, Bounds, OffsetPage};
use crate::confluence::transport::Request;
use crate::confluence::{LISTS_AT_ONCE, side_by_side};
use crate::model::{Audience, ContentId, Known, PageVerb, Restrictions, Subject, Why};

/// Nothing but the pages that were asked for is a hit, and each is one.
const SEARCH: Bounds = Bounds { pages: LISTS_AT_ONCE, empty: 10 };

/// Entries per page of a list (OpenAPI v1, the default of `limit`).
const ENTRIES: u64 = 100;

const EXPAND: &str = "restrictions.read.restrictions.user,restrictions.read.restrictions.group,\
                      restrictions.update.restrictions.user,restrictions.update.restrictions.group";

/// Not all lists of restrictions have to come as an array with both operations.
#[derive(Debug, Deserialize)]
struct Direct {
    results: Vec<OneList>,
}

impl Cloud {
    pub(super) async fn many_restrictions(
        &self,
        content: &BTreeSet<ContentId>,
    ) -> Result<BTreeMap<ContentId, Known<Restrictions>>, Error> {
        let all: Vec<ContentId> = content.iter().copied().collect();
        let tasks: Vec<_> = all.chunks(LISTS_AT_ONCE).map(|some| self.some_restrictions(some)).collect();
        Ok(side_by_side(tasks).await?.into_iter().flatten().collect())
    }

    /// At most [`LISTS_AT_ONCE`] pages.
    async fn some_restrictions(
        &self,
        ids: &[ContentId],
    ) -> Result<Vec<(ContentId, Known<Restrictions>)>, Error> {
        let mut found = match self.search(ids).await {
            Ok(found) => found,
            // One unreadable ancestor can fail a whole batch (CONFCLOUD-77618), and long lists can make it large.
            Err(
                Error::NotFound(_) | Error::Rejected(_) | Error::RequestTooLarge(_) | Error::TooLarge { .. },
            ) => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        // The index lags: what it does not return may exist all the same.
        let tasks: Vec<_> = ids
            .iter()
            .map(|&id| {
                let lists = found.remove(&id);
                async move {
                    let restrictions = match lists {
                        Some(lists) => self.whole(id, lists).await?,
                        None => self.direct_restrictions(id).await?,
                    };
                    Ok((id, restrictions))
                }
            })
            .collect();
        side_by_side(tasks).await
    }

    /// The lists of what the search finds. It may find less than there is: its index lags. What a search without
    /// an end has not returned by then is asked for one by one like anything else that is missing.
    async fn search(&self, ids: &[ContentId]) -> Result<BTreeMap<ContentId, BothLists>, Error> {
        let list: Vec<String> = ids.iter().map(ContentId::to_string).collect();
        let request = Request::get(Api::V1, ["content", "search"])
            .query("cql", &format!("id in ({})", list.join(",")))
            .query("expand", EXPAND)
            .query("limit", &LISTS_AT_ONCE);
        let mut hits = pin!(self.by_cursor::<Found>(request, SEARCH)?);
        let mut found = BTreeMap::new();
        while found.len() < ids.len() {
            match hits.try_next().await {
                Ok(Some(hit)) if ids.contains(&hit.id) => {
                    found.extend(hit.restrictions.map(|lists| (hit.id, lists)));
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(Error::Endless { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    pub(super) async fn direct_restrictions(&self, id: ContentId) -> Result<Known<Restrictions>, Error> {
        let content = id.to_string();
        let request = Request::get(Api::V1, ["content", &content, "restriction"])
            .query("expand", "restrictions.user,restrictions.group")
            .query("limit", &ENTRIES);
        let Some(answer) = if_shown(self.client.read::<Direct>(&request)).await? else {
            return Ok(Known::Unknown(Why::Hidden));
        };
        let mut lists = BothLists::default();
        for list in answer.results {
            match list.operation.as_deref() {
                Some("read") => lists.read = Some(list),
                Some("update") => lists.update = Some(list),
                _ => {}
            }
        }
        self.whole(id, lists).await
    }

    /// Both lists of a page; what is missing of them is read again in full.
    async fn whole(&self, id: ContentId, lists: BothLists) -> Result<Known<Restrictions>, Error> {
        let mut restrictions = Restrictions::OPEN;
        for (verb, list) in [(PageVerb::View, lists.read), (PageVerb::Edit, lists.update)] {
            let reading = match list.and_then(|list| list.restrictions).map_or(Reading::Partial, read) {
                Reading::Partial => self.full_list(id, verb).await?,
                reading => reading,
            };
            match reading {
                Reading::Whole(subjects) => {
                    *restrictions.audience_mut(verb) = Audience::from_site_list(subjects);
                }
                Reading::Partial | Reading::Nameless => return Ok(Known::Unknown(Why::Hidden)),
            }
        }
        Ok(Known::Known(restrictions))
    }

    /// One list, page by page.
    async fn full_list(&self, id: ContentId, verb: PageVerb) -> Result<Reading, Error> {
        let content = id.to_string();
        let request =
            Request::get(Api::V1, ["content", &content, "restriction", "byOperation", operation(verb)])
                .query("expand", "restrictions.user,restrictions.group")
                .query("limit", &ENTRIES);
        let endpoint = self.client.endpoint(&request)?;
        let pages = page::by_offset(endpoint, Bounds::LIST, |start| {
            self.page_of_list(request.clone().query("start", &start), start)
        });
        let entries: Option<Vec<Option<Subject>>> = if_shown(pages.try_collect()).await?;
        let Some(entries) = entries else { return Ok(Reading::Partial) };
        let subjects: Option<BTreeSet<Subject>> = entries.into_iter().collect();
        Ok(subjects.map_or(Reading::Nameless, Reading::Whole))
    }

    /// `start` and `limit` count people and groups at once, so the next page begins where the shorter of the two
    /// full ones ends.
    async fn page_of_list(&self, request: Request, start: u64) -> Result<OffsetPage<Option<Subject>>, Error> {
        let list: OneList = self.client.read(&request).await?;
        let Some(Sides { user: Some(user), group: Some(group) }) = list.restrictions else {
            return Err(Error::Unexpected {
                endpoint: self.client.endpoint(&request)?,
                field: "restrictions".to_owned(),
                problem: "people and groups are not both in it".to_owned(),
            });
        };
        let full = |more: bool, here: usize| (more && here > 0).then_some(here as u64);
        let ends = [
            full(user.may_have_more(), user.results.len()),
            full(group.may_have_more(), group.results.len()),
        ];
        let next = ends.into_iter().flatten().min().map(|step| start + step);
        Ok(OffsetPage { items: entries(user, group).collect(), next })
    }
}

/// Who is in the two halves of a list, `None` for an entry without an id.
fn entries(user: OffsetList<V1User>, group: OffsetList<V1Group>) -> impl Iterator<Item = Option<Subject>> {
    let accounts = user.results.into_iter().map(|user| user.account_id.map(Subject::User));
    accounts.chain(group.results.into_iter().map(|group| group.id.map(Subject::Group)))
}

/// Whether the answer to a write shows that nothing is left of a list. Anything less than the whole list shows
/// nothing.
pub(super) fn shows_open(answer: &Answer, verb: PageVerb) -> bool {
    let Ok(answer) = answer.json::<Direct>() else { return false };
    let named = |list: &OneList| list.operation.as_deref() == Some(operation(verb));
    let list = answer.results.into_iter().find(named).and_then(|list| list.restrictions);
    matches!(list.map(read), Some(Reading::Whole(subjects)) if subjects.is_empty())
}

/// What an answer tells of one list.
enum Reading {
    Whole(BTreeSet<Subject>),
    /// More entries than fitted, or a half that is not there.
    Partial,
    /// An entry without an id, such as an account that was deleted.
    Nameless,
}

fn read(sides: Sides) -> Reading {
    let Sides { user: Some(user), group: Some(group) } = sides else { return Reading::Partial };
    if user.may_have_more() || group.may_have_more() {
        return Reading::Partial;
    }
    let subjects: Option<BTreeSet<Subject>> = entries(user, group).collect();
    subjects.map_or(Reading::Nameless, Reading::Whole)
}
