//! The HTTP faces: one server that turns requests into questions to a [`Site`] and answers into JSON.
//!
//! A request goes through [`Server::answer`]: the gateway's address is taken off, the caller signs in, the
//! table in `route` names the handler, and `answer` gives failures the shape of their face. All of that is
//! synchronous; around it are sockets, faults and the request log. JSON is written by hand from the
//! published API and shares no types with the client, so that a mistake cannot cancel itself out.

mod answer;
mod ask;
mod auth;
mod paging;
mod route;
mod v1;
mod v2;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request as HttpRequest, Response, StatusCode, header};
use camino::Utf8PathBuf;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::faults::{Allowance, Bucket, Faults};
use super::site::{Credentials, Error, Site};
use super::world::{Caller, World};
use answer::{Answer, Face, Failure};
use ask::{Ask, Query};
use route::Found;

/// Above this no body is read.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// How to serve a site.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// A file that gets a line of JSON per request.
    pub log: Option<Utf8PathBuf>,
}

impl Default for Options {
    /// A free port on the loopback interface, in good health, without a log.
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), faults: Faults::default(), log: None }
    }
}

/// A request that was answered, or whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Counts from 1 in the order of arrival.
    pub number: u64,
    /// Milliseconds since the server started.
    pub time: u64,
    /// `GET` and so on.
    pub method: String,
    /// The path as it was asked for, with the gateway's part.
    pub path: String,
    /// The query string without `?`, empty if there is none.
    pub query: String,
    /// The status; what it would have been for a lost answer.
    pub status: u16,
    /// The caller's name in the state file, `anonymous`, or `?` when signing in failed.
    pub caller: String,
    /// Whether a write was carried out.
    pub changed: bool,
    /// Whether the connection was cut instead of answering.
    pub lost: bool,
}

/// A served site. Dropping it stops the server, too, without waiting for it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    server: Arc<Server>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
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
    let server = Arc::new(Server {
        bucket: options.faults.rate.map(|rate| Mutex::new(Bucket::new(rate, now))),
        faults: options.faults,
        started: now,
        core: Mutex::new(Core { site, requests: Vec::new(), arrived: 0, log }),
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

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the site, `http://127.0.0.1:PORT/wiki`.
    pub fn site_url(&self) -> String {
        format!("http://{}/wiki", self.address)
    }

    /// The address of the same site through the gateway, ending in `/wiki`.
    pub fn gateway_url(&self) -> String {
        let cloud_id = self.world(|world| world.settings.cloud_id.clone());
        format!("http://{}/ex/confluence/{cloud_id}/wiki", self.address)
    }

    /// What the state file's `caller` signs in with.
    pub fn credentials(&self) -> Option<Credentials> {
        self.server.core().site.credentials()
    }

    /// Looks at the world.
    pub fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(self.server.core().site.world())
    }

    /// Changes the world behind the API's back, as other people do. Such changes are not kept between runs.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(self.server.core().site.world_mut())
    }

    /// Every request so far, by number.
    pub fn requests(&self) -> Vec<Request> {
        let mut requests = self.server.core().requests.clone();
        requests.sort_by_key(|request| request.number);
        requests
    }

    /// Stops listening and waits for the requests in flight.
    pub async fn stop(self) {
        // The server may have ended by itself; then there is nobody to tell.
        let _: Result<(), ()> = self.stop.send(());
        drop(self.task.await);
    }
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
    requests: Vec<Request>,
    arrived: u64,
    log: Option<std::fs::File>,
}

/// What the world made of a request.
struct Handled {
    answer: Answer,
    caller: String,
    changed: bool,
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
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let refused = |answer| Handled { answer, caller: "?".to_owned(), changed: false };
    let allowance = server.bucket.as_ref().map(|bucket| lock(bucket).take(Instant::now()));

