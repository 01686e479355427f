//! What files of teams keep a run from is skipped, so that no team stops the run for others. What the policy shows on a
//! site is skipped by [`crate::policy::resolve`]; here is what shows in reading, in planning and in the lock.

use std::collections::BTreeSet;

use camino::Utf8Path;

use crate::confluence;
use crate::model::{Desired, Live, Shown, SkipReason, Skipped, SkippedPart, SpaceKey};
use crate::observe::{self, Needs};
use crate::plan::{self, Plan, Planned};
use crate::policy::lock::LOCK_FILE;
use crate::policy::{Context, Policy, resolve};
use crate::render::style::list;

use super::args::{OverrideArgs, Scope};
use super::error::CliError;
use super::failure::Failure;
use super::lockfile::news;
use super::output::Output;
use super::prepare::Begun;

/// The space that cannot be read and would not be read but for a line of a team, and that it is skipped.
pub(super) fn unreadable(
    begun: &Begun,
    error: &confluence::Error,
    planning: &dyn Fn(&Desired, &Live) -> Needs,
    scope: &Scope,
) -> Option<(SpaceKey, Skipped)> {
    // A saved plan and an undo are about what they are about.
    if scope.spaces.is_empty() && begun.policy.is_limited() {
        return None;
    }
    let (id, listing) = (error.hidden_space()?, &begun.live.listing);
    let key = &listing.spaces.values().find(|space| space.id == id)?.key;
    let (policy, live) = (&begun.policy, &begun.live);
    let context = Context { today: begun.today(), lock: begun.lock_file().known() };
    let on_site = policy.on_site(context.lock, listing);
    let (team, line) = on_site.policy.line_of_team(key, listing)?;
    let central = policy.central();
    let needs = observe::of_policy(&central, context, live);
    let is_planned = || {
        let resolved = resolve(&central, live, context);
        resolved.is_ok_and(|resolved| planning(&resolved.desired, live).content.contains_key(key))
    };
    let is_central = match live.spaces.get(key) {
        Some(_) => needs.content.contains_key(key) || is_planned(),
        None => needs.spaces.contains(key),
    };
    if is_central || scope.spaces.contains(key) || !policy.is_in_scope(key) {
        return None;
    }
    let code = Failure::from(error).as_str().to_owned();
    let skipped = Skipped {
        space: Some(on_site.policy.as_written(key).clone()),
        part: SkippedPart::Space,
        name: Shown::of(key.as_str()),
        reason: SkipReason::TeamError { team: team.name.value.clone(), code },
        origin: line.origin(),
    };
    Some((key.clone(), skipped))
}

/// What is asked for without what files of teams are about that have names, or ends, which the lock lacks, and says so;
/// `None` if there are none, or the lock lacks others as well.
pub(super) fn without_unlocked(begun: &Begun, desired: &Desired, out: &Output) -> Option<Desired> {
    let (policy, live) = (&begun.policy, &begun.live);
    let lacks =
        |policy: &Policy| news(&begun.lock_file().learnt(policy, live, &begun.connection, false).added);
    if lacks(policy).is_empty() || !lacks(&policy.central()).is_empty() {
        return None;
    }
    let on_site = policy.on_site(begun.lock_file().known(), &live.listing);
    let files = policy.files_of_teams();
    let (mut skipped, mut said) = (BTreeSet::new(), Vec::new());
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
        let skip = |space: Option<&SpaceKey>| Skipped {
            space: space.map(|key| on_site.policy.as_written(key).clone()),
            part: space.map_or(SkippedPart::Rule, |_| SkippedPart::Space),
            name: Shown::of(space.map_or(&team.name.value, SpaceKey::as_str)),
            reason: SkipReason::TeamError {
                team: team.name.value.clone(),
                code: Failure::IncompleteLock.as_str().to_owned(),
            },
            origin: line.origin(),
        };
        let what = match spaces.as_slice() {
            [] => "it is skipped".to_owned(),
            [one] => format!("`{one}` is skipped"),
            several => {
                let keys: Vec<String> = several.iter().map(|key| format!("`{key}`")).collect();
                format!("{} are skipped", list(&keys))
            }
        };
        said.push(format!(
            "{LOCK_FILE} lacks {lacking} of {file}, and --locked never writes it; {what} until a plan without --locked has \
             added what is new and {LOCK_FILE} is committed"
        ));
        if spaces.is_empty() {
            skipped.insert(skip(None));
        }
        skipped.extend(spaces.into_iter().map(|key| skip(Some(key))));
    }
    let rest = plan::without_skipped(desired, skipped)?;
    for line in &said {
        out.warn_of(Failure::IncompleteLock, line);
    }
    Some(rest)
}

/// A plan that is blocked for nothing but what files of teams ask for, without the spaces of that.
pub(super) fn without_blocked(
    begun: &Begun,
    desired: &Desired,
    blocked: &Plan,
    scope: &Scope,
    overrides: &OverrideArgs,
    out: &Output,
) -> Result<Option<Planned>, CliError> {
    let delegation = &begun.policy.delegation;
    let team_of = |file: &Utf8Path| {
        let name = &delegation.team_of(file)?.name.value;
        // A run for a team is about what it asks for.
        (scope.team.as_ref() != Some(name)).then(|| name.clone())
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
        let mut next = plan::plan(&desired, &begun.live, scope.gaps())?;
        if let Some(why) = &overrides.why {
            let overridden = overrides.guards.iter().copied().collect();
            next.plan.override_guards(&overridden, &out.without_secrets(why));
        }
        planned = Some(next);
    }
}
