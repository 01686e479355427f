//! Group membership, with accounts numbered once for all spaces.

use std::collections::HashMap;

use crate::model::{AccountId, Directory, GroupId, Known, Subject};

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

    /// The number of an account; the `nth` beyond all of these where it is in no group.
    pub(super) fn number(&self, account: &AccountId, nth: usize) -> usize {
        self.numbers.get(account).copied().unwrap_or(self.numbers.len() + nth)
    }

    /// The members of a group, if they could be read.
    pub(super) fn members(&self, group: &GroupId) -> Option<&[usize]> {
        self.members.get(group).map(Vec::as_slice)
    }
}
