//! The one writer of YAML: what confperm writes itself, it writes through here. The formatter, which keeps what an
//! author chose, has a layout of its own; how a word is written both take from [`scalar`].

use std::fmt::Write as _;

use super::scalar::{Around, scalar};
use crate::model::columns::width;
use crate::model::visible;

/// No line is longer, unless one word is.
const WIDTH: usize = 100;

/// A file as it grows: two spaces a level, lists on one line where they fit, sections apart.
#[derive(Debug, Default)]
pub(crate) struct YamlText(String);

impl YamlText {
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// An empty line, but for the beginning of a file.
    pub(crate) fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }

    /// A key of a mapping, its value below it.
    pub(crate) fn key(&mut self, level: usize, key: &str, comment: Option<&str>) {
        let line = format!("{}{}:", indent(level), word(key));
        self.line(&line, comment);
    }

    /// A key with a text.
    pub(crate) fn entry(&mut self, level: usize, key: &str, value: &str, comment: Option<&str>) {
        let line = format!("{}{}: {}", indent(level), word(key), word(value));
        self.line(&line, comment);
    }

    /// A key with a number.
    pub(crate) fn number(&mut self, level: usize, key: &str, value: u64) {
        self.line(&format!("{}{}: {value}", indent(level), word(key)), None);
    }

    /// A key with a mapping in braces.
    pub(crate) fn pairs(&mut self, level: usize, key: &str, pairs: &[(&str, &str)]) {
        let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {}", word(value))).collect();
        self.line(&format!("{}{}: {{{}}}", indent(level), word(key), pairs.join(", ")), None);
    }

    /// A key with a list, on one line if it fits.
    pub(crate) fn list(&mut self, level: usize, key: &str, items: &[String]) {
        let words: Vec<String> = items.iter().map(|item| word(item)).collect();
        let line = format!("{}{}: [{}]", indent(level), word(key), words.join(", "));
        if width(&line) <= WIDTH {
            self.line(&line, None);
        } else {
            self.items(level, key, items);
        }
    }

    /// A key with a list that has a line for each entry.
    pub(crate) fn items<S: AsRef<str>>(
        &mut self,
        level: usize,
        key: &str,
        items: impl IntoIterator<Item = S>,
    ) {
        self.key(level, key, None);
        for item in items {
            self.line(&format!("{}{}", indent(level + 1), item_line(item.as_ref())), None);
        }
    }

    /// A sentence or an item (`- `) after `#`, in as many lines as it needs.
    pub(crate) fn comment(&mut self, text: &str, level: usize) {
        let text = strip_controls(text);
        let hanging = if text.starts_with("- ") { "  " } else { "" };
        let start = format!("{}#", indent(level));
        let mut line = start.clone();
        let mut words = 0;
        for word in text.split_whitespace() {
            if words > 0 && width(&line) + width(word) >= WIDTH {
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

    pub(crate) fn append(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn line(&mut self, line: &str, comment: Option<&str>) {
        self.0.push_str(line);
        if let Some(comment) = comment {
            let _ = write!(self.0, " # {}", strip_controls(comment));
        }
        self.0.push('\n');
    }
}

/// A name or a value as it may stand anywhere, in quotes if it needs them.
pub(crate) fn word(text: &str) -> String {
    scalar(text, Around::Brackets)
}

/// An entry of a list on a line of its own.
pub(crate) fn item_line(text: &str) -> String {
    format!("- {}", word(text))
}

/// A whole document in lines, lists as far left as their keys: for values that are made from types by serde.
pub(crate) fn as_yaml(value: &serde_yaml::Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &serde_yaml::Value, level: usize, text: &mut String) {
    use serde_yaml::Value;

    match value {
        Value::Mapping(pairs) if !pairs.is_empty() => {
            for (key, value) in pairs {
                let _ = write!(text, "{}{}:", indent(level), inline(key));
                match value {
                    Value::Mapping(below) if !below.is_empty() => {
                        text.push('\n');
                        block(value, level + 1, text);
                    }
                    Value::Sequence(items) if !items.is_empty() => {
                        text.push('\n');
                        block(value, level, text);
                    }
                    value => drop(writeln!(text, " {}", inline(value))),
                }
            }
        }
        Value::Sequence(items) if !items.is_empty() => {
            for item in items {
                let mut below = String::new();
                block(item, level + 1, &mut below);
                // The dash stands before the first line of what is below it.
                let _ = write!(text, "{}- {}", indent(level), below.trim_start());
            }
        }
        value => drop(writeln!(text, "{}{}", indent(level), inline(value))),
    }
}

/// A value without lines of its own.
fn inline(value: &serde_yaml::Value) -> String {
    use serde_yaml::Value;

    match value {
        Value::String(text) => scalar(text, Around::Block),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Sequence(_) => "[]".to_owned(),
        Value::Mapping(_) => "{}".to_owned(),
        Value::Null | Value::Tagged(_) => "null".to_owned(),
    }
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

/// A text that stays in its line: comments know no escapes of their own.
fn strip_controls(text: &str) -> String {
    visible(text.trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::characters;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// As keys, as values and in lists, however they are laid out.
        #[test]
        fn every_text_reads_back_and_stays_on_its_line(
            texts in prop::collection::vec(
                r"([a-z '\-:#,?\]]|\\|\\x01|\\x02|\\x03|\x01|\x02|\x03|\n|\r|\t|\u{85}|\u{9b}|\u{202e}|\u{2028}|\u{e0041}|\u{feff}|##vso\[|::e|é|日|👩|\u{200d}){0,8}",
                1..4,
            )
        ) {
            let expected: BTreeMap<String, Vec<String>> =
                texts.iter().map(|text| (text.clone(), vec![text.clone(); 2])).collect();
            let from_types = as_yaml(&serde_yaml::to_value(&expected).unwrap());
            let (mut short, mut long) = (YamlText::default(), YamlText::default());
            for (key, items) in &expected {
                short.list(0, key, items);
                long.items(0, key, items);
            }
            for yaml in [from_types, short.into_string(), long.into_string()] {
                let read: BTreeMap<String, Vec<String>> = serde_yaml::from_str(&yaml).unwrap();
                prop_assert_eq!(&read, &expected, "{}", yaml);
                for line in yaml.lines() {
                    prop_assert!(characters(line).all(|(_, _, is_seen)| is_seen), "{line:?}");
                    prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
                }
            }
        }
    }
}
