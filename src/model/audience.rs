//! Who a page is for. Confluence writes "open to everyone in the space" as an empty list; here it has a
//! name, and a list cannot be empty.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Subject;
use super::text::words;

/// Who one of the two lists of a page names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// No restriction on this page itself: everyone that the space and the pages above let through.
    Anyone,
    /// Only these, and of these only those that the space and the pages above let through.
    Only(Members),
}

/// The entries of a restriction: at least one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeSet<Subject>", into = "BTreeSet<Subject>")]
pub struct Members(BTreeSet<Subject>);

/// A list without entries, where a restriction needs at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an empty list would open the page to everyone in the space")]
pub struct NoMembers;

impl Members {
    pub fn new(subjects: impl IntoIterator<Item = Subject>) -> Option<Self> {
        let subjects: BTreeSet<_> = subjects.into_iter().collect();
        (!subjects.is_empty()).then_some(Self(subjects))
    }

    pub fn one(subject: Subject) -> Self {
        Self(BTreeSet::from([subject]))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Subject> {
        self.0.iter()
    }

    pub fn contains(&self, subject: &Subject) -> bool {
        self.0.contains(subject)
    }

    pub fn insert(&mut self, subject: Subject) -> bool {
        self.0.insert(subject)
    }

    /// Without one entry; `None` where no other would remain.
    #[must_use]
    pub fn without(&self, subject: &Subject) -> Option<Self> {
        Self::new(self.0.iter().filter(|listed| *listed != subject).cloned())
    }

    pub fn as_set(&self) -> &BTreeSet<Subject> {
        &self.0
    }
}

impl TryFrom<BTreeSet<Subject>> for Members {
    type Error = NoMembers;

    fn try_from(subjects: BTreeSet<Subject>) -> Result<Self, NoMembers> {
        Self::new(subjects).ok_or(NoMembers)
    }
}

impl From<Members> for BTreeSet<Subject> {
    fn from(members: Members) -> Self {
        members.0
    }
}

impl Audience {
    /// What Confluence means by a list: none on it means anyone. Only for reading the site.
    pub fn from_site_list(subjects: impl IntoIterator<Item = Subject>) -> Self {
        Members::new(subjects).map_or(Self::Anyone, Self::Only)
    }

    pub const fn is_anyone(&self) -> bool {
        matches!(self, Self::Anyone)
    }

    /// The entries, none for [`Audience::Anyone`].
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        match self {
            Self::Anyone => None,
            Self::Only(members) => Some(members),
        }
        .into_iter()
        .flat_map(Members::iter)
    }
}

words! {
    /// One of the two restriction lists of a page, by what it restricts (OpenAPI v1: `read` and `update`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum PageList {
        /// Inherited by everything below the page.
        View = "view",
        /// Counts on the page itself only.
        Edit = "edit",
    }
}

impl PageList {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::View => Self::Edit,
            Self::Edit => Self::View,
        }
    }
}

/// Both lists of one page, as they stand on the page itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Restrictions {
    pub view: Audience,
    pub edit: Audience,
}

impl Restrictions {
    pub const OPEN: Self = Self { view: Audience::Anyone, edit: Audience::Anyone };

    /// The list and its new entry, if one more entry on a list that has some is all that changes. That has a request
    /// of its own, which sends no other entry.
    pub fn only_addition(&self, after: &Self) -> Option<(PageList, Subject)> {
        let mut changed =
            PageList::ALL.into_iter().filter(|list| self.audience(*list) != after.audience(*list));
        let (list, None) = (changed.next()?, changed.next()) else { return None };
        let (Audience::Only(now), Audience::Only(after)) = (self.audience(list), after.audience(list)) else {
            return None;
        };
        let mut added = after.as_set().difference(now.as_set());
        let subject = added.next().filter(|_| now.as_set().is_subset(after.as_set()))?;
        added.next().is_none().then(|| (list, subject.clone()))
    }

    pub const fn audience(&self, list: PageList) -> &Audience {
        match list {
            PageList::View => &self.view,
            PageList::Edit => &self.edit,
        }
    }

    pub const fn audience_mut(&mut self, list: PageList) -> &mut Audience {
        match list {
            PageList::View => &mut self.view,
            PageList::Edit => &mut self.edit,
        }
    }
}
