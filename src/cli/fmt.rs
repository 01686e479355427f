//! `confperm fmt`.

use std::io::Read as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostics, Sources};
use crate::files::{self, Folder, MEBIBYTE, is_yaml};
use crate::model::visible;
use crate::policy;
use crate::render;
use crate::render::style::count;

use super::args::FmtArgs;
use super::{CliError, Exit, Failure, Output};

/// What has been read once is no larger.
const MAX_BYTES: u64 = 64 * MEBIBYTE;

pub(super) fn run(args: &FmtArgs, out: &Output) -> Result<Exit, CliError> {
    if args.site.site.is_some() {
        return Err(CliError::usage(
            "--site needs --renames: without that, `fmt` looks at files only",
            "leave it out, or add --renames",
        ));
    }
    if args.paths.iter().any(|path| path == "-") {
        if args.paths.len() > 1 || args.check || args.diff {
            return Err(CliError::usage(
                "`-` cannot be combined with other paths, --check or --diff: it formats standard input to standard output",
                "name files or directories instead of `-`",
            ));
        }
        return from_standard_input(out);
    }
    if let Some(missing) = args.paths.iter().find(|path| path.symlink_metadata().is_err()) {
        return Err(CliError::usage(
            format!("there is no file or directory `{missing}`"),
            "name policy files, or directories that hold them",
        ));
    }
    if let Some(other) = args.paths.iter().find(|path| path.is_file() && !is_yaml(path)) {
        return Err(CliError::usage(
            format!("`{other}` is no policy file"),
            "policy files end in `.yaml` or `.yml`; standard input (`-`) is formatted whatever it is called",
        ));
    }
    let mut found = FoundFiles::default();
    for path in &args.paths {
        found.read(path);
    }
    let changed = found.format()?;
    for change in &changed {
        // A file is named once it is written, so that the output is what happened.
        if !args.check {
            files::write(&change.path, &change.after)
                .map_err(|error| CliError::unwritable(&change.path, &error))?;
        }
        change.show(args, out);
    }
    out.findings(&found.findings, &found.sources);
    if found.findings.has_errors() {
        let errors = count(found.findings.errors(), "error", "errors");
        out.say(&format!("{errors}; the files with errors were not changed"));
        return Ok(Exit::Invalid);
    }
    Ok(if args.check && !changed.is_empty() { Exit::Failed } else { Exit::Done })
}

fn from_standard_input(out: &Output) -> Result<Exit, CliError> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| {
        CliError::failed(Failure::UnreadableInput, format!("cannot read standard input: {error}"))
    })?;
    let file: Arc<Utf8Path> = Utf8PathBuf::from("standard input").into();
    match policy::format(&file, &text) {
        Ok(text) => {
            out.file(&text);
            Ok(Exit::Done)
        }
        Err(finding) => {
            let mut sources = Sources::default();
            sources.insert(file.to_path_buf(), text);
            out.findings(&Diagnostics::from_iter([*finding]), &sources);
            Ok(Exit::Invalid)
        }
    }
}

/// What becomes of the text of a file.
pub(super) struct FileChange {
    pub(super) path: Utf8PathBuf,
    pub(super) before: String,
    pub(super) after: String,
}

impl FileChange {
    /// Names the file, or shows what changes in it.
    pub(super) fn show(&self, args: &FmtArgs, out: &Output) {
        out.data(&if args.diff {
            render::text_diff(self.path.as_str(), &self.before, &self.after)
        } else {
            format!("{}\n", visible(self.path.as_str()))
        });
    }
}

/// The files that were named, and what is wrong with them.
#[derive(Default)]
struct FoundFiles {
    sources: Sources,
    findings: Diagnostics,
}

impl FoundFiles {
    fn read(&mut self, place: &Utf8Path) {
        let (sources, unread) = policy::texts(place);
        self.findings.extend(unread);
        for (file, text) in sources.iter() {
            let path = if place == "." || place.is_file() { file.to_path_buf() } else { place.join(file) };
            self.sources.insert(path.clone(), Arc::clone(text));
            if sources.quotable(file).is_none() {
                self.sources.withhold(&path);
            }
        }
    }

    /// What would change. All is known before anything is written.
    fn format(&mut self) -> Result<Vec<FileChange>, CliError> {
        let mut changed = Vec::new();
        for (file, text) in self.sources.iter() {
            match policy::format(file, text) {
                Ok(after) => {
                    // The text comes without a byte order mark, the file may have one.
                    let before = whole(file)?;
                    if before != after {
                        changed.push(FileChange { path: file.to_path_buf(), before, after });
                    }
                }
                Err(finding) => self.findings.push(*finding),
            }
        }
        Ok(changed)
    }
}

/// A file that has been read already, byte order mark included.
pub(super) fn whole(file: &Utf8Path) -> Result<String, CliError> {
    let failed = |why: &dyn std::fmt::Display| {
        CliError::failed(Failure::UnreadableInput, format!("cannot read `{file}` again: {why}"))
    };
    let folder = Folder::open(file.parent().unwrap_or(Utf8Path::new(""))).map_err(|error| failed(&error))?;
    let name = Utf8Path::new(file.file_name().unwrap_or_default());
    let bytes = folder.read_inside(name, MAX_BYTES).map_err(|refused| failed(&refused))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}
