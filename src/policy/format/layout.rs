//! The tree as lines.

use super::tree::{BlockText, Body, Collection, CommentLine, Document, TreeEntry, Word};
use crate::model::columns::width;
use crate::policy::yaml::{Around, scalar};

/// What a line may hold, without a comment behind it.
const WIDTH: usize = 100;
const INDENT: usize = 2;
/// Blanks before a comment behind something, at least.
const BESIDE: usize = 2;

#[derive(Debug)]
enum LayoutLine {
    Blank,
    Comment {
        indent: usize,
        text: String,
    },
    Code {
        indent: usize,
        text: String,
        aside: Option<String>,
    },
    /// A line of text that is kept as it is.
    Raw(String),
}

/// Writes a document.
pub(super) fn lay_out(document: Document) -> String {
    let mut page = Page::default();
    let gap = document.gap && !document.header.is_empty();
    page.remarks(document.header, 0);
    if gap {
        page.blank();
    }
    match document.root {
        Body::Empty { .. } => {}
        Body::Word(word) => page.code(0, write(&word, Around::Block), None),
        // The root has no line on which the head of a block could stand.
        Body::Block(lines) => page.block(0, "", &lines, None),
        Body::Collection(collection) => match inline(&collection).filter(|text| fits(0, text)) {
            Some(text) => page.code(0, text, None),
            None => page.entries(collection, 0),
        },
    }
    page.remarks(document.foot, 0);
    page.print()
}

fn write(word: &Word, around: Around) -> String {
    match word {
        Word::Literal(text) => text.clone(),
        Word::Text(text) => scalar(text, around),
    }
}

fn fits(before: usize, text: &str) -> bool {
    before + width(text) <= WIDTH
}

/// A list or a mapping on one line, if that is how it is written: lists of words always, and what else the
/// author put in brackets.
fn inline(collection: &Collection) -> Option<String> {
    let words = !collection.is_map
        && !collection.entries.is_empty()
        && collection.entries.iter().all(|entry| matches!(entry.body, Body::Word(_)));
    if collection.needs_lines() || !(words || collection.brackets) {
        return None;
    }
    let mut entries = Vec::new();
    for entry in &collection.entries {
        let value = match &entry.body {
            Body::Word(word) => write(word, Around::Brackets),
            Body::Empty { .. } => "null".to_owned(),
            Body::Collection(below) => inline(below)?,
            Body::Block(_) => return None,
        };
        entries.push(match &entry.key {
            Some(key) => format!("{}: {value}", write(key, Around::Brackets)),
            None => value,
        });
    }
    let entries = entries.join(", ");
    Some(if collection.is_map { format!("{{{entries}}}") } else { format!("[{entries}]") })
}

#[derive(Debug, Default)]
struct Page {
    lines: Vec<LayoutLine>,
}

impl Page {
    /// A blank line, unless it is there already or would stand at the top.
    fn blank(&mut self) {
        match self.lines.last() {
            None | Some(LayoutLine::Blank) => {}
            // The text of a block goes on to its last line break.
            Some(LayoutLine::Raw(text)) if text.trim().is_empty() => {}
            Some(LayoutLine::Raw(_) | LayoutLine::Comment { .. } | LayoutLine::Code { .. }) => {
                self.lines.push(LayoutLine::Blank);
            }
        }
    }

    fn code(&mut self, indent: usize, text: String, aside: Option<String>) {
        self.lines.push(LayoutLine::Code { indent, text, aside });
    }

    fn remarks(&mut self, remarks: Vec<CommentLine>, indent: usize) {
        for remark in remarks {
            if remark.blank_before {
                self.blank();
            }
            self.lines.push(LayoutLine::Comment { indent, text: remark.text });
        }
    }

    /// Remarks in the place of a value.
    fn instead(&mut self, mut remarks: Vec<CommentLine>, indent: usize) {
        if let Some(first) = remarks.first_mut() {
            first.blank_before = false;
        }
        self.remarks(remarks, indent);
    }

    fn entries(&mut self, collection: Collection, indent: usize) {
        let apart = collection.inside.apart;
        let mut last_was_long = false;
        for (index, entry) in collection.entries.into_iter().enumerate() {
            let mut page = Self::default();
            // Blank lines at the top of a page go away: there is none at the beginning of a block.
            let blank =
                index > 0 && entry.above.first().map_or(entry.blank_before, |first| first.blank_before);
            page.entry(entry, indent);
            let long = page.lines.len() > 1;
            if blank || (apart && index > 0 && (long || last_was_long)) {
                self.blank();
            }
            last_was_long = long;
            self.lines.append(&mut page.lines);
        }
        self.remarks(collection.foot, indent);
    }

