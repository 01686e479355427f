//! What entries ask of the lists of their pages.

use std::collections::{BTreeMap, BTreeSet};

use super::meaning::NameMeaning;
use super::resolver::Resolver;
use crate::diagnostic::Span;
use crate::model::{Audience, Declaration, Members, PageList, SkippedPart, Subject, Wanted};
use crate::policy::ast::{ListItem, Listed, Named, SpaceDef};
use crate::policy::pages::PageSelector;

/// What an entry asks of one list of its pages.
#[derive(Debug, Default)]
pub(super) struct ListAsked {
    pub(super) wanted: Option<Wanted<Audience>>,
    /// Whether the list stays as it is, since all names on it are lost.
    pub(super) stays: bool,
    /// Of these it stays as it is whether they are on the list.
    pub(super) undecided: BTreeSet<Subject>,
}

impl Resolver<'_> {
    /// What each entry asks for, by its number.
    pub(super) fn audiences(&mut self, space: &SpaceDef, list: PageList) -> BTreeMap<usize, ListAsked> {
        let mut audiences = BTreeMap::new();
        for (at, entry) in space.pages.iter().enumerate() {
            let Some(listed) = entry.listed(list) else { continue };
            let mut asked = ListAsked::default();
            let audience = match &listed.value {
                Listed::Anyone => Some(Audience::Anyone),
                Listed::Only(named) => self.members(space, named, &mut asked).map(Audience::Only),
            };
            let by_label = matches!(entry.pages.value, PageSelector::Labelled(_));
            let by = self.declaration(&listed.span, listed.value.named());
            asked.wanted = audience.map(|what| Wanted { by_label, ..Wanted::new(what, by) });
            audiences.insert(at, asked);
        }
        audiences
    }

    /// The members of a list, as far as their names mean something.
    fn members(
        &mut self,
        space: &SpaceDef,
        named: &[ListItem<Named>],
        asked: &mut ListAsked,
    ) -> Option<Members> {
        let today = self.today;
        let mut members = Vec::new();
        let mut lost_ones = Vec::new();
        for ListItem { who, .. } in named.iter().filter(|entry| !entry.is_over(today)) {
            match self.subject(&who.value, &who.span) {
                NameMeaning::Is(subject) => members.push(subject),
                NameMeaning::Lost(lost) => lost_ones.push((lost, &who.span)),
                NameMeaning::Invalid => {}
            }
        }
        let members = Members::new(members);
        // A list of none but lost names would be empty, and so open: it stays.
        asked.stays = members.is_none() && !lost_ones.is_empty();
        let part = if asked.stays { SkippedPart::List } else { SkippedPart::Principal };
        for (lost, span) in lost_ones {
            self.skip(Some(&space.key.value), part, &lost, span);
            asked.undecided.extend(lost.by);
            // A group that is gone is on no list; an account that the site does not describe may be.
            asked.undecided.extend(Some(lost.was).filter(|was| matches!(was, Subject::User(_))));
        }
        members
    }

    /// What is said of a whole list: what ended last, or else what ends first.
    fn declaration(&self, place: &Span, named: &[ListItem<Named>]) -> Declaration {
        let over = named.iter().filter(|entry| entry.is_over(self.today));
        let last = over.max_by_key(|entry| entry.until.as_ref().map(|until| until.value));
        let ending = named.iter().filter(|entry| entry.until.is_some());
        let said = last.or_else(|| ending.min_by_key(|entry| entry.until.as_ref().map(|until| until.value)));
        let silent = || Declaration::at(place.origin());
        said.map_or_else(silent, |entry| entry.declaration(place, self.today, None))
    }
}
