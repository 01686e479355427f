//! The end of a run in the middle: from some write on, the server is gone.

use std::str::FromStr;

use super::RuleError;

/// When the server closes every connection and answers nothing any more, which looks to the site like a
/// `kill -9` of the program that writes to it. Writes are counted from the moment the adversary is put in
/// place; those that the site refuses do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// Just before the n-th write is carried out, counting from 1: `before-write=3`.
    BeforeWrite(u64),
    /// Just after the n-th write was carried out; its answer is lost: `after-write=3`.
    AfterWrite(u64),
}

impl FromStr for Kill {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::Kill(text.to_owned());
        let (when, number) = text.split_once('=').ok_or_else(wrong)?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
        match when {
            "before-write" => Ok(Self::BeforeWrite(number)),
            "after-write" => Ok(Self::AfterWrite(number)),
            _ => Err(wrong()),
        }
    }
}
