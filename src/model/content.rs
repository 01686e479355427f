//! Page trees.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentId, Known, Restrictions, SiteText};

/// A page, or something else that stands in the page tree or beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub id: ContentId,
    pub kind: ContentKind,
    pub title: SiteText,
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
}

/// The content of one space that the caller can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<ContentId, Content>,
    children: BTreeMap<ContentId, BTreeSet<ContentId>>,
    roots: BTreeSet<ContentId>,
}

/// What stands above a piece of content, the nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain<'a> {
    pub ancestors: Vec<&'a Content>,
    /// An ancestor that is not in the tree: what is above it, and what it demands, is unknown.
    pub missing: Option<ContentId>,
}

impl Tree {
    /// Adds content, or replaces what has the same id.
    pub fn insert(&mut self, content: Content) {
        if let Some(before) = self.nodes.get(&content.id) {
            match before.parent {
                Parent::Space => {
                    self.roots.remove(&content.id);
                }
                Parent::Content(parent) => {
                    if let Some(siblings) = self.children.get_mut(&parent) {
                        siblings.remove(&content.id);
                    }
                }
            }
        }
        match content.parent {
            Parent::Space => self.roots.insert(content.id),
            Parent::Content(parent) => self.children.entry(parent).or_default().insert(content.id),
        };
        self.nodes.insert(content.id, content);
    }

    pub fn get(&self, id: ContentId) -> Option<&Content> {
        self.nodes.get(&id)
    }

    /// Replaces what is known of a page's lists.
    pub fn set_restrictions(&mut self, id: ContentId, restrictions: Known<Restrictions>) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.restrictions = restrictions;
        }
    }

    /// All content, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Content> {
        self.nodes.values()
    }

    /// Content directly under the space, by id.
    pub fn roots(&self) -> impl Iterator<Item = &Content> {
        self.roots.iter().filter_map(|id| self.nodes.get(id))
    }

    /// Content directly under other content, by id. The parent itself need not be in the tree.
    pub fn children(&self, id: ContentId) -> impl Iterator<Item = &Content> {
        self.children.get(&id).into_iter().flatten().filter_map(|id| self.nodes.get(id))
    }

    /// Content under something that is not in the tree.
    pub fn adrift(&self) -> impl Iterator<Item = &Content> {
        let unseen = self.children.iter().filter(|(parent, _)| !self.nodes.contains_key(parent));
        unseen.flat_map(|(_, children)| children).filter_map(|id| self.nodes.get(id))
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
        let mut at = self.nodes.get(&id).map(|node| node.parent);
        while let Some(Parent::Content(parent)) = at {
            match self.nodes.get(&parent) {
                Some(node) if node.id != id && ancestors.iter().all(|seen| seen.id != node.id) => {
                    ancestors.push(node);
                    at = Some(node.parent);
                }
                _ => return Chain { ancestors, missing: Some(parent) },
            }
        }
        Chain { ancestors, missing: None }
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
