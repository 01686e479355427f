//! The whole path, policy to verified site: as people run it, and in process where speed matters.

#![expect(clippy::unwrap_used, reason = "tests may panic, their helpers too")]

mod converge;
mod first_run;
mod guards;
mod fmt;
mod interrupted;
mod journal;
mod locked;
mod quirks;
mod requests;
mod rules;
mod secrets;
mod stage;
mod streams;
mod support;
mod trouble;
