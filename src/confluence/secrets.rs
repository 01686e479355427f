//! The secrets of a run, and how to find them in a text however they are written there. What a server or a proxy
//! repeats goes through here before anything is read from it, and everything that is printed goes through once
//! more.
//!
//! A run of [`RUN`] characters or more of a secret is taken out, whether it stands there plainly or is escaped as
//! in JSON, addresses or HTML, several times over, or broken into lines; base64 and hexadecimal digits are further
//! writings of the same secret. Shorter runs are not: they occur in ordinary words.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

use super::unescape::{Unit, plain, unescaped};

/// So many characters of a secret in a row are worth hiding.
const RUN: usize = 12;
/// Secrets that are shorter would tear ordinary words apart; no real token is that short.
const SHORTEST: usize = 8;
/// Escapes within escapes are followed this deep.
const DEPTH: usize = 4;
/// Texts are looked at in pieces of this many bytes, so that a large answer costs little memory.
const PIECE: usize = 64 * 1024;
/// Pieces overlap by this many bytes: more than a token takes that is escaped twice.
const OVERLAP: usize = 8 * 1024;

/// What stands where a secret was.
const MASK: &str = "***";

/// All secrets of a run, shared by those who read answers and those who print.
#[derive(Clone, Default)]
pub struct Secrets(Arc<RwLock<Runs>>);

impl Secrets {
    /// Adds a token, and the user name that signs in with it.
    pub fn add(&self, user: Option<&str>, token: &SecretString) {
        let mut runs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for writing in writings(user, token.expose_secret()) {
            runs.add(&writing);
        }
    }

    /// The text without any secret in it.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let runs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = runs.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut clean, mut done) = (String::with_capacity(text.len()), 0);
        for Range { start, end } in found {
            clean.push_str(&text[done..start]);
            clean.push_str(MASK);
            done = end;
        }
        clean.push_str(&text[done..]);
        Cow::Owned(clean)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(***)")
    }
}

