//! YAML text to a tree in which every node knows its place. With [`written`], the only file that reads policies by
//! `serde-saphyr`.
//!
//! The tree keeps what the text says: scalars as written, repeated keys side by side. Judging them is
//! the reader's part, so that it can report everything that is wrong and not only the first thing.

mod scalar;
mod text;
mod written;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use camino::Utf8Path;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Location, Spanned};

use super::{conflict, hidden};
use crate::diagnostic::{Code, Diagnostic, Span};

pub(crate) use scalar::{Around, scalar};
pub(crate) use text::{YamlText, as_yaml, item_line, word};
pub(crate) use written::{Block, Form, WrittenNode, written};

/// A policy nests seven levels; the rest is room for mistakes that deserve a better message.
const MAX_DEPTH: usize = 24;
/// Values and keys of one file.
const MAX_NODES: usize = 1_000_000;
const MAX_ANCHORS: usize = 16;
const MAX_ALIASES: usize = 64;
/// What all aliases of a file may expand to.
const MAX_ALIASED_EVENTS: usize = 10_000;

/// One value of a document, with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct YamlNode {
    /// All of a scalar; the beginning of a list or a mapping.
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeKind {
    Null,
    /// A scalar as it is written, and what an unquoted one would be taken for.
    Scalar(String, Scalar),
    List(Vec<YamlNode>),
    /// In the order of the text; keys may be repeated.
    Map(Vec<(YamlNode, YamlNode)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool,
    Number,
    Text,
}

impl YamlNode {
    /// Takes away the line break that the parser adds to a block that ends with the text, and not with a line.
    fn end_without_break(&mut self) {
        match &mut self.kind {
            NodeKind::Null => {}
            NodeKind::Scalar(text, _) => {
                text.truncate(text.strip_suffix('\n').map_or(text.len(), str::len));
            }
            NodeKind::List(items) => items.last_mut().into_iter().for_each(Self::end_without_break),
            NodeKind::Map(pairs) => {
                pairs.last_mut().into_iter().for_each(|(_, value)| value.end_without_break());
            }
        }
    }

    /// A `?` without quotes that is all of a value or key.
    fn bare_question_mark(&self, text: &str) -> Option<&Span> {
        match &self.kind {
            NodeKind::Null => None,
            NodeKind::Scalar(value, _) => {
                let is_bare = value == "?" && text.get(self.span.start..self.span.end) == Some("?");
                is_bare.then_some(&self.span)
            }
            NodeKind::List(items) => items.iter().find_map(|item| item.bare_question_mark(text)),
            NodeKind::Map(pairs) => pairs.iter().find_map(|(key, value)| {
                key.bare_question_mark(text).or_else(|| value.bare_question_mark(text))
            }),
        }
    }

    /// What it is, in the words of a message.
    pub(crate) const fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Scalar(_, Scalar::Bool) => "a yes-or-no value",
            NodeKind::Scalar(_, Scalar::Number) => "a number",
            NodeKind::Scalar(_, Scalar::Text) => "text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a mapping",
        }
    }
}

/// Reads one document.
pub(crate) fn parse(file: &Arc<Utf8Path>, text: &str) -> Result<YamlNode, Box<Diagnostic>> {
    if let Some(marker) = conflict::marker(file, text) {
        return Err(Box::new(conflict::finding(&marker)));
    }
    if let Some(finding) = hidden::finding(file, text) {
        return Err(Box::new(finding));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_anchors: MAX_ANCHORS,
            max_aliases: MAX_ALIASES,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIASED_EVENTS,
            max_replay_stack_depth: 4,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(root) => {
            let mut root = Placer::new(file, text).node(root);
            if written::ends_in_block(text) {
                root.end_without_break();
            }
            match root.bare_question_mark(text) {
                None => Ok(root),
                // The parser takes it for text, other readers of YAML for a mapping without key and value.
                Some(span) => Err(Box::new(
                    Diagnostic::new(Code::Syntax, "this is not YAML: a question mark alone is not text")
                        .at(span, "")
                        .help("write `\"?\"` if text is meant"),
                )),
            }
        }
        Err(Error::Eof { .. }) => Ok(YamlNode { span: Span::start_of(file), kind: NodeKind::Null }),
        Err(error) => Err(Box::new(explain(&Placer::new(file, text), &error))),
    }
}

/// A value as the parser hands it over, before places are made our own.
enum Raw {
    Null,
    Bool,
    Number,
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<Self>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            map.push(pair);
        }
        Ok(Raw::Map(map))
    }
}

