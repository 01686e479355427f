//! What is said of people and groups in comments and remarks.

use crate::model::{AccountId, AccountStatus, Live, Principal};

/// The display name of a principal; for comments, where nothing depends on it.
pub(super) fn label(principal: &Principal, live: &Live) -> String {
    match principal {
        Principal::User(account) => display_name(account, live).to_owned(),
        Principal::Group(group) => {
            let name = live.directory.groups.get(group).map_or(group.as_str(), |group| group.name.raw());
            let deleted = if is_deleted(principal, live) { " (deleted)" } else { "" };
            format!("group:{name}{deleted}")
        }
        Principal::Class(_) | Principal::Anonymous => principal.to_string(),
    }
}

pub(super) fn display_name<'a>(account: &'a AccountId, live: &'a Live) -> &'a str {
    live.directory.people.get(account).map_or(account.as_str(), |person| person.name.raw())
}

/// Whether an account can no longer sign in.
pub(super) fn is_inactive(principal: &Principal, live: &Live) -> bool {
    let Principal::User(account) = principal else { return false };
    live.directory
        .people
        .get(account)
        .is_some_and(|person| matches!(person.status, AccountStatus::Inactive | AccountStatus::Closed))
}

pub(super) fn is_deleted(principal: &Principal, live: &Live) -> bool {
    principal.subject().is_some_and(|subject| live.directory.is_deleted(&subject))
}
