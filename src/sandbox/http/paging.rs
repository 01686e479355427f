//! The three ways of turning pages: v2 cursors, v1 offsets, and the cursors of a CQL search.
//!
//! A cursor is opaque to clients. It holds the key of the last item seen, so that rows which vanish between
//! two pages do not shift the rest. With the quirk `empty-pages`, an empty page with a next link follows
//! every page that has a next link.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Failure};
use super::ask::Ask;

/// A place in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cursor {
    /// The key of the last item that was given; keys grow.
    after: Option<u64>,
    /// The page that begins here is an empty one.
    gap: bool,
}

impl Cursor {
    fn read(text: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let read = || {
            let (gap, digits) = (text.strip_prefix('e')?.split_once('n'))?;
            let after = u64::from_str_radix(digits, 16).ok()?;
            Some(Self { after: Some(after ^ MASK), gap: gap == "1" })
        };
        read().ok_or_else(|| Failure::bad_request("The cursor is not valid"))
    }

    fn write(self) -> String {
        format!("e{}n{:016x}", u8::from(self.gap), self.after.unwrap_or(0) ^ MASK)
    }
}

/// Makes cursors look like nothing, so that nobody counts with them.
const MASK: u64 = 0x5bd1_e995_9d1c_a3f7;

/// One page of a list, and where the next begins.
struct Page {
    results: Vec<Value>,
    next: Option<Cursor>,
}

/// Takes up to `limit` items after a cursor. `show` hides items by giving `None`.
fn turn<T>(
    items: &[(u64, T)],
    cursor: Cursor,
    limit: usize,
    gaps: bool,
    mut show: impl FnMut(&T) -> Option<Value>,
) -> Page {
    if cursor.gap {
        return Page { results: Vec::new(), next: Some(Cursor { gap: false, ..cursor }) };
    }
    let first = cursor.after.map_or(0, |after| items.partition_point(|(key, _)| *key <= after));
    let mut results = Vec::new();
    let mut last = None;
    for (key, item) in &items[first..] {
        let Some(shown) = show(item) else { continue };
        if results.len() == limit {
            return Page { results, next: Some(Cursor { after: last, gap: gaps }) };
        }
        results.push(shown);
        last = Some(*key);
    }
    Page { results, next: None }
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
pub(super) fn v1(ask: &Ask<'_>, items: &[Value], default: usize, max: usize) -> Result<Answer, Failure> {
    let start = ask.query.number("start", 0)?;
    let limit = v1_limit(ask, ask.query.number("limit", default)?, max);
    let quirks = &ask.world().quirks;
    let gap = quirks.empty_pages && ask.query.get("gap").is_some();
    let shown =
        if gap { &[] } else { items.get(start..).map_or(&[][..], |rest| &rest[..rest.len().min(limit)]) };
    let next = start + shown.len();
    let mut links = v1_links(ask);
    if gap || (next < items.len() && limit > 0) {
        let mut with = vec![("start", next.to_string()), ("limit", limit.to_string())];
        if quirks.empty_pages && !gap {
            with.push(("gap", "1".to_owned()));
        }
        links.insert("next".to_owned(), next_link(ask, &["start", "limit", "gap"], &with));
    }
    let mut body =
        json!({"results": shown, "start": start, "limit": limit, "size": shown.len(), "_links": links});
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
    if let Some(next) = page.next {
        let with = [("limit", limit.to_string()), ("cursor", next.write())];
        links.insert("next".to_owned(), next_link(ask, &["cursor", "limit", "start"], &with));
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
        for cursor in
            [Cursor { after: Some(98_305), gap: false }, Cursor { after: Some(u64::MAX), gap: true }]
        {
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
}
