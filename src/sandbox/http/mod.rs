//! The HTTP faces: one server that turns requests into questions to a [`Site`] and answers into JSON.
//!
//! A request goes through `exchange`: the gateway's address is taken off, the caller signs in, the table in
//! `route` names the handler, the adversary has its say before and after it, and `answer` gives failures the
//! shape of their face. All of that is synchronous and under one lock; around it are sockets, faults and the
//! request log. JSON is written by hand from the published API and shares no types with the client, so that
//! a mistake cannot cancel itself out.

mod answer;
mod ask;
mod auth;
mod exchange;
mod paging;
mod route;
mod running;
mod v1;
mod v2;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request as HttpRequest, Response, StatusCode, header};
use camino::Utf8PathBuf;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::adversary::{Adversary, Runtime};
use super::faults::{Allowance, Bucket, Faults};
use super::site::{Error, Site};
use answer::{Answer, Failure};
use exchange::Handled;
pub use route::{routes, scopes};
pub use running::Running;
use v2::admin_key::AdminKeys;

/// Above this no body is read.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// How to serve a site.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A server in a bad mood.
    pub faults: Faults,
    /// What goes on beside the requests, after what the state file says.
    pub adversary: Adversary,
    /// Whether [`Log::writes`](super::adversary::Log::writes) is kept, with the state of every object before
    /// and after each write: a copy of all rows of a space for each grant in it.
    pub keep_states: bool,
    /// A file that gets a line of JSON for each request and for each thing that other people do.
    pub log: Option<Utf8PathBuf>,
}

impl Default for Options {
    /// A free port on the loopback interface, in good health, with states and without a log file.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            faults: Faults::default(),
            adversary: Adversary::default(),
            keep_states: true,
            log: None,
        }
    }
}

/// A request that was answered, or whose connection was closed instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Counts from 1 in the order of arrival.
    pub number: u64,
    /// Its place among the requests that reached the site and the actions of other people, in the order in
    /// which they were carried out; `None` for what was turned away before.
    pub moment: Option<u64>,
    /// Milliseconds since the server started.
    pub time: u64,
    /// `GET` and so on.
    pub method: String,
    /// The path as it was asked for, with the gateway's part.
    pub path: String,
    /// The query string without `?`, empty if there is none.
    pub query: String,
    /// The status; what it would have been for a lost answer, and 0 for a connection that was closed before
    /// anything was done.
    pub status: u16,
    /// The caller's name in the state file, `anonymous`, or `?` when signing in failed.
    pub caller: String,
    /// Whether a write was carried out.
    pub changed: bool,
    /// Whether the connection was closed instead of answering.
    pub lost: bool,
}

/// Serves a site until it is stopped.
pub async fn serve(site: Site, options: Options) -> Result<Running, Error> {
    let unheard = |source| Error::Listen { address: options.listen, source };
    let listener = tokio::net::TcpListener::bind(options.listen).await.map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let log = match &options.log {
        None => None,
        Some(path) => {
            let failed = |source| Error::Write { path: path.clone(), source };
            Some(std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(failed)?)
        }
    };
    let now = Instant::now();
    let mut rules = site.adversary().clone().and(options.adversary);
    if site.spent().killed {
        rules.kill = None;
    }
    let runtime = Runtime::new(rules, &site.spent().actors, options.keep_states);
    let server = Arc::new(Server {
        bucket: options.faults.rate.map(|rate| Mutex::new(Bucket::new(rate, now))),
        faults: options.faults,
        started: now,
        core: Mutex::new(Core {
            site,
            runtime,
            keys: AdminKeys::new(now),
            requests: Vec::new(),
            arrived: 0,
            acts: 0,
            log,
        }),
    });
    let (stop, stopped) = oneshot::channel();
    let app = Router::new().fallback(handle).with_state(Arc::clone(&server));
    let task = tokio::spawn(async move {
        let until = async { drop(stopped.await) };
        // What can fail here is accepting a connection, which the client sees for itself.
        drop(axum::serve(listener, app).with_graceful_shutdown(until).await);
    });
    Ok(Running { address, server, stop, task })
}

#[derive(Debug)]
struct Server {
    faults: Faults,
    bucket: Option<Mutex<Bucket>>,
    started: Instant,
    core: Mutex<Core>,
}

