//! CSV files that rules name: who holds what where, as the bulk lists of security apps have it.
//!
//! Columns go by name, and each row becomes a line of `access` with the place of its id. Every bad row is a
//! finding; of a great many the first are shown and the rest counted. `records` knows the syntax, `table` what
//! rows mean.

mod records;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::yaml::{NodeKind, YamlNode};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::files::is_yaml;

pub(super) use table::CsvTable;

/// How many findings of one kind are shown for one file.
const SHOWN: usize = 20;

/// Where a rule's rows come from.
#[derive(Debug)]
pub(super) struct RowSource {
    pub(super) csv: Spanned<String>,
    pub(super) space: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) id: Spanned<String>,
    pub(super) delimiter: Option<Delimiter>,
    /// The types of row that are taken: users and groups, if the rule does not say.
    pub(super) types: Option<Vec<RowType>>,
}

impl RowSource {
    fn takes(&self, kind: RowType) -> bool {
        self.types
            .as_ref()
            .map_or(matches!(kind, RowType::User | RowType::Group), |types| types.contains(&kind))
    }
}

/// What stands between columns. Nothing else may: a letter or a digit cuts the values of a file that is no table
/// into pieces, and a byte of a longer character is none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    Comma,
    Semicolon,
    Bar,
    Tab,
}

impl Delimiter {
    pub(super) const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Bar, Self::Tab];
    /// What may stand behind `delimiter:`.
    pub(super) const WORDS: [&str; 5] = [",", ";", "|", "tab", "\t"];

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Bar => b'|',
            Self::Tab => b'\t',
        }
    }

    /// The delimiter itself, or the word for one that is not seen.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "tab" => Some(Self::Tab),
            _ => Self::ALL.into_iter().find(|delimiter| [delimiter.byte()] == *word.as_bytes()),
        }
    }
}

/// The kinds of holder that Confluence's own lists of space permissions name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowType {
    User,
    Group,
    Guest,
    Anonymous,
    Role,
}

impl RowType {
    pub(super) const ALL: [Self; 5] = [Self::User, Self::Group, Self::Guest, Self::Anonymous, Self::Role];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Guest => "guest",
            Self::Anonymous => "anonymous",
            Self::Role => "role",
        }
    }

    /// Upper and lower case do not count.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether its rows name an account or a group.
    pub(super) const fn names_a_subject(self) -> bool {
        matches!(self, Self::User | Self::Group | Self::Guest)
    }
}

/// The path of a CSV file from the policy directory, as a file of the policy names it from its own folder;
/// `None` if that is outside.
pub(super) fn locate(from: &Utf8Path, name: &str) -> Option<Utf8PathBuf> {
    let mut path = from.parent().unwrap_or(Utf8Path::new("")).to_owned();
    for part in Utf8Path::new(name).components() {
        match part {
            Utf8Component::Normal(part) => path.push(part),
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if path.pop() => {}
            Utf8Component::ParentDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => return None,
        }
    }
    (!path.as_str().is_empty()).then_some(path)
}

/// The CSV files that a policy file names, with the places where it does.
pub(super) fn named(root: &YamlNode) -> Vec<(Utf8PathBuf, Span)> {
    let value = |node: &YamlNode, name: &str| -> Vec<YamlNode> {
        let NodeKind::Map(pairs) = &node.kind else { return Vec::new() };
        let is = |key: &YamlNode| matches!(&key.kind, NodeKind::Scalar(text, _) if text == name);
        pairs.iter().filter(|(key, _)| is(key)).map(|(_, value)| value.clone()).collect()
    };
    let items = |node: YamlNode| match node.kind {
        NodeKind::List(items) => items,
        NodeKind::Null | NodeKind::Scalar(..) | NodeKind::Map(_) => Vec::new(),
    };
    let rules = value(root, "rules").into_iter().flat_map(items);
    let files = rules.flat_map(|rule| value(&rule, "from")).flat_map(|from| value(&from, "csv"));
    let named = files.filter_map(|file| match &file.kind {
        NodeKind::Scalar(text, _) => Some((locate(&file.span.file, text)?, file.span)),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
    });
    named.collect()
}

/// How many more there are of a kind, beginning here.
fn more(code: Code, number: usize, first: &Span) -> Diagnostic {
    let rows = if number == 1 { "row" } else { "rows" };
    Diagnostic::new(code, format!("{number} more {rows} of `{}` like those above", first.file))
        .at(first, "the first of them")
        .help("correct what produces the file, rather than the file")
}

/// Leaves the first findings of each kind about a CSV file, and counts the others.
pub(super) fn fold(findings: Diagnostics) -> Diagnostics {
    let mut counts: BTreeMap<(Arc<Utf8Path>, Code), (usize, Option<Diagnostic>)> = BTreeMap::new();
    let mut kept = Diagnostics::default();
    for finding in findings {
        let table = finding.labels.first().map(|label| &label.span.file).filter(|file| is_table(file));
        let Some(file) = table.map(Arc::clone) else {
            kept.push(finding);
            continue;
        };
        let (count, first) = counts.entry((file, finding.code)).or_default();
        *count += 1;
        if *count <= SHOWN {
            kept.push(finding);
        } else {
            first.get_or_insert(finding);
        }
    }
    for ((_, code), (count, first)) in counts {
        let Some(label) = first.as_ref().and_then(|first| first.labels.first()) else { continue };
        kept.push(more(code, count - SHOWN, &label.span));
    }
    kept
}

fn is_table(file: &Utf8Path) -> bool {
    !is_yaml(file) && file.extension() != Some("lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_from_where_they_are_named_and_stay_inside() {
        let at = |from: &str, name: &str| locate(Utf8Path::new(from), name).map(Utf8PathBuf::into_string);
        assert_eq!(at("rules.yaml", "owners.csv").as_deref(), Some("owners.csv"));
        assert_eq!(at("teams/rules.yaml", "lists/owners.csv").as_deref(), Some("teams/lists/owners.csv"));
        assert_eq!(at("teams/rules.yaml", "../owners.csv").as_deref(), Some("owners.csv"));
        assert_eq!(at("rules.yaml", "../owners.csv"), None);
        assert_eq!(at("teams/rules.yaml", "../../owners.csv"), None);
        assert_eq!(at("rules.yaml", "/etc/passwd"), None);
        assert_eq!(at("rules.yaml", "."), None);
    }
}
