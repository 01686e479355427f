//! The calls of one space that are to be ordered, and what they lead from and to.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Call, ContentId, Guards, Live, LiveSpace, Principal, Restrictions, SpaceKey};

use super::super::draft::Draft;
use super::atoms::GroupIndex;
use super::limits::SearchLimits;

/// A call to be ordered: a draft, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Position in the drafts of its space; the parts of one draft share it.
    pub(super) draft: usize,
    pub(super) call: Call,
}

impl Node {
    /// The page whose lists it changes, if it does that.
    pub(super) const fn page(&self) -> Option<ContentId> {
        match &self.call {
            Call::Restrict { content, .. } => Some(*content),
            Call::Grant { .. } | Call::Revoke { .. } | Call::AssignRoles { .. } => None,
        }
    }
}

/// The calls on a page in their order, each with the lists that it leaves behind.
pub(super) type PageCalls<'a> = BTreeMap<ContentId, Vec<(usize, &'a Restrictions)>>;

pub(super) fn page_calls(nodes: &[Node]) -> PageCalls<'_> {
    let mut pages: PageCalls<'_> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        if let Call::Restrict { content, after, .. } = &node.call {
            pages.entry(*content).or_default().push((number, after));
        }
    }
    pages
}

/// The calls of one space, and what they lead from and to.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) drafts: &'a [Draft],
    pub(super) before: &'a LiveSpace,
    pub(super) after: &'a LiveSpace,
    pub(super) live: &'a Live,
    pub(super) group_index: &'a GroupIndex<'a>,
    /// Whose access is never given up.
    pub(super) protected: &'a BTreeSet<Principal>,
    pub(super) limits: SearchLimits,
}

/// What spaces that are ordered have in common.
pub(super) struct SiteContext<'a> {
    live: &'a Live,
    /// The state that all calls together lead to.
    after: &'a Live,
    group_index: GroupIndex<'a>,
    protected: BTreeSet<Principal>,
    limits: SearchLimits,
}

impl<'a> SiteContext<'a> {
    pub(super) fn of(live: &'a Live, after: &'a Live, guards: &Guards, limits: SearchLimits) -> Self {
        let caller = Principal::User(live.site.caller.account.clone());
        Self {
            live,
            after,
            group_index: GroupIndex::of(live),
            protected: guards.required_admins.keys().cloned().chain([caller]).collect(),
            limits,
        }
    }

    /// The calls of one space in it; `None` where the space is not known.
    pub(super) fn space(&'a self, key: &SpaceKey, drafts: &'a [Draft]) -> Option<Space<'a>> {
        Some(Space {
            drafts,
            before: self.live.spaces.get(key)?,
            after: self.after.spaces.get(key)?,
            live: self.live,
            group_index: &self.group_index,
            protected: &self.protected,
            limits: self.limits,
        })
    }
}

/// The drafts of each space. What a draft needs is numbered over all spaces; here it is counted within one.
pub(super) fn by_space(drafts: Vec<Draft>) -> BTreeMap<SpaceKey, Vec<Draft>> {
    let mut spaces: BTreeMap<SpaceKey, (Vec<usize>, Vec<Draft>)> = BTreeMap::new();
    for (number, draft) in drafts.into_iter().enumerate() {
        let (numbers, drafts) = spaces.entry(draft.call.space().clone()).or_default();
        numbers.push(number);
        drafts.push(draft);
    }
    let within = |(key, (numbers, mut drafts)): (SpaceKey, (Vec<usize>, Vec<Draft>))| {
        let here = |number: &usize| numbers.binary_search(number).ok();
        for draft in &mut drafts {
            draft.needs = draft.needs.iter().filter_map(here).collect();
            draft.resumes = draft.resumes.iter().filter_map(here).collect();
            draft.prefers = draft.prefers.iter().filter_map(here).collect();
            draft.undoes = draft.undoes.as_ref().and_then(here);
        }
        (key, drafts)
    };
    spaces.into_iter().map(within).collect()
}
