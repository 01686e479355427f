//! What files of teams keep a run from is skipped, so that no team stops the run for others. What the policy shows on a
//! site is skipped by [`crate::policy::resolve`], and what cannot be read by [`super::unreadable`]; here is what shows in
//! planning and in the lock.

use std::collections::BTreeSet;

use camino::Utf8Path;

use crate::model::{Desired, Live, Skipped, SpaceKey};
use crate::plan::{self, Gaps, Plan, Planned, Rejected};
use crate::policy::Policy;
use crate::policy::lock::LOCK_FILE;

use super::lockfile::news;
use super::prepare::Begun;
use super::{Failure, Output};

/// What is asked for without what files of teams are about that have names, or ends, which the lock lacks, and the spaces
/// of that, and says so; `None` if there are none, or the lock lacks others as well.
pub(super) fn without_unlocked(
    begun: &Begun,
    desired: &Desired,
    out: &Output,
) -> Option<(Desired, BTreeSet<SpaceKey>)> {
    let (policy, live) = (&begun.policy, &begun.live);
    let lacks = |policy: &Policy| news(&begun.lock.learnt(policy, live, &begun.connection, false).added);
    if lacks(policy).is_empty() || !lacks(&policy.central()).is_empty() {
        return None;
    }
    let on_site = policy.on_site(begun.lock.known(), &live.listing);
    let files = policy.files_of_teams();
    let (mut without, mut skipped, mut said) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (file, (team, line)) in &files {
        let of_others = |other: &Utf8Path| files.contains_key(other) && !policy.belong_together(file, other);
        let lacking = lacks(&policy.without_files(&of_others));
        if lacking.is_empty() || policy.is_for_team(team) {
            continue;
        }
        let named = on_site.policy.spaces_of_files(&|other| other == *file, &live.listing);
        // What is said there may be copied to others.
        let has_it = |key: &&SpaceKey| {
            let sources = on_site.policy.with_sources(&BTreeSet::from([(*key).clone()]), &live.listing);
            !sources.is_disjoint(&named)
        };
        let spaces: Vec<&SpaceKey> = desired.spaces.keys().filter(has_it).collect();
        let skip = |space| {
            Skipped::for_team(space, &team.name.value, Failure::IncompleteLock.as_str(), line.origin())
        };
        let what = Skipped::in_words(spaces.iter().copied());
        said.push(format!(
            "{LOCK_FILE} lacks {lacking} of {file}, and --locked never writes it; {what} until a plan without --locked has \
             added what is new and {LOCK_FILE} is committed"
        ));
        if spaces.is_empty() {
            skipped.insert(skip(None));
        }
        skipped.extend(spaces.iter().map(|key| skip(Some(*key))));
        without.extend(spaces.into_iter().cloned());
    }
    let rest = plan::without_skipped(desired, skipped)?;
    for line in &said {
        out.warn_of(Failure::IncompleteLock, line);
    }
    Some((rest, without))
}

/// A plan that is blocked for nothing but what files of teams ask for, without the spaces of that. What a run for a team is
/// about is what the team itself asks for. `overridden` lets a plan through guards.
pub(super) fn without_blocked(
    policy: &Policy,
    live: &Live,
    desired: &Desired,
    blocked: &Plan,
    (team, gaps): (Option<&str>, Gaps),
    overridden: &dyn Fn(&mut Plan),
) -> Result<Option<Planned>, Rejected> {
    let team_of = |file: &Utf8Path| {
        let name = &policy.delegation.team_of(file)?.name.value;
        (team != Some(name)).then(|| name.clone())
    };
    let mut desired = desired.clone();
    let mut planned: Option<Planned> = None;
    loop {
        let plan = planned.as_ref().map_or(blocked, |planned| &planned.plan);
        if !plan.is_blocked() {
            return Ok(planned);
        }
        let Some(rest) = plan::blocked_for_teams(plan, &team_of)
            .and_then(|skipped| plan::without_skipped(&desired, skipped))
        else {
            return Ok(None);
        };
        desired = rest;
        let mut next = plan::plan(&desired, live, gaps)?;
        overridden(&mut next.plan);
        planned = Some(next);
    }
}
