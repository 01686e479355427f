//! Identifiers. Each kind of thing has its own type; a text becomes an id only by being checked.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::text_form;
use super::visible::is_invisible;

/// A text that is not an id of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    pub text: String,
    pub expected: &'static str,
}

/// Ids that Confluence numbers: 64-bit integers, written as strings by the v2 API and as numbers by v1.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u64);

        impl $name {
            /// For numbers that already come from a checked place, such as a v1 answer.
            pub const fn from_number(number: u64) -> Self {
                Self(number)
            }

            pub const fn number(self) -> u64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                match text.parse() {
                    Ok(number) if digits => Ok(Self(number)),
                    _ => Err(InvalidId { text: text.to_owned(), expected: $expected }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        text_form!($name, { "type": "string" });
    };
}

/// Ids that Confluence treats as opaque text. Cheap to clone.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        text_form!($name, { "type": "string" });
    };
}

fn is_opaque(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.chars().any(|c| c.is_whitespace() || is_invisible(c))
}

numbered!(
    /// The number of a space. Stable when the space is renamed or re-keyed.
    SpaceId,
    "the number of a space"
);
numbered!(
    /// The number of a page, blog post, folder, whiteboard, database or embed.
    ContentId,
    "the number of a page"
);
numbered!(
    /// The number of one row of a space's permissions; what a DELETE names.
    GrantId,
    "the number of a space permission"
);
named!(
    /// The key of a space, such as `ENG`, or `~5b10ac8d…` for a personal space.
    SpaceKey,
    "a space key (letters, digits and `~ - _ .`)",
    |text| {
        !text.is_empty()
            && text.len() <= 255
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "~-_.:".contains(c))
    }
);
named!(
    /// An Atlassian account id (Cloud), or a user key (Data Center). App accounts have one too.
    AccountId,
    "an account id",
    is_opaque
);
named!(
    /// The id of a group. It stays when the group is renamed. Data Center knows groups by name only, so
    /// there the name is the id, and may hold spaces.
    GroupId,
    "a group id",
    |text| !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control)
);
named!(
    /// The id of a space role. It differs from site to site, even for the built-in roles.
    RoleId,
    "the id of a space role",
    is_opaque
);

named!(
    /// A label of pages. Confluence keeps labels in lower case, and without blanks and punctuation.
    PageLabel,
    "a label (no blanks, and none of `! # & ( ) * , . : ; < > ? @ [ ] ^`)",
    |text| is_opaque(text) && !text.contains(|c: char| "!#&()*,.:;<>?@[]^".contains(c) || c.is_uppercase())
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!("101".parse::<SpaceId>().unwrap().number(), 101);
        for text in ["", "+1", "-1", "1 ", "0x1F", "99999999999999999999"] {
            assert!(text.parse::<SpaceId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn labels_are_as_confluence_keeps_them() {
        for text in ["runbook", "on-call", "q3_2026", "à-la-carte", "手順"] {
            assert!(text.parse::<PageLabel>().is_ok(), "{text:?}");
        }
        for text in ["", "Runbook", "on call", "a,b", "my:own", "*", "run*"] {
            assert!(text.parse::<PageLabel>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn space_keys_cannot_leave_their_place_in_an_address() {
        assert!("~5b10ac8d".parse::<SpaceKey>().is_ok());
        for text in ["", "A/B", "A?b", "A B", "..\\", "A%2F"] {
            assert!(text.parse::<SpaceKey>().is_err(), "{text:?}");
        }
    }
}
