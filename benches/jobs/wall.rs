//! What verification costs in time: each job applied with it and without it, at 80 ms a call.
//!
//! The site adds no permissions by itself, since removing those takes calls of its own, which the third column
//! has: the same job with verification where `read/space` and `create/page` bring companions.

use std::io::Write as _;
use std::time::Duration;

use confperm::apply::journal::SiteKey;
use confperm::apply::{ApplyOptions, Journal, Precautions, Stop};
use confperm::confluence::{Cloud, Credentials, Read as _, Settings};
use confperm::diagnostic::Sources;
use confperm::model::Live;
use confperm::observe;
use confperm::plan::{self, Gaps};
use confperm::policy::{self, Context, lock::Lock};
use confperm::sandbox::{self, Faults, Options, Site};
use tokio::time::Instant;

use super::Result;
use super::jobs::{self, Job};

/// Between a request and its answer.
const LATENCY: Duration = Duration::from_millis(80);

/// What verification may add, as a factor.
const AT_MOST: f64 = 1.15;

/// Prints the wall times of each job. It is an error if verification adds more than the budget says.
pub(crate) async fn compare() -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| job | without verification | with it | ratio | with companions |\n|---|--:|--:|--:|--:|"
    )?;
    let mut over = Vec::new();
    for job in jobs::all() {
        let plain = format!("{}quirks: {{companions: never}}\n", job.site);
        let without = apply(&job, &plain, Precautions::WITHOUT_VERIFICATION).await?;
        let with = apply(&job, &plain, Precautions::ALL).await?;
        let companions = apply(&job, &job.site, Precautions::ALL).await?;
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        writeln!(
            out,
            "| {} | {:.1} s | {:.1} s | {ratio:.2} | {:.1} s |",
            job.name,
            without.as_secs_f64(),
            with.as_secs_f64(),
            companions.as_secs_f64()
        )?;
        if ratio > AT_MOST {
            over.push(format!("{}: verification costs {ratio:.2} times the calls, not {AT_MOST}", job.name));
        }
    }
    if over.is_empty() { Ok(()) } else { Err(over.join("\n").into()) }
}

/// Plans a job in a sandbox of its own, and applies it. How long the second took.
async fn apply(job: &Job, state: &str, precautions: Precautions) -> Result<Duration> {
    let faults = Faults { latency: LATENCY, ..Faults::default() };
    let options = Options { keep_states: false, faults, ..Options::default() };
    let running = sandbox::serve(Site::from_yaml(state)?, options).await?;
    let caller = running.credentials().ok_or("the sandbox has no caller")?;
    let credentials = Credentials::Basic { email: caller.email, token: caller.token.into() };
    let site = Cloud::new(running.site_url().parse()?, &credentials, &Settings::default())?;

    let mut sources = Sources::default();
    sources.insert("policy.yaml".into(), job.policy.as_str());
    let policy = policy::from_sources(sources).policy.ok_or("the policy of the job is not valid")?;
    let context = Context { today: jiff::civil::Date::constant(2026, 11, 21), lock: Lock::EMPTY };
    let mut live = Live::of(site.site().await?);
    let resolved = observe::for_plan(&site, &mut live, &policy, context, plan::needs, &observe::quiet)
        .await
        .map_err(|_| "the policy does not fit the site")?;
    let planned = plan::plan(&resolved.desired, &live, Gaps::Refuse)?;

    let folder = tempfile::tempdir()?;
    let (journal, _) =
        Journal::create(folder.path().try_into()?, SiteKey::default(), || jiff::Timestamp::UNIX_EPOCH)?;
    let options = ApplyOptions { precautions, ..ApplyOptions::default() };
    let start = Instant::now();
    let outcome =
        confperm::apply::apply(&planned, &[], &site, &journal, &Stop::default(), &options, &|_| ()).await?;
    let took = start.elapsed();
    running.stop().await;
    if outcome.results.iter().any(|result| !result.status.is_settled()) {
        let text = confperm::render::outcome_as_text(&planned.plan, &outcome);
        return Err(format!("{}: not complete\n{text}", job.name).into());
    }
    Ok(took)
}
