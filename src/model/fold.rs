//! How names compare: the one place that says when two spellings are one name.
//!
//! People see no difference between a composed and a decomposed umlaut, between a blank and a no-break space, or with
//! and without a blank at the end; editors, spreadsheets and operating systems change one into the other unasked. So
//! these are one name, of whatever kind of thing. What a reader can see counts: upper and lower case, and two blanks
//! in place of one.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// A name without the differences that are not seen: composed (NFC), every blank a plain one, none around it.
///
/// A policy holds names in this form, and names from the site are compared in it ([`SiteText::is_called`]).
///
/// [`SiteText::is_called`]: super::SiteText::is_called
pub fn folded(name: &str) -> Cow<'_, str> {
    let trimmed = name.trim();
    if trimmed.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(trimmed);
    }
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(trimmed);
    if composed.contains(is_other_blank) {
        Cow::Owned(composed.chars().map(|c| if is_other_blank(c) { ' ' } else { c }).collect())
    } else {
        composed
    }
}

/// A blank that is not the plain one. Line breaks and tabs are seen.
fn is_other_blank(c: char) -> bool {
    c.is_whitespace() && !c.is_ascii() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether two spellings are one name.
pub fn is_same_name(one: &str, other: &str) -> bool {
    // Most names are ASCII without blanks around them, and a site has many.
    let is_plain = |name: &str| {
        name.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !name.starts_with(' ') && !name.ends_with(' ')
    };
    if is_plain(one) && is_plain(other) {
        return one == other;
    }
    let (one, other) = (one.trim(), other.trim());
    one == other || (!(one.is_ascii() && other.is_ascii()) && folded(one) == folded(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_does_not_count() {
        for (one, other) in [
            ("Externals ", "Externals"),
            ("\u{a0}Externals\u{a0}", "Externals"),
            ("U\u{308}bersicht", "\u{dc}bersicht"),
            ("Release\u{a0}plan", "Release plan"),
            ("Release\u{202f}plan", "Release plan"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        ] {
            assert!(is_same_name(one, other), "{one:?} {other:?}");
            assert_eq!(folded(&folded(one)), folded(one), "{one:?}");
        }
    }

    #[test]
    fn what_is_seen_counts() {
        for (one, other) in [
            ("Externals", "externals"),
            ("a  b", "a b"),
            ("a\tb", "a b"),
            ("\u{fb01}n", "fin"),
            ("a", "\u{430}"),
        ] {
            assert!(!is_same_name(one, other), "{one:?} {other:?}");
        }
    }
}
