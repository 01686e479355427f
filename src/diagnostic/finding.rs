//! What a finding is made of, and collections of findings.

use std::collections::BTreeSet;
use std::collections::btree_set;

use super::{Code, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing can be planned until it is mended.
    Error,
    /// Worth a look; planning goes on.
    Warning,
}

/// A place, and a few words about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    pub span: Span,
    /// May be empty, where the message says it all.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diagnostic {
    /// The place that is to blame first, then others that belong to it. Empty where no file is to blame.
    /// First among the fields, because findings sort by place.
    pub labels: Vec<Label>,
    pub severity: Severity,
    pub code: Code,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding of the code's own severity, without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { labels: Vec::new(), severity: code.severity(), code, message: message.into(), help: None }
    }

    /// Adds a place. The first one added is the one to blame.
    #[must_use]
    pub fn at(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span: span.clone(), text: text.into() });
        self
    }

    /// Adds a place, if there is one more.
    #[must_use]
    pub fn maybe_at(self, place: Option<(&Span, &str)>) -> Self {
        match place {
            Some((span, text)) => self.at(span, text),
            None => self,
        }
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do next, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }
}

/// Findings in the order of their places, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(BTreeSet<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, finding: Diagnostic) {
        self.0.insert(finding);
    }

    pub fn iter(&self) -> btree_set::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.iter().any(Diagnostic::is_error)
    }

    /// How many are errors; the others are warnings.
    pub fn errors(&self) -> usize {
        self.iter().filter(|finding| finding.is_error()).count()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, findings: I) {
        self.0.extend(findings);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(findings: I) -> Self {
        Self(findings.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = btree_set::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = btree_set::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
