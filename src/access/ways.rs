//! One way through a gate: an entry of the site that names a principal, or one that the site may leave out.
//!
//! A way is there or not, which is known or doubted; and it counts for some of the people of its principal, which the
//! [memberships](super::memberships) knows. Nothing here asks who the people are.

use std::borrow::Cow;
use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::engine::Engine;
use super::memberships::{AccessEntry, Tier};
use super::question::{Clause, Reason, Route};
use crate::model::{Holding, LiveSpace, Permission, Principal, RoleId, SpaceKey, Subject, Truth};

/// One way through a gate.
#[derive(Debug)]
pub(super) struct Way<'a> {
    principal: Cow<'a, Principal>,
    via: Via<'a>,
    /// Why it may not be there, or not count. It is certain where there is none.
    doubts: Vec<Reason>,
}

/// Where a way comes from.
#[derive(Debug, Clone, Copy)]
enum Via<'a> {
    Holding { space: &'a SpaceKey, permission: Permission, role: Option<&'a RoleId> },
    List(&'a Subject),
    Unlisted(Permission),
    ServiceDesk,
}

impl<'a> Way<'a> {
    /// By an entry of a list.
    pub(super) fn on_list(subject: &'a Subject) -> Self {
        let principal = Cow::Owned(Principal::from(subject.clone()));
        Self { principal, via: Via::List(subject), doubts: Vec::new() }
    }

    /// By what `anonymous` holds, or may hold, though no row says so.
    pub(super) fn unlisted(principal: &'a Principal, permission: Permission, doubt: Option<Reason>) -> Self {
        let doubts = doubt.into_iter().collect();
        Self { principal: Cow::Borrowed(principal), via: Via::Unlisted(permission), doubts }
    }

    /// By the switch of the service desk, for everyone that the class stands for.
    pub(super) fn service_desk(signed_in: &'a Principal, doubt: Option<Reason>) -> Self {
        let doubts = doubt.into_iter().collect();
        Self { principal: Cow::Borrowed(signed_in), via: Via::ServiceDesk, doubts }
    }

    fn doubted(mut self, doubt: Reason) -> Self {
        self.doubts.push(doubt);
        self
    }

    /// Whether it is there, and counts for the people for which an entry like it counts.
    pub(super) const fn at_most(&self) -> Truth {
        if self.doubts.is_empty() { Truth::Yes } else { Truth::Unknown }
    }

    /// Whether the site may leave it out.
    pub(super) const fn may_be_missing(&self) -> bool {
        matches!(self.via, Via::Unlisted(_) | Via::ServiceDesk) && !self.doubts.is_empty()
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The principal with all that decides for which of its people the way counts.
    pub(super) fn grantee(&self) -> AccessEntry<'_> {
        let (tier, space) = match self.via {
            Via::Holding { space, permission, .. } => (Tier::of(permission), Some(space)),
            Via::List(_) => (Tier::LIST, None),
            Via::Unlisted(permission) => (Tier::of(permission), None),
            Via::ServiceDesk => (Tier::Read, None),
        };
        AccessEntry { principal: &self.principal, tier, space }
    }

    pub(super) fn route(&self) -> Route {
        let (permission, role) = match self.via {
            Via::Holding { permission, role, .. } => (permission, role.cloned()),
            Via::Unlisted(permission) => (permission, None),
            Via::List(subject) => return Route::Listed { subject: subject.clone() },
            Via::ServiceDesk => return Route::UnlicensedAccess,
        };
        Route::Grant { principal: self.principal.clone().into_owned(), permission, role }
    }
}

impl Engine<'_> {
    /// Why a way does not certainly let people through, apart from what is not known of their accounts; `unsure` are
    /// those for which it does not surely count.
    pub(super) fn doubts(&self, way: &Way<'_>, unsure: &RoaringBitmap) -> BTreeSet<Reason> {
        let mut doubts: BTreeSet<Reason> = way.doubts.iter().cloned().collect();
        // Of an entry that the site may leave out, that is all there is to say.
        if !way.may_be_missing() {
            doubts.extend(self.memberships.entry_doubts(way.grantee(), unsure, self.live));
        }
        doubts
    }

    /// All ways to have what a clause asks of a space.
    pub(super) fn ways<'s>(&'s self, space: &'s LiveSpace, clause: &Clause) -> impl Iterator<Item = Way<'s>> {
        let certain = clause.any_of.iter().flat_map(|permission| self.ways_to(space, *permission));
        let perhaps = clause.perhaps.iter().flat_map(|permission| self.ways_to(space, *permission));
        certain.chain(perhaps.map(|way| way.doubted(Reason::AuthorUnread)))
    }

    fn ways_to<'s>(&'s self, space: &'s LiveSpace, permission: Permission) -> impl Iterator<Item = Way<'s>> {
        let holders = space.holders(permission, &self.live.roles);
        let listed = holders.filter_map(move |(principal, holding, gives)| {
            way_by(space, (principal, holding), permission, gives)
        });
        listed.chain(self.unlisted(space, permission))
    }

    /// The way to a permission by what one principal holds in a space, if that gives it.
    pub(super) fn way_by<'s>(
        &self,
        space: &'s LiveSpace,
        principal: &'s Principal,
        permission: Permission,
    ) -> Option<Way<'s>> {
        let holding = space.holdings.get(principal)?;
        let gives = space.gives(principal, permission, &self.live.roles);
        way_by(space, (principal, holding), permission, gives)
    }
}

/// The way by what a principal holds.
fn way_by<'s>(
    space: &'s LiveSpace,
    (principal, holding): (&'s Principal, &'s Holding),
    permission: Permission,
    gives: Truth,
) -> Option<Way<'s>> {
    let role = match holding {
        Holding::Role(role) => Some(role),
        Holding::Grants(_) => None,
    };
    let doubts = match (gives, role) {
        (Truth::No, _) => return None,
        (Truth::Unknown, Some(role)) => vec![Reason::RoleUnread { role: role.clone() }],
        (Truth::Unknown, None) | (Truth::Yes, _) => Vec::new(),
    };
    let via = Via::Holding { space: &space.space.key, permission, role };
    Some(Way { principal: Cow::Borrowed(principal), via, doubts })
}
