//! What a run changes of what rules go by: conditions that it ends, and conditions that hold in the middle of it only.

use std::collections::{BTreeMap, BTreeSet};

use super::resolver::Resolver;
use super::selection::{Coming, Holds, SelectedRules};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{LiveSpace, Mode, NeverAtOnce, SpaceKey, Truth};

impl<'a> Resolver<'a> {
    /// Warns of rules that give access in an authoritative space by a condition that ends through the policy: the next
    /// plan takes it away again.
    pub(super) fn warn_of_passing_conditions(&mut self, chosen: &SelectedRules<'a>) {
        let (policy, live) = (self.policy, self.live);
        let SelectedRules { conditions, selected, .. } = chosen;
        let gives = |number: &usize, key| {
            !conditions[*number].is_empty() && policy.rules[*number].gives_access_in(key)
        };
        let by_condition = selected.iter().filter(|(key, rules)| {
            // A space without an entry of its own is additive.
            policy.spaces.get(**key).is_some_and(|own| own.mode == Mode::Authoritative)
                && policy.is_in_scope(key)
                && rules.iter().any(|number| gives(number, key))
        });
        let keys: BTreeSet<&SpaceKey> = by_condition.map(|(key, _)| *key).collect();
        if keys.is_empty() {
            return;
        }
        let mut passing: BTreeMap<usize, (&Holds<'a>, Vec<&SpaceKey>)> = BTreeMap::new();
        for (key, coming) in self.coming(selected, &keys) {
            let (Some(space), Some(rules)) = (live.spaces.get(key), selected.get(key)) else { continue };
            for &number in rules.iter().filter(|number| gives(number, key)) {
                let mut of_rule = conditions[number].iter();
                if let Some(ends) = of_rule.find(|condition| self.ends(condition, space, &coming)) {
                    passing.entry(number).or_insert_with(|| (ends, Vec::new())).1.push(key);
                }
            }
        }
        for (number, (ends, keys)) in passing {
            let more = match keys.len() - 1 {
                0 => String::new(),
                1 => " and 1 more space".to_owned(),
                more => format!(" and {more} more spaces"),
            };
            let message = format!(
                "the rule \"{}\" gives access in `{}`{more} while a condition holds that ends with this plan",
                policy.rules[number].name.value, keys[0]
            );
            self.report_of(
                keys.into_iter().cloned(),
                Diagnostic::new(Code::PassingCondition, message)
                    .at(ends.span, "")
                    .help("the next plan takes away what no other line gives there; name what is to stay in the entry of the space"),
            );
        }
    }

    /// Whether a condition is surely not true of a space that comes to this.
    fn ends(&self, condition: &Holds<'a>, space: &LiveSpace, coming: &Coming<'a>) -> bool {
        let Some(who) = condition.who.as_ref() else { return false };
        let mut required = condition.bundle.required.iter();
        required.any(|permission| self.will_be_held(who, *permission, space, coming) == Truth::No)
    }

    /// Notes what must not be there at once. Where one part of what a rule goes by comes and another goes, both are there
    /// for a moment if the first comes first, and a run that ended there would be followed by one that carries the rule
    /// out.
    pub(super) fn note_moments(&mut self, chosen: &SelectedRules<'a>) {
        let SelectedRules { conditions, selected, unmet } = chosen;
        let in_part = unmet.iter().filter(|unmet| self.is_met_in_part(&conditions[unmet.rule], unmet.space));
        let in_part: Vec<_> = in_part.collect();
        let keys: BTreeSet<&SpaceKey> = in_part.iter().map(|unmet| &unmet.space.space.key).collect();
        if keys.is_empty() {
            return;
        }
        let comes = self.coming(selected, &keys);
        for unmet in in_part {
            let key = &unmet.space.space.key;
            let Some(coming) = comes.get(key) else { continue };
            if let Some(never) = self.held_for_a_moment(&conditions[unmet.rule], unmet.space, coming) {
                self.never_at_once.entry(key.clone()).or_default().push(never);
            }
        }
    }

    /// Whether any part of these conditions holds.
    fn is_met_in_part(&self, conditions: &[Holds<'a>], space: &LiveSpace) -> bool {
        let roles = &self.live.roles;
        conditions.iter().any(|condition| {
            let mut required = condition.bundle.required.iter();
            condition.who.as_ref().is_some_and(|who| {
                required.any(|permission| space.holds(who, *permission, roles) == Truth::Yes)
            })
        })
    }

    /// What of some conditions comes and what goes, where all of it may be there before or after.
    fn held_for_a_moment(
        &self,
        conditions: &[Holds<'a>],
        space: &LiveSpace,
        coming: &Coming<'a>,
    ) -> Option<NeverAtOnce> {
        let mut never = NeverAtOnce::default();
        for condition in conditions {
            let who = condition.who.as_ref()?;
            for &permission in &condition.bundle.required {
                let before = space.holds(who, permission, &self.live.roles);
                match (before, self.will_be_held(who, permission, space, coming)) {
                    (Truth::No, Truth::No) => return None,
                    (Truth::No, _) => _ = never.comes.insert((who.clone(), permission)),
                    (_, Truth::No) => _ = never.goes.insert((who.clone(), permission)),
                    _ => {}
                }
            }
        }
        (!never.comes.is_empty() && !never.goes.is_empty()).then_some(never)
    }
}
