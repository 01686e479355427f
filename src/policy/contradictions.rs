//! Finds principals that one line grants something and another line removes. Rules that select spaces by their state
//! need a site, so [`resolve`](super::resolve()) reports those; where the keys of spaces decide, no site is needed.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::ast::{Grantee, Policy, SpaceDef};
use super::mentions::{Mention, Party, WhatFor};
use super::rules::{Rule, Selector};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::model::SpaceKey;

/// How a principal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    Nowhere,
    Replaced,
    /// It does not go, and may not come either.
    Left,
}

impl Goes {
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::Nowhere => "is to be nowhere",
            Self::Replaced => "is to be replaced",
            Self::Left => "is left as it is",
        }
    }
}

pub(super) const GIVEN: &str = "is given something here";
pub(super) const LISTED: &str = "is listed here";
pub(super) const COMES: &str = "takes the place of another principal here";

/// The finding about a principal that goes at one place and does not at another.
pub(super) fn contradiction(shown: &str, goes: Goes, place: &Span, other: &Span, what: &str) -> Diagnostic {
    let goes = goes.phrase();
    Diagnostic::new(Code::Contradiction, format!("`{shown}` {goes}, and yet {what}").replace(" here", ""))
        .at(place, goes)
        .at(other, what)
        .help("change one of the two; a rule can leave spaces out with `not`")
}

impl Policy {
    /// Contradictions about spaces that the policy names, as far as keys alone tell which rules select them.
    pub fn contradictions(&self, today: Date) -> Diagnostics {
        let mut findings = Diagnostics::default();
        for key in self.space_keys() {
            let own = self.spaces.get(key);
            let rules: Vec<&Rule> = self.rules.iter().filter(|rule| selects(rule, key)).collect();
            let leaving: Vec<(Spanned<Grantee>, Goes)> =
                rules.iter().flat_map(|rule| leaving(rule)).collect();
            let named = if leaving.is_empty() {
                NamedHere::default()
            } else {
                NamedHere::of(mentions(own, &rules, key).filter(|mention| !mention.is_over(today)))
            };
            for (who, goes) in leaving {
                let party = Party::from(&who.value);
                let given = named.given.get(&party).map(|given| (*given, GIVEN));
                let listed = named.listed.get(&party).into_iter().flatten().map(|listed| (*listed, LISTED));
                for (place, what) in given.into_iter().chain(listed) {
                    findings.push(contradiction(&self.show(&who.value), goes, &who.span, place, what));
                }
            }
            let leave =
                own.into_iter().flat_map(|own| &own.leave).chain(rules.iter().flat_map(|rule| &rule.leave));
            for pattern in leave {
                for mention in mentions(own, &rules, key) {
                    let who = mention.who.to_who();
                    if let Some(what) = asked(&mention).filter(|_| pattern.value.matches(&who)) {
                        let shown = self.show(&who);
                        findings.push(contradiction(&shown, Goes::Left, &pattern.span, mention.span, what));
                    }
                }
            }
        }
        findings
    }
}

/// What a mention gives, if it is a role or a permission.
pub(super) fn gives(mention: &Mention<'_>) -> Option<&'static str> {
    mention.line().map(|_| GIVEN)
}

/// What a mention puts a principal on, if it is a list.
pub(super) const fn lists(mention: &Mention<'_>) -> Option<&'static str> {
    match mention.what_for {
        WhatFor::Listed { .. } | WhatFor::Joins { .. } | WhatFor::JoinsByRule { .. } => Some(LISTED),
        _ => None,
    }
}

/// What a mention asks for that is more than to leave a principal as it is. What has ended is asked for as well: it is
/// to be taken back.
pub(super) const fn asked(mention: &Mention<'_>) -> Option<&'static str> {
    match mention.what_for {
        WhatFor::Access { .. } | WhatFor::PageOnly { .. } | WhatFor::Rule { .. } => Some(GIVEN),
        WhatFor::Listed { .. } | WhatFor::Joins { .. } | WhatFor::JoinsByRule { .. } => Some(LISTED),
        WhatFor::Absent { .. } => Some(Goes::Nowhere.phrase()),
        WhatFor::Replaced { .. } => Some(Goes::Replaced.phrase()),
        WhatFor::Heir { .. } => Some(COMES),
        WhatFor::Condition { .. }
        | WhatFor::RequiredAdmin
        | WhatFor::Exempt
        | WhatFor::Member { .. }
        | WhatFor::Left
        | WhatFor::Test { .. } => None,
    }
}

/// Whether the key of a space is enough for a rule to select it.
fn selects(rule: &Rule, key: &SpaceKey) -> bool {
    let by_key = |selector: &Selector| selector.is_by_key() && selector.admits(key);
    rule.spaces.as_ref().is_some_and(by_key)
}

fn leaving(rule: &Rule) -> impl Iterator<Item = (Spanned<Grantee>, Goes)> {
    let absent = rule.absent.iter().map(|absent| (absent.who.clone(), Goes::Nowhere));
    absent.chain(rule.replace.iter().map(|replace| (replace.old.clone().map(Grantee::Named), Goes::Replaced)))
}

/// The principals that are named in a space, and where.
#[derive(Default)]
struct NamedHere<'p> {
    /// The first place where each is given something.
    given: BTreeMap<Party<'p>, &'p Span>,
    /// The entries that put each on lists of pages.
    listed: BTreeMap<Party<'p>, Vec<&'p Span>>,
}

impl<'p> NamedHere<'p> {
    fn of(mentions: impl Iterator<Item = Mention<'p>>) -> Self {
        let mut here = Self::default();
        for mention in mentions {
            if gives(&mention).is_some() {
                here.given.entry(mention.who).or_insert(mention.span);
            }
            if lists(&mention).is_some() {
                here.listed.entry(mention.who).or_default().push(mention.span);
            }
        }
        here
    }
}

fn mentions<'p>(
    own: Option<&'p SpaceDef>,
    rules: &[&'p Rule],
    key: &SpaceKey,
) -> impl Iterator<Item = Mention<'p>> {
    own.into_iter().flat_map(SpaceDef::mentions).chain(rules.iter().flat_map(|rule| rule.mentions_in(key)))
}
