//! Every principal that a policy names, where, and what for: the one walk over a policy. Who is given what, who
//! must be looked up, what ends, and what contradicts itself are readings of it, so none of them can forget a place
//! that another knows.

use jiff::civil::Date;

use super::ast::{
    AccessLine, AccessTest, Grantee, Joining, ListItem, Named, PageEntry, PageOnlyEntry, Policy, SpaceDef,
};
use super::leave::LeavePattern;
use super::rules::Rule;
use super::sets::{SetDef, SetMember};
use crate::diagnostic::{Span, Spanned};
use crate::model::{AccessClass, AccountId, PageList, SpaceKey};

/// One principal at one place of a policy.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'p> {
    pub who: Party<'p>,
    /// The place of the principal.
    pub span: &'p Span,
    pub what_for: WhatFor<'p>,
    /// The last day that it counts, where the entry has one.
    pub until: Option<&'p Spanned<Date>>,
    pub why: Option<&'p str>,
}

/// A principal, as a policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party<'p> {
    Named(&'p Named),
    Class(AccessClass),
    Anonymous,
}

/// What a principal is named for.
#[derive(Debug, Clone, Copy)]
pub enum WhatFor<'p> {
    /// It is given a role or a permission by the entry of a space.
    Access { space: &'p SpaceDef, line: &'p AccessLine },
    /// It sees these pages of a space and no others.
    PageOnly { space: &'p SpaceDef, entry: &'p PageOnlyEntry },
    /// It is on a list of pages.
    Listed { space: &'p SpaceDef, entry: &'p PageEntry, list: PageList },
    /// It joins lists of a space: those of an entry of `pages`, or all that restrict something.
    Joins { space: &'p SpaceDef, entry: Option<&'p PageEntry>, list: PageList },
    /// It joins all lists that restrict something in the spaces that a rule selects.
    JoinsByRule { rule: &'p Rule, list: PageList },
    /// It is given a role or a permission by a rule: in the space of a row, or in all that the rule selects.
    Rule { rule: &'p Rule, line: &'p AccessLine, row: Option<&'p SpaceKey> },
    /// It holds nothing and is on no list.
    Absent { rule: &'p Rule },
    /// Another takes its place.
    Replaced { rule: &'p Rule },
    /// It takes the place of another, by `instead` or `replace`.
    Heir { rule: &'p Rule },
    /// What it holds decides which spaces a rule selects.
    Condition { rule: &'p Rule },
    /// A guard requires that it administers the spaces.
    RequiredAdmin,
    /// A guard lets it be given what is forbidden otherwise.
    Exempt,
    /// It is left as it is.
    Left,
    /// A set names it. What it is given through the set is a mention of its own, at the place of the set.
    Member { set: &'p SetDef },
    /// An access test is about it.
    Test { test: &'p AccessTest },
}

impl<'p> Mention<'p> {
    /// Whether its last day has passed.
    pub fn is_over(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until.value < today)
    }

    /// The line of access that gives it something, if one does.
    pub const fn line(&self) -> Option<&'p AccessLine> {
        match self.what_for {
            WhatFor::Access { line, .. } | WhatFor::Rule { line, .. } => Some(line),
            WhatFor::PageOnly { entry, .. } => Some(&entry.access),
            WhatFor::Listed { .. }
            | WhatFor::Joins { .. }
            | WhatFor::JoinsByRule { .. }
            | WhatFor::Absent { .. }
            | WhatFor::Replaced { .. }
            | WhatFor::Heir { .. }
            | WhatFor::Condition { .. }
            | WhatFor::RequiredAdmin
            | WhatFor::Exempt
            | WhatFor::Member { .. }
            | WhatFor::Left
            | WhatFor::Test { .. } => None,
        }
    }
}

impl<'p> Party<'p> {
    /// The account, where it is a user.
    pub const fn account(self) -> Option<&'p AccountId> {
        match self {
            Self::Named(Named::User(account)) => Some(account),
            Self::Named(Named::Group(_)) | Self::Class(_) | Self::Anonymous => None,
        }
    }

    pub fn to_who(self) -> Grantee {
        match self {
            Self::Named(named) => Grantee::Named(named.clone()),
            Self::Class(class) => Grantee::Class(class),
            Self::Anonymous => Grantee::Anonymous,
        }
    }
}

impl<'p> From<&'p Grantee> for Party<'p> {
    fn from(who: &'p Grantee) -> Self {
        match who {
            Grantee::Named(named) => Self::Named(named),
            Grantee::Class(class) => Self::Class(*class),
            Grantee::Anonymous => Self::Anonymous,
        }
    }
}

impl<'p> From<&'p Named> for Party<'p> {
    fn from(named: &'p Named) -> Self {
        Self::Named(named)
    }
}

impl Policy {
    /// Every principal at every place where the policy names it.
    pub fn mentions(&self) -> impl Iterator<Item = Mention<'_>> {
        let guards = &self.guards;
        let required = guards.required_admins.iter().flat_map(|admins| &admins.value);
        let exempt = guards.forbid.iter().flat_map(|forbid| &forbid.value).flat_map(|entry| &entry.except);
        self.spaces
            .values()
            .flat_map(SpaceDef::mentions)
            .chain(self.rules.iter().flat_map(Rule::mentions))
            .chain(required.map(|named| bare(named, WhatFor::RequiredAdmin)))
            .chain(exempt.map(|named| bare(named, WhatFor::Exempt)))
            .chain(self.sets.defined.values().flat_map(SetDef::mentions))
            .chain(
                self.tests
                    .iter()
                    .flat_map(|test| test.principals().map(move |who| bare(who, WhatFor::Test { test }))),
            )
    }
}

impl SetDef {
    fn mentions(&self) -> impl Iterator<Item = Mention<'_>> {
        self.members.iter().filter_map(move |member| match &member.value {
            SetMember::Principal(who) => Some(Mention {
                who: Party::from(who),
                span: &member.span,
                what_for: WhatFor::Member { set: self },
                until: None,
                why: None,
            }),
            SetMember::Set(_) => None,
        })
    }
}

