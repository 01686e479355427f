//! What access hangs on, as data: an access is open while all its gates are, and each gate knows in which states
//! it is open and in which it is closed.
//!
//! A state is a set of calls that are done. What is known of it here is always of the form "these calls are done,
//! and those are pending".

use crate::model::ContentId;

/// A partial state: these calls done, those pending. Both ascending.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct State {
    pub(super) done: Vec<usize>,
    pub(super) pending: Vec<usize>,
}

impl State {
    fn done(call: usize) -> Self {
        Self { done: vec![call], pending: Vec::new() }
    }

    fn pending(call: usize) -> Self {
        Self { done: Vec::new(), pending: vec![call] }
    }

    /// Both at once, unless they contradict each other.
    fn and(&self, other: &Self) -> Option<Self> {
        let both = |one: &[usize], other: &[usize]| {
            if one.is_empty() || other.is_empty() {
                return [one, other].concat();
            }
            let mut both: Vec<usize> = one.iter().chain(other).copied().collect();
            both.sort_unstable();
            both.dedup();
            both
        };
        let (done, pending) = (both(&self.done, &other.done), both(&self.pending, &other.pending));
        let contradiction = done.iter().any(|call| pending.binary_search(call).is_ok());
        (!contradiction).then_some(Self { done, pending })
    }
}

/// All ways to be in one state of each of these sets at once.
fn product<'s>(sets: impl IntoIterator<Item = &'s [State]>) -> Vec<State> {
    let mut states = vec![State::default()];
    for set in sets {
        states = states.iter().flat_map(|state| set.iter().filter_map(|more| state.and(more))).collect();
    }
    states
}

/// A row of the space that is there before, after, or both.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) before: bool,
    pub(super) after: bool,
    /// What makes it appear, or disappear. With several, it may do so with each of them: a row that stands twice
    /// may be gone with the first deletion or with the last, and a companion comes with its producer, or does not.
    pub(super) calls: Vec<usize>,
    /// Whether calls are known that do so more directly than those that are looked at now.
    pub(super) is_explained: bool,
}

/// One condition of an access, for one atom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    /// Whether it is open before and after.
    pub(super) before: bool,
    pub(super) after: bool,
    /// The states in which it is open, and those in which it is closed.
    when: [Vec<State>; 2],
    /// The page whose list it is about.
    pub(super) page: Option<ContentId>,
}

impl Gate {
    pub(super) fn constant(open: bool) -> Self {
        let mut when = [Vec::new(), Vec::new()];
        when[usize::from(!open)].push(State::default());
        Self { before: open, after: open, when, page: None }
    }

