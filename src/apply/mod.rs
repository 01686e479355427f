//! Carries a plan out and verifies it: the only module that is handed something that can write.
//!
//! It makes no choices: what to do, and in which order, is the plan's business. It settles what became
//! of a call whose answer was lost, goes on past an object that failed without starting what depends on
//! it, and at the end reads everything that it touched again. Whatever it writes goes into the [`journal`]
//! first.

mod execute;
pub mod journal;
mod outcome;
mod recorded;
mod settle;
mod verify;

pub use execute::{Event, Stop, apply};
pub use journal::{Journal, JournalError};
pub use outcome::{CallResult, Failure, Mismatch, Outcome, Status, Unlisted, Verification};
