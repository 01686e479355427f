//! One HTTP exchange: a signed request out, a whole answer in, or an error that says how far it got. No
//! repeating here, no redirects, and no answers without a bound.

use std::borrow::Cow;
use std::error::Error as _;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderName, Method};
use reqwest::redirect;
use serde_json::Value;

use super::address::{Address, Api};
use super::answer::Response;
use super::complete::Scrutiny;
use super::credentials::{Credentials, Seal};
use super::error::{Endpoint, Error, Unreachable};
use super::retry::{Kind, RetryPolicy};
use super::wait::Watcher;

const NO_CHECK: HeaderName = HeaderName::from_static("x-atlassian-token");

/// So much of an answer that is no success is looked at, in bytes.
const LARGEST_REFUSAL: usize = 64 * 1024;

/// How to behave on the wire.
#[derive(Debug, Clone)]
pub struct Settings {
    pub user_agent: String,
    /// For the connection, name look-up and TLS included.
    pub connect_timeout: Duration,
    /// For each silence within an answer, its beginning included.
    pub read_timeout: Duration,
    /// For one exchange as a whole.
    pub timeout: Duration,
    /// The most calls in flight at a time; it starts with fewer.
    pub concurrency: usize,
    /// The largest answer that is taken in, in bytes.
    pub largest_answer: usize,
    pub retry: RetryPolicy,
    /// How far answers are checked for completeness.
    pub scrutiny: Scrutiny,
    /// Receives reports of calls that take longer than a few seconds.
    pub watcher: Watcher,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: concat!("confperm/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(1),
            timeout: Duration::from_mins(2),
            concurrency: 16,
            // A search gives at most a hundred pages with two lists each; the largest that were seen have a few
            // hundred entries of less than a kilobyte.
            largest_answer: 32 * 1024 * 1024,
            retry: RetryPolicy::default(),
            scrutiny: Scrutiny::FULL,
            watcher: Watcher::default(),
        }
    }
}

/// One call, before it is known where the site is.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    pub(crate) kind: Kind,
    api: Api,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    /// Where it goes without credentials.
    unsigned: Option<Address>,
}

