//! Which spaces a policy is about, as far as a list of them tells.

use std::collections::BTreeSet;

use super::ast::{Joining, Policy};
use super::delegation::Team;
use super::rules::Selector;
use crate::model::{Listing, SpaceKey};

/// What must be listed of a site before it is known which spaces a policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceReach {
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

    /// Limits the policy to the spaces of a team, and what is carried out to what its files ask for.
    pub fn focus_on_team(&mut self, name: &str) {
        self.focus.team = Some(name.to_owned());
    }

    /// The team that a run is about.
    pub(super) fn team_in_focus(&self) -> Option<&Team> {
        self.delegation.team(self.focus.team.as_deref()?)
    }

    /// Whether a run is for a team alone.
    pub fn is_for_team(&self, team: &Team) -> bool {
        self.team_in_focus() == Some(team)
    }

    /// Leaves a space of the site out of account.
    pub fn leave_out(&mut self, key: SpaceKey) {
        self.focus.without.insert(key);
    }

    /// Leaves the pages of all other spaces out of account. Those that stay are named as the files do, and as
    /// [`Self::focus_on`] or [`Self::focus_on_found`] names spaces.
    pub fn focus_on_pages_of(&mut self, is_written: impl Fn(&SpaceKey) -> bool, spaces: BTreeSet<SpaceKey>) {
        for (key, space) in &mut self.spaces {
            if !is_written(key) {
                space.pages.clear();
                space.restricted = Joining::default();
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
        // The keys of a delegation are those of the files.
        let has = |team: &Team| team.has_space(self.as_written(key));
        self.focus.spaces.as_ref().is_none_or(|scope| scope.contains(key))
            && self.team_in_focus().is_none_or(has)
            && !self.focus.without.contains(key)
    }

    /// Whether a run is about all that the policy says.
    pub(in crate::policy) const fn is_about_all(&self) -> bool {
        self.focus.spaces.is_none() && self.focus.team.is_none()
    }

    /// Whether a space is named, or a rule could select it.
    pub fn may_speak_of(&self, key: &SpaceKey) -> bool {
        let selectors = self.rules.iter().filter_map(|rule| rule.spaces.as_ref());
        self.space_keys().any(|named| named == key)
            || selectors.into_iter().any(|selector| selector.admits(key))
    }

    /// What must be listed.
    pub fn reach(&self) -> SpaceReach {
        let selectors = || self.rules.iter().filter_map(|rule| rule.spaces.as_ref());
        let keys = match &self.focus.spaces {
            Some(scope) => Some(scope.clone()),
            None => (!selectors().any(Selector::has_globs)).then(|| self.space_keys().cloned().collect()),
        };
        let keys = keys.map(|keys: BTreeSet<SpaceKey>| {
            keys.into_iter().chain(self.sources().into_iter().cloned()).collect()
        });
        let on_site = |keys: BTreeSet<SpaceKey>| keys.into_iter().filter(|key| !self.is_aside(key)).collect();
        let keys = keys.map(on_site);
        let labels = selectors().flat_map(|selector| &selector.labels).map(|label| label.value.clone());
        SpaceReach { keys, labels: labels.collect() }
    }

    /// The spaces whose access must be read, out of those listed.
    pub fn candidates(&self, listing: &Listing) -> BTreeSet<SpaceKey> {
        let asked = self.focus.spaces.iter().flatten();
        let named: BTreeSet<&SpaceKey> = self.space_keys().chain(self.sources()).chain(asked).collect();
        let chosen = listing.spaces.values().filter(|space| {
            !self.focus.without.contains(&space.key)
                && (named.contains(&space.key)
                    || self.is_in_scope(&space.key)
                        && self.rules.iter().any(|rule| rule.may_reach(space, listing)))
        });
        chosen.map(|space| space.key.clone()).collect()
    }

    /// Spaces whose access is copied somewhere, as far as a run is about that.
    pub(super) fn sources(&self) -> BTreeSet<&SpaceKey> {
        if self.is_about_all() {
            return self.likes().map(|like| like.value.space()).collect();
        }
        let mut sources: BTreeSet<&SpaceKey> = BTreeSet::new();
        loop {
            let counts = |key: &SpaceKey| self.is_in_scope(key) || sources.contains(key);
            let own = self
                .spaces
                .values()
                .filter(|space| counts(&space.key.value))
                .filter_map(|space| space.like.as_ref());
            // What a pattern matches for a team, only a list of spaces tells.
            let may_count = |selector: &Selector| match &self.focus.spaces {
                Some(scope) => {
                    let some = scope.iter().filter(|key| self.is_in_scope(key));
                    some.chain(sources.iter().copied()).any(|key| selector.admits(key))
                }
                None => selector.has_globs() || selector.exact_keys().any(counts),
            };
            let rules = self.rules.iter().filter(|rule| rule.spaces.as_ref().is_some_and(may_count));
            let likes = own.chain(rules.filter_map(|rule| rule.like.as_ref()));
            let found: BTreeSet<&SpaceKey> = likes.map(|like| like.value.space()).collect();
            if found.is_subset(&sources) {
                return sources;
            }
            sources.extend(found);
        }
    }
}
