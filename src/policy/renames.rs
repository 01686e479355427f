//! The names that a policy has and the site no longer has, each with the name that the same thing has now: for
//! `fmt --renames`, which writes the one for the other.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{AccessTest, Named, Policy, TestTarget};
use super::export::selector_of;
use super::lock::{Identity, Lock};
use super::mentions::Party;
use super::pages::{Matched, PageName, PageSelector, matched};
use super::terms::Ending;
use super::yaml::word;
use crate::diagnostic::{Sources, Span, Spanned};
use crate::files::is_yaml;
use crate::model::{ContentId, Live, LiveSpace, SpaceKey, Tree};

/// What is to be written where, and what the lock then has to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renames {
    edits: BTreeMap<Span, String>,
    /// Names of groups in files of other programs, which are left as they are.
    pub foreign: BTreeSet<Span>,
    pub(super) groups: BTreeMap<String, String>,
    pub(super) roles: BTreeMap<String, String>,
    /// By the key of now.
    pub(super) pages: BTreeMap<SpaceKey, BTreeMap<PageName, PageName>>,
    /// The keys of now.
    pub(super) spaces: BTreeMap<SpaceKey, SpaceKey>,
}

impl Renames {
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The texts with the names of now. What is no name stays as it is, byte for byte.
    pub fn apply(&self, sources: &Sources) -> Sources {
        let mut renamed = sources.clone();
        let mut texts: BTreeMap<_, String> = BTreeMap::new();
        // From the end of each file, so that the places before stay where they are.
        for (span, now) in self.edits.iter().rev() {
            let Some((file, text)) = sources.iter().find(|(file, _)| **file == span.file) else { continue };
            let text = texts.entry(file.to_path_buf()).or_insert_with(|| text.to_string());
            text.replace_range(span.start..span.end, now);
        }
        for (file, text) in texts {
            renamed.insert(file, text);
        }
        renamed
    }

    fn edit(&mut self, span: &Span, now: &str) {
        if is_yaml(&span.file) {
            self.edits.insert(span.clone(), word(now));
        } else {
            self.foreign.insert(span.clone());
        }
    }
}

impl Policy {
    /// What has another name by now, as far as the lock knows it or the policy pins it.
    pub fn renames(&self, lock: &Lock, live: &Live) -> Renames {
        let mut renames = Renames::default();
        self.renamed_groups(lock, live, &mut renames);
        self.renamed_roles(lock, live, &mut renames);
        let on_site = self.on_site(lock, &live.listing);
        on_site.policy.pages_and_spaces(&on_site.lock, live, &mut renames);
        renames
    }

    /// The names of pages and spaces, in a policy under the keys of now.
    fn pages_and_spaces(&self, lock: &Lock, live: &Live, renames: &mut Renames) {
        for (now, written) in self.changed_keys() {
            for (_, span) in self.space_names().filter(|(key, _)| *key == now) {
                renames.edit(span, now.as_str());
            }
            renames.spaces.insert(written.clone(), now.clone());
        }
        for like in self.likes() {
            if renames.edits.contains_key(&like.span) {
                renames.edit(&like.span, &like.value.to_string());
            }
        }
        let own = self.spaces.values().flat_map(|space| {
            let guests = space.page_only.iter().flat_map(|entry| &entry.pages);
            let selectors = space.pages.iter().map(|entry| &entry.pages).chain(guests);
            selectors.map(|selector| (&space.key.value, selector))
        });
        let is_changed = |key: &SpaceKey| self.as_written(key) != key;
        for (key, selector) in own {
            let now = renames.page(key, &selector.value, lock, live);
            // An address holds the key.
            let is_address = || self.links.iter().any(|link| link.span == selector.span);
            let now = now.or_else(|| (is_changed(key) && is_address()).then(|| selector.value.clone()));
            if let Some(now) = now {
                renames.edit(&selector.span, &now.to_string());
            }
        }
        for (_, Spanned { value, span }) in self.tests.iter().flat_map(AccessTest::targets) {
            let TestTarget::Pages(key, selector) = value else { continue };
            let now = renames.page(key, selector, lock, live);
            if now.is_some() || renames.edits.contains_key(span) {
                let now = now.unwrap_or_else(|| selector.clone());
                renames.edit(span, &TestTarget::Pages(key.clone(), now).to_string());
            }
        }
    }

