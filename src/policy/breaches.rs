//! Finds what a policy declares against its own guards, as far as that can be decided without a site. What rules and
//! roles come to, and who administers what, shows on the plan only; what is found here, the plan forbids as well.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::ast::{ForbidDef, Policy};
use super::mentions::{Mention, Party, WhatFor};
use super::rules::{Rule, Selector};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Forbidden, Guard, Mode, SpaceKey};

/// How many places are shown for one principal.
const PLACES: usize = 3;

/// What the guards forbid of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaches {
    /// By guard; guards that forbid nothing are missing.
    pub sure: BTreeMap<Guard, Diagnostics>,
    /// Forbidden unless the account is the one that runs confperm, which only a sign-in tells.
    pub perhaps: Diagnostics,
}

/// The places where each principal is given what is forbidden.
type Given<'p> = BTreeMap<Party<'p>, Vec<&'p Span>>;

impl Policy {
    /// What each guard surely forbids of this policy. The policy is valid all the same: `--override` lets it through,
    /// with a reason.
    pub fn breaches(&self, today: Date) -> Breaches {
        let mut breaches = Breaches::default();
        for forbid in self.guards.forbid.iter().flat_map(|forbid| &forbid.value) {
            let given = self.forbidden_by(forbid, today);
            let accounts: BTreeSet<_> = given.keys().filter_map(|who| who.account()).collect();
            let findings = given.iter().map(|(who, places)| self.forbidden(*who, places, forbid));
            // One account may be the one that runs confperm, which never counts; of several, at most one is.
            if forbid.what.value == Forbidden::DirectUsers && accounts.len() == 1 {
                breaches
                    .perhaps
                    .extend(given.iter().map(|(who, places)| self.perhaps_forbidden(*who, places)));
            } else if !given.is_empty() {
                breaches.sure.entry(forbid.what.value.guard()).or_default().extend(findings);
            }
        }
        breaches
    }

    fn forbidden_by<'p>(&'p self, forbid: &ForbidDef, today: Date) -> Given<'p> {
        let mut given = Given::new();
        let counts = |mention: &Mention<'_>| {
            !mention.is_over(today) && is_forbidden(mention.who, forbid) && self.surely_gives(mention, forbid)
        };
        for mention in self.mentions().filter(counts) {
            given.entry(mention.who).or_default().push(mention.span);
        }
        given
    }

    /// Whether a mention surely gives something in a space that is not excepted. Which spaces a rule selects, only a site
    /// tells, and so whether a principal comes in place of another.
    fn surely_gives(&self, mention: &Mention<'_>, forbid: &ForbidDef) -> bool {
        match mention.what_for {
            WhatFor::Access { space, .. }
            | WhatFor::PageOnly { space, .. }
            | WhatFor::Listed { space, .. }
            | WhatFor::Joins { space, .. } => self.may_be_given(&space.key.value, forbid),
            WhatFor::Rule { row: Some(key), .. } => self.may_be_given(key, forbid),
            WhatFor::Rule { rule, row: None, .. } | WhatFor::JoinsByRule { rule, .. } => {
                (forbid.except_spaces.is_empty() && !self.has_paused_spaces())
                    || surely_selects_others(rule, &|key| self.may_be_given(key, forbid))
            }
            WhatFor::Heir { .. }
            | WhatFor::Absent { .. }
            | WhatFor::Replaced { .. }
            | WhatFor::Condition { .. }
            | WhatFor::RequiredAdmin
            | WhatFor::Exempt
            | WhatFor::Member { .. }
            | WhatFor::Left
            | WhatFor::Test { .. } => false,
        }
    }

    /// Whether a rule may select nothing but spaces that are paused.
    fn has_paused_spaces(&self) -> bool {
        self.spaces.values().any(|space| space.mode == Mode::Paused)
    }

    /// Whether what is given in a space counts: the run is about it, it is not paused, and it is not excepted.
    fn may_be_given(&self, key: &SpaceKey, forbid: &ForbidDef) -> bool {
        let is_paused = self.spaces.get(key).is_some_and(|space| space.mode == Mode::Paused);
        self.is_in_scope(key) && !is_paused && !forbid.excepts_space(key)
    }

    fn forbidden(&self, who: Party<'_>, places: &[&Span], forbid: &ForbidDef) -> Diagnostic {
        let (message, why, instead) = match forbid.what.value {
            Forbidden::Anonymous => (
                "visitors who are not signed in are given access".to_owned(),
                "which a guard forbids",
                "name a group, or list the space under `except-spaces`",
            ),
            // One of them may be that account, and which one only a sign-in tells.
            Forbidden::DirectUsers => (
                format!("`{}` is given access by name", self.show(&who.to_who())),
                "which a guard forbids to all but the account that runs confperm",
                "name a group, or list the user under `except`",
            ),
        };
        let guard = forbid.what.value.guard();
        at_places(Code::ForbiddenAccess, &message, why, places)
            .at(&forbid.what.span, "forbidden here")
            .help(format!("{instead}; or let it through once with `--override {guard} --why TEXT`"))
    }

    fn perhaps_forbidden(&self, who: Party<'_>, places: &[&Span]) -> Diagnostic {
        let message = format!("`{}` is given access by name", self.show(&who.to_who()));
        let unless = "which a guard forbids unless this is the account that runs confperm";
        at_places(Code::PerhapsForbidden, &message, unless, places)
            .help("`confperm plan` checks which account runs confperm; list the user under `except` if the access is intended")
    }
}

/// Whether the keys that a rule names are enough to know that it selects a space that is not excepted.
fn surely_selects_others(rule: &Rule, is_meant: &dyn Fn(&SpaceKey) -> bool) -> bool {
    let others = |selector: &Selector| {
        selector.is_by_key() && selector.exact_keys().any(|key| selector.admits(key) && is_meant(key))
    };
    rule.spaces.as_ref().is_some_and(others)
}

fn is_forbidden(who: Party<'_>, forbid: &ForbidDef) -> bool {
    match forbid.what.value {
        Forbidden::Anonymous => who == Party::Anonymous,
        Forbidden::DirectUsers => who.account().is_some_and(|account| !forbid.excepts(account)),
    }
}

/// One finding for all places, the first of which are shown.
fn at_places(code: Code, message: &str, why: &str, places: &[&Span]) -> Diagnostic {
    let message = match places.len() {
        0 | 1 => format!("{message}, {why}"),
        number => format!("{message} in {number} places, {why}"),
    };
    places.iter().take(PLACES).fold(Diagnostic::new(code, message), |finding, place| finding.at(place, ""))
}
