//! Confluence Cloud: the REST v1 and v2 APIs behind [`Read`](super::Read) and [`Write`](super::Write).
//!
//! Which API answers what is history: spaces, pages, roles and the rows of a space's permissions are read
//! with v2; restrictions, groups and all single-permission writes exist in v1 only.

mod labels;
mod lists;
mod many_spaces;
mod one_page;
mod people;
mod read;
mod restrictions;
pub mod scopes;
mod sign_in;
mod spaces;
mod token;
mod visitors;
mod wire;
mod write;

pub use sign_in::{SignedIn, tenant_of};

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, OnceLock, PoisonError};

use futures_util::{Stream, TryStreamExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::address::Address;
use super::client::Client;
use super::complete::{Doubt, Gathering, ListEntry, Scrutiny, WireList};
use super::credentials::{Credentials, CredentialsError};
use super::error::Error;
use super::page::{self, Bounds, CursorPage, OffsetPage};
use super::transport::{Request, Settings};
use crate::model::{Caller, Known, Why};

/// The most entries of a page of v2.
const PAGE_OF_V2: u64 = 250;

/// The most entries of a page of v1's group lists; membersByGroupId answers 400 to more (confluence.js).
const PAGE_OF_V1: u64 = 200;

/// Entries of a page where a list has contradicted itself.
const SMALLER_PAGE: u64 = 50;

/// A site on Confluence Cloud.
#[derive(Debug)]
pub struct Cloud {
    client: Client,
    scrutiny: Scrutiny,
    has_bearer_token: bool,
    signed_in: OnceCell<SignedIn>,
    /// Known once [`Read::site`](super::Read::site) has been asked.
    caller: OnceLock<Caller>,
    /// By list, the entries that could not be read.
    unreadable: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Cloud {
    /// Nothing is sent yet. A token without a user name is refused at a site's own address, which answers 401
    /// to it: bearer tokens go through the gateway only (cloud-api.md §7).
    pub fn new(address: Address, credentials: &Credentials, settings: &Settings) -> Result<Self, Error> {
        if matches!(credentials, Credentials::Bearer(_)) && !address.is_gateway() {
            return Err(Error::Credentials(CredentialsError::NoUserName));
        }
        Ok(Self {
            client: Client::new(address, credentials, settings)?,
            scrutiny: settings.scrutiny,
            has_bearer_token: matches!(credentials, Credentials::Bearer(_)),
            signed_in: OnceCell::new(),
            caller: OnceLock::new(),
            unreadable: Mutex::default(),
        })
    }

    /// All entries of a v2 list. One that contradicts itself is asked for again, in smaller pages.
    async fn v2_list<T: DeserializeOwned + ListEntry + Send>(
        &self,
        request: Request,
    ) -> Result<Vec<T>, Error> {
        let endpoint = self.client.endpoint(&request)?;
        let mut found = Box::pin(self.v2_once(&request, PAGE_OF_V2)).await?;
        if found.is_err() {
            found = Box::pin(self.v2_once(&request, SMALLER_PAGE)).await?;
        }
        found.map_err(|doubt| Error::Incomplete { endpoint, doubt })
    }

    async fn v2_once<T: DeserializeOwned + ListEntry + Send>(
        &self,
        request: &Request,
        limit: u64,
    ) -> Result<Result<Vec<T>, Doubt>, Error> {
        self.gathered(self.by_cursor(request.clone().query("limit", &limit), Bounds::LIST)?).await
    }

    /// All entries of a v1 list with offsets. One that contradicts itself is asked for again, in smaller pages.
    async fn v1_list<T: DeserializeOwned + ListEntry + Send>(
        &self,
        request: Request,
    ) -> Result<Vec<T>, Error> {
        let endpoint = self.client.endpoint(&request)?;
        let mut found = Box::pin(self.v1_once(&request, PAGE_OF_V1)).await?;
        if found.is_err() {
            found = Box::pin(self.v1_once(&request, SMALLER_PAGE)).await?;
        }
        found.map_err(|doubt| Error::Incomplete { endpoint, doubt })
    }

    async fn v1_once<T: DeserializeOwned + ListEntry + Send>(
        &self,
        request: &Request,
        limit: u64,
    ) -> Result<Result<Vec<T>, Doubt>, Error> {
        let endpoint = self.client.endpoint(request)?;
        let request = request.clone().query("limit", &limit);
        let pages = page::by_offset(endpoint, Bounds::LIST, |start| {
            self.v1_page(request.clone().query("start", &start), start, limit)
        });
        self.gathered(pages).await
    }

    async fn gathered<T: ListEntry>(
        &self,
        pages: impl Stream<Item = Result<WireList<T>, Error>> + Send,
    ) -> Result<Result<Vec<T>, Doubt>, Error> {
        let mut pages = pin!(pages);
        let mut gathering = Gathering::new(self.scrutiny);
        while let Some(page) = pages.try_next().await? {
            gathering.add(page);
        }
        Ok(gathering.finish())
    }

    /// The pages of a list with cursors, which come from the `Link` header or the body.
    fn by_cursor<T: DeserializeOwned + ListEntry + Send>(
        &self,
        request: Request,
        bounds: Bounds,
    ) -> Result<impl Stream<Item = Result<WireList<T>, Error>> + Send, Error> {
        let endpoint = self.client.endpoint(&request)?;
        Ok(page::by_cursor(endpoint, bounds, move |cursor| {
            let request = match cursor {
                Some(cursor) => request.clone().query("cursor", &cursor),
                None => request.clone(),
            };
            self.v2_page(request)
        }))
    }

    async fn v2_page<T: DeserializeOwned + ListEntry>(
        &self,
        request: Request,
    ) -> Result<CursorPage<WireList<T>>, Error> {
        let answer = self.client.fetch(&request).await?;
        let list: WireList<T> = match answer.json() {
            Err(error @ Error::Unexpected { .. }) if T::MAY_BE_SKIPPED => {
                let (list, unreadable) = WireList::without_unreadable(&answer.body).ok_or(error)?;
                let mut known = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
                known.entry(answer.endpoint.path.clone()).or_default().extend(unreadable);
                list
            }
            list => list?,
        };
        let header = answer.header("link").and_then(page::next_of_link_header);
        let next = match header.or_else(|| list.links().and_then(|links| links.next.as_deref())) {
            None => None,
            Some(link) => Some(page::query_value(link, "cursor").ok_or_else(|| Error::Unexpected {
                endpoint: answer.endpoint.clone(),
                field: "_links.next".to_owned(),
                problem: "it has no cursor".to_owned(),
            })?),
        };
        Ok(CursorPage { items: list, next })
    }

    async fn v1_page<T: DeserializeOwned>(
        &self,
        request: Request,
        start: u64,
        limit: u64,
    ) -> Result<OffsetPage<WireList<T>>, Error> {
        let list: WireList<T> = self.client.read(&request).await?;
        let (here, after) = (list.shows(), start + list.steps());
        let next = match list.links() {
            // The link's own offset leads past entries that were filtered out of this page.
            Some(links) => links.next.as_deref().map(|link| {
                let named = page::query_value(link, "start").and_then(|start| start.parse().ok());
                named.filter(|named| *named > start).unwrap_or(after)
            }),
            // Some lists have no links at all; then a full page says that there may be more.
            None => (here > 0 && here >= list.limit().unwrap_or(limit).min(limit)).then_some(after),
        };
        Ok(OffsetPage { items: list, next })
    }
}

/// The answer, or `None` where Confluence says that the object is hidden or gone.
async fn if_shown<T>(asked: impl Future<Output = Result<T, Error>> + Send) -> Result<Option<T>, Error> {
    match asked.await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_hidden() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The answer, or the reason why it is not known: Confluence hides it, or it is not complete.
async fn if_complete<T>(asked: impl Future<Output = Result<T, Error>> + Send) -> Result<Known<T>, Error> {
    match asked.await {
        Ok(answer) => Ok(Known::Known(answer)),
        Err(error) if error.is_hidden() => Ok(Known::Unknown(Why::Hidden)),
        Err(Error::Incomplete { doubt, .. }) => Ok(Known::Unknown(doubt.why())),
        Err(error) => Err(error),
    }
}
