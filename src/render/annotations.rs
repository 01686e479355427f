//! Findings and plans as annotations of GitHub Actions: commands that the runner obeys, so that each piece is escaped as
//! it demands.

use std::collections::BTreeMap;

use anstream::adapter::strip_str;
use camino::Utf8Path;

use crate::diagnostic::{Diagnostics, Severity};
use crate::model::{Origin, harmless};
use crate::plan::Plan;
use crate::policy::lock::LOCK_FILE;

use super::review::{Part, Review, RowKind, View};
use super::titles::{Titles, with_titles};

/// GitHub shows so many annotations of each level for a step.
const SHOWN: usize = 10;

/// One annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    level: Level,
    at: Option<Origin>,
    column: Option<u32>,
    title: String,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Annotation {
    /// The command, on one line. Paths are below the policy directory and are given below the working directory.
    pub fn command(&self, directory: &Utf8Path) -> String {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
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

/// The message of a command: the runner reads `%0A` and the like as what they stand for.
fn message(text: &str) -> String {
    harmless(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property ends at a comma or colon.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Each finding, at the place that is to blame.
pub fn findings_as_annotations(findings: &Diagnostics) -> Vec<Annotation> {
    let annotation = |finding: &crate::diagnostic::Diagnostic| Annotation {
        level: match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        },
        at: finding.labels.first().map(|label| label.span.origin()),
        column: finding.labels.first().map(|label| label.span.column),
        title: finding.code.as_str().to_owned(),
        message: match &finding.help {
            Some(help) => format!("{}; {help}", finding.message),
            None => finding.message.clone(),
        },
    };
    findings.iter().map(annotation).collect()
}

/// What blocks the plan, what it opens and removes and what is not known, and then the other changes, those of one line
/// of the policy together.
pub fn plan_as_annotations(plan: &Plan, view: &View, titles: Titles) -> Vec<Annotation> {
    let (plan, _) = with_titles(plan, titles);
    let review = Review::of(&plan, view);
    let mut annotations = Vec::new();
    let mut say = |level, at: Option<&Origin>, title: &str, message: String| {
        annotations.push(Annotation {
            level,
            at: at.cloned(),
            column: None,
            title: title.to_owned(),
            message,
        });
    };
    if !view.unlocked.is_empty() {
        let lines = view.unlocked.join("\n");
        say(
            Level::Warning,
            None,
            "Names that the lock lacks",
            format!("`apply --locked` would be refused; the lines to add to {LOCK_FILE}:\n{lines}"),
        );
    }
    for section in &review.sections {
        let (level, title) = match section.part {
            Part::Blocked => (Level::Error, "Blocked"),
            Part::Incomplete => (Level::Warning, "Not known, or left out"),
            _ => continue,
        };
        let mut lines = vec![strip_str(&section.heading).to_string()];
        lines.extend(section.lines.iter().map(|line| strip_str(line).to_string()));
        say(level, None, title, lines.join("\n"));
    }
    let rows = || review.opened.iter().chain(&review.several).chain(review.spaces.values().flatten());
    let mut together: BTreeMap<(RowGroup, Option<&Origin>), Vec<String>> = BTreeMap::new();
    for row in rows() {
        let group = match row.kind {
            RowKind::Opened => RowGroup::Opened,
            RowKind::Removed => RowGroup::Removed,
            RowKind::Restricted | RowKind::Changed | RowKind::Added => RowGroup::Other,
        };
        let space = if row.spaces.len() == 1 { row.spaces[0].as_str() } else { "" };
        let words = format!("{space} {} {}  {}", row.kind.sign(), review.what(row), row.who_words());
        together.entry((group, row.origin)).or_default().push(words.trim().to_owned());
    }
    for ((group, origin), lines) in together {
        let (level, title) = match group {
            RowGroup::Opened => (Level::Warning, "Opened"),
            RowGroup::Removed => (Level::Warning, "Removed"),
            RowGroup::Other => (Level::Notice, "Changed"),
        };
        say(level, origin, title, lines.join("\n"));
    }
    capped(annotations)
}

/// What is opened comes before what is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RowGroup {
    Opened,
    Removed,
    Other,
}

/// As many of each level as GitHub shows; the last says how many more there are.
fn capped(annotations: Vec<Annotation>) -> Vec<Annotation> {
    let mut levels: BTreeMap<Level, Vec<Annotation>> = BTreeMap::new();
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
                title: "And more".to_owned(),
                message: format!("{more} more are in the plan itself"),
            });
        }
    }
    levels.into_values().flatten().collect()
}
