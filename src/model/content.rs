//! Page trees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentId, Known, Restrictions, SiteText};

/// A page, or something else that stands in the page tree or beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub id: ContentId,
    pub kind: ContentKind,
    pub title: SiteText,
    /// Archived pages have left the tree, and everyone with access to the space can read them all the same.
    pub archived: bool,
    pub parent: Parent,
    /// The lists on this content itself; those above it count too.
    pub restrictions: Known<Restrictions>,
}

/// What a piece of content is (OpenAPI v2, `parentType` and the collections).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContentKind {
    Page,
    Blogpost,
    Folder,
    Whiteboard,
    Database,
    Embed,
}

/// What a piece of content hangs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parent {
    /// The space itself: a top-level page, or a blog post.
    Space,
    /// Other content, which may be hidden from the caller and so missing from the tree.
    Content(ContentId),
    /// The site does not say, or contradicts itself: the content may stand anywhere, so no pattern reaches it.
    Unknown,
}

/// The content of one space that the caller can see. Copies share it until one of them is changed, since a plan copies
/// the site and changes few pages of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: Arc<BTreeMap<ContentId, Content>>,
    places: Arc<TreePlaces>,
}

/// What stands where in a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct TreePlaces {
    children: BTreeMap<ContentId, BTreeSet<ContentId>>,
    roots: BTreeSet<ContentId>,
    /// Content whose parent is [`Parent::Unknown`].
    unplaced: BTreeSet<ContentId>,
}

/// What stands above a piece of content, the nearest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain<'a> {
    pub ancestors: Vec<&'a Content>,
    /// What keeps the chain from reaching the space: what is above that point, and what it demands, is unknown.
    pub missing: Option<Missing>,
}

/// Why a chain of ancestors does not reach the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// This ancestor is not in the tree.
    Ancestor(ContentId),
    /// The site does not say what this content hangs under.
    ParentOf(ContentId),
}

impl Missing {
    /// The ancestor that is not in the tree, or the content whose parent is not known.
    pub const fn content(self) -> ContentId {
        match self {
            Self::Ancestor(content) | Self::ParentOf(content) => content,
        }
    }
}

impl Tree {
    /// Adds content, or replaces what has the same id.
    pub fn insert(&mut self, content: Content) {
        let places = Arc::make_mut(&mut self.places);
        if let Some(before) = self.nodes.get(&content.id) {
            match before.parent {
                Parent::Space => {
                    places.roots.remove(&content.id);
                }
                Parent::Content(parent) => {
                    if let Some(siblings) = places.children.get_mut(&parent) {
                        siblings.remove(&content.id);
                    }
                }
                Parent::Unknown => {
                    places.unplaced.remove(&content.id);
                }
            }
        }
        match content.parent {
            Parent::Space => places.roots.insert(content.id),
            Parent::Content(parent) => places.children.entry(parent).or_default().insert(content.id),
            Parent::Unknown => places.unplaced.insert(content.id),
        };
        Arc::make_mut(&mut self.nodes).insert(content.id, content);
    }

    pub fn get(&self, id: ContentId) -> Option<&Content> {
        self.nodes.get(&id)
    }

    /// Replaces what is known of a page's lists.
    pub fn set_restrictions(&mut self, id: ContentId, restrictions: Known<Restrictions>) {
        // What stays as it is stays shared.
        if self.nodes.get(&id).is_some_and(|node| node.restrictions != restrictions)
            && let Some(node) = Arc::make_mut(&mut self.nodes).get_mut(&id)
        {
            node.restrictions = restrictions;
        }
    }

