//! Lists that come in pages, as streams. A page can be empty and still have a next one; a list ends where
//! no next page is named, and nowhere else.

use std::collections::BTreeSet;
use std::future::Future;

use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use url::{Url, form_urlencoded};

use super::error::{Endpoint, Error};

/// One page of a list with cursors (v2, and v1's CQL search).
#[derive(Debug)]
pub(crate) struct CursorPage<T> {
    pub(crate) items: Vec<T>,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
}

/// One page of a list with offsets (v1).
#[derive(Debug)]
pub(crate) struct OffsetPage<T> {
    pub(crate) items: Vec<T>,
    /// The `start` of the next page.
    pub(crate) next: Option<u64>,
}

/// All items of a list with cursors. A cursor that comes back a second time ends in an error: the list would
/// never end.
pub(crate) fn by_cursor<T, F, Fut>(endpoint: Endpoint, fetch: F) -> impl Stream<Item = Result<T, Error>>
where
    F: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Result<CursorPage<T>, Error>>,
{
    struct State<F> {
        next: Option<String>,
        seen: BTreeSet<String>,
        ended: bool,
        endpoint: Endpoint,
        fetch: F,
    }
    let state = State { next: None, seen: BTreeSet::new(), ended: false, endpoint, fetch };
    stream::try_unfold(state, |mut state| async move {
        if state.ended {
            return Ok(None);
        }
        let page = (state.fetch)(state.next.take()).await?;
        state.ended = page.next.is_none();
        state.next = page.next;
        if let Some(cursor) = &state.next
            && !state.seen.insert(cursor.clone())
        {
            return Err(Error::CursorLoop { endpoint: state.endpoint });
        }
        Ok(Some((stream::iter(page.items).map(Ok), state)))
    })
    .try_flatten()
}

/// All items of a list with offsets. An offset that does not grow ends in an error.
pub(crate) fn by_offset<T, F, Fut>(endpoint: Endpoint, fetch: F) -> impl Stream<Item = Result<T, Error>>
where
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Result<OffsetPage<T>, Error>>,
{
    struct State<F> {
        next: Option<u64>,
        endpoint: Endpoint,
        fetch: F,
    }
    let state = State { next: Some(0), endpoint, fetch };
    stream::try_unfold(state, |mut state| async move {
        let Some(start) = state.next.take() else { return Ok(None) };
        let page = (state.fetch)(start).await?;
        if let Some(next) = page.next {
            if next <= start {
                return Err(Error::CursorLoop { endpoint: state.endpoint });
            }
            state.next = Some(next);
        }
        Ok(Some((stream::iter(page.items).map(Ok), state)))
    })
    .try_flatten()
}

/// The `rel="next"` address of a `Link` header.
pub(crate) fn next_of_link_header(link: &str) -> Option<&str> {
    // Cursors may hold commas and semicolons; addresses stand in angle brackets.
    let mut rest = link;
    while let Some(start) = rest.find('<') {
        let inside = rest.get(start + 1..)?;
        let (address, after) = inside.split_once('>')?;
        let parameters = after.split_once('<').map_or(after, |(parameters, _)| parameters);
        let is_next = parameters
            .split([';', ','])
            .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
        if is_next {
            return Some(address);
        }
        rest = after;
    }
    None
}

/// One value of an address's query. The address itself is never followed: through the gateway it names the
/// site, where the token may not work, and v1's leaves out `/wiki`.
pub(crate) fn query_value(address: &str, name: &str) -> Option<String> {
    let query = match Url::parse(address) {
        Ok(url) => url.query()?.to_owned(),
        Err(_) => address.split_once('?')?.1.split('#').next()?.to_owned(),
    };
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use http::Method;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint { method: Method::GET, path: "/wiki/api/v2/spaces".to_owned() }
    }

    #[tokio::test]
    async fn an_empty_page_with_a_next_one_is_walked_through() {
        let items: Vec<u8> = by_cursor(endpoint(), |cursor| {
            ready(Ok(match cursor.as_deref() {
                None => CursorPage { items: vec![1], next: Some("a".to_owned()) },
                Some("a") => CursorPage { items: vec![], next: Some("b".to_owned()) },
                _ => CursorPage { items: vec![2], next: None },
            }))
        })
        .try_collect()
        .await
        .unwrap();
        assert_eq!(items, [1, 2]);
    }

    #[tokio::test]
    async fn a_cursor_that_comes_back_is_an_error() {
        let mut calls = 0;
        let result: Result<Vec<u8>, Error> = by_cursor(endpoint(), |_| {
            calls += 1;
            ready(Ok(CursorPage { items: vec![1], next: Some("same".to_owned()) }))
        })
        .try_collect()
        .await;
        assert_eq!(result.unwrap_err().to_string(), "the pages of `GET /wiki/api/v2/spaces` run in a circle");
        assert_eq!(calls, 2);
    }

    #[tokio::test]
    async fn offsets_go_on_until_no_next_page_is_named() {
        let items: Vec<u64> = by_offset(endpoint(), |start| {
            ready(Ok(OffsetPage { items: vec![start], next: (start < 4).then_some(start + 2) }))
        })
        .try_collect()
        .await
        .unwrap();
        assert_eq!(items, [0, 2, 4]);
        let stuck: Result<Vec<u64>, Error> = by_offset(endpoint(), |start| {
            ready(Ok(OffsetPage { items: Vec::<u64>::new(), next: Some(start) }))
        })
        .try_collect()
        .await;
        assert!(matches!(stuck, Err(Error::CursorLoop { .. })));
    }

    #[test]
    fn only_the_cursor_is_taken_from_a_link() {
        let link = r#"</wiki/api/v2/spaces?limit=2&cursor=a%2Bb%3D,;>; rel="next", <https://site.atlassian.net/wiki>; rel="base""#;
        let next = next_of_link_header(link).unwrap();
        assert_eq!(query_value(next, "cursor").as_deref(), Some("a+b=,;"));
        assert_eq!(next_of_link_header(r#"<https://site.atlassian.net/wiki>; rel="base""#), None);
        assert_eq!(query_value("https://other.example/x?start=50&limit=25", "start").as_deref(), Some("50"));
        assert_eq!(query_value("/rest/api/group", "start"), None);
    }
}
