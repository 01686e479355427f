//! Finds people of a policy by their alias, their e-mail address, or the display name that an alias is made from.

use super::ast::{PersonDef, Policy};
use crate::model::folded;

const LONGEST_ALIAS: usize = 60;

/// A display name as an alias: letters and digits of any script in lower case, `-` for everything between.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let short: String = slug.chars().take(LONGEST_ALIAS).collect();
    short.trim_end_matches('-').to_owned()
}

impl Policy {
    /// The people that a text may mean, with their aliases: by the alias to the letter, by the account id, by the e-mail address, by the
    /// alias in another case, or by a display name. The first of these that anyone goes by decides, and an account
    /// with several aliases is one person.
    pub fn people_called(&self, written: &str) -> Vec<(&str, &PersonDef)> {
        let written = &*folded(written);
        if let Some((alias, person)) = self.people.get_key_value(written) {
            return vec![(alias, person)];
        }
        let (lower, slug) = (written.to_lowercase(), slug(written));
        let rank = |alias: &str, person: &PersonDef| {
            let has_email = person.email.as_deref().is_some_and(|email| email.to_lowercase() == lower);
            let has_id = person.account.value.as_str() == written;
            let ranks = [has_id, has_email, alias.to_lowercase() == lower, !slug.is_empty() && alias == slug];
            ranks.into_iter().position(|is_meant| is_meant)
        };
        let people = self.people.iter();
        let mut found: Vec<(usize, &str, &PersonDef)> = people
            .filter_map(|(alias, person)| Some((rank(alias, person)?, alias.as_str(), person)))
            .collect();
        let best = found.iter().map(|(rank, ..)| *rank).min();
        found.retain(|(rank, ..)| Some(*rank) == best);
        found.sort_by_key(|(_, alias, person)| (&person.account.value, *alias));
        found.dedup_by_key(|(.., person)| &person.account.value);
        found.into_iter().map(|(_, alias, person)| (alias, person)).collect()
    }
}
