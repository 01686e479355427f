//! Allows one run at a time: a run holds an operating-system lock on a file next to the journals of its policy
//! directory. The lock is released when the process ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::{IGNORE, keep_out_of_git};
use crate::files;

/// The file. What it says is for people; only the lock on it counts.
const FILE: &str = "run.lock";

/// The lock of this run. It is given up when this is dropped, and so is its file, with its folder if that has nothing
/// else: a run that did nothing leaves nothing.
#[derive(Debug)]
pub struct Hold {
    _file: File,
    path: Utf8PathBuf,
}

/// What became of taking it.
#[derive(Debug)]
pub enum HoldTaken {
    Ours(Hold),
    /// Another process holds it, and describes itself like this.
    Others(String),
    /// No file can be made there, and no journal either.
    NoPlace,
}

/// Takes the lock of [`own_folder`](super::own_folder), and records who holds it.
pub fn hold(folder: &Utf8Path, word: &str) -> io::Result<HoldTaken> {
    let path = folder.join(FILE);
    loop {
        if files::own_folder(folder).and_then(|()| keep_out_of_git(folder)).is_err() {
            return Ok(HoldTaken::NoPlace);
        }
        let mut file = match files::open_own_kept(&path) {
            Ok(file) => file,
            // Another run has just taken its folder away.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && folder.parent().is_some_and(Utf8Path::exists) =>
            {
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !path.exists() => {
                return Ok(HoldTaken::NoPlace);
            }
            Err(error) => return Err(error),
        };
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
        return Ok(HoldTaken::Ours(Hold { _file: file, path }));
    }
}

impl Drop for Hold {
    /// While the lock is held, the file is this run's. What cannot be removed stays, and does no harm.
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
        let Some(folder) = self.path.parent() else { return };
        let is_ignore =
            |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.file_name() == IGNORE);
        let is_left = fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_ignore));
        if is_left {
            drop(fs::remove_file(folder.join(IGNORE)));
            drop(fs::remove_dir(folder));
        }
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
