//! Sites for tests and benches, each written down in a few words: [`live`] has the pieces of a site as a plan sees it,
//! and a builder that puts them together; [`sandbox`] has the pieces of a sandbox; [`reading`] makes the one out of the
//! other. Nothing here decides who has access to what, so that a naive judge may take its inputs from here and still be
//! independent of what it judges.

#![expect(clippy::unwrap_used, reason = "tests and benches stop where something is not as it must be")]
#![expect(dead_code, reason = "each of the tests and benches that include this uses a part of it")]

pub(crate) mod desired;
pub(crate) mod ids;
pub(crate) mod large;
pub(crate) mod live;
pub(crate) mod reading;
pub(crate) mod sandbox;