#[derive(Debug)]
struct Core {
    site: Site,
    runtime: Runtime,
    keys: AdminKeys,
    requests: Vec<Request>,
    arrived: u64,
    /// How many actions of other people are in the log file.
    acts: usize,
    log: Option<std::fs::File>,
}

async fn handle(State(server): State<Arc<Server>>, request: HttpRequest<Body>) -> Response<Body> {
    let number = {
        let mut core = server.core();
        core.arrived += 1;
        core.arrived
    };
    let (parts, body) = request.into_parts();
    if !server.faults.latency.is_zero() {
        tokio::time::sleep(server.faults.latency).await;
    }
    if server.core().runtime.is_dead() {
        return cut();
    }
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let allowance = server.bucket.as_ref().map(|bucket| lock(bucket).take(Instant::now()));

    let mut handled = if let Some(wait) = allowance.and_then(|allowance| allowance.wait) {
        Handled::unknown(too_many(wait.as_secs_f64().ceil()))
    } else if let Some(status) = server.faults.failure(number) {
        Handled::unknown(injected(status))
    } else {
        axum::body::to_bytes(body, MAX_BODY).await.map_or_else(
            |_| {
                let failure = Failure::other(StatusCode::PAYLOAD_TOO_LARGE, "The request is over 5 MB");
                Handled::unknown(failure.answer(route::face(&path)))
            },
            |bytes| server.answer(number, &parts, bytes.to_vec()),
        )
    };
    if let Some(allowance) = allowance {
        handled.answer = with_rate_headers(handled.answer, allowance);
    }
    let lost = handled.lost || handled.changed && server.faults.loses_answer(number);
    let time = u64::try_from(server.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    server.note(Request {
        number,
        moment: handled.moment,
        time,
        method: parts.method.to_string(),
        path,
        query,
        status: if lost && handled.moment.is_none() { 0 } else { handled.answer.status.as_u16() },
        caller: handled.caller,
        changed: handled.changed,
        lost,
    });
    if lost { cut() } else { respond(handled.answer) }
}

impl Server {
    fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }

    /// Writes a request down, after what other people did until then.
    fn note(&self, request: Request) {
        let mut core = self.core();
        let Core { runtime, requests, acts, log, .. } = &mut *core;
        if let Some(log) = log {
            let new = runtime.log().acts.get(*acts..).unwrap_or_default();
            for act in new {
                write_line(log, act);
            }
            *acts += new.len();
            write_line(log, &request);
        }
        requests.push(request);
    }
}

/// A log that cannot be written does not stop the server.
fn write_line(log: &mut std::fs::File, entry: &impl Serialize) {
    if let Ok(mut line) = serde_json::to_string(entry) {
        line.push('\n');
        drop(log.write_all(line.as_bytes()));
    }
}

/// 429 as the burst limit gives it.
fn too_many(seconds: f64) -> Answer {
    let body = json!({"code": 429, "message": "Rate limited"});
    Answer::with(StatusCode::TOO_MANY_REQUESTS, body)
        .header("Retry-After", format!("{seconds:.0}"))
        .header("RateLimit-Reason", "confluence-burst-based")
}

fn with_rate_headers(answer: Answer, allowance: Allowance) -> Answer {
    let near = f64::from(allowance.remaining) < f64::from(allowance.limit) * 0.2;
    let answer = answer
        .header("X-RateLimit-Limit", allowance.limit.to_string())
        .header("X-RateLimit-Remaining", allowance.remaining.to_string());
    if near { answer.header("X-RateLimit-NearLimit", "true") } else { answer }
}

/// A failure on purpose looks like a proxy's, not like Confluence's.
fn injected(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let answer = Answer::with(status, json!({"code": status.as_u16(), "message": status.canonical_reason()}));
    if status == StatusCode::TOO_MANY_REQUESTS { answer.header("Retry-After", "1") } else { answer }
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = answer.body.as_ref().map(Value::to_string);
    let response = match body {
        Some(text) => {
            response.header(header::CONTENT_TYPE, "application/json;charset=UTF-8").body(Body::from(text))
        }
        None => response.body(Body::empty()),
    };
    response.unwrap_or_else(|_| {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

/// An answer whose body fails at once: the connection is closed before anything is sent.
fn cut() -> Response<Body> {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    Response::new(Body::from_stream(futures_util::stream::iter([Err::<Vec<u8>, _>(broken)])))
}

/// A panic in another request leaves the world as it was; the lock is of use all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
