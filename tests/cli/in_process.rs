//! Plan and apply in process, over HTTP, against a sandbox that is looked at afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use confperm::apply::{ApplyOptions, ApplyOutcome, Precautions, Stop, Unverified, unverified};
use confperm::confluence::retry::RetryPolicy as Retry;
use confperm::confluence::{Cloud, Credentials, Read as _, Scrutiny, Settings};
use confperm::diagnostic::{Diagnostics, Sources};
use confperm::model::Live;
use confperm::observe::{self, Failure, Hook};
use confperm::plan::{self, Gaps, Planned};
use confperm::policy::lock::Lock;
use confperm::policy::{self, Policy, Resolved};
use confperm::render::diagnostics::{Paint, draw};
use confperm::sandbox::adversary::Adversary;
use confperm::sandbox::world::{self, ListKind, Object, State};
use confperm::sandbox::{self, Faults, Options, Running, Site};

use crate::as_planned::as_planned;
use crate::journal::Memory;

/// A site, and a client that is signed in to it.
pub(crate) struct Stage {
    pub(crate) running: Running,
    pub(crate) site: Cloud,
}

impl Stage {
    pub(crate) async fn open(state: &str) -> Self {
        Self::with_faults(state, Faults::default()).await
    }

    pub(crate) async fn with_faults(state: &str, faults: Faults) -> Self {
        Self::with(state, Options { faults, ..Options::default() }).await
    }

    /// A site that does not stand still.
    pub(crate) async fn against(state: &str, adversary: Adversary) -> Self {
        Self::with(state, Options { adversary, ..Options::default() }).await
    }

    /// A site whose answers are checked for completeness or not.
    pub(crate) async fn scrutinized(state: &str, adversary: Adversary, scrutiny: Scrutiny) -> Self {
        let options = Options { adversary, ..Options::default() };
        Self::settled(state, options, Settings { scrutiny, ..Settings::default() }).await
    }

    async fn with(state: &str, options: Options) -> Self {
        Self::settled(state, options, Settings::default()).await
    }

    async fn settled(state: &str, options: Options, settings: Settings) -> Self {
        let site = Site::from_yaml(state).unwrap_or_else(|error| panic!("{error}\n{state}"));
        let running = sandbox::serve(site, options).await.unwrap();
        let caller = running.credentials().unwrap();
        let credentials = Credentials::Basic { email: caller.email, token: caller.token.into() };
        let retry = Retry { start: Duration::from_millis(1), ..Retry::default() };
        let settings = Settings { retry, ..settings };
        let site = Cloud::new(running.site_url().parse().unwrap(), &credentials, &settings).unwrap();
        Self { running, site }
    }

    /// Reads what the policy needs and plans, as `confperm plan` does.
    pub(crate) async fn plan(&self, text: &str) -> Planned {
        self.plan_of(&parse(text)).await
    }

    pub(crate) async fn plan_of(&self, policy: &Policy) -> Planned {
        self.plan_after(policy, &[]).await.unwrap_or_else(|findings| panic!("{findings}"))
    }

    /// Plans with what earlier runs left unverified, unless the policy does not fit the site.
    pub(crate) async fn plan_after(
        &self,
        policy: &Policy,
        earlier: &[Unverified],
    ) -> Result<Planned, String> {
        let mut live = self.sign_in().await;
        live.stray = unverified::came_along(earlier);
        let resolved = self.try_observe(&mut live, policy, &observe::quiet).await?;
        Ok(plan::plan(&resolved.desired, &live, Gaps::Refuse).unwrap())
    }

    /// Plans with a lock, as `confperm plan` does; gives what is worth a warning, and what was read, as well.
    pub(crate) async fn plan_by(
        &self,
        policy: &Policy,
        lock: &Lock,
    ) -> Result<(Planned, Diagnostics, Live), Diagnostics> {
        let mut live = self.sign_in().await;
        let resolved = self.look_up(&mut live, policy, lock, &observe::quiet).await?;
        Ok((plan::plan(&resolved.desired, &live, Gaps::Refuse).unwrap(), resolved.warnings, live))
    }

