//! What `plan` and `apply` have in common: policy files and a live site in, a plan out.

use std::collections::{BTreeMap, BTreeSet};

use crate::confluence::Cloud;
use crate::confluence::survey::{self, Progress};
use crate::model::{Desired, Edition, Guard, Live, LiveSpace, SpaceKey};
use crate::plan::{self, Gaps, Planned};
use crate::policy::{self, Context, NamedBundle, Policy};

use super::args::{OverrideArgs, Scope};
use super::connect::Connection;
use super::environment::Environment;
use super::error::CliError;
use super::lock::LockFile;
use super::output::Output;
use super::reach;
use super::{pages, people};

/// A plan with everything that showing and applying it need.
pub(super) struct Prepared {
    pub(super) connection: Connection,
    pub(super) bundles: Vec<NamedBundle>,
    pub(super) live: Live,
    pub(super) planned: Planned,
}

/// Loads the policy, reads the site, and plans. Contradictions, and what the guards forbid of the policy alone,
/// end it before anything is read.
pub(super) async fn prepare(
    scope: &Scope,
    overrides: &OverrideArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Prepared, CliError> {
    let today = environment.today()?;
    let loaded = policy::load(&scope.directory);
    let mut sources = loaded.sources;
    let Some(mut policy) = loaded.policy else {
        return Err(CliError::Invalid { findings: loaded.findings, sources });
    };
    narrow(&mut policy, &scope.spaces)?;
    out.findings(&loaded.findings, &sources);
    let contradictions = policy.contradictions(today);
    if contradictions.has_errors() {
        return Err(CliError::Invalid { findings: contradictions, sources });
    }
    let overridden: BTreeSet<Guard> = overrides.guards.iter().copied().collect();
    let mut breaches = policy.breaches(today);
    breaches.retain(|guard, _| !overridden.contains(guard));
    if !breaches.is_empty() {
        return Err(CliError::HeldBack { breaches, sources });
    }
    let lock = LockFile::read(&scope.directory, &mut sources)?;

    let connection = Connection::open(&scope.directory, &policy, environment, out).await?;
    out.say(&format!("Reading {}", connection.address));
    let context = Context { today, lock: lock.about(&connection, out) };
    let (mut live, with_posts) = read(&connection.site, &policy, context).await?;
    let resolved = match policy::resolve(&policy, &live, context) {
        Ok(resolved) => resolved,
        Err(findings) => {
            connection.close().await;
            return Err(CliError::Invalid { findings, sources });
        }
    };
    if let Some(missing) = scope.spaces.iter().find(|key| !resolved.desired.spaces.contains_key(*key)) {
        connection.close().await;
        return Err(not_spoken_of(&policy, missing));
    }
    out.findings(&resolved.warnings, &sources);
    if let Err(error) = lock.learn(&policy, &live, &connection, scope.learning(), out) {
        connection.close().await;
        return Err(error);
    }
    let mut planned =
        plan_with_people(&connection.site, &resolved.desired, &mut live, &with_posts, scope.gaps()).await?;
    if let Some(why) = &overrides.why {
        for guard in planned.plan.override_guards(&overridden, why) {
            out.say(&format!("--override {guard} was not needed: this plan is within it"));
        }
    }
    Ok(Prepared { connection, bundles: policy.bundles(), live, planned })
}

/// Leaves only the spaces that were asked for.
fn narrow(policy: &mut Policy, spaces: &[SpaceKey]) -> Result<(), CliError> {
    if let Some(missing) = spaces.iter().find(|key| !policy.may_speak_of(key)) {
        return Err(not_spoken_of(policy, missing));
    }
    if !spaces.is_empty() {
        policy.focus_on(spaces.iter().cloned().collect());
    }
    Ok(())
}

fn not_spoken_of(policy: &Policy, missing: &SpaceKey) -> CliError {
    let known: Vec<&str> = policy.spaces.keys().map(SpaceKey::as_str).collect();
    let rules = if policy.rules.is_empty() { "" } else { ", and of those that its rules select" };
    CliError::usage(
        format!("--space {missing}: the policy does not speak of this space"),
        format!("it speaks of {}{rules}", known.join(", ")),
    )
}

/// Reads what the policy speaks of, and no more. Says of which spaces that included the blog posts.
async fn read(
    site: &Cloud,
    policy: &Policy,
    context: Context<'_>,
) -> Result<(Live, BTreeSet<SpaceKey>), CliError> {
    let mut live = reach::read(site, policy, []).await?;
    if live.site.edition == Edition::Free {
        return Err(CliError::failed(
            "this site is on the Free edition, where Confluence lets nobody change permissions or restrictions",
        )
        .with_hint("the Standard edition and those above it can; nothing was changed"));
    }
    let with_posts = pages::read(site, &mut live, policy, context).await?;
    Ok((live, with_posts))
}

/// Plans; where something changes, the pages and people that the change can touch are read, so that the
/// order of calls is safe for each of them and the plan can say who gains and who loses, and the plan is
/// made again.
async fn plan_with_people(
    site: &Cloud,
    desired: &Desired,
    live: &mut Live,
    with_posts: &BTreeSet<SpaceKey>,
    gaps: Gaps,
) -> Result<Planned, CliError> {
    let draft = plan::plan(desired, live, gaps);
    if draft.plan.is_empty() {
        return Ok(draft);
    }
    let hook = |progress: Progress| tracing::debug!(?progress);
    let changed: BTreeSet<SpaceKey> =
        draft.plan.changes.iter().map(|change| change.space().clone()).collect();
    survey::trees(site, live, &changed, &hook).await?;
    survey::blogposts(site, live, &changed.difference(with_posts).cloned().collect()).await?;
    let pages: BTreeMap<SpaceKey, BTreeSet<_>> = changed
        .iter()
        .filter_map(|key| Some((key.clone(), live.spaces.get(key)?.tree.as_ref()?)))
        .map(|(key, tree)| (key, tree.iter().map(|node| node.id).collect()))
        .collect();
    survey::restrictions(site, live, &pages, &hook).await?;
    let spaces: Vec<&LiveSpace> = [&*live, &draft.after]
        .into_iter()
        .flat_map(|live| changed.iter().filter_map(|key| live.spaces.get(key)))
        .collect();
    let mut wanted = people::Wanted::of(spaces);
    desired.guards.required_admins.keys().for_each(|admin| wanted.note(admin));
    people::read(site, live, &wanted).await?;
    Ok(plan::plan(desired, live, gaps))
}
