//! One state of a site, ready to be asked.

use std::borrow::Cow;
use std::sync::Arc;

use super::census::{Census, Tier, Unreadable};
use super::question::{Asker, Clause, Level, Object, Reason, Verb, Verdict};
use super::reach::Reach;
use super::roll::Roll;
use super::service_desk::has_service_desk;
use super::standing::Unlisted;
use crate::model::{
    AccessClass, AccountId, GroupId, Live, LiveSpace, Members, Permission, Principal, SpaceKey, SpaceStatus,
    Truth,
};

/// Answers questions about one state of a site.
///
/// Making one reads through the site once; it borrows the site and adds a set per group to it. What the
/// lists of the site cannot say (public links, the admin key, …) is not in its verdicts; see
/// [`Outside`](super::Outside).
#[derive(Debug)]
pub struct Engine<'a> {
    pub(super) live: &'a Live,
    pub(super) roll: Arc<Roll>,
    pub(super) census: Census,
    pub(super) unlisted: Unlisted,
    pub(super) has_service_desk: bool,
}

impl<'a> Engine<'a> {
    pub fn new(live: &'a Live) -> Self {
        Self::with(live, Arc::new(Roll::of([live])), Unreadable::AnyoneMayBeIn, Unlisted::Counts)
    }

    /// An engine that takes the lists of the site to be complete, and active people to be licensed where nothing says
    /// who is. Guards and warnings go by what is listed, or they would be about everything on some sites.
    pub fn of_what_is_listed(live: &'a Live) -> Self {
        Self::with(live, Arc::new(Roll::of([live])), Unreadable::AnyoneMayBeIn, Unlisted::Ignored)
    }

    /// The same engine for a site that shows a sign of Jira Service Management.
    pub(crate) fn with_service_desk(self) -> Self {
        Self { has_service_desk: true, ..self }
    }

    pub(super) fn with(live: &'a Live, roll: Arc<Roll>, unreadable: Unreadable, unlisted: Unlisted) -> Self {
        let census = Census::of(live, &roll, unreadable, unlisted);
        Self { live, roll, census, unlisted, has_service_desk: has_service_desk(live) }
    }

    /// Whether the asker may do it.
    pub fn can(&self, asker: &Asker, verb: Verb, object: &Object) -> Verdict {
        super::levels::verdict(&self.levels(asker, verb, object))
    }

    /// The numbers on the roll that stand for the asker; a stranger has several.
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
            Asker::Anonymous => Ok(self.roll.find(&Principal::Anonymous).into_iter().collect()),
            // A group that the site mentions nowhere gives nothing.
            Asker::Stranger { groups } => {
                let licensed = self.roll.find(&Principal::Class(AccessClass::AllLicensedUsers));
                Ok(licensed.into_iter().chain(groups.iter().filter_map(|group| self.group(group))).collect())
            }
        }
    }

    pub(super) fn person(&self, account: &AccountId) -> Option<u32> {
        self.roll.find(&Principal::User(account.clone()))
    }

    pub(super) fn group(&self, group: &GroupId) -> Option<u32> {
        self.roll.find(&Principal::Group(group.clone()))
    }

    /// The people that the holding of one principal in a space lets through.
    pub(super) fn held(
        &self,
        space: &LiveSpace,
        principal: &Principal,
        permission: Permission,
    ) -> Cow<'_, Reach> {
        let reach = || self.census.granted(principal, Tier::of(permission), &space.space.key, &self.roll);
        match space.gives(principal, permission, &self.live.roles) {
            Truth::Yes => reach(),
            Truth::Unknown => Cow::Owned(reach().into_owned().doubted()),
            Truth::No => Cow::default(),
        }
    }

    /// The people that the space grants one of the permissions of a clause: the union over all its grants.
    pub(super) fn granted(&self, space: &LiveSpace, clause: &Clause) -> Reach {
        let mut granted = Reach::default();
        for permission in &clause.any_of {
            for principal in space.holdings.keys() {
                granted.or(&self.held(space, principal, *permission));
            }
            for way in self.unlisted(space, *permission) {
                granted.or(&way.reach);
            }
        }
        if let Some(permission) = &clause.perhaps {
            for principal in space.holdings.keys() {
                granted.or(&self.held(space, principal, *permission).into_owned().doubted());
            }
            for way in self.unlisted(space, *permission) {
                granted.or(&way.reach.into_owned().doubted());
            }
        }
        granted
    }

    /// The people that the space lets do something that needs all of these.
    pub(super) fn let_in(&self, space: &LiveSpace, clauses: &[Clause]) -> Reach {
        let mut reaches = clauses.iter().map(|clause| self.granted(space, clause));
        let first = reaches.next().unwrap_or_default();
        let reach = reaches.fold(first, |all, next| all.and(&next));
        if is_archived(space) { reach.doubted() } else { reach }
    }

    /// Who is on a list.
    pub(super) fn listed(&self, members: &Members) -> Reach {
        let mut listed = Reach::default();
        for subject in members.iter() {
            listed.or(&self.census.reach(&Principal::from(subject.clone()), Tier::LIST, &self.roll));
        }
        listed
    }

    pub(super) fn space(&self, key: &SpaceKey) -> Option<&'a LiveSpace> {
        self.live.spaces.get(key)
    }
}

pub(super) fn is_archived(space: &LiveSpace) -> bool {
    space.space.status == SpaceStatus::Archived
}

impl Level {
    /// The content that decides at this level.
    pub const fn content(self) -> Option<crate::model::ContentId> {
        match self {
            Self::Site | Self::Space => None,
            Self::Ancestor(content) | Self::Content(content) => Some(content),
        }
    }
}
