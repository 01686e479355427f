//! How a document is written: quotes, brackets, and where each piece begins and ends. For the formatter,
//! which keeps what the author chose; all others are content with [`YamlNode`].

use std::ops::Range;
use std::sync::Arc;

use camino::Utf8Path;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span as Place, StructureStyle};

use super::{NodeKind, Placer, Scalar, YamlNode, parse};
use crate::diagnostic::{Code, Diagnostic, Span};

/// One value of a document, as it is written.
#[derive(Debug)]
pub(crate) struct WrittenNode {
    /// All of a scalar without the head of a block scalar, of a list or mapping in brackets; from the first to the last entry of
    /// one without.
    pub(crate) span: Range<usize>,
    pub(crate) form: Form,
}

#[derive(Debug)]
pub(crate) enum Form {
    /// A key or a dash without a value.
    Empty,
    /// A number, a yes-or-no value or a null, letter by letter.
    Literal(String),
    Text(String),
    Block(Block),
    List {
        brackets: bool,
        items: Vec<WrittenNode>,
    },
    Map {
        brackets: bool,
        pairs: Vec<(WrittenNode, WrittenNode)>,
    },
}

/// Text in lines of its own, after `|` or `>`.
#[derive(Debug)]
pub(crate) struct Block {
    /// `>`: its lines are joined. Otherwise `|`.
    pub(crate) folded: bool,
    pub(crate) value: String,
    /// The column, counted from 0, from which its lines are content.
    pub(crate) column: usize,
}

/// Reads one document. What the formatter could not keep is refused with its place.
pub(crate) fn written(file: &Arc<Utf8Path>, text: &str) -> Result<(YamlNode, WrittenNode), Box<Diagnostic>> {
    let node = parse(file, text)?;
    let mut reader = EventReader {
        placer: Placer::new(file, text),
        events: Parser::new_from_str(text),
        ends_in_block: ends_in_block(text),
    };
    let (event, place) = reader.next()?;
    let root = if matches!(event, Event::StreamEnd) {
        WrittenNode { span: 0..0, form: Form::Empty }
    } else {
        reader.value(&node, event, place)?
    };
    Ok((node, root))
}

/// Whether a text ends within a line of a block (`|` or `>`), without a line break. Such a block has none at its
/// end either (YAML 1.2, 8.1.1.2: the end of the file takes the place of the chomped break), but the parser
/// adds one.
pub(super) fn ends_in_block(text: &str) -> bool {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    if last_line.is_empty() {
        return false;
    }
    let scalars = Parser::new_from_str(text).map_while(Result::ok).filter_map(|(event, place)| match event {
        Event::Scalar(_, style, ..) => Some((style, place)),
        _ => None,
    });
    scalars.last().is_some_and(|(style, place)| {
        let reaches_the_end = place.byte_range().is_some_and(|range| range.end >= text.len());
        // Blanks as far as the margin are an empty line, which is complete.
        let has_content = last_line.chars().count() > place.start.col();
        matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) && reaches_the_end && has_content
    })
}

struct EventReader<'a> {
    placer: Placer<'a>,
    events: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    ends_in_block: bool,
}

impl<'a> EventReader<'a> {
    /// The next event that is about a value, or the end.
    fn next(&mut self) -> Result<(Event<'a>, Place), Box<Diagnostic>> {
        loop {
            match self.events.next() {
                None => return Ok((Event::StreamEnd, Place::default())),
                Some(Ok((Event::DocumentStart(_, Some(_)), place))) => {
                    return Err(Box::new(self.refuse(&place, "a directive")));
                }
                Some(Ok((Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _))) => {}
                Some(Ok((event, place))) => return Ok((event, place)),
                // The same text has been read once already.
                Some(Err(error)) => {
                    return Err(Box::new(Diagnostic::new(
                        Code::Syntax,
                        format!("this is not YAML: {error}"),
                    )));
                }
            }
        }
    }

