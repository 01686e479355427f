//! Columns of text, by the cells that a terminal gives them: letters of East Asian scripts take two each, and marks
//! that go above a letter none.

use unicode_width::UnicodeWidthStr as _;

/// What is wider does not push the rest of its line aside, in the tables of a plan.
pub(crate) const WIDEST: usize = 44;

/// The cells that a text without styles takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The width of a column: that of its widest text among those of at most so many cells. Wider ones stand out of it.
pub(crate) fn column<'t>(texts: impl IntoIterator<Item = &'t str>, most: usize) -> usize {
    texts.into_iter().map(width).filter(|width| *width <= most).max().unwrap_or(0)
}

/// A text with the blanks that fill its column.
pub(crate) fn pad(text: &str, column: usize) -> String {
    format!("{text}{}", gap(text, column))
}

/// The blanks between a text and the end of its column, for a text that is painted.
pub(crate) fn gap(text: &str, column: usize) -> String {
    " ".repeat(column.saturating_sub(width(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_cells() {
        let titles = ["Runbooks", "運用手順書", "Cafe\u{301}"];
        let column = column(titles, 44);
        assert_eq!(column, 10);
        assert_eq!(titles.map(|title| width(&pad(title, column))), [10; 3]);
        assert_eq!(pad("wider than its column", 4), "wider than its column");
        assert_eq!(super::column(titles, 8), 8);
    }
}
