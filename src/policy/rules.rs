//! Rules: the same across many spaces. What a policy says in `rules`, and which spaces a selector means.
//!
//! A selector is judged in two steps. What a list of spaces shows (key, type, label, status) decides which
//! spaces must be read ([`super::reach`]); conditions about who holds what are judged once they have been.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use camino::Utf8PathBuf;

use super::access_line::{AccessLine, Grantee, Joining, Named, Right};
use super::glob::glob;
use super::leave::LeavePattern;
use crate::diagnostic::{Span, Spanned};
use crate::model::{Listing, Space, SpaceKey, SpaceKind, SpaceStatus};

/// An entry of `rules`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub name: Spanned<String>,
    /// `None` where the rows of a file alone say where.
    pub spaces: Option<Selector>,
    pub access: Vec<AccessLine>,
    /// The file that has the rows, by its path in the policy directory, where the rule names it.
    pub table: Option<Spanned<Utf8PathBuf>>,
    /// Access from the rows of a file, by space.
    pub rows: BTreeMap<SpaceKey, Vec<AccessLine>>,
    pub like: Option<Spanned<Like>>,
    pub absent: Vec<Absent>,
    pub replace: Vec<Replace>,
    pub leave: Vec<Spanned<LeavePattern>>,
    /// Who joins every list of these spaces that restricts something.
    pub restricted: Joining,
}

impl Rule {
    /// Every line of access, those of rows included.
    pub fn lines(&self) -> impl Iterator<Item = &AccessLine> {
        self.access.iter().chain(self.rows.values().flatten())
    }

    /// Whether every page of the spaces must be looked at, not only the spaces.
    pub(super) fn is_about_pages(&self) -> bool {
        let is_listed = |absent: &Absent| matches!(absent.who.value, Grantee::Named(_));
        self.absent.iter().any(is_listed) || !self.replace.is_empty() || !self.restricted.is_empty()
    }
}

/// Which access is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Like {
    /// `ENG`: what the policy gives there.
    Policy(SpaceKey),
    /// `live:ENG`: what is held there now.
    Live(SpaceKey),
}

impl Like {
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Policy(key) | Self::Live(key) => key,
        }
    }

    pub(super) const fn space_mut(&mut self) -> &mut SpaceKey {
        match self {
            Self::Policy(key) | Self::Live(key) => key,
        }
    }
}

impl fmt::Display for Like {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(key) => key.fmt(f),
            Self::Live(key) => write!(f, "live:{key}"),
        }
    }
}

/// A principal that is to hold nothing and be on no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    pub who: Spanned<Grantee>,
    /// Who takes their place on a list of a page that would otherwise be empty. Classes and `anonymous` are on none.
    pub instead: Option<Spanned<Named>>,
}

/// A principal whose place another takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replace {
    pub old: Spanned<Named>,
    pub new: Spanned<Named>,
}

/// Which spaces a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    pub span: Span,
    /// At least one.
    pub keys: Vec<Spanned<KeyPattern>>,
    /// Any of these, or all if there are none.
    pub types: Vec<SelectedType>,
    /// Any of these, or all if there are none.
    pub labels: Vec<Spanned<String>>,
    /// Without it, current spaces are meant, and any that is named by its whole key.
    pub status: Option<SpaceStatus>,
    /// All of these.
    pub conditions: Vec<Condition>,
    pub not: Vec<Spanned<KeyPattern>>,
}

/// A word under `type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectedType {
    Kind(SpaceKind),
    /// Every space that is not personal: Confluence's own screens know no more than the two.
    Team,
}

impl SelectedType {
    fn is(&self, kind: &SpaceKind) -> bool {
        match self {
            Self::Kind(named) => named == kind,
            Self::Team => *kind != SpaceKind::Personal,
        }
    }
}

/// Why a selector leaves out a space whose key it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PassesOver {
    Status,
    Type,
}

/// `who: group:contractors, has: read/space`: a principal that holds something there now, or will by the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub who: Spanned<Grantee>,
    pub has: Spanned<Right>,
}

/// A key, or a pattern of keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPattern {
    Exact(SpaceKey),
    /// `*` for any characters, `?` for one.
    Glob(String),
}

impl KeyPattern {
    pub fn matches(&self, key: &SpaceKey) -> bool {
        match self {
            Self::Exact(exact) => exact == key,
            Self::Glob(pattern) => glob(pattern.as_bytes(), key.as_str().as_bytes()),
        }
    }

    /// The key or the pattern; keys have no `*` and no `?`.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Exact(key) => key.as_str(),
            Self::Glob(pattern) => pattern,
        }
    }

    pub const fn exact(&self) -> Option<&SpaceKey> {
        match self {
            Self::Exact(key) => Some(key),
            Self::Glob(_) => None,
        }
    }

    pub(super) const fn exact_mut(&mut self) -> Option<&mut SpaceKey> {
        match self {
            Self::Exact(key) => Some(key),
            Self::Glob(_) => None,
        }
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(key) => key.fmt(f),
            Self::Glob(pattern) => f.write_str(pattern),
        }
    }
}

