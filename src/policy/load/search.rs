//! The files below a policy directory: which there are, and their texts.

use std::fs;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span};
use crate::files::{Folder, MEBIBYTE, Refused, is_yaml};
use crate::sandbox::state::is_state;

/// Large enough for a policy of ten thousand spaces.
const MAX_FILE_BYTES: u64 = 8 * MEBIBYTE;
/// Large enough for a hundred thousand rows.
const MAX_TABLE_BYTES: u64 = 32 * MEBIBYTE;
/// A state file may lie beside the policy, and is passed over whatever its size.
const HEAD_BYTES: usize = 64 * 1024;
/// Folders within folders.
const MAX_FOLDER_DEPTH: usize = 32;

/// What was found so far.
pub(super) struct Search<'a> {
    directory: &'a Utf8Path,
    /// What could not be read: errors, all of them.
    pub(super) unread: Diagnostics,
    pub(super) sources: Sources,
    /// The files that are reached by links, and where these lead below the directory.
    pub(super) links: Vec<(Utf8PathBuf, Utf8PathBuf)>,
    /// Whether links to files are followed. They are not where files are to be written.
    follows: bool,
}

impl<'a> Search<'a> {
    /// The policy files below a directory.
    pub(super) fn of(directory: &'a Utf8Path) -> Self {
        Self::begin(directory, true)
    }

    /// The policy files below a directory that are no links, or a single file.
    pub(super) fn of_texts(place: &'a Utf8Path) -> Self {
        if !place.is_file() {
            return Self::begin(place, false);
        }
        let mut search = Self::new(place.parent().unwrap_or(Utf8Path::new("")), true);
        match (Folder::open(search.directory), place.file_name()) {
            (Ok(folder), Some(name)) => search.file(&folder, Utf8Path::new(name), place.to_owned()),
            (Err(error), _) => search.refused(place, &error.into()),
            (Ok(_), None) => search.refused(place, &io::Error::from(io::ErrorKind::InvalidInput).into()),
        }
        search
    }

    fn new(directory: &'a Utf8Path, follows: bool) -> Self {
        Self {
            directory,
            unread: Diagnostics::default(),
            sources: Sources::default(),
            links: Vec::new(),
            follows,
        }
    }

    fn begin(directory: &'a Utf8Path, follows: bool) -> Self {
        let mut search = Self::new(directory, follows);
        match Folder::open(directory) {
            Ok(folder) => search.folder(&folder, Utf8Path::new(""), 0),
            Err(error) => search.refused(directory, &error.into()),
        }
        search
    }

    fn folder(&mut self, root: &Folder, path: &Utf8Path, depth: usize) {
        let shown = if path.as_str().is_empty() { self.directory } else { path };
        let mut names = match names_in(&self.directory.join(path)) {
            Ok(names) => names,
            Err(error) => return self.refused(shown, &error.into()),
        };
        names.sort();
        for name in names.iter().filter(|name| !name.starts_with('.')) {
            let path = path.join(name);
            let place = self.directory.join(&path);
            match place.symlink_metadata() {
                Ok(about) if about.is_dir() && depth >= MAX_FOLDER_DEPTH => {
                    self.refused(&path, &io::Error::other("folders are nested too deeply").into());
                }
                Ok(about) if about.is_dir() => self.folder(root, &path, depth + 1),
                // Its files are read where they are; elsewhere they would be missing from the policy.
                Ok(about) if about.is_symlink() && place.is_dir() => {
                    if let Err(refused) = root.locate_inside(&path) {
                        self.refused(&path, &refused);
                    }
                }
                Ok(about) if is_yaml(&path) && (self.follows || !about.is_symlink()) => {
                    self.file(root, &path, path.clone());
                }
                Ok(_) => {}
                Err(error) => self.refused(&path, &error.into()),
            }
        }
    }

