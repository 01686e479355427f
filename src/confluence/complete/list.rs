//! Lists in pages: `results` with, in v1, a `size`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::hash::{Hash, Hasher};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Doubt, Scrutiny, Whole};
use crate::confluence::page::Batch;

/// So many characters are kept of what is known about an entry that cannot be read.
const DESCRIBED: usize = 200;

/// An entry of a list, which something tells from all others.
pub(crate) trait ListEntry: Hash {
    type Id: Ord + Display;

    /// Whether an entry that cannot be read is left out of its list, and reported, instead of the list being refused:
    /// only where nothing is taken from anyone, and nothing opened, for want of it.
    const MAY_BE_SKIPPED: bool = false;

    /// `None` where the site left it out.
    fn id(&self) -> Option<Self::Id>;
}

/// A page of a list as it came over the wire. What is in it is not known to be all until [`Gathering`] says so.
#[derive(Debug, Deserialize)]
pub(crate) struct WireList<T> {
    results: Vec<T>,
    /// The number of entries in this page (v1). `totalSize` is no such number: it is 0 in lists of restrictions
    /// for which no total was asked (world-2026-11.md, 9).
    size: Option<u64>,
    limit: Option<u64>,
    #[serde(rename = "_links")]
    links: Option<Links>,
    /// Entries that could not be read; see [`WireList::without_unreadable`].
    #[serde(skip)]
    unreadable: u64,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Links {
    pub(crate) next: Option<String>,
}

impl<T: DeserializeOwned> Whole for WireList<T> {}

impl<T> WireList<T> {
    pub(crate) const fn links(&self) -> Option<&Links> {
        self.links.as_ref()
    }

    pub(crate) const fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// The number of entries that it shows.
    pub(crate) const fn shows(&self) -> u64 {
        self.results.len() as u64 + self.unreadable
    }

    /// The number of entries that it claims, or shows if those are more.
    pub(crate) fn steps(&self) -> u64 {
        self.shows().max(self.size.unwrap_or_default())
    }

    /// Whether this page may not be all: it is full, or says so. A page without a limit is full by itself.
    pub(super) fn may_have_more(&self) -> bool {
        let more = self.links.as_ref().is_some_and(|links| links.next.is_some());
        more || (self.steps() > 0 && self.steps() >= self.limit.unwrap_or_default())
    }

    /// Whether it shows nothing and does not say that there is nothing.
    pub(super) const fn is_silent(&self) -> bool {
        self.results.is_empty() && self.size.is_none()
    }

    /// A page entry by entry, without those that cannot be read, of which it says what is known. `None` if the page
    /// itself cannot be read, or nothing on it, or if an entry has no id: then it may be any of the others.
    pub(crate) fn without_unreadable(body: &[u8]) -> Option<(Self, Vec<String>)>
    where
        T: DeserializeOwned,
    {
        let WireList { results, size, limit, links, .. } =
            serde_json::from_slice::<WireList<Value>>(body).ok()?;
        let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
        for entry in results {
            match T::deserialize(&entry) {
                Ok(entry) => entries.push(entry),
                Err(error) => unreadable.push(described(&entry, &error)?),
            }
        }
        if entries.is_empty() {
            // Nothing in it is of a form that is known, so it is no list of what was asked for.
            return None;
        }
        let skipped = unreadable.len() as u64;
        Some((Self { results: entries, size, limit, links, unreadable: skipped }, unreadable))
    }

    fn size_doubt(&self) -> Option<Doubt> {
        let claims = self.size?;
        (claims != self.shows()).then(|| Doubt::Size { claims, shows: self.shows() })
    }
}

impl<T: ListEntry> WireList<T> {
    /// The entries of this page, each with an id of its own.
    pub(super) fn entries(self, scrutiny: Scrutiny) -> Result<Vec<T>, Doubt> {
        let mut gathering = Gathering::new(scrutiny);
        gathering.add(self);
        gathering.finish()
    }

