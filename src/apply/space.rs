//! One space during an apply: what was read of its rows, what was written since, and when it is time to look
//! again.
//!
//! A space is in one of these states, and calls on its rows start only in the first:
//!
//! - *open*: its rows were read a moment ago;
//! - *stale*: they were not, so they are read before anything is written;
//! - *due*: something that may have come along unasked must be looked for before any further grant; the calls
//!   in flight end first;
//! - *busy*: it is being read or checked.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::confluence::SpaceAccess;
use crate::model::{Call, Diff, Permission, Principal, Role, RoleId, SpaceKey, WriteRequest};
use crate::plan::{HoldingState, Object, ObjectId, Plan, PlannedCall};

use super::look::{HoldingStates, Look, look_at_rows};
use super::options::{ApplyOptions, Precautions};
use super::unverified::List;
use super::verify::{CheckedHolding, Expected, SpaceCheck};

/// A space whose repairs keep having side effects is given up after this many checks.
const ROUNDS: usize = 3;

/// A space whose rows or roles the plan changes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts about a space that do not depend on each other"
)]
#[derive(Debug)]
pub(super) struct SpaceRun<'a> {
    key: &'a SpaceKey,
    states: HoldingStates<'a>,
    /// What principals held before an earlier run assigned the role that they are still to have.
    earlier: BTreeMap<&'a Principal, &'a HoldingState>,
    /// Calls of the plan on each principal that are not settled.
    open: BTreeMap<&'a Principal, usize>,
    /// Calls of the plan that are neither settled nor given up.
    left: usize,
    /// Calls that became ready while the space was not open.
    pub(super) waiting: Vec<&'a PlannedCall>,
    /// Calls that take a companion away, if it appears.
    conditional: Vec<&'a PlannedCall>,
    rows: Option<ReadRows>,
    in_flight: usize,
    pub(super) is_busy: bool,
    is_due: bool,
    /// Whether something was written that no check has confirmed.
    is_dirty: bool,
    rounds: usize,
    /// Whether the check under way is one of the last.
    is_ending: bool,
    expected: Expected,
    given: BTreeMap<Principal, BTreeSet<Permission>>,
    lessened: BTreeSet<Principal>,
    touched: BTreeSet<Principal>,
    /// Principals whose writes did not show in time. No later check can say that they are as planned.
    given_up: BTreeSet<Principal>,
}

/// Rows as they were read.
#[derive(Debug)]
struct ReadRows {
    access: SpaceAccess,
    read_at: Instant,
    /// Principals that were written to since.
    written: BTreeSet<Principal>,
}

