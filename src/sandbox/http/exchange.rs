//! From a request to an answer, under the lock of the site: the gateway, signing in, the routing table, and
//! the adversary around the handler.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use serde_json::json;

use super::answer::{self, Answer, Face, Failure};
use super::ask::{self, Ask, Query};
use super::auth;
use super::route::{self, Found, Route};
use super::{Core, Server};
use crate::sandbox::adversary::{Arrival, ENDLESS, Mangling, Scene, Target, Verdict};
use crate::sandbox::world::access::Standing;
use crate::sandbox::world::{Caller, World};

/// What addresses of the gateway begin with.
const GATEWAY: &str = "/ex/confluence/";
/// Asks for passing restrictions by an admin key.
static WITH_ADMIN_KEY: header::HeaderName = header::HeaderName::from_static("atl-confluence-with-admin-key");

/// What the world made of a request.
#[derive(Debug)]
pub(super) struct Handled {
    pub(super) answer: Answer,
    /// The caller's name in the state file, `anonymous`, or `?`.
    pub(super) caller: String,
    /// Its place in the log of the adversary, if it reached the site.
    pub(super) moment: Option<u64>,
    /// Whether a write was carried out.
    pub(super) changed: bool,
    /// Whether the connection is closed instead of answering.
    pub(super) lost: bool,
}

/// A request that has found its handler.
struct Entered {
    caller: Caller,
    /// The path from `/wiki` on.
    path: String,
    route: &'static Route,
    params: Vec<String>,
    face: Face,
}

impl Handled {
    /// An answer to a caller who has not signed in yet.
    pub(super) fn unknown(answer: Answer) -> Self {
        Self { answer, caller: "?".to_owned(), moment: None, changed: false, lost: false }
    }

    fn to(caller: String, answer: Answer) -> Self {
        Self { caller, ..Self::unknown(answer) }
    }
}

impl Server {
    /// From a request to an answer.
    pub(super) fn answer(&self, number: u64, parts: &Parts, body: Vec<u8>) -> Handled {
        let mut core = self.core();
        let path = parts.uri.path();
        let mut entered = match enter(core.site.world(), &parts.method, path, &parts.headers) {
            Ok(entered) => entered,
            Err(handled) => return *handled,
        };
        if let Caller::User(me) = &entered.caller
            && !path.starts_with(GATEWAY)
            && text(&parts.headers, &WITH_ADMIN_KEY).is_some_and(|value| value.eq_ignore_ascii_case("true"))
            && core.keys.valid(me).is_some()
        {
            entered.caller = Caller::WithKey(me.clone());
        }
        let is_json = text(&parts.headers, &header::CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("application/json"));
        let body = ask::Body { bytes: body, is_json };
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        core.handle(number, parts.method.as_str(), entered, query, body)
    }
}

impl Core {
    /// The handler of a request, and the adversary before and after it.
    fn handle(
        &mut self,
        number: u64,
        method: &str,
        entered: Entered,
        query: Query,
        body: ask::Body,
    ) -> Handled {
        let Self { site, runtime, keys, .. } = self;
        let Entered { caller, path, route, params, face } = entered;
        let name = name_of(site.world(), &caller);
        let at = path.clone();
        let target = Target { method, path: &at, write: route.is_write() };
        let arrival = Arrival { number, target };
        let failed = |name, error| Handled::to(name, Failure::from(error).answer(face));

        let verdict = match runtime.begin(site, &arrival) {
            Ok(verdict) => verdict,
            Err(error) => return failed(name, error),
        };
        if verdict == Verdict::Close {
            return Handled { lost: true, ..Handled::to(name, Answer::closed()) };
        }
        let manglings = runtime.manglings(&target);
        let query = query.without_endless_cursor();
        let asked = query.with(&["cursor"], &[]);
        let mut ask = Ask {
            site,
            keys,
            past: runtime.past(),
            note_states: runtime.needs_states(),
            caller,
            path,
            params,
            query,
            body,
            glances: <_>::default(),
            attempts: Vec::new(),
        };
        let mut answer = match verdict {
            Verdict::Refuse(429) => super::too_many(1.0),
            Verdict::Refuse(status) => Failure::asked_for(status).answer(face),
            _ => (route.act)(&mut ask).unwrap_or_else(|failure| failure.answer(face)),
        };
        let changed = ask.changed();
        let seen = (ask.glances.into_inner(), ask.attempts);
        let moment = match runtime.end(site, &arrival, answer.status.as_u16(), seen) {
            Ok(moment) => Some(moment),
            Err(error) => return Handled { changed, ..failed(name, error) },
        };
        mangle(&mut answer, &manglings, site.world(), &at, &asked);
        if verdict == Verdict::Answer500 {
            answer = Failure::asked_for(500).answer(face);
        }
        let lost = verdict == Verdict::LoseAnswer || runtime.is_dead();
        Handled { moment, changed, lost, ..Handled::to(name, answer) }
    }
}

