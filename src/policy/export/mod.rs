//! Exports a live space as policy text, in one canonical layout.
//!
//! [`preview`] writes a space so that two states of it can be compared line by line. [`files`] writes what
//! a person goes on with: the files of a policy that plans to no change. Both find the same [`words`] for
//! what a principal holds.
//!
//! ```text
//! Live ──draft──▶ Drafts ──names──▶ who is called what ──files──▶ texts
//! ```

mod draft;
pub mod files;
mod names;
mod pages;
mod people;
mod people_file;
mod places;
pub mod preview;
mod remark;
mod words;

pub use draft::{SpaceDraft, draft};
pub use names::handles;
pub use pages::PageDraft;
pub(crate) use pages::selector_of;
pub use remark::{Remark, Remarks};
pub use words::{AccessWord, NamedBundle};
