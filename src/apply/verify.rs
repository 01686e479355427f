//! Reads what was written again, and puts right what Confluence did unasked.
//!
//! A read may lag behind the write before it, so nothing is concluded from a read that does not show the
//! writes themselves: [`Expected`] rows are the witnesses. Once they are visible, or the patience is over,
//! what came along unasked is taken away; what can only be the work of others is reported, never undone.
//!
//! Side effects are the reason, for no document names them all: some sites add `export_content/space` to
//! every `read/space`, some do not; a role may or may not take the place of single permissions; a row may
//! have a twin.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::{Instant, sleep};

use crate::confluence::{Error, Read, SpaceAccess, Write};
use crate::model::{
    Call, ContentId, Diff, GrantId, Holding, Known, Permission, Principal, Restrictions, Role, RoleId,
    SpaceKey, Truth, WriteRequest,
};
use crate::plan::{CallId, HoldingState, Plan, PlannedCall};

use super::look::same_lists;
use super::options::SIDE_BY_SIDE;
use super::outcome::{Failure, Mismatch, Status};
use super::page::Written;
use super::perform::{me, perform, read_rows};
use super::recorded::Recorded;

/// The first pause between two reads that do not show a write yet; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What the rows of a space must show once the writes of this run are visible.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    rows: BTreeMap<(Principal, Permission), RowState>,
    roles: BTreeMap<Principal, Option<RoleId>>,
}

#[derive(Debug, Clone)]
enum RowState {
    There,
    /// None of these rows.
    Gone(BTreeSet<GrantId>),
}

impl Expected {
    pub(super) fn note(&mut self, request: &WriteRequest) {
        match request {
            WriteRequest::Grant { principal, permission, .. } => {
                self.rows.insert((principal.clone(), *permission), RowState::There);
            }
            WriteRequest::Revoke { principal, permission, row, .. } => {
                let state = self.rows.entry((principal.clone(), *permission));
                match state.or_insert_with(|| RowState::Gone(BTreeSet::new())) {
                    RowState::Gone(rows) => {
                        rows.insert(*row);
                    }
                    state @ RowState::There => *state = RowState::Gone([*row].into()),
                }
                // What may go along is no witness any more.
                let goes_along = |other: &Permission| {
                    *permission == Permission::ReadSpace || permission.may_bring().contains(other)
                };
                self.rows.retain(|(who, other), state| {
                    who != principal || matches!(state, RowState::Gone(_)) || !goes_along(other)
                });
            }
            WriteRequest::AssignRoles { roles, .. } => self.roles.extend(roles.clone()),
            WriteRequest::Restrict { .. } | WriteRequest::AddToList { .. } => {}
        }
    }

    /// Looks for the writes to a principal no longer.
    pub(super) fn forget(&mut self, principal: &Principal) {
        self.rows.retain(|(who, _), _| who != principal);
        self.roles.remove(principal);
    }

    /// The principals for which the rows do not show yet what was written.
    fn unseen(&self, now: &SpaceAccess) -> BTreeSet<Principal> {
        let rows = self.rows.iter().filter(|((principal, permission), state)| {
            let held = rows_shown(now, principal, *permission);
            match state {
                RowState::There => held.is_none(),
                RowState::Gone(gone) => held.is_some_and(|held| !held.is_disjoint(gone)),
            }
        });
        let roles = self.roles.iter().filter(|(principal, role)| {
            let held = match now.holdings.get(*principal) {
                Some(Holding::Role(held)) => Some(held),
                Some(Holding::Grants(_)) | None => None,
            };
            held != role.as_ref()
        });
        let rows = rows.map(|((principal, _), _)| principal);
        rows.chain(roles.map(|(principal, _)| principal)).cloned().collect()
    }

    /// The permissions of a principal that the site accepted and does not show.
    fn missing(&self, principal: &Principal, now: &SpaceAccess) -> Vec<Permission> {
        let held = |permission: &Permission| rows_shown(now, principal, *permission).is_some();
        let granted =
            self.rows.iter().filter(|((who, _), state)| who == principal && matches!(state, RowState::There));
        granted.map(|((_, permission), _)| *permission).filter(|permission| !held(permission)).collect()
    }
}

/// One principal whose holding is checked.
#[derive(Debug, Clone)]
pub(super) struct CheckedHolding<'a> {
    pub(super) principal: &'a Principal,
    pub(super) states: Diff<&'a HoldingState>,
    /// What runs gave it that have not been verified, this one included.
    pub(super) given: BTreeSet<Permission>,
    /// Whether this run took something from it, so that side effects may have taken more.
    pub(super) lessened: bool,
    /// Whether all calls on it are settled, so that it must be as planned.
    pub(super) finished: bool,
}

