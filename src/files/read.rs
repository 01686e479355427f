//! Reading: where a file may be, what it may be, and how large.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::MEBIBYTE;

/// File systems whose regular files are the state of processes and devices.
const SYSTEM: [&str; 2] = ["/proc", "/sys"];

/// Why a file is not read. The text continues a sentence that begins with the path.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The path itself leads out, by `..` or from the root.
    #[error("is outside of the policy directory")]
    Outside,
    /// A link, in the path or at its end, whose target is outside.
    #[error("leads out of the policy directory: `{link}` is a link")]
    LeadsOut {
        /// The component that is the link.
        link: Utf8PathBuf,
    },
    /// A link whose target does not exist.
    #[error("leads nowhere: `{link}` is a link")]
    DeadLink {
        /// The component that is the link.
        link: Utf8PathBuf,
    },
    /// A link where none is allowed.
    #[error("is not reached without links: `{link}` is one")]
    Link {
        /// The component that is the link.
        link: Utf8PathBuf,
    },
    /// A component that begins with a dot, such as `.git/config`.
    #[error("is hidden: `{name}` begins with a dot")]
    Hidden {
        /// The component.
        name: String,
    },
    /// A folder, FIFO, socket or device.
    #[error("is {what}, not a regular file")]
    NotRegular {
        /// What it is, with its article.
        what: &'static str,
    },
    /// Below `/proc` or `/sys`.
    #[error("belongs to the system, not to a repository")]
    System,
    /// Not even parsed.
    #[error("is larger than {} megabytes", .limit / MEBIBYTE)]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The file that was opened is not the one that was checked.
    #[error("was replaced while it was read")]
    Replaced,
    /// It does not exist, or the system does not let it be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Refused {
    /// Whether there is nothing at the path.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// What to do next.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Outside | Self::LeadsOut { .. } => {
                "only files inside the policy directory are read: put the file itself there, so that it is reviewed with the policy"
            }
            Self::DeadLink { .. } => "put the file itself there, or remove the link",
            Self::Link { .. } => "name the file by a path without links",
            Self::Hidden { .. } => "hidden files and folders are never read: give it a name without the dot",
            Self::NotRegular { .. } => "name a regular file",
            Self::System => "name a file of the repository",
            Self::TooLarge { .. } => "split it into several files, or move it out of the policy directory",
            Self::Replaced => "run the command again when nothing else writes there",
            Self::Io(_) => "check the path and the permissions of the file",
        }
    }
}

/// A directory that the user named. Links on the way to it are the user's own; below it they are not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    real: Utf8PathBuf,
}

