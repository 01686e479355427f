//! What of a site a policy does not speak of.

use std::collections::{BTreeMap, BTreeSet};

use super::resolver::Resolver;
use crate::model::{Coverage, PassedOver, SpaceKey};
use crate::policy::rules::{PassesOver, Rule};

impl Resolver<'_> {
    /// `asked` are the spaces of which something is asked.
    pub(super) fn coverage(&self, asked: &BTreeSet<&SpaceKey>) -> Coverage {
        let listing = &self.live.listing;
        let is_whole = listing.whole && self.policy.is_about_all();
        let unnamed = || {
            let spaces = listing.spaces.keys();
            spaces.filter(|key| !asked.contains(key) && !self.policy.spaces.contains_key(key)).count()
        };
        let passed_over = self.policy.rules.iter().filter_map(|rule| self.passed_over(rule)).collect();
        Coverage { unnamed: is_whole.then(unnamed), passed_over }
    }

    fn passed_over(&self, rule: &Rule) -> Option<PassedOver> {
        let selector = rule.spaces.as_ref()?;
        let listing = &self.live.listing;
        let (mut types, mut statuses) = (BTreeMap::new(), BTreeMap::new());
        for space in listing.spaces.values().filter(|space| self.policy.is_in_scope(&space.key)) {
            let count = match selector.passes_over(space, listing) {
                Some(PassesOver::Status) => statuses.entry(space.status.shown()).or_default(),
                Some(PassesOver::Type) => types.entry(space.kind.shown()).or_default(),
                None => continue,
            };
            *count += 1_usize;
        }
        if types.is_empty() && statuses.is_empty() {
            return None;
        }
        let (rule, origin) = (rule.name.value.clone(), selector.span.origin());
        Some(PassedOver { rule, origin, types, statuses })
    }
}
