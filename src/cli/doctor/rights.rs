//! What `doctor` says of the account: whether it can change access in the spaces of the policy, those that rules select
//! among them, and what a plan would leave out, or be refused for, because it may not change it.

use std::collections::BTreeSet;

use crate::confluence::{Cloud, Read as _, SpaceSelection};
use crate::model::columns::pad;
use crate::model::{Desired, Listing, Live, SpaceKey, Truth};
use crate::plan::{self, Plan};
use crate::policy::Policy;
use crate::policy::lock::Lock;
use crate::render::{account_refusals, left_out_lines, skipped_for_teams};

use super::Diagnosis;
use crate::cli::error::CliError;

/// The width of the words that a finding begins with.
const LABEL: usize = 8;

/// As many spaces that rules select are named.
const NAMED: usize = 5;

/// Whether the site says that the account administers the spaces that the policy names.
pub(super) async fn of_named(site: &Cloud, policy: &Policy, lock: &Lock) -> Result<Vec<Diagnosis>, CliError> {
    let keys: BTreeSet<SpaceKey> = policy.space_keys().cloned().collect();
    let mut findings = Vec::new();
    if keys.is_empty() {
        return Ok(findings);
    }
    let mut listing = Listing { asked: keys.clone(), ..Listing::default() };
    let found = site.spaces(&SpaceSelection::Keys(keys)).await?;
    listing.spaces.extend(found.into_iter().map(|space| (space.key.clone(), space)));
    let sought = policy.sought_spaces(lock, &listing);
    if !sought.is_empty() {
        let found = site.spaces(&SpaceSelection::Ids(sought)).await?;
        listing.spaces.extend(found.into_iter().map(|space| (space.key.clone(), space)));
    }
    let on_site = policy.on_site(lock, &listing);
    let keys: BTreeSet<&SpaceKey> = on_site.policy.space_keys().collect();
    // What only teams name is skipped by a plan, which says so.
    let central = policy.central();
    let central = central.on_site(lock, &listing);
    let central: BTreeSet<&SpaceKey> = central.policy.space_keys().collect();
    for hidden in central.iter().filter(|key| !listing.spaces.contains_key(**key)) {
        let hidden = on_site.policy.as_written(hidden);
        findings.push(Diagnosis::Broken(format!(
            "{} not visible: it does not exist, or this account lacks the View permission",
            pad(hidden.as_str(), LABEL)
        )));
    }
    for space in listing.spaces.values().filter(|space| keys.contains(&space.key)) {
        let key = pad(space.key.as_str(), LABEL);
        let operations = match site.space_operations(space.id).await {
            Err(error) if error.hidden_space().is_some() && !central.contains(&space.key) => {
                let unknown = format!("{key} cannot tell whether this account can change access: {error}");
                findings.push(Diagnosis::Doubtful(unknown));
                continue;
            }
            operations => operations?,
        };
        findings.push(if operations.contains("administer/space") {
            Diagnosis::Fine(format!("{key} this account can change access"))
        } else {
            Diagnosis::Doubtful(format!(
                "{key} this account does not administer the space: plans leave out what it may not change"
            ))
        });
    }
    Ok(findings)
}

/// The same of the spaces that rules select, by the rows that were read.
pub(super) fn of_selected(policy: &Policy, desired: &Desired, live: &Live) -> Vec<Diagnosis> {
    let named: BTreeSet<&SpaceKey> = policy.space_keys().collect();
    let selected: Vec<&SpaceKey> = desired.spaces.keys().filter(|key| !named.contains(key)).collect();
    if selected.is_empty() && named.is_empty() {
        return vec![Diagnosis::Doubtful(
            "spaces   the policy names no space and its rules select none; `confperm import --space KEY` adds one".to_owned(),
        )];
    }
    let lacking: Vec<&str> = selected
        .iter()
        .filter(|key| live.spaces.get(**key).is_some_and(|space| plan::administers(space, live) == Truth::No))
        .map(|key| key.as_str())
        .collect();
    let all = selected.len();
    match lacking.len() {
        _ if all == 0 => Vec::new(),
        0 => vec![Diagnosis::Fine(format!(
            "rules    this account can change access in all {all} spaces that they select"
        ))],
        some => {
            let more = if some > NAMED { format!(" and {} more", some - NAMED) } else { String::new() };
            let names = lacking[..some.min(NAMED)].join(", ");
            vec![Diagnosis::Doubtful(format!(
                "rules    this account does not administer {some} of the {all} spaces that they select: {names}{more}; \
                 plans leave out what it may not change there"
            ))]
        }
    }
}

/// What a plan would leave out now, or skip for teams, and why it would be refused for that.
pub(super) fn of_plan(plan: &Plan) -> impl Iterator<Item = Diagnosis> {
    let refused = account_refusals(plan).into_iter().map(Diagnosis::Refused);
    let left_out = left_out_lines(plan).into_iter().chain(skipped_for_teams(plan));
    left_out.map(Diagnosis::LeftOut).chain(refused)
}
