//! A hash, as it is written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use sha2::{Digest as _, Sha256};

use super::{InvalidId, text_form};

const BYTES: usize = 32;

/// A SHA-256. Written as `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; BYTES]);

impl Fingerprint {
    /// One that was computed already.
    pub const fn from_bytes(hash: [u8; BYTES]) -> Self {
        Self(hash)
    }

    /// Of one text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Of texts with their names, in the order given. No two different sequences are written the same.
    pub fn of_named<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut hasher = Sha256::new();
        for (name, text) in texts {
            hasher.update(format!("{} {}\n{name}\n{text}\n", name.len(), text.len()));
        }
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
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

text_form!(Fingerprint, { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = Fingerprint([0xa5; BYTES]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let digits = "a5".repeat(BYTES);
        for text in [digits.as_str(), "sha256:", "sha256:a5", "", "plan.json"] {
            assert_eq!(text.parse::<Fingerprint>().ok(), None, "{text}");
        }
        assert!(format!("sha256:{}é", "a".repeat(62)).parse::<Fingerprint>().is_err());
    }
}
