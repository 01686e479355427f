//! Other people at work: what they do, and at which moment of a run.

use super::Facet;
use super::pattern::Pattern;
use crate::sandbox::world::{Action, ContentId, Object, SpaceId};

/// Another person, who acts once, at a moment that the requests of a run decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A name for the log, which may be empty.
    pub name: String,
    /// When.
    pub when: When,
    /// What, in this order. An action that does not apply is noted in the log and has no effect.
    pub actions: Vec<Action>,
}

/// The moment at which an actor acts. Only requests that reach the site count: those that a rate limit or a
/// share of failures turns away do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the n-th request of a pattern is looked at, counting from 1.
    Before(Pattern, u64),
    /// After an object was read for the n-th time, before anything else happens.
    AfterRead(Facet, Object, u64),
    /// After the n-th write of a pattern was carried out, before anything else happens.
    AfterWrite(Pattern, u64),
}

impl Actor {
    /// An actor without a name.
    pub fn new(when: When, actions: impl IntoIterator<Item = Action>) -> Self {
        Self { name: String::new(), when, actions: actions.into_iter().collect() }
    }

    /// The same actor, with a name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

impl When {
    /// After the n-th time that the rows of a space were read.
    pub fn after_rows(space: SpaceId, n: u64) -> Self {
        Self::AfterRead(Facet::Rows, Object::Space(space), n)
    }

    /// After the n-th time that the role assignments of a space were read.
    pub fn after_roles(space: SpaceId, n: u64) -> Self {
        Self::AfterRead(Facet::Roles, Object::Space(space), n)
    }

    /// After the n-th time that the restriction endpoints gave lists of a node.
    pub fn after_lists(content: ContentId, n: u64) -> Self {
        Self::AfterRead(Facet::Lists, Object::Content(content), n)
    }

    /// After the n-th search that gave lists of a node, its own or those of an ancestor.
    pub fn after_search(content: ContentId, n: u64) -> Self {
        Self::AfterRead(Facet::Search, Object::Content(content), n)
    }
}
