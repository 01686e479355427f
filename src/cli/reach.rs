//! Reading the spaces that a policy is about: those that it names, or those that its rules choose from a list.

use std::collections::BTreeSet;

use crate::confluence::survey::{self, Choice, Needs, Progress};
use crate::confluence::{Cloud, Error, SpaceSelection};
use crate::model::{AccountId, Live};
use crate::policy::{Policy, SpaceReach};

/// Access to the spaces that the policy is about, and the accounts that it mentions and these.
pub(super) async fn read(
    site: &Cloud,
    policy: &Policy,
    also: impl IntoIterator<Item = AccountId>,
) -> Result<Live, Error> {
    let hook = |progress: Progress| tracing::debug!(?progress);
    let accounts: BTreeSet<AccountId> = policy.accounts().into_iter().cloned().chain(also).collect();
    let SpaceReach { keys, labels } = policy.reach();
    let listed = keys.map_or(SpaceSelection::All, SpaceSelection::Keys);
    if policy.rules.is_empty() {
        return survey::access(site, &Needs { spaces: listed, accounts }, &hook).await;
    }
    let choice = Choice { listed, labels, accounts };
    survey::chosen(site, &choice, &|listing| policy.candidates(listing), &hook).await
}
