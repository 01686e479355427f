//! The site as it would be with a target reached.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::{GrantId, Holding, Known, Live, LiveSpace, Permission, Principal, Vocabulary};

use super::state::{Target, TargetHolding};
use crate::plan::change::ChangeReason;
use crate::plan::document::HoldingState;

impl Target {
    /// The site as it would be, with the companions that Confluence adds by itself and that may stay.
    /// Rows that do not exist yet have no number.
    pub fn applied_to(&self, live: &Live) -> Live {
        let vocabulary = live.vocabulary();
        let mut after = live.clone();
        after.spaces.par_iter_mut().for_each(|(key, space)| {
            let Some(target) = self.spaces.get(key) else { return };
            let holdings = holdings_applied(&target.holdings, space, vocabulary);
            space.expanded.retain(|who, _| holdings.get(who) == space.holdings.get(who));
            space.holdings = holdings;
            let Some(tree) = &mut space.tree else { return };
            for (&id, page) in &target.pages {
                tree.set_restrictions(id, Known::Known(page.restrictions.clone()));
            }
        });
        after
    }
}

/// Who would hold what in a space.
pub(super) fn holdings_applied(
    target: &BTreeMap<Principal, TargetHolding>,
    space: &LiveSpace,
    vocabulary: Vocabulary,
) -> BTreeMap<Principal, Holding> {
    let mut holdings = space.holdings.clone();
    for (principal, holding) in target {
        match holding.applied_to(space.holdings.get(principal), vocabulary) {
            Some(holding) => holdings.insert(principal.clone(), holding),
            None => holdings.remove(principal),
        };
    }
    holdings
}

impl HoldingState {
    /// What would be found once a plan has led there from another state.
    pub fn reached_from(&self, before: &Self, vocabulary: Vocabulary) -> Option<Holding> {
        let target = match self {
            Self::Nothing => return None,
            Self::Role { role } => TargetHolding::Role(role.clone(), ChangeReason::NotDeclared),
            Self::Grants { permissions, tolerated, .. } => TargetHolding::Grants {
                required: permissions
                    .iter()
                    .map(|permission| (*permission, ChangeReason::NotDeclared))
                    .collect(),
                tolerated: tolerated.clone(),
                refused: BTreeMap::new(),
            },
        };
        target.applied_to(before.to_live().as_ref(), vocabulary)
    }
}

impl TargetHolding {
    fn applied_to(&self, now: Option<&Holding>, vocabulary: Vocabulary) -> Option<Holding> {
        match self {
            Self::Nothing(_) => None,
            Self::Role(role, _) => Some(Holding::Role(role.clone())),
            Self::Grants { required, tolerated, .. } => {
                let none = BTreeMap::new();
                let now = match now {
                    Some(Holding::Grants(grants)) => grants,
                    Some(Holding::Role(_)) | None => &none,
                };
                let kept = |permission: &Permission| {
                    required.contains_key(permission) || tolerated.contains(permission)
                };
                // What is merely tolerated goes with the permission that it came with.
                let goes_along = |permission: &Permission| {
                    let mut producers = now.keys().filter(|producer| !kept(producer));
                    producers.any(|producer| producer.companions().contains(permission))
                };
                let stays = now
                    .iter()
                    .filter(|(permission, _)| {
                        required.contains_key(permission)
                            || (tolerated.contains(permission) && !goes_along(permission))
                    })
                    .map(|(&permission, rows)| (permission, rows.clone()));
                let mut grants: BTreeMap<Permission, BTreeSet<GrantId>> = stays.collect();
                for &permission in required.keys().filter(|permission| !now.contains_key(permission)) {
                    grants.entry(permission).or_default();
                    let companions = permission.companions().iter().filter(|companion| {
                        vocabulary.contains(**companion) && tolerated.contains(companion)
                    });
                    for &companion in companions {
                        grants.entry(companion).or_default();
                    }
                }
                (!grants.is_empty()).then_some(Holding::Grants(grants))
            }
        }
    }
}
