//! A request, taken apart: who asks, where it went, and what it says.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use super::answer::Failure;
use super::v2::admin_key::AdminKeys;
use crate::sandbox::adversary::{Attempt, Changed, ENDLESS, Facet, Glance, Past};
use crate::sandbox::site::Site;
use crate::sandbox::world::{
    Caller, Command, Content, ContentId, Lists, Object, Outcome, Space, SpaceId, State, World,
};

/// A request on its way to a handler.
#[derive(Debug)]
pub(super) struct Ask<'s> {
    pub(super) site: &'s mut Site,
    /// The valid admin keys.
    pub(super) keys: &'s mut AdminKeys,
    /// What objects were before changes that reads may not show yet.
    pub(super) past: &'s Past,
    /// Whether writes note what their objects were before and are after.
    pub(super) note_states: bool,
    pub(super) caller: Caller,
    /// The path from `/wiki` on.
    pub(super) path: String,
    /// What stood where the route has `{…}`.
    pub(super) params: Vec<String>,
    pub(super) query: Query,
    pub(super) body: Body,
    /// The objects that the answer shows.
    pub(super) glances: RefCell<BTreeSet<Glance>>,
    /// The writes that the world was asked for.
    pub(super) attempts: Vec<Attempt>,
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) is_json: bool,
}

impl Ask<'_> {
    pub(super) fn world(&self) -> &World {
        self.site.world()
    }

    /// Carries out a write.
    pub(super) fn perform(&mut self, command: Command) -> Result<Outcome, Failure> {
        let touched = if self.note_states { self.world().touched_by(&command) } else { Vec::new() };
        let facets = shown_by(&command);
        let states = |world: &World| -> Vec<_> {
            touched.iter().map(|object| Arc::new(world.state_of(object))).collect()
        };
        let before = states(self.world());
        let outcome = self.site.perform(&self.caller, command)?;
        let after = if outcome.is_ok() { states(self.world()) } else { before.clone() };
        let changes = touched.into_iter().zip(before).zip(after);
        let changes = changes.map(|((object, before), after)| Changed { object, before, after }).collect();
        self.attempts.push(Attempt { accepted: outcome.is_ok(), facets, changes });
        Ok(outcome?)
    }

    /// Whether a write was carried out.
    pub(super) fn changed(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.accepted)
    }

    /// The lists of a node as one kind of read shows them: an older state, where that kind lags.
    pub(super) fn lists_shown<'a>(&'a self, facet: Facet, content: &'a Content) -> &'a Lists {
        let object = Object::Content(content.id);
        let old = self.past.shown(facet, &object, Instant::now());
        let from_the_start = facet == Facet::Search || self.query.get("start").is_none_or(|at| at == "0");
        self.glance(facet, object, from_the_start);
        match old.map(|old| old.state) {
            Some(State::Content { lists, .. }) => lists,
            _ => &content.lists,
        }
    }

    /// A space with its rows and assignments as one kind of read shows them.
    pub(super) fn space_shown<'a>(&self, facet: Facet, space: &'a Space) -> Cow<'a, Space> {
        let object = Object::Space(space.id);
        let old = self.past.shown(facet, &object, Instant::now());
        self.glance(facet, object, self.query.get("cursor").is_none());
        match old.map(|old| old.state) {
            Some(State::Space { rows, assignments, .. }) => {
                Cow::Owned(Space { grants: rows.clone(), assignments: assignments.clone(), ..space.clone() })
            }
            _ => Cow::Borrowed(space),
        }
    }

    fn glance(&self, facet: Facet, object: Object, first: bool) {
        self.glances.borrow_mut().insert(Glance { facet, object, first });
    }

    /// The piece of the path at a `{…}`.
    pub(super) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The piece of the path as an id; v1 and v2 answer 400 when it is no number.
    pub(super) fn number(&self, index: usize) -> Result<u64, Failure> {
        let text = self.param(index);
        text.parse().map_err(|_| Failure::bad_request(format!("`{text}` is not a valid id")))
    }

    pub(super) fn space_id(&self) -> Result<SpaceId, Failure> {
        self.number(0).map(SpaceId)
    }

    pub(super) fn content_id(&self) -> Result<ContentId, Failure> {
        self.number(0).map(ContentId)
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        if !self.body.is_json {
            return Err(Failure::other(
                http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Content-Type must be application/json",
            ));
        }
        serde_json::from_slice(&self.body.bytes)
            .map_err(|error| Failure::bad_request(format!("The request body cannot be read: {error}")))
    }

    /// Whether the caller has signed in; much of the directory is closed to anonymous.
    pub(super) fn signed_in(&self) -> Result<(), Failure> {
        match self.caller {
            Caller::User(_) | Caller::WithKey(_) => Ok(()),
            Caller::Anonymous => Err(Failure::forbidden("Anonymous users may not view users or groups")),
        }
    }
}

