//! Which rules select which spaces: by what the site shows of a space, and by who holds what in it, now or once the
//! policy is applied.
//!
//! A rule whose `where` comes true through the policy itself selects the space at once. Otherwise the next plan would go
//! on where this one ended, or say that the policy contradicts itself, in the middle of a run that was cut short.

use std::collections::{BTreeMap, BTreeSet};

use super::left::Left;
use super::meaning::NameMeaning;
use super::resolver::{Context, Resolver};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{
    DesiredHolding, Holding, Kept, LiveSpace, Mode, Permission, Principal, RoleId, SkippedPart, SpaceKey,
    Strength, ToHold, Truth, Vocabulary,
};
use crate::policy::ast::Right;
use crate::policy::roles::Bundle;
use crate::policy::rules::{Condition, Rule, Selector};

/// For each space the numbers of the rules that select it.
pub(super) type Selected<'p> = BTreeMap<&'p SpaceKey, BTreeSet<usize>>;

/// For each space the rules that select it, in the order of the policy.
pub(super) type Selection<'p> = BTreeMap<&'p SpaceKey, Vec<&'p Rule>>;

/// A condition in the ids of the site.
pub(super) struct Holds<'p> {
    /// `None` if there is none of that name, which has been reported.
    pub(super) who: Option<Principal>,
    right: &'p Right,
    pub(super) bundle: Bundle,
    pub(super) span: &'p Span,
}

/// What a space comes to with the rules that select it so far.
pub(super) struct Coming<'p> {
    mode: Mode,
    holdings: BTreeMap<Principal, DesiredHolding>,
    left: Left<'p>,
}

/// Which rules select which spaces.
pub(super) struct SelectedRules<'p> {
    /// Of each rule.
    pub(super) conditions: Vec<Vec<Holds<'p>>>,
    pub(super) selected: Selected<'p>,
    /// What was not selected by them.
    pub(super) unmet: Vec<Unmet<'p>>,
}

/// A rule that selects a space as soon as its conditions hold there.
pub(super) struct Unmet<'p> {
    /// The number of the rule.
    pub(super) rule: usize,
    pub(super) space: &'p LiveSpace,
}

