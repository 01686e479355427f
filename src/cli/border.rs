//! The last place that every text passes on its way out: no secret leaves here, and nothing that a terminal would
//! obey but our own colours. Names are made safe where they are read or drawn, which also keeps them on their line;
//! this catches what came another way, such as the lines of a file.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::confluence::Secrets;
use crate::model::harmless;

/// The text without secrets, and with everything visible that would not be seen.
pub(super) fn cleared(secrets: &Secrets, text: &str) -> String {
    let clean = secrets.scrub(text);
    let mut cleared = String::with_capacity(clean.len());
    let mut rest: &str = &clean;
    while !rest.is_empty() {
        let (plain, ours) = match rest.find(['\n', '\t', '\u{1b}']) {
            Some(at) => (at, layout(&rest[at..])),
            None => (rest.len(), 0),
        };
        // An escape that is not ours stays with the text before it.
        let plain =
            if ours == 0 { plain + rest[plain..].chars().next().map_or(0, char::len_utf8) } else { plain };
        cleared.push_str(&harmless(&rest[..plain]));
        cleared.push_str(&rest[plain..plain + ours]);
        rest = &rest[plain + ours..];
    }
    without_commands(&cleared)
}

/// A line that begins with `::`, after spaces too, is a command to a GitHub runner. None of ours does; findings begin
/// the place in a second file with `::: `, where the name of the command would be a colon.
fn without_commands(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut seen = line;
        loop {
            seen = seen.trim_start();
            match layout(seen) {
                0 => break,
                colour => seen = &seen[colour..],
            }
        }
        match seen.strip_prefix("::").filter(|command| !command.starts_with(": ")) {
            Some(rest) => lines.extend([&line[..line.len() - seen.len()], "\\u{3a}:", rest]),
            None => lines.push_str(line),
        }
    }
    lines
}

/// How many bytes at the beginning are a line break, a tab, or the escape sequence of a colour.
fn layout(text: &str) -> usize {
    if text.starts_with(['\n', '\t']) {
        return 1;
    }
    let Some(codes) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';');
    end.filter(|end| codes[*end..].starts_with('m')).map_or(0, |end| "\u{1b}[".len() + end + 1)
}

/// A writer of whole messages, cleared.
pub(super) struct Cleared<W> {
    secrets: Secrets,
    to: W,
}

impl<W> Cleared<W> {
    pub(super) const fn new(secrets: Secrets, to: W) -> Self {
        Self { secrets, to }
    }
}

impl<W: Write> Write for Cleared<W> {
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        let message_text: Cow<'_, str> = String::from_utf8_lossy(message);
        self.to.write_all(cleared(&self.secrets, &message_text).as_bytes())?;
        Ok(message.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_layout_stays_and_nothing_else_is_obeyed() {
        for (text, expected) in [
            ("", ""),
            ("a\n\tb\n", "a\n\tb\n"),
            ("\u{1b}[1;31mred\u{1b}[0m\n", "\u{1b}[1;31mred\u{1b}[0m\n"),
            ("\u{1b}[2Jx", r"\u{1b}[2Jx"),
            ("x\u{1b}", r"x\u{1b}"),
            ("\u{1b}]0;title\u{7}\n", "\\u{1b}]0;title\\u{7}\n"),
            ("a\r\n::error::b", "a\\u{d}\n\\u{3a}:error::b"),
            ("  ::: a.yaml:1:2\n  :::: b", "  ::: a.yaml:1:2\n  \\u{3a}::: b"),
            ("a\n \u{1b}[1m \t::error::b\n::\n: :", "a\n \u{1b}[1m \t\\u{3a}:error::b\n\\u{3a}:\n: :"),
            (r"group:eng\u{200b}", r"group:eng\u{200b}"),
            ("→ \u{202e}x\u{9b}31m", r"→ \u{202e}x\u{9b}31m"),
        ] {
            assert_eq!(cleared(&Secrets::default(), text), expected);
        }
    }
}
