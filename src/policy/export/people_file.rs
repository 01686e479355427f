//! The file that the people of a policy stand in. Where it is there already, entries are added to it, and every other
//! byte of it stays as it is: its comments and its layout are its author's.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::places::FOLDER;
use crate::diagnostic::Sources;
use crate::policy::ast::Policy;
use crate::policy::format::format;
use crate::policy::yaml::{Form, WrittenNode, YamlText, word, written};

const PEOPLE: &str = "people.yaml";

/// New entries of one section: of `people` or of `groups`.
#[derive(Debug)]
pub(super) struct NewSection {
    pub(super) name: &'static str,
    pub(super) entries: Vec<NewEntry>,
}

#[derive(Debug)]
pub(super) struct NewEntry {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) comment: Option<String>,
}

/// Where new people go: `people.yaml`, or the only other file with people if there is no such file. Files of spaces are
/// not for the people of all.
pub(super) fn people_file(policy: &Policy, sources: &Sources) -> Utf8PathBuf {
    let usual = Utf8Path::new(PEOPLE);
    let files: BTreeSet<&Utf8Path> = policy.people.values().map(|person| &*person.span.file).collect();
    match Vec::from_iter(files)[..] {
        [only] if sources.get(usual).is_none() && !only.starts_with(FOLDER) => only.to_owned(),
        _ => usual.to_owned(),
    }
}

/// The sections as a text of their own.
pub(super) fn as_text(sections: &[NewSection]) -> String {
    let mut text = YamlText::default();
    for section in sections {
        text.gap();
        text.key(0, section.name, None);
        for entry in &section.entries {
            text.entry(1, &entry.key, &entry.value, entry.comment.as_deref());
        }
    }
    text.into_string()
}

/// A file with these sections added. `None` if it is written in a way that has no safe place for them.
pub(super) fn added(file: &Utf8Path, text: &str, sections: &[NewSection]) -> Option<String> {
    if let Some(bare) = text.strip_prefix('\u{feff}') {
        return added(file, bare, sections).map(|text| format!("\u{feff}{text}"));
    }
    sections.iter().try_fold(text.to_owned(), |text, section| with_section(file, text, section))
}

fn with_section(file: &Utf8Path, mut text: String, section: &NewSection) -> Option<String> {
    let path = Arc::from(file);
    let (_, root) = written(&path, &text).ok()?;
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let own = format(&path, &as_text(std::slice::from_ref(section))).ok()?;
    let Some(found) = value_of(&root, section.name)? else {
        if !text.is_empty() {
            if !text.ends_with('\n') {
                text.push_str(line_end);
            }
            text.push_str(line_end);
        }
        text.extend(own.lines().flat_map(|line| [line, line_end]));
        return Some(text);
    };
    let Form::Map { brackets, pairs } = &found.form else { return None };
    let (first, last) = (pairs.first(), pairs.last());
    if *brackets {
        let entries: Vec<String> = section
            .entries
            .iter()
            .map(|entry| format!("{}: {}", word(&entry.key), word(&entry.value)))
            .collect();
        let entries = entries.join(", ");
        let (at, before) = last.map_or((found.span.start + 1, ""), |(_, value)| (value.span.end, ", "));
        text.insert_str(at, &format!("{before}{entries}"));
        return Some(text);
    }
    let (key, _) = first?;
    let indent = text[..key.span.start].rsplit('\n').next().filter(|before| before.trim().is_empty())?;
    let (_, value) = last?;
    let rest = &text[value.span.end..];
    let line = rest.split('\n').next().unwrap_or_default();
    let at = value.span.end + line.trim_end_matches('\r').len();
    let lines: String = own.lines().skip(1).flat_map(|line| [line_end, indent, line.trim_start()]).collect();
    text.insert_str(at, &lines);
    Some(text)
}

/// The value of a key of a file, if it has one; `None` where nothing can be added to the file.
#[expect(clippy::option_option, reason = "a file without the key is not one that takes none")]
fn value_of<'a>(root: &'a WrittenNode, key: &str) -> Option<Option<&'a WrittenNode>> {
    let Form::Map { brackets, pairs } = &root.form else {
        return matches!(root.form, Form::Empty).then_some(None);
    };
    let is_key =
        |node: &WrittenNode| matches!(&node.form, Form::Text(text) | Form::Literal(text) if text == key);
    let found = pairs.iter().find(|(node, _)| is_key(node)).map(|(_, value)| value);
    (found.is_some() || !brackets).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added_to(text: &str) -> Option<String> {
        let bob =
            NewEntry { key: "bob".to_owned(), value: "1:b".to_owned(), comment: Some("Bob (he)".to_owned()) };
        let pin = NewEntry { key: "staff (1)".to_owned(), value: "g-1".to_owned(), comment: None };
        let sections = [
            NewSection { name: "people", entries: vec![bob] },
            NewSection { name: "groups", entries: vec![pin] },
        ];
        added(Utf8Path::new("people.yaml"), text, &sections)
    }

    #[test]
    fn entries_follow_the_last_one_and_all_else_stays() {
        let groups = "\ngroups:\n  staff (1): g-1\n";
        let cases = [
            ("people:\n  ann: u-ann\n", "people:\n  ann: u-ann\n  bob: 1:b  # Bob (he)\n"),
            (
                "# ours\npeople:\n    # first\n    ann:  u-ann # boss\n    # last\n\nguards: {}\n",
                "# ours\npeople:\n    # first\n    ann:  u-ann # boss\n    bob: 1:b  # Bob (he)\n    # last\n\nguards: {}\n",
            ),
            (
                "people:\n  ann: {account-id: u-ann}",
                "people:\n  ann: {account-id: u-ann}\n  bob: 1:b  # Bob (he)\n",
            ),
            ("people: {ann: u-ann} # us\n", "people: {ann: u-ann, bob: 1:b} # us\n"),
            ("people: {}\n", "people: {bob: 1:b}\n"),
            ("version: 1\n", "version: 1\n\npeople:\n  bob: 1:b  # Bob (he)\n"),
            ("# nothing yet\n", "# nothing yet\n\npeople:\n  bob: 1:b  # Bob (he)\n"),
            ("\u{feff}people: {}\n", "\u{feff}people: {bob: 1:b}\n"),
        ];
        for (before, after) in cases {
            assert_eq!(added_to(before), Some(format!("{after}{groups}")), "{before}");
        }
        let both = "groups:\r\n  a: b\r\npeople:\r\n  ann: u-ann\r\n";
        let after =
            "groups:\r\n  a: b\r\n  staff (1): g-1\r\npeople:\r\n  ann: u-ann\r\n  bob: 1:b  # Bob (he)\r\n";
        assert_eq!(added_to(both).as_deref(), Some(after));
    }

    #[test]
    fn a_file_without_a_safe_place_is_left_as_it_is() {
        for text in ["{version: 1}\n", "people:\n", "people: [ann]\n", "- 1\n", "people: {ann: [}\n"] {
            assert_eq!(added_to(text), None, "{text}");
        }
    }
}
