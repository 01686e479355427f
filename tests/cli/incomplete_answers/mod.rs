//! Answers that are not complete, on the way through a whole run: no write follows from one, no guard is off because
//! of one, nothing is opened.

mod faults;
