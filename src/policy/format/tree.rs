//! The tree that is laid out: values, each with the comments that belong to it.
//!
//! A comment on a line of its own belongs to what follows; at the end of a block it belongs to the
//! innermost block that it is indented like. A comment behind something belongs to the line.

use super::comments::{Comment, SourceText, find};
use crate::policy::keys::Inside;
use crate::policy::yaml::{Block, Form, WrittenNode};

/// A line of comment.
#[derive(Debug)]
pub(super) struct CommentLine {
    pub(super) text: String,
    pub(super) blank_before: bool,
    /// Something stood before it on its line.
    behind: bool,
}

/// An entry of a mapping or a list.
#[derive(Debug)]
pub(super) struct TreeEntry {
    pub(super) above: Vec<CommentLine>,
    /// Between it and what stands above, comments included.
    pub(super) blank_before: bool,
    /// `None` in a list.
    pub(super) key: Option<Word>,
    pub(super) body: Body,
    /// Behind it, on its first line.
    pub(super) aside: Option<String>,
}

/// A scalar that fits on a line.
#[derive(Debug)]
pub(super) enum Word {
    /// As it is written.
    Literal(String),
    Text(String),
}

#[derive(Debug)]
pub(super) enum Body {
    /// No value, but perhaps remarks in its place.
    Empty {
        foot: Vec<CommentLine>,
    },
    Word(Word),
    Block(BlockText),
    Collection(Collection),
}

/// Text in lines of its own.
#[derive(Debug)]
pub(super) struct BlockText {
    pub(super) folded: bool,
    /// Without the indentation that they have in common.
    pub(super) texts: Vec<String>,
    /// The line breaks at the end of the value.
    pub(super) breaks: usize,
}

/// A list or a mapping.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) is_map: bool,
    pub(super) brackets: bool,
    pub(super) inside: Inside,
    pub(super) entries: Vec<TreeEntry>,
    /// After the last entry.
    pub(super) foot: Vec<CommentLine>,
}

/// A whole document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) header: Vec<CommentLine>,
    /// A blank line after the header.
    pub(super) gap: bool,
    pub(super) root: Body,
    pub(super) foot: Vec<CommentLine>,
}

/// Gives each comment its place, and each key.
pub(super) fn arrange(text: &str, root: &WrittenNode, inside: Inside) -> Document {
    let mut arranger = Arranger { page: SourceText::new(text), comments: find(text, root), next: 0 };
    // Above a block stands the comment of its first entry, above anything else nothing but the header.
    let is_block = is_block(root) || matches!(root.form, Form::Empty);
    let mut header = if is_block { Vec::new() } else { arranger.before(root.span.start) };
    let mut gap = arranger.page.blank_before(root.span.start);
    let mut body = arranger.body(root, text.len(), inside, Room { remarks: 0, dashes: 0 });
    let mut foot = arranger.before(text.len());
    if let Body::Collection(collection) = &mut body {
        if is_block && let Some(first) = collection.entries.first_mut() {
            header = split_header(first);
            gap = true;
        }
        collection.sort();
        foot.splice(0..0, std::mem::take(&mut collection.foot));
    }
    Document { header, gap, root: body, foot }
}

/// What stands at the top of a file, up to the last blank line, is about the file and not about its first
/// entry.
fn split_header(first: &mut TreeEntry) -> Vec<CommentLine> {
    if first.blank_before {
        return std::mem::take(&mut first.above);
    }
    let begin = first.above.iter().rposition(|remark| remark.blank_before).unwrap_or(0);
    let rest = first.above.split_off(begin);
    std::mem::replace(&mut first.above, rest)
}

const fn is_block(node: &WrittenNode) -> bool {
    matches!(node.form, Form::List { brackets: false, .. } | Form::Map { brackets: false, .. })
}

impl Collection {
    fn sort(&mut self) {
        let inside = self.inside;
        self.entries.sort_by_key(|entry| entry.key.as_ref().map_or(0, |key| inside.rank(key.as_str())));
        for entry in &mut self.entries {
            if let Body::Collection(below) = &mut entry.body {
                below.sort();
            }
        }
    }

