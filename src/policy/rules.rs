//! Rules: the same across many spaces. What a policy says in `rules`, and which spaces a selector means.
//!
//! A selector is judged in two steps. What a list of spaces shows (key, type, label, status) decides which
//! spaces must be read ([`Policy::reach`], [`Policy::candidates`]); conditions about who holds what are
//! judged once they have been.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::ast::{AccessLine, Named, Policy, Right, Who};
use crate::diagnostic::{Span, Spanned};
use crate::model::{Listing, Space, SpaceKey, SpaceKind, SpaceStatus};

/// An entry of `rules`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub name: Spanned<String>,
    /// `None` where the rows of a file alone say where.
    pub spaces: Option<Selector>,
    pub access: Vec<AccessLine>,
    /// Access from the rows of a file, by space.
    pub rows: BTreeMap<SpaceKey, Vec<AccessLine>>,
    pub like: Option<Spanned<Like>>,
    pub absent: Vec<Absent>,
    pub replace: Vec<Replace>,
}

impl Rule {
    /// Every line of access, those of rows included.
    pub fn lines(&self) -> impl Iterator<Item = &AccessLine> {
        self.access.iter().chain(self.rows.values().flatten())
    }

    /// Whether every page of the spaces must be looked at, not only the spaces.
    pub(super) fn is_about_pages(&self) -> bool {
        !self.absent.is_empty() || !self.replace.is_empty()
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

/// Somebody who shall hold nothing and be on no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    pub who: Spanned<Named>,
    /// Who takes their place on a list of a page that would otherwise be empty.
    pub instead: Option<Spanned<Named>>,
}

/// Somebody whose place another takes.
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
    pub types: Vec<SpaceKind>,
    /// Any of these, or all if there are none.
    pub labels: Vec<Spanned<String>>,
    /// Without it, current spaces are meant, and any that is named by its whole key.
    pub status: Option<SpaceStatus>,
    /// All of these.
    pub conditions: Vec<Condition>,
    pub not: Vec<Spanned<KeyPattern>>,
}

/// `who: group:contractors, has: read/space`: somebody holds something there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub who: Spanned<Who>,
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

/// Goes back to the last star only, which is enough and keeps it linear in practice.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                from += 1;
            }
            Some(byte) if *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = place + 1;
                from = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

impl Selector {
    /// Whether what a list of spaces shows speaks for a space. Conditions are not looked at.
    pub fn may_select(&self, space: &Space, listing: &Listing) -> bool {
        let named = self.keys.iter().any(|key| key.value.exact() == Some(&space.key));
        let status = match &self.status {
            Some(status) => *status == space.status,
            None => named || space.status == SpaceStatus::Current,
        };
        status
            && (named || self.keys.iter().any(|key| key.value.matches(&space.key)))
            && (self.types.is_empty() || self.types.contains(&space.kind))
            && (self.labels.is_empty()
                || self.labels.iter().any(|label| listing.has_label(&space.key, &label.value)))
            && !self.not.iter().any(|key| key.value.matches(&space.key))
    }

    /// The keys that are written out.
    pub fn exact_keys(&self) -> impl Iterator<Item = &SpaceKey> {
        self.keys.iter().filter_map(|key| key.value.exact())
    }

    /// Whether only a list of all spaces tells what is meant.
    fn has_globs(&self) -> bool {
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
    /// Whether the keys are those that the site has, not those of the files.
    is_by_site: bool,
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

/// What must be listed of a site before it is known which spaces a policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// These spaces, or all.
    pub keys: Option<BTreeSet<SpaceKey>>,
    /// And which spaces have these labels.
    pub labels: BTreeSet<String>,
}

impl Policy {
    /// Limits the policy to some spaces: entries of others stay, for what is `like` them, and ask for nothing.
    pub fn focus_on(&mut self, spaces: BTreeSet<SpaceKey>) {
        self.focus.spaces = Some(spaces);
    }

    /// The same for spaces that are named as the site does, whatever the files call them.
    pub fn focus_on_found(&mut self, spaces: BTreeSet<SpaceKey>) {
        self.focus_on(spaces);
        self.focus.is_by_site = true;
    }

    /// Leaves the pages of all other spaces out of account. Those that stay are named as the files do, and as
    /// [`Self::focus_on`] or [`Self::focus_on_found`] names spaces.
    pub fn focus_on_pages_of(&mut self, is_written: impl Fn(&SpaceKey) -> bool, spaces: BTreeSet<SpaceKey>) {
        for (key, space) in &mut self.spaces {
            if !is_written(key) {
                space.pages.clear();
            }
        }
        self.focus.pages = Some(spaces);
    }

    /// Whether a run is about the pages of a space.
    pub(super) fn asks_about_pages(&self, key: &SpaceKey) -> bool {
        self.focus.pages.as_ref().is_none_or(|spaces| spaces.contains(key))
    }

    /// Whether a run is about a space at all.
    pub fn is_in_scope(&self, key: &SpaceKey) -> bool {
        self.focus.spaces.as_ref().is_none_or(|scope| scope.contains(key))
    }

    /// Whether a space is named, or a rule could select it.
    pub fn may_speak_of(&self, key: &SpaceKey) -> bool {
        let selectors = self.rules.iter().filter_map(|rule| rule.spaces.as_ref());
        self.space_keys().any(|named| named == key)
            || selectors.into_iter().any(|selector| selector.admits(key))
    }

    /// What must be listed.
    pub fn reach(&self) -> Reach {
        let selectors = || self.rules.iter().filter_map(|rule| rule.spaces.as_ref());
        let keys = match &self.focus.spaces {
            Some(scope) => Some(scope.clone()),
            None => (!selectors().any(Selector::has_globs)).then(|| self.space_keys().cloned().collect()),
        };
        let keys =
            keys.map(|keys: BTreeSet<SpaceKey>| keys.into_iter().chain(self.sources().cloned()).collect());
        let on_site = |keys: BTreeSet<SpaceKey>| keys.into_iter().filter(|key| !self.is_aside(key)).collect();
        let keys = keys.map(on_site);
        let labels = selectors().flat_map(|selector| &selector.labels).map(|label| label.value.clone());
        Reach { keys, labels: labels.collect() }
    }

    /// The spaces whose access must be read, out of those listed.
    pub fn candidates(&self, listing: &Listing) -> BTreeSet<SpaceKey> {
        let asked = self.focus.spaces.iter().flatten();
        let named: BTreeSet<&SpaceKey> = self.space_keys().chain(self.sources()).chain(asked).collect();
        let chosen = listing.spaces.values().filter(|space| {
            named.contains(&space.key)
                || self.is_in_scope(&space.key)
                    && self.rules.iter().any(|rule| rule.may_reach(space, listing))
        });
        chosen.map(|space| space.key.clone()).collect()
    }

    /// Spaces whose access is copied somewhere.
    pub(super) fn sources(&self) -> impl Iterator<Item = &SpaceKey> {
        self.likes().map(|like| like.value.space())
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
