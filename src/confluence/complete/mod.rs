//! Whether an answer is complete. This module alone decides it, for every answer.
//!
//! Confluence answers with part of what there is, and with lists that contradict themselves: `size` differs from
//! the number of entries, an entry stands twice (and so perhaps in the place of another), entries have no id, the
//! list of one operation calls itself another. A list that is taken for whole and is not gives access away: an
//! empty restriction list means "open", and a membership that is missing turns a guard off.
//!
//! So the entries of a list that came over the wire ([`WireList`], and [`RestrictionLists`] and [`RestrictionsByOperation`] for
//! the lists of a page) are private to this module. They come out where nothing speaks against them; otherwise a
//! [`Doubt`] comes out. Who asked for the list then asks in another way: in smaller pages, by operation, or for
//! one piece of content alone. If the doubt stays, the answer is [`Known::Unknown`](crate::model::Known) or an
//! error, never a shorter list.
//!
//! What is not a list needs no such care: a field that is needed and missing does not parse. [`Whole`] says which
//! types these are, and the client parses no others.

mod list;
mod place;
mod restrictions;

use std::fmt;

use serde::de::DeserializeOwned;

use crate::model::{Why, visible};

pub(crate) use list::{Gathering, ListEntry, WireList};
pub(crate) use place::{PlaceFields, place};
pub(crate) use restrictions::{
    ListPage, ListReading, RestrictionList, RestrictionLists, RestrictionsByOperation, operation,
};

/// An answer that can be taken as it is once it has been parsed: it has no list, or one that is checked when its
/// entries are taken out.
pub(crate) trait Whole: DeserializeOwned {}

impl Whole for serde_json::Value {}

/// What speaks against an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The number of entries that a list claims, and the number of those that it shows.
    Size { claims: u64, shows: u64 },
    /// An entry that a list has twice, by its id.
    Twice(String),
    /// An entry of a list has no id.
    NoId,
    /// The list of restrictions that was asked for, and what it calls itself.
    Operation { asked: &'static str, found: Option<String> },
    /// A list of restrictions shows no entry and does not say how many it has.
    NoSize,
    /// The users or the groups of a list of restrictions are not in the answer.
    Half,
    /// Content has the kind of a parent and no parent.
    NoParent,
    /// Content without a title.
    NoTitle,
    /// Content that was asked for by its space has the id of another.
    OtherSpace,
}

impl Doubt {
    /// The doubt as the reason why something is unknown.
    pub const fn why(&self) -> Why {
        match self {
            Self::NoId => Why::NoId,
            Self::Size { .. }
            | Self::Twice(_)
            | Self::Operation { .. }
            | Self::NoSize
            | Self::Half
            | Self::NoParent
            | Self::NoTitle
            | Self::OtherSpace => Why::Contradictory,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { claims, shows } => write!(f, "it claims {claims} entries and shows {shows}"),
            Self::Twice(id) => write!(f, "`{}` is in it twice", visible(id)),
            Self::NoId => f.write_str("an entry has no id"),
            Self::NoSize => f.write_str("it shows no entry and does not say how many it has"),
            Self::Operation { asked, found: Some(found) } => {
                write!(f, "the list of `{asked}` calls itself `{}`", visible(found))
            }
            Self::Operation { asked, found: None } => write!(f, "the list of `{asked}` is not in it"),
            Self::Half => f.write_str("users or groups are not in it"),
            Self::NoTitle => f.write_str("it has no title"),
            Self::NoParent => f.write_str("it names the kind of a parent and no parent"),
            Self::OtherSpace => f.write_str("it is of another space"),
        }
    }
}

/// Whether answers are checked for completeness. They are, always: tests leave it out to show that they notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scrutiny(bool);

impl Scrutiny {
    /// Nothing that contradicts itself is believed.
    pub const FULL: Self = Self(true);

    /// For tests only: takes every answer that parses for complete.
    #[doc(hidden)]
    pub const NONE: Self = Self(false);

    /// The doubt, unless answers are not checked.
    fn unless_off(self, doubt: Option<Doubt>) -> Option<Doubt> {
        doubt.filter(|_| self.0)
    }
}
