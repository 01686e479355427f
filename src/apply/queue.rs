//! Which calls of a plan may start: those whose predecessors are settled, in the order of the plan.

use std::collections::BTreeMap;

use crate::plan::{CallId, Plan, PlannedCall};

/// Calls that are ready to start, and calls that wait for others.
pub(super) struct Queue<'a> {
    ready: BTreeMap<CallId, &'a PlannedCall>,
    waiting: BTreeMap<CallId, (&'a PlannedCall, usize)>,
    followers: BTreeMap<CallId, Vec<CallId>>,
}

impl<'a> Queue<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let mut queue = Self { ready: BTreeMap::new(), waiting: BTreeMap::new(), followers: BTreeMap::new() };
        for call in &plan.calls {
            if call.after.is_empty() {
                queue.ready.insert(call.id, call);
            } else {
                queue.waiting.insert(call.id, (call, call.after.len()));
            }
            for edge in &call.after {
                queue.followers.entry(edge.call).or_default().push(call.id);
            }
        }
        queue
    }

    /// The next call that is ready.
    pub(super) fn next(&mut self) -> Option<&'a PlannedCall> {
        self.ready.pop_first().map(|(_, call)| call)
    }

    /// The next of these calls that is ready.
    pub(super) fn next_of(&mut self, is_one: impl Fn(CallId) -> bool) -> Option<&'a PlannedCall> {
        let id = self.ready.keys().copied().find(|id| is_one(*id))?;
        self.ready.remove(&id)
    }

    /// Puts back a call that is ready but could not start yet.
    pub(super) fn put_back(&mut self, call: &'a PlannedCall) {
        self.ready.insert(call.id, call);
    }

    /// Lets those start that waited for a call, if they wait for no other.
    pub(super) fn release(&mut self, done: CallId) {
        for follower in self.followers.remove(&done).unwrap_or_default() {
            let Some((call, left)) = self.waiting.get_mut(&follower) else { continue };
            *left -= 1;
            if *left == 0 {
                self.ready.insert(follower, call);
                self.waiting.remove(&follower);
            }
        }
    }
}
