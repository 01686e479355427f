//! The one layout of a policy file: two spaces a level, lists on one line where they fit, sections apart.

use std::fmt::Write as _;

use super::words::scalar;
use crate::model::visible;

/// No line is longer, unless one word is.
const WIDTH: usize = 100;

/// A file as it grows.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// An empty line, but for the beginning of a file.
    pub(super) fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }

    /// A key of a mapping, its value below it.
    pub(super) fn key(&mut self, level: usize, key: &str, comment: Option<&str>) {
        let line = format!("{}{}:", indent(level), scalar(key));
        self.line(&line, comment);
    }

    /// A key with a text.
    pub(super) fn entry(&mut self, level: usize, key: &str, value: &str, comment: Option<&str>) {
        let line = format!("{}{}: {}", indent(level), scalar(key), scalar(value));
        self.line(&line, comment);
    }

    /// A key with a list, on one line if it fits.
    pub(super) fn list(&mut self, level: usize, key: &str, items: &[String]) {
        let items: Vec<String> = items.iter().map(|item| scalar(item)).collect();
        let line = format!("{}{}: [{}]", indent(level), scalar(key), items.join(", "));
        if line.chars().count() <= WIDTH {
            self.line(&line, None);
            return;
        }
        self.key(level, key, None);
        for item in items {
            self.line(&format!("{}- {item}", indent(level + 1)), None);
        }
    }

    /// A sentence or an item (`- `) after `#`, in as many lines as it needs.
    pub(super) fn comment(&mut self, text: &str, level: usize) {
        let text = tame(text);
        let hanging = if text.starts_with("- ") { "  " } else { "" };
        let start = format!("{}#", indent(level));
        let mut line = start.clone();
        let mut words = 0;
        for word in text.split_whitespace() {
            if words > 0 && line.chars().count() + word.chars().count() >= WIDTH {
                self.line(&line, None);
                line = format!("{start}{hanging}");
                words = 0;
            }
            line.push(' ');
            line.push_str(word);
            words += 1;
        }
        self.line(&line, None);
    }

    pub(super) fn append(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn line(&mut self, line: &str, comment: Option<&str>) {
        self.0.push_str(line);
        if let Some(comment) = comment {
            let _ = write!(self.0, " # {}", tame(comment));
        }
        self.0.push('\n');
    }
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

/// A text that stays in its line: comments know no escapes of their own.
fn tame(text: &str) -> String {
    visible(text.trim()).into_owned()
}
