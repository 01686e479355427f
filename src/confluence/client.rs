//! Calls that take care of themselves: at the pace that the site allows, repeated where that is safe, and
//! with a clear word on whether a failed write may have happened.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::debug;

use super::address::Address;
use super::answer::Response;
use super::complete::Whole;
use super::credentials::Credentials;
use super::error::{Endpoint, Error};
use super::pace::{Grant, Pace};
use super::retry::{self, AttemptOutcome, Decision, Kind, Past, RetryPolicy, asked_wait};
use super::transport::{Request, Settings, Transport};
use super::wait::{Vigil, WaitReason, Watcher};

/// A site that can be called.
#[derive(Debug)]
pub(crate) struct Client {
    transport: Transport,
    pace: Pace,
    policy: RetryPolicy,
    watcher: Watcher,
    calls: AtomicU64,
    free: OnceLock<()>,
}

/// A call that did not succeed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// Whether it was a write that may have been carried out all the same.
    pub(crate) ambiguous: bool,
}

impl Client {
    pub(crate) fn new(
        address: Address,
        credentials: &Credentials,
        settings: &Settings,
    ) -> Result<Self, Error> {
        Ok(Self {
            transport: Transport::new(address, credentials, settings)?,
            pace: Pace::new(settings.concurrency),
            policy: settings.retry,
            watcher: settings.watcher.clone(),
            calls: AtomicU64::new(0),
            free: OnceLock::new(),
        })
    }

    pub(crate) const fn address(&self) -> &Address {
        self.transport.address()
    }

    pub(crate) fn endpoint(&self, request: &Request) -> Result<Endpoint, Error> {
        self.transport.endpoint(request)
    }

    /// From now on a 403 without a word about the Free plan is taken for one because of it: Confluence
    /// answers restriction writes there as it answers a missing right (cloud-api.md §3).
    pub(crate) fn is_on_free_plan(&self) {
        self.free.get_or_init(|| ());
    }

    /// Reads JSON.
    pub(crate) async fn read<T: Whole>(&self, request: &Request) -> Result<T, Error> {
        self.fetch(request).await?.json()
    }

    /// Reads, and hands out the whole answer, for paging by header.
    pub(crate) async fn fetch(&self, request: &Request) -> Result<Response, Error> {
        self.send(request).await.map_err(|failed| failed.error)
    }

