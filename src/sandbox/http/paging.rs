//! The three ways of turning pages: v2 cursors, v1 offsets, and the cursors of a CQL search.
//!
//! A cursor is opaque to clients. It holds the key of the last item seen, so that rows which vanish between
//! two pages do not shift the rest. With the quirk `empty-pages`, an empty page with a next link follows
//! every page that has a next link.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Failure};
use super::ask::Ask;

/// What a page is beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// It comes after the item with this key.
    After(u64),
    /// It comes before it.
    Before(u64),
}

/// A place in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cursor {
    /// Where the page is; keys grow.
    edge: Option<Edge>,
    /// The page that begins here is an empty one.
    gap: bool,
}

impl Cursor {
    fn read(text: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let read = || {
            let (gap, place) = text.strip_prefix('e')?.split_at_checked(1)?;
            let (side, digits) = place.split_at_checked(1)?;
            let key = u64::from_str_radix(digits, 16).ok()? ^ MASK;
            let edge = match side {
                "n" => Edge::After(key),
                "p" => Edge::Before(key),
                _ => return None,
            };
            Some(Self { edge: Some(edge), gap: gap == "1" })
        };
        read().ok_or_else(|| Failure::bad_request("The cursor is not valid"))
    }

    fn write(self) -> String {
        let (side, key) = match self.edge {
            Some(Edge::Before(key)) => ('p', key),
            Some(Edge::After(key)) => ('n', key),
            None => ('n', 0),
        };
        format!("e{}{side}{:016x}", u8::from(self.gap), key ^ MASK)
    }
}

/// Makes cursors opaque, so that no client computes them.
const MASK: u64 = 0x5bd1_e995_9d1c_a3f7;

/// One page of a list, where the next begins, and where the one before it ends.
#[derive(Default)]
struct Page {
    results: Vec<Value>,
    next: Option<Cursor>,
    prev: Option<Cursor>,
}

/// Takes up to `limit` items beside a cursor. `show` hides items by giving `None`.
fn turn<T>(
    items: &[(u64, T)],
    cursor: Cursor,
    limit: usize,
    gaps: bool,
    mut show: impl FnMut(&T) -> Option<Value>,
) -> Page {
    if cursor.gap {
        return Page { next: Some(Cursor { gap: false, ..cursor }), ..Page::default() };
    }
    if let Some(Edge::Before(key)) = cursor.edge {
        return before(items, key, limit, show);
    }
    let first = match cursor.edge {
        Some(Edge::After(key)) => items.partition_point(|(other, _)| *other <= key),
        Some(Edge::Before(_)) | None => 0,
    };
    let mut page = Page::default();
    let mut last = None;
    for (key, item) in &items[first..] {
        let Some(shown) = show(item) else { continue };
        if page.results.len() == limit {
            page.next = Some(Cursor { edge: last.map(Edge::After), gap: gaps });
            break;
        }
        if page.results.is_empty() && cursor.edge.is_some() {
            page.prev = Some(Cursor { edge: Some(Edge::Before(*key)), gap: false });
        }
        page.results.push(shown);
        last = Some(*key);
    }
    page
}

/// The last `limit` items before a key. What comes next is known to be there.
fn before<T>(items: &[(u64, T)], key: u64, limit: usize, mut show: impl FnMut(&T) -> Option<Value>) -> Page {
    let end = items.partition_point(|(other, _)| *other < key);
    let mut shown: Vec<(u64, Value)> = Vec::new();
    let mut more = false;
    for (key, item) in items[..end].iter().rev() {
        let Some(value) = show(item) else { continue };
        if shown.len() == limit {
            more = true;
            break;
        }
        shown.push((*key, value));
    }
    shown.reverse();
    let side = |edge: Option<Edge>| Cursor { edge, gap: false };
    Page {
        next: shown.last().map(|(key, _)| side(Some(Edge::After(*key)))),
        prev: shown.first().filter(|_| more).map(|(key, _)| side(Some(Edge::Before(*key)))),
        results: shown.into_iter().map(|(_, value)| value).collect(),
    }
}

/// A v2 list: `limit` 1 to 250, 25 if not given, and a `Link` header beside `_links`.
pub(super) fn v2<T>(
    ask: &Ask<'_>,
    items: &[(u64, T)],
    show: impl FnMut(&T) -> Option<Value>,
) -> Result<Answer, Failure> {
    let limit = v2_limit(ask)?;
    let cursor = Cursor::read(ask.query.get("cursor"))?;
    let page = turn(items, cursor, limit, ask.world().quirks.empty_pages, show);
    let base = &ask.world().settings.url;
    let mut links = Map::new();
    let mut header = format!("<{base}>; rel=\"base\"");
    if let Some(next) = page.next {
        let next = format!("{}?{}", ask.path, ask.query.with(&["cursor"], &[("cursor", next.write())]));
        header = format!("<{next}>; rel=\"next\", {header}");
        links.insert("next".to_owned(), next.into());
    }
    links.insert("base".to_owned(), base.as_str().into());
    Ok(Answer::ok(json!({"results": page.results, "_links": links})).header("Link", header))
}

/// The `limit` of a v2 list.
pub(super) fn v2_limit(ask: &Ask<'_>) -> Result<usize, Failure> {
    match ask.query.number("limit", 25)? {
        limit @ 1..=250 => Ok(limit),
        limit => Err(Failure::bad_request(format!("limit must be between 1 and 250, and is {limit}"))),
    }
}

