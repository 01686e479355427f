//! What the access tests of a policy came to.

use schemars::JsonSchema;
use serde::Serialize;

use super::access::{Answered, AskedState};
use super::{DocumentBody, write};
use crate::model::{Origin, SiteText};
use crate::render::access_tests::{TestReport, TestedCheck, TestedState};

#[derive(Serialize, JsonSchema)]
pub(super) struct TestDocument {
    state: AskedState,
    /// Whether all tests passed.
    passed: bool,
    tests: Vec<TestResult>,
}

#[derive(Serialize, JsonSchema)]
struct TestResult {
    name: String,
    declared: Origin,
    passed: bool,
    checks: Vec<CheckResult>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct CheckResult {
    #[serde(flatten)]
    answered: Answered,
    expected: ExpectedAnswer,
    passed: bool,
    answered_by: AnsweredBy,
    declared: Origin,
    /// The site's own reasons, where it was asked itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<SiteText>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ExpectedAnswer {
    Can,
    Cannot,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum AnsweredBy {
    Site,
    Confperm,
}

impl DocumentBody for TestDocument {
    const KIND: &'static str = "test";
}

/// Every check with its answer.
pub fn tests_as_json(reports: &[TestReport], state: TestedState<'_>) -> String {
    let check = |check: &TestedCheck| CheckResult {
        answered: Answered::of(&check.verdict, &state.question(check)),
        expected: if check.expected { ExpectedAnswer::Can } else { ExpectedAnswer::Cannot },
        passed: check.passed(),
        answered_by: if check.by_site.is_some() { AnsweredBy::Site } else { AnsweredBy::Confperm },
        declared: check.origin.clone(),
        reasons: check.by_site.clone(),
    };
    let test = |report: &TestReport| TestResult {
        name: report.name.clone(),
        declared: report.origin.clone(),
        passed: report.passed(),
        checks: report.checks.iter().map(check).collect(),
    };
    write(TestDocument {
        state: AskedState::of(state.planned),
        passed: reports.iter().all(TestReport::passed),
        tests: reports.iter().map(test).collect(),
    })
}