/// Turns the parser's places into ours.
struct Placer<'a> {
    file: &'a Arc<Utf8Path>,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Placer<'a> {
    fn new(file: &'a Arc<Utf8Path>, text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, lines }
    }

    fn node(&self, raw: Spanned<Raw>) -> YamlNode {
        // What came through an alias is blamed where the alias stands; its spelling is at the anchor.
        let span = self.span(raw.referenced);
        let written = |kind| NodeKind::Scalar(self.text[self.bytes(raw.defined)].trim().to_owned(), kind);
        let kind = match raw.value {
            Raw::Null => NodeKind::Null,
            Raw::Bool => written(Scalar::Bool),
            Raw::Number => written(Scalar::Number),
            Raw::Text(text) => NodeKind::Scalar(text, Scalar::Text),
            Raw::List(list) => NodeKind::List(list.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(map) => NodeKind::Map(
                map.into_iter().map(|(key, value)| (self.node(key), self.node(value))).collect(),
            ),
        };
        YamlNode { span, kind }
    }

    /// The bytes of a place, moved inwards where they would leave the text or split a character.
    fn bytes(&self, location: Location) -> Range<usize> {
        let index = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let inside = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let place = location.span();
        let Some(start) = place.byte_offset() else {
            // Errors of the scanner know line and column only.
            let line = index(location.line()).clamp(1, self.lines.len()) - 1;
            let end = self.lines.get(line + 1).map_or(self.text.len(), |next| next - 1);
            let line = &self.text[self.lines[line]..end];
            let column = index(location.column()).max(1) - 1;
            let start = end - line.len() + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
            return start..start;
        };
        let start = inside(index(start));
        let end = inside(start.saturating_add(index(place.byte_len().unwrap_or(0))));
        start..end
    }

    fn span(&self, location: Location) -> Span {
        if location == Location::UNKNOWN {
            return Span::start_of(self.file);
        }
        self.place(self.bytes(location))
    }

    /// A stretch of the text, as far as its first line goes.
    fn place(&self, Range { start, end }: Range<usize>) -> Span {
        let first_line = self.text[start..end].lines().next().unwrap_or("").trim_end();
        // Line and column are counted here, so that they always agree with the bytes.
        let line = self.lines.partition_point(|begin| *begin <= start);
        let before = &self.text[self.lines[line - 1]..start];
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Span {
            file: Arc::clone(self.file),
            line: number(line),
            column: number(before.chars().count() + 1),
            start,
            end: start + first_line.len(),
        }
    }
}

/// Code, message and help for more levels than [`MAX_DEPTH`].
fn too_deep() -> (Code, String, Option<&'static str>) {
    (
        Code::TooComplex,
        format!("this is nested more than {MAX_DEPTH} levels deep"),
        Some("a policy needs seven levels at most; look for a bracket that is not closed"),
    )
}

fn explain(placer: &Placer<'_>, error: &Error) -> Diagnostic {
    use serde_saphyr::budget::BudgetBreach;

    let mut cause = error.without_snippet();
    while let Error::AliasError { error, .. } = cause {
        cause = error;
    }
    let (code, message, help) = match cause {
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } | Error::MultipleDocuments { .. } => (
            Code::SeveralDocuments,
            "this file holds more than one YAML document".to_owned(),
            Some("put what follows the line `---` into a file of its own"),
        ),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(),
        Error::Budget {
            breach:
                BudgetBreach::Anchors { .. }
                | BudgetBreach::Aliases { .. }
                | BudgetBreach::AliasAnchorRatio { .. }
                | BudgetBreach::RecordedAnchorEvents { .. },
            ..
        }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::RecursiveReferencesRequireWeakTypes { .. } => (
            Code::TooManyAnchors,
            "this file makes more use of anchors (`&name`) and aliases (`*name`) than a policy may"
                .to_owned(),
            Some("name people once under `groups` or `roles` instead, or write the entries out"),
        ),
        Error::Budget { .. } => (
            Code::TooComplex,
            "this file holds more than can be read safely".to_owned(),
            Some("split it into several files; all files below the policy directory belong together"),
        ),
        other => {
            let message = syntax_message(other);
            // The scanner has a limit of its own for brackets, and a text is all that it says about it.
            if message.ends_with("recursion limit exceeded") {
                too_deep()
            } else {
                (Code::Syntax, message, None)
            }
        }
    };
    let span = error.location().map_or_else(|| Span::start_of(placer.file), |at| placer.span(at));
    let help = help.unwrap_or_else(|| syntax_help(&message));
    Diagnostic::new(code, message).at(&span, "").help(help)
}

