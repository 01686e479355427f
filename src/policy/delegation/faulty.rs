//! A policy without some of its files: those of teams, or those in which a team has something to correct.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::Team;
use crate::diagnostic::Span;
use crate::model::{Listing, Skipped, SpaceKey};
use crate::policy::ast::{AccessLine, Policy};
use crate::policy::rules::Rule;

impl Policy {
    /// What the other files ask of spaces.
    pub(crate) fn without_files(&self, is_out: &dyn Fn(&Utf8Path) -> bool) -> Self {
        let mut rest = self.clone();
        rest.spaces.retain(|_, space| !is_out(&space.key.span.file));
        rest.rules.retain(|rule| !is_out(&rule.name.span.file));
        for line in rest.rules.iter_mut().flat_map(|rule| rule.rows.values_mut()).flatten() {
            line.who.retain(|entry| !is_out(&entry.who.span.file));
        }
        rest.tests.retain(|test| !is_out(&test.name.span.file));
        rest
    }

    /// What central files ask of spaces.
    #[must_use]
    pub fn central(&self) -> Self {
        self.without_files(&|file| self.delegation.team_of(file).is_some())
    }

    /// The first line of a team that may be about a space, whatever its conditions say. A run for that team is about it,
    /// so it has none there.
    pub fn line_of_team(&self, key: &SpaceKey, listing: &Listing) -> Option<(&Team, &Span)> {
        let entry = self.spaces.get(key).map(|space| &space.key.span);
        let rules = self.rules.iter().filter(|rule| {
            rule.rows.contains_key(key)
                || rule.named_spaces().any(|named| named == key)
                || listing.spaces.get(key).is_some_and(|space| rule.may_reach(space, listing))
        });
        let lines: Vec<(&Team, &Span)> = entry
            .into_iter()
            .chain(rules.map(|rule| &rule.name.span))
            .filter_map(|span| Some((self.delegation.team_of(&span.file)?, span)))
            .collect();
        let is_about = lines.iter().any(|(team, _)| self.is_for_team(team));
        lines.into_iter().next().filter(|_| !is_about)
    }

    /// The files of teams that ask for something of spaces or test it, tables included, each with its team and its first
    /// line.
    pub fn files_of_teams(&self) -> BTreeMap<&Utf8Path, (&Team, &Span)> {
        let entries = self.spaces.values().map(|space| &space.key.span);
        let rules = self.rules.iter().map(|rule| &rule.name.span);
        let rows = self.rules.iter().flat_map(rows);
        let mut files = BTreeMap::new();
        let tests = self.tests.iter().map(|test| &test.name.span);
        for span in entries.chain(rules).chain(rows).chain(tests) {
            if let Some(team) = self.delegation.team_of(&span.file) {
                files.entry(&*span.file).or_insert((team, span));
            }
        }
        files
    }

    /// Whether two files say something together: a rule, and the table of its rows.
    pub fn belong_together(&self, one: &Utf8Path, other: &Utf8Path) -> bool {
        let is_so = |rule: &Rule, file: &Utf8Path, table: &Utf8Path| {
            *rule.name.span.file == *file && rows(rule).any(|row| *row.file == *table)
        };
        one == other || self.rules.iter().any(|rule| is_so(rule, one, other) || is_so(rule, other, one))
    }

    /// Spaces with those whose access they may have, by `like`.
    pub fn with_sources(&self, keys: &BTreeSet<SpaceKey>, listing: &Listing) -> BTreeSet<SpaceKey> {
        let may_select = |rule: &Rule, key: &SpaceKey| {
            listing.spaces.get(key).is_some_and(|space| rule.may_reach(space, listing))
        };
        let mut all = BTreeSet::new();
        let mut open: Vec<SpaceKey> = keys.iter().cloned().collect();
        while let Some(key) = open.pop() {
            let likings = self.likings(&key, &may_select);
            open.extend(
                likings.iter().map(|it| it.like.value.space().clone()).filter(|it| !all.contains(it)),
            );
            all.insert(key);
        }
        all
    }

    /// The spaces that lines of some files may be about, whatever holders and conditions say.
    pub fn spaces_of_files(
        &self,
        is_one: &dyn Fn(&Utf8Path) -> bool,
        listing: &Listing,
    ) -> BTreeSet<SpaceKey> {
        let entries = self.spaces.values().filter(|space| is_one(&space.key.span.file));
        let mut reached: BTreeSet<SpaceKey> = entries.map(|space| space.key.value.clone()).collect();
        for rule in &self.rules {
            if is_one(&rule.name.span.file) {
                let spaces = listing.spaces.values().filter(|space| rule.may_reach(space, listing));
                reached.extend(spaces.map(|space| space.key.clone()));
                reached.extend(rule.named_spaces().cloned());
            }
            let of_rows = |(_, lines): &(&SpaceKey, &Vec<AccessLine>)| {
                lines.iter().flat_map(|line| &line.who).any(|entry| is_one(&entry.who.span.file))
            };
            reached.extend(rule.rows.iter().filter(of_rows).map(|(key, _)| key.clone()));
        }
        reached
    }

    /// What the files ask of spaces in which no team has to correct something that is skipped for it.
    pub(crate) fn without_faulty_files<'s>(&self, skipped: impl Iterator<Item = &'s Skipped>) -> Self {
        let faulty = skipped.filter(|skipped| skipped.is_fault_of_team());
        let faulty: Vec<&Utf8Path> = faulty.map(|skipped| &*skipped.origin.file).collect();
        self.without_files(&|file| faulty.contains(&file) && self.delegation.team_of(file).is_some())
    }
}

/// The rows of the tables of a rule.
fn rows(rule: &Rule) -> impl Iterator<Item = &Span> {
    rule.rows.values().flatten().flat_map(|line| &line.who).map(|entry| &entry.who.span)
}