    fn value(
        &mut self,
        node: &YamlNode,
        event: Event<'a>,
        place: Place,
    ) -> Result<WrittenNode, Box<Diagnostic>> {
        let span = place.byte_range().unwrap_or_default();
        match event {
            Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(_, 1.., _)
            | Event::MappingStart(_, 1.., _)
            | Event::Alias(_) => Err(Box::new(self.refuse(&place, "an anchor or an alias"))),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => Err(Box::new(self.refuse(&place, "a tag"))),
            Event::Scalar(value, style, ..) => {
                let folded = style == ScalarStyle::Folded;
                let form = match (style, &node.kind) {
                    (ScalarStyle::Plain, _) if span.is_empty() => Form::Empty,
                    (
                        ScalarStyle::Plain,
                        NodeKind::Null | NodeKind::Scalar(_, Scalar::Bool | Scalar::Number),
                    ) => Form::Literal(self.placer.text[span.clone()].to_owned()),
                    (ScalarStyle::Literal | ScalarStyle::Folded, _) => {
                        let mut value = value.into_owned();
                        if self.ends_in_block && span.end >= self.placer.text.len() {
                            value.truncate(value.strip_suffix('\n').map_or(value.len(), str::len));
                        }
                        Form::Block(Block { folded, value, column: place.start.col() })
                    }
                    (ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, _) => {
                        Form::Text(value.into_owned())
                    }
                };
                Ok(WrittenNode { span, form })
            }
            Event::SequenceStart(style, ..) => {
                let nodes: &[YamlNode] = if let NodeKind::List(nodes) = &node.kind { nodes } else { &[] };
                let mut items = Vec::new();
                let end = loop {
                    match (self.next()?, nodes.get(items.len())) {
                        ((Event::SequenceEnd | Event::StreamEnd, end), _) => break end,
                        ((event, place), node) => {
                            let node =
                                node.ok_or_else(|| Box::new(self.refuse(&place, "an unusual list")))?;
                            items.push(self.value(node, event, place)?);
                        }
                    }
                };
                let brackets = style == StructureStyle::Flow;
                let span = extent(brackets, span, &end, items.last());
                Ok(WrittenNode { span, form: Form::List { brackets, items } })
            }
            Event::MappingStart(style, ..) => {
                let nodes: &[(YamlNode, YamlNode)] =
                    if let NodeKind::Map(nodes) = &node.kind { nodes } else { &[] };
                let mut pairs: Vec<(WrittenNode, WrittenNode)> = Vec::new();
                let end = loop {
                    match (self.next()?, nodes.get(pairs.len())) {
                        ((Event::MappingEnd | Event::StreamEnd, end), _) => break end,
                        ((event, place), pair) => {
                            let (key, value) =
                                pair.ok_or_else(|| Box::new(self.refuse(&place, "an unusual key")))?;
                            let key = self.value(key, event, place)?;
                            if !matches!(key.form, Form::Text(_) | Form::Literal(_)) {
                                return Err(Box::new(self.refuse(&place, "a key that is no simple name")));
                            }
                            let (event, place) = self.next()?;
                            pairs.push((key, self.value(value, event, place)?));
                        }
                    }
                };
                let brackets = style == StructureStyle::Flow;
                let span = extent(brackets, span, &end, pairs.last().map(|(_, value)| value));
                Ok(WrittenNode { span, form: Form::Map { brackets, pairs } })
            }
            _ => Err(Box::new(self.refuse(&place, "something unusual"))),
        }
    }

    fn refuse(&self, place: &Place, what: &str) -> Diagnostic {
        let span = place.byte_range().unwrap_or_default();
        let location = self.placer.place(span);
        unformattable(&location, what)
    }
}

/// Where a list or mapping begins and ends.
fn extent(brackets: bool, begin: Range<usize>, end: &Place, last: Option<&WrittenNode>) -> Range<usize> {
    let last = last.map_or(begin.end, |last| last.span.end);
    let end = end.byte_range().map_or(last, |end| end.end);
    begin.start..if brackets { end.max(last) } else { last }
}

/// A finding about what the formatter leaves alone.
fn unformattable(span: &Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::LeftUnformatted, format!("`fmt` does not change this file, because it holds {what}"))
        .at(span, "")
        .help("write it out in plain YAML; a policy has no need of anchors, tags, directives or keys that are lists")
}
