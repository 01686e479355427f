//! Writing files whole or not at all.

use std::fs;
use std::io::{self, Write as _};

use camino::Utf8Path;

/// Puts a file in its place, or replaces the one that is there, which keeps who may read it and the links
/// to it.
pub(super) fn write(path: &Utf8Path, text: &str) -> io::Result<()> {
    let target = match path.canonicalize_utf8() {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let folder = target.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let mut file = beside(folder)?;
    if let Ok(about) = fs::metadata(&target) {
        if about.permissions().readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
        file.as_file().set_permissions(about.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// A file for the time being, next to where it is to be.
#[cfg(unix)]
pub(super) fn beside(folder: &Utf8Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;

    // As any program creates files; temporary ones would be for nobody else to read.
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder)
}

#[cfg(not(unix))]
pub(super) fn beside(folder: &Utf8Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::NamedTempFile::new_in(folder)
}
