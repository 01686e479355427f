//! Findings, failures and plans as annotations of GitHub Actions: commands that the runner obeys, so that each piece is
//! escaped as it demands. What a plan has to say is in a module of its own.

mod outcome;
mod plan;

use std::collections::BTreeMap;
use std::fmt::Display;

use camino::Utf8Path;

use crate::diagnostic::{Diagnostics, Severity};
use crate::model::{Origin, harmless};

pub use outcome::outcome_as_annotations;
pub use plan::plan_as_annotations;

/// How many annotations of each level GitHub shows for a step.
const SHOWN: usize = 10;

/// One annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    level: AnnotationLevel,
    at: Option<Origin>,
    column: Option<u32>,
    title: String,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AnnotationLevel {
    Error,
    Warning,
    Notice,
}

impl Annotation {
    /// Why a run failed. The title has the code that the message on a terminal has in brackets; a command line that
    /// makes no sense has none.
    pub fn failure(code: Option<&dyn Display>, at: Option<&Origin>, message: &str) -> Self {
        Self::of(AnnotationLevel::Error, code, at, message)
    }

    /// What did not end the run.
    pub fn warning(code: Option<&dyn Display>, message: &str) -> Self {
        Self::of(AnnotationLevel::Warning, code, None, message)
    }

    fn of(level: AnnotationLevel, code: Option<&dyn Display>, at: Option<&Origin>, message: &str) -> Self {
        let title = code.map_or_else(|| "confperm".to_owned(), |code| format!("confperm {code}"));
        Self { level, at: at.cloned(), column: None, title, message: message.to_owned() }
    }

    /// The command, on one line. Paths are below the policy directory and are given below the working directory.
    pub fn command(&self, directory: &Utf8Path) -> String {
        let level = match self.level {
            AnnotationLevel::Error => "error",
            AnnotationLevel::Warning => "warning",
            AnnotationLevel::Notice => "notice",
        };
        let mut properties = Vec::new();
        if let Some(Origin { file, line }) = &self.at {
            properties.push(format!("file={}", property(below(directory, file).as_str())));
            properties.push(format!("line={line}"));
        }
        properties.extend(self.column.map(|column| format!("col={column}")));
        properties.push(format!("title={}", property(&self.title)));
        format!("::{level} {}::{}", properties.join(","), message(&self.message))
    }
}

/// A file of the policy, seen from the working directory.
pub(super) fn below(directory: &Utf8Path, file: &Utf8Path) -> camino::Utf8PathBuf {
    directory.join(file).components().filter(|part| part.as_str() != ".").collect()
}

/// The message of a command: the runner reads `%0A` as the end of a line, which ends no command.
fn message(text: &str) -> String {
    let lines = text.split('\n').map(|line| harmless(line).replace('%', "%25").replace('\r', "%0D"));
    lines.collect::<Vec<_>>().join("%0A")
}

/// A property ends at a comma or colon.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Each finding, at the place that is to blame.
pub fn findings_as_annotations(findings: &Diagnostics) -> Vec<Annotation> {
    let annotation = |finding: &crate::diagnostic::Diagnostic| Annotation {
        level: match finding.severity {
            Severity::Error => AnnotationLevel::Error,
            Severity::Warning => AnnotationLevel::Warning,
        },
        at: finding.labels.first().map(|label| label.span.origin()),
        column: finding.labels.first().map(|label| label.span.column),
        title: format!("confperm {}", finding.code),
        message: match &finding.help {
            Some(help) => format!("{}\n{help}", finding.message),
            None => finding.message.clone(),
        },
    };
    findings.iter().map(annotation).collect()
}

/// As many of each level as GitHub shows, errors first; the last of a level says how many more there are.
pub fn capped(annotations: Vec<Annotation>) -> Vec<Annotation> {
    let mut levels: BTreeMap<AnnotationLevel, Vec<Annotation>> = BTreeMap::new();
    for annotation in annotations {
        levels.entry(annotation.level).or_default().push(annotation);
    }
    for (level, all) in &mut levels {
        if all.len() > SHOWN {
            let more = all.len() + 1 - SHOWN;
            all.truncate(SHOWN - 1);
            all.push(Annotation {
                level: *level,
                at: None,
                column: None,
                title: "confperm".to_owned(),
                message: format!("{more} more; the output of this step and the plan itself have them all"),
            });
        }
    }
    levels.into_values().flatten().collect()
}