/// The ways to write a token, without regard to escapes.
fn writings(user: Option<&str>, token: &str) -> Vec<String> {
    let mut writings = vec![token.to_owned()];
    let mut hexadecimal = String::new();
    for byte in token.bytes() {
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    writings.extend([hexadecimal.to_uppercase(), hexadecimal]);
    let signed = user.map(|user| format!("{user}:{token}"));
    for text in std::iter::once(token).chain(signed.as_deref()) {
        for shift in 0..3 {
            writings.extend(within_base64(text, shift));
        }
    }
    writings
}

/// The digits that a text has in base64 when `shift` other bytes stand before it, without the digits that depend
/// on its neighbours too.
fn within_base64(text: &str, shift: usize) -> [String; 2] {
    let bytes = [&vec![0; shift], text.as_bytes()].concat();
    let own = (shift * 8).div_ceil(6)..bytes.len() * 8 / 6;
    let digits = |all: String| all.get(own.clone()).unwrap_or_default().to_owned();
    [digits(STANDARD_NO_PAD.encode(&bytes)), digits(URL_SAFE_NO_PAD.encode(&bytes))]
}

/// What must not be found.
#[derive(Default)]
struct Runs {
    /// Every run of [`RUN`] bytes of a longer writing.
    long: HashSet<[u8; RUN]>,
    /// Whole writings that are shorter than that.
    short: Vec<Vec<u8>>,
    /// A bit for what the first four bytes of a run hash to: nearly every place in a text is ruled out by it.
    begins: Vec<u64>,
}

impl Runs {
    const BITS: u32 = 16;

    fn add(&mut self, writing: &str) {
        let bytes = writing.as_bytes();
        if bytes.len() < SHORTEST {
            return;
        }
        if self.begins.is_empty() {
            self.begins = vec![0; (1 << Self::BITS) / 64];
        }
        if bytes.len() < RUN {
            self.mark(bytes);
            self.short.push(bytes.to_vec());
        }
        for run in bytes.windows(RUN) {
            self.mark(run);
            self.long.extend(<[u8; RUN]>::try_from(run));
        }
    }

    fn mark(&mut self, run: &[u8]) {
        let (word, bit) = Self::place(run);
        if let Some(word) = self.begins.get_mut(word) {
            *word |= bit;
        }
    }

    fn place(run: &[u8]) -> (usize, u64) {
        let first = run.first_chunk().map_or(0, |first| u32::from_le_bytes(*first));
        let hash = first.wrapping_mul(0x9E37_79B1) >> (32 - Self::BITS);
        ((hash / 64) as usize, 1 << (hash % 64))
    }

    /// How long a secret is that begins here.
    fn length_at(&self, bytes: &[u8]) -> Option<usize> {
        let (word, bit) = Self::place(bytes);
        if self.begins.get(word).is_none_or(|word| word & bit == 0) {
            return None;
        }
        let long = bytes.first_chunk::<RUN>().filter(|run| self.long.contains(*run)).map(|_| RUN);
        long.or_else(|| self.short.iter().find(|short| bytes.starts_with(short)).map(Vec::len))
    }

    /// Where secrets are, in order, none touching the next.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        if self.begins.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let end = text.ceil_char_boundary((start + PIECE).min(text.len()));
            self.find_in(start, &text[start..end], &mut found);
            if end == text.len() {
                break;
            }
            start = text.floor_char_boundary(end - OVERLAP);
        }
        merged(found)
    }

    fn find_in(&self, start: usize, piece: &str, found: &mut Vec<Range<usize>>) {
        let mut units = plain(piece);
        for _ in 0..DEPTH {
            let bytes: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
            for at in 0..bytes.len() {
                if let Some(length) = self.length_at(&bytes[at..]) {
                    let Range { start: first, end } = Unit::place(units[at], units[at + length - 1]);
                    found.push(start + first..start + end);
                }
            }
            match unescaped(&units) {
                Some(next) => units = next,
                None => break,
            }
        }
    }
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "ann@example.com";
    const TOKEN: &str = "ATATT3xFfGF0-x_Zq/8+Lw=1A2B3C4D";

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        secrets.add(Some(USER), &TOKEN.into());
        secrets
    }

    fn each(escape: impl Fn(char) -> String) -> String {
        TOKEN.chars().map(escape).collect()
    }

    #[test]
    fn a_token_is_found_however_it_is_written() {
        let secrets = secrets();
        let some = |escape: fn(char) -> String| {
            each(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { escape(c) })
        };
        let percent = |c: char| format!("%{:02x}", c as u32);
        let unicode = |c: char| format!("\\u{:04X}", c as u32);
        let mut forms = vec![
            TOKEN.to_owned(),
            each(unicode),
            each(percent),
            some(unicode),
            some(percent),
            some(|c| format!("\\x{:02X}", c as u32)),
            some(|c| format!("\\u{{{:x}}}", c as u32)),
            some(|c| format!("\\{c}")),
            some(|c| format!("&#{};", c as u32)),
            some(|c| format!("&#x{:x};", c as u32)),
            // Twice.
            some(|c| format!("%25{:02x}", c as u32)),
            some(|c| format!("\\\\u{:04x}", c as u32)),
            some(|c| format!("\\u0025{:02x}", c as u32)),
            some(|c| format!("&amp;#{};", c as u32)),
            // Apart.
            each(|c| format!("{c} ")),
            each(|c| format!("{c}\\n")),
            each(|c| format!("{c}\u{200b}")),
            each(|c| format!("{c}\0")),
            each(|c| format!("{:02X}", c as u32)),
        ];
        for before in ["", "a", "ab", &format!("{USER}:"), &format!("x{USER}:"), &format!("xy{USER}:")] {
            let bytes = format!("{before}{TOKEN}zzz");
            forms.extend([STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]);
        }
        for form in forms {
            let text = format!("{{\"message\": \"You sent <{form}>.\"}}");
            let clean = secrets.scrub(&text);
            let masked = clean.replace(MASK, "");
            let left: String = masked.chars().filter(|c| !c.is_whitespace()).collect();
            let kept: usize = left.len() - "{\"message\":\"Yousent<>.\"}".len();
            // Of base64 also what belongs to the neighbours stays.
            assert!(clean.contains(MASK) && kept <= 12, "{form} left {clean}");
            assert!(left.starts_with("{\"message\":\"Yousent<") && left.ends_with(">.\"}"), "{clean}");
        }
    }

    #[test]
    fn a_part_of_a_token_is_one_as_well() {
        let secrets = secrets();
        assert_eq!(secrets.scrub(&format!("it ends in {}", &TOKEN[8..20])), "it ends in ***");
        assert_eq!(
            secrets.scrub(&format!("it ends in {}", &TOKEN[8..19])),
            format!("it ends in {}", &TOKEN[8..19])
        );
    }

    #[test]
    fn it_is_found_across_pieces_of_a_long_text() {
        let secrets = secrets();
        for before in
            (PIECE - 40..PIECE + 8).chain(2 * PIECE - OVERLAP - 40..2 * PIECE - OVERLAP + 8).step_by(5)
        {
            let text = format!("{}{TOKEN}{}", "ä".repeat(before / 2), "x".repeat(100));
            assert_eq!(secrets.scrub(&text), text.replace(TOKEN, MASK), "{before}");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let secrets = secrets();
        for text in
            ["", USER, "Runbooks", "100% \\o/ &amp; \\u00e9 %zz &#x; \\", "\u{1f469}\u{200d}\u{1f4bb}"]
        {
            assert_eq!(secrets.scrub(text), text);
        }
        assert_eq!(Secrets::default().scrub(TOKEN), TOKEN, "no one has said what is secret");
        assert_eq!(format!("{secrets:?}"), "Secrets(***)");
    }

    #[test]
    fn short_tokens_count_whole() {
        let secrets = Secrets::default();
        secrets.add(Some(USER), &"token-ann".into());
        assert_eq!(secrets.scrub("token-an is not token-ann"), "token-an is not ***");
        secrets.add(None, &"short".into());
        assert_eq!(secrets.scrub("short"), "short");
    }
}
