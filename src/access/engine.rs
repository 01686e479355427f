//! One state of a site, ready to be asked.

use std::sync::Arc;

use super::memberships::{MembershipIndex, Unreadable};
use super::principal_table::PrincipalTable;
use super::question::{Asker, Reason};
use super::service_desk::has_service_desk;
use super::standing::Unlisted;
use crate::model::{AccountId, GroupId, Live, LiveSpace, Principal, SpaceKey};

/// Answers questions about one state of a site.
///
/// Making one reads through the site once; it borrows the site and adds a set per group to it. What the
/// lists of the site cannot say (public links, the admin key, …) is not in its verdicts; see
/// [`Outside`](super::Outside).
#[derive(Debug)]
pub struct Engine<'a> {
    pub(super) live: &'a Live,
    pub(super) table: Arc<PrincipalTable>,
    pub(super) memberships: MembershipIndex,
    pub(super) unlisted: Unlisted,
    pub(super) has_service_desk: bool,
}

impl<'a> Engine<'a> {
    pub fn new(live: &'a Live) -> Self {
        Self::with(live, Arc::new(PrincipalTable::of([live])), Unreadable::AnyoneMayBeIn, Unlisted::Counts)
    }

    /// An engine that takes the lists of the site to be complete, and active people to be licensed where nothing says
    /// who is. Guards and warnings go by what is listed, or they would be about everything on some sites.
    pub fn of_what_is_listed(live: &'a Live) -> Self {
        Self::with(live, Arc::new(PrincipalTable::of([live])), Unreadable::AnyoneMayBeIn, Unlisted::Ignored)
    }

    /// The state that it answers for.
    pub const fn live(&self) -> &'a Live {
        self.live
    }

    /// The same engine for a site that shows a sign of Jira Service Management.
    pub(crate) fn with_service_desk(self) -> Self {
        Self { has_service_desk: true, ..self }
    }

    pub(super) fn with(
        live: &'a Live,
        table: Arc<PrincipalTable>,
        unreadable: Unreadable,
        unlisted: Unlisted,
    ) -> Self {
        let memberships = MembershipIndex::of(live, &table, unreadable, unlisted);
        Self { live, table, memberships, unlisted, has_service_desk: has_service_desk(live) }
    }

    /// The numbers in the table that stand for the asker.
    pub(super) fn parties(&self, asker: &Asker) -> Result<Vec<u32>, Reason> {
        match asker {
            Asker::Person(account) => self
                .person(account)
                .map(|number| vec![number])
                .ok_or_else(|| Reason::AccountUnread { account: account.clone() }),
            Asker::Group(group) => self
                .group(group)
                .map(|number| vec![number])
                .ok_or_else(|| Reason::NoSuchGroup { group: group.clone() }),
            Asker::Anonymous | Asker::Stranger => {
                Ok(self.table.find(&asker.counts_as()).into_iter().collect())
            }
        }
    }

    pub(super) fn person(&self, account: &AccountId) -> Option<u32> {
        self.table.find(&Principal::User(account.clone()))
    }

    pub(super) fn group(&self, group: &GroupId) -> Option<u32> {
        self.table.find(&Principal::Group(group.clone()))
    }

    pub(super) fn space(&self, key: &SpaceKey) -> Option<&'a LiveSpace> {
        self.live.space(key)
    }
}
