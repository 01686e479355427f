//! A policy without some of its files: those of teams, or those in which a team has something to correct.

use camino::Utf8Path;

use crate::model::Skipped;
use crate::policy::ast::Policy;

impl Policy {
    /// What the other files ask of spaces.
    pub(crate) fn without_files(&self, is_out: &dyn Fn(&Utf8Path) -> bool) -> Self {
        let mut rest = self.clone();
        rest.spaces.retain(|_, space| !is_out(&space.key.span.file));
        rest.rules.retain(|rule| !is_out(&rule.name.span.file));
        for line in rest.rules.iter_mut().flat_map(|rule| rule.rows.values_mut()).flatten() {
            line.who.retain(|entry| !is_out(&entry.who.span.file));
        }
        rest
    }

    /// What the files ask of spaces in which no team has to correct something that is skipped for it.
    pub(crate) fn without_faulty_files<'s>(&self, skipped: impl Iterator<Item = &'s Skipped>) -> Self {
        let faulty = skipped.filter(|skipped| skipped.is_of_team());
        let faulty: Vec<&Utf8Path> = faulty.map(|skipped| &*skipped.origin.file).collect();
        self.without_files(&|file| faulty.contains(&file) && self.delegation.team_of(file).is_some())
    }
}
