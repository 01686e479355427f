//! The rows of a CSV file as lines of access.
//!
//! A file is recognised by the three columns that the rule names. Until it is, no message holds a piece of it: a
//! pull request can name any file of the directory here, one that the machine put there included. After that,
//! messages identify a row by its line and by those three columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8Path;

use super::records::{CsvPlace, Fault, Field, Records};
use super::{Delimiter, RowSource, RowType, SHOWN, more};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::model::{AccountId, SpaceKey, folded};
use crate::policy::ast::{AccessLine, Grantee, ListItem, Named, Right};
use crate::policy::{conflict, hidden};

/// A value in a message is cut after so many characters.
const QUOTED: usize = 60;

/// What the rows of a file come to.
pub(in crate::policy) struct CsvTable<'a> {
    pub(in crate::policy) from: &'a RowSource,
    pub(in crate::policy) file: Arc<Utf8Path>,
    pub(in crate::policy) text: &'a str,
    /// What each row gives.
    pub(in crate::policy) rights: &'a [Spanned<Right>],
    pub(in crate::policy) account: &'a AccountLookup<'a>,
}

/// Who an entry of the column with ids is, for a user; or the aliases of those that it may mean, if it is not one.
pub(in crate::policy) type AccountLookup<'a> = dyn Fn(&str) -> Result<AccountId, Vec<String>> + 'a;

/// What a row says.
enum CsvRow {
    Access(SpaceKey, Spanned<Grantee>),
    /// Not taken, by its type.
    Skipped(RowType),
}

/// What is wrong with a row: where, what, and what to do.
struct BadRow(Span, String, String);

type Columns = [usize; 3];

