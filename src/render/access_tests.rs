//! What the access tests of a policy came to.

use std::fmt::Write as _;

use crate::access::{Asker, Explanation, Object, Verb, Verdict};
use crate::model::{Desired, Origin, SiteText, visible};

use super::access::{self, Question};
use super::access_words::{SiteNames, reason_words};
use super::style::{ADD, CHANGE, FAINT, REMOVE, count, paint};

/// A test with all its checks.
#[derive(Debug)]
pub struct TestReport {
    pub name: String,
    pub origin: Origin,
    pub checks: Vec<TestedCheck>,
}

/// One person, one verb, one object.
#[derive(Debug)]
pub struct TestedCheck {
    pub asker: Asker,
    pub verb: Verb,
    pub object: Object,
    /// Whether they should be able to.
    pub expected: bool,
    pub origin: Origin,
    pub verdict: Verdict,
    /// The site's own reasons where it was asked itself; `None` where the engine answered.
    pub by_site: Option<Vec<SiteText>>,
    /// Only where it failed.
    pub explanation: Option<Explanation>,
}

impl TestedCheck {
    /// A promise that cannot be shown to hold does not hold.
    pub const fn passed(&self) -> bool {
        matches!((&self.verdict, self.expected), (Verdict::Allowed, true) | (Verdict::Denied(_), false))
    }
}

impl TestReport {
    pub fn passed(&self) -> bool {
        self.checks.iter().all(TestedCheck::passed)
    }
}

/// What was tested.
#[derive(Debug, Clone, Copy)]
pub struct TestedState<'a> {
    pub names: SiteNames<'a>,
    pub desired: Option<&'a Desired>,
    pub planned: bool,
}

impl<'a> TestedState<'a> {
    pub(super) fn question(&self, check: &'a TestedCheck) -> Question<'a> {
        Question {
            names: self.names,
            verb: check.verb,
            object: &check.object,
            asker: Some(&check.asker),
            desired: self.desired.and_then(|desired| desired.spaces.get(check.object.space())),
            planned: self.planned,
        }
    }
}

/// A line for each test, and an explanation of what failed.
pub fn tests_as_text(reports: &[TestReport], state: TestedState<'_>) -> String {
    let mut text = String::new();
    for report in reports {
        let checks = count(report.checks.len(), "check", "checks");
        let (sign, rest) = if report.passed() {
            (paint(ADD, "ok  "), own_answers(report, state.planned))
        } else {
            (paint(REMOVE, "FAIL"), report.origin.to_string())
        };
        let rest = if rest.is_empty() { String::new() } else { format!("  {}", paint(FAINT, &rest)) };
        let _ = writeln!(text, "{sign}  {}  {}{rest}", visible(&report.name), paint(FAINT, &checks));
        for check in report.checks.iter().filter(|check| !check.passed()) {
            failure(check, state, &mut text);
        }
    }
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let all = count(reports.len(), "test", "tests");
    let site = if state.planned { "the site as planned" } else { "the site as it is" };
    let outcome = match failed {
        0 => format!("{all}, all passed"),
        failed => format!("{all}, {failed} failed"),
    };
    let _ = writeln!(text, "\n{outcome}, on {site}.");
    text
}

/// On the live site, what was not answered by the site itself.
fn own_answers(report: &TestReport, planned: bool) -> String {
    let own = report.checks.iter().filter(|check| check.by_site.is_none()).count();
    if planned || own == 0 { String::new() } else { format!("{own} answered by confperm, not by the site") }
}

fn failure(check: &TestedCheck, state: TestedState<'_>, text: &mut String) {
    let question = state.question(check);
    let (who, deed) = (question.asker_words(), question.deed_words());
    let should = if check.expected { "should" } else { "should not" };
    let answer = match check.verdict {
        Verdict::Allowed => paint(REMOVE, "allowed"),
        Verdict::Denied(_) => paint(REMOVE, "denied"),
        Verdict::Unknown(_) => paint(CHANGE, "unknown"),
    };
    let by = match (&check.by_site, state.planned) {
        (Some(_), _) => ", says the site",
        (None, false) => ", says confperm, since the site has no check for it",
        (None, true) => "",
    };
    let _ = writeln!(
        text,
        "      {who} {should} be able to {deed}: {answer}{by}  {}",
        paint(FAINT, &check.origin.to_string())
    );
    for reason in check.by_site.iter().flatten() {
        let _ = writeln!(text, "      \"{}\"", reason.shown());
    }
    if let Verdict::Unknown(reasons) = &check.verdict {
        for reason in reasons {
            let _ = writeln!(text, "      {}", reason_words(reason, &state.names));
        }
    }
    if let Some(explanation) = &check.explanation {
        let mut table = String::new();
        access::levels(&explanation.levels, &question, &mut table);
        for line in table.lines() {
            let _ = writeln!(text, "      {line}");
        }
    }
}
