//! What became of a plan as annotations: each reason why the site is not as the policy says, at the line that asked for
//! the call.

use crate::apply::ApplyOutcome;
use crate::plan::{Plan, PlannedCall};

use super::super::outcome::problems;
use super::super::titles::{Titles, with_titles};
use super::plan::plain;
use super::{Annotation, AnnotationLevel};

/// The title of what was not done, or not verified.
const PARTIAL: &str = "partial";

/// Nothing where everything was done and verified.
pub fn outcome_as_annotations(plan: &Plan, outcome: &ApplyOutcome, titles: Titles) -> Vec<Annotation> {
    let (plan, _) = with_titles(plan, titles);
    let origin = |planned: &PlannedCall| {
        planned.covers.iter().find_map(|change| plan.changes.get(*change)?.reason().origin())
    };
    let problems = problems(&plan, outcome);
    let annotation = |problem: &super::super::outcome::Problem<'_>| {
        let at = problem.call.and_then(origin);
        Annotation::of(AnnotationLevel::Error, Some(&PARTIAL), at, &plain(&problem.text))
    };
    problems.iter().map(annotation).collect()
}