    fn entry(&mut self, entry: TreeEntry, indent: usize) {
        self.remarks(entry.above, indent);
        if entry.blank_before {
            self.blank();
        }
        let Some(key) = &entry.key else { return self.item(entry.body, entry.aside, indent) };
        let head = format!("{}:", write(key, Around::Block));
        match entry.body {
            Body::Empty { foot } => {
                self.code(indent, head, entry.aside);
                self.instead(foot, indent + INDENT);
            }
            Body::Word(word) => {
                self.code(indent, format!("{head} {}", write(&word, Around::Block)), entry.aside);
            }
            Body::Block(lines) => self.block(indent, &head, &lines, entry.aside),
            Body::Collection(collection) => {
                let line = inline(&collection).map(|text| format!("{head} {text}"));
                if let Some(line) = line.filter(|line| collection.entries.is_empty() || fits(indent, line)) {
                    self.code(indent, line, entry.aside);
                } else {
                    self.code(indent, head, entry.aside);
                    self.entries(collection, indent + INDENT);
                }
            }
        }
    }

    /// An entry of a list.
    fn item(&mut self, body: Body, aside: Option<String>, indent: usize) {
        match body {
            Body::Empty { foot } => {
                self.code(indent, "-".to_owned(), aside);
                self.instead(foot, indent + INDENT);
            }
            Body::Word(word) => self.code(indent, format!("- {}", write(&word, Around::Block)), aside),
            Body::Block(lines) => self.block(indent, "-", &lines, aside),
            Body::Collection(collection) => {
                let line = inline(&collection).map(|text| format!("- {text}"));
                if let Some(line) = line.filter(|line| collection.entries.is_empty() || fits(indent, line)) {
                    return self.code(indent, line, aside);
                }
                if let Some(text) = aside {
                    self.lines.push(LayoutLine::Comment { indent, text });
                }
                let mut page = Self::default();
                page.entries(collection, indent + INDENT);
                // The dash stands before the first entry; what stands above that moves above the dash.
                for line in &mut page.lines {
                    match line {
                        LayoutLine::Comment { indent: at, .. } => *at = indent,
                        LayoutLine::Code { indent: at, text, .. } => {
                            *at = indent;
                            text.insert_str(0, "- ");
                            break;
                        }
                        LayoutLine::Blank | LayoutLine::Raw(_) => {}
                    }
                }
                self.lines.append(&mut page.lines);
            }
        }
    }

    /// Text in lines of its own, below `head`.
    fn block(&mut self, indent: usize, head: &str, block: &BlockText, aside: Option<String>) {
        let style = if block.folded { '>' } else { '|' };
        // Without it, blanks at the beginning would be taken for indentation.
        let first = block.texts.iter().find(|line| !line.is_empty());
        let width = if first.is_some_and(|line| line.starts_with(' ')) { "2" } else { "" };
        let end = match block.breaks {
            0 => "-",
            1 => "",
            _ => "+",
        };
        self.code(indent, format!("{head} {style}{width}{end}").trim_start().to_owned(), aside);
        let margin = " ".repeat(indent + INDENT);
        for line in &block.texts {
            self.lines.push(LayoutLine::Raw(if line.is_empty() {
                String::new()
            } else {
                format!("{margin}{line}")
            }));
        }
        for _ in 1..block.breaks {
            self.lines.push(LayoutLine::Raw(String::new()));
        }
    }

    /// The text. Comments behind neighbouring lines begin in the same column.
    fn print(self) -> String {
        let mut text = String::new();
        let mut columns = self.columns().into_iter();
        for line in &self.lines {
            let column = columns.next().unwrap_or(0);
            match line {
                LayoutLine::Blank => {}
                LayoutLine::Comment { indent, text: comment } => {
                    text.extend(std::iter::repeat_n(' ', *indent));
                    text.push_str(comment);
                }
                LayoutLine::Code { indent, text: code, aside } => {
                    text.extend(std::iter::repeat_n(' ', *indent));
                    text.push_str(code);
                    if let Some(aside) = aside {
                        let width = indent + width(code);
                        text.extend(std::iter::repeat_n(' ', column.saturating_sub(width).max(BESIDE)));
                        text.push_str(aside);
                    }
                }
                LayoutLine::Raw(raw) => text.push_str(raw),
            }
            text.push('\n');
        }
        text
    }

    /// For each line the column at which a comment behind it begins.
    fn columns(&self) -> Vec<usize> {
        let beside = |line: &LayoutLine| match line {
            LayoutLine::Code { indent, text, aside: Some(_) } => Some(indent + width(text) + BESIDE),
            _ => None,
        };
        let widths: Vec<Option<usize>> = self.lines.iter().map(beside).collect();
        let runs = widths.chunk_by(|a, b| a.is_some() == b.is_some());
        runs.flat_map(|run| {
            let column = run.iter().flatten().copied().max().unwrap_or(0);
            std::iter::repeat_n(column, run.len())
        })
        .collect()
    }
}
