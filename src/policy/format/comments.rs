//! The comments of a document, found in the gaps between its values: there, `#` can be nothing else.

use std::ops::Range;

use crate::policy::yaml::{Form, WrittenNode};

/// A comment, or what is known of it before it has found its place.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) start: usize,
    /// With its `#`, without blanks at its end.
    pub(super) text: String,
    /// Nothing but blanks stands before it on its line.
    pub(super) own_line: bool,
    /// Counted from 0, in characters.
    pub(super) column: usize,
    pub(super) blank_before: bool,
}

/// A text and its lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourceText<'a> {
    text: &'a str,
}

impl<'a> SourceText<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// What stands before a place on its line.
    pub(super) fn before(self, at: usize) -> &'a str {
        let before = &self.text[..at];
        before.rfind('\n').map_or(before, |line| &before[line + 1..])
    }

    pub(super) fn column(self, at: usize) -> usize {
        self.before(at).chars().count()
    }

    pub(super) fn same_line(self, from: usize, to: usize) -> bool {
        !self.text[from..to].contains('\n')
    }

    /// Whether the line before this one holds nothing.
    pub(super) fn blank_before(self, at: usize) -> bool {
        let line = at - self.before(at).len();
        line.checked_sub(1).is_some_and(|end| self.before(end).trim().is_empty())
    }

    pub(super) fn slice(self, from: usize, to: usize) -> &'a str {
        &self.text[from..to]
    }
}

/// All comments, in their order.
pub(super) fn find(text: &str, root: &WrittenNode) -> Vec<Comment> {
    let mut scalars = Vec::new();
    collect(root, &mut scalars);
    let mut found = Vec::new();
    let page = SourceText::new(text);
    let mut at = 0;
    for scalar in scalars.into_iter().chain(std::iter::once(text.len()..text.len())) {
        while let Some(hash) = text.get(at..scalar.start).and_then(|gap| gap.find('#')) {
            let start = at + hash;
            let end = text[start..].find('\n').map_or(text.len(), |line| start + line);
            let before = page.before(start);
            found.push(Comment {
                start,
                text: text[start..end].trim_end().to_owned(),
                own_line: before.trim().is_empty(),
                column: before.chars().count(),
                blank_before: page.blank_before(start),
            });
            at = end;
        }
        at = at.max(scalar.end);
    }
    found
}

fn collect(node: &WrittenNode, scalars: &mut Vec<Range<usize>>) {
    match &node.form {
        Form::Empty => {}
        Form::Literal(_) | Form::Text(_) | Form::Block(_) => scalars.push(node.span.clone()),
        Form::List { items, .. } => items.iter().for_each(|item| collect(item, scalars)),
        Form::Map { pairs, .. } => {
            for (key, value) in pairs {
                collect(key, scalars);
                collect(value, scalars);
            }
        }
    }
}
