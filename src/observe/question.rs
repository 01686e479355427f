//! What a question about access needs: its page, and the people on which the answer depends.

use std::collections::BTreeSet;

use super::needs::{NeededPeople, Needs};
use super::policy;
use crate::model::{AccountId, ContentId, Live, LiveSpace, SpaceKey};
use crate::policy::{Context, PageName, PageSelector, Policy};

/// Whose access is asked about, as far as it decides who must be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Askers {
    Everyone,
    /// What others may do does not matter.
    These(BTreeSet<AccountId>),
    /// What a group or anonymous may do does not depend on who is in which group.
    NoPerson,
}

/// What must be known before the words of a question can be understood: the space, and what the policy says
/// about it. The policy is limited to the space.
pub fn of_space(policy: &Policy, account: Option<&AccountId>, context: Context<'_>, live: &Live) -> Needs {
    let on_site = policy.on_site(context.lock, &live.listing);
    let mut needs = policy::spaces(policy, &on_site, context, live);
    needs.accounts.extend(account.cloned());
    needs
}

/// The pages that are asked about with the lists on them and above them; and where the policy decides about every page
/// of the space, all of them.
pub fn of_pages(
    pages: Option<&PageSelector>,
    key: &SpaceKey,
    policy: &Policy,
    context: Context<'_>,
    live: &Live,
) -> Needs {
    let mut needs = Needs::default();
    if policy.decides_about_every_page(key) {
        policy::content(policy, context, live, &mut needs);
    }
    let (Some(pages), Some(space)) = (pages, live.spaces.get(key)) else { return needs };
    let wanted = needs.content(key);
    let Some(tree) = &space.tree else { return needs };
    let is_post = match pages.anchor() {
        Some(PageName::Id(id)) => tree.get(*id).is_none(),
        Some(name) => name.may_be_post(),
        None => false,
    };
    wanted.blogposts |= is_post || policy.wants_blogposts(space);
    for page in context.lock.reached(pages, space, tree) {
        wanted.lists_of(tree.chain(page).ancestors.into_iter().map(|above| above.id).chain([page]));
    }
    needs
}

/// What an answer depends on: the people who hold something in the space or are on a list that decides about the
/// page, in each of these states of it, and what `anonymous` holds there, which counts for everyone.
pub fn of_answer<'a>(
    askers: Askers,
    contents: &BTreeSet<ContentId>,
    states: impl IntoIterator<Item = &'a LiveSpace>,
) -> Needs {
    let mut needs = Needs { people: askers.people(), ..Needs::default() };
    for space in states {
        needs.anonymous.insert(space.space.key.clone());
        let Some(people) = &mut needs.people else { continue };
        space.holdings.keys().for_each(|principal| people.principal(principal));
        let Some(tree) = &space.tree else { continue };
        for content in contents {
            let above = tree.chain(*content).ancestors;
            above.into_iter().chain(tree.get(*content)).for_each(|content| people.on_lists_of(content));
        }
    }
    needs
}

impl Askers {
    /// An empty request for these askers, to be filled; `None` if no person needs to be known.
    pub(super) fn people(self) -> Option<NeededPeople> {
        match self {
            Self::Everyone => Some(NeededPeople::default()),
            Self::These(only) => Some(NeededPeople { only: Some(only), ..NeededPeople::default() }),
            Self::NoPerson => None,
        }
    }
}
