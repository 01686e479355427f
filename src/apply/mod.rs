//! Carries a plan out and verifies it: the only module that is handed something that can write.
//!
//! It makes no choices: what to do, and in which order, is the plan's business. Before each write it looks at
//! what is there ([`look`]) and leaves alone what others have changed; it finds out what became of a request
//! whose answer was lost ([`perform`]); it reads what was written again until it shows, and takes away what
//! came along ([`verify`]); and it hands on what it could not see ([`unverified`]). Whatever it writes goes
//! into the [`journal`] first.

mod change;
mod execute;
pub mod journal;
mod lag;
mod leftover;
mod look;
mod moments;
mod options;
mod outcome;
mod page;
mod perform;
mod queue;
mod recorded;
pub mod rest;
pub mod saved;
pub mod undo;
mod space;
pub mod unverified;
mod verify;

pub use change::ConcurrentChange;
pub use execute::{Event, Stop, apply};
pub use journal::{Journal, JournalError};
pub use options::{ApplyOptions, Forgotten, Precautions};
pub use outcome::{
    ApplyOutcome, CallFailure, CallResult, Mismatch, Status, UnlistedPermission, Verification,
};
pub use unverified::Unverified;
