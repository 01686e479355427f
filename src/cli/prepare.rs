//! What `plan` and `apply` have in common: policy files and a live site in, a plan out.

use std::collections::BTreeSet;

use camino::Utf8Path;
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::apply::{Unverified, journal, unverified};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, did_you_mean, near_key};
use crate::model::{Desired, Edition, Fingerprint, Guard, Live, Shown, Site, SkipReason, SpaceKey, visible};
use crate::observe::Needs;
use crate::plan::{self, MadeFrom, Plan, Planned};
use crate::policy::lock::Lock;
use crate::policy::{Context, Policy, Resolved};
use crate::render::{self, View};

use super::args::{IncompleteMeans, OverrideArgs, Scope};
use super::directory;
use super::failure;
use super::keys;
use super::lockfile::{Lacking, Learning};
use super::team_errors;
use super::token;
use super::unreadable::{self, About, UnreadSpaces};
use super::{CliError, Connection, Environment, LockFile, Output, SiteReading};

/// A plan with everything that showing and applying it need.
pub(super) struct Prepared {
    pub(super) connection: Connection,
    pub(super) planned: Planned,
    /// The last run that kept a journal here.
    pub(super) last: Option<journal::Last>,
    /// How the plan is shown as text.
    pub(super) view: View,
    /// What is said where it is about no space, if that is known.
    pub(super) message_if_empty: Option<&'static str>,
}

/// What ends within so many days is mentioned.
const SOON: i32 = 14;

impl Prepared {
    /// What earlier runs left unverified.
    pub(super) fn earlier(&self) -> &[Unverified] {
        self.last.as_ref().map_or(&[], |last| last.unverified.as_slice())
    }

    /// Whether the last run was cut short.
    pub(super) fn was_cut(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.cut.is_some())
    }
}

/// A policy and the site that it is about, before more than the account is read.
pub(super) struct Begun {
    pub(super) policy: Policy,
    sources: Sources,
    pub(super) lock: LockFile,
    pub(super) connection: Connection,
    pub(super) live: Live,
    /// The last run that kept a journal here.
    last: Option<journal::Last>,
    pub(super) today: Date,
    /// Of all texts of the policy, by path.
    pub(super) files: Fingerprint,
    /// What was skipped because it cannot be read.
    pub(super) unread: UnreadSpaces,
}

/// What is not looked at before the site is.
pub(super) enum Unchecked<'a> {
    /// What these guards forbid.
    Guards(&'a BTreeSet<Guard>),
    /// Whatever the guards forbid of the policy alone, since the run is not about what it asks for.
    AnyBreach,
}

/// Loads the policy and signs in. Contradictions, and what the guards forbid of the policy alone, end it before
/// anything is read.
pub(super) async fn begin(
    scope: &Scope,
    accepted: Unchecked<'_>,
    environment: &Environment,
    out: &Output,
) -> Result<Begun, CliError> {
    let today = environment.today()?;
    let (policy, warnings, mut sources) = directory::load_valid(&scope.directory)?;
    let files = Fingerprint::of_named(sources.iter().map(|(file, text)| (file.as_str(), text.as_ref())));
    let lock = LockFile::read(&scope.directory, &mut sources)?;
    may_be_covered(&policy, lock.known(), scope)?;
    if let Some(team) = &scope.team {
        is_delegated(&policy, team)?;
    }
    out.findings(&warnings, &sources);
    let contradictions = policy.contradictions(today);
    if contradictions.has_errors() {
        return Err(CliError::Invalid { findings: contradictions, sources });
    }
    if let Unchecked::Guards(overridden) = accepted {
        let mut breaches = policy.breaches(today).sure;
        breaches.retain(|guard, _| !overridden.contains(guard));
        if !breaches.is_empty() {
            return Err(CliError::Blocked { breaches, sources });
        }
    }
    let connection =
        Connection::open(&scope.site, &scope.directory, &policy, &lock, environment, out).await?;
    let live = SiteReading::of(&connection, out).sign_in(&policy).await?;
    can_be_changed(&live.site)?;
    let last = last_run(&scope.directory, &connection, out);
    Ok(Begun { policy, sources, lock, connection, live, last, today, files, unread: UnreadSpaces::default() })
}

