//! Puts files into a directory: all of them or none, and none over another unless that was asked for.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::{self, StagedFile};
use crate::render::style::count;

use super::{CliError, Failure};

/// Texts by path below a directory.
pub(super) type Files = BTreeMap<Utf8PathBuf, String>;

/// Those that are there already.
pub(super) fn existing<'a>(
    directory: &Utf8Path,
    paths: impl IntoIterator<Item = &'a Utf8PathBuf>,
) -> Vec<Utf8PathBuf> {
    let paths = paths.into_iter();
    paths.filter(|path| directory.join(path).symlink_metadata().is_ok()).cloned().collect()
}

/// Where files were put, as the end of a sentence.
pub(super) fn place(directory: &Utf8Path) -> String {
    if directory == "." { "here".to_owned() } else { format!("below {directory}") }
}

/// The files by name; of many, their number.
pub(super) fn listed(files: &Files) -> String {
    const FEW: usize = 5;
    if files.len() > FEW {
        return count(files.len(), "file", "files");
    }
    files.keys().map(|path| path.as_str()).collect::<Vec<_>>().join(", ")
}

/// Refuses if anything is there already, and names all of it.
pub(super) fn refuse_existing<'a>(
    directory: &Utf8Path,
    paths: impl IntoIterator<Item = &'a Utf8PathBuf>,
    hint: impl Into<String>,
) -> Result<(), CliError> {
    let existing = existing(directory, paths);
    if existing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = existing.iter().map(|path| path.as_str()).collect();
    let what = if names.len() == 1 { "this file is" } else { "these files are" };
    let message = format!("{what} there already, so nothing was written: {}", names.join(", "));
    Err(CliError::failed(Failure::FileExists, message).with_hint(hint))
}

/// Writes all files beside their places first, and then moves each to its own. What may be replaced makes way, last of
/// all; for the others, even a file that appeared meanwhile does not.
pub(super) fn write(
    directory: &Utf8Path,
    texts: &Files,
    replaces: impl Fn(&Utf8Path) -> bool,
) -> Result<(), CliError> {
    let mut ready = Vec::with_capacity(texts.len());
    for (path, text) in texts {
        let place = directory.join(path);
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        let draft = files::create_below(directory, folder).and_then(|()| StagedFile::new(&place, text));
        let draft = draft.map_err(|error| CliError::unwritable(&place, &error))?;
        ready.push((replaces(path), place, draft));
    }
    ready.sort_by_key(|(replaces, ..)| *replaces);
    let mut done: Vec<Utf8PathBuf> = Vec::new();
    let mut can_go_back = true;
    for (replaces, place, draft) in ready {
        if let Err(error) = draft.put(replaces) {
            // What was replaced cannot be had back, but as long as nothing was, what is new can go again.
            if can_go_back {
                for place in done {
                    drop(fs::remove_file(place));
                }
            }
            return Err(CliError::unwritable(&place, &error));
        }
        can_go_back &= !replaces;
        done.push(place);
    }
    Ok(())
}
