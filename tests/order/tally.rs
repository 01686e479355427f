//! Random cases, of which some are refused: a property that holds because nothing is planned does not count.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

use confperm::plan::{Plan, Refusal};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::fewest::cases;

/// What became of the cases of one property.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    planned: RefCell<usize>,
    refused: RefCell<BTreeMap<&'static str, usize>>,
    /// Of these there was a shorter way, or a way at all.
    not_the_fewest: RefCell<usize>,
}

impl Tally {
    /// Counts a plan, and says whether it is one that can be carried out.
    pub(crate) fn is_planned(&self, plan: &Plan) -> bool {
        match plan.refusals.first() {
            None => *self.planned.borrow_mut() += 1,
            Some(refusal) => *self.refused.borrow_mut().entry(word(refusal)).or_default() += 1,
        }
        plan.refusals.is_empty()
    }

    /// Counts a plan than which there is a shorter one.
    pub(crate) fn is_not_the_fewest(&self) {
        *self.not_the_fewest.borrow_mut() += 1;
    }
}

/// Tries a property on as many random cases. Of the plans, at most `percent` in a hundred may be refused.
#[expect(clippy::print_stdout, reason = "to be seen with --nocapture")]
pub(crate) fn holds<S: Strategy>(
    number: u32,
    percent: usize,
    strategy: &S,
    property: impl Fn(S::Value, &Tally) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    let tally = Tally::default();
    let mut runner = TestRunner::new(cases(number));
    runner.run(strategy, |case| property(case, &tally)).unwrap_or_else(|failed| panic!("{failed}"));
    let (planned, refused) = (tally.planned.take(), tally.refused.take());
    let not_the_fewest = tally.not_the_fewest.take();
    println!("{planned} planned, refused {refused:?}, {not_the_fewest} could be shorter");
    assert!(not_the_fewest * 200 <= planned, "of {planned} plans, {not_the_fewest} could be shorter");
    let all_refused: usize = refused.values().sum();
    assert!(all_refused * 100 <= (planned + all_refused) * percent, "{planned} planned, refused {refused:?}");
}

/// The name of a refusal in the JSON form of a plan.
pub(crate) const fn word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Lockout { .. } => "lockout",
        Refusal::NoAdmin { .. } => "no-admin",
        Refusal::NoSafeOrder { .. } => "no-safe-order",
        Refusal::NoOrder { .. } => "no-order",
        Refusal::Unfinishable { .. } => "unfinishable",
        Refusal::PageOnly { .. } => "page-only",
        Refusal::NeedsLeftOut { .. } => "needs-left-out",
        Refusal::OpensToUndecided { .. } => "opens-to-undecided",
    }
}
