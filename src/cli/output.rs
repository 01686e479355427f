//! The printer. Data goes to stdout, talk to stderr; styles go away where the stream does not want them.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::confluence::Secrets;
use crate::diagnostic::{Diagnostics, Sources};
use crate::render::diagnostics::{Paint, draw};
use crate::render::style::{CHANGE, HEADING, REMOVE, paint};
use crate::render::{self, Annotation};

use super::border;
use super::error::CliError;
use super::failure::{ErrorCode, Failure};
use super::progress::ProgressBoard;

/// Where output goes.
#[derive(Debug)]
pub(super) struct Output {
    secrets: Secrets,
    terminal: bool,
    /// The reader of stdout has closed it. The rest is not lost data: it was not wanted.
    left: AtomicBool,
    /// Data was handed over.
    begun: AtomicBool,
    /// Data could not be written, to a full disk for example.
    lost: AtomicBool,
    /// How far the command is.
    pub(super) progress: ProgressBoard,
    /// What is said, for a reader who sees annotations and not the output of the step.
    annotated: Option<Annotated>,
}

/// The annotations of a run, printed when it ends.
#[derive(Debug)]
struct Annotated {
    /// The policy directory.
    directory: Utf8PathBuf,
    kept: Mutex<Vec<Annotation>>,
}

