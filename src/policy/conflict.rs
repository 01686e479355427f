//! What git leaves in a file when both sides of a merge changed the same lines.

use std::sync::Arc;

use camino::Utf8Path;

use crate::diagnostic::{Code, Diagnostic, Span};

const MARKS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// The first conflict marker of a text: seven of its sign at the left margin, and then nothing or a blank.
pub(super) fn marker(file: &Arc<Utf8Path>, text: &str) -> Option<Span> {
    let mut start = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let bare = line.trim_end();
        let rest = MARKS.iter().find_map(|mark| bare.strip_prefix(mark));
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
            return Some(Span { line: number, start, end: start + bare.len(), ..Span::start_of(file) });
        }
        start += line.len();
    }
    None
}

/// The one finding about a file with conflict markers: whatever else seems wrong with it follows from them.
pub(super) fn finding(marker: &Span) -> Diagnostic {
    Diagnostic::new(Code::MergeConflict, "this file has conflict markers of a merge that is not finished")
        .at(marker, "the first of them")
        .help(
            "decide which side is right, remove the lines that begin with `<<<<<<<`, `|||||||`, `=======` and \
             `>>>>>>>`, and commit the result",
        )
}
