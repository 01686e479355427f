//! Whole objects against the states that a plan passes through, for a plan that is carried out later or taken back.
//!
//! The table of [`super`] holds here too: an object that is as the plan found it, as the plan leaves it, or in between
//! is still the plan's; any other was changed since and is left alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccountId, Call, ContentId, Holding, Known, Live, PageList, Permission, Principal, Restrictions,
    SpaceKey, Subject,
};
use crate::plan::{HoldingState, Object, ObjectId, Plan};

use super::lists::same_list;
use crate::apply::change::ConcurrentChange;

/// The states through which a plan brings its objects.
pub(in crate::apply) struct Course<'a> {
    /// What the calls give each principal, even if only to put a side effect right.
    given: BTreeMap<(&'a SpaceKey, &'a Principal), BTreeSet<Permission>>,
    lists: BTreeMap<ContentId, Vec<&'a Restrictions>>,
    me: Subject,
    /// The objects that runs of this directory have written, or may have.
    written: &'a BTreeSet<ObjectId>,
}

impl<'a> Course<'a> {
    /// `me` is the account whose entry a site may add to lists by itself.
    pub(in crate::apply) fn of(plan: &'a Plan, me: &AccountId, written: &'a BTreeSet<ObjectId>) -> Self {
        let mut given: BTreeMap<_, BTreeSet<Permission>> = BTreeMap::new();
        let mut lists: BTreeMap<ContentId, Vec<_>> = BTreeMap::new();
        for planned in &plan.calls {
            match &planned.call {
                Call::Grant { space, principal, permission } => {
                    given.entry((space, principal)).or_default().insert(*permission);
                }
                Call::Restrict { content, before, after, .. } => {
                    lists.entry(*content).or_default().extend([before, after]);
                }
                Call::Revoke { .. } | Call::AssignRoles { .. } => {}
            }
        }
        Self { given, lists, me: Subject::User(me.clone()), written }
    }

    /// What the plan gives a principal, side effects that it puts right included.
    pub(in crate::apply) fn given_to(&self, space: &SpaceKey, who: &Principal) -> BTreeSet<Permission> {
        self.given.get(&(space, who)).cloned().unwrap_or_default()
    }

    /// How others have changed an object, list by list; nothing if it is still the plan's.
    pub(in crate::apply) fn changes(&self, object: &Object, live: &Live) -> Vec<ConcurrentChange> {
        match object {
            Object::Holding { space, principal, before, after } => {
                let now = live.spaces.get(space).and_then(|space| space.holdings.get(principal));
                let way = HoldingTransition {
                    before,
                    after,
                    given: self.given_to(space, principal),
                    stray: live.stray.of(space, principal).collect(),
                    is_written: self.written.contains(&ObjectId::of(object)),
                };
                if way.has(now) {
                    return Vec::new();
                }
                vec![ConcurrentChange::Holding {
                    space: space.clone(),
                    principal: principal.clone(),
                    before: before.clone(),
                    now: HoldingState::of_live(now),
                    intended: after.clone(),
                }]
            }
            Object::Page { space, content, before, after } => match lists_of(live, space, *content) {
                None => vec![ConcurrentChange::Hidden { space: space.clone(), content: *content }],
                Some(now) => self.list_changes(space, *content, [before, now, after]),
            },
        }
    }

    /// The lists of a page as they are, but for those that are `wanted` otherwise. A list that only differs by an entry of
    /// the account that runs this, which a site may have added, stays as it is.
    pub(in crate::apply) fn lists<'r>(
        &self,
        now: &'r Restrictions,
        wanted: impl Fn(PageList) -> Option<&'r Restrictions>,
    ) -> Restrictions {
        let mut lists = now.clone();
        for list in PageList::ALL {
            let Some(wanted) = wanted(list).map(|wanted| wanted.audience(list)) else { continue };
            if !same_list(wanted, now.audience(list), &self.me) {
                *lists.audience_mut(list) = wanted.clone();
            }
        }
        lists
    }

    fn list_changes(
        &self,
        space: &SpaceKey,
        content: ContentId,
        [before, now, after]: [&Restrictions; 3],
    ) -> Vec<ConcurrentChange> {
        let passed = self.lists.get(&content).map_or(&[][..], Vec::as_slice);
        let is_passed = |list: PageList| {
            let mut states = passed.iter().copied().chain([before, after]);
            states.any(|state| same_list(state.audience(list), now.audience(list), &self.me))
        };
        let touched =
            PageList::ALL.into_iter().filter(|list| before.audience(*list) != after.audience(*list));
        let changed = touched.filter(|list| !is_passed(*list));
        changed
            .map(|list| ConcurrentChange::List {
                space: space.clone(),
                content,
                list,
                before: before.audience(list).clone(),
                now: now.audience(list).clone(),
                intended: after.audience(list).clone(),
            })
            .collect()
    }
}

/// The lists of a page as they are now, if they can be seen.
pub(in crate::apply) fn lists_of<'l>(
    live: &'l Live,
    space: &SpaceKey,
    content: ContentId,
) -> Option<&'l Restrictions> {
    match &live.spaces.get(space)?.tree.as_ref()?.get(content)?.restrictions {
        Known::Known(lists) => Some(lists),
        Known::Unknown(_) => None,
    }
}

/// What a principal holds before and after a plan, and what may be there in between.
struct HoldingTransition<'a> {
    before: &'a HoldingState,
    after: &'a HoldingState,
    /// What the calls give, even if only to put a side effect right.
    given: BTreeSet<Permission>,
    /// What may have come along with what an earlier run gave and did not see.
    stray: BTreeSet<Permission>,
    /// Whether a run may have written here already.
    is_written: bool,
}

impl HoldingTransition<'_> {
    /// Whether what is held now is a state on the way, both ends included.
    fn has(&self, now: Option<&Holding>) -> bool {
        let Self { before, after, .. } = self;
        let held: BTreeSet<Permission> = match now {
            Some(Holding::Role(role)) => {
                let is =
                    |state: &HoldingState| matches!(state, HoldingState::Role { role: of } if of == role);
                return is(before) || is(after);
            }
            Some(Holding::Grants(grants)) => grants.keys().copied().collect(),
            None => BTreeSet::new(),
        };
        match (before, after) {
            (HoldingState::Nothing, HoldingState::Role { .. }) => held.is_empty(),
            (HoldingState::Role { .. }, HoldingState::Role { .. }) => false,
            // What stood there stays until the role takes its place.
            (HoldingState::Grants { permissions, .. }, HoldingState::Role { .. }) => held == *permissions,
            // The role goes before single permissions come.
            (HoldingState::Role { .. }, _) if held.is_empty() && **after != HoldingState::Nothing => {
                self.is_written
            }
            (_, HoldingState::Nothing | HoldingState::Grants { .. }) => {
                !self.misses_one(&held) && held.iter().all(|permission| self.knows(*permission))
            }
        }
    }

    /// Whether something is missing that stays, and that the plan does not give back after it went along with another.
    fn misses_one(&self, held: &BTreeSet<Permission>) -> bool {
        let stays =
            |permission: &Permission| self.before.requires(*permission) && self.after.requires(*permission);
        let is_missing = |permission: &Permission| {
            stays(permission) && !held.contains(permission) && !self.given.contains(permission)
        };
        Permission::ALL.iter().any(is_missing)
    }

    fn knows(&self, permission: Permission) -> bool {
        self.before.allows(permission) || self.after.allows(permission) || self.stray.contains(&permission)
    }
}