impl Request {
    pub(crate) fn get<'a>(api: Api, segments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::GET, Kind::Read, api, segments)
    }

    /// A read that Confluence spells as a POST.
    pub(crate) fn ask<'a>(api: Api, segments: impl IntoIterator<Item = &'a str>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, Kind::Read, api, segments) }
    }

    pub(crate) fn write<'a>(method: Method, api: Api, segments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(method, Kind::Write, api, segments)
    }

    fn new<'a>(method: Method, kind: Kind, api: Api, segments: impl IntoIterator<Item = &'a str>) -> Self {
        let segments = segments.into_iter().map(str::to_owned).collect();
        Self { method, kind, api, segments, query: Vec::new(), body: None, unsigned: None }
    }

    pub(crate) fn query(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// The same, asked at this address by a reader who is not signed in.
    pub(crate) fn unsigned(mut self, at: &Address) -> Self {
        self.unsigned = Some(at.clone());
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// The connection to one site.
#[derive(Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    address: Address,
    seal: Seal,
    largest_answer: usize,
    timeout: Duration,
}

impl Transport {
    pub(crate) fn new(
        address: Address,
        credentials: &Credentials,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let client = client(&address, settings)?;
        let seal = Seal::new(credentials, &client).map_err(Error::Credentials)?;
        Ok(Self { client, address, seal, largest_answer: settings.largest_answer, timeout: settings.timeout })
    }

    pub(crate) const fn address(&self) -> &Address {
        &self.address
    }

    /// The name of a call in messages.
    pub(crate) fn endpoint(&self, request: &Request) -> Result<Endpoint, Error> {
        let url = self.address.url(request.api, &request.segments, &[]);
        let url = url.ok_or_else(|| {
            Error::Misuse(format!("`{}` cannot be part of an address", request.segments.join("`, `")))
        })?;
        Ok(Endpoint { method: request.method.clone(), path: self.address.shown_path(&url) })
    }

    /// Makes the call once, within the time that is left for it.
    pub(crate) async fn exchange(&self, request: &Request, left: Duration) -> Result<Response, Error> {
        let endpoint = self.endpoint(request)?;
        let url = request
            .unsigned
            .as_ref()
            .unwrap_or(&self.address)
            .url(request.api, &request.segments, &request.query)
            .ok_or_else(|| Error::Misuse(endpoint.to_string()))?;
        let mut out = self
            .client
            .request(request.method.clone(), url)
            .timeout(self.timeout.min(left))
            .header(ACCEPT, "application/json");
        if request.unsigned.is_none() {
            out = out.header(AUTHORIZATION, self.seal.header());
        }
        if request.method != Method::GET {
            // Some writes without a body want both (live measurements of confluence.js).
            out = out.header(NO_CHECK, "no-check").header(http::header::CONTENT_TYPE, "application/json");
        }
        if let Some(body) = &request.body {
            out = out.body(body.to_string());
        }
        let mut response = out.send().await.map_err(|error| self.failure(&endpoint, error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.largest_answer => {
                    return Err(Error::TooLarge { endpoint, limit: self.largest_answer });
                }
                // The message of a refusal is quoted up to a few hundred characters.
                Ok(Some(_)) if !status.is_success() && body.len() > LARGEST_REFUSAL => break,
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // What a refusal would have said more does not matter.
                Err(_) if status.is_client_error() => break,
                Err(error) if error.is_timeout() => return Err(self.failure(&endpoint, error)),
                Err(error) => return Err(Error::Truncated { endpoint, source: Some(error.without_url()) }),
            }
        }
        // Escapes are looked through, so whatever is read from the body later is clean as well.
        if let Cow::Owned(clean) = self.seal.scrub(&String::from_utf8_lossy(&body)) {
            body = clean.into_bytes();
        }
        let answer = Response { endpoint, status, headers: self.clean(headers), body };
        if status.is_success() && answer.is_truncated() {
            return Err(Error::Truncated { endpoint: answer.endpoint, source: None });
        }
        Ok(answer)
    }

    /// Headers that repeat the token lose it. None that can be read is dropped: a list whose next page has lost its address would
    /// seem to end there.
    fn clean(&self, headers: http::HeaderMap) -> http::HeaderMap {
        let mut last = None;
        let pairs = headers.into_iter().filter_map(|(name, value)| {
            // A name is given once for all its values.
            last = name.or(last.take());
            let clean = self.seal.scrub(value.to_str().ok()?).parse().ok()?;
            Some((last.clone()?, clean))
        });
        let mut clean = http::HeaderMap::new();
        for (name, value) in pairs {
            clean.append(name, value);
        }
        clean
    }

    fn failure(&self, endpoint: &Endpoint, error: reqwest::Error) -> Error {
        let source = error.without_url();
        let (endpoint, host) = (endpoint.clone(), self.address.host().to_owned());
        if source.is_builder() {
            return Error::Setup(source);
        }
        if let Some(detail) = certificate_problem(&source) {
            return Error::Certificate { host, detail, source };
        }
        if source.is_connect() {
            let reason = if source.is_dns() {
                Unreachable::UnknownName
            } else if source.is_timeout() {
                Unreachable::TimedOut
            } else if is_refused(&source) {
                Unreachable::Refused
            } else {
                Unreachable::Other
            };
            return Error::Unreachable { host, reason, source };
        }
        if source.is_timeout() {
            return Error::Timeout { endpoint, source };
        }
        Error::Broken { endpoint, source }
    }
}

/// A client for the host of an address. Nothing is signed yet.
pub(crate) fn client(address: &Address, settings: &Settings) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(settings.user_agent.as_str())
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        // Shorter than what proxies keep, so that a write rarely meets a connection that is just closing.
        .pool_idle_timeout(Duration::from_secs(20))
        .redirect(redirect::Policy::none())
        .referer(false);
    if address.is_loopback() {
        builder = builder.no_proxy();
    }
    if address.is_plain() {
        // There is no certificate to be judged, and no redirect is followed: the authorities of this machine, of which
        // reading takes longer than a whole plan of a small site, stay unread.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(Error::Setup)
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn is_refused(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::ConnectionRefused)
}

/// rustls hides its errors below several layers and is not a dependency of ours; its words are stable.
fn certificate_problem(error: &reqwest::Error) -> Option<String> {
    error.source()?;
    causes(error).find_map(|cause| {
        let text = cause.to_string();
        let words = text.split_once("invalid peer certificate: ")?.1;
        Some(match words {
            words if words.contains("Expired") => "its certificate has expired".to_owned(),
            words if words.contains("NotValidForName") => "its certificate is for another name".to_owned(),
            words if words.contains("UnknownIssuer") || words.contains("CaUsedAsEndEntity") => {
                "its certificate was not issued by an authority that this machine trusts".to_owned()
            }
            words => format!("its certificate is not valid here ({words})"),
        })
    })
}
