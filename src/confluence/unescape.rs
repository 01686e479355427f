//! Texts as bytes that remember where they stood, and one layer of escapes less at a time. Not a parser of any
//! format: what looks like an escape is taken for one, for those who look for something in every reading.

use std::ops::Range;

use crate::model::is_invisible;

/// A byte of a text, or what an escape stands for, with the place where that was written. There is one for each byte of
/// a text, so its places are small numbers: texts are looked at in pieces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) byte: u8,
    start: u32,
    end: u32,
}

impl Unit {
    pub(super) fn place(first: Self, last: Self) -> Range<usize> {
        first.start as usize..last.end as usize
    }
}

/// Stands for every character outside ASCII.
const OTHER: u8 = 0xff;

/// A text as it stands, without spaces, line breaks and what cannot be seen: a token has none, and an echo may
/// have been broken into lines.
pub(super) fn plain(text: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        let (start, end) = (place(start), place(start + c.len_utf8()));
        units.extend(byte(c).map(|byte| Unit { byte, start, end }));
    }
    units
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn byte(c: char) -> Option<u8> {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii_graphic() => Some(byte),
        _ if c.is_whitespace() || c.is_control() || is_invisible(c) => None,
        _ => Some(OTHER),
    }
}

/// The text with each escape replaced by what it stands for; `None` if there is none.
pub(super) fn unescaped(units: &[Unit]) -> Option<Vec<Unit>> {
    // Most texts have no escape, and each byte of an answer comes by here.
    if !units.iter().any(|unit| matches!(unit.byte, b'\\' | b'%' | b'&')) {
        return None;
    }
    let mut found = false;
    let mut next = Vec::with_capacity(units.len());
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        let escape = match unit.byte {
            b'\\' => backslash(&units[at..]),
            b'%' => number(&units[at + 1..], 16, 2, 2).map(|(code, length)| (code, length + 1)),
            b'&' => entity(&units[at..]),
            _ => None,
        };
        let Some((code, length)) = escape else {
            next.push(*unit);
            at += 1;
            continue;
        };
        found = true;
        let end = units[at + length - 1].end;
        let byte = char::from_u32(code).map_or(Some(OTHER), byte);
        next.extend(byte.map(|byte| Unit { byte, start: unit.start, end }));
        at += length;
    }
    found.then_some(next)
}

/// A number of so many digits, and how many it has.
fn number(units: &[Unit], radix: u32, least: usize, most: usize) -> Option<(u32, usize)> {
    let digits = units.iter().take(most).map_while(|unit| char::from(unit.byte).to_digit(radix));
    let (mut number, mut length) = (0, 0);
    for digit in digits {
        number = number * radix + digit;
        length += 1;
    }
    (length >= least).then_some((number, length))
}

/// `\u003d`, `\u{3d}`, `\x3d`, `\n`, and any other character that is escaped by a backslash alone.
fn backslash(units: &[Unit]) -> Option<(u32, usize)> {
    let behind = |number: Option<(u32, usize)>, before| number.map(|(code, length)| (code, length + before));
    match units.get(1)?.byte {
        b'u' if units.get(2).is_some_and(|unit| unit.byte == b'{') => {
            let (code, length) = number(&units[3..], 16, 1, 6)?;
            units.get(3 + length).filter(|unit| unit.byte == b'}').map(|_| (code, length + 4))
        }
        b'u' => behind(number(&units[2..], 16, 4, 4), 2),
        b'x' => behind(number(&units[2..], 16, 2, 2), 2),
        b'n' | b'r' | b't' | b'b' | b'f' => Some((u32::from(b'\n'), 2)),
        other if other.is_ascii_punctuation() => Some((u32::from(other), 2)),
        _ => None,
    }
}

/// `&#61;`, `&#x3d;` and the five names that XML has.
fn entity(units: &[Unit]) -> Option<(u32, usize)> {
    const NAMES: [(&[u8], u8); 5] =
        [(b"amp;", b'&'), (b"lt;", b'<'), (b"gt;", b'>'), (b"quot;", b'"'), (b"apos;", b'\'')];
    let rest = &units[1..];
    let is = |at: usize, byte: u8| rest.get(at).is_some_and(|unit| unit.byte == byte);
    if is(0, b'#') {
        let (radix, before) = if is(1, b'x') || is(1, b'X') { (16, 2) } else { (10, 1) };
        let (code, length) = number(rest.get(before..)?, radix, 1, 7)?;
        return is(before + length, b';').then_some((code, before + length + 2));
    }
    let named = |(name, byte): &(&[u8], u8)| {
        let fits = name.iter().enumerate().all(|(at, byte)| is(at, *byte));
        fits.then(|| (u32::from(*byte), name.len() + 1))
    };
    NAMES.iter().find_map(named)
}
