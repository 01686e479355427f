//! Permissions as code for Confluence.
//!
//! ```text
//! policy files ──load──▶ Policy ──resolve──▶ Desired ─┐
//!                                                     ├──plan──▶ Plan ──▶ render | apply ──▶ verify
//! site (HTTP) ──observe─▶ Live ────────────────────────┘
//! ```
//!
//! Planning is an ordinary function of values: no I/O, no clock, no randomness, the same bytes for the
//! same input. Reading never writes and deciding never reads; only [`apply`] is handed something that
//! can write.
//!
//! The modules below are listed from the outside in. Each may use only what stands below it in this
//! list; `tests/architecture` holds that.

pub mod cli;
pub mod render;
pub mod apply;
pub mod plan;
pub mod access;
pub mod observe;
pub mod confluence;
pub mod policy;
pub mod diagnostic;
pub mod model;
pub mod sandbox;
pub mod files;
