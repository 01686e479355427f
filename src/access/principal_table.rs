//! All parties that can be spoken of, numbered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::model::{AccessClass, Live, LiveSpace, Principal, SpaceKey, Subject, Tree};

/// Every principal that a site mentions, in order, so that sets of them are sets of numbers.
///
/// A person stands for themself. A group, a class and `anonymous` stand for a person of which nothing
/// else is known: that is how changes are told for people that cannot be listed.
#[derive(Debug)]
pub(super) struct PrincipalTable {
    parties: Vec<Principal>,
    numbers: HashMap<Principal, u32>,
}

impl PrincipalTable {
    /// One table for several states of a site, so that their sets can be compared.
    pub(super) fn of<'a>(states: impl IntoIterator<Item = &'a Live>) -> Self {
        let mut found: HashSet<Principal> = AccessClass::ALL.into_iter().map(Principal::Class).collect();
        found.insert(Principal::Anonymous);
        let states: Vec<&Live> = states.into_iter().collect();
        for (number, live) in states.iter().enumerate() {
            collect(live, &states[..number], &mut found);
        }
        let mut parties: Vec<Principal> = found.into_iter().collect();
        parties.sort_unstable();
        let numbers = (0..).zip(&parties).map(|(number, party)| (party.clone(), number)).collect();
        Self { parties, numbers }
    }

    pub(super) fn find(&self, party: &Principal) -> Option<u32> {
        self.numbers.get(party).copied()
    }

    pub(super) fn name(&self, number: u32) -> Option<&Principal> {
        self.parties.get(usize::try_from(number).ok()?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Principal)> {
        (0..).zip(&self.parties)
    }
}

/// Spaces that one of the other states shares have been looked at.
fn collect(live: &Live, others: &[&Live], parties: &mut HashSet<Principal>) {
    parties.extend(live.directory.people.keys().cloned().map(Principal::User));
    for (id, group) in &live.directory.groups {
        parties.insert(Principal::Group(id.clone()));
        let members = group.members.as_ref().known();
        parties.extend(members.into_iter().flatten().cloned().map(Principal::User));
    }
    let is_shared = |key: &SpaceKey, space: &Arc<LiveSpace>| {
        others.iter().filter_map(|other| other.spaces.get(key)).any(|other| Arc::ptr_eq(other, space))
    };
    let spaces = live.spaces.par_iter().filter(|(key, space)| !is_shared(key, space));
    // Principals and lists repeat a lot: look before cloning.
    let named = spaces.fold(HashSet::new, |mut named, (_, space)| {
        for principal in space.holdings.keys() {
            if !named.contains(principal) {
                named.insert(principal.clone());
            }
        }
        for content in space.tree.iter().flat_map(Tree::iter) {
            let Some(lists) = content.restrictions.as_ref().known() else { continue };
            for subject in lists.view.subjects().chain(lists.edit.subjects()) {
                let principal = Principal::from(Subject::clone(subject));
                if !named.contains(&principal) {
                    named.insert(principal);
                }
            }
        }
        named
    });
    let both = |one: HashSet<Principal>, other: HashSet<Principal>| {
        let (mut many, few) = if one.len() < other.len() { (other, one) } else { (one, other) };
        many.extend(few);
        many
    };
    parties.extend(named.reduce(HashSet::new, both));
}