/// What is to be checked in a space, at one moment.
#[derive(Debug)]
pub(super) struct Check<'a> {
    pub(super) space: &'a SpaceKey,
    pub(super) expected: Expected,
    pub(super) holdings: Vec<CheckedHolding<'a>>,
    /// Calls of the plan that take away a companion, if it appears.
    pub(super) conditional: Vec<&'a PlannedCall>,
    /// The roles of the site.
    pub(super) roles: &'a BTreeMap<RoleId, Role>,
    pub(super) patience: Duration,
}

/// What a check found, and did.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Why the rows could not be read.
    pub(super) error: Option<Error>,
    /// The rows that the conclusions rest on, and when they were asked for.
    pub(super) read: Option<(SpaceAccess, Instant)>,
    pub(super) conditional: Vec<(CallId, Status)>,
    /// Writes beyond the plan, and whether the site accepted them.
    pub(super) repairs: Vec<(WriteRequest, bool)>,
    /// Writes that calls of the plan came to.
    pub(super) written: Vec<WriteRequest>,
    /// Principals whose holding is known and needed no repair.
    pub(super) known: BTreeSet<Principal>,
    /// Of these, the ones that are as planned.
    pub(super) right: BTreeSet<Principal>,
    /// Principals whose writes are not visible, with the permissions that the site accepted and does not list.
    pub(super) unseen: BTreeMap<Principal, Vec<Permission>>,
    pub(super) wrong: Vec<Mismatch>,
}

/// Reads the rows of a space until they show what was written, and puts right what came along.
pub(super) async fn check<S: Read + Write>(plan: &Plan, job: &Check<'_>, site: &Recorded<'_, S>) -> Checked {
    let mut checked = Checked::default();
    let (now, read_at) = match read_until_seen(plan, job, site.read()).await {
        Ok(read) => read,
        Err(error) => {
            checked.error = Some(error);
            let unseen = |planned: &&PlannedCall| (planned.id, Status::Failed(Failure::Unseen));
            checked.conditional = job.conditional.iter().map(unseen).collect();
            return checked;
        }
    };
    let unseen = job.expected.unseen(&now);
    checked.unseen = unseen.iter().map(|who| (who.clone(), job.expected.missing(who, &now))).collect();
    let mut foreseen: BTreeMap<(Principal, Permission), &PlannedCall> = BTreeMap::new();
    for planned in &job.conditional {
        if let Call::Revoke { principal, permission, .. } = &planned.call {
            foreseen.insert((principal.clone(), *permission), planned);
        }
    }
    let (mut differences, mut tasks) = (Vec::new(), Vec::new());
    for holding in job.holdings.iter().filter(|holding| !unseen.contains(holding.principal)) {
        let difference = holding.difference(&now, job.roles);
        let mut repairs = Vec::new();
        for request in difference.repairs(job.space, holding.principal) {
            let planned = match &request {
                WriteRequest::Revoke { principal, permission, .. } => {
                    foreseen.remove(&(principal.clone(), *permission))
                }
                _ => None,
            };
            repairs.push(Repair { request, planned });
        }
        differences.push((holding, difference));
        tasks.push(put_right(plan, repairs, site));
    }
    // In the order of the principals, however long each takes.
    let repaired: Vec<_> = stream::iter(tasks).buffered(SIDE_BY_SIDE).collect().await;
    for ((holding, difference), repairs) in differences.into_iter().zip(repaired) {
        let is_clean = repairs.is_empty();
        for (Repair { request, planned }, status) in repairs {
            match planned {
                Some(planned) => {
                    if matches!(status, Status::Done) {
                        checked.written.push(request);
                    }
                    checked.conditional.push((planned.id, status));
                }
                None => checked.repairs.push((request, status.is_settled())),
            }
        }
        if is_clean {
            checked.known.insert(holding.principal.clone());
        }
        match difference.mismatch(job.space, holding) {
            Some(mismatch) => checked.wrong.push(mismatch),
            // What was put right is read once more.
            None if holding.finished && is_clean => {
                checked.right.insert(holding.principal.clone());
            }
            None => {}
        }
    }
    checked.read = Some((now, read_at));
    for ((principal, _), planned) in foreseen {
        let status =
            if unseen.contains(&principal) { Status::Failed(Failure::Unseen) } else { Status::NotNeeded };
        checked.conditional.push((planned.id, status));
    }
    checked
}

