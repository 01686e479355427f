//! Words of the language: roles and permissions for what somebody holds, and texts as YAML writes them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::model::{BuiltInRole, Permission, is_command, is_invisible};
use crate::policy::ast::{Policy, RoleName};
use crate::policy::roles::{Bundle, bundle};

/// A role of a policy with what it comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBundle {
    pub name: RoleName,
    pub bundle: Bundle,
}

/// The left side of a line of `access`. The order is that of an imported file: roles first, the largest of
/// the built-in ones at the top.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    BuiltIn(Reverse<BuiltInRole>),
    Role(String),
    Permission(Permission),
}

impl Word {
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(Reverse(role)) => role.as_str(),
            Self::Role(name) => name,
            Self::Permission(permission) => permission.as_str(),
        }
    }
}

impl From<&RoleName> for Word {
    fn from(role: &RoleName) -> Self {
        match role {
            RoleName::BuiltIn(role) => Self::BuiltIn(Reverse(*role)),
            RoleName::Custom(name) => Self::Role(name.clone()),
        }
    }
}

impl Policy {
    /// All roles that lines of this policy can name, the largest first.
    pub fn bundles(&self) -> Vec<NamedBundle> {
        let built_in = BuiltInRole::ALL.into_iter().map(RoleName::BuiltIn);
        let roles = built_in.chain(self.roles.keys().cloned().map(RoleName::Custom));
        let mut bundles: Vec<NamedBundle> =
            roles.map(|name| NamedBundle { bundle: bundle(&name, &self.roles), name }).collect();
        bundles.sort_by_key(|named| Reverse(named.bundle.required.len()));
        bundles
    }
}

/// The fewest words for what somebody holds: the largest role, further roles where they save words,
/// then single permissions.
pub(super) fn words<'a>(
    held: &BTreeSet<Permission>,
    bundles: impl IntoIterator<Item = &'a NamedBundle>,
) -> BTreeSet<Word> {
    let mut left = held.clone();
    let mut found = BTreeSet::new();
    for NamedBundle { name, bundle } in bundles {
        if bundle.required.is_subset(held) && bundle.required.intersection(&left).count() >= 2 {
            left.retain(|permission| {
                !bundle.required.contains(permission) && !bundle.tolerated.contains(permission)
            });
            found.insert(Word::from(name));
        }
    }
    found.extend(left.into_iter().map(Word::Permission));
    found
}

/// A text as a YAML scalar that every YAML reader takes for the same text.
pub fn scalar(text: &str) -> String {
    let plain_start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '~');
    let plain = plain_start
        && text.chars().all(|c| (c.is_alphanumeric() || " _./:@~+()-".contains(c)) && !is_invisible(c))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && text != "~"
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

/// JSON's form, with what is not seen, what a CI host would obey, and what YAML does not let stand in a text
/// written by its number.
fn quoted(text: &str) -> String {
    use std::fmt::Write as _;

    let json = serde_json::Value::from(text).to_string();
    let mut quoted = String::with_capacity(json.len());
    for (at, c) in json.char_indices() {
        let _ = match u32::from(c) {
            _ if !is_invisible(c) && !is_command(&json[at..]) => quoted.write_char(c),
            code @ ..=0xffff => write!(quoted, "\\u{code:04x}"),
            code => write!(quoted, "\\U{code:08x}"),
        };
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_quoted_when_a_reader_might_take_them_for_something_else() {
        for (text, expected) in [
            ("group:engineering", "group:engineering"),
            ("/Runbooks/On-call", "/Runbooks/On-call"),
            ("~5b10ac8d", "~5b10ac8d"),
            ("no", "\"no\""),
            ("~", "\"~\""),
            ("101", "\"101\""),
            ("/A: B", "\"/A: B\""),
            ("/A #1", "\"/A #1\""),
            ("/Say \"hi\"", "\"/Say \\\"hi\\\"\""),
            ("/A\u{85}\u{2028}B", "\"/A\\u0085\\u2028B\""),
        ] {
            assert_eq!(scalar(text), expected);
            let back: String = serde_yaml::from_str(&scalar(text)).unwrap();
            assert_eq!(back, text);
        }
    }
}
