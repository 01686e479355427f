//! Answers that are not complete, on the way through a whole run: no write follows from one, no guard is off because
//! of one, nothing is opened.
//!
//! [`faults`] has the measured cases one by one; [`property`] has random sites, policies and manglings. What is right
//! is judged by the sandbox's own state and check, never by `confperm::access`.

mod faults;
mod judge;
mod property;
pub(crate) mod random;
