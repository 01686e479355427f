//! Reads what was written again, and puts right what Confluence did unasked.
//!
//! A read may lag behind the write before it, so nothing is concluded from a read that does not show the
//! writes themselves: [`Expected`] rows are the witnesses. Once they are visible, or the patience is over,
//! what came along unasked is taken away; what can only be the work of others is reported, never undone.
//!
//! Side effects are the reason, for no document names them all: some sites add `export_content/space` to
//! every `read/space`, some do not; a role may or may not take the place of single permissions; a row may
//! have a twin.

mod beside;
mod difference;
mod expected;
mod pages;
mod rows;

pub(super) use beside::{BesideRole, Single};
pub(super) use difference::CheckedHolding;
pub(super) use expected::Expected;
pub(super) use pages::{Seen, check_pages};
pub(super) use rows::{SpaceCheck, SpaceChecked, check};
