//! Names of things, from text as policies and documents have it.

use confperm::model::{AccountId, Audience, ContentId, GroupId, Principal, SpaceKey, Subject};

pub(crate) fn account(name: &str) -> AccountId {
    name.parse().unwrap()
}

pub(crate) fn group(name: &str) -> GroupId {
    name.parse().unwrap()
}

pub(crate) fn key(key: &str) -> SpaceKey {
    key.parse().unwrap()
}

pub(crate) const fn id(number: u64) -> ContentId {
    ContentId::from_number(number)
}

pub(crate) fn principal(text: &str) -> Principal {
    text.parse().unwrap()
}

/// The list of a page: `user:ann group:eng`. An empty one is open.
pub(crate) fn audience(text: &str) -> Audience {
    Audience::from_site_list(text.split_whitespace().map(|subject| subject.parse::<Subject>().unwrap()))
}