    /// Makes a call until there is an answer, or no hope for one, or its time is up.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Failed> {
        let endpoint = self.transport.endpoint(request);
        let endpoint = endpoint.map_err(|error| Failed { error, ambiguous: false })?;
        self.repeat(&endpoint, request.kind, |left| self.transport.exchange(request, left)).await
    }

    /// `exchange` makes the call once, in the time that it is handed.
    async fn repeat<F: Future<Output = Result<Response, Error>>>(
        &self,
        endpoint: &Endpoint,
        kind: Kind,
        exchange: impl Fn(Duration) -> F,
    ) -> Result<Response, Failed> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let mut past = Past::default();
        let mut vigil = Vigil::new(&self.watcher, endpoint);
        loop {
            let attempt = past.failures + past.limited + 1;
            let slot = self.pace.slot().await;
            let left = self.policy.patience.saturating_sub(vigil.spent());
            let exchanged = vigil.over(exchange(left)).await;
            let grant = slot.grant();
            drop(slot);
            let (result, outcome) = self.weigh(exchanged, endpoint, attempt, grant);
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            past.spent = vigil.spent();
            let jitter = retry::jitter(call, attempt);
            let decision = retry::decide(&self.policy, kind, past, outcome, jitter);
            let ambiguous = match decision {
                Decision::Retry(wait) => {
                    debug!(method = %endpoint.method, path = endpoint.path, ?wait, "again");
                    if let AttemptOutcome::Limited(_) = outcome {
                        // The wait itself is in `Pace::slot`, for all tasks.
                        let begins = self.pace.limited(grant, wait);
                        vigil.pause(WaitReason::RateLimit, wait, !begins);
                        past.limited += 1;
                    } else {
                        let cause = error.status().map_or(WaitReason::NoAnswer, WaitReason::Failing);
                        vigil.pause(cause, wait, false);
                        tokio::time::sleep(wait).await;
                        past.failures += 1;
                    }
                    continue;
                }
                Decision::GiveUp => false,
                Decision::Ambiguous => true,
            };
            let error =
                if outcome == AttemptOutcome::Final { error } else { error.after(attempt, past.spent) };
            return Err(Failed { error, ambiguous });
        }
    }

    /// What an exchange gave, for the caller, for [`retry`] and for the pace.
    fn weigh(
        &self,
        exchanged: Result<Response, Error>,
        endpoint: &Endpoint,
        attempt: u32,
        grant: Grant,
    ) -> (Result<Response, Error>, AttemptOutcome) {
        let answer = match exchanged {
            Ok(answer) => answer,
            Err(error) => {
                debug!(method = %endpoint.method, path = endpoint.path, attempt, %error, "no answer");
                let outcome = lost(&error);
                return (Err(error), outcome);
            }
        };
        let status = answer.status.as_u16();
        debug!(method = %endpoint.method, path = endpoint.path, status, attempt, "answered");
        match (status, answer.is_near_limit()) {
            (429, _) => {}
            (_, true) => self.pace.near_limit(grant),
            (_, false) => self.pace.calm(grant),
        }
        match answer.error() {
            None => (Ok(answer), AttemptOutcome::Final),
            Some(error) => {
                let outcome = match &error {
                    Error::RateLimited { asked, .. } => AttemptOutcome::Limited(*asked),
                    Error::Server(_) => AttemptOutcome::Failing(asked_wait(&answer.headers)),
                    Error::NotJson { status, .. } if status.is_success() => AttemptOutcome::Strange,
                    // "Request Timeout": it is not known whether all of the request arrived.
                    Error::Rejected(_) if status == 408 => AttemptOutcome::Lost,
                    _ => AttemptOutcome::Final,
                };
                (Err(self.in_view_of_the_plan(error)), outcome)
            }
        }
    }

    fn in_view_of_the_plan(&self, error: Error) -> Error {
        match error {
            Error::Forbidden(refusal) if self.free.get().is_some() => Error::FreeEdition(refusal),
            error => error,
        }
    }
}

