//! Finding and reading the files of a policy directory. The only part of the language that does I/O.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::ast::Policy;
use super::csv;
use super::read::read;
use super::yaml::{Kind, Node, parse};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span};

/// A policy of ten thousand spaces fits; a file that grew by accident does not.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// And so does a list of a hundred thousand rows.
const MAX_TABLE_BYTES: u64 = 32 * 1024 * 1024;
/// How much of a file is looked at to see whether it is a state file of the sandbox.
const HEAD_BYTES: u64 = 64 * 1024;
/// Folders within folders.
const MAX_FOLDER_DEPTH: usize = 32;
/// What a state file of the sandbox calls itself.
const SANDBOX_KIND: &str = "confluence-sandbox";

/// What became of the files of a policy directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// `None` if anything is wrong.
    pub policy: Option<Policy>,
    /// Errors and warnings.
    pub findings: Diagnostics,
    /// The texts of the files, for drawing findings.
    pub sources: Sources,
}

/// Reads all `*.yaml` and `*.yml` files below a directory as one policy, and the CSV files that it names.
/// Hidden files and folders are skipped, links to folders are not followed, and state files of the sandbox are left out.
pub fn load(directory: &Utf8Path) -> Loaded {
    let mut search = search(directory);
    let (files, findings) = trees(&search.sources);
    for (path, named) in files.iter().flat_map(csv::named) {
        search.table(path, &named);
    }
    let mut loaded = whole(&files, findings, search.sources);
    // A policy without one of its files would ask for something else than its authors do.
    if !search.unread.is_empty() {
        loaded.policy = None;
        // Of a CSV file that could not be read, the reader only knows that it is not there.
        let told = |finding: &Diagnostic| search.unread.iter().any(|unread| unread.labels == finding.labels);
        let own = |finding: &Diagnostic| {
            let told_twice = finding.code == Code::CsvFile && told(finding);
            !is_consequence(finding.code) && !told_twice
        };
        loaded.findings = loaded.findings.into_iter().filter(own).collect();
    }
    loaded.findings.extend(search.unread);
    loaded
}

/// The texts of the files that make up a policy, by path below the directory; or of a single file, by its own
/// path. What could not be read is among the findings.
pub fn texts(place: &Utf8Path) -> (Sources, Diagnostics) {
    let Search { sources: found, unread, .. } = search(place);
    let mut sources = Sources::default();
    for (file, text) in found.iter() {
        // Tables that rules read are among the files, too.
        if is_yaml(file) && !parse(file, text).is_ok_and(|root| is_sandbox_state(&root)) {
            sources.insert(file.to_path_buf(), Arc::clone(text));
        }
    }
    (sources, unread)
}

fn search(place: &Utf8Path) -> Search<'_> {
    let mut search = Search { directory: place, unread: Diagnostics::default(), sources: Sources::default() };
    if place.is_file() {
        search.directory = Utf8Path::new("");
        search.file(place.to_owned());
    } else {
        search.folder(Utf8Path::new(""), 0);
    }
    search
}

/// Reads texts as the files of one policy. Those that do not end in `.yaml` or `.yml` are read where a rule
/// names them.
pub fn from_sources(sources: Sources) -> Loaded {
    let (files, findings) = trees(&sources);
    whole(&files, findings, sources)
}

/// The policy files as trees, without those of the sandbox.
fn trees(sources: &Sources) -> (Vec<Node>, Diagnostics) {
    let mut findings = Diagnostics::default();
    let mut files = Vec::new();
    for (file, text) in sources.iter().filter(|(file, _)| is_yaml(file)) {
        match parse(file, text) {
            Ok(root) if is_sandbox_state(&root) => {}
            Ok(root) => files.push(root),
            Err(finding) => findings.push(*finding),
        }
    }
    (files, findings)
}

fn whole(files: &[Node], mut findings: Diagnostics, sources: Sources) -> Loaded {
    let whole = findings.is_empty();
    if whole && files.is_empty() {
        findings.push(
            Diagnostic::new(Code::NoFiles, "there is no policy file in the policy directory")
                .help("policy files end in `.yaml` or `.yml`; the README shows a first one"),
        );
    }
    let (policy, found) = read(files, &sources);
    findings.extend(found.into_iter().filter(|finding| whole || !is_consequence(finding.code)));
    Loaded { policy: (!findings.has_errors()).then_some(policy), findings, sources }
}

/// Whether a finding may be there only because another file could not be read: what that file defines
/// looks undefined, and saying so would mislead.
const fn is_consequence(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownPerson | Code::UnknownRole | Code::MissingVersion | Code::NoFiles | Code::UnknownLike
    )
}

fn is_sandbox_state(root: &Node) -> bool {
    let Kind::Map(pairs) = &root.kind else { return false };
    let is = |node: &Node, word: &str| matches!(&node.kind, Kind::Scalar(text, _) if text == word);
    pairs.iter().any(|(key, value)| is(key, "kind") && is(value, SANDBOX_KIND))
}

