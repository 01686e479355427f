//! What the last run left for this one: whether it finished, and what it could not verify.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{Entry, SiteKey};
use crate::apply::unverified::{List, Unverified};
use crate::files::{self, MEBIBYTE};
use crate::plan::Plan;

/// Large enough for the journal of a run of a million calls.
pub(super) const MAX_BYTES: u64 = 2048 * MEBIBYTE;

/// The last run that wrote a journal here.
#[derive(Debug, Clone, PartialEq)]
pub struct Last {
    pub path: Utf8PathBuf,
    pub began: Timestamp,
    /// How it was cut short, if it was.
    pub cut: Option<Cut>,
    /// What it, or a run before it, wrote or was about to write and did not see.
    pub unverified: Vec<Unverified>,
}

/// How far a run came that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Calls of its plan.
    pub calls: usize,
    /// Requests that were about to be made, or made.
    pub intended: usize,
    /// Calls whose outcome is known.
    pub settled: usize,
}

/// Why the last journal says nothing.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the journal `{path}`: {why}")]
pub struct UnreadableJournal {
    pub path: Utf8PathBuf,
    pub why: String,
}

/// What the last run on a site handed on; `None` where no run on it has kept a journal.
pub fn last(folder: &Utf8Path, site: &SiteKey) -> Result<Option<Last>, UnreadableJournal> {
    let mut journals = journals(folder)?;
    // A journal without a first line belongs to a run that did nothing, so the one before it counts; and so it
    // does where the last run was on another site.
    while let Some(path) = journals.pop() {
        let bytes = files::read_own(&path, MAX_BYTES).map_err(|error| failed(&path, &error))?;
        if let Some(last) = read(&path, site, &bytes).map_err(|error| failed(&path, &error))? {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

/// The files of a folder, in the order of their runs; none where there is no folder.
pub(super) fn journals(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, UnreadableJournal> {
    let failed = |error: io::Error| failed(folder, &error);
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut journals = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.into_path();
        if path.extension() == Some("ndjson") {
            journals.push(path);
        }
    }
    journals.sort();
    Ok(journals)
}

fn failed(path: &Utf8Path, why: &dyn std::fmt::Display) -> UnreadableJournal {
    UnreadableJournal { path: path.to_owned(), why: why.to_string() }
}

/// The lines of a journal. One that was torn at the end is ignored.
pub(super) fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &bytes[..end]);
    whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn read(path: &Utf8Path, site: &SiteKey, bytes: &[u8]) -> Result<Option<Last>, serde_json::Error> {
    let mut lines = whole_lines(bytes);
    let Some(first) = lines.next() else { return Ok(None) };
    let Entry::Begin { at: began, site: whose, plan, earlier, .. } = serde_json::from_slice(first)? else {
        return Ok(None);
    };
    if !whose.is_same(site) {
        return Ok(None);
    }
    let plan: Plan = plan.into_owned();
    let mut list = List::new(&plan, &earlier);
    let mut cut = Cut { calls: plan.calls.len(), intended: 0, settled: 0 };
    for line in lines {
        match serde_json::from_slice(line)? {
            Entry::Intent { request, .. } => {
                cut.intended += 1;
                drop(list.note(&request));
            }
            Entry::Seen { object, .. } => list.seen(&object),
            Entry::Beside { object, permissions, .. } => {
                list.note_beside(&object, permissions.iter().copied());
            }
            Entry::Settled { .. } => cut.settled += 1,
            Entry::End { unverified, .. } => {
                let (path, unverified) = (path.to_owned(), unverified.into_owned());
                return Ok(Some(Last { path, began, cut: None, unverified }));
            }
            Entry::Begin { .. } | Entry::Answer { .. } => {}
        }
    }
    Ok(Some(Last { path: path.to_owned(), began, cut: Some(cut), unverified: list.into_entries() }))
}
