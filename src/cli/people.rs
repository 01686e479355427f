//! Reading the people behind principals: members, whether they can sign in, and their licences. No more
//! than the spaces in question mention, and nothing twice.

use std::collections::BTreeSet;

use crate::confluence::survey::{self, Progress};
use crate::confluence::{Cloud, Error};
use crate::model::{
    AccessClass, AccountId, AccountKind, AccountStatus, Content, GroupId, Known, Live, LiveSpace, Principal,
    ProductAccess, Subject, Tree,
};

/// Whose members and whose accounts an answer needs.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) groups: BTreeSet<GroupId>,
    /// Accounts to look up beside the members of the groups.
    pub(super) accounts: BTreeSet<AccountId>,
    /// A class or `anonymous` appears, so everybody on the site counts.
    pub(super) everybody: bool,
    /// The class of product admins appears.
    pub(super) admins: bool,
    /// Only these people are asked about; the other members of the groups are not looked up.
    pub(super) only: Option<BTreeSet<AccountId>>,
}

impl Wanted {
    /// Everybody who appears in these spaces and in the lists of their pages.
    pub(super) fn of<'a>(spaces: impl IntoIterator<Item = &'a LiveSpace>) -> Self {
        let mut wanted = Self::default();
        for space in spaces {
            wanted.holders(space);
            space.tree.iter().flat_map(Tree::iter).for_each(|content| wanted.listed(content));
        }
        wanted
    }

    /// Everybody who holds something in a space.
    pub(super) fn holders(&mut self, space: &LiveSpace) {
        for principal in space.holdings.keys() {
            self.note(principal);
        }
    }

    /// Everybody in the lists of one piece of content.
    pub(super) fn listed(&mut self, content: &Content) {
        if let Known::Known(lists) = &content.restrictions {
            for subject in lists.view.subjects().chain(lists.edit.subjects()) {
                self.note(&Principal::from(Subject::clone(subject)));
            }
        }
    }

    pub(super) fn note(&mut self, principal: &Principal) {
        match principal {
            Principal::Group(group) => {
                self.groups.insert(group.clone());
            }
            Principal::User(account) => {
                self.accounts.insert(account.clone());
            }
            Principal::Class(class) => {
                self.everybody = true;
                self.admins |= *class == AccessClass::AllProductAdmins;
            }
            Principal::Anonymous => self.everybody = true,
        }
    }
}

/// Reads members and accounts, and licences as far as they are still open.
pub(super) async fn read(site: &Cloud, live: &mut Live, wanted: &Wanted) -> Result<(), Error> {
    let hook = |progress: Progress| tracing::debug!(?progress);
    survey::members(site, live, &wanted.groups, &hook).await?;
    survey::product_access(site, live).await?;
    let accounts = concerned(live, wanted);
    survey::people(site, live, accounts.clone()).await?;
    let everybody = wanted.everybody && wanted.only.is_none();
    if everybody || wanted.admins || !licences_are_known(&accounts, live) {
        survey::members(site, live, &licensing(live), &hook).await?;
    }
    if everybody {
        let everybody = members(live, &licensing(live));
        survey::people(site, live, everybody).await?;
    }
    Ok(())
}

fn concerned(live: &Live, wanted: &Wanted) -> BTreeSet<AccountId> {
    match &wanted.only {
        Some(only) => only.clone(),
        None => members(live, &wanted.groups).into_iter().chain(wanted.accounts.iter().cloned()).collect(),
    }
}

fn members(live: &Live, groups: &BTreeSet<GroupId>) -> BTreeSet<AccountId> {
    let known = groups.iter().filter_map(|group| live.directory.groups.get(group)?.members.as_ref().known());
    known.flatten().cloned().collect()
}

/// The groups that give access to the product.
fn licensing(live: &Live) -> BTreeSet<GroupId> {
    let gives = |access| matches!(access, Known::Known(ProductAccess::User | ProductAccess::Admin));
    live.directory.groups.values().filter(|group| gives(group.access)).map(|group| group.id.clone()).collect()
}

/// Whether more groups would say nothing new about the licences of these accounts.
fn licences_are_known(accounts: &BTreeSet<AccountId>, live: &Live) -> bool {
    let licensed = members(live, &licensing(live));
    let beside_the_point = |account: &AccountId| {
        live.directory.people.get(account).is_some_and(|person| {
            matches!(person.status, AccountStatus::Inactive | AccountStatus::Closed)
                || matches!(person.kind, AccountKind::App | AccountKind::Customer)
                || person.guest == Known::Known(true)
        })
    };
    accounts.iter().all(|account| licensed.contains(account) || beside_the_point(account))
}