    /// The entries of an answer that gives one to each thing that was asked for. What is contradicted by another
    /// entry counts as not given, and so does what has no id.
    pub(crate) fn into_given(self) -> Vec<T>
    where
        T: PartialEq,
    {
        let mut given: Vec<(T::Id, Option<T>)> = Vec::with_capacity(self.results.len());
        let mut entries: Vec<(T::Id, T)> =
            self.results.into_iter().filter_map(|entry| Some((entry.id()?, entry))).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (id, entry) in entries {
            match given.last_mut() {
                Some((last, before)) if *last == id => {
                    *before = before.take().filter(|before| *before == entry);
                }
                _ => given.push((id, Some(entry))),
            }
        }
        given.into_iter().filter_map(|(_, entry)| entry).collect()
    }
}

/// An entry that cannot be read, as far as it says which one it is, and why.
fn described(entry: &Value, error: &serde_json::Error) -> Option<String> {
    let said = |field: &str| entry.get(field).filter(|value| value.is_string() || value.is_number());
    let id = said("id")?;
    let key = said("key").map_or_else(String::new, |key| format!(", key {key}"));
    Some(format!("id {id}{key}: {error}").chars().take(DESCRIBED).collect())
}

/// By the entries alone: a list that begins anew does so under another cursor.
impl<T: Hash> Hash for WireList<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.results.hash(state);
    }
}

impl<T: Hash> Batch for WireList<T> {
    fn is_empty(&self) -> bool {
        self.results.is_empty()
    }
}

/// A list that is put together from its pages.
pub(crate) struct Gathering<T: ListEntry> {
    scrutiny: Scrutiny,
    entries: Vec<T>,
    ids: BTreeSet<T::Id>,
    doubt: Option<Doubt>,
}

impl<T: ListEntry> Gathering<T> {
    pub(crate) const fn new(scrutiny: Scrutiny) -> Self {
        Self { scrutiny, entries: Vec::new(), ids: BTreeSet::new(), doubt: None }
    }

    /// Adds a page.
    pub(crate) fn add(&mut self, page: WireList<T>) {
        let mut doubt = page.size_doubt();
        for entry in page.results {
            match entry.id() {
                None => doubt = doubt.or(Some(Doubt::NoId)),
                Some(id) => {
                    if self.ids.contains(&id) {
                        doubt = doubt.or_else(|| Some(Doubt::Twice(id.to_string())));
                    } else {
                        self.ids.insert(id);
                        self.entries.push(entry);
                    }
                }
            }
        }
        self.doubt = self.doubt.take().or(self.scrutiny.unless_off(doubt));
    }

    /// Whether all of these are in it so far.
    pub(crate) fn has_all(&self, ids: &[T::Id]) -> bool {
        ids.iter().all(|id| self.ids.contains(id))
    }

    /// All entries, in the order in which they came.
    pub(crate) fn finish(self) -> Result<Vec<T>, Doubt> {
        self.doubt.map_or(Ok(self.entries), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
    struct Item {
        id: Option<u32>,
        #[serde(default)]
        word: String,
    }

    impl ListEntry for Item {
        type Id = u32;

        fn id(&self) -> Option<u32> {
            self.id
        }
    }

    fn gathered(pages: &[&str], scrutiny: Scrutiny) -> Result<Vec<Option<u32>>, String> {
        let mut gathering = Gathering::<Item>::new(scrutiny);
        for page in pages {
            gathering.add(serde_json::from_str(page).unwrap());
        }
        match gathering.finish() {
            Ok(items) => Ok(items.into_iter().map(|item| item.id).collect()),
            Err(doubt) => Err(doubt.to_string()),
        }
    }

    #[test]
    fn a_list_that_contradicts_itself_gives_a_doubt_and_no_entries() {
        let good = r#"{"results": [{"id": 1}, {"id": 2}], "size": 2}"#;
        let more = r#"{"results": [{"id": 3}]}"#;
        assert_eq!(gathered(&[good, more], Scrutiny::FULL), Ok(vec![Some(1), Some(2), Some(3)]));
        for (pages, doubt) in [
            (&[r#"{"results": [], "size": 1}"#][..], "it claims 1 entries and shows 0"),
            (&[good, r#"{"results": [{"id": 3}], "size": 2}"#], "it claims 2 entries and shows 1"),
            (&[good, r#"{"results": [{"id": 2}], "size": 1}"#], "`2` is in it twice"),
            (&[r#"{"results": [{"id": 1}, {"id": null}], "size": 2}"#], "an entry has no id"),
        ] {
            assert_eq!(gathered(pages, Scrutiny::FULL), Err(doubt.to_owned()));
            assert!(gathered(pages, Scrutiny::NONE).is_ok());
        }
    }

    #[test]
    fn what_was_asked_for_one_by_one_is_given_where_nothing_contradicts_it() {
        let list: WireList<Item> = serde_json::from_str(
            r#"{"results": [{"id": 2, "word": "a"}, {"id": 1}, {"id": 1}, {"id": 2, "word": "b"}, {}, {"id": 3}]}"#,
        )
        .unwrap();
        let ids: Vec<_> = list.into_given().into_iter().map(|item| item.id).collect();
        assert_eq!(ids, [Some(1), Some(3)]);
    }
}
