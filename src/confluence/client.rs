//! Calls that take care of themselves: at the pace that the site allows, repeated where that is safe, and
//! with a clear word on whether a failed write may have happened.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use tracing::debug;

use super::address::Address;
use super::answer::Answer;
use super::credentials::Credentials;
use super::error::{Endpoint, Error};
use super::pace::Pace;
use super::retry::{self, Decision, Outcome, Past, Policy, asked_wait};
use super::transport::{Request, Settings, Transport};

/// A site that can be called.
#[derive(Debug)]
pub(crate) struct Client {
    transport: Transport,
    pace: Pace,
    policy: Policy,
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
    pub(crate) async fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        self.fetch(request).await?.json()
    }

    /// Reads, and hands out the whole answer, for paging by header.
    pub(crate) async fn fetch(&self, request: &Request) -> Result<Answer, Error> {
        self.send(request).await.map_err(|failed| failed.error)
    }

    /// Makes a call until there is an answer, or no hope for one.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Failed> {
        let definite = |error| Failed { error, ambiguous: false };
        let endpoint = self.transport.endpoint(request).map_err(definite)?;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let mut past = Past::default();
        loop {
            let attempt = past.failures + past.limited + 1;
            let (result, outcome) = self.attempt(request, &endpoint, attempt).await;
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let jitter = retry::jitter(call, attempt);
            match retry::decide(&self.policy, request.kind, past, outcome, jitter) {
                Decision::Retry(wait) => {
                    debug!(method = %endpoint.method, path = endpoint.path, ?wait, "again");
                    if let Outcome::Limited(_) = outcome {
                        // The wait itself is in `Pace::slot`, for everybody.
                        self.pace.limited(wait);
                        past.limited += 1;
                        past.waited += wait;
                    } else {
                        tokio::time::sleep(wait).await;
                        past.failures += 1;
                    }
                }
                Decision::GiveUp => return Err(definite(error)),
                Decision::Ambiguous => return Err(Failed { error, ambiguous: true }),
            }
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        endpoint: &Endpoint,
        attempt: u32,
    ) -> (Result<Answer, Error>, Outcome) {
        let slot = self.pace.slot().await;
        let exchanged = self.transport.exchange(request).await;
        drop(slot);
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
        if answer.is_near_limit() {
            self.pace.near_limit();
        } else if status != 429 {
            self.pace.calm();
        }
        match answer.error() {
            None => (Ok(answer), Outcome::Final),
            Some(error) => {
                let outcome = match &error {
                    Error::RateLimited { asked, .. } => Outcome::Limited(*asked),
                    Error::Server(_) => Outcome::Failing(asked_wait(&answer.headers)),
                    Error::NotJson { status, .. } if status.is_success() => Outcome::Strange,
                    // "Request Timeout": whether all of the request arrived is anybody's guess.
                    Error::Rejected(_) if status == 408 => Outcome::Lost,
                    _ => Outcome::Final,
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
fn lost(error: &Error) -> Outcome {
    match error {
        Error::Unreachable { .. } => Outcome::NotConnected,
        Error::Timeout { .. } | Error::Broken { .. } | Error::Truncated { .. } => Outcome::Lost,
        Error::TooLarge { .. } => Outcome::Strange,
        _ => Outcome::Final,
    }
}
