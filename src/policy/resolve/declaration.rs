//! What is asked of one space, in the ids of the site as far as it is about people who go.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::meaning::Lost;
use crate::diagnostic::{Span, Spanned};
use crate::model::{AccountId, Declaration, Mode, PageList, Principal, SpaceKey, Subject, Wanted, Watched};
use crate::policy::ast::{AccessLine, Grantee, Joining, ListItem, Named, Right, SpaceDef};
use crate::policy::leave::LeavePattern;
use crate::policy::rules::Like;

/// Everything that is asked of one space.
pub(super) struct SpaceDeclaration<'p> {
    pub(super) own: Option<&'p SpaceDef>,
    /// The line to name for the space as a whole.
    pub(super) span: &'p Span,
    pub(super) lines: Vec<DeclaredLine<'p>>,
    /// Spaces whose live access is copied here.
    pub(super) copies: Vec<Copied<'p>>,
    pub(super) leaving: Vec<Leaving<'p>>,
    pub(super) leave: Vec<&'p Spanned<LeavePattern>>,
    /// Who joins every list that restricts something, by rules.
    pub(super) joining: Vec<(&'p str, &'p Joining)>,
    /// The rules that go by what principals hold in the space.
    pub(super) watched: BTreeMap<String, Watched>,
}

impl<'p> SpaceDeclaration<'p> {
    pub(super) fn mode(&self) -> Mode {
        self.own.map_or(Mode::Additive, |own| own.mode)
    }

    /// Everyone who is to be on lists of pages.
    pub(super) fn listed(&self) -> impl Iterator<Item = &'p ListItem<Named>> {
        let entries = self.own.into_iter().flat_map(|own| &own.pages);
        let lists = entries.clone().flat_map(|page| [&page.view, &page.edit]).flatten();
        let own = entries.map(|page| &page.also).chain(self.own.map(|own| &own.restricted));
        let joining = own.chain(self.joining.iter().map(|(_, joining)| *joining));
        let joins = joining.flat_map(|joining| PageList::ALL.map(|list| joining.named(list))).flatten();
        lists.flat_map(|list| list.value.named()).chain(joins)
    }
}

/// A line of access, and how it came here.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeclaredLine<'p> {
    pub(super) says: &'p AccessLine,
    pub(super) rule: Option<&'p str>,
    pub(super) via: Option<&'p Spanned<Like>>,
}

impl<'p> DeclaredLine<'p> {
    pub(super) fn who(&self) -> &'p [ListItem<Grantee>] {
        &self.says.who
    }

    /// The place that brought an entry of the line here.
    pub(super) fn place(&self, entry: &'p ListItem<Grantee>) -> &'p Span {
        self.via.map_or(&entry.who.span, |like| &like.span)
    }

    /// The file that brought the line here.
    pub(super) fn file(&self) -> &'p Utf8Path {
        &self.via.map_or(&self.says.right.span, |like| &like.span).file
    }

    /// What an entry of the line says, as the place that brought it here has it.
    pub(super) fn declaration(&self, entry: &'p ListItem<Grantee>, today: jiff::civil::Date) -> Declaration {
        let like = || self.via.map(|like| format!("like {}", like.value));
        let rule = self.rule.map(str::to_owned).or_else(like);
        let role = match &self.says.right.value {
            Right::Role(role) => Some(role.as_str().to_owned()),
            Right::Permission(_) => None,
        };
        Declaration { role, rule, ..entry.declaration(self.place(entry), today, None) }
    }
}

/// A space whose live access is copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied<'p> {
    pub(super) from: &'p SpaceKey,
    pub(super) like: &'p Spanned<Like>,
    pub(super) rule: Option<&'p str>,
}

/// A principal that leaves a space.
#[derive(Debug, Clone)]
pub(super) struct Leaving<'p> {
    pub(super) who: Principal,
    /// How the policy writes it, and where.
    pub(super) named: Grantee,
    pub(super) span: &'p Span,
    pub(super) rule: &'p str,
    pub(super) then: Then,
    /// Who comes in its place anywhere, as the policy names them.
    pub(super) comes: Option<&'p Spanned<Named>>,
}

/// Who comes in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// No principal, but for the lists that would be empty.
    Gone { instead: Option<Subject>, lost: Option<Lost<Subject>> },
    /// Wherever the other stood.
    Taken { by: Subject },
}

impl Leaving<'_> {
    pub(super) fn wanted<T>(&self, what: T) -> Wanted<T> {
        Wanted::new(
            what,
            Declaration { rule: Some(self.rule.to_owned()), ..Declaration::at(self.span.origin()) },
        )
    }

    /// Whether another gets what it holds in the space.
    pub(super) const fn hands_on(&self) -> bool {
        matches!(self.then, Then::Taken { .. })
    }

    /// The account, where it is a person who is to be nowhere.
    pub(super) const fn account(&self) -> Option<&AccountId> {
        match (&self.who, &self.then) {
            (Principal::User(account), Then::Gone { .. }) => Some(account),
            _ => None,
        }
    }

    /// What can stand on lists of pages.
    pub(super) fn subject(&self) -> Option<Subject> {
        self.who.subject()
    }

    /// The name of a principal that takes the place on lists that would be empty, if it is lost.
    pub(super) const fn lost(&self) -> Option<&Lost<Subject>> {
        match &self.then {
            Then::Gone { lost, .. } => lost.as_ref(),
            Then::Taken { .. } => None,
        }
    }

    /// The principal that comes in its place in the space.
    pub(super) const fn heir(&self) -> Option<&Subject> {
        match &self.then {
            Then::Gone { .. } => None,
            Then::Taken { by } => Some(by),
        }
    }
}