impl Output {
    pub(super) fn new(secrets: Secrets) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            secrets,
            terminal,
            left: AtomicBool::new(false),
            begun: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            progress: ProgressBoard::new(terminal),
            annotated: None,
        }
    }

    /// Prints all errors and warnings as annotations too, when the run has ended.
    pub(super) fn annotating(self, directory: &Utf8Path) -> Self {
        let annotated = Annotated { directory: directory.to_owned(), kept: Mutex::default() };
        Self { annotated: Some(annotated), ..self }
    }

    /// Writes what the command was run for. Whether it arrives never decides what the command does next: a run
    /// that changes a site must come to its end. What was lost shows in [`Self::has_lost_data`].
    pub(super) fn data(&self, text: &str) {
        self.begun.store(true, Ordering::Relaxed);
        self.write(&border::cleared(&self.secrets, text));
    }

    /// Whether anything was printed with [`Self::data`].
    pub(super) fn has_data(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// What [`Self::data`] would print, for a file that takes its place.
    pub(super) fn cleared(&self, text: &str) -> String {
        border::cleared(&self.secrets, text)
    }

    /// The text of a person who may have pasted a secret into it.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        self.secrets.scrub(text).into_owned()
    }

    /// Adds what a plan says, before the warnings: GitHub shows only the first of each level.
    pub(super) fn annotate(&self, annotations: Vec<Annotation>) {
        if let Some(mut kept) = self.kept() {
            kept.splice(0..0, annotations);
        }
    }

    fn also_annotate(&self, annotations: impl IntoIterator<Item = Annotation>) {
        if let Some(mut kept) = self.kept() {
            kept.extend(annotations);
        }
    }

    fn kept(&self) -> Option<MutexGuard<'_, Vec<Annotation>>> {
        let annotated = self.annotated.as_ref()?;
        Some(annotated.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the annotations as commands to a GitHub runner, one a line. Nothing else that is printed is obeyed.
    pub(super) fn print_annotations(&self) {
        let Some(Annotated { directory, .. }) = &self.annotated else { return };
        let kept = self.kept().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default();
        for annotation in render::capped(kept) {
            self.write(&format!("{}\n", self.secrets.scrub(&annotation.command(directory))));
        }
    }

    /// Writes the text of a file, as data. Only a terminal is shown it like anything else.
    pub(super) fn file(&self, text: &str) {
        if io::stdout().is_terminal() { self.data(text) } else { self.write(&self.secrets.scrub(text)) }
    }

    fn write(&self, text: &str) {
        // The rest of an output with a hole in it would mislead.
        if !self.is_whole() {
            return;
        }
        self.progress.clear();
        let mut stdout = anstream::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.left.store(true, Ordering::Relaxed);
            }
            Err(error) => {
                self.lost.store(true, Ordering::Relaxed);
                let code = paint(REMOVE, &format!("error[{}]:", Failure::UnwritableOutput));
                self.say(&format!("{code} cannot write to standard output: {error}"));
            }
        }
    }

    /// Whether all data went out and was, as far as can be known, read.
    pub(super) fn is_whole(&self) -> bool {
        !self.left.load(Ordering::Relaxed) && !self.has_lost_data()
    }

    /// Whether data was lost. A reader that left has lost none.
    pub(super) fn has_lost_data(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Says something on the side. Where stderr cannot be written, there is no one left to say that to.
    pub(super) fn say(&self, text: &str) {
        let text = format!("{}\n", border::cleared(&self.secrets, text));
        self.progress.aside(|| drop(anstream::stderr().lock().write_all(text.as_bytes())));
    }

    pub(super) fn warn(&self, text: &str) {
        self.also_annotate([Annotation::warning(None, &self.secrets.scrub(text))]);
        self.say(&format!("{} {text}", paint(CHANGE, "warning:")));
    }

    /// A warning with the code of what failed, or of what is to be looked at.
    pub(super) fn warn_of(&self, code: impl Into<ErrorCode>, text: &str) {
        let code = code.into();
        self.also_annotate([Annotation::warning(Some(&code), &self.secrets.scrub(text))]);
        self.warn_in_passing(code, text);
    }

    /// The same of what the end of the run says again, so that one annotation is enough.
    pub(super) fn warn_in_passing(&self, code: impl Into<ErrorCode>, text: &str) {
        self.say(&format!("{} {text}", paint(CHANGE, &format!("warning[{}]:", code.into()))));
    }

    pub(super) fn error(&self, error: &CliError) {
        self.progress.clear();
        match error {
            CliError::Failed { code, message, hint, at } => {
                let lines: Vec<&str> = [message.as_str()].into_iter().chain(hint.as_deref()).collect();
                let code = code.as_ref();
                let named = code.map(|code| code as &dyn Display);
                // A secret is recognised only as it is, before anything in it is escaped.
                let text = self.without_secrets(&lines.join("\n"));
                self.also_annotate([Annotation::failure(named, at.as_ref(), &text)]);
                let sign = code.map_or_else(|| "error:".to_owned(), |code| format!("error[{code}]:"));
                self.say(&format!("{} {message}", paint(REMOVE, &sign)));
                if let Some(hint) = hint {
                    self.say(&format!("{} {hint}", paint(HEADING, "hint:")));
                }
            }
            CliError::Invalid { findings, sources } => {
                self.findings(findings, sources);
                let errors = render::style::count(findings.errors(), "error", "errors");
                let sign = paint(REMOVE, "error:");
                self.say(&format!("{sign} the policy has {errors}; nothing was changed"));
            }
            CliError::Blocked { breaches, sources } => {
                for findings in breaches.values() {
                    self.findings(findings, sources);
                }
                let guards: Vec<String> = breaches.keys().map(ToString::to_string).collect();
                let (sign, guards) = (paint(REMOVE, "error:"), render::style::list(&guards));
                self.say(&format!("{sign} blocked by {guards}; nothing was read or changed"));
            }
        }
    }

    /// Draws findings with their places in the files.
    pub(super) fn findings(&self, findings: &Diagnostics, sources: &Sources) {
        self.also_annotate(render::findings_as_annotations(findings));
        if !findings.is_empty() {
            self.say(draw(findings, sources, Paint::Coloured).trim_end());
        }
    }

    /// Whether a user is there to answer.
    pub(super) fn can_ask(&self) -> bool {
        self.terminal && io::stdin().is_terminal()
    }

    /// Asks; only the whole word counts as a yes.
    pub(super) fn ask(&self, question: &str) -> bool {
        self.progress.clear();
        let question = format!("{} Only `yes` is accepted: ", border::cleared(&self.secrets, question));
        drop(anstream::stderr().lock().write_all(question.as_bytes()));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
    }
}

/// Sends what the client reports to stderr: warnings, or with `-v` each request, with `-vv` everything.
pub(super) fn log(verbose: u8, secrets: Secrets) {
    let shown = match verbose {
        0 => Targets::new().with_default(Level::WARN),
        1 => Targets::new().with_target("confperm", Level::DEBUG),
        _ => Targets::new()
            .with_target("confperm", Level::TRACE)
            .with_targets([("hyper", Level::DEBUG), ("reqwest", Level::DEBUG)]),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(move || border::Cleared::new(secrets.clone(), io::stderr()))
        // Otherwise it reports a stderr that cannot be written on that same stderr, and panics.
        .log_internal_errors(false)
        .without_time()
        .finish()
        .with(shown);
    // A second call happens in tests only, and the first subscriber is as good.
    drop(tracing::subscriber::set_global_default(subscriber));
}
