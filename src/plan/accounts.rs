//! Who is in which group, as far as that could be read, with accounts numbered once for all spaces.
//!
//! The order of calls and the [check](super::check) of it both look memberships up here. Whose access is looked at, each
//! decides for itself.

use std::collections::{BTreeSet, HashMap};

use crate::model::{AccountId, Directory, GroupId, Known, Principal, Subject};

/// The accounts that are in groups, each with a number.
#[derive(Debug)]
pub(super) struct Accounts<'a> {
    numbers: HashMap<&'a AccountId, usize>,
    /// Of the groups whose members could be read; ascending.
    members: HashMap<&'a GroupId, Vec<usize>>,
}

impl<'a> Accounts<'a> {
    pub(super) fn of(directory: &'a Directory) -> Self {
        let mut numbers = HashMap::new();
        let mut members = HashMap::new();
        // A deleted group has no members, which is not to be taken for not knowing them.
        let deleted = directory.missing.keys().filter_map(|subject| match subject {
            Subject::Group(id) => Some(id),
            Subject::User(_) => None,
        });
        for id in directory.groups.keys().chain(deleted) {
            let Known::Known(accounts) = directory.members(id) else { continue };
            let mut of_group: Vec<usize> = accounts
                .iter()
                .map(|account| {
                    let next = numbers.len();
                    *numbers.entry(account).or_insert(next)
                })
                .collect();
            of_group.sort_unstable();
            members.insert(id, of_group);
        }
        Self { numbers, members }
    }

    /// The number of an account that is in a group.
    pub(super) fn in_groups(&self, account: &AccountId) -> Option<usize> {
        self.numbers.get(account).copied()
    }

    /// The number of an account; the `nth` beyond all of these where it is in no group.
    pub(super) fn number(&self, account: &AccountId, nth: usize) -> usize {
        self.in_groups(account).unwrap_or(self.numbers.len() + nth)
    }

    /// The members of a group, if they could be read.
    pub(super) fn members(&self, group: &GroupId) -> Option<&[usize]> {
        self.members.get(group).map(Vec::as_slice)
    }

    /// The accounts that count as a principal, as far as they are in groups; `None` where it is not known who does.
    pub(super) fn behind(&self, principal: &Principal) -> Option<&[usize]> {
        match principal {
            Principal::User(account) => Some(self.numbers.get(account).map_or(&[], std::slice::from_ref)),
            Principal::Group(group) => self.members(group),
            Principal::Class(_) | Principal::Anonymous => None,
        }
    }
}

/// The accounts behind a subject, as far as they are known.
pub(super) fn people(subject: &Subject, directory: &Directory) -> BTreeSet<AccountId> {
    match subject {
        Subject::User(account) => BTreeSet::from([account.clone()]),
        Subject::Group(group) => directory.members(group).known().cloned().unwrap_or_default(),
    }
}
