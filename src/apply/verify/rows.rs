//! The rows and roles of a space: read until they show what was written, and put right where something came
//! or went along.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::difference::CheckedHolding;
use super::expected::Expected;
use crate::apply::lag::Pauses;
use crate::apply::options::SIDE_BY_SIDE;
use crate::apply::outcome::{CallFailure, Mismatch, Status};
use crate::apply::perform::{perform, read_rows};
use crate::apply::recorded::Recorded;
use crate::confluence::{Error, Read, SpaceAccess, Write};
use crate::model::{Call, Permission, Principal, Role, RoleId, SpaceKey, WriteRequest};
use crate::plan::{CallId, ObjectId, Plan, PlannedCall};

/// What is to be checked in a space, at one moment.
#[derive(Debug)]
pub(in crate::apply) struct SpaceCheck<'a> {
    pub(in crate::apply) space: &'a SpaceKey,
    pub(in crate::apply) expected: Expected,
    pub(in crate::apply) holdings: Vec<CheckedHolding<'a>>,
    /// Calls of the plan that take away a companion, if it appears.
    pub(in crate::apply) conditional: Vec<&'a PlannedCall>,
    /// The roles of the site.
    pub(in crate::apply) roles: &'a BTreeMap<RoleId, Role>,
    pub(in crate::apply) patience: Duration,
}

/// What a check found, and did.
#[derive(Debug, Default)]
pub(in crate::apply) struct SpaceChecked {
    /// Why the rows could not be read.
    pub(in crate::apply) error: Option<Error>,
    /// The rows that the conclusions rest on, and when they were asked for.
    pub(in crate::apply) read: Option<(SpaceAccess, Instant)>,
    pub(in crate::apply) conditional: Vec<(CallId, Status)>,
    /// Writes beyond the plan, and whether the site accepted them.
    pub(in crate::apply) repairs: Vec<(WriteRequest, bool)>,
    /// Writes that calls of the plan came to.
    pub(in crate::apply) written: Vec<WriteRequest>,
    /// What stood beside the roles of objects when something was taken away there.
    pub(in crate::apply) beside: Vec<(ObjectId, BTreeSet<Permission>)>,
    /// Principals whose holding is known and needed no repair.
    pub(in crate::apply) known: BTreeSet<Principal>,
    /// Of these, the ones that are as planned.
    pub(in crate::apply) right: BTreeSet<Principal>,
    /// Principals whose writes are not visible, with the permissions that the site accepted and does not list.
    pub(in crate::apply) unseen: BTreeMap<Principal, Vec<Permission>>,
    pub(in crate::apply) wrong: Vec<Mismatch>,
}

/// Reads the rows of a space until they show what was written, and puts right what came along.
pub(in crate::apply) async fn check<S: Read + Write>(
    plan: &Plan,
    job: &SpaceCheck<'_>,
    site: &Recorded<'_, S>,
) -> SpaceChecked {
    let mut checked = SpaceChecked::default();
    let (now, read_at) = match read_until_seen(plan, job, site.read()).await {
        Ok(read) => read,
        Err(error) => {
            checked.error = Some(error);
            let unseen = |planned: &&PlannedCall| (planned.id, Status::Failed(CallFailure::Unseen));
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
        if !difference.endangered().is_empty() {
            let (space, principal) = (job.space.clone(), holding.principal.clone());
            let id = ObjectId::Holding { space, principal };
            site.journal().beside(&id, difference.endangered());
            checked.beside.push((id, difference.endangered().clone()));
        }
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
        if is_clean && difference.is_known() {
            checked.known.insert(holding.principal.clone());
        }
        let wrong = difference.mismatches(job.space, holding);
        // What was put right is read once more.
        if wrong.is_empty() && holding.finished && is_clean {
            checked.right.insert(holding.principal.clone());
        }
        checked.wrong.extend(wrong);
    }
    checked.read = Some((now, read_at));
    for ((principal, _), planned) in foreseen {
        let status =
            if unseen.contains(&principal) { Status::Failed(CallFailure::Unseen) } else { Status::NotNeeded };
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
    job: &SpaceCheck<'_>,
    site: &S,
) -> Result<(SpaceAccess, Instant), Error> {
    let mut pauses = Pauses::within(job.patience);
    loop {
        let asked_at = Instant::now();
        let now = read_rows(plan, site, job.space).await?;
        if job.expected.unseen(&now).is_empty() || !pauses.wait().await {
            return Ok((now, asked_at));
        }
    }
}
