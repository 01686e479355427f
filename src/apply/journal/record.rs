//! A journal as a whole: what a run set out to do, what it sent, and how it ended.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::last::{MAX_BYTES, UnreadableJournal, journals, whole_lines};
use super::{Answer, Entry, Settled, SiteKey};
use crate::apply::unverified::{Unverified, changed_by};
use crate::files;
use crate::model::{Permission, Principal, SpaceId, SpaceKey, WriteRequest};
use crate::plan::{CallId, Change, ChangeReason, ObjectId, Plan};

/// What a journal tells of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub path: Utf8PathBuf,
    pub began: Timestamp,
    pub site: SiteKey,
    /// The version of the program that ran.
    pub confperm: String,
    pub plan: Plan,
    pub requests: Vec<Sent>,
    pub settled: BTreeMap<CallId, Settled>,
    /// `None` for a run that died, or is still going on.
    pub end: Option<RunEnded>,
}

/// A request that was about to leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The call that it serves; none for what puts right what Confluence did unasked.
    pub serves: Option<CallId>,
    pub request: WriteRequest,
    /// What the site said, if it said anything.
    pub answer: Option<Answer>,
}

/// A grant that a site does not take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RejectedGrant {
    pub space: SpaceId,
    pub who: Principal,
    pub permission: Permission,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnded {
    pub at: Timestamp,
    pub complete: bool,
    pub left: Vec<CallId>,
    pub right: usize,
    pub repairs: usize,
    pub wrong: Vec<String>,
    pub unverified: Vec<Unverified>,
}

impl Sent {
    /// Whether the request changed something, or may have.
    pub fn may_have_written(&self) -> bool {
        match &self.answer {
            None | Some(Answer::Done | Answer::Lost { .. }) => true,
            Some(
                Answer::AlreadySo | Answer::Gone { .. } | Answer::Refused { .. } | Answer::Rejected { .. },
            ) => false,
        }
    }
}

impl Record {
    /// The objects that the run wrote, or may have.
    pub fn written(&self) -> BTreeSet<ObjectId> {
        let sent = self.requests.iter().filter(|sent| sent.may_have_written());
        sent.flat_map(|sent| changed_by(&sent.request)).collect()
    }

    /// The objects that the run brought to where its plan leaves them: what a run that was cut short did not come to look
    /// at again, the site has confirmed all the same. None where the run found something else than it had written.
    pub fn finished(&self) -> BTreeSet<ObjectId> {
        let end = self.end.as_ref();
        if end.is_some_and(|end| !end.wrong.is_empty() || !end.unverified.is_empty()) {
            return BTreeSet::new();
        }
        let (mut finished, mut open) = (BTreeSet::new(), BTreeSet::new());
        for planned in &self.plan.calls {
            let is_done = end.is_none_or(|end| !end.left.contains(&planned.id))
                && matches!(
                    self.settled.get(&planned.id),
                    Some(Settled::Done | Settled::AlreadySo | Settled::NotNeeded)
                );
            let objects = if is_done { &mut finished } else { &mut open };
            let changes = planned.covers.iter().filter_map(|change| self.plan.changes.get(*change));
            objects.extend(changes.map(ObjectId::changed_by));
        }
        finished.retain(|object| !open.contains(object));
        finished
    }

    /// Objects of this run in the keys that the plan of another run has for their spaces; without those that it does not
    /// have.
    pub fn in_keys_of(&self, run: &Self, objects: BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
        let keys = self.plan.keys_in(&run.plan);
        let there = objects.into_iter().filter_map(|mut object| {
            let key = keys.get(object.space())?;
            object.space_mut().clone_from(key);
            Some(object)
        });
        there.collect()
    }

    /// Whether the run set out to change something; a run without a plan only looked at what earlier ones had left open.
    pub fn has_plan(&self) -> bool {
        !self.plan.is_empty()
    }

    /// When the run began that this one took back; nothing where it did not take back one.
    pub fn takes_back(&self) -> Option<&str> {
        self.plan.changes.iter().find_map(|change| match change.reason() {
            ChangeReason::TakenBack { run } => Some(run.as_str()),
            _ => None,
        })
    }

