//! Where something was asked for, and in which words. All that one line asks for shares one value.

use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Origin;

/// A line of the policy that asks for something, and what it says besides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Declaration {
    pub origin: Origin,
    /// The role that the line names: `viewer` where it says `viewer: [...]`. A single permission has none.
    pub role: Option<String>,
    /// The rule that the line belongs to, or that brought it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The last day of something that is given for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Date>,
    /// Whether that day has passed, so that this takes back what was given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// The reason that the line gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Declaration {
    /// A line that says nothing else.
    pub const fn at(origin: Origin) -> Self {
        Self { origin, role: None, rule: None, until: None, ended: false, because: None }
    }
}

/// Something asked for, with the line that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<T> {
    pub what: T,
    pub by: Arc<Declaration>,
    /// Whether a label says which pages are meant. Anyone who may edit a page can set its labels, so whatever else says
    /// something about it goes first.
    pub by_label: bool,
}

impl<T> Wanted<T> {
    pub fn new(what: T, by: impl Into<Arc<Declaration>>) -> Self {
        Self { what, by: by.into(), by_label: false }
    }

    /// The same declaration, for something else.
    pub fn instead<U>(&self, what: U) -> Wanted<U> {
        Wanted { what, by: Arc::clone(&self.by), by_label: self.by_label }
    }

    pub fn origin(&self) -> &Origin {
        &self.by.origin
    }

    /// Whether it was asked for until a day that has passed.
    pub fn is_over(&self) -> bool {
        self.by.ended
    }
}