impl SpaceDef {
    /// Every principal that the entry of a space names.
    pub(super) fn mentions(&self) -> impl Iterator<Item = Mention<'_>> {
        let access = self.access.iter().flat_map(move |line| {
            line.who.iter().map(move |entry| dated(entry, WhatFor::Access { space: self, line }))
        });
        let guests = self.page_only.iter().flat_map(move |entry| {
            entry.who.iter().map(move |guest| dated(guest, WhatFor::PageOnly { space: self, entry }))
        });
        let lists = self.pages.iter().flat_map(move |entry| {
            PageList::ALL.into_iter().flat_map(move |list| {
                let listed = entry.listed(list).into_iter().flat_map(|listed| listed.value.named());
                listed.map(move |named| dated(named, WhatFor::Listed { space: self, entry, list }))
            })
        });
        let of_entries = self.pages.iter().flat_map(move |entry| {
            entry.also.mentions(move |list| WhatFor::Joins { space: self, entry: Some(entry), list })
        });
        let of_space =
            self.restricted.mentions(move |list| WhatFor::Joins { space: self, entry: None, list });
        access.chain(guests).chain(lists).chain(of_entries).chain(of_space).chain(left(&self.leave))
    }
}

impl Joining {
    fn mentions<'p>(
        &'p self,
        what_for: impl Fn(PageList) -> WhatFor<'p> + Copy,
    ) -> impl Iterator<Item = Mention<'p>> {
        let of = move |list| self.named(list).iter().map(move |entry| dated(entry, what_for(list)));
        PageList::ALL.into_iter().flat_map(of)
    }
}

impl Rule {
    /// Every principal that a rule names.
    pub(super) fn mentions(&self) -> impl Iterator<Item = Mention<'_>> {
        self.mentions_with(self.rows.iter())
    }

    /// Every principal that a rule names, but of its rows those of one space.
    pub(super) fn mentions_in(&self, key: &SpaceKey) -> impl Iterator<Item = Mention<'_>> {
        self.mentions_with(self.rows.get_key_value(key).into_iter())
    }

    /// Every principal that a rule names itself.
    pub(super) fn mentions_without_rows(&self) -> impl Iterator<Item = Mention<'_>> {
        self.mentions_with(std::iter::empty())
    }

    fn mentions_with<'p>(
        &'p self,
        rows: impl Iterator<Item = (&'p SpaceKey, &'p Vec<AccessLine>)>,
    ) -> impl Iterator<Item = Mention<'p>> {
        let conditions = self.spaces.iter().flat_map(|spaces| &spaces.conditions);
        let conditions =
            conditions.map(move |condition| bare(&condition.who, WhatFor::Condition { rule: self }));
        let everywhere = self.access.iter().map(|line| (line, None));
        let rows = rows.flat_map(|(key, lines)| lines.iter().map(move |line| (line, Some(key))));
        let access = everywhere.chain(rows).flat_map(move |(line, row)| {
            line.who.iter().map(move |entry| dated(entry, WhatFor::Rule { rule: self, line, row }))
        });
        let joins = self.restricted.mentions(move |list| WhatFor::JoinsByRule { rule: self, list });
        conditions.chain(access).chain(joins).chain(self.leaving()).chain(left(&self.leave))
    }

    fn leaving(&self) -> impl Iterator<Item = Mention<'_>> {
        let (absent, heir) = (WhatFor::Absent { rule: self }, WhatFor::Heir { rule: self });
        let gone = self.absent.iter().flat_map(move |entry| {
            let instead = entry.instead.iter().map(move |named| bare(named, heir));
            std::iter::once(bare(&entry.who, absent)).chain(instead)
        });
        let replaced = self.replace.iter().flat_map(move |entry| {
            [bare(&entry.old, WhatFor::Replaced { rule: self }), bare(&entry.new, heir)]
        });
        gone.chain(replaced)
    }
}

/// Those who are left as they are by name; what patterns mean, only a site tells.
fn left(patterns: &[Spanned<LeavePattern>]) -> impl Iterator<Item = Mention<'_>> {
    patterns.iter().filter_map(|pattern| match &pattern.value {
        LeavePattern::One(who) => Some(Mention {
            who: Party::from(who),
            span: &pattern.span,
            what_for: WhatFor::Left,
            until: None,
            why: None,
        }),
        LeavePattern::Groups(_) | LeavePattern::Users | LeavePattern::Classes => None,
    })
}

/// A principal of an entry, with what the entry says of its time.
fn dated<'p, T>(entry: &'p ListItem<T>, what_for: WhatFor<'p>) -> Mention<'p>
where
    Party<'p>: From<&'p T>,
{
    Mention {
        who: Party::from(&entry.who.value),
        span: &entry.who.span,
        what_for,
        until: entry.until.as_ref(),
        why: entry.why.as_deref(),
    }
}

/// A principal that is named without an end.
fn bare<'p, T>(named: &'p Spanned<T>, what_for: WhatFor<'p>) -> Mention<'p>
where
    Party<'p>: From<&'p T>,
{
    Mention { who: Party::from(&named.value), span: &named.span, what_for, until: None, why: None }
}