impl Selector {
    /// Whether what a list of spaces shows speaks for a space. Conditions are not looked at.
    pub fn may_select(&self, space: &Space, listing: &Listing) -> bool {
        self.means_by_name(space, listing) && self.has_status(space) && self.has_type(space)
    }

    /// Why a space is left out though its key and its labels speak for it. A status that is written out is meant.
    pub(super) fn passes_over(&self, space: &Space, listing: &Listing) -> Option<PassesOver> {
        if !self.means_by_name(space, listing) {
            None
        } else if !self.has_status(space) {
            self.status.is_none().then_some(PassesOver::Status)
        } else {
            (!self.has_type(space)).then_some(PassesOver::Type)
        }
    }

    fn means_by_name(&self, space: &Space, listing: &Listing) -> bool {
        self.admits(&space.key)
            && (self.labels.is_empty()
                || self.labels.iter().any(|label| listing.has_label(&space.key, &label.value)))
    }

    fn has_status(&self, space: &Space) -> bool {
        match &self.status {
            Some(status) => *status == space.status,
            None => self.exact_keys().any(|key| *key == space.key) || space.status == SpaceStatus::Current,
        }
    }

    fn has_type(&self, space: &Space) -> bool {
        self.types.is_empty() || self.types.iter().any(|named| named.is(&space.kind))
    }

    /// The keys that are written out.
    pub fn exact_keys(&self) -> impl Iterator<Item = &SpaceKey> {
        self.keys.iter().filter_map(|key| key.value.exact())
    }

    /// Whether only a list of all spaces tells what is meant.
    pub(super) fn has_globs(&self) -> bool {
        self.keys.iter().any(|key| key.value.exact().is_none())
    }

    /// Whether a key alone decides, so that no site needs to be asked.
    pub(super) fn is_by_key(&self) -> bool {
        self.types.is_empty() && self.labels.is_empty() && self.conditions.is_empty() && self.status.is_none()
    }

    /// Whether a key alone is certain to be selected, or not ruled out.
    pub(super) fn admits(&self, key: &SpaceKey) -> bool {
        self.keys.iter().any(|pattern| pattern.value.matches(key))
            && !self.not.iter().any(|pattern| pattern.value.matches(key))
    }
}

/// What a run is about, if it is not about everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Focus {
    pub(super) spaces: Option<BTreeSet<SpaceKey>>,
    pub(super) pages: Option<BTreeSet<SpaceKey>>,
    /// The team whose spaces and lines alone count, by its name.
    pub(super) team: Option<String>,
    /// Whether the keys are those that the site has, not those of the files.
    pub(super) is_by_site: bool,
    /// Spaces that are left out all the same, by the keys that the site has.
    pub(super) without: BTreeSet<SpaceKey>,
}

impl Focus {
    /// Puts other keys for those of the files.
    pub(super) fn rekey(&mut self, keys: &BTreeMap<SpaceKey, SpaceKey>) {
        let now = |key: SpaceKey| keys.get(&key).cloned().unwrap_or(key);
        for named in [&mut self.spaces, &mut self.pages].into_iter().flatten().filter(|_| !self.is_by_site) {
            *named = std::mem::take(named).into_iter().map(now).collect();
        }
    }
}

impl Rule {
    /// Whether what a list of spaces shows does not rule a space out.
    pub(super) fn may_reach(&self, space: &Space, listing: &Listing) -> bool {
        match &self.spaces {
            Some(selector) => selector.may_select(space, listing),
            None => self.rows.contains_key(&space.key),
        }
    }

    /// Whether it gives access in a space that it selects, beside what it hands on.
    pub(super) fn gives_access_in(&self, key: &SpaceKey) -> bool {
        !self.access.is_empty() || self.rows.contains_key(key) || self.like.is_some()
    }

    /// The keys that it names.
    pub(super) fn named_spaces(&self) -> impl Iterator<Item = &SpaceKey> {
        let rows = self.rows.keys();
        self.spaces.iter().flat_map(Selector::exact_keys).chain(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_keys() {
        for (pattern, key, expected) in [
            ("*", "ENG", true),
            ("TEAM*", "TEAMX", true),
            ("TEAM*", "TEAM", true),
            ("TEAM?", "TEAM", false),
            ("*OPS", "DEVOPS", true),
            ("*OPS", "DEVOPSX", false),
            ("A*B*C", "AXXBYBC", true),
            ("A*B*C", "AXXBYBD", false),
            ("~*", "~ann", true),
            ("eng", "ENG", false),
        ] {
            assert_eq!(
                KeyPattern::Glob(pattern.to_owned()).matches(&key.parse().unwrap()),
                expected,
                "{pattern} {key}"
            );
        }
    }
}
