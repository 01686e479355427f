//! What `apply` did.

use schemars::JsonSchema;
use serde::Serialize;

use super::findings::FindingDocument;
use super::{DocumentBody, write};
use crate::apply::{ApplyOutcome, Mismatch, Status};
use crate::model::{Fingerprint, Permission, Principal, SpaceKey};
use crate::plan::{CallId, Plan};
use crate::render::call::call_words;
use crate::render::outcome::{change_words, failure_words, mismatch_words, unverified_words};

/// What `apply` did, with every plan that it carried out.
#[derive(Serialize, JsonSchema)]
pub(super) struct ApplyDocument {
    /// What all runs together came to.
    result: ApplyResult,
    exit_code: u8,
    /// The first plan, and a second one for the spaces that others changed meanwhile.
    runs: Vec<RunDocument>,
    /// Why there was no second run where one was needed.
    findings: Vec<FindingDocument>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyResult {
    NothingToDo,
    Done,
    PartlyDone,
    Failed,
    /// The plan must not be applied.
    Blocked,
    /// A second signal came. Requests that were under way may have been carried out.
    StoppedAtOnce,
}

/// What became of one plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunDocument {
    result: ApplyResult,
    exit_code: u8,
    plan: AppliedPlan,
    /// What became of each call; none where nothing was sent, or nothing is known of what was.
    #[serde(flatten)]
    outcome: Option<RunOutcome>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AppliedPlan {
    hash: Fingerprint,
    /// How many calls it has.
    calls: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RunOutcome {
    calls: Vec<CallDocument>,
    verification: VerificationDocument,
    /// What the next run looks at again.
    unverified: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CallDocument {
    call: CallId,
    words: String,
    status: StatusDocument,
    why: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum StatusDocument {
    Done,
    AlreadySo,
    NotNeeded,
    PartlySkipped,
    Skipped,
    Failed,
    NotTried,
    Stopped,
}

#[derive(Debug, Serialize, JsonSchema)]
struct VerificationDocument {
    /// How many objects are as planned.
    as_planned: usize,
    /// How many calls put something right.
    repairs: usize,
    not_as_planned: Vec<String>,
    /// What the site does not list, though it was given.
    unlisted: Vec<UnlistedDocument>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct UnlistedDocument {
    space: SpaceKey,
    principal: Principal,
    permission: Permission,
}

impl DocumentBody for ApplyDocument {
    const KIND: &'static str = "apply";
}

/// What `apply` did; `findings` say why a second plan was not made.
pub fn apply_as_json(
    runs: Vec<RunDocument>,
    findings: Vec<FindingDocument>,
    result: ApplyResult,
    exit: u8,
) -> String {
    write(ApplyDocument { result, exit_code: exit, runs, findings })
}

impl RunDocument {
    /// Without an outcome nothing was sent, or nothing is known of what was.
    pub fn new(plan: &Plan, outcome: Option<&ApplyOutcome>, result: ApplyResult, exit: u8) -> Self {
        Self {
            result,
            exit_code: exit,
            plan: AppliedPlan { hash: plan.hash, calls: plan.calls.len() },
            outcome: outcome.map(|outcome| RunOutcome::of(plan, outcome)),
        }
    }
}

impl RunOutcome {
    fn of(plan: &Plan, outcome: &ApplyOutcome) -> Self {
        let calls = outcome.results.iter().filter_map(|result| {
            let planned = plan.calls.get(result.call.position())?;
            let why = match &result.status {
                Status::Skipped { changes, .. } => {
                    changes.iter().map(|change| change_words(plan, change)).collect()
                }
                Status::Failed(failure) => vec![failure_words(plan, planned, failure)],
                Status::NotTried { because } => vec![format!("it depends on {because}")],
                Status::Done | Status::AlreadySo | Status::NotNeeded | Status::Stopped => Vec::new(),
            };
            let words = call_words(plan, &planned.call);
            Some(CallDocument { call: planned.id, words, status: status(&result.status), why })
        });
        let verification = &outcome.verification;
        let wrong = |wrong: &Mismatch| mismatch_words(plan, wrong);
        let unlisted = verification.unlisted.iter().map(|unlisted| UnlistedDocument {
            space: unlisted.space.clone(),
            principal: unlisted.principal.clone(),
            permission: unlisted.permission,
        });
        Self {
            calls: calls.collect(),
            verification: VerificationDocument {
                as_planned: verification.right,
                repairs: verification.repairs,
                not_as_planned: verification.wrong.iter().map(wrong).collect(),
                unlisted: unlisted.collect(),
            },
            unverified: outcome.unverified.iter().map(|it| unverified_words(plan, it)).collect(),
        }
    }
}

const fn status(status: &Status) -> StatusDocument {
    match status {
        Status::Done => StatusDocument::Done,
        Status::AlreadySo => StatusDocument::AlreadySo,
        Status::NotNeeded => StatusDocument::NotNeeded,
        Status::Skipped { partly: true, .. } => StatusDocument::PartlySkipped,
        Status::Skipped { partly: false, .. } => StatusDocument::Skipped,
        Status::Failed(_) => StatusDocument::Failed,
        Status::NotTried { .. } => StatusDocument::NotTried,
        Status::Stopped => StatusDocument::Stopped,
    }
}
