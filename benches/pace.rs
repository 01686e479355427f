//! How much longer a run takes at a site that limits than its limit asks for.
//!
//! `cargo bench --bench pace`. The first table is the pace alone, under a clock that stands still between events: 200
//! seconds of work at each rate, burst and latency. The second is the whole client against the sandbox, served by
//! this process on a clock that goes on: a minute of work in each bucket. Both are wall time divided by the calls over
//! the rate, or over what sixteen calls at a time allow.

use std::error::Error;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use confperm::confluence::pace::Pace;
use confperm::confluence::{Cloud, Credentials, Read as _, Settings};
use confperm::model::ContentId;
use confperm::sandbox::faults::Rate;
use confperm::sandbox::{self, Faults, Options, Site};
use futures_util::future::try_join_all;
use tokio::runtime::Builder;
use tokio::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RATES: [f64; 5] = [1.0, 5.0, 20.0, 50.0, 100.0];
const BURSTS: [u32; 6] = [1, 2, 5, 20, 50, 100];
const LATENCIES: [u64; 4] = [5, 20, 80, 200];

/// The wait that a rejection asks for.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Tasks that make calls; the client lets sixteen at a time.
const TASKS: usize = 20;

const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: false, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com}
groups:
  all: {id: g-all, members: [ann], access: user}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions: {read/space: [group:all]}
    pages: [{id: 11, title: Home}]
";

fn main() -> Result<()> {
    let mut out = std::io::stdout();
    write!(out, "| rate | burst |")?;
    LATENCIES.iter().try_for_each(|latency| write!(out, " {latency} ms |"))?;
    writeln!(out, "\n|--:|--:|--:|--:|--:|--:|")?;
    let mut worst = 0.0_f64;
    for rate in RATES {
        for burst in BURSTS {
            write!(out, "| {rate}/s | {burst} |")?;
            for latency in LATENCIES {
                let still = Builder::new_current_thread().enable_time().start_paused(true).build()?;
                let lost = still.block_on(alone(rate, f64::from(burst), Duration::from_millis(latency)));
                worst = worst.max(lost);
                write!(out, " {lost:.2} |")?;
            }
            writeln!(out)?;
        }
    }
    writeln!(out, "\nThe most is {worst:.2}.\n\n| rate | burst | served, 20 ms | 429s |\n|--:|--:|--:|--:|")?;
    let buckets: Vec<(f64, u32)> = RATES.iter().flat_map(|&rate| BURSTS.map(|burst| (rate, burst))).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    // A minute of work each, so all at once.
    let all = buckets.iter().map(|&(rate, burst)| served(rate, burst));
    for ((rate, burst), (lost, limited)) in buckets.iter().zip(runtime.block_on(try_join_all(all))?) {
        writeln!(out, "| {rate}/s | {burst} | {lost:.2} | {limited} |")?;
    }
    Ok(())
}

/// What is possible at most, in calls per second, and how many calls that is in a while.
fn possible(rate: f64, latency: Duration, seconds: f64) -> (f64, u32) {
    let possible = rate.min(16.0 / latency.as_secs_f64());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
    let calls = (possible * seconds).ceil() as u32;
    (possible, calls)
}

/// Makes so many calls by many tasks.
async fn by_tasks<F: Future<Output = Result<()>>>(calls: u32, call: impl Fn() -> F) -> Result<()> {
    let left = Mutex::new(calls);
    let take = || {
        let mut left = left.lock().ok()?;
        *left = left.checked_sub(1)?;
        Some(())
    };
    let task = async || {
        while take().is_some() {
            call().await?;
        }
        Ok::<(), Box<dyn Error>>(())
    };
    try_join_all((0..TASKS).map(|_| task())).await.map(drop)
}

async fn alone(rate: f64, burst: f64, latency: Duration) -> f64 {
    let (possible, calls) = possible(rate, latency, 200.0);
    let (pace, began) = (Pace::new(16), Instant::now());
    let bucket = Mutex::new((burst, began));
    let serves = || {
        let Ok(mut bucket) = bucket.lock() else { return false };
        let now = Instant::now();
        let tokens = burst.min(bucket.0 + (now - bucket.1).as_secs_f64() * rate);
        let served = tokens >= 1.0;
        *bucket = (if served { tokens - 1.0 } else { tokens }, now);
        served
    };
    let call = async || {
        loop {
            let slot = pace.slot().await;
            let served = serves();
            tokio::time::sleep(latency).await;
            let grant = slot.grant();
            drop(slot);
            if served {
                pace.calm(grant);
                return Ok(());
            }
            pace.limited(grant, RETRY_AFTER);
        }
    };
    let ended = by_tasks(calls, call).await;
    assert!(ended.is_ok(), "no call fails here");
    began.elapsed().as_secs_f64() * possible / f64::from(calls)
}

async fn served(per_second: f64, burst: u32) -> Result<(f64, usize)> {
    let latency = Duration::from_millis(20);
    let faults = Faults { latency, rate: Some(Rate { per_second, burst }), ..Faults::default() };
    let options = Options { keep_states: false, faults, ..Options::default() };
    let running = sandbox::serve(Site::from_yaml(SITE)?, options).await?;
    let caller = running.credentials().ok_or("the sandbox has no caller")?;
    let credentials = Credentials::Basic { email: caller.email, token: caller.token.into() };
    let site = Cloud::new(running.site_url().parse()?, &credentials, &Settings::default())?;
    let (possible, calls) = possible(per_second, latency, 60.0);
    let began = Instant::now();
    let page = ContentId::from_number(11);
    by_tasks(calls, async || site.restrictions_now(page).await.map(drop).map_err(Into::into)).await?;
    let lost = began.elapsed().as_secs_f64() * possible / f64::from(calls);
    let limited = running.requests().iter().filter(|request| request.status == 429).count();
    Ok((lost, limited))
}
