//! `confperm log`: what runs did, as their journals tell it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{DocumentBody, write};
use crate::apply::journal::{Answer, Record, Settled, TakenBack, TakenBackRuns};
use crate::model::{AccountId, Fingerprint, Guard};
use crate::plan::CallId;
use crate::render::call::call_words;

/// Runs, the last one first.
#[derive(Serialize, JsonSchema)]
pub(super) struct LogDocument {
    runs: Vec<LoggedRun>,
}

impl DocumentBody for LogDocument {
    const KIND: &'static str = "log";
}

/// What became of a run as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// The site is as planned.
    Complete,
    /// It came to its end, and not all is as planned.
    Partial,
    /// It died, or is still going on.
    CutShort,
}

impl RunResult {
    pub(in crate::render) fn of(record: &Record) -> Self {
        match &record.end {
            Some(end) if end.complete => Self::Complete,
            Some(_) => Self::Partial,
            None => Self::CutShort,
        }
    }
}

/// One run.
#[derive(Serialize, JsonSchema)]
struct LoggedRun {
    journal: String,
    #[schemars(with = "String")]
    began: Timestamp,
    #[schemars(with = "Option<String>")]
    ended: Option<Timestamp>,
    result: RunResult,
    site: String,
    /// The account that ran it.
    caller: AccountId,
    /// The version of the program.
    confperm: String,
    commit: Option<String>,
    ci_run: Option<String>,
    hash: Fingerprint,
    overrides: BTreeMap<Guard, String>,
    changes: usize,
    calls: Vec<LoggedCall>,
    /// Writes that put right what Confluence did unasked.
    repairs: Option<usize>,
    /// Objects that were read again and are as planned.
    verified: Option<usize>,
    not_as_planned: Vec<String>,
    /// What was written, or may have been, and was not seen.
    unverified: Option<usize>,
    /// The run that this one took back, as `undo` does.
    takes_back: Option<RunReference>,
    /// By which runs this one was taken back. Those that were taken back themselves are not among them.
    taken_back: Option<TakenBackDocument>,
}

/// A run that was taken back.
#[derive(Serialize, JsonSchema)]
struct RunReference {
    began: String,
    /// None where it is not here.
    journal: Option<String>,
}

/// How a run was taken back.
#[derive(Serialize, JsonSchema)]
struct TakenBackDocument {
    /// The journals of the runs that did it, the first one first.
    by: Vec<String>,
    /// Whether they brought back all that the run changed.
    whole: bool,
}

impl From<TakenBack<'_>> for TakenBackDocument {
    fn from(taken_back: TakenBack<'_>) -> Self {
        let by = taken_back.by.iter().map(|run| run.path.to_string());
        Self { by: by.collect(), whole: taken_back.whole }
    }
}

/// A call of the plan, and what became of it.
#[derive(Serialize, JsonSchema)]
struct LoggedCall {
    id: CallId,
    /// In words.
    call: String,
    /// Whether a request for it was about to leave.
    sent: bool,
    result: Option<&'static str>,
}

/// Runs as a document.
pub fn log_as_json(records: &[Record], runs: &TakenBackRuns<'_>) -> String {
    write(LogDocument { runs: records.iter().map(|record| logged(record, runs)).collect() })
}

fn logged(record: &Record, runs: &TakenBackRuns<'_>) -> LoggedRun {
    let plan = &record.plan;
    let made_from = plan.made_from.as_ref();
    let end = record.end.as_ref();
    LoggedRun {
        journal: record.path.to_string(),
        began: record.began,
        ended: end.map(|end| end.at),
        result: RunResult::of(record),
        site: plan.site.base_url.shown().as_str().to_owned(),
        caller: plan.site.caller.clone(),
        confperm: record.confperm.clone(),
        commit: made_from.and_then(|made_from| Some(made_from.commit.as_ref()?.as_str().to_owned())),
        ci_run: made_from.and_then(|made_from| Some(made_from.run.as_ref()?.as_str().to_owned())),
        hash: plan.hash,
        overrides: plan.guards.overridden().map(|(guard, why)| (guard, why.to_owned())).collect(),
        changes: plan.changes.len(),
        calls: plan
            .calls
            .iter()
            .map(|call| LoggedCall {
                id: call.id,
                call: call_words(plan, &call.call),
                sent: record.requests.iter().any(|sent| sent.serves == Some(call.id)),
                result: record.settled.get(&call.id).map(settled_word),
            })
            .collect(),
        repairs: end.map(|end| end.repairs),
        verified: end.map(|end| end.right),
        not_as_planned: end.map(|end| end.wrong.clone()).unwrap_or_default(),
        unverified: end.map(|end| end.unverified.len()),
        takes_back: record.takes_back().map(|began| RunReference {
            began: began.to_owned(),
            journal: runs.run(began).map(|run| run.path.to_string()),
        }),
        taken_back: runs.taken_back(record).map(TakenBackDocument::from),
    }
}

/// What became of a call, in a word.
pub(in crate::render) const fn settled_word(settled: &Settled) -> &'static str {
    match settled {
        Settled::Done => "done",
        Settled::AlreadySo => "already-so",
        Settled::NotNeeded => "not-needed",
        Settled::Skipped { .. } => "skipped",
        Settled::Failed { .. } => "failed",
        Settled::NotTried { .. } => "not-tried",
        Settled::Stopped => "stopped",
    }
}

/// What the site said to a request, in a word.
pub(in crate::render) fn answer_word(answer: Option<&Answer>) -> &'static str {
    match answer {
        Some(Answer::Done) => "done",
        Some(Answer::AlreadySo) => "already so",
        Some(Answer::Gone { .. }) => "gone",
        Some(Answer::Refused { .. } | Answer::Rejected { .. }) => "refused",
        Some(Answer::Lost { .. }) | None => "no answer",
    }
}
