//! Places in files, and the texts of the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::Origin;

/// A stretch of text in one file, within one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Relative to the policy directory.
    pub file: Arc<Utf8Path>,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
    /// The first byte.
    pub start: usize,
    /// The byte after the last. Equal to `start` where a place has no extent.
    pub end: usize,
}

impl Span {
    /// The very beginning of a file, for what is missing from it as a whole.
    pub fn start_of(file: &Arc<Utf8Path>) -> Self {
        Self { file: Arc::clone(file), line: 1, column: 1, start: 0, end: 0 }
    }

    /// The line, as plans name it.
    pub fn origin(&self) -> Origin {
        Origin { file: Arc::clone(&self.file), line: self.line }
    }
}

/// A value with the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

/// The texts of the files that findings point into, by path relative to the policy directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    texts: BTreeMap<Arc<Utf8Path>, Arc<str>>,
    /// The files of which no finding may quote a line.
    withheld: BTreeSet<Arc<Utf8Path>>,
}

impl Sources {
    pub fn insert(&mut self, file: Utf8PathBuf, text: impl Into<Arc<str>>) {
        self.texts.insert(file.into(), text.into());
    }

    /// From now on no finding quotes this file: it is not known to be what its name says, or its lines hold
    /// more than a finding is about.
    pub fn withhold(&mut self, file: &Utf8Path) {
        self.withheld.insert(file.into());
    }

    pub fn get(&self, file: &Utf8Path) -> Option<&str> {
        self.texts.get(file).map(AsRef::as_ref)
    }

    /// The text of a file, if its lines may be shown.
    pub fn quotable(&self, file: &Utf8Path) -> Option<&str> {
        self.get(file).filter(|_| !self.withheld.contains(file))
    }

    /// A file with its path as spans hold it.
    pub fn entry(&self, file: &Utf8Path) -> Option<(&Arc<Utf8Path>, &str)> {
        self.texts.get_key_value(file).map(|(file, text)| (file, text.as_ref()))
    }

    /// All files, by path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<Utf8Path>, &Arc<str>)> {
        self.texts.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}
