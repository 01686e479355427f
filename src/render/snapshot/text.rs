//! Texts of the site in a state file: whatever cannot be seen, would begin a line or would command a CI host stands
//! there as an escape, which reads back as the same text.
//!
//! The library that writes YAML escapes what YAML forbids, and lets pass what readers obey: it writes bidi controls
//! as they are and a line break as a line. So such characters are given to it as marks made of controls, which it
//! does escape, in double quotes; [`finish`] puts the escape in the place of the mark.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::model::characters;

/// A mark, as it is given to the library, and as it comes out.
const MARK: [&str; 2] = ["\u{1}\u{2}", r"\x01\x02"];
const END: [&str; 2] = ["\u{3}", r"\x03"];

/// A text of the site.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text(String);

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&marked(&self.0))
    }
}

fn marked(text: &str) -> Cow<'_, str> {
    // A text may hold the letters of a mark that came out.
    let imitates = text.contains(MARK[1]);
    // A key begins its line, and at the beginning of a line this is a command to a GitHub runner.
    let commands = text.starts_with("::");
    if !imitates && !commands && characters(text).all(|(_, _, is_seen)| is_seen) {
        return Cow::Borrowed(text);
    }
    let mut marked = String::with_capacity(text.len());
    for (at, c, is_seen) in characters(text) {
        if is_seen && c != '\\' && !(commands && at == 0) {
            marked.push(c);
        } else {
            let _ = write!(marked, "{}{:x}{}", MARK[0], u32::from(c), END[0]);
        }
    }
    Cow::Owned(marked)
}

/// The file with escapes in the places of marks.
pub(super) fn finish(yaml: &str) -> String {
    let mut pieces = yaml.split(MARK[1]);
    let mut finished = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once(END[1]).unwrap_or((piece, ""));
        let code = u32::from_str_radix(code, 16).unwrap_or_default();
        let _ = match code {
            ..=0xff => write!(finished, r"\x{code:02X}"),
            0x100..=0xffff => write!(finished, r"\u{code:04X}"),
            _ => write!(finished, r"\U{code:08X}"),
        };
        finished.push_str(rest);
    }
    finished
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// As keys, as values and in lists.
        #[test]
        fn every_text_reads_back_and_stays_on_its_line(
            texts in prop::collection::vec(
                r"([a-z '\-:#]|\\|\\x01|\\x02|\\x03|\x01|\x02|\x03|\n|\r|\t|\u{85}|\u{9b}|\u{202e}|\u{2028}|\u{e0041}|\u{feff}|##vso\[|::e|é|日|👩|\u{200d}){0,8}",
                1..4,
            )
        ) {
            let file: BTreeMap<Text, Vec<Text>> =
                texts.iter().map(|text| (Text(text.clone()), vec![Text(text.clone())])).collect();
            let yaml = finish(&serde_yaml::to_string(&file).unwrap());
            let read: BTreeMap<String, Vec<String>> = serde_yaml::from_str(&yaml).unwrap();
            let expected: BTreeMap<String, Vec<String>> =
                texts.iter().map(|text| (text.clone(), vec![text.clone()])).collect();
            prop_assert_eq!(read, expected, "{}", yaml);
            for line in yaml.lines() {
                prop_assert!(characters(line).all(|(_, _, is_seen)| is_seen), "{line:?}");
                prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
            }
        }
    }
}
