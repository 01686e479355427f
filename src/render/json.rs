//! JSON documents for programs, and for the people who look at them: what would not be seen is escaped.

use std::fmt::Write as _;

use crate::model::{is_command, is_invisible};
use crate::plan::Plan;

/// The plan, indented, with a line end. The form is described by `schemas/plan.schema.json`.
pub fn plan_as_json(plan: &Plan) -> Result<String, serde_json::Error> {
    Ok(all_seen(&(serde_json::to_string_pretty(plan)? + "\n")))
}

/// A JSON text with everything escaped that would not be seen, or that a CI host would obey. serde escapes control characters below U+0020 only;
/// a terminal obeys others too, and U+202E is no less deceptive in JSON.
pub(super) fn all_seen(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for (at, c) in json.char_indices() {
        if (c != '\n' && is_invisible(c)) || is_command(&json[at..]) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::all_seen;

    #[test]
    fn what_would_not_be_seen_is_escaped_and_read_back_the_same() {
        let names = ["a\u{202e}b\u{9b}\u{7f}\n", "\u{1f469}\u{200d}\u{1f4bb} ü", "\u{e0041}"];
        let text = all_seen(&serde_json::to_string_pretty(&names).unwrap());
        assert!(text.contains(r"a\u202eb\u009b\u007f\n"), "{text}");
        assert!(text.contains(r"\udb40\udc41"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !super::is_invisible(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), names);
    }
}
