//! The hash of a plan, as it is written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{InvalidId, text_form};

const BYTES: usize = 32;

/// SHA-256 of the meaning of a plan. Written as `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanHash([u8; BYTES]);

impl PlanHash {
    pub(in crate::plan) const fn of(hash: [u8; BYTES]) -> Self {
        Self(hash)
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PlanHash {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { text: text.to_owned(), expected: "`sha256:` and 64 hexadecimal digits" };
        let digits = text.strip_prefix("sha256:").ok_or_else(invalid)?;
        if digits.len() != 2 * BYTES || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let mut bytes = [0; BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

text_form!(PlanHash, { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = PlanHash([0xa5; BYTES]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let digits = "a5".repeat(BYTES);
        for text in [digits.as_str(), "sha256:", "sha256:a5", "", "plan.json"] {
            assert_eq!(text.parse::<PlanHash>().ok(), None, "{text}");
        }
        assert!(format!("sha256:{}é", "a".repeat(62)).parse::<PlanHash>().is_err());
    }
}
