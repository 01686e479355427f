//! Which rules select which spaces: by what the site shows of a space, and by who holds what in it, now or once the
//! policy is applied.
//!
//! A rule whose `where` comes true through the policy itself selects the space at once. Otherwise the next plan would go
//! on where this one ended, or say that the policy contradicts itself, in the middle of a run that was cut short.

use std::collections::{BTreeMap, BTreeSet};

use super::meaning::NameMeaning;
use super::resolver::{Context, Resolver};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{
    DesiredHolding, Holding, Kept, LiveSpace, Mode, Permission, Principal, RoleId, SkippedPart, SpaceKey,
    Strength, Truth,
};
use crate::policy::ast::Right;
use crate::policy::roles::Bundle;
use crate::policy::rules::{Condition, Rule, Selector};

/// For each space the rules that select it, in the order of the policy.
pub(super) type Selection<'p> = BTreeMap<&'p SpaceKey, Vec<&'p Rule>>;

/// A condition in the ids of the site.
struct Holds<'p> {
    /// `None` if there is none of that name, which has been reported.
    who: Option<Principal>,
    right: &'p Right,
    bundle: Bundle,
    span: &'p Span,
}

/// A rule that selects a space as soon as its conditions hold there.
struct Unmet<'p> {
    /// The number of the rule.
    rule: usize,
    space: &'p LiveSpace,
}

impl<'a> Resolver<'a> {
    /// Which rules select which spaces.
    pub(super) fn selection(&mut self) -> Selection<'a> {
        let (policy, live) = (self.policy, self.live);
        let mut selected: BTreeMap<&SpaceKey, BTreeSet<usize>> = BTreeMap::new();
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
        while self.select_by_what_comes(&conditions, &mut unmet, &mut selected) {}
        for (number, rule) in policy.rules.iter().enumerate() {
            self.unmatched(rule, selected.values().any(|rules| rules.contains(&number)));
        }
        self.by_space(&selected)
    }

    fn by_space(&self, selected: &BTreeMap<&'a SpaceKey, BTreeSet<usize>>) -> Selection<'a> {
        let policy = self.policy;
        let rules = |numbers: &BTreeSet<usize>| numbers.iter().map(|number| &policy.rules[*number]).collect();
        selected.iter().map(|(key, numbers)| (*key, rules(numbers))).collect()
    }

    /// Selects what rules will select once what is selected so far is applied; false if that is nothing more.
    fn select_by_what_comes(
        &mut self,
        conditions: &[Vec<Holds<'a>>],
        unmet: &mut Vec<Unmet<'a>>,
        selected: &mut BTreeMap<&'a SpaceKey, BTreeSet<usize>>,
    ) -> bool {
        let keys: BTreeSet<&SpaceKey> = unmet.iter().map(|unmet| &unmet.space.space.key).collect();
        if keys.is_empty() {
            return false;
        }
        // Its findings are dropped: they are made again when the policy is resolved with all that is selected.
        let mut ahead = Self::new(self.policy, self.live, Context { today: self.today, lock: self.lock });
        let declared = ahead.declared(&self.by_space(selected), &|key| keys.contains(key));
        let mut comes = BTreeMap::new();
        // In a paused space nothing comes.
        for (key, declaration) in declared.iter().filter(|(_, it)| it.mode() != Mode::Paused) {
            let Some(space) = self.live.spaces.get(*key) else { continue };
            ahead.space = Some((*key).clone());
            let left = ahead.left(declaration, key);
            let holdings = ahead.given(declaration, space, &left, &mut Kept::default());
            comes.insert(*key, (declaration.mode(), holdings));
        }
        let before = unmet.len();
        unmet.retain(|Unmet { rule, space }| {
            let key = &space.space.key;
            let Some((mode, holdings)) = comes.get(key) else { return true };
            let will_hold = |condition: &Holds<'a>| {
                let desired = condition.who.as_ref().and_then(|who| holdings.get(who));
                self.will_hold(condition, space, desired, *mode)
            };
            let all = conditions[*rule].iter().all(will_hold);
            if all {
                selected.entry(key).or_default().insert(*rule);
            }
            !all
        });
        unmet.len() < before
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

    /// Whether a condition will be true of a space once the policy is applied, where this is what the principal is to
    /// hold. `None` if no line says anything of it.
    fn will_hold(
        &mut self,
        condition: &Holds<'_>,
        space: &LiveSpace,
        desired: Option<&DesiredHolding>,
        mode: Mode,
    ) -> bool {
        let Some(who) = condition.who.as_ref() else { return false };
        match desired {
            None => mode != Mode::Authoritative && self.holds(condition, space),
            Some(DesiredHolding::Nothing(_)) => false,
            Some(DesiredHolding::Role(role)) => {
                let held = Holding::Role(role.what.clone());
                let gives = |permission| held.gives(permission, &self.live.roles);
                self.role_holds(condition, &role.what, &gives)
            }
            Some(DesiredHolding::Grants(grants)) => {
                let is_held = |permission| match space.holdings.get(who) {
                    Some(Holding::Grants(held)) => held.contains_key(permission),
                    Some(Holding::Role(_)) | None => false,
                };
                let stays = |permission| match grants.get(permission).map(|wanted| wanted.what) {
                    Some(Strength::Required) => true,
                    Some(Strength::Tolerated) => is_held(permission),
                    Some(Strength::Refused) => false,
                    None => mode != Mode::Authoritative && is_held(permission),
                };
                condition.bundle.required.iter().all(stays)
            }
        }
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