/// A write that puts right what came or went along, and the call of the plan that it serves, if one foresaw it.
struct Repair<'a> {
    request: WriteRequest,
    planned: Option<&'a PlannedCall>,
}

/// Makes the repairs of one principal, in their order: nothing can be granted before `read/space`.
async fn put_right<'a, S: Read + Write>(
    plan: &Plan,
    repairs: Vec<Repair<'a>>,
    site: &Recorded<'_, S>,
) -> Vec<(Repair<'a>, Status)> {
    let mut done = Vec::with_capacity(repairs.len());
    for repair in repairs {
        let call = repair.planned.map(|planned| planned.id);
        let status = perform(plan, call, &repair.request, site).await;
        done.push((repair, status));
    }
    done
}

async fn read_until_seen<S: Read>(
    plan: &Plan,
    job: &Check<'_>,
    site: &S,
) -> Result<(SpaceAccess, Instant), Error> {
    let until = Instant::now() + job.patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let asked_at = Instant::now();
        let now = read_rows(plan, site, job.space).await?;
        if job.expected.unseen(&now).is_empty() || Instant::now() + pause > until {
            return Ok((now, asked_at));
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// How a holding differs from what was planned.
#[derive(Debug, Default)]
struct Difference {
    role: bool,
    /// Permissions that went along with something that was taken away.
    lost: Vec<Permission>,
    /// Permissions that are gone though nothing here could have taken them.
    missing: Vec<Permission>,
    /// Rows that came along, or should have gone along.
    unasked: Vec<(Permission, GrantId)>,
    /// Permissions that others gave.
    foreign: Vec<Permission>,
}

impl CheckedHolding<'_> {
    fn difference(&self, now: &SpaceAccess, roles: &BTreeMap<RoleId, Role>) -> Difference {
        let nothing = BTreeMap::new();
        let (role, held) = match now.holdings.get(self.principal) {
            Some(Holding::Role(role)) => (Some(role), &nothing),
            Some(Holding::Grants(grants)) => (None, grants),
            None => (None, &nothing),
        };
        let none = BTreeSet::new();
        let (wanted, required, tolerated) = match self.states.after {
            HoldingState::Nothing => (None, &none, &none),
            HoldingState::Role { role } => (Some(role), &none, &none),
            HoldingState::Grants { permissions, tolerated, .. } => (None, permissions, tolerated),
        };
        if role != wanted {
            return Difference { role: self.finished, ..Difference::default() };
        }
        let is_old = |row: &GrantId| self.states.before.has_row(*row);
        if let Some(role) = role {
            return self.beside_role(now, roles.get(role));
        }
        let mut difference = Difference::default();
        for (permission, rows) in held
            .iter()
            .filter(|(permission, _)| !required.contains(permission) && !tolerated.contains(permission))
        {
            let (old, new): (Vec<GrantId>, Vec<GrantId>) = rows.iter().partition(|row| is_old(row));
            let along = self.given.iter().any(|given| given.may_bring().contains(permission));
            let ours = if along { new.as_slice() } else { &[] };
            let left = if self.finished { old.as_slice() } else { &[] };
            difference.unasked.extend(ours.iter().chain(left).map(|row| (*permission, *row)));
            if self.finished && !along && !new.is_empty() {
                difference.foreign.push(*permission);
            }
        }
        if self.finished {
            let gone = required.iter().filter(|permission| !held.contains_key(permission)).copied();
            let had = |permission: &Permission| self.states.before.requires(*permission);
            // What was there, and nothing here could have taken, was taken by others.
            let (lost, missing) = gone.partition(|permission| self.lessened || !had(permission));
            (difference.lost, difference.missing) = (lost, missing);
        }
        difference
    }

    /// What an assignment left behind of the single permissions before it. The rows of a role's holder also
    /// show what the role gives; a row that neither explains was given by others. Of a role that is not known
    /// in full, new rows are taken for what it gives, as they are elsewhere ([`crate::model::Role`]).
    fn beside_role(&self, now: &SpaceAccess, role: Option<&Role>) -> Difference {
        let mut difference = Difference::default();
        if !self.finished {
            return difference;
        }
        let gives = |permission: Permission| role.map_or(Truth::Unknown, |role| role.gives(permission));
        for (permission, rows) in now.beside_roles.get(self.principal).into_iter().flatten() {
            let (old, new): (Vec<GrantId>, Vec<GrantId>) =
                rows.iter().partition(|row| self.states.before.has_row(**row));
            if !new.is_empty() && gives(*permission) == Truth::No {
                difference.foreign.push(*permission);
            }
            difference.unasked.extend(old.into_iter().map(|row| (*permission, row)));
        }
        // `read/space` would take the rows of others along. The role gives it as well.
        if !difference.foreign.is_empty() {
            difference.unasked.retain(|(permission, _)| *permission != Permission::ReadSpace);
        }
        difference
    }
}

impl Difference {
    /// Writes that put right what came or went along.
    fn repairs(&self, space: &SpaceKey, principal: &Principal) -> Vec<WriteRequest> {
        let mut requests: Vec<WriteRequest> = self
            .lost
            .iter()
            .map(|&permission| WriteRequest::Grant {
                space: space.clone(),
                principal: principal.clone(),
                permission,
            })
            .collect();
        // `read/space` takes everything else along.
        let all = self.unasked.iter().any(|(permission, _)| *permission == Permission::ReadSpace);
        let unasked =
            self.unasked.iter().filter(|(permission, _)| !all || *permission == Permission::ReadSpace);
        requests.extend(unasked.map(|&(permission, row)| WriteRequest::Revoke {
            space: space.clone(),
            principal: principal.clone(),
            permission,
            row,
        }));
        requests
    }

    fn mismatch(self, space: &SpaceKey, holding: &CheckedHolding<'_>) -> Option<Mismatch> {
        let (space, principal) = (space.clone(), holding.principal.clone());
        if self.role {
            return Some(Mismatch::Role { space, principal });
        }
        let differs = !self.missing.is_empty() || !self.foreign.is_empty();
        differs.then_some(Mismatch::Holding {
            space,
            principal,
            missing: self.missing,
            unasked: self.foreign,
        })
    }
}

/// The rows that give a permission to a principal, also where it has a role that is still to go.
fn rows_shown<'n>(
    now: &'n SpaceAccess,
    principal: &Principal,
    permission: Permission,
) -> Option<&'n BTreeSet<GrantId>> {
    match now.holdings.get(principal)? {
        Holding::Grants(held) => held.get(&permission),
        Holding::Role(_) => now.beside_roles.get(principal)?.get(&permission),
    }
}