/// Whether a line at the left margin says what a state file of the sandbox calls itself. Snapshots of large
/// sites are too big, and too deep, to be parsed only to find out.
fn is_sandbox_head(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()).any(|line| {
        let Some((key, value)) = line.split_once(':') else { return false };
        let value = value.split(" #").next().unwrap_or_default();
        let bare = |text: &str| text.trim_end().trim_matches(['"', '\'']) == SANDBOX_KIND;
        key.trim_end().trim_matches(['"', '\'']) == "kind" && bare(value.trim_start())
    })
}

/// What a file turned out to be.
enum Found {
    Text(String),
    SandboxState,
    TooLarge,
    NotText {
        /// The first line that is not.
        line: usize,
    },
    /// A link to a folder.
    Folder,
}

struct Search<'a> {
    directory: &'a Utf8Path,
    /// What could not be read: errors, all of them.
    unread: Diagnostics,
    sources: Sources,
}

impl Search<'_> {
    fn folder(&mut self, folder: &Utf8Path, depth: usize) {
        let entries = match self.directory.join(folder).read_dir_utf8() {
            Ok(entries) => entries,
            Err(error) => {
                let shown = if folder.as_str().is_empty() { self.directory } else { folder };
                self.unreadable(shown, &error);
                return;
            }
        };
        let mut inside = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => inside.push((entry.file_name().to_owned(), entry.file_type())),
                Err(error) => self.unreadable(folder, &error),
            }
        }
        inside.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, kind) in inside {
            let path = folder.join(&name);
            match kind {
                _ if name.starts_with('.') => {}
                // Links to folders could lead in a circle, or out of the repository.
                Ok(kind) if kind.is_dir() && depth < MAX_FOLDER_DEPTH => self.folder(&path, depth + 1),
                Ok(kind) if kind.is_dir() => {
                    self.unreadable(&path, &io::Error::other("folders are nested too deeply"));
                }
                Ok(_) if is_yaml(&path) => self.file(path),
                Ok(_) => {}
                Err(error) => self.unreadable(&path, &error),
            }
        }
    }

    fn file(&mut self, path: Utf8PathBuf) {
        let place = self.directory.join(&path);
        match look_into(&place, MAX_FILE_BYTES) {
            Ok(Found::Text(text)) => {
                // A byte order mark is no part of the text.
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
                self.sources.insert(path, text);
            }
            Ok(Found::Folder | Found::SandboxState) => {}
            Ok(Found::TooLarge) => self.unread.push(
                Diagnostic::new(
                    Code::FileTooLarge,
                    format!("`{path}` is larger than {} megabytes", MAX_FILE_BYTES / (1024 * 1024)),
                )
                .help("split it into several files, or move it out of the policy directory if it is none"),
            ),
            Ok(Found::NotText { line }) => {
                let file: Arc<Utf8Path> = path.into();
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                self.unread.push(
                    Diagnostic::new(Code::NotUtf8, "this file is not UTF-8 text")
                        .at(&Span { line, ..Span::start_of(&file) }, "")
                        .help("save it in UTF-8; editors have this under \"Save with encoding\""),
                );
            }
            Err(error) => self.unreadable(&path, &error),
        }
    }

    /// A CSV file. One that is not there is left to the reader to report.
    fn table(&mut self, path: Utf8PathBuf, named: &Span) {
        if self.sources.get(&path).is_some() {
            return;
        }
        let (problem, help) = match look_into(&self.directory.join(&path), MAX_TABLE_BYTES) {
            Ok(Found::Text(text)) => {
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
                return self.sources.insert(path, text);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Ok(Found::Folder | Found::SandboxState) => ("is no CSV file".to_owned(), "name the file itself"),
            Ok(Found::TooLarge) => (
                format!("is larger than {} megabytes", MAX_TABLE_BYTES / (1024 * 1024)),
                "split it into several files, each with a rule of its own",
            ),
            Ok(Found::NotText { line }) => (
                format!("is not UTF-8 text in line {line}"),
                "save it as \"CSV UTF-8\"; spreadsheets often write UTF-16 or the encoding of the system",
            ),
            Err(error) => (format!("cannot be read: {error}"), "check who may read it"),
        };
        self.unread
            .push(Diagnostic::new(Code::CsvFile, format!("`{path}` {problem}")).at(named, "").help(help));
    }

    fn unreadable(&mut self, path: &Utf8Path, error: &io::Error) {
        let help =
            "check the path and who may read it; no file is skipped, since what it declares would be missing";
        let message = format!("`{path}` cannot be read: {error}");
        self.unread.push(Diagnostic::new(Code::UnreadableFile, message).help(help));
    }
}

fn look_into(place: &Utf8Path, limit: u64) -> io::Result<Found> {
    // Looked at before it is opened: opening a pipe would wait for somebody to write.
    let about = fs::metadata(place)?;
    if about.is_dir() {
        return Ok(Found::Folder);
    }
    if !about.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut file = File::open(place)?;
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes)?;
    if is_sandbox_head(&bytes) {
        return Ok(Found::SandboxState);
    }
    file.take(limit + 1 - HEAD_BYTES).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Ok(Found::TooLarge);
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Found::Text(text),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            Found::NotText { line: good.split(|byte| *byte == b'\n').count() }
        }
    })
}

fn is_yaml(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("yaml" | "yml"))
}
