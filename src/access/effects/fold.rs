//! Many pages, few lines.

use std::collections::BTreeMap;

use super::Place;
use crate::access::chains::{Above, Layout};

/// Pages with everything below them that changes alike: rows of a layout, in order, the first above the
/// others.
pub(super) type Top = Vec<usize>;

/// Pages of one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) place: Place,
    pub(super) rows: Vec<usize>,
}

/// A page takes up what is below it. Rows must be in order.
pub(super) fn tops(rows: &[usize], layout: &Layout<'_>) -> Vec<Top> {
    let mut tops: Vec<Top> = Vec::new();
    let mut end = 0;
    for &row in rows {
        match tops.last_mut() {
            Some(top) if row < end => top.push(row),
            _ => {
                end = layout.rows[row].end;
                tops.push(vec![row]);
            }
        }
    }
    tops
}

/// Siblings become one line under their parent; pages at the top of the space, and those whose parent is
/// hidden, one line for the space.
pub(super) fn siblings(tops: &[&Top], layout: &Layout<'_>) -> Vec<Fold> {
    let mut by_parent: BTreeMap<Above, Vec<&Top>> = BTreeMap::new();
    for top in tops {
        by_parent.entry(layout.rows[top[0]].parent).or_default().push(top);
    }
    let mut folds: Vec<Fold> = by_parent
        .into_iter()
        .map(|(parent, tops)| {
            let place = match (parent, tops.as_slice()) {
                (_, [only]) => Place::From { content: layout.rows[only[0]].content.id },
                (Above::Row(parent), _) => Place::Under { content: layout.rows[parent].content.id },
                (Above::Space | Above::Hidden, _) => Place::Space,
            };
            Fold { place, rows: tops.into_iter().flatten().copied().collect() }
        })
        .collect();
    folds.sort_by_key(|fold| fold.rows.first().copied());
    folds
}