impl Begun {
    /// Reads what planning needs, which `planning` says, and resolves the policy. Warnings are drawn.
    pub(super) async fn resolve(
        &mut self,
        scope: &Scope,
        lacking: Lacking,
        about: About<'_>,
        planning: &dyn Fn(&Desired, &Live) -> Needs,
        out: &Output,
    ) -> Result<Desired, CliError> {
        // What was changed meanwhile is planned again by the run that has the journal open.
        self.lock.check_is_there(self.last.is_some() && scope.moved.is_empty(), lacking, out)?;
        self.follow_unverified(out).await?;
        // Another space may have the key of one that is gone.
        let listed = &self.live.listing.spaces;
        let is_same = |entry: &&Unverified| {
            listed.get(entry.object.space()).is_none_or(|space| space.id == entry.space_id)
        };
        let earlier = self.last.iter().flat_map(|last| &last.unverified);
        self.live.stray = unverified::came_along(earlier.filter(is_same));
        let context = Context { today: self.today, lock: self.lock.known() };
        let reading = SiteReading::again(&self.connection, out);
        let asked = (scope.spaces.as_slice(), about);
        let (resolved, unread) =
            unreadable::for_plan(reading, &mut self.policy, &mut self.live, context, asked, planning).await?;
        let Resolved { mut desired, warnings, .. } =
            resolved.map_err(|findings| CliError::Invalid { findings, sources: self.sources.clone() })?;
        warn(warnings, &self.sources, scope.all, out);
        unread.say(out);
        desired.skipped.extend(unread.skipped.iter().cloned());
        self.unread = unread;
        Ok(desired)
    }

    /// Calls what earlier runs left unverified by the keys that its spaces have now.
    async fn follow_unverified(&mut self, out: &Output) -> Result<(), CliError> {
        let Some(last) = &mut self.last else { return Ok(()) };
        let then: Vec<_> =
            last.unverified.iter().map(|entry| (entry.object.space(), entry.space_id)).collect();
        let now = keys::of_now(&then, SiteReading::again(&self.connection, out), &mut self.live).await?;
        for entry in &mut last.unverified {
            if let Some(key) = now.get(&entry.space_id) {
                entry.object.space_mut().clone_from(key);
            }
        }
        Ok(())
    }

    /// A plan with what showing and applying it need; `learning` says what becomes of the lock.
    pub(super) async fn prepared(
        self,
        mut planned: Planned,
        scope: &Scope,
        learning: Option<Learning>,
        environment: &Environment,
        out: &Output,
    ) -> Result<Prepared, CliError> {
        let Self { policy, lock, connection, live, last, today, files, .. } = self;
        if let Some(note) = token::note(&planned.plan, &connection.site).await {
            out.say(&note);
        }
        let soon = today.saturating_add(SOON.days());
        let ending = render::ending_lines(&policy.endings(), today, soon);
        let accepts_incomplete = scope.incomplete == IncompleteMeans::Ok;
        let mut view = View { all: scope.all, ending, accepts_incomplete, ..View::default() };
        let skipped = &planned.plan.skipped;
        let learnt = lock.learnt_beside(skipped, &policy, &live, &connection, scope.is_whole());
        planned.plan.made_from = Some(MadeFrom {
            files,
            locks: BTreeSet::from([lock.fingerprint(), Fingerprint::of(&learnt.lock.to_text())]),
            commit: environment.commit(&scope.directory),
            run: environment.ci_run(),
        });
        if let Some(learning) = learning {
            view.unlocked = lock.learn(&learnt, learning, out)?;
        }
        planned.plan.own_roles = policy.own_bundles();
        Ok(Prepared { connection, planned, last, view, message_if_empty: None })
    }
}