impl<'a> Resolver<'a> {
    /// Which rules select which spaces.
    pub(super) fn selection(&mut self) -> Selection<'a> {
        let chosen = self.choose();
        self.by_space(&chosen.selected)
    }

    /// Which rules select which spaces, and by what.
    pub(super) fn choose(&mut self) -> SelectedRules<'a> {
        let (policy, live) = (self.policy, self.live);
        let mut selected = Selected::new();
        let (mut conditions, mut unmet) = (Vec::new(), Vec::new());
        for (number, rule) in policy.rules.iter().enumerate() {
            let of_rule = self.conditions(rule);
            let team = policy.delegation.team_of(&rule.name.span.file);
            // A space that has another key by now may have one that only looks like the team's.
            let is_let = |key| team.is_none_or(|team| team.has_space(policy.as_written(key)));
            for space in live.spaces.values().filter(|space| is_let(&space.space.key)) {
                if !rule.may_reach(&space.space, &live.listing) {
                    continue;
                }
                if of_rule.iter().all(|condition| self.holds(condition, space)) {
                    selected.entry(&space.space.key).or_default().insert(number);
                } else {
                    unmet.push(Unmet { rule: number, space });
                }
            }
            conditions.push(of_rule);
        }
        let mut stale: BTreeSet<&SpaceKey> = unmet.iter().map(|unmet| &unmet.space.space.key).collect();
        while !stale.is_empty() {
            stale = self.select_by_what_comes(&conditions, &mut unmet, &mut selected, &stale);
        }
        for (number, rule) in policy.rules.iter().enumerate() {
            self.unmatched(rule, selected.values().any(|rules| rules.contains(&number)));
        }
        SelectedRules { conditions, selected, unmet }
    }

    pub(super) fn by_space(&self, selected: &Selected<'a>) -> Selection<'a> {
        let policy = self.policy;
        let rules = |numbers: &BTreeSet<usize>| numbers.iter().map(|number| &policy.rules[*number]).collect();
        selected.iter().map(|(key, numbers)| (*key, rules(numbers))).collect()
    }

    /// Selects what rules will select in these spaces once what is selected so far is applied. Returns the spaces that
    /// come to something else by that.
    fn select_by_what_comes(
        &mut self,
        conditions: &[Vec<Holds<'a>>],
        unmet: &mut Vec<Unmet<'a>>,
        selected: &mut Selected<'a>,
        stale: &BTreeSet<&'a SpaceKey>,
    ) -> BTreeSet<&'a SpaceKey> {
        let comes = self.coming(selected, stale);
        let mut changed = BTreeSet::new();
        unmet.retain(|Unmet { rule, space }| {
            let key = &space.space.key;
            let Some(coming) = comes.get(key) else { return true };
            let all = conditions[*rule].iter().all(|condition| self.will_hold(condition, space, coming));
            if all {
                selected.entry(key).or_default().insert(*rule);
                changed.insert(key);
            }
            !all
        });
        // What others copy from a space, they come to as well.
        let sources = self.policy.sources();
        if changed.iter().any(|key| sources.contains(*key)) {
            changed.extend(unmet.iter().map(|unmet| &unmet.space.space.key));
        }
        changed
    }

    /// What these spaces come to with what is selected so far. In a paused space nothing comes.
    pub(super) fn coming(
        &self,
        selected: &Selected<'a>,
        keys: &BTreeSet<&'a SpaceKey>,
    ) -> BTreeMap<&'a SpaceKey, Coming<'a>> {
        // Its findings are dropped: they are made again when the policy is resolved with all that is selected.
        let mut ahead = Self::new(self.policy, self.live, Context { today: self.today, lock: self.lock });
        let declared = ahead.declared(&self.by_space(selected), &|key| keys.contains(key));
        let mut comes = BTreeMap::new();
        for (key, declaration) in declared.iter().filter(|(_, it)| it.mode() != Mode::Paused) {
            let Some(space) = self.live.spaces.get(*key) else { continue };
            ahead.space = Some((*key).clone());
            let left = ahead.left(declaration, key);
            let holdings = ahead.given(declaration, space, &left, &mut Kept::default());
            comes.insert(*key, Coming { mode: declaration.mode(), holdings, left });
        }
        comes
    }

    fn conditions(&mut self, rule: &'a Rule) -> Vec<Holds<'a>> {
        let conditions = rule.spaces.iter().flat_map(|selector: &'a Selector| &selector.conditions);
        let conditions: Vec<Holds<'a>> = conditions
            .map(|condition| Holds {
                who: self.holder(condition),
                right: &condition.has.value,
                bundle: self.bundle(&condition.has.value),
                span: &condition.has.span,
            })
            .collect();
        let who: BTreeSet<Principal> =
            conditions.iter().filter_map(|condition| condition.who.clone()).collect();
        if !who.is_empty() {
            self.watched.insert(&rule.name.value, who);
        }
        conditions
    }

    /// Who has to hold something for a rule to select a space.
    fn holder(&mut self, condition: &Condition) -> Option<Principal> {
        match self.principal(&condition.who) {
            NameMeaning::Is(principal) => Some(principal),
            NameMeaning::Lost(lost) => {
                self.skip(None, SkippedPart::Rule, &lost, &condition.who.span);
                None
            }
            NameMeaning::Invalid => None,
        }
    }

    /// Whether a condition is true of a space as it is now.
    fn holds(&mut self, condition: &Holds<'_>, space: &LiveSpace) -> bool {
        let Some(who) = condition.who.as_ref() else { return false };
        match space.holdings.get(who) {
            None => false,
            Some(Holding::Grants(grants)) => {
                condition.bundle.required.iter().all(|permission| grants.contains_key(permission))
            }
            Some(Holding::Role(role)) => {
                let gives = |permission| space.holds(who, permission, &self.live.roles);
                self.role_holds(condition, role, &gives)
            }
        }
    }

    /// Whether a condition will be true of a space that comes to this.
    fn will_hold(&mut self, condition: &Holds<'_>, space: &LiveSpace, coming: &Coming<'a>) -> bool {
        let Some(who) = condition.who.as_ref() else { return false };
        let keeps = coming.mode != Mode::Authoritative || self.keeps(who, space, &coming.left);
        match coming.holdings.get(who) {
            None => keeps && self.holds(condition, space),
            Some(ToHold::Nothing(_)) => false,
            Some(ToHold::Role(role, _)) => {
                let held = Holding::Role(role.clone());
                let gives = |permission| held.gives(permission, &self.live.roles);
                self.role_holds(condition, role, &gives)
            }
            Some(ToHold::Grants(_)) => {
                let mut required = condition.bundle.required.iter();
                required.all(|it| self.will_be_held(who, *it, space, coming) == Truth::Yes)
            }
        }
    }

    /// Whether a principal will hold a permission in a space that comes to this.
    pub(super) fn will_be_held(
        &self,
        who: &Principal,
        permission: Permission,
        space: &LiveSpace,
        coming: &Coming<'a>,
    ) -> Truth {
        let roles = &self.live.roles;
        let keeps = || coming.mode != Mode::Authoritative || self.keeps(who, space, &coming.left);
        let stays = || if keeps() { space.holds(who, permission, roles) } else { Truth::No };
        let coming = match coming.holdings.get(who) {
            None => return stays(),
            Some(ToHold::Nothing(_)) => return Truth::No,
            Some(ToHold::Role(role, _)) => return Holding::Role(role.clone()).gives(permission, roles),
            Some(coming @ ToHold::Grants(_)) => coming,
        };
        let is_held = |permission: Permission| match space.holdings.get(who) {
            Some(Holding::Grants(held)) => held.contains_key(&permission),
            // What the role gives stays, or is given again where single permissions take its place.
            Some(Holding::Role(_)) => keeps() && space.holds(who, permission, roles) == Truth::Yes,
            None => false,
        };
        let comes_along = || {
            let mut producers = Permission::ALL.iter().filter(|it| it.companions().contains(&permission));
            let comes = producers.any(|it| coming.strength(*it) == Some(Strength::Required) && !is_held(*it));
            match self.live.vocabulary() {
                _ if !comes => Truth::No,
                Vocabulary::Extended => Truth::Yes,
                Vocabulary::Documented => Truth::Unknown,
            }
        };
        match coming.strength(permission) {
            Some(Strength::Required) => Truth::Yes,
            Some(Strength::Tolerated) if is_held(permission) => Truth::Yes,
            Some(Strength::Tolerated) => comes_along(),
            None if is_held(permission) => stays(),
            None | Some(Strength::Refused) => Truth::No,
        }
    }

    /// Whether a principal keeps what it holds in an authoritative space as well.
    fn keeps(&self, who: &Principal, space: &LiveSpace, left: &Left<'a>) -> bool {
        let is_caller = *who == Principal::User(self.live.site.caller.account.clone());
        let is_deleted = who.subject().is_some_and(|it| self.live.directory.is_deleted(&it));
        let is_unmanaged = space.holdings.get(who).is_some_and(|held| self.is_not_copied(who, held));
        is_caller || (is_unmanaged && !is_deleted) || self.left_by(left, who).is_some()
    }

    /// Whether a role gives what a condition asks for. What cannot be judged is reported.
    fn role_holds(
        &mut self,
        condition: &Holds<'_>,
        role: &RoleId,
        gives: &dyn Fn(Permission) -> Truth,
    ) -> bool {
        let known = self.live.roles.get(role);
        if known.is_some_and(|role| self.role_meant(condition.right).is_some_and(|meant| meant == role.id)) {
            return true;
        }
        match condition.bundle.required.iter().map(|permission| gives(*permission)).min() {
            None | Some(Truth::Yes) => return true,
            Some(Truth::No) => return false,
            Some(Truth::Unknown) => {}
        }
        let name = known.map_or("of this space", |role| role.name.raw());
        self.report(
            Diagnostic::new(
                Code::NotExpressible,
                format!("what the space role `{name}` permits is not known, so this cannot be judged"),
            )
            .at(condition.span, "")
            .help("name a role of the policy with `site-role:` here instead of a permission"),
        );
        false
    }
}