    /// The grants that the site rejected.
    pub fn rejected(&self) -> impl Iterator<Item = RejectedGrant> {
        self.requests.iter().filter_map(|sent| match (&sent.request, &sent.answer) {
            (WriteRequest::Grant { space, principal, permission }, Some(Answer::Rejected { .. })) => {
                Some(RejectedGrant {
                    space: self.plan.spaces.get(space)?.id,
                    who: principal.clone(),
                    permission: *permission,
                })
            }
            _ => None,
        })
    }

    /// Gives spaces other keys, in the plan and in what was sent.
    pub fn follow_keys(&mut self, now: &BTreeMap<SpaceKey, SpaceKey>) {
        self.plan.follow_keys(now);
        for sent in &mut self.requests {
            let key = sent.request.space_mut();
            if let Some(now) = now.get(key) {
                key.clone_from(now);
            }
        }
    }

    /// The objects of the changes that the run made, or may have made.
    pub fn changed(&self) -> BTreeSet<ObjectId> {
        self.made().into_iter().map(ObjectId::changed_by).collect()
    }

    /// The changes of the plan that the run made, or may have made.
    pub fn made(&self) -> BTreeSet<&Change> {
        let written = self.requests.iter().filter(|sent| sent.may_have_written());
        let calls: BTreeSet<CallId> = written.filter_map(|sent| sent.serves).collect();
        let calls = calls.into_iter().filter_map(|call| self.plan.calls.get(call.position()));
        calls.flat_map(|call| &call.covers).filter_map(|change| self.plan.changes.get(*change)).collect()
    }
}

/// The journals in a folder that say anything, the last one first, and those that cannot be read.
pub fn all(folder: &Utf8Path) -> (Vec<Record>, Vec<UnreadableJournal>) {
    let (mut records, mut unreadable) = (Vec::new(), Vec::new());
    let paths = journals(folder).unwrap_or_else(|error| {
        unreadable.push(error);
        Vec::new()
    });
    for path in paths.into_iter().rev() {
        match read(&path) {
            Ok(record) => records.extend(record),
            Err(error) => unreadable.push(error),
        }
    }
    (records, unreadable)
}

/// One journal; `None` where a run died before its first line.
pub fn read(path: &Utf8Path) -> Result<Option<Record>, UnreadableJournal> {
    let failed =
        |why: &dyn std::fmt::Display| UnreadableJournal { path: path.to_owned(), why: why.to_string() };
    let bytes = files::read_own(path, MAX_BYTES).map_err(|error| failed(&error))?;
    parse(path, &bytes).map_err(|error| failed(&error))
}

fn parse(path: &Utf8Path, bytes: &[u8]) -> Result<Option<Record>, serde_json::Error> {
    let mut lines = whole_lines(bytes);
    let Some(first) = lines.next() else { return Ok(None) };
    let Entry::Begin { at: began, site, confperm, plan, .. } = serde_json::from_slice(first)? else {
        return Ok(None);
    };
    let mut record = Record {
        path: path.to_owned(),
        began,
        site: site.into_owned(),
        confperm: confperm.into_owned(),
        plan: plan.into_owned(),
        requests: Vec::new(),
        settled: BTreeMap::new(),
        end: None,
    };
    for line in lines {
        match serde_json::from_slice(line)? {
            Entry::Intent { serves, request, .. } => {
                record.requests.push(Sent { serves, request: request.into_owned(), answer: None });
            }
            Entry::Answer { intent, answer, .. } => {
                if let Some(sent) = intent.checked_sub(1).and_then(|at| record.requests.get_mut(at)) {
                    sent.answer = Some(answer);
                }
            }
            Entry::Settled { call, status, .. } => {
                record.settled.insert(call, status);
            }
            Entry::End { at, complete, left, right, repairs, wrong, unverified } => {
                let unverified = unverified.into_owned();
                record.end = Some(RunEnded { at, complete, left, right, repairs, wrong, unverified });
            }
            Entry::Begin { .. } | Entry::Beside { .. } | Entry::Seen { .. } => {}
        }
    }
    Ok(Some(record))
}
