//! One run at a time: a run holds a lock of the operating system on a file beside the journals of its policy directory,
//! which ends with the process however that ends.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};

use camino::Utf8Path;

use super::keep_out_of_git;
use crate::files;

/// The file. What it says is for people; only the lock on it counts.
const FILE: &str = "run.lock";

/// The lock of this run. It is given up when this is dropped.
#[derive(Debug)]
pub struct Hold {
    _file: File,
}

/// What became of taking it.
#[derive(Debug)]
pub enum HoldTaken {
    Ours(Hold),
    /// Another process has it, and said this of itself.
    Others(String),
}

/// Takes the lock of [`own_folder`](super::own_folder), and leaves word of who has it.
pub fn hold(folder: &Utf8Path, word: &str) -> io::Result<HoldTaken> {
    files::own_folder(folder)?;
    keep_out_of_git(folder)?;
    let path = folder.join(FILE);
    loop {
        let mut file = files::open_own_kept(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(HoldTaken::Others(said(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The file may have been removed, and made anew by another run, before this one had it.
        if !is_same(&file, &path)? {
            continue;
        }
        file.set_len(0)?;
        file.write_all(word.as_bytes())?;
        file.flush()?;
        return Ok(HoldTaken::Ours(Hold { _file: file }));
    }
}

/// What the holder wrote, as far as this system lets it be read.
fn said(file: &mut File) -> String {
    const MOST: u64 = 500;
    let mut text = Vec::new();
    let read = file.rewind().and_then(|()| file.take(MOST).read_to_end(&mut text));
    let text = read.ok().and_then(|_| String::from_utf8(text).ok()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(unix)]
fn is_same(file: &File, path: &Utf8Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let held = file.metadata()?;
    match path.metadata() {
        Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An open file cannot be removed there.
#[cfg(not(unix))]
fn is_same(_: &File, _: &Utf8Path) -> io::Result<bool> {
    Ok(true)
}