    let mut handled = if let Some(wait) = allowance.and_then(|allowance| allowance.wait) {
        refused(too_many(wait.as_secs_f64().ceil()))
    } else if let Some(status) = server.faults.failure(number) {
        refused(injected(status))
    } else {
        axum::body::to_bytes(body, MAX_BODY).await.map_or_else(
            |_| {
                let failure = Failure::other(StatusCode::PAYLOAD_TOO_LARGE, "The request is over 5 MB");
                refused(failure.answer(route::face(&path)))
            },
            |bytes| server.answer(&parts.method, &path, &query, &parts.headers, bytes.to_vec()),
        )
    };
    if let Some(allowance) = allowance {
        handled.answer = with_rate_headers(handled.answer, allowance);
    }
    let lost = handled.changed && server.faults.loses_answer(number);
    let time = u64::try_from(server.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    server.note(Request {
        number,
        time,
        method: parts.method.to_string(),
        path,
        query,
        status: handled.answer.status.as_u16(),
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

    /// Writes a request down. A log that cannot be written does not stop the server.
    fn note(&self, request: Request) {
        let mut core = self.core();
        if let Some(log) = &mut core.log
            && let Ok(mut line) = serde_json::to_string(&request)
        {
            line.push('\n');
            drop(log.write_all(line.as_bytes()));
        }
        core.requests.push(request);
    }

    /// From a request to an answer.
    fn answer(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        body: Vec<u8>,
    ) -> Handled {
        let mut core = self.core();
        let site = &mut core.site;
        let unknown = |answer| Handled { answer, caller: "?".to_owned(), changed: false };
        if path == "/_edge/tenant_info" {
            return unknown(Answer::ok(json!({"cloudId": site.world().settings.cloud_id})));
        }
        let gateway = path.strip_prefix("/ex/confluence/");
        let local = match gateway {
            None => path.to_owned(),
            Some(rest) => match through_gateway(site.world(), rest) {
                Some(local) => local,
                None => return unknown(answer::gateway_not_found(path)),
            },
        };
        let face = route::face(&local);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let caller = match auth::sign_in(site.world(), text(header::AUTHORIZATION), gateway.is_some()) {
            Ok(caller) => caller,
            Err(_) if gateway.is_some() => return unknown(answer::gateway_unauthorized()),
            Err(failure) => return unknown(failure.answer(face)),
        };
        let name = match &caller {
            Caller::Anonymous => "anonymous".to_owned(),
            Caller::User(me) => {
                site.world().user(me).map_or_else(|| me.to_string(), |user| user.handle.clone())
            }
        };
        let handled = |answer| Handled { answer, caller: name.clone(), changed: false };

        let found = route::find(method, &local);
        let Found::Route(route, params) = found else {
            let gateway_only = gateway.is_some() && matches!(found, Found::Nothing);
            return handled(if gateway_only {
                answer::gateway_not_found(path)
            } else {
                route::missing(&found).answer(face)
            });
        };
        if gateway.is_some() && !auth::has_scopes(site.world(), &caller, route.scopes) {
            return handled(answer::scope_mismatch());
        }
        if let Err(failure) = admit(site.world(), &caller, face) {
            return handled(failure.answer(face));
        }
        let is_json = text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"));
        let mut ask = Ask {
            site,
            caller,
            path: local,
            params,
            query: Query::parse(query),
            body: ask::Body { bytes: body, is_json },
            changed: false,
        };
        let answer = (route.act)(&mut ask).unwrap_or_else(|failure| failure.answer(face));
        Handled { answer, caller: name, changed: ask.changed }
    }
}

/// The path from `/wiki` on, for this site's cloud id. The gateway knows the short form without `/wiki`.
fn through_gateway(world: &World, rest: &str) -> Option<String> {
    let (cloud_id, path) = rest.split_once('/')?;
    if cloud_id != world.settings.cloud_id {
        return None;
    }
    let wiki = if path.starts_with("wiki/") { "/" } else { "/wiki/" };
    Some(format!("{wiki}{path}"))
}

/// Whether the site lets the caller use Confluence at all.
fn admit(world: &World, caller: &Caller, face: Face) -> Result<(), Failure> {
    let subject = caller.subject();
    match caller {
        _ if super::world::access::Standing::of(world, &subject).admitted() => Ok(()),
        Caller::Anonymous => Err(Failure::unauthorized()),
        Caller::User(_) if face == Face::V1 => {
            Err(Failure::forbidden("User is not permitted to use Confluence"))
        }
        Caller::User(_) => Err(Failure::not_found("Not permitted to use Confluence")),
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
