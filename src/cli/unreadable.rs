//! Spaces that cannot be read, and that would not be read but for what files of teams ask there. They are skipped, so that no
//! team stops a run for others.

use std::collections::BTreeSet;

use camino::Utf8Path;

use crate::apply::rest;
use crate::confluence;
use crate::diagnostic::Diagnostics;
use crate::model::{Desired, Live, Origin, Skipped, SpaceKey};
use crate::observe::{self, Needs};
use crate::plan::{self, Plan};
use crate::policy::lock::Lock;
use crate::policy::{self, Context, Policy, Resolved};

use super::{Failure, Output, SiteReading};

/// What was skipped while a site was read.
#[derive(Debug, Default)]
pub(super) struct UnreadSpaces {
    /// The spaces that cannot be read, under the keys that the site has.
    pub(super) keys: BTreeSet<SpaceKey>,
    /// They, and what cannot be decided without them.
    pub(super) skipped: BTreeSet<Skipped>,
    /// What is left out of the policy for them: they, and the spaces that may copy from them.
    pub(super) without: BTreeSet<SpaceKey>,
    said: Vec<(Failure, String)>,
}

impl UnreadSpaces {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Leaves the same out of another policy.
    pub(super) fn leave_out_of(&self, policy: &mut Policy) {
        self.without.iter().for_each(|key| policy.leave_out(key.clone()));
    }

    pub(super) fn say(&self, out: &Output) {
        for (code, line) in &self.said {
            out.warn_of(*code, line);
        }
    }

    /// Adds what another reading skipped.
    pub(super) fn extend(&mut self, more: Self) {
        self.keys.extend(more.keys);
        self.skipped.extend(more.skipped);
        self.without.extend(more.without);
        self.said.extend(more.said);
    }
}

/// What a run is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    /// What the policy asks for.
    Policy,
    /// A plan that was made before, in the spaces that it changes, whatever the policy says of them.
    Plan(&'a Plan),
    /// The same, where it matters what the policy asks for in these spaces.
    PlanAndPolicy(&'a Plan),
    /// Spaces as they are, whatever the policy says of them.
    Spaces,
}

/// What asks about the spaces that a run reads.
#[derive(Clone, Copy)]
struct AsksFor<'a> {
    /// The spaces that the command line names.
    named: &'a [SpaceKey],
    about: About<'a>,
    /// Whether a policy without the files of teams asks about a space.
    central: &'a dyn Fn(&Policy, &Live, &SpaceKey) -> bool,
}

