//! What a plan leaves as it is, counted by space and reason.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Desired, Gap, Live, LiveSpace, Principal, SpaceKey, Subject};

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

/// Why something is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeepReason {
    /// An app's own account; apps manage their access themselves.
    App,
    /// The account that runs this program, which must be able to finish and to come back.
    Caller,
    /// The policy says with `leave` that it stays.
    Left,
    /// The space is additive and the policy does not mention it.
    Undeclared,
    /// The site does not say whose account it is, so it may be an app's.
    UnknownAccount,
    /// Permissions of a user class, which the API shows but cannot write one by one.
    Class,
    /// Single permissions on a site that gives access by roles only; its API refuses every change of one.
    RolesOnly,
    /// An entry that would decide about it is skipped, since its name does not mean what it meant.
    Skipped,
    /// Restricted pages that no entry matches; here `count` is the number of pages.
    UnlistedPage,
    /// Restricted archived pages that only a pattern with `anyone` matches, which opens nothing that is archived; here
    /// `count` is the number of pages.
    ArchivedPage,
    /// Kinds of permission or principal that this program does not know.
    Foreign,
    /// The space is paused; here `count` is the number of changes that its policy asks for.
    Paused,
}

/// What is kept: how much, and whose.
pub(super) struct Kept {
    found: BTreeMap<(SpaceKey, KeepReason), (usize, BTreeSet<String>)>,
    pub(super) stays: Stays,
    /// Accounts that the site does not describe and the policy does not name.
    pub(super) strangers: BTreeSet<AccountId>,
}

impl Kept {
    pub(super) fn of(desired: &Desired, live: &Live) -> Self {
        let strangers = live.gaps.iter().filter_map(|gap| match gap {
            Gap::Account { account } if !desired.named.contains(account) => Some(account.clone()),
            _ => None,
        });
        Self { found: BTreeMap::new(), stays: Stays::default(), strangers: strangers.collect() }
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