/// Changes a good answer as the rules say. Its `Link` header goes with the link in its body.
fn mangle(answer: &mut Answer, manglings: &[(Mangling, u64)], world: &World, path: &str, query: &str) {
    let Some(body) = answer.body.as_mut().filter(|_| answer.status.is_success()) else { return };
    let spaces = || world.spaces().map(|space| space.id.0).collect();
    let spaces: Vec<u64> = if manglings.is_empty() { Vec::new() } else { spaces() };
    for (mangling, serial) in manglings {
        mangling.apply(body, &Scene { path, query, spaces: &spaces, serial: *serial });
    }
    let next = body["_links"]["next"].as_str().filter(|next| next.contains(ENDLESS));
    if let Some(next) = next
        && let Some((_, header)) = answer.headers.iter_mut().find(|(name, _)| *name == "Link")
    {
        *header = format!("<{next}>; rel=\"next\", <{}>; rel=\"base\"", world.settings.url);
    }
}

/// Takes the gateway's address off, signs in, and finds the handler.
fn enter(world: &World, method: &Method, path: &str, headers: &HeaderMap) -> Result<Entered, Box<Handled>> {
    let unknown = |answer| Err(Box::new(Handled::unknown(answer)));
    if path == "/_edge/tenant_info" {
        return unknown(Answer::ok(json!({"cloudId": world.settings.cloud_id})));
    }
    if path == "/oauth/token/accessible-resources" {
        return unknown(accessible_resources(world, text(headers, &header::AUTHORIZATION)));
    }
    let gateway = path.strip_prefix(GATEWAY);
    let local = match gateway {
        None => path.to_owned(),
        Some(rest) => match through_gateway(world, rest) {
            Some(local) => local,
            None => return unknown(answer::gateway_not_found(path)),
        },
    };
    let face = route::face(&local);
    let caller = match auth::sign_in(world, text(headers, &header::AUTHORIZATION), gateway.is_some()) {
        Ok(caller) => caller,
        Err(_) if gateway.is_some() => return unknown(answer::gateway_unauthorized()),
        Err(failure) => return unknown(failure.answer(face)),
    };
    let turned_away = |answer| Err(Box::new(Handled::to(name_of(world, &caller), answer)));
    let found = route::find(method, &local);
    let Found::Route(route, params) = found else {
        let gateway_only = gateway.is_some() && matches!(found, Found::Nothing);
        return turned_away(if gateway_only {
            answer::gateway_not_found(path)
        } else {
            route::missing(&found).answer(face)
        });
    };
    if gateway.is_some() && !auth::has_scopes(world, &caller, route.scopes(&params)) {
        return turned_away(answer::scope_mismatch());
    }
    if let Err(failure) = admit(world, &caller, face, &local) {
        return turned_away(failure.answer(face));
    }
    Ok(Entered { caller, path: local, route, params, face })
}

/// What Atlassian says of an OAuth access token: the sites that it reaches, each with its scopes (OAuth 2.0 (3LO)
/// apps). Other tokens are refused.
fn accessible_resources(world: &World, header: Option<&str>) -> Answer {
    let bearer = header.filter(|header| header.to_ascii_lowercase().starts_with("bearer "));
    let Ok(Caller::User(account)) = auth::sign_in(world, bearer, true) else {
        return answer::gateway_unauthorized();
    };
    let held = world.user(&account).and_then(|user| user.token_scopes.clone());
    Answer::ok(json!([{
        "id": world.settings.cloud_id,
        "name": "confperm sandbox",
        "url": world.settings.url.trim_end_matches("/wiki"),
        "scopes": held.unwrap_or_else(route::all_scopes),
    }]))
}

fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn name_of(world: &World, caller: &Caller) -> String {
    match caller.account() {
        None => "anonymous".to_owned(),
        Some(me) => world.user(me).map_or_else(|| me.to_string(), |user| user.handle.clone()),
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

const NOT_PERMITTED: &str = "User is not permitted to use Confluence";

/// Whether the site lets the caller use Confluence at all.
fn admit(world: &World, caller: &Caller, face: Face, path: &str) -> Result<(), Failure> {
    let subject = caller.subject();
    match caller.account() {
        _ if Standing::of(world, &subject).admitted() => Ok(()),
        // The only refusal that API v1 documents there (getAnonymousUser); elsewhere it is 401, as in API v2.
        None if path.ends_with("/user/anonymous") => Err(Failure::forbidden(NOT_PERMITTED)),
        None => Err(Failure::unauthorized()),
        Some(_) if face == Face::V1 => Err(Failure::forbidden(NOT_PERMITTED)),
        Some(_) => Err(Failure::not_found("Not permitted to use Confluence")),
    }
}