/// The kinds of read that show what a write changes.
fn shown_by(command: &Command) -> &'static [Facet] {
    match command {
        Command::Grant { .. } | Command::Revoke { .. } => &[Facet::Rows],
        Command::AssignRoles { .. } => &[Facet::Roles],
        Command::ReplaceRestrictions { .. }
        | Command::AddRestrictions { .. }
        | Command::ClearRestrictions { .. }
        | Command::List { .. }
        | Command::Unlist { .. } => &[Facet::Lists, Facet::Search],
        Command::CreateRole { .. }
        | Command::CreateGroup { .. }
        | Command::DeleteGroup { .. }
        | Command::AddMember { .. }
        | Command::RemoveMember { .. } => &[],
    }
}

/// A query string.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A value that has to be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Failure> {
        let missing = || Failure::bad_request(format!("The parameter `{name}` is missing"));
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(missing)
    }

    /// All values of a name, given again and again or with commas.
    pub(super) fn all(&self, name: &str) -> Option<Vec<&str>> {
        let values: Vec<&str> =
            self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
        let split =
            || values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|v| !v.is_empty());
        if values.is_empty() { None } else { Some(split().collect()) }
    }

    /// All values of a name as ids, of which there may be at most `max`.
    pub(super) fn ids(&self, name: &str, max: usize) -> Result<Option<Vec<u64>>, Failure> {
        let Some(values) = self.all(name) else {
            return Ok(None);
        };
        if values.len() > max {
            return Err(Failure::bad_request(format!("`{name}` takes at most {max} values")));
        }
        let number = |text: &str| {
            text.parse::<u64>()
                .map_err(|_| Failure::bad_request(format!("`{text}` is not a valid id in `{name}`")))
        };
        values.into_iter().map(number).collect::<Result<_, _>>().map(Some)
    }

    /// One of a few words.
    pub(super) fn one_of<'q>(&'q self, name: &str, words: &[&str]) -> Result<Option<&'q str>, Failure> {
        match self.get(name) {
            Some(word) if !words.contains(&word) => {
                Err(Failure::bad_request(format!("`{word}` is not valid for `{name}`: {}", words.join(", "))))
            }
            word => Ok(word),
        }
    }

    /// Some of a few words.
    pub(super) fn some_of<'q>(&'q self, name: &str, words: &[&str]) -> Result<Option<Vec<&'q str>>, Failure> {
        let Some(values) = self.all(name) else {
            return Ok(None);
        };
        match values.iter().find(|value| !words.contains(value)) {
            Some(wrong) => Err(Failure::bad_request(format!("`{wrong}` is not valid for `{name}`"))),
            None => Ok(Some(values)),
        }
    }

    /// A number that is not negative.
    pub(super) fn number(&self, name: &str, default: usize) -> Result<usize, Failure> {
        self.get(name).map_or(Ok(default), |text| {
            text.parse().map_err(|_| Failure::bad_request(format!("`{text}` is not valid for `{name}`")))
        })
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Failure> {
        self.one_of(name, &["true", "false"]).map(|word| word == Some("true"))
    }

    /// The query of a list that never ends: it is answered from the beginning.
    pub(super) fn without_endless_cursor(mut self) -> Self {
        self.0.retain(|(name, value)| name != "cursor" || !value.starts_with(ENDLESS));
        self
    }

    /// The query again, without some names and with others.
    pub(super) fn with(&self, without: &[&str], with: &[(&str, String)]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.0.iter().filter(|(key, _)| !without.contains(&key.as_str())));
        text.extend_pairs(with);
        text.finish()
    }
}

/// Undoes percent-encoding in one piece of a path.
pub(super) fn decode_piece(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
