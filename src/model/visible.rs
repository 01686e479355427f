//! Texts that others wrote, made safe to print: on one line, with everything visible that cannot be seen, that
//! turns the direction of what stands around it, or that a terminal would obey.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_general_category::{GeneralCategory, get_general_category};

use super::{folded, is_same_name};

/// A text from the site that has not been made safe: a title, or what people, groups, spaces and roles are called.
/// It cannot be displayed; [`Self::shown`] is the way to print it, and [`Self::raw`] is for comparing, for files in
/// a format that quotes, and for requests.
///
/// In documents it is the text as the site has it: they quote by themselves.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(with = "String", description = "A text as the site has it.")]
pub struct SiteText(Box<str>);

impl SiteText {
    /// The text as the site has it.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text as a policy names it.
    pub fn folded(&self) -> Cow<'_, str> {
        folded(&self.0)
    }

    /// Whether a policy means this by a name.
    pub fn is_called(&self, name: &str) -> bool {
        is_same_name(&self.0, name)
    }

    /// The text for people.
    pub fn shown(&self) -> Shown {
        Shown(visible(&self.0).into())
    }
}

impl<T: Into<Box<str>>> From<T> for SiteText {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SiteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", visible(&self.0))
    }
}

/// A text that is safe to print. Only [`visible`] makes one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(
    with = "String",
    description = "A text for people. What would not be seen, or would act on a terminal, stands in it as `\\u{202e}`."
)]
pub struct Shown(Box<str>);

impl Shown {
    pub fn of(text: &str) -> Self {
        Self(visible(text).into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Documents hold texts that have been shown; nothing in them is to be trusted for that.
impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self(harmless(&text).into())
    }
}

impl From<Shown> for String {
    fn from(text: Shown) -> Self {
        text.0.into()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The text on one line, with `\u{202e}` and the like for what would not be seen as what it is. Two texts that
/// differ look different, as far as characters do that are seen.
pub fn visible(text: &str) -> Cow<'_, str> {
    // What looks like one of our escapes must not be taken for one.
    escaped(text, |rest| rest.starts_with("\\u{"))
}

/// The text as [`visible`] gives it, where what has been made visible already may stand in it.
pub fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Whether a text begins with a command to Azure Pipelines, `TeamCity` or an older GitHub runner, which they obey in the
/// middle of a line: `##vso[task.setvariable …]`, `##[error]`.
pub fn is_command(rest: &str) -> bool {
    rest.strip_prefix("##")
        .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('['))
}

/// The text with everything escaped that must be, and what `also` says of the rest of the text.
fn escaped(text: &str, also: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let is_plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '\\' | '#');
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for (at, c, is_seen) in characters(text) {
        if is_seen && !also(&text[at..]) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "{}", c.escape_unicode());
        }
    }
    if escaped == text { Cow::Borrowed(text) } else { Cow::Owned(escaped) }
}

/// The characters of a text with their places, and whether each may stand as it is where people or CI hosts read:
/// it is seen, or belongs to how its neighbours are written, and begins no command.
pub fn characters(text: &str) -> impl Iterator<Item = (usize, char, bool)> {
    let mut before = None;
    text.char_indices().map(move |(at, c)| {
        let rest = &text[at..];
        let is_seen = (!is_invisible(c) || belongs(before, rest)) && !is_command(rest);
        before = Some(c);
        (at, c, is_seen)
    })
}

/// Whether a character leaves no mark of its own, or one that looks like a plain space, or moves what stands around
/// it. The general categories say so for controls, format characters (bidi controls, zero-width characters, tags)
/// and separators; the others are default-ignorable or blank although they count as letters, marks or symbols.
pub fn is_invisible(c: char) -> bool {
    // A space as wide as an ideograph is seen as one.
    if matches!(c, ' '..='~' | '\u{3000}') {
        return false;
    }
    is_hidden(c)
        || matches!(
            get_general_category(c),
            GeneralCategory::SpaceSeparator
                | GeneralCategory::Unassigned
                | GeneralCategory::PrivateUse
                | GeneralCategory::Surrogate
        )
}

/// The first character of a text that takes no room, or moves what stands around it, and is no part of how its
/// neighbours are written; with the byte where it stands. Tabs and line breaks of a file are none.
pub fn first_hidden(text: &str) -> Option<(usize, char)> {
    let mut before = None;
    for (at, c) in text.char_indices() {
        if is_hidden(c) && !matches!(c, '\t' | '\n' | '\r') && !belongs(before, &text[at..]) {
            return Some((at, c));
        }
        before = Some(c);
    }
    None
}

/// Whether a character leaves no mark at all.
fn is_hidden(c: char) -> bool {
    match c {
        ' '..='~' => false,
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}' => true,
        _ => matches!(
            get_general_category(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        ),
    }
}