/// Reads what planning needs, which `planning` says, and resolves the policy, or says what is wrong with it.
pub(super) async fn for_plan(
    reading: SiteReading<'_>,
    policy: &mut Policy,
    live: &mut Live,
    context: Context<'_>,
    (named, about): (&[SpaceKey], About<'_>),
    planning: &dyn Fn(&Desired, &Live) -> Needs,
) -> Result<(Result<Resolved, Diagnostics>, UnreadSpaces), confluence::Error> {
    let central = |central: &Policy, live: &Live, key: &SpaceKey| {
        let needs = observe::of_policy(central, context, live);
        let is_planned = || {
            let resolved = policy::resolve(central, live, context);
            resolved.is_ok_and(|resolved| planning(&resolved.desired, live).content.contains_key(key))
        };
        is_needed(&needs, live, key) || live.spaces.contains_key(key) && is_planned()
    };
    let asks = AsksFor { named, about, central: &central };
    reading_on(policy, live, context.lock, asks, async |live, policy, unread| {
        let needs = |desired: &Desired, live: &Live| planning(desired, live).without(unread);
        match reading.for_plan(live, policy, context, needs).await {
            Ok(resolved) => Ok(Ok(resolved)),
            Err(observe::Failure::Policy(findings)) => Ok(Err(findings)),
            Err(observe::Failure::Site(error)) => Err(error),
        }
    })
    .await
}

/// Reads what every name of the policy means.
pub(super) async fn for_names(
    reading: SiteReading<'_>,
    policy: &mut Policy,
    live: &mut Live,
    context: Context<'_>,
) -> Result<UnreadSpaces, confluence::Error> {
    let central = |central: &Policy, live: &Live, key: &SpaceKey| {
        is_needed(&observe::of_names(central, context, live), live, key)
    };
    let asks = AsksFor { named: &[], about: About::Policy, central: &central };
    let read = reading_on(policy, live, context.lock, asks, async |live, policy, _| {
        reading.until_known(live, |live| observe::of_names(policy, context, live)).await
    });
    Ok(read.await?.1)
}

/// Reads spaces as they are: `needs` says what of them, without those that cannot be read.
pub(super) async fn for_spaces(
    reading: SiteReading<'_>,
    policy: &Policy,
    live: &mut Live,
    context: Context<'_>,
    needs: &dyn Fn(&BTreeSet<SpaceKey>, &Live) -> Needs,
) -> Result<UnreadSpaces, confluence::Error> {
    let central = |central: &Policy, live: &Live, key: &SpaceKey| {
        observe::of_policy(central, context, live).spaces.contains(key)
    };
    let asks = AsksFor { named: &[], about: About::Spaces, central: &central };
    let mut policy = policy.clone();
    let read = reading_on(&mut policy, live, context.lock, asks, async |live, _, unread| {
        reading.until_known(live, |live| needs(unread, live)).await
    });
    Ok(read.await?.1)
}

/// Whether something is needed of a space that has not been read.
fn is_needed(needs: &Needs, live: &Live, key: &SpaceKey) -> bool {
    match live.spaces.get(key) {
        Some(_) => needs.content.contains_key(key),
        None => needs.spaces.contains(key),
    }
}

/// Reads until nothing stands in the way but what others than teams ask for as well. What is skipped is left out of the
/// policy.
async fn reading_on<T>(
    policy: &mut Policy,
    live: &mut Live,
    lock: &Lock,
    asks: AsksFor<'_>,
    read: impl AsyncFn(&mut Live, &Policy, &BTreeSet<SpaceKey>) -> Result<T, confluence::Error>,
) -> Result<(T, UnreadSpaces), confluence::Error> {
    let mut unread = UnreadSpaces::default();
    loop {
        let error = match read(live, policy, &unread.keys).await {
            Ok(found) => return Ok((found, unread)),
            Err(error) => error,
        };
        let Some(key) = space_of(&error, live).filter(|key| !unread.keys.contains(key)) else {
            return Err(error);
        };
        let Some((team, origin)) = asked_by_team(policy, live, lock, asks, &key) else {
            return Err(error);
        };
        let (without, skipped) = hanging_on(&key, policy, live, lock, asks.about);
        let code = Failure::from(&error);
        let said = in_words(&key, &skipped, &origin, &error);
        let skip = |key| Skipped::for_team(Some(key), &team, code.as_str(), origin.clone());
        let skipped = skipped.iter().map(skip).collect();
        let more = UnreadSpaces { keys: BTreeSet::from([key]), skipped, without, said: vec![(code, said)] };
        more.leave_out_of(policy);
        unread.extend(more);
    }
}

/// The space that an error is about.
fn space_of(error: &confluence::Error, live: &Live) -> Option<SpaceKey> {
    let id = error.hidden_space()?;
    live.listing.spaces.values().find(|space| space.id == id).map(|space| space.key.clone())
}

/// The team that alone asks about a space, and its line.
fn asked_by_team(
    policy: &Policy,
    live: &Live,
    lock: &Lock,
    asks: AsksFor<'_>,
    key: &SpaceKey,
) -> Option<(String, Origin)> {
    let AsksFor { named, about, central } = asks;
    if named.contains(key) {
        return None;
    }
    if let About::Plan(plan) | About::PlanAndPolicy(plan) = about
        && rest::spaces(plan).contains(key)
    {
        let team_of = |file: &Utf8Path| Some(policy.delegation.team_of(file)?.name.value.clone());
        return plan::team_of_space(plan, key, &team_of);
    }
    let on_site = policy.on_site(lock, &live.listing);
    let (team, line) = on_site.policy.line_of_team(key, &live.listing)?;
    let found = (team.name.value.clone(), line.origin());
    (!central(&policy.central(), live, key)).then_some(found)
}

/// A space with those that may have its access, if that is not known either: what is left out of the policy, and what of it
/// the run is about.
fn hanging_on(
    key: &SpaceKey,
    policy: &Policy,
    live: &Live,
    lock: &Lock,
    about: About<'_>,
) -> (BTreeSet<SpaceKey>, BTreeSet<SpaceKey>) {
    let on_site = policy.on_site(lock, &live.listing);
    let mut without = BTreeSet::from([key.clone()]);
    if !live.spaces.contains_key(key) {
        let has_it = |other: &&SpaceKey| {
            on_site.policy.with_sources(&BTreeSet::from([(*other).clone()]), &live.listing).contains(key)
        };
        without.extend(live.listing.spaces.keys().filter(has_it).cloned());
    }
    let is_skipped = |other: &&SpaceKey| match about {
        About::Policy => on_site.policy.is_in_scope(other),
        About::Plan(plan) => *other == key && rest::spaces(plan).contains(key),
        About::PlanAndPolicy(plan) => rest::spaces(plan).contains(*other),
        About::Spaces => *other == key,
    };
    let skipped = without.iter().filter(is_skipped).cloned().collect();
    (without, skipped)
}

/// What is skipped, and why.
fn in_words(
    key: &SpaceKey,
    skipped: &BTreeSet<SpaceKey>,
    line: &Origin,
    error: &confluence::Error,
) -> String {
    if skipped.is_empty() {
        format!("{key} cannot be read, and would not be read but for what a team asks ({line}): {error}")
    } else if skipped.len() == 1 && skipped.contains(key) {
        format!(
            "{key} is skipped: it would not be read but for what a team asks there ({line}), and it cannot be read: {error}"
        )
    } else {
        let skipped = Skipped::in_words(skipped);
        format!(
            "{skipped}: {key} would not be read but for what a team asks ({line}), and it cannot be read: {error}"
        )
    }
}
