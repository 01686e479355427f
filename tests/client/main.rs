//! The client against small servers made for each test: what it says when things go wrong, how often it
//! asks, and what it takes from odd answers.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests may")]

mod bounds;
mod complete;
mod faults;
mod observing;
mod reads;
mod secrets;
mod server;
mod visitors;
mod writes;
