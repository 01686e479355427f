//! CSV files that rules name: who holds what where, as the bulk lists of security apps have it.
//!
//! Columns go by name, rows may be quoted and span lines, and each row becomes a line of `access` with the
//! place of the row. Every bad row is a finding; of a great many the first are shown and the rest counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use csv::{ReaderBuilder, StringRecord};

use super::ast::{AccessLine, Entry, Named, Right, Who};
use super::yaml::{Kind, Node};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned, did_you_mean};
use crate::model::{AccountId, SpaceKey};

/// So many findings of a kind about one file are shown.
const SHOWN: usize = 20;

/// Where a rule's rows come from.
#[derive(Debug)]
pub(super) struct RowSource {
    pub(super) csv: Spanned<String>,
    pub(super) space: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) id: Spanned<String>,
    pub(super) delimiter: Option<u8>,
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
pub(super) fn named(root: &Node) -> Vec<(Utf8PathBuf, Span)> {
    let value = |node: &Node, name: &str| -> Vec<Node> {
        let Kind::Map(pairs) = &node.kind else { return Vec::new() };
        let is = |key: &Node| matches!(&key.kind, Kind::Scalar(text, _) if text == name);
        pairs.iter().filter(|(key, _)| is(key)).map(|(_, value)| value.clone()).collect()
    };
    let items = |node: Node| match node.kind {
        Kind::List(items) => items,
        Kind::Null | Kind::Scalar(..) | Kind::Map(_) => Vec::new(),
    };
    let rules = value(root, "rules").into_iter().flat_map(items);
    let files = rules.flat_map(|rule| value(&rule, "from")).flat_map(|from| value(&from, "csv"));
    let named = files.filter_map(|file| match &file.kind {
        Kind::Scalar(text, _) => Some((locate(&file.span.file, text)?, file.span)),
        Kind::Null | Kind::List(_) | Kind::Map(_) => None,
    });
    named.collect()
}

/// What the rows of a file come to.
pub(super) struct Table<'a> {
    pub(super) from: &'a RowSource,
    pub(super) file: Arc<Utf8Path>,
    pub(super) text: &'a str,
    /// What each row gives.
    pub(super) rights: &'a [Spanned<Right>],
    /// Who an entry of the column with ids is, for a user.
    pub(super) account: &'a dyn Fn(&str) -> Option<AccountId>,
}

