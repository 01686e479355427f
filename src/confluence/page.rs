//! Lists that come in pages, as streams. A page can be empty and still have a next one; a list ends where
//! no next page is named, and nowhere else. One that gives no sign of ever ending is an error, never a shorter
//! list.

use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use futures_util::stream::{self, Stream};
use url::{Url, form_urlencoded};

use super::error::{Endless, Endpoint, Error};

/// What is in one page of a list. Equal pages have equal items.
pub(crate) trait Batch: Hash {
    fn is_empty(&self) -> bool;
}

impl<T: Hash> Batch for Vec<T> {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// One page of a list with cursors (v2, and v1's CQL search).
#[derive(Debug)]
pub(crate) struct CursorPage<B> {
    pub(crate) items: B,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
}

/// One page of a list with offsets (v1).
#[derive(Debug)]
pub(crate) struct OffsetPage<B> {
    pub(crate) items: B,
    /// The `start` of the next page.
    pub(crate) next: Option<u64>,
}

/// How far a list is followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Pages in all.
    pub(crate) pages: usize,
    /// Pages in a row without an item. There are honest ones: what the caller may not see is taken out of a page
    /// after it was cut.
    pub(crate) empty: usize,
}

impl Bounds {
    /// Two and a half million items at 250 a page: several times what the largest sites have of anything in one
    /// list.
    pub(crate) const LIST: Self = Self { pages: 10_000, empty: 1_000 };
}

/// The pages of a list with cursors.
pub(crate) fn by_cursor<B, F, Fut>(
    endpoint: Endpoint,
    bounds: Bounds,
    fetch: F,
) -> impl Stream<Item = Result<B, Error>>
where
    B: Batch,
    F: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Result<CursorPage<B>, Error>>,
{
    struct State<F> {
        next: Option<String>,
        seen: BTreeSet<String>,
        ended: bool,
        trail: Trail,
        fetch: F,
    }
    let trail = Trail::new(endpoint, bounds);
    let state = State { next: None, seen: BTreeSet::new(), ended: false, trail, fetch };
    stream::try_unfold(state, |mut state| async move {
        if state.ended {
            return Ok(None);
        }
        let page = (state.fetch)(state.next.take()).await?;
        match &page.next {
            None => state.ended = true,
            Some(cursor) if !state.seen.insert(cursor.clone()) => {
                return Err(state.trail.endless(Endless::Circle));
            }
            Some(_) => state.trail.goes_on_after(&page.items)?,
        }
        state.next = page.next;
        Ok(Some((page.items, state)))
    })
}

/// The pages of a list with offsets.
pub(crate) fn by_offset<B, F, Fut>(
    endpoint: Endpoint,
    bounds: Bounds,
    fetch: F,
) -> impl Stream<Item = Result<B, Error>>
where
    B: Batch,
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Result<OffsetPage<B>, Error>>,
{
    struct State<F> {
        next: Option<u64>,
        trail: Trail,
        fetch: F,
    }
    let state = State { next: Some(0), trail: Trail::new(endpoint, bounds), fetch };
    stream::try_unfold(state, |mut state| async move {
        let Some(start) = state.next.take() else { return Ok(None) };
        let page = (state.fetch)(start).await?;
        if let Some(next) = page.next {
            if next <= start {
                return Err(state.trail.endless(Endless::Circle));
            }
            state.trail.goes_on_after(&page.items)?;
            state.next = Some(next);
        }
        Ok(Some((page.items, state)))
    })
}

/// What a list has shown so far, as far as it tells whether it will end.
struct Trail {
    endpoint: Endpoint,
    bounds: Bounds,
    pages: usize,
    empty: usize,
    /// Of the items of each page. A list that gives the same ones under a new cursor never ends.
    fingerprints: BTreeSet<u64>,
}

impl Trail {
    const fn new(endpoint: Endpoint, bounds: Bounds) -> Self {
        Self { endpoint, bounds, pages: 0, empty: 0, fingerprints: BTreeSet::new() }
    }

    /// Notes a page that has a next one.
    fn goes_on_after(&mut self, items: &impl Batch) -> Result<(), Error> {
        self.pages += 1;
        self.empty = if items.is_empty() { self.empty + 1 } else { 0 };
        let mut hasher = DefaultHasher::new();
        items.hash(&mut hasher);
        if !items.is_empty() && !self.fingerprints.insert(hasher.finish()) {
            return Err(self.endless(Endless::Circle));
        }
        if self.empty >= self.bounds.empty {
            return Err(self.endless(Endless::Empty(self.empty)));
        }
        if self.pages >= self.bounds.pages {
            return Err(self.endless(Endless::TooMany(self.pages)));
        }
        Ok(())
    }

