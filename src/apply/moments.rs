//! Where a run may end of its own accord.
//!
//! Every state between two calls of a plan is as safe as its beginning and its end, but for the moments that it tells of:
//! what Confluence does by itself until the next call puts it right, and gaps that were accepted. A run that is told
//! to stop does not leave such a moment behind. It still makes the call that ends it, and what that call waits for.

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
