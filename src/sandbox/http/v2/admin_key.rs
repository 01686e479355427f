//! `/admin-key` (API v2, "Admin Key"): for a while, an administrator passes restrictions.
//!
//! Premium and Enterprise have it. A request that carries `Atl-Confluence-With-Admin-Key: true` passes every
//! restriction list while its caller's key is valid; what the space gives still decides (assumed). Through the
//! gateway the header does nothing, and restricted pages are silently missing (fact sheet 3.2). Keys are
//! forgotten when the server ends.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::time::Instant;

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use crate::sandbox::world::{AccountId, Edition};

/// How long a key is valid where nothing is asked for, and at most, in minutes.
const USUAL: u64 = 10;
const LONGEST: u64 = 60;

/// The valid keys of a server.
#[derive(Debug)]
pub(in crate::sandbox::http) struct AdminKeys {
    started: Instant,
    until: BTreeMap<AccountId, Instant>,
}

impl AdminKeys {
    pub(in crate::sandbox::http) fn new(started: Instant) -> Self {
        Self { started, until: BTreeMap::new() }
    }

    /// Until when the key of an account is valid.
    pub(in crate::sandbox::http) fn valid(&self, account: &AccountId) -> Option<Instant> {
        self.until.get(account).copied().filter(|until| *until > Instant::now())
    }

    /// A moment on the clock of the sandbox, which begins anew with the server, when everything was made.
    fn written(&self, moment: Instant) -> String {
        let since = jiff::SignedDuration::try_from(moment - self.started).unwrap_or_default();
        let made: jiff::Timestamp = super::CREATED.parse().unwrap_or_default();
        format!("{:.3}", made.checked_add(since).unwrap_or(made))
    }
}

pub(in crate::sandbox::http) fn get(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let me = admin(ask)?;
    let until = ask.keys.valid(&me).ok_or_else(|| Failure::not_found("No admin key is enabled"))?;
    Ok(shown(ask, &me, until))
}

pub(in crate::sandbox::http) fn enable(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let me = admin(ask)?;
    let body = if ask.body.bytes.is_empty() { json!({}) } else { ask.json()? };
    let minutes = match &body["durationInMinutes"] {
        value if value.is_null() => USUAL,
        value => match value.as_u64() {
            Some(0) => USUAL,
            Some(minutes @ 1..=LONGEST) => minutes,
            _ => return Err(Failure::bad_request(format!("durationInMinutes is 0 to {LONGEST}"))),
        },
    };
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    ask.keys.until.insert(me.clone(), until);
    Ok(shown(ask, &me, until))
}

pub(in crate::sandbox::http) fn disable(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let me = admin(ask)?;
    ask.keys.until.remove(&me);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// The caller, if it may have a key here.
fn admin(ask: &Ask<'_>) -> Result<AccountId, Failure> {
    let world = ask.world();
    let has = matches!(world.settings.edition, Edition::Premium | Edition::Enterprise);
    let me = ask.caller.account().and_then(|me| world.user(me)).filter(|me| me.confluence_admin);
    let me = me.filter(|_| has).ok_or_else(|| Failure::not_found("Not permitted to use admin keys"))?;
    Ok(me.account.clone())
}

fn shown(ask: &Ask<'_>, me: &AccountId, until: Instant) -> Answer {
    Answer::ok(json!({"accountId": me.as_str(), "expirationTime": ask.keys.written(until)}))
}