    fn endless(&self, sign: Endless) -> Error {
        Error::Endless { endpoint: self.endpoint.clone(), sign }
    }
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

    use futures_util::TryStreamExt as _;
    use http::Method;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint { method: Method::GET, path: "/wiki/api/v2/spaces".to_owned() }
    }

    #[tokio::test]
    async fn an_empty_page_with_a_next_one_is_walked_through() {
        let items: Vec<u8> = by_cursor(endpoint(), Bounds::LIST, |cursor| {
            ready(Ok(match cursor.as_deref() {
                None => CursorPage { items: vec![1], next: Some("a".to_owned()) },
                Some("a") => CursorPage { items: vec![], next: Some("b".to_owned()) },
                _ => CursorPage { items: vec![2], next: None },
            }))
        })
        .try_concat()
        .await
        .unwrap();
        assert_eq!(items, [1, 2]);
    }

    #[tokio::test]
    async fn a_cursor_that_comes_back_is_an_error() {
        let mut calls = 0;
        let result: Result<Vec<u8>, Error> = by_cursor(endpoint(), Bounds::LIST, |_| {
            calls += 1;
            ready(Ok(CursorPage { items: vec![1], next: Some("same".to_owned()) }))
        })
        .try_concat()
        .await;
        assert_eq!(
            result.unwrap_err().to_string(),
            "the list `GET /wiki/api/v2/spaces` does not end: the links to its next pages form a loop"
        );
        assert_eq!(calls, 2);
    }

    #[tokio::test]
    async fn offsets_go_on_until_no_next_page_is_named() {
        let items: Vec<u64> = by_offset(endpoint(), Bounds::LIST, |start| {
            ready(Ok(OffsetPage { items: vec![start], next: (start < 4).then_some(start + 2) }))
        })
        .try_concat()
        .await
        .unwrap();
        assert_eq!(items, [0, 2, 4]);
        let stuck: Result<Vec<u64>, Error> = by_offset(endpoint(), Bounds::LIST, |start| {
            ready(Ok(OffsetPage { items: Vec::<u64>::new(), next: Some(start) }))
        })
        .try_concat()
        .await;
        assert!(matches!(stuck, Err(Error::Endless { sign: Endless::Circle, .. })));
    }

    /// What a list says that gives these items on page after page, each under a new cursor or offset; and the
    /// number of pages.
    async fn for_ever(items: impl Fn(u64) -> Vec<u64>) -> (String, u64) {
        let mut calls = 0;
        let cursors: Result<Vec<u64>, Error> = by_cursor(endpoint(), Bounds::LIST, |_| {
            calls += 1;
            ready(Ok(CursorPage { items: items(calls), next: Some(calls.to_string()) }))
        })
        .try_concat()
        .await;
        let mut more = 0;
        let offsets: Result<Vec<u64>, Error> = by_offset(endpoint(), Bounds::LIST, |start| {
            more += 1;
            ready(Ok(OffsetPage { items: items(more), next: Some(start + 1) }))
        })
        .try_concat()
        .await;
        assert_eq!(calls, more);
        let said = cursors.unwrap_err().to_string();
        assert_eq!(offsets.unwrap_err().to_string(), said);
        (said.replace("the list `GET /wiki/api/v2/spaces` does not end: ", ""), calls)
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_an_error_soon() {
        assert_eq!(for_ever(|_| vec![1, 2]).await, ("the links to its next pages form a loop".to_owned(), 2));
        assert_eq!(
            for_ever(|page| vec![page % 7, 1]).await,
            ("the links to its next pages form a loop".to_owned(), 8)
        );
        let empty = "1000 pages in a row are empty, and there are said to be more".to_owned();
        assert_eq!(for_ever(|_| vec![]).await, (empty, 1000));
        // Not quite in a row.
        let (said, calls) = for_ever(|page| if page % 900 == 0 { vec![page] } else { vec![] }).await;
        assert_eq!((said.as_str(), calls), ("more than 10000 pages are more than any site has", 10_000));
    }

    #[tokio::test]
    async fn many_empty_pages_are_walked_through() {
        let items: Vec<u64> = by_offset(endpoint(), Bounds::LIST, |start| {
            let items = if start % 300 == 0 { vec![start] } else { vec![] };
            ready(Ok(OffsetPage { items, next: (start < 2_900).then_some(start + 1) }))
        })
        .try_concat()
        .await
        .unwrap();
        assert_eq!(items.len(), 10);
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
