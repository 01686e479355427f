//! Page trees, from a flat map back to nodes within nodes.

use super::Writer;
use super::shape::ContentState;
use crate::model::{Audience, Content, ContentId, ContentKind, Known, LiveSpace, Parent, Principal, Tree};

/// What is put above content whose parent does not show. Archived, it does not show in a rehearsal either.
const HIDDEN: &str = "(not shown)";

impl Writer<'_> {
    /// The nodes of the tree, and the blog posts.
    pub(super) fn pages(&mut self, space: &LiveSpace) -> (Vec<ContentState>, Vec<ContentState>) {
        let Some(tree) = &space.tree else { return (Vec::new(), Vec::new()) };
        let mut pages = Vec::new();
        let mut blogposts = Vec::new();
        for content in tree.roots() {
            if content.kind == ContentKind::Blogpost {
                blogposts.push(self.node(content, Vec::new()));
            } else {
                pages.push(self.branch(content, tree));
            }
        }
        for content in tree.unplaced() {
            self.notes.unplaced += 1;
            pages.push(self.branch(content, tree));
        }
        for hidden in hidden_parents(tree) {
            self.notes.hidden += 1;
            let children: Vec<&Content> = tree.children(hidden).collect();
            pages.push(ContentState {
                id: hidden.number(),
                title: HIDDEN.into(),
                kind: None,
                status: Some("archived"),
                view: Vec::new(),
                edit: Vec::new(),
                children: children.into_iter().map(|child| self.branch(child, tree)).collect(),
            });
        }
        // As the tree of a site with these pages would have them, where what was hidden shows.
        pages.sort_by_key(|node| node.id);
        (pages, blogposts)
    }

    /// Content and everything below it. Trees may be deeper than the stack, so the deepest come first.
    fn branch(&mut self, top: &Content, tree: &Tree) -> ContentState {
        let mut order = vec![top];
        order.extend(tree.descendants(top.id));
        let mut made: std::collections::BTreeMap<ContentId, Vec<ContentState>> =
            std::collections::BTreeMap::new();
        for content in order.iter().skip(1).rev() {
            let mut children = made.remove(&content.id).unwrap_or_default();
            children.reverse();
            let node = self.node(content, children);
            if let Parent::Content(parent) = content.parent {
                made.entry(parent).or_default().push(node);
            }
        }
        let mut children = made.remove(&top.id).unwrap_or_default();
        children.reverse();
        self.node(top, children)
    }

    fn node(&mut self, content: &Content, children: Vec<ContentState>) -> ContentState {
        let (view, edit) = match &content.restrictions {
            Known::Known(lists) => (self.listed(&lists.view), self.listed(&lists.edit)),
            Known::Unknown(_) => {
                // Whether a folder can be restricted is not known, so nothing is missing there.
                let page = matches!(content.kind, ContentKind::Page | ContentKind::Blogpost);
                self.notes.lists += usize::from(page);
                (Vec::new(), Vec::new())
            }
        };
        ContentState {
            id: content.id.number(),
            title: content.title.raw().into(),
            kind: match content.kind {
                ContentKind::Page | ContentKind::Blogpost => None,
                ContentKind::Folder => Some("folder"),
                ContentKind::Whiteboard => Some("whiteboard"),
                ContentKind::Database => Some("database"),
                ContentKind::Embed => Some("embed"),
            },
            status: content.archived.then_some("archived"),
            view,
            edit,
            children,
        }
    }

    fn listed(&self, audience: &Audience) -> Vec<String> {
        let subjects = audience.subjects().map(|subject| Principal::from(subject.clone()));
        subjects.map(|principal| self.names.principal(&principal)).collect()
    }
}

fn hidden_parents(tree: &Tree) -> Vec<ContentId> {
    let mut hidden: Vec<ContentId> = tree
        .iter()
        .filter_map(|content| match content.parent {
            Parent::Content(parent) if tree.get(parent).is_none() => Some(parent),
            Parent::Content(_) | Parent::Space | Parent::Unknown => None,
        })
        .collect();
    hidden.sort_unstable();
    hidden.dedup();
    hidden
}
