//! Which runs took back which others.

use std::collections::{BTreeMap, BTreeSet};

use super::Record;
use crate::plan::ObjectId;

/// The runs of a folder, and what they took back of each other.
#[derive(Debug)]
pub struct Undone<'r> {
    by_began: BTreeMap<String, &'r Record>,
    /// The runs that took one back, by when that began.
    undos: BTreeMap<&'r str, Vec<&'r Record>>,
}

/// By which runs one was taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenBack<'r> {
    /// The first one first. Those that were taken back themselves are not among them.
    pub by: Vec<&'r Record>,
    /// Whether they brought back all that the run changed, as far as their journals tell.
    pub whole: bool,
}

impl<'r> Undone<'r> {
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
        let (mut by, mut finished, mut holds) = (Vec::new(), BTreeSet::<ObjectId>::new(), true);
        // A run that takes back what comes after it is none of this program.
        let undos = self.undos.get(run.began.to_string().as_str()).into_iter().flatten();
        for undo in undos.filter(|undo| undo.began > run.began && !undo.made().is_empty()) {
            match self.taken_back(undo) {
                Some(again) if again.whole => continue,
                again => holds &= again.is_none(),
            }
            by.push(*undo);
            finished.extend(undo.finished_of(run));
        }
        let whole = holds && run.changed().is_subset(&finished);
        (!by.is_empty()).then_some(TakenBack { by, whole })
    }
}
