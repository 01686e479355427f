//! Which runs took back which others.

use std::collections::{BTreeMap, BTreeSet};

use super::Record;
use crate::plan::{Change, ChangeAction, HoldingState, Object, ObjectId};

/// The runs of a folder, and what they took back of each other.
#[derive(Debug)]
pub struct TakenBackRuns<'r> {
    by_began: BTreeMap<String, &'r Record>,
    /// The runs that took one back, by when that began.
    undos: BTreeMap<&'r str, Vec<&'r Record>>,
}

/// By which runs one was taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenBack<'r> {
    /// The first one first. Those that were taken back themselves are not among them.
    pub by: Vec<&'r Record>,
    /// The objects that they are done with, in the keys of the run that was taken back. What was brought back to after them
    /// does not count.
    pub finished: BTreeSet<ObjectId>,
    /// Whether they brought back all that the run changed to the state from before, as far as their journals say.
    pub whole: bool,
}

impl<'r> TakenBackRuns<'r> {
    /// The last run comes first, as in [`all`](super::all).
    pub fn of(records: &'r [Record]) -> Self {
        let mut undos: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in records.iter().rev() {
            if let Some(run) = record.takes_back() {
                undos.entry(run).or_default().push(record);
            }
        }
        Self { by_began: records.iter().map(|record| (record.began.to_string(), record)).collect(), undos }
    }

    /// The run that began at this time, if its journal is here.
    pub fn run(&self, began: &str) -> Option<&'r Record> {
        self.by_began.get(began).copied()
    }

    /// By which runs this one was taken back; nothing where none of them holds any more.
    pub fn taken_back(&self, run: &Record) -> Option<TakenBack<'r>> {
        let (mut by, mut finished, mut as_before) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        // A run that takes back what comes after it is none of this program.
        let undos = self.undos.get(run.began.to_string().as_str()).into_iter().flatten();
        for undo in undos.filter(|undo| undo.began > run.began && !undo.made().is_empty()) {
            let again = self.taken_back(undo);
            if again.as_ref().is_some_and(|again| again.whole) {
                continue;
            }
            let mut done = undo.finished();
            for redo in again.iter().flat_map(|again| &again.by) {
                let changed = redo.in_keys_of(undo, redo.changed());
                done.retain(|object| !changed.contains(object));
            }
            as_before.extend(restored(undo, run, &done));
            finished.extend(undo.in_keys_of(run, done));
            by.push(*undo);
        }
        let whole = run.changed().is_subset(&as_before);
        (!by.is_empty()).then_some(TakenBack { by, finished, whole })
    }
}

/// The objects of a run, among those that another one is done with, that this one leaves as they were before it.
fn restored(undo: &Record, run: &Record, done: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
    let mut changes: BTreeMap<ObjectId, Vec<&Change>> = BTreeMap::new();
    for change in run.made() {
        changes.entry(ObjectId::changed_by(change)).or_default().push(change);
    }
    let keys = undo.plan.keys_in(&run.plan);
    let objects = undo.plan.objects.iter().map(|object| (ObjectId::of(object), object));
    let restored = objects.filter(|(id, _)| done.contains(id)).filter_map(|(mut id, object)| {
        let key = keys.get(id.space())?;
        id.space_mut().clone_from(key);
        let mut made = changes.get(&id).into_iter().flatten();
        made.all(|change| is_reversed(change, object)).then_some(id)
    });
    restored.collect()
}

/// Whether nothing is left of a change where its object is left like this.
fn is_reversed(change: &Change, object: &Object) -> bool {
    match (change, object) {
        (Change::Grant { permission, verb: ChangeAction::Add, .. }, Object::Holding { after, .. }) => {
            !after.requires(*permission)
        }
        (Change::Grant { permission, verb: ChangeAction::Remove, .. }, Object::Holding { after, .. }) => {
            after.allows(*permission)
        }
        (Change::Role { before, .. }, Object::Holding { after, .. }) => match (before, after) {
            (Some(before), HoldingState::Role { role }) => before == role,
            (Some(_), _) | (None, HoldingState::Role { .. }) => false,
            (None, _) => true,
        },
        (Change::Audience { list, before, .. }, Object::Page { after, .. }) => {
            after.audience(*list) == before
        }
        (Change::Audience { .. }, Object::Holding { .. }) | (_, Object::Page { .. }) => false,
    }
}
