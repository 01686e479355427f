//! How a word is written: plain where every reader of YAML takes it for text, in quotes otherwise. What cannot be seen,
//! or would command a CI host, is written by its number.

use crate::model::characters;

/// Where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    /// In brackets or braces, where commas and brackets end a plain word.
    Brackets,
    Block,
}

/// A text that every reader of YAML takes for the same text.
pub(crate) fn scalar(text: &str, around: Around) -> String {
    if is_plain(text, around) { text.to_owned() } else { quoted(text) }
}

/// Single quotes where they save escapes, double quotes otherwise.
fn quoted(text: &str) -> String {
    let escapes = text.contains(['"', '\\']);
    if escapes && !text.contains('\'') && is_printable(text) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for (_, c, is_seen) in characters(text) {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_seen && is_allowed(c) => quoted.push(c),
            c => quoted.push_str(&escape(c)),
        }
    }
    quoted.push('"');
    quoted
}

/// A character by its number, as double quotes have it.
fn escape(c: char) -> String {
    match u32::from(c) {
        number @ ..=0xFF => format!("\\x{number:02X}"),
        number @ ..=0xFFFF => format!("\\u{number:04X}"),
        number => format!("\\U{number:08X}"),
    }
}

/// Whether all of a text may stand as it is, and is seen. Joiners and the selectors of emoji may where they belong.
fn is_printable(text: &str) -> bool {
    characters(text).all(|(_, c, is_seen)| is_seen && is_allowed(c))
}

/// What YAML lets stand in quotes as it is.
const fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
        | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn is_plain(text: &str, around: Around) -> bool {
    let mut chars = text.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else { return false };
    let begins = match first {
        '-' => second.is_some_and(|second| second.is_alphanumeric() || second == '/'),
        first => !"!\"#%&'*,:>?@[]`{|}".contains(first),
    };
    // Older readers take more for a mark in brackets than they should.
    let after_colons = || text.split(':').skip(1).filter_map(|after| after.chars().next());
    let brackets = around == Around::Brackets
        && (text.contains([',', '[', ']', '{', '}', '?'])
            || after_colons().any(|c| !c.is_alphanumeric() && !"/._~".contains(c)));
    begins
        && text.trim() == text
        && is_printable(text)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.starts_with("...")
        && !brackets
        && !is_more_than_text(text)
}

/// Whether some reader of YAML takes it for something else than text when it stands without quotes. Dates
/// stay plain: this language has no others, and none but very old readers make anything else of them.
fn is_more_than_text(text: &str) -> bool {
    const WORDS: [&str; 15] = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "<<", "=", "nan", "inf", "infinity",
    ];
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches(['+', '-', '.']);
    if WORDS.contains(&lower.as_str()) || WORDS.contains(&bare) {
        return true;
    }
    let based = ["0x", "0o", "0b"].iter().any(|base| bare.starts_with(base));
    let digits = bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.chars().all(|c| c.is_ascii_digit() || "_.:+-e".contains(c));
    (based || digits) && !is_date(text)
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain_where_no_reader_takes_them_for_anything_else() {
        for (text, shown) in [
            ("group:sre", "group:sre"),
            ("712020:a0000000-0000-4000-8000-000000000002", "712020:a0000000-0000-4000-8000-000000000002"),
            ("5b10ac8d82e05b22cc7d4e01", "5b10ac8d82e05b22cc7d4e01"),
            ("2027-01-31", "2027-01-31"),
            ("/Runbooks/On-call", "/Runbooks/On-call"),
            ("it's", "it's"),
            ("no", "\"no\""),
            ("12:30", "\"12:30\""),
            ("5e10", "\"5e10\""),
            ("1234", "\"1234\""),
            ("", "\"\""),
            ("**", "\"**\""),
            ("a: b", "\"a: b\""),
            ("#1", "\"#1\""),
            ("say \"yes\"", "say \"yes\""),
            ("\"yes\"", "'\"yes\"'"),
            ("\"it's\"", "\"\\\"it's\\\"\""),
            ("a\nb\u{1}\u{2028}", "\"a\\nb\\x01\\u2028\""),
        ] {
            assert_eq!(scalar(text, Around::Brackets), shown);
        }
        assert_eq!(scalar("a, b", Around::Block), "a, b");
        assert_eq!(scalar("a, b", Around::Brackets), "\"a, b\"");
    }
}
