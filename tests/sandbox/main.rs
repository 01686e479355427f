//! Drives the served sandbox over HTTP: what the published API and field notes say, one promise per test.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says where")]

mod access;
mod adversary;
mod examples;
mod identity;
mod memory;
mod paging;
mod permissions;
mod properties;
mod replayed;
mod restrictions;
mod roles;
mod search;
mod spaces;
mod strict;
mod support;
mod weather;
mod whole;
