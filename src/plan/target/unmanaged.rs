//! What a plan leaves as it is, counted by space and reason.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Desired, Gap, Live, LiveSpace, Principal, SpaceKey, Subject};

use super::keep_reason::KeepReason;
use super::stays::Stays;

/// Something that a policy neither declares nor may remove.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unmanaged {
    pub space: SpaceKey,
    pub reason: KeepReason,
    /// How many rows, or entries of page lists.
    pub count: usize,
    /// The principals that they belong to.
    pub principals: BTreeSet<String>,
}

/// What is kept: how much, and whose.
pub(super) struct KeptTally {
    found: BTreeMap<(SpaceKey, KeepReason), (usize, BTreeSet<String>)>,
    pub(super) stays: Stays,
    /// Accounts that the site does not describe and the policy does not name.
    pub(super) strangers: Arc<BTreeSet<AccountId>>,
}

impl KeptTally {
    pub(super) fn of(desired: &Desired, live: &Live) -> Self {
        let strangers = live.gaps.iter().filter_map(|gap| match gap {
            Gap::Account { account } if !desired.named.contains(account) => Some(account.clone()),
            _ => None,
        });
        let strangers = Arc::new(strangers.collect());
        Self { found: BTreeMap::new(), stays: Stays::default(), strangers }
    }

    /// The same, with nothing kept.
    pub(super) fn of_none(&self) -> Self {
        Self { found: BTreeMap::new(), stays: Stays::default(), strangers: Arc::clone(&self.strangers) }
    }

    /// Adds what is kept in other spaces.
    pub(super) fn extend(&mut self, others: Self) {
        self.found.extend(others.found);
        self.stays.extend(others.stays);
    }

    pub(super) fn add(&mut self, space: &SpaceKey, reason: KeepReason, principal: &Principal, count: usize) {
        let (total, principals) = self.found.entry((space.clone(), reason)).or_default();
        *total += count;
        principals.insert(principal.to_string());
    }

    /// Entries of lists that `leave` keeps.
    pub(super) fn left<'s>(&mut self, space: &SpaceKey, subjects: impl IntoIterator<Item = &'s Subject>) {
        for subject in subjects {
            self.add(space, KeepReason::Left, &subject.clone().into(), 1);
        }
    }

    pub(super) fn pages(&mut self, space: &SpaceKey, reason: KeepReason, pages: usize) {
        if pages > 0 {
            self.found.entry((space.clone(), reason)).or_default().0 += pages;
        }
    }

    pub(super) fn foreign(&mut self, key: &SpaceKey, space: &LiveSpace) {
        if space.foreign.is_empty() {
            return;
        }
        let (total, principals) = self.found.entry((key.clone(), KeepReason::Foreign)).or_default();
        *total += space.foreign.len();
        principals.extend(space.foreign.iter().map(|row| row.principal.shown().to_string()));
    }

    pub(super) fn into_report(self) -> (Vec<Unmanaged>, Stays) {
        let of_space =
            |((space, reason), (count, principals))| Unmanaged { space, reason, count, principals };
        (self.found.into_iter().map(of_space).collect(), self.stays)
    }
}
