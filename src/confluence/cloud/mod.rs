//! Confluence Cloud: the REST v1 and v2 APIs behind [`Read`](super::Read) and [`Write`](super::Write).
//!
//! Which API answers what is history: spaces, pages, roles and the rows of a space's permissions are read
//! with v2; restrictions, groups and all single-permission writes exist in v1 only.

mod people;
mod read;
mod restrictions;
pub mod scopes;
mod sign_in;
mod spaces;
mod wire;
mod write;

pub use sign_in::{SignedIn, tenant_of};

use std::future::Future;
use std::hash::Hash;
use std::sync::OnceLock;

use futures_util::{Stream, TryStreamExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::address::Address;
use super::client::Client;
use super::credentials::{Credentials, CredentialsError};
use super::error::Error;
use super::page::{self, Bounds, CursorPage, OffsetPage};
use super::transport::{Request, Settings};
use crate::model::Caller;
use wire::{CursorList, OffsetList};

/// A site on Confluence Cloud.
#[derive(Debug)]
pub struct Cloud {
    client: Client,
    signed_in: OnceCell<SignedIn>,
    /// Known once [`Read::site`](super::Read::site) has been asked.
    caller: OnceLock<Caller>,
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
            signed_in: OnceCell::new(),
            caller: OnceLock::new(),
        })
    }

    /// All items of a v2 list, 250 a page.
    async fn v2_list<T: DeserializeOwned + Hash + Send>(&self, request: Request) -> Result<Vec<T>, Error> {
        self.by_cursor(request.query("limit", &250), Bounds::LIST)?.try_collect().await
    }

    /// The items of a list with cursors, which come from the `Link` header or the body.
    fn by_cursor<T: DeserializeOwned + Hash + Send>(
        &self,
        request: Request,
        bounds: Bounds,
    ) -> Result<impl Stream<Item = Result<T, Error>>, Error> {
        let endpoint = self.client.endpoint(&request)?;
        Ok(page::by_cursor(endpoint, bounds, move |cursor| {
            let request = match cursor {
                Some(cursor) => request.clone().query("cursor", &cursor),
                None => request.clone(),
            };
            self.v2_page(request)
        }))
    }

    async fn v2_page<T: DeserializeOwned>(&self, request: Request) -> Result<CursorPage<T>, Error> {
        let answer = self.client.fetch(&request).await?;
        let list: CursorList<T> = answer.json()?;
        let header = answer.header("link").and_then(page::next_of_link_header);
        let next = match header.or(list.links.next.as_deref()) {
            None => None,
            Some(link) => Some(page::query_value(link, "cursor").ok_or_else(|| Error::Unexpected {
                endpoint: answer.endpoint.clone(),
                field: "_links.next".to_owned(),
                problem: "it has no cursor".to_owned(),
            })?),
        };
        Ok(CursorPage { items: list.results, next })
    }

    /// All items of a v1 list with offsets.
    async fn v1_list<T: DeserializeOwned + Hash + Send>(
        &self,
        request: Request,
        limit: u64,
    ) -> Result<Vec<T>, Error> {
        let endpoint = self.client.endpoint(&request)?;
        let request = request.query("limit", &limit);
        let pages = page::by_offset(endpoint, Bounds::LIST, |start| {
            self.v1_page(request.clone().query("start", &start), start, limit)
        });
        pages.try_collect().await
    }

    async fn v1_page<T: DeserializeOwned>(
        &self,
        request: Request,
        start: u64,
        limit: u64,
    ) -> Result<OffsetPage<T>, Error> {
        let list: OffsetList<T> = self.client.read(&request).await?;
        let here = list.results.len() as u64;
        let after = start + list.size.unwrap_or(here).max(here);
        let next = match list.links {
            // The link's own offset leads past entries that were filtered out of this page.
            Some(links) => links.next.map(|link| {
                let named = page::query_value(&link, "start").and_then(|start| start.parse().ok());
                named.filter(|named| *named > start).unwrap_or(after)
            }),
            // Some lists have no links at all; then a full page says that there may be more.
            None => (here > 0 && here >= list.limit.unwrap_or(limit).min(limit)).then_some(after),
        };
        Ok(OffsetPage { items: list.results, next })
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