    /// Whether anything in it needs lines: a remark, or a blank line that the author put there.
    pub(super) fn needs_lines(&self) -> bool {
        !self.foot.is_empty()
            || self.entries.iter().enumerate().any(|(index, entry)| {
                !entry.above.is_empty()
                    || entry.aside.is_some()
                    || (entry.blank_before && index > 0)
                    || match &entry.body {
                        Body::Empty { foot } => !foot.is_empty(),
                        Body::Word(_) => false,
                        Body::Block(_) => true,
                        Body::Collection(below) => below.needs_lines(),
                    }
            })
    }
}

impl Word {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Text(text) => text,
        }
    }
}

/// The columns that belong to a block.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// The first for remarks. A list may stand as far left as the key that it belongs to; remarks that
    /// follow it there belong to the neighbours of the key.
    remarks: usize,
    /// The first for the dashes of a list: to the right of a dash on the same line.
    dashes: usize,
}

struct Arranger<'a> {
    page: SourceText<'a>,
    comments: Vec<Comment>,
    next: usize,
}

impl Arranger<'_> {
    /// The next comment, if it stands before a place.
    fn peek(&self, until: usize) -> Option<&Comment> {
        self.comments.get(self.next).filter(|comment| comment.start < until)
    }

    fn take(&mut self) -> CommentLine {
        let comment = &self.comments[self.next];
        self.next += 1;
        let behind = !comment.own_line;
        CommentLine { text: comment.text.clone(), blank_before: !behind && comment.blank_before, behind }
    }

    /// All comments before a place.
    fn before(&mut self, until: usize) -> Vec<CommentLine> {
        self.while_some(until, |_| true)
    }

    fn while_some(&mut self, until: usize, wanted: impl Fn(&Comment) -> bool) -> Vec<CommentLine> {
        let mut taken = Vec::new();
        while self.peek(until).is_some_and(&wanted) {
            taken.push(self.take());
        }
        taken
    }

    fn body(&mut self, node: &WrittenNode, until: usize, inside: Inside, room: Room) -> Body {
        match &node.form {
            Form::Empty => Body::Empty { foot: Vec::new() },
            Form::Literal(text) => Body::Word(Word::Literal(text.clone())),
            Form::Text(text) => Body::Word(Word::Text(text.clone())),
            Form::Block(block) => self.block(node, block),
            Form::List { brackets, items } => {
                let entries: Vec<(Option<&WrittenNode>, &WrittenNode)> =
                    items.iter().map(|item| (None, item)).collect();
                Body::Collection(self.collection(node, *brackets, &entries, until, inside, room))
            }
            Form::Map { brackets, pairs } => {
                let entries: Vec<(Option<&WrittenNode>, &WrittenNode)> =
                    pairs.iter().map(|(key, value)| (Some(key), value)).collect();
                let collection = self.collection(node, *brackets, &entries, until, inside, room);
                Body::Collection(Collection { is_map: true, ..collection })
            }
        }
    }

    fn block(&self, node: &WrittenNode, block: &Block) -> Body {
        let body = block.value.trim_end_matches('\n');
        if body.trim().is_empty() {
            return Body::Word(Word::Text(block.value.clone()));
        }
        let lines = if block.folded {
            // The value does not say where its lines were broken.
            let leading = body.len() - body.trim_start_matches('\n').len();
            let begin = node.span.start - self.page.before(node.span.start).len();
            let content = self.page.slice(begin, node.span.end).trim_end();
            let bare = content.split('\n').map(|line| {
                let indent = line.chars().take_while(|c| *c == ' ').count().min(block.column);
                line[indent..].to_owned()
            });
            std::iter::repeat_n(String::new(), leading).chain(bare).collect()
        } else {
            body.split('\n').map(str::to_owned).collect()
        };
        Body::Block(BlockText { folded: block.folded, texts: lines, breaks: block.value.len() - body.len() })
    }

    fn collection(
        &mut self,
        node: &WrittenNode,
        brackets: bool,
        entries: &[(Option<&WrittenNode>, &WrittenNode)],
        until: usize,
        inside: Inside,
        room: Room,
    ) -> Collection {
        let margin = self.margin(entries.first(), room.dashes).max(room.remarks);
        let until = if brackets { node.span.end.saturating_sub(1) } else { until };
        let mut arranged = Vec::new();
        for (index, (key, value)) in entries.iter().enumerate() {
            let next = entries.get(index + 1).map_or(until, |(key, value)| begin(*key, value));
            arranged.push(self.entry(*key, value, next, inside, (!brackets).then_some(margin)));
        }
        let foot = if brackets {
            self.before(until)
        } else {
            self.while_some(until, |comment| comment.own_line && comment.column >= margin)
        };
        Collection { is_map: false, brackets, inside, entries: arranged, foot }
    }

    /// The column of the entries of a block.
    fn margin(&self, first: Option<&(Option<&WrittenNode>, &WrittenNode)>, dashes: usize) -> usize {
        let Some((key, value)) = first else { return 0 };
        let begin = begin(*key, value);
        let mut before = self.page.before(begin);
        if before.trim().is_empty() {
            // The entry begins on a line below its dash.
            before = self.page.before(self.page.slice(0, begin).trim_end().len());
        }
        let mut lead = before.chars().take_while(|c| " -?".contains(*c)).enumerate();
        let dash = lead.find(|(at, c)| *c == '-' && *at >= dashes).filter(|_| key.is_none());
        dash.map_or_else(|| self.page.column(begin), |(at, _)| at)
    }

    fn entry(
        &mut self,
        key: Option<&WrittenNode>,
        value: &WrittenNode,
        until: usize,
        inside: Inside,
        margin: Option<usize>,
    ) -> TreeEntry {
        let begin = begin(key, value);
        let mut above = self.before(begin);
        let blank_before = margin.is_some() && self.page.blank_before(begin);
        let mut beside = Vec::new();
        let is_block = matches!(value.form, Form::Block(_));
        if key.is_some() {
            beside = self.beside_key(value);
        } else if is_block {
            // Behind the head of the text, which is no part of its place.
            beside.extend(above.pop_if(|last| last.behind));
        }
        let word = key.map(|key| match &key.form {
            Form::Literal(text) => Word::Literal(text.clone()),
            Form::Text(text) => Word::Text(text.clone()),
            // Refused when the document was read.
            Form::Empty | Form::Block(_) | Form::List { .. } | Form::Map { .. } => Word::Text(String::new()),
        });
        let below = match &word {
            Some(word) => inside.below(word.as_str()),
            // What is inside a list is inside each of its entries, but for the blank lines between them.
            None => Inside { apart: false, ..inside },
        };
        let seen = self.next;
        let right = margin.map_or(0, |margin| margin + 1);
        let room = Room { remarks: right, dashes: if key.is_some() { 0 } else { right } };
        let mut body = self.body(value, until, below, room);
        let line = self.peek(until).filter(|comment| {
            !is_block
                && !comment.own_line
                && self.page.same_line(value.span.end.min(comment.start), comment.start)
        });
        if line.is_some() {
            let remark = self.take();
            match &mut body {
                // Its entries have comments of their own by then, and order is kept.
                Body::Collection(collection) if !collection.entries.is_empty() && self.next > seen + 1 => {
                    collection.foot.push(remark);
                }
                Body::Empty { .. } | Body::Word(_) | Body::Block(_) | Body::Collection(_) => {
                    beside.push(remark);
                }
            }
        }
        if let (Body::Empty { foot }, Some(margin)) = (&mut body, margin) {
            *foot = self.while_some(until, |comment| comment.own_line && comment.column > margin);
        }
        if let Body::Collection(collection) = &mut body
            && collection.entries.is_empty()
        {
            beside.splice(0..0, std::mem::take(&mut collection.foot));
        }
        if let (None, Body::Collection(collection)) = (key, &mut body)
            && let Some(first) = collection.entries.first_mut()
        {
            // It will stand behind the dash, and nothing can stand between.
            beside.append(&mut first.above);
        }
        let aside = beside.pop_if(|last| last.behind).map(|remark| remark.text);
        above.extend(beside.into_iter().map(|remark| CommentLine { blank_before: false, ..remark }));
        TreeEntry { above, blank_before, key: word, body, aside }
    }

    /// Comments between a key and its value, as far as they are not about the first entry below.
    fn beside_key(&mut self, value: &WrittenNode) -> Vec<CommentLine> {
        if matches!(value.form, Form::Empty) {
            return Vec::new();
        }
        let between =
            self.comments[self.next..].iter().take_while(|comment| comment.start < value.span.start);
        let behind = between.clone().filter(|comment| !comment.own_line).last().map(|last| last.start);
        let until = if is_block(value) { behind.map_or(0, |last| last + 1) } else { value.span.start };
        self.before(until)
    }
}

/// Where an entry begins.
fn begin(key: Option<&WrittenNode>, value: &WrittenNode) -> usize {
    key.map_or(value.span.start, |key| key.span.start)
}