/// Whether an invisible character at the beginning of `rest` is part of how its neighbours are written: a joiner
/// within a word of a script that has joiners, or within an emoji, and the selector that makes one of a symbol.
fn belongs(before: Option<char>, rest: &str) -> bool {
    let mut rest = rest.chars();
    let (Some(before), Some(this)) = (before, rest.next()) else { return false };
    let is_next = |wanted: fn(char) -> bool| rest.clone().next().is_some_and(wanted);
    match this {
        '\u{200c}' if joins(before) => is_next(joins),
        '\u{200d}' => (joins(before) && is_next(joins)) || (is_emoji(before) && is_next(is_emoji)),
        '\u{fe0e}' | '\u{fe0f}' => is_symbol(before) || is_next(|next| next == '\u{20e3}'),
        _ => false,
    }
}

/// Letters and marks of the scripts in which joiners change how a word is written: those of the Near East, of South
/// and South-East Asia, and Mongolian. Between Latin, Greek or Cyrillic letters a joiner is of no use but to deceive.
fn joins(c: char) -> bool {
    let has_joiners = matches!(c,
        '\u{590}'..='\u{109f}' | '\u{1700}'..='\u{1cff}' | '\u{a800}'..='\u{abff}' | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}' | '\u{10a00}'..='\u{11fff}' | '\u{1e900}'..='\u{1e95f}');
    has_joiners && !is_invisible(c)
}

fn is_emoji(c: char) -> bool {
    c == '\u{fe0f}' || matches!(c, '\u{1f3fb}'..='\u{1f3ff}') || is_symbol(c)
}

fn is_symbol(c: char) -> bool {
    let symbol =
        matches!(get_general_category(c), GeneralCategory::OtherSymbol | GeneralCategory::MathSymbol);
    !c.is_ascii() && !is_invisible(c) && (symbol || matches!(c, '\u{203c}' | '\u{2049}' | '\u{3030}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_and_what_is_invisible_is_shown() {
        for (text, shown) in [
            ("a\nb", r"a\u{a}b"),
            ("\r::error::x", r"\u{d}::error::x"),
            ("\u{1b}[2J\u{7}", r"\u{1b}[2J\u{7}"),
            ("\u{9b}31m\u{85}", r"\u{9b}31m\u{85}"),
            ("\u{7f}\u{b}\u{c}\t", r"\u{7f}\u{b}\u{c}\u{9}"),
            ("abc\u{202e}fdp", r"abc\u{202e}fdp"),
            ("\u{2066}x\u{2069}\u{200f}\u{61c}", r"\u{2066}x\u{2069}\u{200f}\u{61c}"),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            ("eng\u{200b}\u{feff}\u{ad}", r"eng\u{200b}\u{feff}\u{ad}"),
            ("ad\u{200d}m\u{200c}in", r"ad\u{200d}m\u{200c}in"),
            ("a\u{a0}b\u{2003}", r"a\u{a0}b\u{2003}"),
            ("\u{3164}\u{2800}\u{e0041}", r"\u{3164}\u{2800}\u{e0041}"),
            ("x\u{fe0f}\u{e0100}\u{34f}", r"x\u{fe0f}\u{e0100}\u{34f}"),
            ("\u{200d}\u{1f4bb}", "\\u{200d}\u{1f4bb}"),
            ("a ##vso[task.setvariable variable=x]b", r"a \u{23}#vso[task.setvariable variable=x]b"),
            ("###[error]", r"#\u{23}#[error]"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(Shown::from(shown.to_owned()).as_str(), shown, "shown once is shown for good");
            assert_eq!(Shown::from(text.to_owned()).as_str(), shown);
            assert_eq!(format!("{:?}", SiteText::from(text)), format!("{shown:?}"));
        }
    }

    #[test]
    fn writing_stays_as_it_is() {
        for text in [
            "",
            "Runbooks & more (2026) – “quoted”",
            r"DOMAIN\users",
            "C# and ## [link]",
            "Büro, čeština, Ελληνικά, кириллица, 日本語\u{3000}東京, 한국어, עברית, العربية",
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष",
            "\u{1f469}\u{200d}\u{1f4bb} \u{1f469}\u{1f3fd}\u{200d}\u{2695}\u{fe0f} \u{2764}\u{fe0f} 1\u{fe0f}\u{20e3}",
            "e\u{301}",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn a_text_cannot_pretend_to_have_been_escaped() {
        assert_eq!(visible(r"eng\u{200b}"), r"eng\u{5c}u{200b}");
        assert_ne!(visible(r"eng\u{200b}"), visible("eng\u{200b}"));
    }
}