/// A v1 list with `start` and `limit`; `_links.next` has no `/wiki` in front. A limit above `max` is
/// lowered silently, and so is one above the quirk `page-cap`.
///
/// Only what is on the page is drawn with `show`: drawing all of a list for each of its pages costs its square.
pub(super) fn v1<T>(
    ask: &Ask<'_>,
    items: &[T],
    [default, max]: [usize; 2],
    show: impl FnMut(&T) -> Value,
) -> Result<Answer, Failure> {
    let start = ask.query.number("start", 0)?;
    let limit = v1_limit(ask, ask.query.number("limit", default)?, max);
    let quirks = &ask.world().quirks;
    let gap = quirks.empty_pages && ask.query.get("gap").is_some();
    let shown =
        if gap { &[] } else { items.get(start..).map_or(&[][..], |rest| &rest[..rest.len().min(limit)]) };
    let shown: Vec<Value> = shown.iter().map(show).collect();
    let next = start + shown.len();
    let mut links = v1_links(ask);
    if gap || (next < items.len() && limit > 0) {
        let mut with = vec![("start", next.to_string()), ("limit", limit.to_string())];
        if quirks.empty_pages && !gap {
            with.push(("gap", "1".to_owned()));
        }
        links.insert("next".to_owned(), next_link(ask, &["start", "limit", "gap"], &with));
    }
    let size = shown.len();
    let mut body = json!({"results": shown, "start": start, "limit": limit, "size": size, "_links": links});
    if ask.query.flag("shouldReturnTotalSize")? {
        body["totalSize"] = items.len().into();
    }
    Ok(Answer::ok(body))
}

/// A CQL list with a cursor: `results`, `start`, `limit`, `size` and `_links`.
pub(super) fn cql<T>(
    ask: &Ask<'_>,
    items: &[(u64, T)],
    max: usize,
    show: impl FnMut(&T) -> Option<Value>,
) -> Result<Value, Failure> {
    let limit = v1_limit(ask, ask.query.number("limit", 25)?, max);
    let cursor = Cursor::read(ask.query.get("cursor"))?;
    let page = turn(items, cursor, limit, ask.world().quirks.empty_pages, show);
    let mut links = v1_links(ask);
    for (name, cursor) in [("next", page.next), ("prev", page.prev)] {
        if let Some(cursor) = cursor {
            let with = [("limit", limit.to_string()), ("cursor", cursor.write())];
            links.insert(name.to_owned(), next_link(ask, &["cursor", "limit", "start"], &with));
        }
    }
    Ok(
        json!({"results": page.results, "start": 0, "limit": limit, "size": page.results.len(), "_links": links}),
    )
}

fn v1_limit(ask: &Ask<'_>, asked: usize, max: usize) -> usize {
    asked.min(max).min(ask.world().quirks.page_cap.unwrap_or(usize::MAX))
}

fn v1_links(ask: &Ask<'_>) -> Map<String, Value> {
    let base = &ask.world().settings.url;
    let mut links = Map::new();
    links.insert("base".to_owned(), base.as_str().into());
    links.insert("context".to_owned(), "/wiki".into());
    links.insert("self".to_owned(), format!("{base}{}", without_wiki(&ask.path)).into());
    links
}

fn next_link(ask: &Ask<'_>, without: &[&str], with: &[(&str, String)]) -> Value {
    format!("{}?{}", without_wiki(&ask.path), ask.query.with(without, with)).into()
}

fn without_wiki(path: &str) -> &str {
    path.strip_prefix("/wiki").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_were() {
        for cursor in [
            Cursor { edge: Some(Edge::After(98_305)), gap: false },
            Cursor { edge: Some(Edge::After(u64::MAX)), gap: true },
            Cursor { edge: Some(Edge::Before(7)), gap: false },
        ] {
            assert_eq!(Cursor::read(Some(&cursor.write())).unwrap(), cursor);
        }
        assert!(Cursor::read(Some("17")).is_err());
    }

    #[test]
    fn turning_pages_shows_everything_once() {
        let items: Vec<(u64, u64)> = (0..23).map(|n| (n * 3, n)).collect();
        for gaps in [false, true] {
            let (mut seen, mut cursor, mut empty) = (Vec::new(), Some(Cursor::default()), 0);
            while let Some(at) = cursor {
                let page = turn(&items, at, 5, gaps, |n| (n % 2 == 0).then(|| (*n).into()));
                empty += usize::from(page.results.is_empty());
                seen.extend(page.results);
                cursor = page.next;
            }
            assert_eq!(seen, (0..23).filter(|n| n % 2 == 0).map(Value::from).collect::<Vec<_>>());
            assert_eq!(empty, if gaps { 2 } else { 0 });
        }
    }

    #[test]
    fn turning_back_shows_the_pages_that_were_shown() {
        let items: Vec<(u64, u64)> = (0..23).map(|n| (n * 3, n)).collect();
        let show = |n: &u64| n.is_multiple_of(2).then(|| (*n).into());
        let page = |cursor| turn(&items, cursor, 5, false, show);
        let (mut there, mut cursor) = (Vec::new(), Some(Cursor::default()));
        let mut back = None;
        while let Some(at) = cursor {
            let shown = page(at);
            there.push(shown.results);
            (cursor, back) = (shown.next, shown.prev);
        }
        let mut again = vec![there.last().unwrap().clone()];
        while let Some(at) = back {
            let shown = page(at);
            again.push(shown.results);
            back = shown.prev;
        }
        again.reverse();
        assert_eq!((again, there.len()), (there, 3));
    }
}
