//! Where a run that was asked to stop may stop.
//!
//! Every state between two calls of a plan is as safe as the states before and after it, except for the transient
//! states that the plan reports: side effects of Confluence until the next call reverts them, and accepted gaps. A
//! run that is asked to stop does not leave the site in one of these: it still makes the call that ends it, and the
//! calls that come before that one.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{CallId, Plan};

/// The moments of a plan.
pub(super) struct Moments {
    /// The call with which each begins, and the calls that it takes to end it.
    moments: Vec<(CallId, BTreeSet<CallId>)>,
}

impl Moments {
    pub(super) fn of(plan: &Plan) -> Self {
        let after: BTreeMap<CallId, Vec<CallId>> = if plan.meanwhile.is_empty() {
            BTreeMap::new()
        } else {
            let edges = |call: &crate::plan::PlannedCall| call.after.iter().map(|edge| edge.call).collect();
            plan.calls.iter().map(|call| (call.id, edges(call))).collect()
        };
        let moment = |moment: &crate::plan::Meanwhile| {
            let mut needed = BTreeSet::new();
            let mut open = vec![moment.until];
            while let Some(call) = open.pop() {
                if call > moment.from && needed.insert(call) {
                    open.extend(after.get(&call).into_iter().flatten());
                }
            }
            (moment.from, needed)
        };
        Self { moments: plan.meanwhile.iter().map(moment).collect() }
    }

    /// Whether a call ends a moment that has begun.
    pub(super) fn needs(&self, call: CallId, has_begun: impl Fn(CallId) -> bool) -> bool {
        self.moments.iter().any(|(from, needed)| needed.contains(&call) && has_begun(*from))
    }
}
