//! The calls of a space that change lists of pages.

use std::collections::BTreeMap;

use crate::model::{Audience, Call, ContentId, PageList};

use super::space::Node;

/// The calls on a page in their order, each with the lists that it leaves behind.
pub(super) type PageCalls<'a> = BTreeMap<ContentId, Vec<(usize, [&'a Audience; 2])>>;

pub(super) fn page_calls(nodes: &[Node]) -> PageCalls<'_> {
    let mut pages: PageCalls<'_> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        if let Call::Restrict { content, after, .. } = &node.call {
            pages.entry(*content).or_default().push((number, [&after.view, &after.edit]));
        }
    }
    pages
}

/// What a call makes of one of the two lists.
pub(super) const fn audience<'a>(lists: &[&'a Audience; 2], list: PageList) -> &'a Audience {
    match list {
        PageList::View => lists[0],
        PageList::Edit => lists[1],
    }
}