    fn renamed_groups(&self, lock: &Lock, live: &Live, renames: &mut Renames) {
        let names = live.directory.group_names();
        let current = |name: &str| -> Option<String> {
            let id = match self.groups.get(name) {
                Some(pin) => pin.id.value.clone(),
                None => match lock.group(name, names.bearers(name), &live.directory) {
                    Identity::Renamed(id) | Identity::Replaced { meant: id, .. } => id,
                    Identity::New(_) | Identity::Same(_) | Identity::Taken { .. } | Identity::Gone { .. } => {
                        return None;
                    }
                },
            };
            let now = live.directory.groups.get(&id)?.name.folded();
            // A name that several groups have says less than the old one.
            (now != name && names.bearers(&now) == [id]).then(|| now.into_owned())
        };
        for mention in self.mentions() {
            let Party::Named(Named::Group(name)) = mention.who else { continue };
            if let Some(now) = current(name) {
                renames.groups.insert(name.clone(), now.clone());
                // The line of the set has the name.
                if self.sets.stands_at(mention.span) {
                    continue;
                }
                renames.edit(mention.span, &format!("group:{now}"));
            }
        }
        for (name, pin) in &self.groups {
            if let Some(now) = current(name) {
                renames.edit(&pin.span, &now);
            }
        }
    }

    fn renamed_roles(&self, lock: &Lock, live: &Live, renames: &mut Renames) {
        for role in self.roles.values().filter_map(|role| role.site_role.as_ref()) {
            let identity = lock.role(&role.value, &live.roles);
            if let Identity::Renamed(id) | Identity::Replaced { meant: id, .. } = identity
                && let Some(now) = live.roles.get(&id).map(|role| role.name.folded().into_owned())
            {
                renames.edit(&role.span, &now);
                renames.roles.insert(role.value.clone(), now);
            }
        }
    }
}

impl Renames {
    /// A selector with the name that its page has now; `None` if it is the same.
    fn page(
        &mut self,
        key: &SpaceKey,
        selector: &PageSelector,
        lock: &Lock,
        live: &Live,
    ) -> Option<PageSelector> {
        let name = selector.anchor()?;
        let space = live.spaces.get(key)?;
        let tree = space.tree.as_ref()?;
        let id = match lock.page(name, space, tree) {
            Identity::Renamed(id) | Identity::Replaced { meant: id, .. } => id,
            Identity::New(_) | Identity::Same(_) | Identity::Taken { .. } | Identity::Gone { .. } => {
                return None;
            }
        };
        let now = named(name, id, space, tree);
        self.pages.entry(key.clone()).or_default().insert(name.clone(), now.clone());
        Some(match selector {
            PageSelector::Page(_) => PageSelector::Page(now),
            PageSelector::Below { reach, .. } => PageSelector::Below { anchor: Some(now), reach: *reach },
            PageSelector::Labelled(_) => return None,
        })
    }
}

/// How a page is named now, in the way that it was named, if that means it alone.
fn named(name: &PageName, id: ContentId, space: &LiveSpace, tree: &Tree) -> PageName {
    let title = tree.get(id).map(|page| page.title.folded().into_owned()).unwrap_or_default();
    let alike = match name {
        PageName::Title(_) => PageName::Title(title),
        PageName::Blog(_) => PageName::Blog(title),
        PageName::Id(_) | PageName::Path { .. } => return selector_of(id, space, tree),
    };
    let selector = PageSelector::Page(alike.clone());
    let reads_back = selector.to_string().parse().as_ref() == Ok(&selector);
    if reads_back && matched(&selector, space, tree) == Matched::Exact(BTreeSet::from([id])) {
        alike
    } else {
        selector_of(id, space, tree)
    }
}

impl Lock {
    /// Takes over the ends that it knows of a policy as the same policy says them under the names of now.
    pub fn follow_ends(&mut self, before: &Policy, after: &Policy) {
        let place = |ending: &Ending| (ending.span.file.clone(), ending.span.line, ending.until);
        let before = before.endings();
        let known = before.iter().filter(|ending| self.ends.contains(&ending.end)).map(place);
        let known: BTreeSet<_> = known.collect();
        let after = after.endings().into_iter().filter(|ending| known.contains(&place(ending)));
        self.ends.extend(after.map(|ending| ending.end));
    }

    /// The lock for a policy in which names were replaced by those of now.
    #[must_use]
    pub fn follow(&self, renames: &Renames) -> Self {
        let mut lock = self.clone();
        lock.rekey(&renames.spaces);
        let groups: Vec<_> =
            renames.groups.iter().filter_map(|(old, new)| Some((new, lock.groups.remove(old)?))).collect();
        lock.groups.extend(groups.into_iter().map(|(name, id)| (name.clone(), id)));
        let roles: Vec<_> =
            renames.roles.iter().filter_map(|(old, new)| Some((new, lock.roles.remove(old)?))).collect();
        lock.roles.extend(roles.into_iter().map(|(name, id)| (name.clone(), id)));
        for (key, renamed) in &renames.pages {
            let Some(pages) = lock.pages.get_mut(key) else { continue };
            let moved: Vec<_> =
                renamed.iter().filter_map(|(old, new)| Some((new, pages.remove(old)?))).collect();
            pages.extend(moved.into_iter().map(|(name, id)| (name.clone(), id)));
        }
        lock
    }
}
