//! Values by numbers, so that what is the same is compared, kept and worked through once.

use std::collections::HashMap;
use std::hash::Hash;

/// Values in the order in which they came, each once.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    all: Vec<T>,
    numbers: HashMap<T, usize>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    /// The number of a value, counted from 0.
    pub(super) fn number(&mut self, value: T) -> usize {
        *self.numbers.entry(value).or_insert_with_key(|value| {
            self.all.push(value.clone());
            self.all.len() - 1
        })
    }

    /// Each by its number.
    pub(super) fn all(&self) -> &[T] {
        &self.all
    }
}