/// What the lists of a page show.
#[derive(Debug)]
pub(super) enum Seen {
    /// What was written last.
    AsWritten,
    /// Still what was there before, though the patience is over.
    NotYet,
    /// Something else: others changed it since.
    Changed,
    Hidden,
    Unread(Error),
}

/// Checks pages that are settled: all of them in one search, and those that it does not show as they were
/// written one by one. A search can confirm a write but not refute it, since its index may lag.
pub(super) async fn check_pages<S: Read>(
    plan: &Plan,
    pages: Vec<(ContentId, Written)>,
    patience: Duration,
    site: &S,
) -> Vec<(ContentId, Seen)> {
    let me = me(&plan.site.caller);
    let found = match pages.as_slice() {
        [_] => BTreeMap::new(),
        // If the search fails, the single reads say why.
        _ => {
            site.restrictions(&pages.iter().map(|(content, _)| *content).collect()).await.unwrap_or_default()
        }
    };
    let checks = pages.into_iter().map(|(content, written)| {
        let is_seen = matches!(
            found.get(&content), Some(Known::Known(now)) if same_lists(now, &written.after, &me)
        );
        async move {
            let Written { before, after } = &written;
            let seen = if is_seen {
                Seen::AsWritten
            } else {
                check_lists(plan, content, before, after, patience, site).await
            };
            (content, seen)
        }
    });
    stream::iter(checks).buffered(SIDE_BY_SIDE).collect().await
}

/// Reads the lists of a page until they show what was written, or something that neither this run nor the
/// state before can explain. `before` are the states that a read may lag behind in.
async fn check_lists<S: Read>(
    plan: &Plan,
    content: ContentId,
    before: &[Restrictions],
    written: &Restrictions,
    patience: Duration,
    site: &S,
) -> Seen {
    let until = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    let me = me(&plan.site.caller);
    loop {
        let seen = match site.restrictions_now(content).await {
            Ok(Known::Known(now)) if same_lists(&now, written, &me) => return Seen::AsWritten,
            Ok(Known::Known(now)) if before.iter().any(|before| same_lists(before, &now, &me)) => {
                Seen::NotYet
            }
            Ok(Known::Known(_)) => return Seen::Changed,
            Ok(Known::Unknown(_)) => Seen::Hidden,
            Err(error) => return Seen::Unread(error),
        };
        if Instant::now() + pause > until || matches!(seen, Seen::Hidden) {
            return seen;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
