//! The few styles that output has, and counting in words.

use anstyle::{AnsiColor, Style};

pub(crate) use crate::model::list;

pub(crate) const ADD: Style = AnsiColor::Green.on_default();
pub(crate) const REMOVE: Style = AnsiColor::Red.on_default();
pub(crate) const CHANGE: Style = AnsiColor::Yellow.on_default();
pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();

/// A text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// `1 page`, `2 pages`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The same of several, without those of which there are none.
pub(crate) fn counts<const N: usize>(parts: [(usize, &str, &str); N]) -> Vec<String> {
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    parts.map(|(number, one, many)| count(number, one, many)).collect()
}

/// The first of some names, and how many others there are: `a, b and 7 more`.
pub(crate) fn first_of(names: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let mut shown: Vec<String> = names.take(most).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    list(&shown)
}
