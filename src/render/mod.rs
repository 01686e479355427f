//! Values to bytes: text, Markdown, annotations, SARIF, JSON, unified diffs. Pure.
//!
//! Text carries ANSI styles; the printer takes them out where the stream does not want them.

mod access;
mod access_tests;
mod access_who;
mod access_words;
mod annotations;
mod call;
mod codeowners;
pub mod diagnostics;
mod diff;
mod documents;
mod effects;
mod endings;
mod guards;
mod imported;
mod json;
mod left_out;
mod log;
mod markdown;
mod order;
mod outcome;
mod page_only;
mod patterns;
mod plan_text;
mod review;
mod sarif;
mod snapshot;
mod skipped;
pub(crate) mod style;
mod survey;
mod text;
mod titles;
mod undo;
mod unmanaged;

pub use access::{Question, explanation_as_text, verdict_reason, verdict_word};
pub use access_tests::{TestReport, TestedCheck, TestedState, tests_as_text};
pub use access_who::who_as_text;
pub use access_words::SiteNames;
pub use annotations::{
    Annotation, capped, findings_as_annotations, outcome_as_annotations, plan_as_annotations,
};
pub use codeowners::{LacksOwners, codeowners};
pub use diff::{plan_as_diff, plans_as_diff, text_diff};
pub use documents::{
    ApplyResult, FindingDocument, PolicySize, RunDocument, RunResult, apply_as_json, diagnoses_as_json,
    error_as_json, explanation_as_json, findings_as_json, lock_as_json, log_as_json, schemas, survey_as_json,
    tests_as_json, verdict_as_json, verdicts_as_json, who_as_json, who_of_pattern_as_json,
};
pub use effects::grown_groups;
pub use endings::ending_lines;
pub use imported::ImportSummary;
pub use json::plan_as_json;
pub use left_out::{left_out_lines, left_out_of_site};
pub use log::{log_as_text, record_as_text};
pub use markdown::plan_as_markdown;
pub use order::{beyond_plan, order_as_text, rejected_as_text};
pub use outcome::{
    change_in_words, concurrent_changes, outcome_as_summary, outcome_as_text, outcome_as_text_for,
};
pub use patterns::{verdicts_as_text, who_of_pattern_as_text};
pub use plan_text::{plan_as_summary, plan_as_text, plan_as_text_in};
pub use review::{Basis, View};
pub use sarif::findings_as_sarif;
pub use skipped::skipped_for_teams;
pub use snapshot::{Snapshot, snapshot};
pub use survey::{SurveyQuestion, survey_as_text};
pub(crate) use text::why_unknown;
pub use text::{account_refusals, blocked_as_text, incomplete_as_text, plan_in_a_line};
pub use titles::Titles;
pub use undo::not_given_back;
