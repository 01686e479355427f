//! The order of calls, judged from outside: plans for random small sites are carried out on the
//! sandbox's world, and its own naive access check looks at every state on the way. An exhaustive search
//! over that world says how few calls there could have been.

#![expect(clippy::unwrap_used, reason = "tests may panic, their helpers too")]

mod account;
mod alike;
#[path = "../builder/mod.rs"]
mod builder;
mod bystanders;
mod draw;
mod fewest;
mod finishing;
mod guests;
mod judge;
mod limits;
mod roles;
mod safe;
mod site;
mod tally;