/// How far a call got that has no answer.
fn lost(error: &Error) -> AttemptOutcome {
    match error {
        Error::Unreachable { .. } => AttemptOutcome::NotConnected,
        Error::Timeout { .. } | Error::Broken { .. } | Error::Truncated { .. } => AttemptOutcome::Lost,
        Error::TooLarge { .. } => AttemptOutcome::Strange,
        _ => AttemptOutcome::Final,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
    use tokio::time::{Instant, sleep};

    use super::super::wait::Waiting;
    use super::*;

    /// What a site does with a call.
    #[derive(Clone, Copy)]
    enum Site {
        Answers(u16),
        /// 429 with this `Retry-After`.
        Limits(u64),
        /// After so many seconds.
        Slow(u64),
        /// It never comes to the end of its answer.
        Drips,
    }

    /// A call to a site that does one thing after the other, the last for ever: what came of it, the seconds that
    /// it took, and what was reported meanwhile.
    async fn call(kind: Kind, site: &[Site]) -> (Result<Response, Failed>, u64, Vec<String>) {
        let reported: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&reported);
        let watcher = Watcher::new(move |waiting: &Waiting| {
            let Waiting { endpoint, cause, so_far, pause } = waiting;
            let pause = pause.map(|pause| pause.as_secs());
            log.lock().unwrap().push(format!("{endpoint} {cause:?} {} {pause:?}", so_far.as_secs()));
        });
        let settings = Settings { watcher, ..Settings::default() };
        let address = "https://acme.atlassian.net/wiki".parse().unwrap();
        let client = Client::new(address, &Credentials::Bearer("t".into()), &settings).unwrap();
        let endpoint = Endpoint { method: Method::GET, path: "/wiki/x".to_owned() };
        let began = Instant::now();
        let attempts = Mutex::new(site.iter());
        let answered = client.repeat(&endpoint, kind, |left| {
            let mut attempts = attempts.lock().unwrap();
            let does = attempts.next().unwrap_or(&site[site.len() - 1]);
            exchange(*does, left.min(settings.timeout), endpoint.clone())
        });
        let answered = answered.await;
        let reported = reported.lock().unwrap().clone();
        (answered, began.elapsed().as_secs(), reported)
    }

    async fn exchange(site: Site, left: Duration, endpoint: Endpoint) -> Result<Response, Error> {
        let (status, headers) = match site {
            Site::Answers(status) => (status, HeaderMap::new()),
            Site::Limits(after) => {
                (429, HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from(after))]))
            }
            Site::Slow(seconds) => {
                sleep(Duration::from_secs(seconds).min(left)).await;
                (200, HeaderMap::new())
            }
            Site::Drips => {
                sleep(left).await;
                return Err(Error::Truncated { endpoint, source: None });
            }
        };
        let status = StatusCode::from_u16(status).unwrap();
        Ok(Response { endpoint, status, headers, body: b"{}".to_vec() })
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_within_seconds_is_not_reported() {
        for site in [
            &[Site::Slow(4)][..],
            &[Site::Answers(503), Site::Answers(200)],
            &[Site::Limits(3), Site::Slow(1)],
        ] {
            let (answered, _, reported) = call(Kind::Read, site).await;
            assert!(answered.is_ok());
            assert_eq!(reported, [""; 0]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_the_site_asks_for_is_reported_when_it_begins() {
        let (answered, took, reported) =
            call(Kind::Write, &[Site::Limits(30), Site::Limits(60), Site::Slow(1)]).await;
        assert!(answered.is_ok());
        assert_eq!(took, 91);
        assert_eq!(reported, ["`GET /wiki/x` RateLimit 0 Some(30)", "`GET /wiki/x` RateLimit 30 Some(60)"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_is_reported_until_it_is_there() {
        let (answered, took, reported) = call(Kind::Read, &[Site::Slow(28)]).await;
        assert!(answered.is_ok());
        assert_eq!(took, 28);
        let at = |seconds: u64| format!("`GET /wiki/x` SlowAnswer {seconds} None");
        assert_eq!(reported, [at(5), at(15), at(25)]);
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_a_call_waits_for_its_time_is_bounded() {
        let patience = RetryPolicy::default().patience.as_secs();
        for site in [
            &[Site::Limits(0)][..],
            &[Site::Limits(1)],
            &[Site::Limits(40)],
            &[Site::Drips],
            &[Site::Limits(100), Site::Drips],
            &[Site::Drips, Site::Limits(70), Site::Answers(503), Site::Limits(70), Site::Drips],
        ] {
            let (answered, took, reported) = call(Kind::Read, site).await;
            assert!(took > patience / 2 && took <= patience, "{took} s");
            // No more than a pause of silence, and no flood.
            assert!((2..40).contains(&reported.len()), "{reported:?}");
            let error = answered.unwrap_err().error;
            assert!(error.to_string().contains("; gave up after "), "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
        let (answered, took, _) = call(Kind::Read, &[Site::Limits(3600)]).await;
        assert_eq!(took, 0);
        let error = answered.unwrap_err().error;
        assert!(error.hint().unwrap().contains("again in 60 min"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn errors_say_how_long_was_waited() {
        let says = async |kind, site: &[Site]| call(kind, site).await.0.unwrap_err().error.to_string();
        assert_eq!(
            says(Kind::Read, &[Site::Drips]).await,
            "the answer to `GET /wiki/x` stops in the middle; gave up after 3 attempts in 5 min"
        );
        assert_eq!(
            says(Kind::Write, &[Site::Drips]).await,
            "the answer to `GET /wiki/x` stops in the middle; waited 2 min"
        );
        let limited = says(Kind::Read, &[Site::Limits(100)]).await;
        assert_eq!(
            limited,
            "the site's rate limit did not let the call through (it asks to wait 1 min 40 s): `GET /wiki/x` answered \
             429 Too Many Requests; gave up after 3 attempts in 3 min 20 s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_will_not_change_stays_what_it_is() {
        let (answered, ..) = call(Kind::Read, &[Site::Answers(503), Site::Answers(404)]).await;
        assert!(matches!(answered.unwrap_err().error, Error::NotFound(_)));
    }
}
