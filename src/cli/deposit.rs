//! Puts files into a directory: all of them or none, and none over another unless that was asked for.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::CliError;
use super::files;

/// Texts by path below a directory.
pub(super) type Files = BTreeMap<Utf8PathBuf, String>;

/// Those that are there already.
pub(super) fn existing(directory: &Utf8Path, files: &Files) -> Vec<Utf8PathBuf> {
    files.keys().filter(|path| directory.join(path).symlink_metadata().is_ok()).cloned().collect()
}

/// Refuses if anything is there already, and names all of it.
pub(super) fn refuse_existing(
    directory: &Utf8Path,
    files: &Files,
    hint: impl Into<String>,
) -> Result<(), CliError> {
    let existing = existing(directory, files);
    if existing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = existing.iter().map(|path| path.as_str()).collect();
    let what = if names.len() == 1 { "this file is" } else { "these files are" };
    let message = format!("{what} there already, so nothing was written: {}", names.join(", "));
    Err(CliError::failed(message).with_hint(hint))
}

/// Writes all files beside their places first, and then moves each to its own. With `replace`, what is there
/// makes way; without, even a file that appeared meanwhile does not.
pub(super) fn write(directory: &Utf8Path, files: &Files, replace: bool) -> Result<(), CliError> {
    let failed = |path: &Utf8Path, error: std::io::Error| {
        CliError::failed(format!("cannot write `{}`: {error}", directory.join(path)))
    };
    let mut ready = Vec::with_capacity(files.len());
    for (path, text) in files {
        let place = directory.join(path);
        let folder = place.parent().filter(|folder| !folder.as_str().is_empty());
        let folder = folder.unwrap_or(Utf8Path::new(".")).to_owned();
        let written = fs::create_dir_all(&folder).and_then(|()| {
            let mut file = files::beside(&folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        });
        ready.push((path, place, written.map_err(|error| failed(path, error))?));
    }
    let mut done: Vec<Utf8PathBuf> = Vec::new();
    for (path, place, file) in ready {
        let moved = if replace { file.persist(&place) } else { file.persist_noclobber(&place) };
        if let Err(error) = moved {
            // What was replaced cannot be had back, but what is new can go again.
            if !replace {
                for place in done {
                    drop(fs::remove_file(place));
                }
            }
            return Err(failed(path, error.error));
        }
        done.push(place);
    }
    Ok(())
}