impl Folder {
    /// Finds the directory. An empty path is the working directory.
    pub fn open(path: &Utf8Path) -> io::Result<Self> {
        let path = if path.as_str().is_empty() { Utf8Path::new(".") } else { path };
        let real = path.canonicalize_utf8()?;
        if fs::metadata(&real)?.is_dir() {
            Ok(Self { real })
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// Reads a file inside the directory: policies, their CSV files, the lock. A link is followed to a file
    /// that is itself inside and not hidden.
    pub fn read_inside(&self, path: &Utf8Path, limit: u64) -> Result<Vec<u8>, Refused> {
        read(&self.locate_inside(path)?, limit)
    }

    /// Reads a file that may be outside of the directory, such as the state file of a sandbox: reached without
    /// any link below the directory, or on the way from the root, and not hidden in the directory. A link directly below the root, such as
    /// `/tmp` on macOS, belongs to the system.
    pub fn read_near(&self, path: &Utf8Path, limit: u64) -> Result<Vec<u8>, Refused> {
        read(&self.locate_near(path)?, limit)
    }

    /// The beginning of a file inside the directory, however large it is.
    pub fn read_head(&self, path: &Utf8Path, bytes: usize) -> Result<Vec<u8>, Refused> {
        let mut head = Vec::new();
        open(&self.locate_inside(path)?)?.take(bytes as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    /// Where a path inside the directory leads; links are resolved.
    pub fn locate_inside(&self, path: &Utf8Path) -> Result<Utf8PathBuf, Refused> {
        for part in path.components() {
            match part {
                Utf8Component::Normal(name) => visible(name)?,
                Utf8Component::CurDir => {}
                Utf8Component::ParentDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => {
                    return Err(Refused::Outside);
                }
            }
        }
        let link = || links(&self.real, path).next();
        let real = match self.real.join(path).canonicalize_utf8() {
            Ok(real) => real,
            Err(error) => match link() {
                Some(link) => return Err(Refused::DeadLink { link }),
                None => return Err(error.into()),
            },
        };
        let Ok(below) = real.strip_prefix(&self.real) else {
            return Err(link().map_or(Refused::Outside, |link| Refused::LeadsOut { link }));
        };
        below.components().try_for_each(|part| visible(part.as_str()))?;
        Ok(real)
    }

    /// The path below the directory that a path inside it leads to, where links make it another one.
    pub fn leads_to(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let real = self.locate_inside(path).ok()?;
        let below = real.strip_prefix(&self.real).ok()?;
        (below != path).then(|| below.to_owned())
    }

    /// Where a path leads that may leave the directory.
    pub fn locate_near(&self, path: &Utf8Path) -> Result<Utf8PathBuf, Refused> {
        let mut real = self.real.clone();
        for part in path.components() {
            match part {
                Utf8Component::Normal(name) => {
                    let at_root = real.parent().is_none();
                    real.push(name);
                    if fs::symlink_metadata(&real).is_ok_and(|about| about.is_symlink()) {
                        if !at_root {
                            return Err(Refused::Link { link: real });
                        }
                        real = real.canonicalize_utf8()?;
                    }
                }
                Utf8Component::CurDir => {}
                // No component so far is a link, so its parent is the one that it is written in.
                Utf8Component::ParentDir => drop(real.pop()),
                Utf8Component::RootDir | Utf8Component::Prefix(_) => {
                    real = Utf8PathBuf::from(part.as_str());
                }
            }
        }
        if let Ok(below) = real.strip_prefix(&self.real) {
            below.components().try_for_each(|part| visible(part.as_str()))?;
        }
        Ok(real)
    }
}

/// Reads a file in a folder of our own, such as a journal: nothing from `.confperm` on may be a link.
pub fn read_own(path: &Utf8Path, limit: u64) -> Result<Vec<u8>, Refused> {
    if let Some(link) = super::write::own_links(path).next() {
        return Err(Refused::Link { link });
    }
    read(path, limit)
}

fn visible(name: &str) -> Result<(), Refused> {
    if name.starts_with('.') { Err(Refused::Hidden { name: name.to_owned() }) } else { Ok(()) }
}

/// The components of a path below a directory that are links, from the top.
fn links<'a>(directory: &'a Utf8Path, path: &'a Utf8Path) -> impl Iterator<Item = Utf8PathBuf> + 'a {
    let mut below = Utf8PathBuf::new();
    path.components().filter_map(move |part| {
        below.push(part.as_str());
        let about = fs::symlink_metadata(directory.join(&below)).ok()?;
        about.is_symlink().then(|| below.clone())
    })
}

/// Reads a file that is at this very path, which is no link.
fn read(real: &Utf8Path, limit: u64) -> Result<Vec<u8>, Refused> {
    let file = open(real)?;
    if file.metadata()?.len() > limit {
        return Err(Refused::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(Refused::TooLarge { limit });
    }
    Ok(bytes)
}

/// Opens a regular file for reading. It is examined before it is opened, because opening a FIFO blocks and
/// opening a device may have effects, and again afterwards, because it may have been replaced in between.
fn open(real: &Utf8Path) -> Result<File, Refused> {
    if SYSTEM.iter().any(|system| real.starts_with(system)) {
        return Err(Refused::System);
    }
    let before = fs::symlink_metadata(real)?;
    regular(&before)?;
    let mut options = File::options();
    options.read(true);
    no_follow(&mut options);
    let file = options.open(real)?;
    let after = file.metadata()?;
    regular(&after)?;
    if same(&before, &after) { Ok(file) } else { Err(Refused::Replaced) }
}

/// Opening fails on a link, and does not wait for the other end of a FIFO.
#[cfg(unix)]
pub(super) fn no_follow(options: &mut fs::OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
}

#[cfg(not(unix))]
pub(super) fn no_follow(_: &mut fs::OpenOptions) {}

#[cfg(unix)]
fn same(before: &Metadata, after: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    (before.dev(), before.ino()) == (after.dev(), after.ino())
}

#[cfg(not(unix))]
fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

pub(super) fn regular(about: &Metadata) -> Result<(), Refused> {
    if about.is_file() { Ok(()) } else { Err(Refused::NotRegular { what: kind(about) }) }
}

#[cfg(unix)]
fn kind(about: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;

    let kind = about.file_type();
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "a link"
    }
}

#[cfg(not(unix))]
fn kind(about: &Metadata) -> &'static str {
    if about.is_dir() { "a folder" } else { "a link or a device" }
}
