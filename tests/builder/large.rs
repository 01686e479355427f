//! Names of a site of any size, by number, and numbers without a pattern to draw from.

use confperm::model::{AccountId, ContentId, GroupId, SpaceKey};

use super::ids;

pub(crate) fn account(number: u64) -> AccountId {
    ids::account(&format!("5b10ac8d82e05b22{number:08}"))
}

pub(crate) fn group(number: u64) -> GroupId {
    ids::group(&format!("2d1f6c1e-0c58-4a6c-8f0e-{number:012}"))
}

pub(crate) fn space_key(space: u64) -> SpaceKey {
    ids::key(&format!("S{space}"))
}

pub(crate) const fn page_id(space: u64, page: u64) -> ContentId {
    ContentId::from_number(1 + space * 1_000_000 + page)
}

/// Mixes the bits of a number.
pub(crate) const fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}
