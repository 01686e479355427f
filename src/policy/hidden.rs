//! Characters that no reviewer sees. A control that turns the direction of writing lets a line show one thing and
//! say another, a comment included ("Trojan Source", CVE-2021-42574); a character without width makes two names of
//! what looks like one.

use std::sync::Arc;

use camino::Utf8Path;

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::first_hidden;

/// The one finding about a file that holds such a character. A byte order mark at the beginning is none, and
/// neither are joiners where their script or an emoji has them.
pub(super) fn finding(file: &Arc<Utf8Path>, text: &str) -> Option<Diagnostic> {
    let mark = '\u{feff}'.len_utf8();
    let begin = if text.starts_with('\u{feff}') { mark } else { 0 };
    let (at, c) = first_hidden(&text[begin..])?;
    let (start, end) = (begin + at, begin + at + c.len_utf8());
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
    let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    let span = Span {
        line: number(before.bytes().filter(|byte| *byte == b'\n').count()),
        column: number(before[line_start..].chars().count()),
        start,
        end,
        ..Span::start_of(file)
    };
    let written = c.escape_unicode();
    Some(
        Diagnostic::new(
            Code::HiddenCharacter,
            format!("this file has a character that cannot be seen, `{written}`"),
        )
        .at(&span, "the first of them")
        .help("remove it; where a name in a policy has one, write the name in double quotes with \"\\u\" and four digits in its place"),
    )
}
