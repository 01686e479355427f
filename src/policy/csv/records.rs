//! CSV text to records whose fields know their places.
//!
//! Stricter than most readers, because a row that is read wrongly grants or removes access: a quote that is
//! not closed, a quote in the middle of a value and text behind a closing quote are faults. A lenient reader
//! takes everything up to the next quote as one value, and the rows in between disappear.

use std::borrow::Cow;
use std::sync::Arc;

use camino::Utf8Path;

use super::Delimiter;
use crate::diagnostic::Span;

/// A byte of a text, with its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CsvPlace {
    pub(super) at: usize,
    /// Counted from 1.
    pub(super) line: u32,
    /// The first byte of the line.
    pub(super) line_start: usize,
}

impl CsvPlace {
    pub(super) const START: Self = Self { at: 0, line: 1, line_start: 0 };

    /// The place as findings have it, up to `end` or the end of the line.
    pub(super) fn span(self, file: &Arc<Utf8Path>, text: &str, end: usize) -> Span {
        let marked = text.get(self.at..end).and_then(|marked| marked.lines().next()).unwrap_or_default();
        let column = text.get(self.line_start..self.at).map_or(0, |before| before.chars().count());
        Span {
            file: Arc::clone(file),
            line: self.line,
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
            start: self.at,
            end: self.at + marked.len(),
        }
    }
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Without its quotes, as written otherwise.
    pub(super) value: Cow<'a, str>,
    pub(super) place: CsvPlace,
    /// The byte after it, its quotes included.
    pub(super) end: usize,
}

/// A text that is not CSV from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A quote that opens a value and has no counterpart.
    OpenQuote(CsvPlace),
    /// A quote in a value that does not begin with one.
    QuoteInside(CsvPlace),
    /// Text between a closing quote and the next delimiter.
    BehindQuote(CsvPlace),
}

/// The records of a text. Empty lines are none. A fault is the last item.
#[derive(Debug)]
pub(super) struct Records<'a> {
    text: &'a str,
    delimiter: Delimiter,
    next: CsvPlace,
    faulty: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str, delimiter: Delimiter, begin: CsvPlace) -> Self {
        Self { text, delimiter, next: begin, faulty: false }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.next.at).copied()
    }

    /// Goes on to the next byte; `true` at the end of a line.
    fn step(&mut self) -> bool {
        let ends = self.byte() == Some(b'\n');
        self.next.at += 1;
        if ends {
            self.next.line = self.next.line.saturating_add(1);
            self.next.line_start = self.next.at;
        }
        ends
    }

    /// Goes past a line break, if there is one here.
    fn line_break(&mut self) -> bool {
        let is_break = matches!(self.byte(), Some(b'\r' | b'\n'));
        if self.byte() == Some(b'\r') {
            self.step();
        }
        if self.byte() == Some(b'\n') {
            self.step();
        }
        is_break
    }

    fn record(&mut self) -> Result<Vec<Field<'a>>, Fault> {
        let mut fields = Vec::new();
        loop {
            fields.push(if self.byte() == Some(b'"') { self.quoted()? } else { self.plain()? });
            if self.byte() != Some(self.delimiter.byte()) {
                self.line_break();
                return Ok(fields);
            }
            self.step();
        }
    }

    fn plain(&mut self) -> Result<Field<'a>, Fault> {
        let place = self.next;
        loop {
            match self.byte() {
                None | Some(b'\r' | b'\n') => break,
                Some(b'"') => return Err(Fault::QuoteInside(self.next)),
                Some(byte) if byte == self.delimiter.byte() => break,
                Some(_) => self.step(),
            };
        }
        let end = self.next.at;
        Ok(Field { value: Cow::Borrowed(&self.text[place.at..end]), place, end })
    }

    fn quoted(&mut self) -> Result<Field<'a>, Fault> {
        let place = self.next;
        self.step();
        let mut doubled = false;
        loop {
            match self.byte() {
                None => return Err(Fault::OpenQuote(place)),
                Some(b'"') => {
                    self.step();
                    if self.byte() != Some(b'"') {
                        break;
                    }
                    doubled = true;
                    self.step();
                }
                Some(_) => drop(self.step()),
            }
        }
        let end = self.next.at;
        match self.byte() {
            None | Some(b'\r' | b'\n') => {}
            Some(byte) if byte == self.delimiter.byte() => {}
            Some(_) => return Err(Fault::BehindQuote(self.next)),
        }
        let inside = &self.text[place.at + 1..end - 1];
        let value = if doubled { Cow::Owned(inside.replace("\"\"", "\"")) } else { Cow::Borrowed(inside) };
        Ok(Field { value, place, end })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Vec<Field<'a>>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.line_break() {}
        if self.faulty || self.next.at >= self.text.len() {
            return None;
        }
        let record = self.record();
        self.faulty = record.is_err();
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use csv::ReaderBuilder;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<String>>, Fault> {
        let values =
            |record: Vec<Field<'_>>| record.into_iter().map(|field| field.value.into_owned()).collect();
        Records::new(text, Delimiter::Comma, CsvPlace::START).map(|record| record.map(values)).collect()
    }

    #[test]
    fn what_is_not_closed_swallows_no_rows() {
        let at = |text: &str| match read(text).unwrap_err() {
            Fault::OpenQuote(place) => ("open", place.line, place.at),
            Fault::QuoteInside(place) => ("inside", place.line, place.at),
            Fault::BehindQuote(place) => ("behind", place.line, place.at),
        };
        assert_eq!(at("a,b\nc,\"d\ne,f\n"), ("open", 2, 6));
        assert_eq!(at("a,b\nc,\"d\ne,\"f\"\n"), ("behind", 3, 12));
        assert_eq!(at("a,b\nc,5\" pipe\n"), ("inside", 2, 7));
        assert_eq!(at("a,\"b\" \n"), ("behind", 1, 5));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever is no fault is read as another reader reads it.
        #[test]
        fn another_reader_reads_the_same(text in r#"([ab ]|,|"[ab,]{0,2}"|""|"|\n|\r\n|\r|é){0,20}"#) {
            let Ok(ours) = read(&text) else { return Ok(()) };
            let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> =
                reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
