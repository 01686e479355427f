//! Ways into a space that the lists of the site leave out, or may leave out.
//!
//! Where a site lists nothing of `anonymous`, it may hold something all the same
//! ([`LiveSpace::unlisted_anonymous`]). And Jira Service Management can open a space to every signed-in person, past
//! all grants, which no public API tells (access model, D5). An answer that such a way would change is unknown, as
//! far as the site shows signs of it.

use std::borrow::Cow;

use super::census::Tier;
use super::engine::Engine;
use super::question::{Reason, Route};
use super::reach::Reach;
use super::standing::Unlisted;
use crate::model::{Known, LiveSpace, Permission, Principal};

/// A way into a space that shows in no list of it.
pub(super) struct UnlistedWay<'e> {
    pub(super) route: Route,
    /// The principals that it lets in; all of them only perhaps, where it is not known to exist.
    pub(super) reach: Cow<'e, Reach>,
    /// Why it is not known to exist.
    pub(super) doubt: Option<Reason>,
}

impl<'e> UnlistedWay<'e> {
    fn sure(route: Route, reach: Cow<'e, Reach>) -> Self {
        Self { route, reach, doubt: None }
    }

    fn doubted(route: Route, reach: Cow<'e, Reach>, doubt: Reason) -> Self {
        Self { route, reach: Cow::Owned(reach.into_owned().doubted()), doubt: Some(doubt) }
    }
}

impl Engine<'_> {
    /// How the space gives a permission, or may give it, beside what it lists.
    pub(super) fn unlisted(&self, space: &LiveSpace, permission: Permission) -> Vec<UnlistedWay<'_>> {
        let anonymous = self.unlisted_anonymous(space, permission);
        let desk = self.opened_by_service_desk(space).filter(|_| permission == Permission::ReadSpace);
        anonymous.into_iter().chain(desk).collect()
    }

    fn unlisted_anonymous(&self, space: &LiveSpace, permission: Permission) -> Option<UnlistedWay<'_>> {
        let reach = || self.census.reach(&Principal::Anonymous, Tier::of(permission), &self.roll);
        let route = Route::Grant { principal: Principal::Anonymous, permission, role: None };
        match (space.unlisted_anonymous, permission) {
            (Known::Known(false), _) => None,
            (Known::Known(true), Permission::ReadSpace) => Some(UnlistedWay::sure(route, reach())),
            // Beside reading, `anonymous` may hold more.
            (Known::Known(true) | Known::Unknown(_), _) => (self.unlisted == Unlisted::Counts).then(|| {
                let doubt = Reason::AnonymousUnlisted { space: space.space.key.clone() };
                UnlistedWay::doubted(route, reach(), doubt)
            }),
        }
    }

    fn opened_by_service_desk(&self, space: &LiveSpace) -> Option<UnlistedWay<'_>> {
        let reach = Cow::Borrowed(self.census.everybody_signed_in());
        match space.unlicensed_access {
            Known::Known(false) => None,
            Known::Known(true) => Some(UnlistedWay::sure(Route::UnlicensedAccess, reach)),
            Known::Unknown(_) => (self.unlisted == Unlisted::Counts && self.has_service_desk).then(|| {
                let doubt = Reason::ServiceDesk { space: space.space.key.clone() };
                UnlistedWay::doubted(Route::UnlicensedAccess, reach, doubt)
            }),
        }
    }
}
