//! The lists of Cloud's pages: many at once through the content search, one by one where that is not enough.
//!
//! [`complete`](crate::confluence::complete) says what counts as a list. Anything less is read again in another
//! way, and what is still in doubt then is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures_util::TryStreamExt as _;
use tracing::debug;

use super::wire::Found;
use super::{Cloud, if_complete, if_shown};
use crate::confluence::address::Api;
use crate::confluence::complete::{
    Gathering, ListPage, ListReading, RestrictionList, RestrictionLists, RestrictionsByOperation, operation,
};
use crate::confluence::error::Error;
use crate::confluence::page::{self, Bounds, OffsetPage};
use crate::confluence::transport::Request;
use crate::confluence::{LISTS_AT_ONCE, concurrently};
use crate::model::{AccountId, Audience, ContentId, Known, PageList, Restrictions, Subject, Why};

/// Nothing but the pages that were asked for is a hit, and each is one.
const SEARCH: Bounds = Bounds { pages: LISTS_AT_ONCE, empty: 10 };

/// Entries per page of a list (OpenAPI v1, the default of `limit`).
const ENTRIES: u64 = 100;

pub(super) const EXPAND: &str = "restrictions.read.restrictions.user,restrictions.read.restrictions.group,\
                      restrictions.update.restrictions.user,restrictions.update.restrictions.group";

/// Where a search looks, so that it finds archived pages as well (OpenAPI v1, `GET /content/search`, `cqlcontext`).
const WITH_ARCHIVED: &str = r#"{"contentStatuses":["current","archived"]}"#;

impl Cloud {
    pub(super) async fn many_restrictions(
        &self,
        content: &BTreeSet<ContentId>,
        archived: bool,
    ) -> Result<BTreeMap<ContentId, Known<Restrictions>>, Error> {
        let all: Vec<ContentId> = content.iter().copied().collect();
        let tasks: Vec<_> =
            all.chunks(LISTS_AT_ONCE).map(|some| self.some_restrictions(some, archived)).collect();
        Ok(concurrently(tasks).await?.into_iter().flatten().collect())
    }

    /// At most [`LISTS_AT_ONCE`] pages.
    async fn some_restrictions(
        &self,
        ids: &[ContentId],
        archived: bool,
    ) -> Result<Vec<(ContentId, Known<Restrictions>)>, Error> {
        let mut found = match self.search(ids, archived).await {
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
        concurrently(tasks).await
    }

    /// The lists of what the search finds. It may find less than there is: its index lags. What a search without
    /// an end has not returned by then is asked for one by one like anything else that is missing, and so is all
    /// of one that contradicts itself.
    async fn search(
        &self,
        ids: &[ContentId],
        archived: bool,
    ) -> Result<BTreeMap<ContentId, RestrictionLists>, Error> {
        let list: Vec<String> = ids.iter().map(ContentId::to_string).collect();
        let request = Request::get(Api::V1, ["content", "search"])
            .query("cql", &format!("id in ({})", list.join(",")))
            .query("expand", EXPAND)
            .query("limit", &LISTS_AT_ONCE);
        let request = if archived { request.query("cqlcontext", WITH_ARCHIVED) } else { request };
        let mut pages = pin!(self.by_cursor::<Found>(request, SEARCH)?);
        let mut gathering = Gathering::new(self.scrutiny);
        while !gathering.has_all(ids) {
            match pages.try_next().await {
                Ok(Some(page)) => gathering.add(page),
                Ok(None) | Err(Error::Endless { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        let hits = gathering.finish().unwrap_or_default().into_iter().filter(|hit| ids.contains(&hit.id));
        Ok(hits.filter_map(|hit| Some((hit.id, hit.restrictions?))).collect())
    }

    /// The accounts on both lists, where these are whole as they are.
    pub(super) fn accounts_on(&self, mut lists: RestrictionLists) -> Option<BTreeSet<AccountId>> {
        let mut accounts = BTreeSet::new();
        for list in PageList::ALL {
            let ListReading::Whole(subjects) = lists.reading(list, self.scrutiny) else { return None };
            accounts.extend(subjects.into_iter().filter_map(|subject| match subject {
                Subject::User(account) => Some(account),
                Subject::Group(_) => None,
            }));
        }
        Some(accounts)
    }

    /// The lists that a page gives of itself.
    pub(super) async fn direct_restrictions(&self, id: ContentId) -> Result<Known<Restrictions>, Error> {
        let content = id.to_string();
        let request = Request::get(Api::V1, ["content", &content, "restriction"])
            .query("expand", "restrictions.user,restrictions.group")
            .query("limit", &ENTRIES);
        let Some(answer) = if_shown(self.client.read::<RestrictionsByOperation>(&request)).await? else {
            return Ok(Known::Unknown(Why::Hidden));
        };
        // In doubt, both lists are asked for by their operations.
        self.whole(id, answer.into_lists(self.scrutiny).unwrap_or_default()).await
    }

    /// Both lists of a page; what is missing of them or is in doubt is read again, by operation.
    async fn whole(&self, id: ContentId, mut lists: RestrictionLists) -> Result<Known<Restrictions>, Error> {
        let mut restrictions = Restrictions::OPEN;
        for list in PageList::ALL {
            let shown = match lists.reading(list, self.scrutiny) {
                ListReading::Whole(subjects) => Some(subjects),
                ListReading::Partial => None,
                ListReading::Doubtful(doubt) => {
                    debug!(content = %id, %doubt, "asking by operation");
                    None
                }
            };
            let subjects = match shown {
                Some(subjects) => subjects,
                None => match if_complete(self.full_list(id, list)).await? {
                    Known::Known(subjects) => subjects,
                    Known::Unknown(why) => return Ok(Known::Unknown(why)),
                },
            };
            *restrictions.audience_mut(list) = Audience::from_site_list(subjects);
        }
        Ok(Known::Known(restrictions))
    }

    /// One list, page by page.
    async fn full_list(&self, id: ContentId, list: PageList) -> Result<BTreeSet<Subject>, Error> {
        let content = id.to_string();
        let request =
            Request::get(Api::V1, ["content", &content, "restriction", "byOperation", operation(list)])
                .query("expand", "restrictions.user,restrictions.group")
                .query("limit", &ENTRIES);
        let endpoint = self.client.endpoint(&request)?;
        let pages = page::by_offset(endpoint, Bounds::LIST, |start| {
            self.page_of_list(request.clone().query("start", &start), list, start)
        });
        let subjects: Vec<Subject> = pages.try_concat().await?;
        Ok(subjects.into_iter().collect())
    }

    async fn page_of_list(
        &self,
        request: Request,
        list: PageList,
        start: u64,
    ) -> Result<OffsetPage<Vec<Subject>>, Error> {
        let read: RestrictionList = self.client.read(&request).await?;
        match read.into_page(list, self.scrutiny) {
            Ok(ListPage { subjects, step }) => {
                Ok(OffsetPage { items: subjects, next: step.map(|step| start + step) })
            }
            Err(doubt) => Err(Error::Incomplete { endpoint: self.client.endpoint(&request)?, doubt }),
        }
    }
}
