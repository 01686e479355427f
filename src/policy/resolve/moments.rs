//! Rules that would select a space in the middle of a run, and neither before nor after it.
//!
//! Where one part of what a rule goes by comes and another goes, both are there for a moment if the first comes first. A
//! run that ended there would be followed by one that carries the rule out.

use std::collections::BTreeSet;

use super::resolver::Resolver;
use super::selection::{Coming, Holds, Selected, Unmet};
use crate::model::{LiveSpace, NeverAtOnce, SpaceKey, Truth};

impl<'a> Resolver<'a> {
    /// Notes what must not come before something else has gone.
    pub(super) fn selected_for_a_moment(
        &mut self,
        conditions: &[Vec<Holds<'a>>],
        unmet: &[Unmet<'a>],
        selected: &Selected<'a>,
    ) {
        let in_part: Vec<&Unmet<'a>> =
            unmet.iter().filter(|unmet| self.is_met_in_part(&conditions[unmet.rule], unmet.space)).collect();
        let keys: BTreeSet<&SpaceKey> = in_part.iter().map(|unmet| &unmet.space.space.key).collect();
        if keys.is_empty() {
            return;
        }
        let comes = self.coming(selected, &keys);
        for Unmet { rule, space } in in_part {
            let key = &space.space.key;
            let Some(coming) = comes.get(key) else { continue };
            if let Some(never) = self.never_at_once(&conditions[*rule], space, coming) {
                self.never_at_once.entry(key.clone()).or_default().push(never);
            }
        }
    }

    /// Whether more than nothing of some conditions holds.
    fn is_met_in_part(&self, conditions: &[Holds<'a>], space: &LiveSpace) -> bool {
        let roles = &self.live.roles;
        conditions.iter().any(|condition| {
            let mut required = condition.bundle.required.iter();
            condition.who.as_ref().is_some_and(|who| {
                required.any(|permission| space.holds(who, *permission, roles) == Truth::Yes)
            })
        })
    }

    /// What of some conditions comes and what goes, where all of it is there before or after.
    fn never_at_once(
        &self,
        conditions: &[Holds<'a>],
        space: &LiveSpace,
        coming: &Coming<'a>,
    ) -> Option<NeverAtOnce> {
        let mut never = NeverAtOnce::default();
        for condition in conditions {
            let who = condition.who.as_ref()?;
            for &permission in &condition.bundle.required {
                let before = space.holds(who, permission, &self.live.roles) == Truth::Yes;
                match (before, self.will_be_held(who, permission, space, coming)) {
                    (true, true) => {}
                    (true, false) => _ = never.goes.insert((who.clone(), permission)),
                    (false, true) => _ = never.comes.insert((who.clone(), permission)),
                    (false, false) => return None,
                }
            }
        }
        (!never.comes.is_empty() && !never.goes.is_empty()).then_some(never)
    }
}
