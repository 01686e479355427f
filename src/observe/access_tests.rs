//! What the access tests of a policy need: the pages that they name, with everything above them.

use std::collections::{BTreeMap, BTreeSet};

use super::needs::{Lists, Needs};
use super::policy;
use super::question::Askers;
use crate::model::{Live, LiveSpace, SpaceKey};
use crate::policy::lock::Lock;
use crate::policy::{AccessTest, Context, PageSelector, Policy, TestTarget};

/// What tests name in one space.
#[derive(Debug, Default)]
struct TestedPages<'p> {
    pages: Vec<&'p PageSelector>,
    every_page: bool,
}

impl TestedPages<'_> {
    fn any_page(&self) -> bool {
        self.every_page || !self.pages.is_empty()
    }

    /// Whether it may be a blog post that is named.
    fn blogposts(&self) -> bool {
        self.every_page
            || self.pages.iter().any(|page| matches!(page, PageSelector::Page(name) if name.may_be_post()))
    }
}

/// The policy as far as it bears on its tests. A test may name a space by the key that it has now, and the rest of the
/// policy by the one that it had.
pub fn for_tests(policy: &Policy, lock: &Lock) -> Policy {
    let mentioned = mentioned(policy);
    let mut narrowed = policy.clone();
    narrowed.focus_on(mentioned.keys().copied().cloned().collect());
    let with_pages = mentioned.iter().filter(|(_, space)| space.any_page());
    let with_pages: BTreeSet<SpaceKey> = with_pages.map(|(key, _)| (*key).clone()).collect();
    let ids: BTreeSet<_> = with_pages.iter().map(|key| lock.space_id(key)).collect();
    let may_be_mentioned = |key: &SpaceKey| match lock.space_id(key) {
        // A key that the lock does not know may be that of any space that it does.
        Some(id) => ids.contains(&Some(id)) || ids.contains(&None),
        None => false,
    };
    narrowed.focus_on_pages_of(|key| with_pages.contains(key) || may_be_mentioned(key), with_pages.clone());
    narrowed
}

/// The spaces that tests are about, and the lists that decide about the pages in them. `policy` has been
/// narrowed by [`for_tests`].
pub fn of_tests(policy: &Policy, context: Context<'_>, live: &Live) -> Needs {
    let on_site = policy.on_site(context.lock, &live.listing);
    let mut needs = policy::spaces(policy, &on_site, context, live);
    let (policy, context) = (&*on_site.policy, Context { lock: &on_site.lock, ..context });
    let mut decided = policy.clone();
    decided.spaces.retain(|key, _| policy.is_in_scope(key) && policy.decides_about_every_page(key));
    policy::content(&decided, context, live, &mut needs);
    for (key, mentioned) in mentioned(policy).into_iter().filter(|(_, space)| space.any_page()) {
        let wanted = needs.content(key);
        wanted.blogposts |= mentioned.blogposts();
        if mentioned.every_page {
            wanted.lists = Lists::All;
        }
        let Some(space) = live.spaces.get(key) else { continue };
        let Some(tree) = &space.tree else { continue };
        let pages: BTreeSet<_> =
            mentioned.pages.iter().flat_map(|page| context.lock.reached(page, space, tree)).collect();
        let above = pages.iter().flat_map(|page| tree.chain(*page).ancestors).map(|above| above.id);
        wanted.lists_of(above.chain(pages.iter().copied()));
    }
    needs
}

/// What the answers to tests depend on: people, and what `anonymous` holds, in each of these states.
pub fn of_tested<'a>(askers: Askers, states: impl IntoIterator<Item = &'a LiveSpace>) -> Needs {
    let mut needs = Needs { people: askers.people(), ..Needs::default() };
    for space in states {
        needs.anonymous.insert(space.space.key.clone());
        needs.people.iter_mut().for_each(|people| people.in_space(space));
    }
    needs
}

/// The spaces that the tests are about, and the pages in them.
fn mentioned(policy: &Policy) -> BTreeMap<&SpaceKey, TestedPages<'_>> {
    let mut spaces: BTreeMap<&SpaceKey, TestedPages<'_>> = BTreeMap::new();
    for (verb, target) in policy.tests.iter().flat_map(AccessTest::targets) {
        match &target.value {
            TestTarget::Everything => {
                for key in policy.space_keys() {
                    spaces.entry(key).or_default().every_page |= !verb.is_about_spaces();
                }
            }
            TestTarget::Space(key) => drop(spaces.entry(key).or_default()),
            TestTarget::Pages(key, selector) => spaces.entry(key).or_default().pages.push(selector),
        }
    }
    spaces
}
