//! Which entries under `pages` keep the lists of a space as they are. What is open needs no entry: a policy
//! leaves alone what it does not mention.

use std::collections::BTreeSet;

use super::people::{is_inactive, label};
use super::remark::{Remark, Remarks};
use crate::model::{
    AccountKind, Audience, Content, ContentId, ContentKind, Known, Live, LiveSpace, PageList, Principal,
    Subject, Tree,
};
use crate::policy::pages::{Matched, PageName, PageSelector, in_tree, matched};

/// Longer paths are replaced by the number of the page.
const LONGEST_PATH: usize = 100;

/// One entry. At least one of the two lists is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageDraft {
    pub selector: PageSelector,
    /// Where the page stands, if the selector does not tell.
    pub path: Option<String>,
    pub view: Option<BTreeSet<Subject>>,
    pub edit: Option<BTreeSet<Subject>>,
}

impl PageDraft {
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.view.iter().chain(&self.edit).flatten()
    }
}

pub(super) fn pages(space: &LiveSpace, live: &Live, remarks: &mut Remarks) -> Vec<PageDraft> {
    let Some(tree) = &space.tree else { return Vec::new() };
    let mut found = Vec::new();
    for content in tree.iter() {
        let path = path(content, tree);
        if tree.chain(content.id).missing.is_some() {
            remarks.add(Remark::HiddenAbove, &path, 1);
        }
        let lists = match &content.restrictions {
            Known::Known(lists) => lists,
            Known::Unknown(_) => {
                let page = matches!(content.kind, ContentKind::Page | ContentKind::Blogpost);
                remarks.add(if page { Remark::HiddenLists } else { Remark::Containers }, &path, 1);
                continue;
            }
        };
        let mut say_list = |list: PageList| match say(lists.audience(list), live) {
            Ok(said) => said,
            Err(remark) => {
                remarks.add(remark, format!("{path} ({})", list.as_str()), 1);
                None
            }
        };
        let (view, mut edit) = (say_list(PageList::View), say_list(PageList::Edit));
        if let (Some(viewers), Some(editors)) = (&view, &edit)
            && !editors.is_subset(viewers)
        {
            remarks.add(Remark::EditWithoutView, &path, 1);
            edit = None;
        }
        if view.is_none() && edit.is_none() {
            continue;
        }
        let selector = selector(content, space, tree);
        let is_number = matches!(selector, PageSelector::Page(PageName::Id(_)));
        let page = PageDraft { selector, path: is_number.then(|| path.clone()), view, edit };
        for subject in page.subjects() {
            let principal = Principal::from(subject.clone());
            if is_inactive(&principal, live) {
                remarks.add(Remark::Inactive, label(&principal, live), 1);
            }
        }
        found.push((content.kind == ContentKind::Blogpost, path, content.id, page));
    }
    found.sort_by(|left, right| (left.0, &left.1, left.2).cmp(&(right.0, &right.1, right.2)));
    found.into_iter().map(|(.., page)| page).collect()
}

/// Who a list has to name to stay as it is; nothing for an open one. Apps stay on a list without being
/// named.
fn say(audience: &Audience, live: &Live) -> Result<Option<BTreeSet<Subject>>, Remark> {
    if audience.is_anyone() {
        return Ok(None);
    }
    let mut named = BTreeSet::new();
    for subject in audience.subjects() {
        match subject {
            Subject::Group(group) if live.directory.groups.contains_key(group) => {}
            Subject::Group(_) => return Err(Remark::UnknownListed),
            Subject::User(account) => match live.directory.people.get(account).map(|person| person.kind) {
                Some(AccountKind::App) => continue,
                Some(AccountKind::Human | AccountKind::Customer | AccountKind::Unknown) => {}
                None => return Err(Remark::UnknownListed),
            },
        }
        named.insert(subject.clone());
    }
    if named.is_empty() { Err(Remark::AppList) } else { Ok(Some(named)) }
}

/// How a page is named in an entry of its own.
pub(crate) fn selector_of(id: ContentId, space: &LiveSpace, tree: &Tree) -> PageName {
    match tree.get(id).map(|content| selector(content, space, tree)) {
        Some(PageSelector::Page(name)) => name,
        Some(PageSelector::Below { .. } | PageSelector::Labelled(_)) | None => PageName::Id(id),
    }
}

/// The path from below the homepage, or else from the top of the space, if it is short and means this
/// page alone; otherwise its number.
fn selector(content: &Content, space: &LiveSpace, tree: &Tree) -> PageSelector {
    let number = PageSelector::Page(PageName::Id(content.id));
    let chain = tree.chain(content.id);
    // The title of an archived page is free for another.
    if chain.missing.is_some() || !in_tree(content) || content.archived {
        return number;
    }
    let above = chain.ancestors.iter().rev().copied().chain([content]);
    let titles: Vec<String> = above.map(|page| page.title.folded().into_owned()).collect();
    let top = chain.ancestors.last().map(|top| top.id);
    let below_home = titles.get(1..).filter(|_| top.is_some() && top == space.space.homepage);
    let candidates = below_home.into_iter().chain([titles.as_slice()]);
    candidates
        .map(|titles| PageSelector::Page(PageName::path(titles.to_vec())))
        .find(|selector| {
            let text = selector.to_string();
            text.chars().count() <= LONGEST_PATH
                && text.parse().as_ref() == Ok(selector)
                && matched(selector, space, tree) == Matched::Exact(BTreeSet::from([content.id]))
        })
        .unwrap_or(number)
}

fn path(content: &Content, tree: &Tree) -> String {
    if in_tree(content) {
        tree.label(content.id).raw().to_owned()
    } else {
        format!("blog post {}", content.title.raw())
    }
}
