//! Equal rows as one: the same change of access in several spaces, the same list on several pages of a space.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{PageList, SpaceKey};
use crate::render::style::count;

use super::rows::{ReviewRow, RowKind, RowSubject};

/// As many spaces, or pages, stand in one row; fewer are read as easily one by one.
const TOGETHER: usize = 4;

/// Rows, gathered where that saves reading. What is opened is never gathered: each page is named.
pub(super) struct Gathered<'a> {
    pub(super) opened: Vec<ReviewRow<'a>>,
    /// The same in several spaces.
    pub(super) several: Vec<ReviewRow<'a>>,
    pub(super) spaces: BTreeMap<&'a SpaceKey, Vec<ReviewRow<'a>>>,
}

pub(super) fn gather(rows: Vec<ReviewRow<'_>>, together: bool) -> Gathered<'_> {
    let (opened, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.kind == RowKind::Opened);
    let (several, rest) = if together { spaces(pages(rest)) } else { (Vec::new(), rest) };
    let mut by_space: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rest {
        by_space.entry(row.spaces[0]).or_default().push(row);
    }
    Gathered { opened, several, spaces: by_space }
}

/// Joins the rows of pages of a space on which the same list becomes the same for the same reason.
fn pages(rows: Vec<ReviewRow<'_>>) -> Vec<ReviewRow<'_>> {
    type Key<'a> = (&'a SpaceKey, RowKind, PageList, String, String);
    fn key<'a>(row: &ReviewRow<'a>) -> Option<Key<'a>> {
        match &row.what {
            RowSubject::Pages { list, .. } => {
                Some((row.spaces[0], row.kind, *list, row.who.clone(), row.why.clone()))
            }
            RowSubject::Access(_) => None,
        }
    }
    let mut same: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for row in &rows {
        if let Some((space, kind, list, who, why)) = key(row) {
            *same.entry((space, kind, list, who, why)).or_default() += 1;
        }
    }
    same.retain(|_, number| *number >= TOGETHER);
    let mut joined: Vec<ReviewRow<'_>> = Vec::new();
    let mut first: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for row in rows {
        let Some(key) = key(&row).filter(|key| same.contains_key(key)) else {
            joined.push(row);
            continue;
        };
        let before = first.get(&key).and_then(|at| joined.get_mut(*at)).map(|row| &mut row.what);
        if let (Some(RowSubject::Pages { pages, .. }), RowSubject::Pages { pages: more, .. }) =
            (before, &row.what)
        {
            pages.extend(more);
        } else {
            first.insert(key, joined.len());
            joined.push(row);
        }
    }
    joined
}

/// Takes out the rows of access that are the same in several spaces, the most frequent kinds of each sign first.
fn spaces(rows: Vec<ReviewRow<'_>>) -> (Vec<ReviewRow<'_>>, Vec<ReviewRow<'_>>) {
    type Key = (RowKind, RowSubject, String);
    let key = |row: &ReviewRow<'_>| -> Key { (row.kind, row.what.clone(), row.who.clone()) };
    let mut same: BTreeMap<Key, Vec<ReviewRow<'_>>> = BTreeMap::new();
    let mut rest = Vec::new();
    for row in rows {
        match row.what {
            RowSubject::Access(_) => same.entry(key(&row)).or_default().push(row),
            RowSubject::Pages { .. } => rest.push(row),
        }
    }
    let mut several = Vec::new();
    for alike in same.into_values() {
        let spaces: BTreeSet<&SpaceKey> = alike.iter().map(|row| row.spaces[0]).collect();
        if spaces.len() < TOGETHER {
            rest.extend(alike);
            continue;
        }
        let reasons: BTreeSet<&str> = alike.iter().map(|row| row.why.as_str()).collect();
        let why = match reasons.first() {
            Some(why) if reasons.len() == 1 => (*why).to_owned(),
            _ => count(reasons.len(), "line of the policy", "lines of the policy"),
        };
        let row = &alike[0];
        let (kind, what, who, origin) = (row.kind, row.what.clone(), row.who.clone(), row.origin);
        several.push(ReviewRow { kind, spaces: spaces.into_iter().collect(), what, who, why, origin });
    }
    several.sort_by_key(|row| (row.kind, std::cmp::Reverse(row.spaces.len())));
    rest.sort_by(|left, right| (left.spaces[0], left.kind).cmp(&(right.spaces[0], right.kind)));
    (several, rest)
}