impl Table<'_> {
    /// Lines of access by space.
    pub(super) fn read(&self, findings: &mut Diagnostics) -> BTreeMap<SpaceKey, Vec<AccessLine>> {
        let mut spaces: BTreeMap<SpaceKey, Vec<Entry<Who>>> = BTreeMap::new();
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter())
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        let mut records = reader.records();
        let Some(Ok(header)) = records.next() else {
            findings.push(
                Diagnostic::new(Code::CsvFile, format!("`{}` is empty", self.file))
                    .at(&self.from.csv.span, "named here")
                    .help("its first line must name the columns"),
            );
            return BTreeMap::new();
        };
        let columns = [&self.from.space, &self.from.kind, &self.from.id];
        let places = columns.map(|column| self.column(&header, column, findings));
        let [Some(space), Some(kind), Some(id)] = places else { return BTreeMap::new() };
        let mut bad = 0;
        let mut hidden = None;
        for record in records {
            let Ok(record) = record else { break };
            if record.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            match self.row(&header, &record, [space, kind, id]) {
                Ok((key, who)) => {
                    let who = Spanned::new(who, self.place(&record));
                    spaces.entry(key).or_default().push(Entry { who, until: None, why: None });
                }
                Err(_) if bad >= SHOWN => {
                    bad += 1;
                    hidden.get_or_insert_with(|| self.place(&record));
                }
                Err((message, help)) => {
                    bad += 1;
                    findings
                        .push(Diagnostic::new(Code::CsvRow, message).at(&self.place(&record), "").help(help));
                }
            }
        }
        if let Some(first) = hidden {
            findings.push(more(Code::CsvRow, bad - SHOWN, &first));
        }
        let lines = |who: Vec<Entry<Who>>| {
            self.rights.iter().map(|right| AccessLine { right: right.clone(), who: who.clone() }).collect()
        };
        spaces.into_iter().map(|(key, who)| (key, lines(distinct(who)))).collect()
    }

    /// What was said, or what stands most often in the line of the column names.
    fn delimiter(&self) -> u8 {
        let header = self.text.lines().next().unwrap_or_default();
        let count = |byte: u8| header.bytes().filter(|found| *found == byte).count();
        let usual = || [b',', b';', b'\t'].into_iter().rev().max_by_key(|byte| count(*byte)).unwrap_or(b',');
        self.from.delimiter.unwrap_or_else(usual)
    }

    fn column(
        &self,
        header: &StringRecord,
        name: &Spanned<String>,
        findings: &mut Diagnostics,
    ) -> Option<usize> {
        let place = header.iter().position(|column| column.trim() == name.value);
        if place.is_none() {
            let columns: Vec<String> = header.iter().map(|column| format!("`{}`", column.trim())).collect();
            let near = did_you_mean(&name.value, header.iter().map(str::trim));
            findings.push(
                Diagnostic::new(Code::CsvColumn, format!("`{}` has no column `{}`", self.file, name.value))
                    .at(&name.span, "")
                    .at(&self.place(header), "the columns")
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it has {}; upper and lower case count", columns.join(", ")),
                    }),
            );
        }
        place
    }

    fn row(
        &self,
        header: &StringRecord,
        record: &StringRecord,
        at: [usize; 3],
    ) -> Result<(SpaceKey, Who), (String, String)> {
        if record.len() != header.len() {
            return Err((
                format!("this row has {} columns instead of {}", record.len(), header.len()),
                "put quotes around values that hold the delimiter or a quote; write a quote in them twice"
                    .to_owned(),
            ));
        }
        let [space, kind, id] = at.map(|place| record.get(place).unwrap_or_default().trim());
        let key = space.parse().map_err(|_| {
            let column = &self.from.space.value;
            (
                format!("`{space}` is not the key of a space"),
                format!("correct the column `{column}` of this row"),
            )
        })?;
        if id.is_empty() {
            return Err((
                format!("this row names nobody: its column `{}` is empty", self.from.id.value),
                "write the account id of the user, or the id or the name of the group".to_owned(),
            ));
        }
        let named = match kind.to_ascii_lowercase().as_str() {
            "user" => (self.account)(id).map(Named::User),
            "group" => Some(Named::Group(id.to_owned())),
            _ => {
                return Err((
                    format!("`{kind}` is neither `user` nor `group`"),
                    format!("correct the column `{}` of this row", self.from.kind.value),
                ));
            }
        };
        let named = named.ok_or_else(|| {
            let column = &self.from.id.value;
            (
                format!("`{id}` is not the id of a {}", kind.to_ascii_lowercase()),
                format!("correct the column `{column}` of this row"),
            )
        })?;
        Ok((key, Who::Named(named)))
    }

    /// The first line of a row.
    fn place(&self, record: &StringRecord) -> Span {
        let Some(position) = record.position() else { return Span::start_of(&self.file) };
        let start = usize::try_from(position.byte()).unwrap_or(0).min(self.text.len());
        // Empty lines before a row belong to it.
        let skipped =
            self.text.as_bytes()[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start + skipped;
        let rest = &self.text[start..];
        let line = rest.lines().next().unwrap_or_default();
        let above = self.text[..start].bytes().rev().take(skipped).filter(|byte| *byte == b'\n').count();
        let number = usize::try_from(position.line()).unwrap_or(usize::MAX).saturating_add(above);
        Span {
            file: Arc::clone(&self.file),
            line: u32::try_from(number).unwrap_or(u32::MAX),
            column: 1,
            start,
            end: start + line.len(),
        }
    }
}

/// Everybody once, by the first row that names them.
fn distinct(entries: Vec<Entry<Who>>) -> Vec<Entry<Who>> {
    let mut seen = BTreeSet::new();
    entries.into_iter().filter(|entry| seen.insert(entry.who.value.clone())).collect()
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
    !matches!(file.extension(), Some("yaml" | "yml" | "lock"))
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
