//! The policy language from the outside: fixtures, resolving, properties, schema.

#![expect(clippy::unwrap_used, reason = "tests may panic, their helpers too")]

#[path = "../builder/mod.rs"]
mod builder;
mod bad_inputs;
mod absent;
mod coverage;
mod delegation;
mod crowd;
mod fixtures;
mod formatting;
#[cfg(unix)]
mod hostile;
mod language;
mod leave;
mod lists;
mod locking;
mod properties;
mod resolving;
mod rules;
mod same_names;
mod sets;
mod site;