    /// A policy file, by the path that findings show.
    fn file(&mut self, root: &Folder, path: &Utf8Path, shown: Utf8PathBuf) {
        let bytes = match root.read_inside(path, MAX_FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(Refused::TooLarge { .. }) if is_large_state(root, path) => return,
            Err(refused) => return self.refused(&shown, &refused),
        };
        match text(bytes) {
            Ok(text) if is_state(&text) => {}
            Ok(text) => {
                self.linked(root, path);
                self.sources.insert(shown, text);
            }
            Err(line) => {
                let file: Arc<Utf8Path> = shown.into();
                self.unread.push(
                    Diagnostic::new(Code::NotUtf8, "this file is not UTF-8 text")
                        .at(&Span { line, ..Span::start_of(&file) }, "")
                        .help("save it in UTF-8; editors have this under \"Save with encoding\""),
                );
            }
        }
    }

    /// A CSV file. One that is not there is left to the reader to report.
    pub(super) fn table(&mut self, path: Utf8PathBuf, named: &Span) {
        if self.sources.get(&path).is_some() {
            return;
        }
        let read = Folder::open(self.directory).map_err(Refused::from).and_then(|folder| {
            let bytes = folder.read_inside(&path, MAX_TABLE_BYTES)?;
            self.linked(&folder, &path);
            Ok(bytes)
        });
        let (code, problem, help) = match read {
            Ok(bytes) => match text(bytes) {
                Ok(text) => {
                    // A row holds more than a finding is about.
                    self.sources.withhold(&path);
                    return self.sources.insert(path, text);
                }
                Err(line) => (
                    Code::CsvFile,
                    format!("is not UTF-8 text in line {line}"),
                    "save it as \"CSV UTF-8\"; spreadsheets often write UTF-16 or the encoding of the system",
                ),
            },
            Err(refused) if refused.is_missing() => return,
            Err(refused) => (code(&refused), refused.to_string(), refused.help()),
        };
        self.unread.push(Diagnostic::new(code, format!("`{path}` {problem}")).at(named, "").help(help));
    }

    /// Remembers a file that is not where its path says.
    fn linked(&mut self, root: &Folder, path: &Utf8Path) {
        if let Some(real) = root.leads_to(path) {
            self.links.push((path.to_owned(), real));
        }
    }

    fn refused(&mut self, path: &Utf8Path, refused: &Refused) {
        let code = code(refused);
        let help = if code == Code::UnreadableFile {
            "check the path and who may read it; no file is skipped, since what it declares would be missing"
        } else {
            refused.help()
        };
        let finding = Diagnostic::new(code, format!("`{path}` {refused}")).help(help);
        self.unread.push(match code {
            Code::RefusedFile => finding.at(&Span::start_of(&path.to_path_buf().into()), ""),
            _ => finding,
        });
    }
}

const fn code(refused: &Refused) -> Code {
    match refused {
        Refused::TooLarge { .. } => Code::FileTooLarge,
        Refused::Io(_) | Refused::Replaced => Code::UnreadableFile,
        Refused::Outside
        | Refused::LeadsOut { .. }
        | Refused::DeadLink { .. }
        | Refused::Link { .. }
        | Refused::Hidden { .. }
        | Refused::NotRegular { .. }
        | Refused::System => Code::RefusedFile,
    }
}

/// The names in a folder. A name that is not text cannot stand in a finding, nor in a policy.
fn names_in(folder: &Utf8Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| {
        entry?.file_name().into_string().map_err(|name| {
            io::Error::other(format!(
                "the name of the file `{}` in it is not UTF-8 text; rename that file",
                name.to_string_lossy()
            ))
        })
    };
    fs::read_dir(folder)?.map(name).collect()
}

/// Whether a file that is too large for a policy is a state file.
fn is_large_state(root: &Folder, path: &Utf8Path) -> bool {
    root.read_head(path, HEAD_BYTES).is_ok_and(|head| is_state(&String::from_utf8_lossy(&head)))
}

/// A text without its byte order mark, or the first line that is not UTF-8.
fn text(bytes: Vec<u8>) -> Result<String, u32> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            Err(u32::try_from(good.split(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX))
        }
    }
}
