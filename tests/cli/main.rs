//! The whole path, policy to verified site: as people run it, and in process where speed matters.

#![expect(clippy::unwrap_used, reason = "tests may panic, their helpers too")]

mod account;
mod adopted;
mod annotations;
mod anonymous;
mod archived;
mod as_planned;
#[path = "../builder/mod.rs"]
mod builder;
#[cfg(target_os = "linux")]
mod ci;
mod completions;
mod converge;
mod deleted;
mod cores;
mod documents;
mod drafts;
mod echoes;
mod expect;
mod first_run;
mod fmt;
mod guards;
mod habits;
#[cfg(unix)]
mod hostile;
#[cfg(target_os = "linux")]
mod hostile_example;
mod hostile_names;
#[cfg(target_os = "linux")]
mod http2;
#[cfg(target_os = "linux")]
mod identity;
mod import;
mod inactive;
mod in_process;
mod in_vain;
mod incomplete;
mod incomplete_answers;
mod init;
mod interrupted;
mod journal;
mod labels;
mod later;
mod live_tests;
mod locked;
mod many_spaces;
mod moved_on;
mod not_listed;
mod observing;
mod named;
mod names;
#[cfg(target_os = "linux")]
mod network;
mod open_world;
mod one_answer;
mod one_run;
mod opening;
mod order;
mod page_only;
mod paused;
mod quirks;
mod readers;
mod removals;
mod requests;
mod review;
mod rules;
mod saved_plans;
mod scopes;
mod secrets;
mod selected;
#[cfg(unix)]
mod signals;
mod snapshot;
mod space_keys;
mod streams;
mod support;
mod team;
mod team_errors;
mod team_unreadable;
mod trouble;
mod undone;
mod unneeded;
mod waiting;
mod worlds;
