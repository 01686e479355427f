//! Writing: whole files, in the place that was named and nowhere else.
//!
//! A text is written to a temporary file in the same real directory and then renamed, which replaces a link
//! instead of following it; a link at the target is refused nevertheless, because its owner expects something
//! else. Folders of our own (`.confperm`) hold journals, which are appended to; nothing from there on may be
//! a link.

use std::fs::{self, File};
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::read::{no_follow, regular};

/// The folder of our own in a policy directory, and beside a state file.
const OWN: &str = ".confperm";

/// Creates or replaces a file, which keeps its permissions.
pub fn write(path: &Utf8Path, text: &str) -> io::Result<()> {
    StagedFile::new(path, text)?.put(true)
}

/// A file that is complete on the disk, and not yet in its place.
#[derive(Debug)]
pub struct StagedFile {
    file: tempfile::NamedTempFile,
    path: Utf8PathBuf,
}

impl StagedFile {
    /// Writes a text beside the place where it is to be.
    pub fn new(path: &Utf8Path, text: &str) -> io::Result<Self> {
        let permissions = replaceable(path)?;
        let mut file = temporary(parent(path))?;
        if let Some(permissions) = permissions {
            file.as_file().set_permissions(permissions)?;
        }
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Puts it in its place. Without `replace`, a file that is there by now is an error.
    pub fn put(self, replace: bool) -> io::Result<()> {
        let put =
            if replace { self.file.persist(&self.path) } else { self.file.persist_noclobber(&self.path) };
        put.map(drop).map_err(|error| error.error)
    }
}

/// Whether [`write`] can write there, as far as that can be known without doing it. For results of long work,
/// so that a bad path is found before and not after.
pub fn check(path: &Utf8Path) -> io::Result<()> {
    if path.file_name().is_none() || path.as_str().ends_with('/') {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    replaceable(path)?;
    fs::metadata(parent(path))?;
    temporary(parent(path)).map(drop)
}

/// A temporary file in a folder, to be renamed when it is complete.
fn temporary(folder: &Utf8Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        // The umask decides, as for any file; temporary files are otherwise private to their owner.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Creates a folder below a directory, and those between. No component below the directory may be a link.
pub fn create_below(directory: &Utf8Path, folder: &Utf8Path) -> io::Result<()> {
    if !directory.as_str().is_empty() {
        fs::create_dir_all(directory)?;
    }
    let mut place = directory.to_owned();
    for part in folder.components() {
        place.push(part.as_str());
        create_folder(&place)?;
    }
    Ok(())
}

/// Creates a folder that is, or is in, a `.confperm`, none of which may be a link.
pub fn own_folder(folder: &Utf8Path) -> io::Result<()> {
    let places: Vec<&Utf8Path> = folder.ancestors().collect();
    let own = places.iter().rposition(|place| place.file_name() == Some(OWN)).unwrap_or(0);
    if let Some(above) = places.get(own + 1).filter(|above| !above.as_str().is_empty()) {
        fs::create_dir_all(above)?;
    }
    places[..=own].iter().rev().try_for_each(|place| create_folder(place))
}

/// Opens a file in a folder of our own for reading and writing; with `create`, it is made or emptied.
pub fn open_own(path: &Utf8Path, create: bool) -> io::Result<File> {
    refuse_own_links(path)?;
    let mut options = File::options();
    options.read(true).write(true).create(create).truncate(create);
    no_follow(&mut options);
    let file = options.open(path)?;
    regular(&file.metadata()?).map_err(io::Error::other)?;
    Ok(file)
}

/// The same for a file that is made if it is not there, and keeps what is in it.
pub fn open_own_kept(path: &Utf8Path) -> io::Result<File> {
    refuse_own_links(path)?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    no_follow(&mut options);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    regular(&file.metadata()?).map_err(io::Error::other)?;
    Ok(file)
}

/// Fails if a file in a folder of our own is reached by a link.
pub fn refuse_own_links(path: &Utf8Path) -> io::Result<()> {
    own_links(path).next().map_or(Ok(()), |link| Err(through(&link)))
}

/// The components of a path that are links, from `.confperm` on.
pub(super) fn own_links(path: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> + '_ {
    let own = path.ancestors().filter(|place| place.file_name() == Some(OWN)).last();
    let depth = own.map_or(usize::MAX, |own| own.components().count());
    path.ancestors()
        .filter(move |place| place.components().count() >= depth || *place == path)
        .filter(|place| fs::symlink_metadata(place).is_ok_and(|about| about.is_symlink()))
        .map(Utf8Path::to_owned)
}

fn create_folder(place: &Utf8Path) -> io::Result<()> {
    match fs::create_dir(place) {
        Ok(()) => Ok(()),
        Err(error) => match fs::symlink_metadata(place) {
            Ok(about) if about.is_dir() => Ok(()),
            Ok(about) if about.is_symlink() => Err(through(place)),
            Ok(_) => Err(io::Error::other(format!("`{place}` is not a folder"))),
            Err(_) => Err(error),
        },
    }
}

/// The permissions of a file that may be replaced; `None` if there is nothing at the path.
fn replaceable(path: &Utf8Path) -> io::Result<Option<fs::Permissions>> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if about.is_symlink() {
        return Err(through(path));
    }
    regular(&about).map_err(|refused| io::Error::other(format!("it {refused}")))?;
    if about.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    Ok(Some(about.permissions()))
}

fn through(link: &Utf8Path) -> io::Error {
    io::Error::other(format!("`{link}` is a link, and nothing is written through links"))
}

fn parent(path: &Utf8Path) -> &Utf8Path {
    path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."))
}
