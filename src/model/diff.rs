//! The same thing before and after.

/// A before and an after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diff<T> {
    /// The state before.
    pub before: T,
    /// The state after.
    pub after: T,
}
