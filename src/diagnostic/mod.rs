//! Findings: a code, a place in a file, a message and help, and the names that might have been meant.
//!
//! This module knows what a finding is. It does not know what is wrong with a policy (`policy` does)
//! nor what a finding looks like on a screen (`render` does).

mod code;
mod finding;
mod span;
mod suggest;

pub use code::Code;
pub use finding::{Diagnostic, Diagnostics, Label, Severity};
pub use span::{Sources, Span, Spanned};
pub use suggest::{did_you_mean, near_key};