impl<'a> SpaceRun<'a> {
    /// The spaces of a plan in which it changes rows or roles.
    pub(super) fn all(plan: &'a Plan) -> BTreeMap<&'a SpaceKey, Self> {
        let mut spaces: BTreeMap<&SpaceKey, Self> = BTreeMap::new();
        for planned in &plan.calls {
            let (space, principals): (_, Vec<&Principal>) = match &planned.call {
                Call::Grant { space, principal, .. } | Call::Revoke { space, principal, .. } => {
                    (space, vec![principal])
                }
                Call::AssignRoles { space, roles, .. } => (space, roles.keys().collect()),
                Call::Restrict { .. } => continue,
            };
            let run = spaces.entry(space).or_insert_with(|| Self::new(space));
            run.left += 1;
            for principal in principals {
                *run.open.entry(principal).or_default() += 1;
            }
        }
        for object in &plan.objects {
            if let Object::Holding { space, principal, before, after } = object
                && let Some(run) = spaces.get_mut(space)
            {
                run.states.insert(principal, Diff { before, after });
            }
        }
        spaces
    }

    /// A space without calls, of which something is left to check.
    pub(super) fn new(key: &'a SpaceKey) -> Self {
        Self {
            key,
            states: BTreeMap::new(),
            earlier: BTreeMap::new(),
            open: BTreeMap::new(),
            left: 0,
            waiting: Vec::new(),
            conditional: Vec::new(),
            rows: None,
            in_flight: 0,
            is_busy: false,
            is_due: false,
            is_dirty: false,
            rounds: 0,
            is_ending: false,
            expected: Expected::default(),
            given: BTreeMap::new(),
            lessened: BTreeSet::new(),
            touched: BTreeSet::new(),
            given_up: BTreeSet::new(),
        }
    }

    /// Adds an object that an earlier run left unverified. What the plan of this run found there goes before.
    pub(super) fn add_leftover(
        &mut self,
        principal: &'a Principal,
        before: &'a HoldingState,
        after: &'a HoldingState,
    ) {
        self.earlier.insert(principal, before);
        if let Entry::Vacant(unplanned) = self.states.entry(principal) {
            unplanned.insert(Diff { before, after });
            self.touched.insert(principal.clone());
            self.is_dirty = true;
        }
    }

    /// Whether calls on rows have to wait. Deletions too: a deletion may end what brings a later run here to
    /// look for companions, as where a rule selects spaces by the row.
    pub(super) const fn is_closed(&self, precautions: Precautions) -> bool {
        self.is_busy || self.is_due && precautions.verify
    }

    /// What to do about a call; `None` if the rows must be read first.
    pub(super) fn look(&self, planned: &PlannedCall, options: &ApplyOptions) -> Option<Look> {
        if !options.precautions.look {
            return Some(Look::blind(&planned.call));
        }
        let rows = self.rows.as_ref().filter(|rows| rows.read_at.elapsed() <= options.freshness)?;
        // A role takes the place of what its holder has, so nothing may have been written since.
        let relies = match &planned.call {
            Call::AssignRoles { roles, .. } => roles.keys().all(|who| !rows.written.contains(who)),
            Call::Grant { .. } | Call::Revoke { .. } | Call::Restrict { .. } => true,
        };
        relies.then(|| look_at_rows(&self.states, planned, &rows.access, &rows.written))
    }

    pub(super) fn was_read(&mut self, access: SpaceAccess, read_at: Instant) {
        self.is_busy = false;
        self.rows = Some(ReadRows { access, read_at, written: BTreeSet::new() });
    }

    /// Notes a write that is about to leave.
    pub(super) fn is_writing(&mut self, request: &WriteRequest) {
        self.in_flight += 1;
        let Some(rows) = &mut self.rows else { return };
        rows.written.extend(holders(request).cloned());
    }

    /// Notes that the answer to a write is there, whatever it was.
    pub(super) const fn has_answered(&mut self) {
        self.in_flight -= 1;
    }

    /// Notes a write that the site accepted, or whose effect is there already. `is_ours` says whether this
    /// run made it.
    pub(super) fn has_written(&mut self, request: &WriteRequest, is_ours: bool) {
        self.is_dirty = true;
        self.expected.note(request);
        match request {
            WriteRequest::Grant { principal, permission, .. } => {
                self.touched.insert(principal.clone());
                if is_ours {
                    self.given.entry(principal.clone()).or_default().insert(*permission);
                    self.is_due |= self.may_bring_unwanted(principal, *permission);
                }
            }
            WriteRequest::Revoke { principal, .. } => {
                self.touched.insert(principal.clone());
                self.lessened.insert(principal.clone());
            }
            WriteRequest::AssignRoles { roles, .. } => self.touched.extend(roles.keys().cloned()),
            WriteRequest::Restrict { .. } | WriteRequest::AddToList { .. } => {}
        }
    }

    /// Whether a grant may bring something that the plan neither wants nor puts up with.
    fn may_bring_unwanted(&self, principal: &Principal, permission: Permission) -> bool {
        let Some(Diff { before, after }) = self.states.get(principal) else { return false };
        let fine = |brought: &Permission| before.allows(*brought) || after.allows(*brought);
        permission.may_bring().iter().any(|brought| !fine(brought))
    }

    /// Records that a call is ready which removes a companion if there is one.
    pub(super) fn add_conditional(&mut self, planned: &'a PlannedCall) {
        self.conditional.push(planned);
        self.is_due = true;
    }

    /// Notes that a call has ended, as planned or not.
    pub(super) fn has_ended(&mut self, planned: &PlannedCall, is_as_planned: bool) {
        self.left -= 1;
        if !is_as_planned {
            return;
        }
        let mut settle = |principal| {
            if let Some(open) = self.open.get_mut(principal) {
                *open -= 1;
            }
        };
        match &planned.call {
            Call::Grant { principal, .. } | Call::Revoke { principal, .. } => settle(principal),
            Call::AssignRoles { roles, .. } => roles.keys().for_each(settle),
            Call::Restrict { .. } => {}
        }
    }

    /// The check whose time has come: because something may have come along, or because this is the end.
    pub(super) fn check(
        &mut self,
        is_end: bool,
        list: &List<'_>,
        roles: &'a BTreeMap<RoleId, Role>,
        patience: Duration,
    ) -> Option<SpaceCheck<'a>> {
        let is_over = self.is_dirty && (is_end || self.left == 0) && self.rounds < ROUNDS;
        if self.is_busy || self.in_flight > 0 || !(self.is_due || is_over) {
            return None;
        }
        if !self.is_due {
            self.rounds += 1;
        }
        (self.is_busy, self.is_due, self.is_ending) = (true, false, is_over);
        let touched = self.states.iter().filter(|(principal, _)| {
            self.touched.contains(**principal) && !self.given_up.contains(**principal)
        });
        let holdings = touched.map(|(&principal, &states)| {
            let id = ObjectId::Holding { space: self.key.clone(), principal: principal.clone() };
            let given = self.given.get(principal).into_iter().flatten().copied();
            CheckedHolding {
                principal,
                states,
                earlier: self.earlier.get(principal).copied(),
                given: given.chain(list.granted(&id)).collect(),
                lessened: self.lessened.contains(principal),
                beside: list.beside(&id).collect(),
                finished: self.open.get(principal).is_none_or(|open| *open == 0),
            }
        });
        Some(SpaceCheck {
            space: self.key,
            expected: self.expected.clone(),
            holdings: holdings.collect(),
            conditional: std::mem::take(&mut self.conditional),
            roles,
            patience,
        })
    }