/// Loads the policy, reads the site, and plans. The lock learns what the names of a plan mean that is not blocked and
/// that `is_accepted`.
pub(super) async fn prepare(
    scope: &Scope,
    overrides: &OverrideArgs,
    lacking: Lacking,
    is_accepted: &dyn Fn(&Plan) -> bool,
    environment: &Environment,
    out: &Output,
) -> Result<Prepared, CliError> {
    let overridden: BTreeSet<Guard> = overrides.guards.iter().copied().collect();
    let mut begun = Box::pin(begin(scope, Unchecked::Guards(&overridden), environment, out)).await?;
    let reading = SiteReading::again(&begun.connection, out);
    let keys = keys_of(scope, begun.lock.known(), reading, &mut begun.live).await?;
    if let Some(team) = &scope.team {
        begun.policy.focus_on_team(team);
    }
    if let Some(keys) = &keys {
        begun.policy.focus_on_found(keys.clone());
    }
    let mut desired = Box::pin(begun.resolve(scope, lacking, About::Policy, &plan::needs, out)).await?;
    let is_skipped = |key: &SpaceKey| {
        let mut skipped = desired.skipped.iter();
        skipped.any(|skipped| skipped.space.as_ref().is_none_or(|space| space == key))
    };
    let is_planned = |key: &SpaceKey| desired.spaces.contains_key(key) || is_skipped(key);
    let missing = keys.iter().flatten().find(|key| !is_planned(key));
    // What others changed may be such that no rule selects the space any more; then there is nothing to do.
    if let Some(missing) = missing.filter(|_| scope.moved.is_empty()) {
        return Err(not_covered(&begun.policy, missing));
    }
    if scope.locked
        && lacking == Lacking::Refused
        && let Some((rest, _)) = team_errors::without_unlocked(&begun, &desired, out)
    {
        desired = rest;
    }
    let mut planned = plan::plan(&desired, &begun.live, scope.gaps())?;
    override_guards(&mut planned.plan, overrides, out);
    let let_through = |plan: &mut Plan| {
        if let Some(why) = &overrides.why {
            plan.override_guards(&overridden, &out.without_secrets(why));
        }
    };
    let about = (scope.team.as_deref(), scope.gaps());
    let (policy, live) = (&begun.policy, &begun.live);
    let rest = team_errors::without_blocked(policy, live, &desired, &planned.plan, about, &let_through)?;
    if let Some(rest) = rest {
        planned = rest;
        let skipped = planned.plan.skipped.iter();
        let blocked = skipped.filter(|it| matches!(it.reason, SkipReason::TeamBlocked { .. }));
        let keys: BTreeSet<&Shown> = blocked.map(|skipped| &skipped.name).collect();
        for key in keys {
            out.warn(&format!(
                "{key} is skipped: what a team asks for there is blocked; `confperm plan --space {key}` shows why"
            ));
        }
    }
    // What a refused plan took names to mean is not what anyone has agreed to. A lock that is never written is compared
    // in any case.
    let learns = !planned.plan.is_blocked() && (scope.locked || is_accepted(&planned.plan));
    let learning = learns.then(|| scope.learning(lacking));
    Box::pin(begun.prepared(planned, scope, learning, environment, out)).await
}

/// Lets a plan through guards, and says which of them did not need it.
pub(super) fn override_guards(plan: &mut Plan, overrides: &OverrideArgs, out: &Output) {
    let Some(why) = &overrides.why else { return };
    let overridden = overrides.guards.iter().copied().collect();
    // The journal keeps it.
    for guard in plan.override_guards(&overridden, &out.without_secrets(why)) {
        out.say(&format!("--override {guard} was not needed: the guard does not block this plan"));
    }
}