    /// That one of these rows is there.
    ///
    /// Where several calls may add a row, or take it, it may appear with the first of them and need the last of
    /// them; so it is taken to be there and not to be there while some are done and some are pending. Of more ways in
    /// which the rows can be missing than `apart`, more states count as closed than are.
    pub(super) fn of_rows<'r>(rows: impl Iterator<Item = &'r Row>, apart: usize) -> Self {
        let (mut before, mut after) = (false, false);
        let (mut come, mut go) = (Vec::new(), Vec::new());
        for row in rows {
            before |= row.before;
            after |= row.after;
            match (row.before, row.after) {
                (true, true) => return Self::constant(true),
                (true, false) => go.push(row.calls.as_slice()),
                (false, true) => come.push(row.calls.as_slice()),
                (false, false) => {}
            }
        }
        if !before && !after {
            return Self::constant(false);
        }
        let states = |calls: &[&[usize]], state: fn(usize) -> State| -> Vec<Vec<State>> {
            calls.iter().map(|calls| calls.iter().copied().map(state).collect()).collect()
        };
        let mut open: Vec<State> =
            states(&come, State::done).into_iter().chain(states(&go, State::pending)).flatten().collect();
        open.sort_unstable();
        open.dedup();
        let mut closed: Vec<Vec<State>> =
            states(&come, State::pending).into_iter().chain(states(&go, State::done)).collect();
        closed.sort_unstable();
        closed.dedup();
        let closed = if closed.iter().map(Vec::len).fold(1_usize, usize::saturating_mul) <= apart {
            product(closed.iter().map(Vec::as_slice))
        } else {
            // One of those that go may be gone, and none of those that come is there: that is more than there is.
            let come = states(&come, State::pending).concat();
            let come = product(come.iter().map(std::slice::from_ref));
            let go = states(&go, State::done).concat();
            product([come.as_slice(), go.as_slice()].into_iter().filter(|states| !states.is_empty()))
        };
        Self { before, after, when: [open, closed], page: None }
    }

    /// That a list of a page lets an atom through: at first, and after each of the calls that change it.
    pub(super) fn of_list(page: ContentId, values: &[bool], calls: &[usize]) -> Self {
        let (Some(&before), Some(&after)) = (values.first(), values.last()) else {
            return Self { page: Some(page), ..Self::constant(true) };
        };
        if values.iter().all(|value| *value == before) {
            return Self { page: Some(page), ..Self::constant(before) };
        }
        let mut when = [Vec::new(), Vec::new()];
        for (position, value) in values.iter().enumerate() {
            let done = position.checked_sub(1).map(|last| calls[last]).into_iter().collect();
            let pending = calls.get(position).copied().into_iter().collect();
            when[usize::from(!value)].push(State { done, pending });
        }
        Self { before, after, when, page: Some(page) }
    }

    pub(super) fn is_never_open(&self) -> bool {
        self.when[0].is_empty()
    }

    pub(super) fn is_always_open(&self) -> bool {
        self.when[1].is_empty() && self.before
    }

    /// Whether there are states of both sorts.
    pub(super) fn moves(&self) -> bool {
        !self.is_never_open() && !self.is_always_open()
    }

    /// Whether one of them is open before and one after, so that who passes through either is never to be shut out.
    pub(super) const fn is_between(&self, other: &Self) -> bool {
        (self.before || other.before) && (self.after || other.after)
    }

    /// The states in which this gate and another are both open, or both closed.
    pub(super) fn both(&self, open: bool, other: &Self) -> impl Iterator<Item = State> {
        product([self.states(open), other.states(open)]).into_iter()
    }

    /// Where it is open at first, the states in which it is closed while a call is pending.
    pub(super) fn lost_while_pending(&self, call: usize) -> impl Iterator<Item = State> {
        let closed = if self.before { self.states(false) } else { &[] };
        closed.iter().filter_map(move |state| state.and(&State::pending(call)))
    }

    /// The states in which it is open, or closed.
    pub(super) fn states(&self, open: bool) -> &[State] {
        &self.when[usize::from(!open)]
    }
}

/// The states that an access with these gates must not come to, each with whether it is a leak.
///
/// An access that is the same before and after never changes. One that differs changes once: where a list lets the
/// atom through before and after but not for some time in between, the other gates are not all open before that
/// time if the access comes, and not after it if the access goes.
pub(super) fn forbid(gates: &[&Gate], mut show: impl FnMut(State, bool)) {
    if gates.iter().any(|gate| gate.is_never_open()) {
        return;
    }
    let before = gates.iter().all(|gate| gate.before);
    let after = gates.iter().all(|gate| gate.after);
    match (before, after) {
        (true, true) => {
            for state in gates.iter().flat_map(|gate| gate.states(false)) {
                show(state.clone(), false);
            }
        }
        (false, false) => {
            for state in product(gates.iter().map(|gate| gate.states(true))) {
                show(state, true);
            }
        }
        (true, false) | (false, true) => {
            for (place, gate) in gates.iter().enumerate().filter(|(_, gate)| gate.before && gate.after) {
                for closed in gate.states(false).iter().filter(|_| gate.page.is_some()) {
                    let outside = if after {
                        State { done: Vec::new(), pending: closed.done.clone() }
                    } else {
                        State { done: closed.pending.clone(), pending: Vec::new() }
                    };
                    let others = gates.iter().enumerate().filter(|(other, _)| *other != place);
                    let others = others.map(|(_, gate)| gate.states(true));
                    for state in product(others.chain([std::slice::from_ref(&outside)])) {
                        show(state, false);
                    }
                }
            }
        }
    }
}
