//! Ways into a space that the lists of the site leave out, or may leave out.
//!
//! Where a site lists nothing of `anonymous`, it may hold something all the same
//! ([`LiveSpace::unlisted_anonymous`]). And Jira Service Management can open a space to every signed-in person, past
//! all grants, which no public API tells (access model, D5). An answer that such a way would change is unknown, as
//! far as the site shows signs of it.

use super::engine::Engine;
use super::question::Reason;
use super::standing::Unlisted;
use super::ways::Way;
use crate::model::{AccessClass, Known, LiveSpace, Permission, Principal};

impl Engine<'_> {
    /// How the space gives a permission, or may give it, beside what it lists.
    pub(super) fn unlisted<'s>(
        &self,
        space: &LiveSpace,
        permission: Permission,
    ) -> impl Iterator<Item = Way<'s>> {
        let anonymous = self.unlisted_anonymous(space, permission);
        let desk = self.opened_by_service_desk(space).filter(|_| permission == Permission::ReadSpace);
        anonymous.into_iter().chain(desk)
    }

    fn unlisted_anonymous<'s>(&self, space: &LiveSpace, permission: Permission) -> Option<Way<'s>> {
        let way = |doubt| Way::unlisted(const { &Principal::Anonymous }, permission, doubt);
        match (space.unlisted_anonymous, permission) {
            (Known::Known(false), _) => None,
            (Known::Known(true), Permission::ReadSpace) => Some(way(None)),
            // Beside reading, `anonymous` may hold more.
            (Known::Known(true) | Known::Unknown(_), _) => (self.unlisted == Unlisted::Counts)
                .then(|| way(Some(Reason::AnonymousUnlisted { space: space.space.key.clone() }))),
        }
    }

    fn opened_by_service_desk<'s>(&self, space: &LiveSpace) -> Option<Way<'s>> {
        let way =
            |doubt| Way::service_desk(const { &Principal::Class(AccessClass::AuthenticatedUsers) }, doubt);
        match space.unlicensed_access {
            Known::Known(false) => None,
            Known::Known(true) => Some(way(None)),
            Known::Unknown(_) => (self.unlisted == Unlisted::Counts && self.has_service_desk)
                .then(|| way(Some(Reason::ServiceDesk { space: space.space.key.clone() }))),
        }
    }
}
