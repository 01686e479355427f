//! Files of a repository whose authors are not trusted.
//!
//! A pull request decides which files a run reads and where it writes: it commits links, names paths, and can
//! put a FIFO where a file is expected. So every reader of repository files (policy, CSV, lock, journal, state
//! file) and every writer goes through this module. It reads regular files only, within a bound, from where
//! they are allowed to be, without blocking; and it writes whole files, never through a link.
//!
//! What a file means, and which messages may quote it, is its reader's business.

mod read;
mod write;

use camino::Utf8Path;

pub use read::{Folder, Refused, read_own};
pub use write::{
    StagedFile, check, create_below, open_own, open_own_kept, own_folder, refuse_own_links, write,
};

/// A mebibyte: the unit in which the bounds of files are given and reported.
pub const MEBIBYTE: u64 = 1024 * 1024;

/// Whether a file holds YAML, by the end of its name, in whichever case that is written.
pub fn is_yaml(path: &Utf8Path) -> bool {
    let is = |ending: &str| ["yaml", "yml"].iter().any(|yaml| ending.eq_ignore_ascii_case(yaml));
    path.extension().is_some_and(is)
}
