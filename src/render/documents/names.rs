//! Lists of names and of things that were looked at.

use schemars::JsonSchema;
use serde::Serialize;

use super::{DocumentBody, write};

/// What `lock` knows.
#[derive(Serialize, JsonSchema)]
pub(super) struct LockDocument {
    names: Vec<LockedMeaning>,
    /// Names that mean something else from now on.
    accepted: Vec<AcceptedMeaning>,
}

#[derive(Serialize, JsonSchema)]
struct LockedMeaning {
    name: String,
    id: String,
}

#[derive(Serialize, JsonSchema)]
struct AcceptedMeaning {
    name: String,
    was: String,
    now: String,
}

impl DocumentBody for LockDocument {
    const KIND: &'static str = "lock";
}

/// What `lock` knows: each name with the id that it means, and the names that mean something else from now on.
pub fn lock_as_json(entries: &[(String, String)], accepted: &[[String; 3]]) -> String {
    let names = entries.iter().map(|(name, id)| LockedMeaning { name: name.clone(), id: id.clone() });
    let accepted = accepted.iter().cloned().map(|[name, was, now]| AcceptedMeaning { name, was, now });
    write(LockDocument { names: names.collect(), accepted: accepted.collect() })
}

/// What `doctor` looked at.
#[derive(Serialize, JsonSchema)]
pub(super) struct DoctorDocument {
    /// Whether a plan can be made and applied.
    ready: bool,
    checks: Vec<CheckDocument>,
}

#[derive(Serialize, JsonSchema)]
struct CheckDocument {
    /// `ok`, `look`, `out` (a plan leaves it out) or `no`.
    answer: &'static str,
    /// May be empty, for another line about the thing before.
    about: String,
    message: String,
}

impl DocumentBody for DoctorDocument {
    const KIND: &'static str = "doctor";
}

/// What `doctor` looked at: for each thing an answer (`ok`, `look`, `out`, `no`) and the line about it.
pub fn diagnoses_as_json(lines: &[(&'static str, String)], is_ready: bool) -> String {
    let check = |(answer, line): &(&'static str, String)| {
        let (about, message) = line.split_once("  ").unwrap_or(("", line));
        CheckDocument { answer, about: about.trim().to_owned(), message: message.trim().to_owned() }
    };
    write(DoctorDocument { ready: is_ready, checks: lines.iter().map(check).collect() })
}
