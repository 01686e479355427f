//! Whether the last run came to its end, and if not, what it may have left.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::Entry;
use crate::files::{self, MEBIBYTE};
use crate::model::{Call, Holding, Live, Principal, SpaceKey};
use crate::plan::{CallId, HoldingState, Object, Plan};

/// The journal of a run of a million calls fits.
const MAX_BYTES: u64 = 2048 * MEBIBYTE;

/// A run whose journal has no end.
#[derive(Debug, Clone, PartialEq)]
pub struct Unended {
    pub path: Utf8PathBuf,
    pub began: Timestamp,
    pub plan: Plan,
    /// The calls that were about to be made, or made.
    pub intended: BTreeSet<CallId>,
    /// The calls of which is known what became of them.
    pub settled: BTreeSet<CallId>,
}

impl Unended {
    /// Objects that got a role, or were about to, and still have it in the state that is wanted now. Single
    /// permissions that the assignment left beside the role are in no plan, because the site lists the
    /// role's own among them; who knows the rows from before can tell them apart.
    pub fn roles_to_verify(&self, wanted: &Live) -> Vec<Object> {
        let assigned = |key: &SpaceKey, who: &Principal| {
            self.intended.iter().filter_map(|id| self.plan.calls.get(id.position())).any(|planned| {
                matches!(&planned.call, Call::AssignRoles { space, roles, .. } if space == key && roles.contains_key(who))
            })
        };
        let is_wanted = |object: &&Object| match object {
            Object::Holding { space, principal, after: HoldingState::Role { role }, .. } => {
                let now = wanted.spaces.get(space).and_then(|space| space.holdings.get(principal));
                matches!(now, Some(Holding::Role(now)) if now == role) && assigned(space, principal)
            }
            Object::Holding { .. } | Object::Page { .. } => false,
        };
        self.plan.objects.iter().filter(is_wanted).cloned().collect()
    }
}

/// Why the last journal says nothing.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the last journal, `{path}`: {why}")]
pub struct Unreadable {
    pub path: Utf8PathBuf,
    pub why: String,
}

/// The last run that wrote a journal here, if it did not come to its end.
pub fn unended(folder: &Utf8Path) -> Result<Option<Unended>, Unreadable> {
    let failed = |path: &Utf8Path, why: &dyn std::fmt::Display| Unreadable {
        path: path.to_owned(),
        why: why.to_string(),
    };
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(folder, &error)),
    };
    let mut last: Option<Utf8PathBuf> = None;
    for entry in entries {
        let path = entry.map_err(|error| failed(folder, &error))?.into_path();
        if path.extension() == Some("ndjson") && last.as_ref().is_none_or(|last| *last < path) {
            last = Some(path);
        }
    }
    let Some(path) = last else { return Ok(None) };
    let bytes = files::read_own(&path, MAX_BYTES).map_err(|error| failed(&path, &error))?;
    read_unended(&path, &bytes).map_err(|error| failed(&path, &error))
}

fn read_unended(path: &Utf8Path, bytes: &[u8]) -> Result<Option<Unended>, serde_json::Error> {
    // What a dying process left of its last line is no line.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &bytes[..end]);
    // The plan may be large; most journals need not be read for it.
    if let Some(last) = whole.rsplit(|byte| *byte == b'\n').next()
        && let Ok(Entry::End { .. }) = serde_json::from_slice(last)
    {
        return Ok(None);
    }
    let mut found: Option<Unended> = None;
    for line in whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match (serde_json::from_slice(line)?, &mut found) {
            (Entry::Begin { at, plan, .. }, _) => {
                found = Some(Unended {
                    path: path.to_owned(),
                    began: at,
                    plan: plan.into_owned(),
                    intended: BTreeSet::new(),
                    settled: BTreeSet::new(),
                });
            }
            (Entry::Intent { serves: Some(call), .. }, Some(found)) => {
                found.intended.insert(call);
            }
            (Entry::Settled { call, .. }, Some(found)) => {
                found.settled.insert(call);
            }
            (
                Entry::Intent { .. }
                | Entry::Answer { .. }
                | Entry::Settled { .. }
                | Entry::Verified { .. }
                | Entry::End { .. },
                _,
            ) => {}
        }
    }
    // Without a first line nothing was done.
    Ok(found)
}