/// What to do about the parser's message, by words in it that stand for one kind of mistake.
fn syntax_help(message: &str) -> &'static str {
    const HELP: [(&[&str], &str); 6] = [
        (
            &["tabs disallowed", "tab"],
            "indent with blanks: YAML does not take tabs; editors can show and replace them",
        ),
        (
            &["mapping values are not allowed"],
            "a line before this one has a key without a blank after its colon, or this line is indented further than those \
             that it belongs to; a text with `: ` in it needs quotes",
        ),
        (
            &["unexpected character", "anchor or alias"],
            "put quotes around a text that begins with `*`, `&`, `@`, `!`, `%` or a backtick, as in `key: \"*\"`",
        ),
        (
            &["tag"],
            "remove the tag: all files below the policy directory belong together without being included",
        ),
        (&["unclosed quote"], "close the quote that begins here, on the same line"),
        (
            &["bracket", "flow mapping", "flow sequence"],
            "close brackets and braces in the order in which they were opened; what follows ` #` is a comment, unless it is \
             in quotes",
        ),
    ];
    HELP.iter().find(|(words, _)| words.iter().any(|word| message.contains(word))).map_or(
        "check the indentation and the quotes around here; titles with `: ` or ` #` in them, and text that begins with `*`, \
         `&`, `@`, `!` or `%`, need quotes",
        |(_, help)| help,
    )
}

/// The parser's own words, without the place, which the finding shows better.
fn syntax_message(error: &Error) -> String {
    let full = error.to_string();
    let line = full.lines().next().unwrap_or_default();
    let bare = line.find(" at line ").map_or(line, |at| &line[..at]);
    let bare = bare.strip_prefix("error: ").unwrap_or(bare);
    format!("this is not YAML: {}", bare.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;
    use crate::policy::load;

    /// A tree as an untyped value. Keys and scalars stay as they are written.
    fn value(node: &YamlNode) -> serde_yaml::Value {
        match &node.kind {
            NodeKind::Null => serde_yaml::Value::Null,
            NodeKind::Scalar(text, Scalar::Text) => serde_yaml::Value::String(text.clone()),
            NodeKind::Scalar(text, Scalar::Bool | Scalar::Number) => serde_yaml::from_str(text).unwrap(),
            NodeKind::List(items) => items.iter().map(value).collect(),
            NodeKind::Map(pairs) => serde_yaml::Value::Mapping(
                pairs.iter().map(|(key, item)| (value(key), value(item))).collect(),
            ),
        }
    }

    #[test]
    fn another_reader_reads_the_same() {
        let fixtures = Utf8PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/policy/valid");
        let mut files = 0;
        for folder in fixtures.read_dir_utf8().unwrap() {
            for (file, text) in load(folder.unwrap().path()).sources.iter() {
                let ours = value(&parse(file, text).unwrap());
                let theirs: serde_yaml::Value = serde_yaml::from_str(text).unwrap_or_default();
                assert_eq!(ours, theirs, "{file}");
                files += 1;
            }
        }
        assert!(files > 5, "{files}");
    }

    #[test]
    fn every_node_knows_its_place() {
        let file: Arc<Utf8Path> = Utf8PathBuf::from("a.yaml").into();
        let text = "größe: \"x\"\r\nlist:\r\n  - 0x1F\r\n";
        let NodeKind::Map(pairs) = parse(&file, text).unwrap().kind else { panic!() };
        let shown: Vec<(u32, u32, &str)> = pairs
            .iter()
            .flat_map(|(key, value)| [key, value])
            .map(|node| (node.span.line, node.span.column, &text[node.span.start..node.span.end]))
            .collect();
        assert_eq!(shown[..3], [(1, 1, "größe"), (1, 8, "\"x\""), (2, 1, "list")]);
        let NodeKind::List(items) = &pairs[1].1.kind else { panic!() };
        assert_eq!(items[0].kind, NodeKind::Scalar("0x1F".to_owned(), Scalar::Number));
        assert_eq!((items[0].span.line, items[0].span.column), (3, 5));
    }

    #[test]
    fn an_alias_is_blamed_where_it_stands() {
        let file: Arc<Utf8Path> = Utf8PathBuf::from("a.yaml").into();
        let NodeKind::Map(pairs) = parse(&file, "a: &x [1]\nb: *x\n").unwrap().kind else { panic!() };
        assert_eq!((pairs[1].1.span.line, pairs[1].1.span.column), (2, 4));
    }

    #[test]
    fn small_bombs_do_not_expand() {
        let file: Arc<Utf8Path> = Utf8PathBuf::from("a.yaml").into();
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let before = level - 1;
            bomb = format!("{bomb}a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 9].join(", "));
        }
        let finding = parse(&file, &bomb).unwrap_err();
        assert_eq!(finding.code, Code::TooManyAnchors, "{finding:?}");
    }
}
