//! What stays against the policy: it would go if the site said whose account it is, or let it be changed.
//!
//! An app's account stays because the policy leaves apps alone, and what an additive space does not mention stays
//! because the policy says so. This is another matter: as far as the policy is concerned, these rows and entries are
//! gone, so nothing may be opened to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Audience, ContentId, Known, LiveSpace, PageList, Principal, SpaceKey, Subject, Vocabulary,
};

use super::applied::holdings_applied;
use super::keep_reason::KeepReason;
use super::state::TargetHolding;

/// By space, what stays against the policy.
#[derive(Debug, Clone, Default)]
pub(in crate::plan) struct Stays {
    spaces: BTreeMap<SpaceKey, Against>,
}

#[derive(Debug, Clone, Default)]
struct Against {
    /// What the policy would have these hold, and why they hold more.
    holdings: BTreeMap<Principal, (TargetHolding, KeepReason)>,
    /// Entries of lists that it would take off.
    entries: BTreeSet<(ContentId, PageList, Subject)>,
}

impl Stays {
    pub(super) fn holding(
        &mut self,
        space: &SpaceKey,
        principal: &Principal,
        wanted: TargetHolding,
        reason: KeepReason,
    ) {
        let holdings = &mut self.spaces.entry(space.clone()).or_default().holdings;
        holdings.insert(principal.clone(), (wanted, reason));
    }

    pub(super) fn entry(
        &mut self,
        space: &SpaceKey,
        (content, list): (ContentId, PageList),
        subject: &Subject,
    ) {
        self.spaces.entry(space.clone()).or_default().entries.insert((content, list, subject.clone()));
    }

    /// Adds what stays in other spaces.
    pub(super) fn extend(&mut self, others: Self) {
        self.spaces.extend(others.spaces);
    }

    pub(in crate::plan) fn spaces(&self) -> impl Iterator<Item = &SpaceKey> {
        self.spaces.keys()
    }

    /// Those who keep something in a space, and why.
    pub(in crate::plan) fn of(&self, space: &SpaceKey) -> BTreeMap<Principal, KeepReason> {
        let Some(stays) = self.spaces.get(space) else { return BTreeMap::new() };
        let holders = stays.holdings.iter().map(|(who, (_, reason))| (who.clone(), *reason));
        let listed = stays.entries.iter().map(|(_, _, who)| (who.clone().into(), KeepReason::UnknownAccount));
        listed.chain(holders).collect()
    }

    /// A space as it would be if what stays were gone.
    pub(in crate::plan) fn taken_out_of(&self, space: &LiveSpace, vocabulary: Vocabulary) -> LiveSpace {
        let mut without = space.clone();
        let Some(stays) = self.spaces.get(&space.space.key) else { return without };
        let wanted = stays.holdings.iter().map(|(who, (wanted, _))| (who.clone(), wanted.clone())).collect();
        without.holdings = holdings_applied(&wanted, space, vocabulary);
        without.expanded.retain(|who, _| without.holdings.get(who) == space.holdings.get(who));
        let Some(tree) = &mut without.tree else { return without };
        for (content, list, subject) in &stays.entries {
            let lists = tree.get(*content).and_then(|content| content.restrictions.as_ref().known());
            let Some(mut lists) = lists.cloned() else { continue };
            let Audience::Only(members) = lists.audience(*list) else { continue };
            // A list that loses its last entry is open, which no policy asks for by leaving a name out.
            let Some(rest) = members.without(subject) else { continue };
            *lists.audience_mut(*list) = Audience::Only(rest);
            tree.set_restrictions(*content, Known::Known(lists));
        }
        without
    }
}
