//! A request, taken apart: who asks, where it went, and what it says.

use serde_json::Value;

use super::answer::Failure;
use crate::sandbox::site::Site;
use crate::sandbox::world::{Caller, Command, ContentId, Outcome, SpaceId, World};

/// A request on its way to a handler.
#[derive(Debug)]
pub(super) struct Ask<'s> {
    pub(super) site: &'s mut Site,
    pub(super) caller: Caller,
    /// The path from `/wiki` on.
    pub(super) path: String,
    /// What stood where the route has `{…}`.
    pub(super) params: Vec<String>,
    pub(super) query: Query,
    pub(super) body: Body,
    /// Whether a write was carried out.
    pub(super) changed: bool,
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
        let outcome = self.site.perform(&self.caller, command)??;
        self.changed = true;
        Ok(outcome)
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
            Caller::User(_) => Ok(()),
            Caller::Anonymous => Err(Failure::forbidden("Anonymous users may not view users or groups")),
        }
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
