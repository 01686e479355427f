//! The site as it would be with a target reached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::model::{
    ContentId, GrantId, Holding, Known, Live, LiveSpace, Permission, Principal, Restrictions, Strength,
    ToHold, Tree, Vocabulary,
};

use super::state::{Target, TargetHolding, TargetSpace};
use crate::plan::document::HoldingState;

impl Target {
    /// The site as it would be, with the companions that Confluence adds by itself and that may stay.
    /// Rows that do not exist yet have no number.
    pub fn applied_to(&self, live: &Live) -> Live {
        let vocabulary = live.vocabulary();
        let mut after = live.clone();
        after.spaces.par_iter_mut().for_each(|(key, space)| {
            let Some(target) = self.spaces.get(key) else { return };
            let unmet = unmet(&target.holdings, space);
            let pages = space.tree.as_ref().map(|tree| target.other_lists(tree)).unwrap_or_default();
            if unmet.is_empty() && pages.is_empty() {
                return;
            }
            let space = Arc::make_mut(space);
            for (principal, _) in &unmet {
                space.expanded.remove(*principal);
            }
            apply(unmet, &mut space.holdings, vocabulary);
            let Some(tree) = &mut space.tree else { return };
            for (id, lists) in pages {
                tree.set_restrictions(id, Known::Known(lists.clone()));
            }
        });
        after
    }
}

impl TargetSpace {
    /// The lists that are to be others than they are, or are not known.
    fn other_lists(&self, tree: &Tree) -> Vec<(ContentId, &Restrictions)> {
        let is_other = |(id, lists): &(ContentId, &Restrictions)| {
            tree.get(*id).is_some_and(|content| content.restrictions.as_ref().known() != Some(lists))
        };
        self.pages.iter().map(|(&id, page)| (id, &page.restrictions)).filter(is_other).collect()
    }
}

/// The principals that are to hold something else than they do.
fn unmet<'t>(
    target: &'t BTreeMap<Principal, TargetHolding>,
    space: &LiveSpace,
) -> Vec<(&'t Principal, &'t TargetHolding)> {
    target.iter().filter(|(who, holding)| !holding.is_met_by(space.holdings.get(who))).collect()
}

fn apply(
    unmet: Vec<(&Principal, &TargetHolding)>,
    holdings: &mut BTreeMap<Principal, Holding>,
    vocabulary: Vocabulary,
) {
    for (principal, target) in unmet {
        match target.applied_to(holdings.get(principal), vocabulary) {
            Some(holding) => holdings.insert(principal.clone(), holding),
            None => holdings.remove(principal),
        };
    }
}

/// Who would hold what in a space.
pub(super) fn holdings_applied(
    target: &BTreeMap<Principal, TargetHolding>,
    space: &LiveSpace,
    vocabulary: Vocabulary,
) -> BTreeMap<Principal, Holding> {
    let mut holdings = space.holdings.clone();
    apply(unmet(target, space), &mut holdings, vocabulary);
    holdings
}

impl HoldingState {
    /// What would be found once a plan has led there from another state.
    pub fn reached_from(&self, before: &Self, vocabulary: Vocabulary) -> Option<Holding> {
        let target: ToHold<()> = match self {
            Self::Nothing => return None,
            Self::Role { role } => ToHold::Role(role.clone(), ()),
            Self::Grants { permissions, tolerated, .. } => {
                let tolerated = tolerated.iter().map(|permission| (*permission, (Strength::Tolerated, ())));
                let required = permissions.iter().map(|permission| (*permission, (Strength::Required, ())));
                ToHold::Grants(tolerated.chain(required).collect())
            }
        };
        target.applied_to(before.to_live().as_ref(), vocabulary)
    }
}

impl<Why> ToHold<Why> {
    /// Whether a principal holds what it is to hold, so that applying the target changes nothing.
    fn is_met_by(&self, now: Option<&Holding>) -> bool {
        match (self, now) {
            (Self::Nothing(_), now) => now.is_none(),
            (Self::Role(role, _), now) => matches!(now, Some(Holding::Role(held)) if held == role),
            (Self::Grants(_), Some(Holding::Grants(now))) => {
                !now.is_empty()
                    && now.keys().all(|permission| self.allows(*permission))
                    && self.singles(Strength::Required).all(|(permission, _)| now.contains_key(&permission))
            }
            (Self::Grants(_), None) => self.singles(Strength::Required).next().is_none(),
            (Self::Grants(_), Some(Holding::Role(_))) => false,
        }
    }

    fn applied_to(&self, now: Option<&Holding>, vocabulary: Vocabulary) -> Option<Holding> {
        match self {
            Self::Nothing(_) => return None,
            Self::Role(role, _) => return Some(Holding::Role(role.clone())),
            Self::Grants(_) => {}
        }
        let none = BTreeMap::new();
        let now = match now {
            Some(Holding::Grants(grants)) => grants,
            Some(Holding::Role(_)) | None => &none,
        };
        // What is merely tolerated goes with the permission that it came with.
        let goes_along = |permission: &Permission| {
            let mut producers = now.keys().filter(|producer| !self.allows(**producer));
            producers.any(|producer| producer.companions().contains(permission))
        };
        let stays = |permission: &Permission| match self.strength(*permission) {
            Some(Strength::Required) => true,
            Some(Strength::Tolerated) => !goes_along(permission),
            Some(Strength::Refused) | None => false,
        };
        let mut grants: BTreeMap<Permission, BTreeSet<GrantId>> = now
            .iter()
            .filter(|(permission, _)| stays(permission))
            .map(|(&permission, rows)| (permission, rows.clone()))
            .collect();
        let missing = self.singles(Strength::Required).map(|(permission, _)| permission);
        for permission in missing.filter(|permission| !now.contains_key(permission)) {
            grants.entry(permission).or_default();
            let companions = permission.companions().iter().copied();
            let tolerated = |companion: &Permission| {
                vocabulary.contains(*companion) && self.strength(*companion) == Some(Strength::Tolerated)
            };
            for companion in companions.filter(tolerated) {
                grants.entry(companion).or_default();
            }
        }
        (!grants.is_empty()).then_some(Holding::Grants(grants))
    }
}
