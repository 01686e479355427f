//! Values to bytes: text, JSON, unified diffs, findings. Pure.
//!
//! Text carries ANSI styles; whoever prints it takes them out where the stream does not want them.

mod access;
mod access_json;
mod access_tests;
mod access_who;
mod access_words;
mod call;
mod changes;
pub mod diagnostics;
mod diff;
mod effects;
mod guards;
mod json;
mod left_out;
mod order;
mod outcome;
mod page_only;
mod snapshot;
pub(crate) mod style;
mod text;
mod unmanaged;

pub use access::{Question, explanation_as_text, verdict_reason, verdict_word};
pub use access_json::{explanation_as_json, verdict_as_json, who_as_json};
pub use access_tests::{TestReport, TestedCheck, TestedState, tests_as_json, tests_as_text};
pub use access_who::who_as_text;
pub use access_words::SiteNames;
pub use diff::{plan_as_diff, plans_as_diff, text_diff};
pub use json::plan_as_json;
pub use left_out::left_out_lines;
pub use order::order_as_text;
pub use outcome::outcome_as_text;
pub use snapshot::{Snapshot, snapshot};
pub(crate) use text::why_unknown;
pub use text::{blocked_as_text, incomplete_as_text, plan_as_text};