    /// Notes that a check is over, and the principals that it wrote to. What it did not see is not waited for again;
    /// what it read serves the looks that follow, as rows do that this run has written to since.
    pub(super) fn was_checked<'u>(
        &mut self,
        mut written: BTreeSet<Principal>,
        read: Option<(SpaceAccess, Instant)>,
        unseen: impl IntoIterator<Item = &'u Principal>,
    ) {
        self.is_busy = false;
        let wrote = !written.is_empty();
        for principal in unseen {
            self.expected.forget(principal);
            self.given_up.insert(principal.clone());
            written.insert(principal.clone());
        }
        self.rows = read.map(|(access, read_at)| ReadRows { access, read_at, written });
        if self.is_ending && !wrote {
            self.is_dirty = false;
        }
    }

    /// Whether there is something that no check has confirmed.
    pub(super) const fn is_dirty(&self) -> bool {
        self.is_dirty && self.rounds < ROUNDS
    }
}

/// The principals whose rows or roles a request writes.
pub(super) fn holders(request: &WriteRequest) -> impl Iterator<Item = &Principal> {
    let (one, several) = match request {
        WriteRequest::Grant { principal, .. } | WriteRequest::Revoke { principal, .. } => {
            (Some(principal), None)
        }
        WriteRequest::AssignRoles { roles, .. } => (None, Some(roles.keys())),
        WriteRequest::Restrict { .. } | WriteRequest::AddToList { .. } => (None, None),
    };
    one.into_iter().chain(several.into_iter().flatten())
}
