//! Three-valued logic.

/// Whether something is so, as far as is known. `min` is the conjunction and `max` the disjunction of Kleene's
/// logic: what is unknown stays visible to the end, and never becomes a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    No,
    Unknown,
    Yes,
}

impl From<bool> for Truth {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}