    /// Reads what a plan needs, as `confperm plan` does.
    pub(crate) async fn observe(&self, live: &mut Live, policy: &Policy, hook: Hook<'_>) -> Resolved {
        self.try_observe(live, policy, hook).await.unwrap_or_else(|findings| panic!("{findings}"))
    }

    async fn try_observe(
        &self,
        live: &mut Live,
        policy: &Policy,
        hook: Hook<'_>,
    ) -> Result<Resolved, String> {
        let resolved = self.look_up(live, policy, Lock::EMPTY, hook).await;
        resolved.map_err(|findings| draw(&findings, &Sources::default(), Paint::Plain))
    }

    /// Reads what a plan with a lock needs, and resolves the policy.
    pub(crate) async fn look_up(
        &self,
        live: &mut Live,
        policy: &Policy,
        lock: &Lock,
        hook: Hook<'_>,
    ) -> Result<Resolved, Diagnostics> {
        let context = policy::Context { today: jiff::civil::Date::constant(2026, 11, 21), lock };
        observe::for_plan(&self.site, live, policy, context, plan::needs, hook).await.map_err(|failure| {
            match failure {
                Failure::Site(error) => panic!("{error}"),
                Failure::Policy(findings) => findings,
            }
        })
    }

    /// The site, of which nothing has been read yet.
    pub(crate) async fn sign_in(&self) -> Live {
        Live::of(self.site.site().await.unwrap())
    }

    pub(crate) async fn apply(&self, planned: &Planned) -> ApplyOutcome {
        let (journal, stop) = (Memory::default().journal(), Stop::default());
        confperm::apply::apply(planned, &[], &self.site, &journal, &stop, &OPTIONS, &|_| ()).await.unwrap()
    }

    /// The lists of content that were empty after some write.
    pub(crate) fn opened_meanwhile(&self, id: world::ContentId) -> Vec<ListKind> {
        let log = self.running.log();
        let states = log.writes.iter().filter(|write| write.object == Object::Content(id));
        let lists = states.flat_map(|write| match &*write.after {
            State::Content { lists, .. } => {
                ListKind::ALL.into_iter().filter(|list| lists.get(*list).is_empty()).collect()
            }
            _ => Vec::new(),
        });
        lists.collect()
    }

    /// Plans and applies; then the site has to be as planned, and the next plan empty.
    pub(crate) async fn converge(&self, policy: &str) -> Result<Planned, String> {
        let planned = self.plan(policy).await;
        if !planned.plan.refusals.is_empty() {
            return Err(format!("refused: {:#?}", planned.plan.refusals));
        }
        let outcome = self.apply(&planned).await;
        if !outcome.is_complete() {
            return Err(confperm::render::outcome_as_text(&planned.plan, &outcome));
        }
        self.running.world(|world| as_planned(&planned, world))?;
        let again = self.plan(policy).await;
        if !again.plan.is_empty() {
            return Err(format!(
                "{}\nand then still\n{}",
                confperm::render::plan_as_text(&planned.plan),
                confperm::render::plan_as_text(&again.plan)
            ));
        }
        Ok(planned)
    }
}

/// What a site does not show within this time, it never shows here.
pub(crate) static OPTIONS: ApplyOptions = ApplyOptions {
    most_calls: None,
    patience: Duration::from_millis(400),
    freshness: Duration::from_secs(5),
    precautions: Precautions::ALL,
    forget: BTreeSet::new(),
};

fn sources(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.insert("policy.yaml".into(), text);
    sources
}

pub(crate) fn parse(text: &str) -> Policy {
    let loaded = policy::from_sources(sources(text));
    loaded.policy.unwrap_or_else(|| {
        panic!("{}\n{text}", draw(&loaded.findings, &loaded.sources, Paint::Plain));
    })
}
