//! Journals for people: a table of runs, and one run as a whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::apply::journal::{Record, Settled, TakenBackRuns};
use crate::model::visible;
use crate::plan::{CallId, PlannedCall};

use super::call::call_words;
use super::documents::{RunResult, answer_word, settled_word};
use super::style::{ADD, CHANGE, REMOVE, count, list, paint};
use crate::model::columns::{column, pad};

/// The widest name of a journal that still has a column of its own.
const WIDEST: usize = 40;

/// A line for each run, the last one first.
pub fn log_as_text(records: &[Record], runs: &TakenBackRuns<'_>) -> String {
    let names: Vec<&str> = records.iter().map(name_of).collect();
    let end = column(names.iter().copied(), WIDEST);
    let mut text = String::new();
    for (record, name) in records.iter().zip(&names) {
        let plan = &record.plan;
        let planned = plan.calls.iter().filter(|call| !call.conditional).count();
        let is_done = |call: &&PlannedCall| {
            !call.conditional
                && matches!(
                    record.settled.get(&call.id),
                    Some(Settled::Done | Settled::AlreadySo | Settled::NotNeeded)
                )
        };
        let calls = match plan.calls.iter().filter(is_done).count() {
            done if done == planned => count(planned, "call", "calls"),
            done => format!("{done} of {}", count(planned, "call", "calls")),
        };
        let began = record.began.strftime("%Y-%m-%d %H:%M:%S UTC");
        let from = record.plan.made_from.as_ref().and_then(|made_from| made_from.commit.as_ref());
        let from = from.map(|commit| format!(", commit {:.12}", commit.as_str())).unwrap_or_default();
        let takes_back = record.takes_back().map(|run| format!(", takes back {}", run_words(run, runs)));
        let _ = writeln!(
            text,
            "{}  {began}  {}  {}{from}{}{}",
            pad(name, end),
            result_words(record),
            calls,
            takes_back.unwrap_or_default(),
            taken_back_words(record, runs).map(|words| format!(", {words}")).unwrap_or_default(),
        );
    }
    text
}

/// What `log` and `undo` take for a journal.
fn name_of(record: &Record) -> &str {
    record.path.file_stem().unwrap_or_default()
}

/// The journal of the run that began at a time, or that time.
fn run_words(began: &str, runs: &TakenBackRuns<'_>) -> String {
    match runs.run(began) {
        Some(run) => name_of(run).to_owned(),
        None => format!("the run of {}", visible(began)),
    }
}

/// "taken back by 20261128T100000.000Z-000".
fn taken_back_words(record: &Record, runs: &TakenBackRuns<'_>) -> Option<String> {
    let taken_back = runs.taken_back(record)?;
    let names: Vec<String> = taken_back.by.iter().map(|run| name_of(run).to_owned()).collect();
    let how = if taken_back.whole { "taken back" } else { "taken back in part" };
    Some(format!("{how} by {}", list(&names)))
}

fn result_words(record: &Record) -> String {
    match RunResult::of(record) {
        RunResult::Complete => paint(ADD, "complete"),
        RunResult::Partial => paint(CHANGE, "in part"),
        RunResult::CutShort => paint(REMOVE, "cut short"),
    }
}

/// One run: who ran it and from what, its calls with what became of them, and what was verified.
pub fn record_as_text(record: &Record, runs: &TakenBackRuns<'_>) -> String {
    let plan = &record.plan;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{}  {value}", pad(name, 10));
    };
    line("Journal", record.path.as_str());
    line("Began", &record.began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    match &record.end {
        Some(end) => line("Ended", &end.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        None => line("Ended", "not: the run was cut short, or is still going on"),
    }
    let taken_back = taken_back_words(record, runs).map(|words| format!(", {words}")).unwrap_or_default();
    line("Result", &format!("{}{taken_back}", result_words(record)));
    if let Some(run) = record.takes_back() {
        line("Takes back", &run_words(run, runs));
    }
    line("Site", plan.site.base_url.shown().as_str());
    line("Account", plan.site.caller.as_str());
    line("Program", &format!("confperm {}", visible(&record.confperm)));
    if let Some(made_from) = &plan.made_from {
        if let Some(commit) = &made_from.commit {
            line("Commit", commit.as_str());
        }
        if let Some(run) = &made_from.run {
            line("CI run", run.as_str());
        }
    }
    line("Hash", &plan.hash.to_string());
    for (guard, why) in plan.guards.overridden() {
        line("Override", &format!("{guard}: {}", visible(why)));
    }
    text.push('\n');
    text.push_str(&calls(record));
    text.push_str(&end_of(record));
    text
}

/// Each call that was sent or settled, with the answers of the site; the others are counted.
fn calls(record: &Record) -> String {
    let plan = &record.plan;
    let mut answers: BTreeMap<CallId, Vec<&str>> = BTreeMap::new();
    for sent in &record.requests {
        if let Some(call) = sent.serves {
            answers.entry(call).or_default().push(answer_word(sent.answer.as_ref()));
        }
    }
    let mut text = String::new();
    let mut left = 0;
    for call in &plan.calls {
        let (sent, settled) = (answers.get(&call.id), record.settled.get(&call.id));
        if sent.is_none() && settled.is_none() {
            left += usize::from(!call.conditional);
            continue;
        }
        let became = match (settled, sent) {
            (Some(Settled::Failed { message }), _) => format!("failed: {}", visible(message)),
            (Some(settled), _) => settled_word(settled).replace('-', " "),
            (None, Some(answers)) => answers.join(", "),
            (None, None) => String::new(),
        };
        let _ = writeln!(text, "{}  {}: {became}", call.id, call_words(plan, &call.call));
    }
    if left > 0 {
        let _ = writeln!(text, "{} not begun", count(left, "call was", "calls were"));
    }
    text
}

fn end_of(record: &Record) -> String {
    let Some(end) = &record.end else {
        return "What it left unverified, the next apply looks at first.\n".to_owned();
    };
    let mut text = format!(
        "{} as planned, {} not seen, {} beyond the plan\n",
        count(end.right, "object was found", "objects were found"),
        count(end.unverified.len(), "object was", "objects were"),
        count(end.repairs, "write went", "writes went"),
    );
    for wrong in &end.wrong {
        let _ = writeln!(text, "{} {}", paint(REMOVE, "not as planned:"), visible(wrong));
    }
    text
}