impl CsvTable<'_> {
    /// Lines of access by space.
    pub(in crate::policy) fn read(&self, findings: &mut Diagnostics) -> BTreeMap<SpaceKey, Vec<AccessLine>> {
        if let Some(marker) = conflict::marker(&self.file, self.text) {
            findings.push(conflict::finding(&marker));
            return BTreeMap::new();
        }
        if let Some(finding) = hidden::finding(&self.file, self.text) {
            findings.push(finding);
            return BTreeMap::new();
        }
        let Some((delimiter, begin)) = self.delimiter(findings) else { return BTreeMap::new() };
        let mut records = Records::new(self.text, delimiter, begin);
        let header = match records.next() {
            Some(Ok(header)) => header,
            Some(Err(fault)) => {
                findings.push(self.fault(fault));
                return BTreeMap::new();
            }
            None => {
                findings.push(
                    Diagnostic::new(Code::CsvFile, format!("`{}` is empty", self.file))
                        .at(&self.from.csv.span, "named here")
                        .help("its first line must name the columns"),
                );
                return BTreeMap::new();
            }
        };
        let Some(columns) = self.columns(&header, findings) else { return BTreeMap::new() };
        let spaces = self.rows(records, header.len(), columns, findings);
        let lines = |who: Vec<ListItem<Grantee>>| {
            self.rights.iter().map(|right| AccessLine { right: right.clone(), who: who.clone() }).collect()
        };
        spaces.into_iter().map(|(key, who)| (key, lines(distinct(who)))).collect()
    }

    fn rows(
        &self,
        records: Records<'_>,
        width: usize,
        columns: Columns,
        findings: &mut Diagnostics,
    ) -> BTreeMap<SpaceKey, Vec<ListItem<Grantee>>> {
        let mut spaces: BTreeMap<SpaceKey, Vec<ListItem<Grantee>>> = BTreeMap::new();
        let mut skipped: BTreeMap<RowType, usize> = BTreeMap::new();
        let mut bad = 0;
        let mut hidden = None;
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(fault) => {
                    findings.push(self.fault(fault));
                    break;
                }
            };
            if record.iter().all(|field| field.value.trim().is_empty()) {
                continue;
            }
            match self.row(&record, width, columns) {
                Ok(CsvRow::Access(key, who)) => {
                    spaces.entry(key).or_default().push(ListItem { who, until: None, why: None });
                }
                Ok(CsvRow::Skipped(kind)) => *skipped.entry(kind).or_default() += 1,
                Err(BadRow(place, ..)) if bad >= SHOWN => {
                    bad += 1;
                    hidden.get_or_insert(place);
                }
                Err(BadRow(place, message, help)) => {
                    bad += 1;
                    findings.push(Diagnostic::new(Code::CsvRow, message).at(&place, "").help(help));
                }
            }
        }
        if let Some(first) = hidden {
            findings.push(more(Code::CsvRow, bad - SHOWN, &first));
        }
        if self.from.types.is_none() && !skipped.is_empty() {
            findings.push(self.skipped(&skipped));
        } else if spaces.is_empty() && skipped.is_empty() && findings.is_empty() {
            findings.push(
                Diagnostic::new(Code::EmptySelector, format!("`{}` has no rows", self.file))
                    .at(&self.from.csv.span, "named here")
                    .help("the rule gives nothing; if there should be rows, look at what produces the file"),
            );
        }
        spaces
    }

    /// What stands between columns, and where the line with their names begins: what the rule says, or a first
    /// line such as `sep=;`, or what stands most often in the line with the names.
    fn delimiter(&self, findings: &mut Diagnostics) -> Option<(Delimiter, CsvPlace)> {
        let (line, rest) = self.text.split_once('\n').unwrap_or((self.text, ""));
        let (header, begin, named) = match separator(line) {
            Some(separator) => {
                let Some(named) = Delimiter::parse(separator) else {
                    let place = CsvPlace::START.span(&self.file, self.text, line.len());
                    findings.push(
                        Diagnostic::new(
                            Code::CsvFile,
                            "the line `sep=` names nothing that can separate columns",
                        )
                        .at(&place, "")
                        .help("write `sep=,`, `sep=;` or `sep=|`, or remove the line"),
                    );
                    return None;
                };
                let at = self.text.len() - rest.len();
                (
                    rest.lines().next().unwrap_or_default(),
                    CsvPlace { at, line: 2, line_start: at },
                    Some(named),
                )
            }
            None => (line, CsvPlace::START, None),
        };
        let outside_quotes = |delimiter: Delimiter| -> usize {
            let is_one = |found: &u8| *found == delimiter.byte();
            header.split('"').step_by(2).map(|part| part.bytes().filter(is_one).count()).sum()
        };
        let usual = || {
            // On a tie the last one wins, which is the comma.
            let usual = [Delimiter::Bar, Delimiter::Tab, Delimiter::Semicolon, Delimiter::Comma];
            usual.into_iter().max_by_key(|delimiter| outside_quotes(*delimiter)).unwrap_or(Delimiter::Comma)
        };
        Some((self.from.delimiter.or(named).unwrap_or_else(usual), begin))
    }

    /// Where the named columns are, if each is there once.
    fn columns(&self, header: &[Field<'_>], findings: &mut Diagnostics) -> Option<Columns> {
        let names = [&self.from.space, &self.from.kind, &self.from.id];
        let found = names.map(|name| self.column(header, name, findings));
        let [Some(space), Some(kind), Some(id)] = found else { return None };
        Some([space, kind, id])
    }

    fn column(
        &self,
        header: &[Field<'_>],
        name: &Spanned<String>,
        findings: &mut Diagnostics,
    ) -> Option<usize> {
        let called = |name: &str| -> Vec<usize> {
            header
                .iter()
                .enumerate()
                .filter(|(_, field)| field.value.trim() == name)
                .map(|(at, _)| at)
                .collect()
        };
        match called(&name.value)[..] {
            [at] => Some(at),
            [first, second, ..] => {
                let finding = Diagnostic::new(
                    Code::CsvColumn,
                    format!(
                        "`{}` has two columns `{}`, number {} and {}",
                        self.file,
                        name.value,
                        first + 1,
                        second + 1
                    ),
                );
                findings.push(
                    finding
                        .at(&self.place(&header[second]), "named again here")
                        .at(&self.place(&header[first]), "first named here")
                        .at(&name.span, "wanted here")
                        .help("remove or rename the column that is not meant; a sheet that was joined with another often has both"),
                );
                None
            }
            [] => {
                let like = |text: &str| -> String {
                    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
                };
                let near = header.iter().find(|field| like(&field.value) == like(&name.value));
                let help = match near {
                    // No more than what the rule says already, in another spelling.
                    Some(near) => format!("did you mean `{}`?", near.value.trim()),
                    None => format!(
                        "the first line of the file must name the columns; it has {}, and upper and lower case count",
                        if header.len() == 1 {
                            "one column".to_owned()
                        } else {
                            format!("{} columns", header.len())
                        },
                    ),
                };
                findings.push(
                    Diagnostic::new(
                        Code::CsvColumn,
                        format!("`{}` has no column `{}`", self.file, name.value),
                    )
                    .at(&name.span, "")
                    .help(help),
                );
                None
            }
        }
    }

    fn row(&self, record: &[Field<'_>], width: usize, columns: Columns) -> Result<CsvRow, BadRow> {
        let [Some(space), Some(kind), Some(id)] = columns.map(|column| record.get(column)) else {
            return Err(self.wrong_width(record, width));
        };
        if record.len() != width {
            return Err(self.wrong_width(record, width));
        }
        for (field, name) in [(space, &self.from.space), (kind, &self.from.kind), (id, &self.from.id)] {
            if field.value.trim().contains(['\n', '\r']) {
                return Err(self.bad(
                    field,
                    format!("the column `{}` of this row holds a line break", name.value),
                    "close the quote where the value ends; if the quotes are right, write the value on one line",
                ));
            }
        }
        let correct = |name: &Spanned<String>| format!("correct the column `{}` of this row", name.value);
        let kind_word = kind.value.trim();
        let Some(row_type) = RowType::parse(kind_word) else {
            let message = format!("`{}` is not a type of row", cut(kind_word));
            let help = format!(
                "the column `{}` says `user` or `group`; rows with `anonymous`, `guest` or `role` are skipped",
                self.from.kind.value
            );
            return Err(self.bad(kind, message, help));
        };
        if !self.from.takes(row_type) {
            return Ok(CsvRow::Skipped(row_type));
        }
        let (space_word, id_word) = (space.value.trim(), id.value.trim());
        let Ok(key) = space_word.parse() else {
            let message = format!("`{}` is not the key of a space", cut(space_word));
            return Err(self.bad(space, message, correct(&self.from.space)));
        };
        if id_word.is_empty() {
            return Err(self.bad(
                id,
                format!("this row names no principal: its column `{}` is empty", self.from.id.value),
                "write the account id of the user, or the id or the name of the group",
            ));
        }
        let named = match row_type {
            RowType::Group => Some(Named::Group(folded(id_word).into_owned())),
            RowType::User | RowType::Guest => match (self.account)(id_word) {
                Ok(account) => Some(Named::User(account)),
                Err(aliases) => return Err(self.not_one_person(id, &aliases)),
            },
            RowType::Anonymous | RowType::Role => None,
        };
        let Some(named) = named else {
            let message = format!("`{}` is not the id of a {}", cut(id_word), row_type.as_str());
            return Err(self.bad(id, message, correct(&self.from.id)));
        };
        Ok(CsvRow::Access(key, Spanned::new(Grantee::Named(named), self.place(id))))
    }

    /// A row about a user that names none, or may mean any of several.
    fn not_one_person(&self, id: &Field<'_>, aliases: &[String]) -> BadRow {
        let written = cut(id.value.trim());
        if aliases.is_empty() {
            return self.bad(
                id,
                format!("`{written}` is not the id of a user"),
                format!(
                    "write the account id in the column `{}`, or the alias or e-mail address of a person under `people`",
                    self.from.id.value
                ),
            );
        }
        let aliases: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
        self.bad(
            id,
            format!("`{written}` could mean {} people", aliases.len()),
            format!("write one of {}", aliases.join(", ")),
        )
    }

    fn wrong_width(&self, record: &[Field<'_>], width: usize) -> BadRow {
        let place = record.first().map_or_else(|| Span::start_of(&self.file), |first| self.place(first));
        BadRow(
            place,
            format!("this row has {} columns instead of {width}", record.len()),
            "put quotes around values that hold the delimiter or a quote; write a quote in them twice"
                .to_owned(),
        )
    }

    fn bad(&self, field: &Field<'_>, message: String, help: impl Into<String>) -> BadRow {
        BadRow(self.place(field), message, help.into())
    }

    fn place(&self, field: &Field<'_>) -> Span {
        field.place.span(&self.file, self.text, field.end)
    }

    fn fault(&self, fault: Fault) -> Diagnostic {
        let (place, message, help) = match fault {
            Fault::OpenQuote(place) => (
                place,
                "this quote is not closed, so that everything after it would be one value",
                "close it where the value ends; write a quote inside a quoted value twice",
            ),
            Fault::QuoteInside(place) => (
                place,
                "a quote in the middle of a value",
                "put the whole value in quotes and write the quote inside it twice, or remove it",
            ),
            Fault::BehindQuote(place) => (
                place,
                "text behind a closing quote",
                "a quote may be missing above: close it where the value ends; write a quote inside a quoted value twice",
            ),
        };
        Diagnostic::new(Code::CsvQuote, message)
            .at(&place.span(&self.file, self.text, place.at), "")
            .help(help)
    }

    fn skipped(&self, skipped: &BTreeMap<RowType, usize>) -> Diagnostic {
        let counts: Vec<String> =
            skipped.iter().map(|(kind, count)| format!("{count} of type `{}`", kind.as_str())).collect();
        let rows = if skipped.values().sum::<usize>() == 1 { "row is" } else { "rows are" };
        Diagnostic::new(
            Code::SkippedRows,
            format!("{} {rows} skipped: {}", skipped.values().sum::<usize>(), counts.join(", ")),
        )
        .at(&self.from.csv.span, "")
        .help(
            "only users and groups are taken; say `types: [user, group]` in `from` if that is what you want",
        )
    }
}

/// What a first line names as the delimiter, as spreadsheets write it: `sep=;`, in quotes or not.
fn separator(line: &str) -> Option<&str> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let bare = line.trim_start_matches('"');
    let head = bare.get(..4).filter(|head| head.eq_ignore_ascii_case("sep="))?;
    let named = &bare[head.len()..];
    // Spreadsheets fill the line up with delimiters; a tab is a blank, too.
    let first = &named[..named.chars().next().map_or(0, char::len_utf8)];
    let rest = named[first.len()..].trim_end_matches('"').trim_start_matches(first).trim_end();
    Some(if rest.is_empty() { first } else { named })
}

/// A value as messages quote it.
fn cut(value: &str) -> String {
    let mut chars = value.chars();
    let head: String = chars.by_ref().take(QUOTED).collect();
    if chars.next().is_some() { format!("{head}…") } else { head }
}

/// Each principal once, by the first row that names it.
fn distinct(entries: Vec<ListItem<Grantee>>) -> Vec<ListItem<Grantee>> {
    let mut seen = BTreeSet::new();
    entries.into_iter().filter(|entry| seen.insert(entry.who.value.clone())).collect()
}