    /// All content, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Content> {
        self.nodes.values()
    }

    /// Content directly under the space, by id.
    pub fn roots(&self) -> impl Iterator<Item = &Content> {
        self.places.roots.iter().filter_map(|id| self.nodes.get(id))
    }

    /// Content directly under other content, by id. The parent itself need not be in the tree.
    pub fn children(&self, id: ContentId) -> impl Iterator<Item = &Content> {
        self.places.children.get(&id).into_iter().flatten().filter_map(|id| self.nodes.get(id))
    }

    /// Content under something that is not in the tree, or that is not known.
    pub fn adrift(&self) -> impl Iterator<Item = &Content> {
        let unseen = self.places.children.iter().filter(|(parent, _)| !self.nodes.contains_key(parent));
        let below_unseen = unseen.flat_map(|(_, children)| children);
        below_unseen.chain(&self.places.unplaced).filter_map(|id| self.nodes.get(id))
    }

    /// Content of which the site does not say where it stands, by id. What is below it is left out.
    pub fn unplaced(&self) -> impl Iterator<Item = &Content> {
        self.places.unplaced.iter().filter_map(|id| self.nodes.get(id))
    }

    /// Whether content stands directly under something that is not in the tree, or that is not known.
    pub fn is_adrift(&self, content: &Content) -> bool {
        match content.parent {
            Parent::Space => false,
            Parent::Content(parent) => !self.nodes.contains_key(&parent),
            Parent::Unknown => true,
        }
    }

    /// Whether it is known where content stands, but for what is hidden above it.
    pub fn is_placed(&self, id: ContentId) -> bool {
        // Nearly always there is none, and then no chain is walked.
        self.places.unplaced.is_empty() || !matches!(self.chain(id).missing, Some(Missing::ParentOf(_)))
    }

    /// Everything below, parents before children.
    pub fn descendants(&self, id: ContentId) -> Vec<&Content> {
        let mut found: Vec<&Content> = Vec::new();
        let mut waiting: Vec<&Content> = self.children(id).collect();
        waiting.reverse();
        while let Some(node) = waiting.pop() {
            found.push(node);
            let children: Vec<&Content> = self.children(node.id).collect();
            waiting.extend(children.into_iter().rev());
        }
        found
    }

    /// What stands above. A tree that runs in a circle ends as a missing ancestor.
    pub fn chain(&self, id: ContentId) -> Chain<'_> {
        let mut ancestors: Vec<&Content> = Vec::new();
        let mut at = self.nodes.get(&id);
        while let Some(content) = at {
            let parent = match content.parent {
                Parent::Content(parent) => parent,
                Parent::Space => break,
                Parent::Unknown => return Chain { ancestors, missing: Some(Missing::ParentOf(content.id)) },
            };
            at = self.nodes.get(&parent);
            match at {
                Some(node) if node.id != id && ancestors.iter().all(|seen| seen.id != node.id) => {
                    ancestors.push(node);
                }
                _ => return Chain { ancestors, missing: Some(Missing::Ancestor(parent)) },
            }
        }
        Chain { ancestors, missing: None }
    }

    /// The content above a page, the nearest first, as far as it is known.
    pub fn above(&self, id: ContentId) -> Vec<ContentId> {
        self.chain(id).ancestors.iter().map(|content| content.id).collect()
    }

    /// [`Self::path`] for people to read, which says where content is archived.
    pub fn label(&self, id: ContentId) -> SiteText {
        let path = self.path(id);
        if self.is_archived(id) { format!("{} (archived)", path.raw()).into() } else { path }
    }

    pub fn is_archived(&self, id: ContentId) -> bool {
        self.get(id).is_some_and(|content| content.archived)
    }

    /// Where content stands, as `/Title/Title`. Titles above a missing ancestor are left out: `…/Title`.
    pub fn path(&self, id: ContentId) -> SiteText {
        let chain = self.chain(id);
        let mut path = String::from(if chain.missing.is_some() { "…" } else { "" });
        for node in chain.ancestors.iter().rev().copied().chain(self.get(id)) {
            path.push('/');
            path.push_str(node.title.raw());
        }
        path.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Audience, Subject};

    #[test]
    fn copies_of_a_tree_share_what_they_do_not_change() {
        let id = ContentId::from_number(1);
        let mut tree = Tree::default();
        tree.insert(Content {
            id,
            kind: ContentKind::Page,
            title: "Home".into(),
            archived: false,
            parent: Parent::Space,
            restrictions: Known::Known(Restrictions::OPEN),
        });
        let mut copy = tree.clone();
        copy.set_restrictions(id, Known::Known(Restrictions::OPEN));
        assert!(Arc::ptr_eq(&tree.nodes, &copy.nodes));

        let only: Subject = "user:a".parse().unwrap();
        let closed = Restrictions { view: Audience::from_site_list([only]), ..Restrictions::OPEN };
        copy.set_restrictions(id, Known::Known(closed.clone()));
        assert_eq!(copy.get(id).map(|page| &page.restrictions), Some(&Known::Known(closed)));
        assert_eq!(tree.get(id).map(|page| &page.restrictions), Some(&Known::Known(Restrictions::OPEN)));
        assert!(Arc::ptr_eq(&tree.places, &copy.places));
    }
}
