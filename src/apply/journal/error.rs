//! What can stand in the way of a journal.

use std::io;

use camino::Utf8PathBuf;

/// Why a journal could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// No file could be made for it.
    #[error("cannot create a journal in `{folder}`: {source}")]
    Create { folder: Utf8PathBuf, source: io::Error },
    /// A line could not be written.
    #[error("cannot write the journal: {0}")]
    Write(#[source] io::Error),
    /// A line before this one could not be written.
    #[error("not made, because the journal cannot be written any more")]
    Broken,
    /// The file or its folder was deleted. An open file still takes lines, but no path leads to them.
    #[error("the journal file was removed while the run was going on; nothing further was sent")]
    Removed,
}