/// Draws warnings. Accounts that cannot sign in any more, of which a policy may name many for long, are counted unless
/// all is asked for.
fn warn(warnings: Diagnostics, sources: &Sources, all: bool, out: &Output) {
    const FEW: usize = 3;
    let is_leaver = |finding: &Diagnostic| finding.code == Code::InactiveAccount;
    let leavers = warnings.iter().filter(|finding| is_leaver(finding)).count();
    if all || leavers <= FEW {
        out.findings(&warnings, sources);
        return;
    }
    out.findings(&warnings.into_iter().filter(|finding| !is_leaver(finding)).collect(), sources);
    out.warn_of(
        Code::InactiveAccount,
        &format!("the policy names {leavers} accounts that cannot sign in; `--all` shows each"),
    );
}

fn last_run(directory: &Utf8Path, connection: &Connection, out: &Output) -> Option<journal::Last> {
    match journal::last(&journal::folder(directory), &connection.journal_key()) {
        Ok(last) => last,
        Err(error) => {
            out.warn(&format!("{error}; what that run may have left unverified is unknown"));
            None
        }
    }
}

/// That the policy may cover the spaces that were asked for. A key that it does not have may be the one that a space of
/// the lock has now, which shows when the site is read.
fn may_be_covered(policy: &Policy, lock: &Lock, scope: &Scope) -> Result<(), CliError> {
    if lock.remembers_spaces() {
        return Ok(());
    }
    match scope.spaces.iter().find(|key| !policy.may_speak_of(key)) {
        Some(missing) => Err(not_covered(policy, missing)),
        None => Ok(()),
    }
}

/// That the policy delegates something to a team.
fn is_delegated(policy: &Policy, name: &str) -> Result<(), CliError> {
    if policy.delegation.team(name).is_some() {
        return Ok(());
    }
    let teams: Vec<&str> = policy.delegation.teams.iter().map(|team| team.name.value.as_str()).collect();
    let hint = match did_you_mean(name, teams.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if teams.is_empty() => "it has no `delegation`".to_owned(),
        None => format!("its teams are {}", teams.join(", ")),
    };
    Err(CliError::usage(format!("--team {}: the policy delegates nothing to this team", visible(name)), hint))
}

/// The spaces of the run, under the keys of now; none if it is about all of the policy.
async fn keys_of(
    scope: &Scope,
    lock: &Lock,
    reading: SiteReading<'_>,
    live: &mut Live,
) -> Result<Option<BTreeSet<SpaceKey>>, CliError> {
    if !scope.moved.is_empty() {
        return Ok(Some(scope.moved.iter().cloned().collect()));
    }
    if scope.spaces.is_empty() {
        return Ok(None);
    }
    keys::on_site(&scope.spaces, lock, reading, live).await.map(Some)
}

fn not_covered(policy: &Policy, missing: &SpaceKey) -> CliError {
    let known: Vec<&str> = policy.spaces.keys().map(SpaceKey::as_str).collect();
    let rules = if policy.rules.is_empty() { "" } else { ", and the spaces that its rules select" };
    let near = near_key(missing.as_str(), known.iter().copied());
    let hint = match near {
        Some(near) if near.eq_ignore_ascii_case(missing.as_str()) => {
            format!("upper and lower case count: write `{near}`")
        }
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() && policy.rules.is_empty() => {
            format!(
                "it covers no space yet: `confperm import --space {missing}` writes an entry for this one"
            )
        }
        None if known.is_empty() => "it has only rules, and none of them selects it".to_owned(),
        None => format!("it covers {}{rules}", known.join(", ")),
    };
    CliError::usage(format!("--space {missing}: the policy does not cover this space"), hint)
}

/// On the Free edition no plan can be carried out.
fn can_be_changed(site: &Site) -> Result<(), CliError> {
    if site.edition == Edition::Free {
        return Err(CliError::failed(
            failure::Failure::FreeEdition,
            "this site is on the Free edition, where permissions and restrictions cannot be changed",
        )
        .with_hint("the Standard edition and those above it can; nothing was changed"));
    }
    Ok(())
}
