//! The access engine against the access model: its edge cases by number, a naive evaluation on random
//! sites, and what it tells of changes.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which stop where something is not as it must be")]

#[path = "../builder/mod.rs"]
mod builder;
mod cases;
mod effects;
mod explain;
mod guards;
mod lints;
mod naive;
mod properties;
mod random;
mod reasons;
mod sandbox;
mod survey;
mod world;
