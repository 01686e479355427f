//! Exit codes, and which of two goes first. They are public: scripts and CI rely on them, and they say how the
//! run ended, never who read its output.

use std::process::ExitCode;

/// How a run ended. Of two ends the greater one is reported: a run that both failed and found the policy invalid
/// has found the policy invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or nothing to change.
    Done,
    /// `plan --detailed-exitcode` found changes.
    Changes,
    /// Nothing failed, but something that the policy declares was unknown or skipped when the plan was made.
    Incomplete,
    /// It failed, and nothing was changed; or `fmt --check` found files to format.
    Failed,
    /// Applied in part.
    Partial,
    /// A guard, a refused order, a failing access test, or an answer that is not a plain yes.
    Blocked,
    /// The policy is invalid.
    Invalid,
    /// Wrong usage of the command line.
    Usage,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Changes => 2,
            Self::Blocked => 3,
            Self::Invalid => 4,
            Self::Partial => 5,
            Self::Incomplete => 6,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_codes_stand_in_the_order_of_precedence() {
        let mut all = [
            Exit::Done,
            Exit::Failed,
            Exit::Changes,
            Exit::Blocked,
            Exit::Invalid,
            Exit::Partial,
            Exit::Incomplete,
            Exit::Usage,
        ];
        all.sort();
        all.reverse();
        assert_eq!(all.map(Exit::code), [64, 4, 3, 5, 1, 6, 2, 0]);
    }
}
